"""keras.ops along axes: sums, means, extremes, cumulative sums, quantiles, and the same without NaN."""

from __future__ import annotations

import gputape as tf

from ..backend import floatx, result_type
from .promotion import floating, in_float32, last, places, tensor, together


def _summable(x):
    """Small integers are summed in 32 bits."""
    x = tensor(x)
    wide = {"bool": "int32", "int8": "int32", "int16": "int32", "uint8": "uint32", "uint16": "uint32"}.get(x.dtype.name)
    return x if wide is None else tf.cast(x, wide)


def sum_(x, axis=None, keepdims=False):
    """The sum along `axis`: None for all, an int or several.

    >>> from gputape import keras
    >>> keras.ops.sum([[1, 2], [3, 4]], axis=0).numpy()
    array([4, 6], dtype=int32)
    """
    return tf.reduce_sum(_summable(x), axis, keepdims)


def prod(x, axis=None, keepdims=False, dtype=None):
    """The product along `axis`."""
    return tf.reduce_prod(_summable(x) if dtype is None else tensor(x, dtype), axis, keepdims)


def mean(x, axis=None, keepdims=False):
    """The mean along `axis`; integers become floatx."""
    return tf.reduce_mean(floating(x), axis, keepdims)


def var(x, axis=None, keepdims=False):
    """The mean squared distance from the mean along `axis`."""
    return in_float32(lambda x: tf.math.reduce_variance(x, axis, keepdims), x)


def std(x, axis=None, keepdims=False):
    """The square root of the variance along `axis`."""
    return in_float32(lambda x: tf.math.reduce_std(x, axis, keepdims), x)


def _extreme(reduce, either, x, axis, keepdims, initial):
    x = tensor(x)
    if x.dtype == "bool":
        return tf.cast(_extreme(reduce, either, tf.cast(x, "int32"), axis, keepdims, initial), "bool")
    if initial is None and 0 in x.shape:
        raise ValueError(f"A reduction over no elements has no extreme without `initial`. Received: shape={x.shape}")
    made = reduce(x, axis, keepdims)
    return made if initial is None else either(made, tensor(initial, x.dtype))


def max_(x, axis=None, keepdims=False, initial=None):
    """The largest element along `axis`, at least `initial`."""
    return _extreme(tf.reduce_max, tf.maximum, x, axis, keepdims, initial)


def min_(x, axis=None, keepdims=False, initial=None):
    """The smallest element along `axis`, at most `initial`."""
    return _extreme(tf.reduce_min, tf.minimum, x, axis, keepdims, initial)


def amax(x, axis=None, keepdims=False):
    """The largest element along `axis`."""
    return max_(x, axis, keepdims)


def amin(x, axis=None, keepdims=False):
    """The smallest element along `axis`."""
    return min_(x, axis, keepdims)


def ptp(x, axis=None, keepdims=False):
    """The largest minus the smallest element along `axis`."""
    return max_(x, axis, keepdims) - min_(x, axis, keepdims)


def all_(x, axis=None, keepdims=False):
    """Whether all elements along `axis` are true (not 0)."""
    return tf.reduce_all(tensor(x, "bool"), axis, keepdims)


def any_(x, axis=None, keepdims=False):
    """Whether any element along `axis` is true (not 0)."""
    return tf.reduce_any(tensor(x, "bool"), axis, keepdims)


def count_nonzero(x, axis=None):
    """How many elements along `axis` are not 0, as int32."""
    return tf.reduce_sum(tf.cast(tf.not_equal(tensor(x), 0) if tensor(x).dtype != "bool" else tensor(x), "int32"), axis)


def logsumexp(x, axis=None, keepdims=False):
    """log(sum(exp(x))) along `axis`, without overflow."""
    return tf.reduce_logsumexp(floating(x), axis, keepdims)


