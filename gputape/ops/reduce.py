"""Reductions: sums, means, products, extrema and the like over any axes. Half types add up in float32."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..dtypes import HALF, accumulator, as_dtype
from ..errors import InvalidArgumentError
from ..op import op, public
from ..registry import OPS
from ..tensor import Tensor, as_tensor
from .math import conj
from .shape import expanded, static, view


def axes_of(name: str, axis: Any, rank: int) -> tuple[int, ...]:
    """`axis` (None for all, an int, a list, a tensor) as sorted axes counted from the front.

    InvalidArgumentError for axes out of range or given twice.
    """
    if axis is None:
        return tuple(range(rank))
    given = static(axis)
    given = given if isinstance(given, tuple) else (given,)
    for k in given:
        if not -rank <= k < rank:
            raise InvalidArgumentError(
                f"{name}: Invalid reduction dimension ({k} for input with {rank} dimension(s)) [Op:{name}]"
            )
    made = sorted(k % rank for k in given)
    if len(set(made)) < len(made):
        raise InvalidArgumentError(
            f"{name}: Invalid reduction arguments: Axes contains duplicate dimension: axis={given} [Op:{name}]"
        )
    return tuple(made)


def kept(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    """`shape` with size 1 along `axes`."""
    return tuple([1 if k in axes else s for k, s in enumerate(shape)])


def spread(y: Any, shape: tuple[int, ...], axes: tuple[int, ...]) -> Any:
    """What belongs to the result of a reduction over `axes`, broadcast back to the `shape` that was reduced."""
    return expanded(view(y, shape=kept(shape, axes)), shape=shape)


def _count(shape: tuple[int, ...], axes: tuple[int, ...]) -> int:
    return math.prod(shape[k] for k in axes)


def _rounded(y: Any, dtype: Any) -> Any:
    return y if y.dtype == dtype else y.astype(dtype)


# -- sums, means, products


@op
def sum_over(xp, x, *, axes, keepdims):
    return _rounded(xp.sum(x, axis=axes, keepdims=keepdims, dtype=accumulator(x.dtype)), x.dtype)


@sum_over.gradient
def _(dy, x_shape, axes):
    return spread(dy, x_shape, axes)


@op
def sum_to(xp, x, *, shape):
    """`x` summed down to `shape`, from which it can be broadcast: what undoes a broadcast in a gradient."""
    new = x.ndim - len(shape)
    axes = (*range(new), *[new + k for k, s in enumerate(shape) if s == 1 and x.shape[new + k] != 1])
    return _rounded(xp.sum(x, axis=axes, dtype=accumulator(x.dtype)), x.dtype).reshape(shape)


@sum_to.gradient
def _(dy, x_shape):
    return OPS["broadcast_to"](dy, x_shape)


@op
def mean_over(xp, x, *, axes, keepdims):
    total = xp.sum(x, axis=axes, keepdims=keepdims, dtype=accumulator(x.dtype))
    count = _count(x.shape, axes)
    if x.dtype.kind in "iu":
        return _rounded(xp.sign(total) * (abs(total) // x.dtype.type(max(1, count))), x.dtype)
    return _rounded(total / total.dtype.type(count), x.dtype)


@mean_over.gradient
def _(dy, x_shape, axes):
    return spread(OPS["divide"](dy, float(_count(x_shape, axes))), x_shape, axes)


@op
def prod_over(xp, x, *, axes, keepdims):
    return _rounded(xp.prod(x, axis=axes, keepdims=keepdims, dtype=accumulator(x.dtype)), x.dtype)


@prod_over.gradient
def _(dy, x, x_shape, axes):
    return lambda: spread(dy, x_shape, axes) * conj(_others(x, x_shape, axes))


def _others(x: Any, shape: tuple[int, ...], axes: tuple[int, ...]) -> Any:
    """For each element the product of the others it is reduced with: right where elements are zero, too."""
    perm = [*axes, *[k for k in range(len(shape)) if k not in axes]]
    moved = [shape[k] for k in perm]
    flat = OPS["reshape"](OPS["transpose"](x, perm), [_count(shape, axes), *moved[len(axes) :]])
    before = OPS["cumprod"](flat, axis=0, exclusive=True)
    after = OPS["cumprod"](flat, axis=0, exclusive=True, reverse=True)
    return OPS["transpose"](OPS["reshape"](before * after, moved), np.argsort(perm))


# -- extrema: equal elements share the gradient


def _extremum(xp, x, axes, keepdims, largest):
    name = "max" if largest else "min"
    if x.size or _count(x.shape, axes):
        wide = x.astype(np.float32) if x.dtype in HALF else x
        return _rounded(getattr(xp, name)(wide, axis=axes, keepdims=keepdims), x.dtype)
    shape = kept(x.shape, axes) if keepdims else tuple([s for k, s in enumerate(x.shape) if k not in axes])
    return xp.full(shape, _neutral(x.dtype, largest), x.dtype)


def _neutral(dtype: Any, largest: bool) -> Any:
    """The extremum of nothing: the number that every other one beats."""
    kind = as_dtype(dtype)
    if kind.is_floating:
        return -np.inf if largest else np.inf
    return kind.min if largest else kind.max


def _tied(dy, x, y, x_shape, axes):
    same = OPS["cast"](OPS["equal"](x, spread(y, x_shape, axes)), x.dtype)
    share = view(dy, shape=kept(x_shape, axes)) / sum_over(same, axes=axes, keepdims=True)
    return same * share


@op
def max_over(xp, x, *, axes, keepdims):
    return _extremum(xp, x, axes, keepdims, True)


@max_over.gradient
def _(dy, x, y, x_shape, axes):
    return _tied(dy, x, y, x_shape, axes)


@op
def min_over(xp, x, *, axes, keepdims):
    return _extremum(xp, x, axes, keepdims, False)


@min_over.gradient
def _(dy, x, y, x_shape, axes):
    return _tied(dy, x, y, x_shape, axes)


@op
def any_over(xp, x, *, axes, keepdims):
    return xp.any(x, axis=axes, keepdims=keepdims)


@op
def all_over(xp, x, *, axes, keepdims):
    return xp.all(x, axis=axes, keepdims=keepdims)


# -- norms and logarithms


@op
def logsumexp_over(xp, x, *, axes, keepdims):
    wide = x.astype(accumulator(x.dtype), copy=False)
    if not _count(x.shape, axes):
        return xp.log(xp.sum(wide, axis=axes, keepdims=keepdims)).astype(x.dtype)
    top = xp.max(wide, axis=axes, keepdims=True)
    top = xp.where(xp.isfinite(top), top, top.dtype.type(0))
    y = xp.log(xp.sum(xp.exp(wide - top), axis=axes, keepdims=True)) + top
    return _rounded(y if keepdims else y.reshape([s for k, s in enumerate(x.shape) if k not in axes]), x.dtype)


@logsumexp_over.gradient
def _(dy, x, y, x_shape, axes):
    return spread(dy, x_shape, axes) * OPS["exp"](x - spread(y, x_shape, axes))


@op
def euclidean_norm_over(xp, x, *, axes, keepdims):
    wide = x.astype(accumulator(x.dtype), copy=False)
    square = xp.square(abs(wide)) if x.dtype.kind == "c" else wide * wide
    return _rounded(xp.sqrt(xp.sum(square, axis=axes, keepdims=keepdims)), x.dtype)


@euclidean_norm_over.gradient
def _(dy, x, y, x_shape, axes):
    return x * spread(dy / y, x_shape, axes)


# -- the names of TensorFlow


REAL, NUMBERS = "iufV", "iufVc"  # kinds of dtypes; V is bfloat16


def _over(reduction: Any, name: str, x: Any, axis: Any, keepdims: Any, kinds: str = NUMBERS) -> Any:
    x = as_tensor(x, np.dtype(bool) if kinds == "b" else None)
    if x._array.dtype.kind not in kinds:
        raise InvalidArgumentError(
            f"{name}: Value for attr 'T' of {x.dtype.name} is not in the list of allowed values: input_tensor must hold "
            f"{'bools' if kinds == 'b' else 'real numbers' if kinds == REAL else 'numbers'}; use tf.cast [Op:{name}]"
        )
    return reduction(x, axes=axes_of(name, axis, x._array.ndim), keepdims=bool(keepdims))


def _floating(name: str, x: Any) -> Tensor:
    x = as_tensor(x)
    if not (x.dtype.is_floating or x.dtype.is_complex):
        raise TypeError(f"{name}: Input must be either real or complex. Received integer type {x.dtype}; use tf.cast")
    return x


@public
def reduce_sum(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Tensor:
    """The sum over `axis` (None: all axes; an int or a list; negative from the end), in the dtype of `input_tensor`.

    keepdims: whether reduced axes stay with size 1. InvalidArgumentError for axes out of range or given twice.

    >>> import gputape as tf
    >>> tf.reduce_sum([[1.0, 2.0], [3.0, 4.0]], axis=1).numpy()
    array([3., 7.], dtype=float32)
    """
    return _over(sum_over, "Sum", input_tensor, axis, keepdims)  # type: ignore[no-any-return]


@public
def reduce_mean(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Tensor:
    """The mean over `axis`; arguments as `reduce_sum`. NaN over no elements; integers round towards zero."""
    return _over(mean_over, "Mean", input_tensor, axis, keepdims)  # type: ignore[no-any-return]


@public
def reduce_prod(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Tensor:
    """The product over `axis`; arguments as `reduce_sum`."""
    return _over(prod_over, "Prod", input_tensor, axis, keepdims)  # type: ignore[no-any-return]


@public
def reduce_max(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Tensor:
    """The largest element over `axis`, NaN if there is one, -inf (the least integer) over none.

    Arguments as `reduce_sum`; real numbers only. Equal elements share the gradient.
    """
    return _over(max_over, "Max", input_tensor, axis, keepdims, REAL)  # type: ignore[no-any-return]


@public
def reduce_min(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Tensor:
    """The smallest element over `axis`; see `reduce_max`."""
    return _over(min_over, "Min", input_tensor, axis, keepdims, REAL)  # type: ignore[no-any-return]


@public
def reduce_any(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Tensor:
    """Whether any element over `axis` of a bool tensor is True."""
    return _over(any_over, "Any", input_tensor, axis, keepdims, "b")  # type: ignore[no-any-return]


@public
def reduce_all(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Tensor:
    """Whether all elements over `axis` of a bool tensor are True."""
    return _over(all_over, "All", input_tensor, axis, keepdims, "b")  # type: ignore[no-any-return]


@public
def reduce_logsumexp(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Tensor:
    """log(sum(exp(x))) over `axis`, without overflow; -inf where all are -inf."""
    return _over(logsumexp_over, "LogSumExp", input_tensor, axis, keepdims, "fV")  # type: ignore[no-any-return]


@public
def reduce_euclidean_norm(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """sqrt(sum(|x|^2)) over `axis`, in the dtype of `input_tensor`; its gradient at zero is NaN, as in TensorFlow."""
    return _over(euclidean_norm_over, "EuclideanNorm", input_tensor, axis, keepdims)  # type: ignore[no-any-return]


@public
def reduce_variance(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Tensor:
    """The population variance mean(|x - mean(x)|^2) over `axis`; real for complex input. TypeError for integers."""
    x = _floating("reduce_variance", input_tensor)
    centred = x - _over(mean_over, "Mean", x, axis, True)
    square = OPS["real"](centred * conj(centred)) if x.dtype.is_complex else OPS["square"](centred)
    return _over(mean_over, "Mean", square, axis, keepdims)  # type: ignore[no-any-return]


@public
def reduce_std(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Tensor:
    """The population standard deviation over `axis`, sqrt(reduce_variance). TypeError for integers."""
    return OPS["sqrt"](reduce_variance(input_tensor, axis, keepdims))  # type: ignore[no-any-return]


@public
def count_nonzero(
    input: Any, axis: Any = None, keepdims: Any = None, dtype: Any = "int64", name: str | None = None
) -> Tensor:
    """How many elements over `axis` are not zero (not False, not empty), in `dtype` (default int64)."""
    x = as_tensor(input)
    hit = x if x.dtype.is_bool else OPS["not_equal"](x, b"" if x.dtype == "string" else x._array.dtype.type(0))
    return _over(sum_over, "Sum", OPS["cast"](hit, as_dtype(dtype)), axis, keepdims)  # type: ignore[no-any-return]


@public
def zero_fraction(value: Any, name: str | None = None) -> Tensor:
    """The share of elements of `value` that are zero, a float32 scalar; NaN for an empty tensor."""
    x = as_tensor(value)
    hit = OPS["equal"](x, x._array.dtype.type(0))
    return _over(mean_over, "Mean", OPS["cast"](hit, "float32"), None, False)  # type: ignore[no-any-return]


NAMES = {
    "tf.reduce_sum": reduce_sum,
    "tf.reduce_mean": reduce_mean,
    "tf.reduce_prod": reduce_prod,
    "tf.reduce_max": reduce_max,
    "tf.reduce_min": reduce_min,
    "tf.reduce_any": reduce_any,
    "tf.reduce_all": reduce_all,
    "tf.reduce_logsumexp": reduce_logsumexp,
    "tf.math.reduce_sum": reduce_sum,
    "tf.math.reduce_mean": reduce_mean,
    "tf.math.reduce_prod": reduce_prod,
    "tf.math.reduce_max": reduce_max,
    "tf.math.reduce_min": reduce_min,
    "tf.math.reduce_any": reduce_any,
    "tf.math.reduce_all": reduce_all,
    "tf.math.reduce_logsumexp": reduce_logsumexp,
    "tf.math.reduce_euclidean_norm": reduce_euclidean_norm,
    "tf.math.reduce_variance": reduce_variance,
    "tf.math.reduce_std": reduce_std,
    "tf.math.count_nonzero": count_nonzero,
    "tf.math.zero_fraction": zero_fraction,
    "tf.nn.zero_fraction": zero_fraction,
}
