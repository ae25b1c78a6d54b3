"""Reductions: sums, means, products, extrema and the like over any axes. Half types add up in float32."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import cuda
from ..dtypes import HALF, accumulator, as_dtype
from ..errors import InvalidArgumentError
from ..op import op, public
from ..registry import OPS
from ..tensor import as_tensor
from .complex import conj
from .rows import added, runs_of
from .shape import expanded, static, view


def axes_of(name: str, axis: Any, rank: int) -> tuple[int, ...]:
    """`axis` (None for all, an int, a list, a tensor) as sorted axes counted from the front.

    InvalidArgumentError for axes out of range or given twice.
    """
    if axis is None:
        return tuple(range(rank))
    if type(axis) is int and -rank <= axis < rank:
        return (axis % rank,)
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


def rounded(y: Any, dtype: Any) -> Any:
    return y if y.dtype == dtype else y.astype(dtype)


# -- the same on a device


kernels = cuda.Kernels("reduce.cu", block=256)
BLOCKS = 1024  # about as many as a large GPU runs at once; a constant, so that sums have the same order everywhere


def reduced(how: str, x: Any, axes: tuple[int, ...], keepdims: bool, divisor: float = 1) -> Any:
    """`x` reduced by `how` (an op of common.cuh) over `axes`, one launch or two for each run of adjacent axes."""
    acc = accumulator(x.dtype)
    if not x.size or x.dtype.kind not in "iufV":
        return NotImplemented
    shape = kept(x.shape, axes) if keepdims else tuple([s for k, s in enumerate(x.shape) if k not in axes])
    runs = runs_of(x.shape, axes)
    pending = [k for k, (_, gone) in enumerate(runs) if gone]
    y = cuda.contiguous(x)
    while pending:
        at = pending.pop()
        outer, inner = (math.prod([size for size, _ in part]) for part in (runs[:at], runs[at + 1 :]))
        last = not pending
        y = _stages(how, y, outer, runs[at][0], inner, divisor if last else 1, x.dtype if last else acc)
        runs[at] = (1, False)
    return y.reshape(shape)


def _stages(how: str, x: Any, outer: int, rows: int, inner: int, divisor: float, dtype: Any) -> Any:
    """x (outer, rows, inner) reduced over its rows; in two stages where one has too few blocks to fill the device."""
    if inner == 1:
        blocks, least = outer, 8192
    else:
        groups = inner // _vector(x, inner)
        blocks, least = outer * -(-groups // kernels.block), 64 * max(1, kernels.block // groups)
    chunks = min(-(-rows // least), max(-(-BLOCKS // blocks), -(-rows // (16 * least))))
    if chunks == 1:
        return _stage(how, x, outer, rows, inner, rows, 1, divisor, dtype)
    span = -(-rows // chunks // 64) * 64 + 64  # a multiple of every vector's length
    chunks = -(-rows // span)
    parts = _stage(how, x, outer, rows, inner, span, chunks, 1, accumulator(x.dtype))
    return _stage(how, parts, outer, chunks, inner, chunks, 1, divisor, dtype)


def _vector(x: Any, inner: int) -> int:
    """How many columns a thread takes at once: 16 bytes, if rows are a multiple of that and begin where they may."""
    wide = 16 // x.dtype.itemsize
    return wide if inner % wide == 0 and cuda.address(x) % 16 == 0 else 1


def _stage(
    how: str, x: Any, outer: int, rows: int, inner: int, span: int, chunks: int, divisor: float, dtype: Any
) -> Any:
    y = cuda.empty((outer * chunks, inner), dtype)
    scale = accumulator(x.dtype).type(divisor)
    if inner > 1:
        wide = _vector(x, inner)
        grid = outer * chunks * -(-(inner // wide) // kernels.block)
        sizes = [np.int64(v) for v in (rows, inner, span, chunks)]
        kernels.reduce_columns[how, x.dtype, dtype, wide](grid=grid, args=(x, y, *sizes, scale))
    elif rows <= 1024 and chunks == 1:
        lanes = min(32, 1 << (rows - 1).bit_length())
        grid, args = -(-outer * lanes // kernels.block), (np.int64(outer), np.int32(rows), np.int32(lanes), scale)
        kernels.reduce_short_rows[how, x.dtype, dtype](grid=grid, args=(x, y, *args))
    else:
        sizes = [np.int64(v) for v in (rows, span, chunks)]
        kernels.reduce_long_rows[how, x.dtype, dtype](grid=outer * chunks, args=(x, y, *sizes, scale))
    return y


# -- sums, means, products


@op
def sum_over(xp, x, *, axes, keepdims):
    return rounded(xp.sum(x, axis=axes, keepdims=keepdims, dtype=accumulator(x.dtype)), x.dtype)


@sum_over.numpy
def _(x, *, axes, keepdims):
    return rounded(added(x, axes, keepdims), x.dtype)


@sum_over.kernel
def _(x, *, axes, keepdims):
    return reduced("Sum", x, axes, keepdims)


@sum_over.gradient
def _(dy, x_shape, axes):
    return spread(dy, x_shape, axes)


@op
def sum_to(xp, x, *, shape):
    """`x` summed down to `shape`, from which it can be broadcast: what undoes a broadcast in a gradient."""
    return rounded(xp.sum(x, axis=_broadcast(x.shape, shape), dtype=accumulator(x.dtype)), x.dtype).reshape(shape)


def _broadcast(shape: tuple[int, ...], old: tuple[int, ...]) -> tuple[int, ...]:
    """The axes of `shape` that broadcasting has added to `old`, or made larger than 1."""
    new = len(shape) - len(old)
    return (*range(new), *[new + k for k, s in enumerate(old) if s == 1 and shape[new + k] != 1])


@sum_to.numpy
def _(x, *, shape):
    return rounded(added(x, _broadcast(x.shape, shape), False), x.dtype).reshape(shape)


@sum_to.kernel
def _(x, *, shape):
    made = reduced("Sum", x, _broadcast(x.shape, shape), False)
    return made if made is NotImplemented else made.reshape(shape)


@sum_to.gradient
def _(dy, x_shape):
    return OPS["broadcast_to"](dy, x_shape)


@op
def mean_over(xp, x, *, axes, keepdims):
    total = xp.sum(x, axis=axes, keepdims=keepdims, dtype=accumulator(x.dtype))
    count = _count(x.shape, axes)
    if x.dtype.kind in "iu":
        return rounded(xp.sign(total) * (abs(total) // x.dtype.type(max(1, count))), x.dtype)
    return rounded(total / total.dtype.type(count), x.dtype)


@mean_over.numpy
def _(x, *, axes, keepdims):
    if x.dtype.kind in "iu":
        return mean_over.body(np, x, axes=axes, keepdims=keepdims)
    total = added(x, axes, keepdims)
    return rounded(total / total.dtype.type(_count(x.shape, axes)), x.dtype)


@mean_over.kernel
def _(x, *, axes, keepdims):
    return NotImplemented if x.dtype.kind in "iu" else reduced("Sum", x, axes, keepdims, _count(x.shape, axes))


@mean_over.gradient
def _(dy, x_shape, axes):
    return spread(OPS["divide"](dy, float(_count(x_shape, axes))), x_shape, axes)


@op
def prod_over(xp, x, *, axes, keepdims):
    return rounded(xp.prod(x, axis=axes, keepdims=keepdims, dtype=accumulator(x.dtype)), x.dtype)


@prod_over.kernel
def _(x, *, axes, keepdims):
    return reduced("Product", x, axes, keepdims)


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
        return rounded(getattr(xp, name)(wide, axis=axes, keepdims=keepdims), x.dtype)
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


@max_over.kernel
def _(x, *, axes, keepdims):
    return reduced("Max", x, axes, keepdims)


@max_over.gradient
def _(dy, x, y, x_shape, axes):
    return _tied(dy, x, y, x_shape, axes)


@op
def min_over(xp, x, *, axes, keepdims):
    return _extremum(xp, x, axes, keepdims, False)


@min_over.kernel
def _(x, *, axes, keepdims):
    return reduced("Min", x, axes, keepdims)


@min_over.gradient
def _(dy, x, y, x_shape, axes):
    return _tied(dy, x, y, x_shape, axes)


@op
def any_over(xp, x, *, axes, keepdims):
    return xp.any(x, axis=axes, keepdims=keepdims)


@op
def all_over(xp, x, *, axes, keepdims):
    return xp.all(x, axis=axes, keepdims=keepdims)


@op
def logsumexp_over(xp, x, *, axes, keepdims):
    wide = x.astype(accumulator(x.dtype), copy=False)
    if not _count(x.shape, axes):
        return xp.log(xp.sum(wide, axis=axes, keepdims=keepdims)).astype(x.dtype)
    top = xp.max(wide, axis=axes, keepdims=True)
    top = xp.where(xp.isfinite(top), top, top.dtype.type(0))
    y = xp.log(xp.sum(xp.exp(wide - top), axis=axes, keepdims=True)) + top
    return rounded(y if keepdims else y.reshape([s for k, s in enumerate(x.shape) if k not in axes]), x.dtype)


@logsumexp_over.gradient
def _(dy, x, y, x_shape, axes):
    return spread(dy, x_shape, axes) * OPS["exp"](x - spread(y, x_shape, axes))


# -- the names of TensorFlow


REAL, NUMBERS = "iufV", "iufVc"  # kinds of dtypes; V is bfloat16


def _over(reduction: Any, name: str, x: Any, axis: Any, keepdims: Any, kinds: str = NUMBERS) -> Any:
    x = as_tensor(x, np.dtype(bool) if kinds == "b" else None)
    if x._array.dtype.kind not in kinds:
        raise InvalidArgumentError(
            f"{name}: Value for attr 'T' of {x.dtype.name} is not in the list of allowed values: input_tensor must "
            f"hold {'bools' if kinds == 'b' else 'real numbers' if kinds == REAL else 'numbers'}; use tf.cast "
            f"[Op:{name}]"
        )
    return reduction(x, axes=axes_of(name, axis, x._array.ndim), keepdims=bool(keepdims))


@public
def reduce_sum(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """The sum over `axis` (None: all axes; an int or a list; negative from the end), in the dtype of `input_tensor`.

    keepdims: whether reduced axes stay with size 1. InvalidArgumentError for axes out of range or given twice.

    >>> import gputape as tf
    >>> tf.reduce_sum([[1.0, 2.0], [3.0, 4.0]], axis=1).numpy()
    array([3., 7.], dtype=float32)
    """
    return _over(sum_over, "Sum", input_tensor, axis, keepdims)


@public
def reduce_mean(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """The mean over `axis`; arguments as `reduce_sum`. NaN over no elements; integers round towards zero."""
    return _over(mean_over, "Mean", input_tensor, axis, keepdims)


@public
def reduce_prod(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """The product over `axis`; arguments as `reduce_sum`."""
    return _over(prod_over, "Prod", input_tensor, axis, keepdims)


@public
def reduce_max(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """The largest element over `axis`, NaN if there is one, -inf (the least integer) over none.

    Arguments as `reduce_sum`; real numbers only. Equal elements share the gradient.
    """
    return _over(max_over, "Max", input_tensor, axis, keepdims, REAL)


@public
def reduce_min(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """The smallest element over `axis`; see `reduce_max`."""
    return _over(min_over, "Min", input_tensor, axis, keepdims, REAL)


@public
def reduce_any(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """Whether any element over `axis` of a bool tensor is True."""
    return _over(any_over, "Any", input_tensor, axis, keepdims, "b")


@public
def reduce_all(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """Whether all elements over `axis` of a bool tensor are True."""
    return _over(all_over, "All", input_tensor, axis, keepdims, "b")


@public
def reduce_logsumexp(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """log(sum(exp(x))) over `axis`, without overflow; -inf where all are -inf."""
    return _over(logsumexp_over, "LogSumExp", input_tensor, axis, keepdims, "fV")


_PUBLIC = (reduce_sum, reduce_mean, reduce_prod, reduce_max, reduce_min, reduce_any, reduce_all, reduce_logsumexp)
NAMES = {f"{space}.{f.__name__}": f for space in ("tf", "tf.math") for f in _PUBLIC}