def average(x, axis=None, weights=None):
    """The mean along `axis`, each element counted as its weight says.

    >>> from gputape import keras
    >>> float(keras.ops.average([1.0, 2.0], weights=[3.0, 1.0]))
    1.25
    """
    if weights is None:
        return mean(x, axis)
    x, weights = together(x, weights, least=float)
    if len(weights.shape) != len(x.shape):
        if len(weights.shape) != 1 or not isinstance(axis, int):
            raise ValueError(
                f"Weights of shape {weights.shape} need an `axis` of x, of shape {x.shape}. Received: axis={axis}"
            )
        weights = tf.reshape(weights, [-1 if a == axis % len(x.shape) else 1 for a in range(len(x.shape))])
    return tf.reduce_sum(x * weights, axis) / tf.reduce_sum(weights * tf.ones_like(x), axis)


def moments(x, axes, keepdims=False, synchronized=False):
    """(mean, variance) along `axes`; `synchronized` is accepted: one process computes them here."""
    x = floating(x)
    wide = tf.cast(x, "float32") if x.dtype.size == 2 else x
    return tuple(tf.cast(m, x.dtype) for m in tf.nn.moments(wide, axes, keepdims=keepdims))


def _cumulative(run, x, axis, dtype):
    x = tensor(x, dtype)
    x = tf.cast(x, "int32") if x.dtype == "bool" else x
    (axis,) = axis if isinstance(axis, (tuple, list)) else (axis,)
    return run(tf.reshape(x, [-1]), 0) if axis is None else run(x, *places(axis, len(x.shape)))


def cumsum(x, axis=None, dtype=None):
    """The sums of the first elements along `axis`; None flattens x."""
    return _cumulative(tf.cumsum, x, axis, dtype)


def cumprod(x, axis=None, dtype=None):
    """The products of the first elements along `axis`; None flattens x."""
    return _cumulative(tf.math.cumprod, x, axis, dtype)


def _best(find, x, axis, keepdims):
    x = tensor(x)
    x = tf.cast(x, "int32") if x.dtype == "bool" else x
    rank = len(x.shape)
    made = find(tf.reshape(x, [-1]) if axis is None else x, 0 if axis is None else axis, output_type="int32")
    if not keepdims:
        return made
    return tf.reshape(made, [1] * rank) if axis is None else tf.expand_dims(made, axis)


def argmax(x, axis=None, keepdims=False):
    """Where the largest element along `axis` is, the first of several, as int32; None counts in flattened x."""
    return _best(tf.argmax, x, axis, keepdims)


def argmin(x, axis=None, keepdims=False):
    """Where the smallest element along `axis` is, the first of several, as int32; None counts in flattened x."""
    return _best(tf.argmin, x, axis, keepdims)


# -- quantiles


def quantile(x, q, axis=None, method="linear", keepdims=False):
    """The value below which the part `q` (in [0, 1]; any shape) of the elements along `axis` lies.

    Args:
        method: between two elements "linear", "lower", "higher", "midpoint" or "nearest".

    The axes of q come first in the result. NaN among the elements gives NaN.
    """
    return _quantile(x, q, axis, method, keepdims, keep_nan=True)


def nanquantile(x, q, axis=None, method="linear", keepdims=False):
    """`quantile` of the elements that are no NaN."""
    return _quantile(x, q, axis, method, keepdims, keep_nan=False)


def percentile(x, q, axis=None, method="linear", keepdims=False):
    """`quantile` of q / 100."""
    return quantile(x, tensor(q, result_type(tensor(q).dtype, float)) / 100, axis, method, keepdims)


def nanpercentile(x, q, axis=None, method="linear", keepdims=False):
    """`percentile` of the elements that are no NaN."""
    return nanquantile(x, tensor(q, result_type(tensor(q).dtype, float)) / 100, axis, method, keepdims)


def median(x, axis=None, keepdims=False):
    """The element in the middle along `axis`, the mean of two if the count is even.

    >>> from gputape import keras
    >>> float(keras.ops.median([3.0, 1.0, 2.0]))
    2.0
    """
    return quantile(x, 0.5, axis, keepdims=keepdims)


