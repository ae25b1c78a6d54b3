"""Statistics: norms, means and variances, and scaling to unit norm."""

from __future__ import annotations

from typing import Any

from ..dtypes import accumulator, as_dtype
from ..op import op, public
from ..registry import OPS
from ..tensor import as_tensor
from .complex import conj
from .reduce import axes_of, mean_over, reduce_mean, reduce_sum, rounded, spread, sum_over


@op
def euclidean_norm_over(xp, x, *, axes, keepdims):
    wide = x.astype(accumulator(x.dtype), copy=False)
    square = xp.square(abs(wide)) if x.dtype.kind == "c" else wide * wide
    return rounded(xp.sqrt(xp.sum(square, axis=axes, keepdims=keepdims)), x.dtype)


@euclidean_norm_over.gradient
def _(dy, x, y, x_shape, axes):
    return x * spread(dy / y, x_shape, axes)


def _floating(name: str, x: Any) -> Any:
    x = as_tensor(x)
    if not (x.dtype.is_floating or x.dtype.is_complex):
        raise TypeError(f"{name}: Input must be either real or complex. Received integer type {x.dtype}; use tf.cast")
    return x


@public
def reduce_euclidean_norm(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """sqrt(sum(|x|^2)) over `axis`, in the dtype of `input_tensor`; its gradient at zero is NaN, as in TensorFlow."""
    x = as_tensor(input_tensor)
    return euclidean_norm_over(x, axes=axes_of("EuclideanNorm", axis, x._array.ndim), keepdims=bool(keepdims))


@public
def reduce_variance(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """The population variance mean(|x - mean(x)|^2) over `axis`; real for complex input. TypeError for integers."""
    x = _floating("reduce_variance", input_tensor)
    centred = x - reduce_mean(x, axis, True)
    square = OPS["real"](centred * conj(centred)) if x.dtype.is_complex else OPS["square"](centred)
    return reduce_mean(square, axis, keepdims)


@public
def reduce_std(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """The population standard deviation over `axis`, sqrt(reduce_variance). TypeError for integers."""
    return OPS["sqrt"](reduce_variance(input_tensor, axis, keepdims))


@public
def count_nonzero(
    input: Any, axis: Any = None, keepdims: Any = None, dtype: Any = "int64", name: str | None = None
) -> Any:
    """How many elements over `axis` are not zero (not False, not empty), in `dtype` (default int64)."""
    x = as_tensor(input)
    hit = x if x.dtype.is_bool else OPS["not_equal"](x, b"" if x.dtype == "string" else x._array.dtype.type(0))
    return reduce_sum(OPS["cast"](hit, as_dtype(dtype)), axis, bool(keepdims))


@public
def zero_fraction(value: Any, name: str | None = None) -> Any:
    """The share of elements of `value` that are zero, a float32 scalar; NaN for an empty tensor."""
    x = as_tensor(value)
    hit = OPS["equal"](x, x._array.dtype.type(0))
    return reduce_mean(OPS["cast"](hit, "float32"))


def _squeezed(x: Any, axes: tuple[int, ...]) -> Any:
    return OPS["squeeze"](x, list(axes)) if axes else x


def _mean_and_variance(x: Any, axes: tuple[int, ...]) -> tuple[Any, Any]:
    mean = mean_over(x, axes=axes, keepdims=True)
    return mean, mean_over(OPS["squared_difference"](x, mean), axes=axes, keepdims=True)


@public
def moments(x: Any, axes: Any, shift: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """The mean and the population variance of `x` over `axes`; computed in float32 for half types. `shift` is ignored.

    >>> import gputape as tf
    >>> [m.numpy().item() for m in tf.nn.moments(tf.constant([1.0, 3.0]), axes=[0])]
    [2.0, 1.0]
    """
    x = as_tensor(x)
    over = axes_of("moments", axes, x._array.ndim)
    half = x.dtype in ("float16", "bfloat16")
    mean, variance = _mean_and_variance(OPS["cast"](x, "float32") if half else x, over)
    if not keepdims:
        mean, variance = _squeezed(mean, over), _squeezed(variance, over)
    return (OPS["cast"](mean, x.dtype), OPS["cast"](variance, x.dtype)) if half else (mean, variance)


@public
def weighted_moments(x: Any, axes: Any, frequency_weights: Any, keepdims: bool = False, name: str | None = None) -> Any:
    """The mean and variance of `x` over `axes`, element i counted `frequency_weights[i]` times (broadcast with `x`)."""
    x = as_tensor(x)
    weights = as_tensor(frequency_weights, x._array.dtype)
    x, weights = OPS["add"](x, OPS["zeros_like"](weights)), OPS["add"](weights, OPS["zeros_like"](x))
    over = axes_of("weighted_moments", axes, x._array.ndim)
    total = sum_over(weights, axes=over, keepdims=True)
    mean = OPS["divide"](sum_over(weights * x, axes=over, keepdims=True), total)
    variance = OPS["divide"](sum_over(weights * OPS["squared_difference"](x, mean), axes=over, keepdims=True), total)
    return (mean, variance) if keepdims else (_squeezed(mean, over), _squeezed(variance, over))


@public
def sufficient_statistics(x: Any, axes: Any, shift: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """Count, sum(x - shift), sum((x - shift)^2) over `axes`, and `shift` itself (None by default)."""
    x = as_tensor(x)
    over = axes_of("sufficient_statistics", axes, x._array.ndim)
    count = 1
    for k in over:
        count *= x._array.shape[k]
    centred = x if shift is None else x - shift
    square = OPS["square"](x) if shift is None else OPS["squared_difference"](x, shift)
    sums = [sum_over(v, axes=over, keepdims=bool(keepdims)) for v in (centred, square)]
    return as_tensor(x._array.dtype.type(count)), *sums, None if shift is None else as_tensor(shift)


@public
def normalize_moments(counts: Any, mean_ss: Any, variance_ss: Any, shift: Any, name: str | None = None) -> Any:
    """Mean and variance from `sufficient_statistics`."""
    divisor = OPS["reciprocal"](as_tensor(counts))
    shifted = as_tensor(mean_ss) * divisor
    mean = shifted if shift is None else shifted + shift
    return mean, as_tensor(variance_ss) * divisor - OPS["square"](shifted)


@public
def l2_normalize(x: Any, axis: Any = None, epsilon: Any = 1e-12, name: str | None = None) -> Any:
    """x / sqrt(max(sum(|x|^2), epsilon)), the sum over `axis` (None: over all)."""
    x = as_tensor(x)
    over = axes_of("l2_normalize", axis, x._array.ndim)
    square = OPS["square"](OPS["abs"](x)) if x.dtype.is_complex else OPS["square"](x)
    scale = OPS["rsqrt"](OPS["maximum"](sum_over(square, axes=over, keepdims=True), float(epsilon)))
    return OPS["multiply"](x, OPS["cast"](scale, x.dtype) if x.dtype.is_complex else scale)


NAMES = {
    "tf.math.reduce_euclidean_norm": reduce_euclidean_norm,
    "tf.math.reduce_variance": reduce_variance,
    "tf.math.reduce_std": reduce_std,
    "tf.math.count_nonzero": count_nonzero,
    "tf.math.zero_fraction": zero_fraction,
    "tf.nn.zero_fraction": zero_fraction,
    "tf.nn.moments": moments,
    "tf.nn.weighted_moments": weighted_moments,
    "tf.nn.sufficient_statistics": sufficient_statistics,
    "tf.nn.normalize_moments": normalize_moments,
    "tf.nn.l2_normalize": l2_normalize,
    "tf.math.l2_normalize": l2_normalize,
    "tf.linalg.l2_normalize": l2_normalize,
}