def nanmedian(x, axis=None, keepdims=False):
    """`median` of the elements that are no NaN."""
    return nanquantile(x, 0.5, axis, keepdims=keepdims)


def _quantile(x, q, axis, method, keepdims, keep_nan):
    if method not in ("linear", "lower", "higher", "midpoint", "nearest"):
        raise ValueError(f"Invalid method: {method}. Expected linear, lower, higher, midpoint or nearest.")
    x = floating(x)
    q, shape = tensor(q, x.dtype), x.shape
    flat, axes = last(x, axis)
    unknown = tf.math.is_nan(flat)
    ordered = tf.sort(tf.where(unknown, tf.cast(float("inf"), x.dtype), flat), -1)
    bad = tf.reduce_sum(tf.cast(unknown, x.dtype), -1, keepdims=True)
    place = tf.reshape(q, [-1]) * tf.maximum(tf.cast(flat.shape[-1] - 1, x.dtype) - (0 if keep_nan else bad), 0)
    low, high = tf.floor(place), tf.math.ceil(place)
    if method == "nearest":
        low = high = tf.round(place)
    batch = len(flat.shape) - 1

    def at(where):
        where = tf.broadcast_to(tf.cast(where, "int32"), [*flat.shape[:-1], where.shape[-1]])
        return tf.gather(ordered, where, axis=-1, batch_dims=batch)

    part = {"lower": 0.0, "nearest": 0.0, "higher": 1.0, "midpoint": 0.5}.get(method, place - low)
    below, above = at(low), at(high)
    made = below if method in ("lower", "nearest") else above if method == "higher" else below + (above - below) * part
    made = tf.where(tf.equal(below, above), below, made)
    lost = tf.greater(bad, 0) if keep_nan else tf.equal(bad, flat.shape[-1])
    made = tf.where(lost, tf.cast(float("nan"), x.dtype), made)
    made = tf.transpose(made, [batch, *range(batch)])
    kept = [1 if a in axes else n for a, n in enumerate(shape) if keepdims or a not in axes]
    return tf.reshape(made, [*q.shape, *kept])


# -- without NaN


def _without_nan(x, instead):
    x = tensor(x)
    return tf.where(tf.math.is_nan(x), tf.cast(instead, x.dtype), x) if x.dtype.is_floating else x


def _counted(x, axis, keepdims):
    known = tf.logical_not(tf.math.is_nan(x))
    return tf.reduce_sum(tf.cast(known, x.dtype), axis, keepdims=keepdims)


def nansum(x, axis=None, keepdims=False):
    """The sum of the elements that are no NaN."""
    return sum_(_without_nan(x, 0), axis, keepdims)


def nanprod(x, axis=None, keepdims=False):
    """The product of the elements that are no NaN."""
    return prod(_without_nan(x, 1), axis, keepdims)


def nancumsum(x, axis=None, dtype=None):
    """`cumsum` with 0 in the place of NaN."""
    return cumsum(_without_nan(x, 0), axis, dtype)


def nancumprod(x, axis=None, dtype=None):
    """`cumprod` with 1 in the place of NaN."""
    return cumprod(_without_nan(x, 1), axis, dtype)


def nanmean(x, axis=None, keepdims=False):
    """The mean of the elements that are no NaN; NaN if all are."""
    x = floating(x)
    return tf.reduce_sum(_without_nan(x, 0), axis, keepdims) / _counted(x, axis, keepdims)


def nanvar(x, axis=None, keepdims=False):
    """The variance of the elements that are no NaN."""
    x = floating(x)
    away = _without_nan(x - nanmean(x, axis, True), 0)
    return tf.reduce_sum(away * away, axis, keepdims) / _counted(x, axis, keepdims)


def nanstd(x, axis=None, keepdims=False):
    """The standard deviation of the elements that are no NaN."""
    return tf.sqrt(nanvar(x, axis, keepdims))


def _nan_extreme(reduce, worst, x, axis, keepdims):
    x = tensor(x)
    if not x.dtype.is_floating:
        return reduce(x, axis, keepdims)
    made = reduce(_without_nan(x, worst), axis, keepdims)
    return tf.where(tf.equal(_counted(x, axis, keepdims), 0), tf.cast(float("nan"), x.dtype), made)


def nanmax(x, axis=None, keepdims=False):
    """The largest element that is no NaN; NaN if there is none."""
    return _nan_extreme(max_, float("-inf"), x, axis, keepdims)


def nanmin(x, axis=None, keepdims=False):
    """The smallest element that is no NaN; NaN if there is none."""
    return _nan_extreme(min_, float("inf"), x, axis, keepdims)


def _nan_place(find, worst, x, axis, keepdims):
    x = tensor(x)
    made = find(_without_nan(x, worst), axis, keepdims)
    return tf.where(tf.equal(_counted(x, axis, keepdims), 0), -1, made) if x.dtype.is_floating else made


def nanargmax(x, axis=None, keepdims=False):
    """Where the largest element that is no NaN is; -1 if there is none."""
    return _nan_place(argmax, float("-inf"), x, axis, keepdims)


def nanargmin(x, axis=None, keepdims=False):
    """Where the smallest element that is no NaN is; -1 if there is none."""
    return _nan_place(argmin, float("inf"), x, axis, keepdims)


def trapezoid(y, x=None, dx=1.0, axis=-1):
    """The integral of samples y at places x (default: `dx` apart) along `axis`, by the trapezoidal rule."""
    y = floating(y)
    axis %= len(y.shape)
    n = y.shape[axis]
    parts = (tf.gather(y, tf.range(1, n), axis=axis) + tf.gather(y, tf.range(n - 1), axis=axis)) / 2
    if x is None:
        return tf.reduce_sum(parts * dx, axis)
    x = tensor(x, y.dtype)
    if len(x.shape) == 1:
        steps = tf.reshape(x[1:] - x[:-1], [-1 if a == axis else 1 for a in range(len(y.shape))])
    else:
        steps = tf.gather(x, tf.range(1, n), axis=axis) - tf.gather(x, tf.range(n - 1), axis=axis)
    return tf.reduce_sum(parts * steps, axis)


def histogram(x, bins=10, range=None):
    """(counts, edges) of `bins` equal intervals of `range` (default: from the smallest to the largest element)."""
    if not isinstance(bins, int) or bins <= 0:
        raise ValueError(f"Argument `bins` should be a non-negative integer. Received: bins={bins}")
    if range is not None and len(range) == 2 and range[1] < range[0]:
        raise ValueError(f"The second element of `range` must be greater than the first. Received: range={range}")
    if range is not None and len(range) != 2:
        raise ValueError(f"Argument `range` must be a tuple of two elements (lower, upper). Received: range={range}")
    x = tf.reshape(floating(x), [-1])
    low, high = (tf.reduce_min(x), tf.reduce_max(x)) if range is None else (tensor(float(v), x.dtype) for v in range)
    edges = tf.linspace(low, high, bins + 1)
    inside = tf.logical_and(x >= low, x <= high)
    place = tf.clip_by_value(tf.searchsorted(edges, x, side="right") - 1, 0, bins - 1)
    return tf.math.bincount(place, weights=tf.cast(inside, floatx()), minlength=bins, maxlength=bins), edges


_PUBLIC = (
    prod, mean, var, std, amax, amin, ptp, count_nonzero, logsumexp, average, moments, cumsum, cumprod, argmax, argmin,
    quantile, nanquantile, percentile, nanpercentile, median, nanmedian, nansum, nanprod, nancumsum, nancumprod,
    nanmean, nanvar, nanstd, nanmax, nanmin, nanargmax, nanargmin, trapezoid, histogram,
)  # fmt: skip
NAMES = {f.__name__: f for f in _PUBLIC} | {"sum": sum_, "max": max_, "min": min_, "all": all_, "any": any_}
