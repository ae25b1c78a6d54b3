"""Max and average pools of 1, 2 or 3 spatial axes, channels last inside.

The average divides by the number of elements of the window that are inside the input; of equal maxima the first wins.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes
from ..errors import InvalidArgumentError
from ..op import op, public
from ..tensor import as_tensor
from .conv import _back, _last
from .window import channels_last, inner, output_sizes, padded, pads, per_axis, shifts

ONE = (1, 1, 1)


def _least(dtype: Any) -> Any:
    return np.iinfo(dtype).min if dtype.kind in "iu" else -np.inf


@op
def pool_max(xp, x, *, window, strides, padding):
    """x (n, *spatial, c) -> the largest element of each window, (n, *out, c)."""
    out = output_sizes(x.shape[1:-1], window, strides, padding, ONE[: len(window)], "max_pool")
    full = padded(xp, x, padding, _least(x.dtype))
    y = None
    for _, cut in shifts(window, out, strides, ONE[: len(window)]):
        y = full[cut].copy() if y is None else xp.maximum(y, full[cut], out=y)
    return y


@op
def pool_max_scatter(xp, x, y, dy, *, window, strides, padding):
    """dx: each dy added where its window's first maximum stands."""
    full = padded(xp, x, padding, _least(x.dtype))
    wide = dtypes.accumulator(dy.dtype)
    dx = xp.zeros(full.shape, wide)
    taken = xp.zeros(y.shape, bool)
    for _, cut in shifts(window, y.shape[1:-1], strides, ONE[: len(window)]):
        first = (full[cut] == y) & ~taken
        dx[cut] += xp.where(first, dy.astype(wide, copy=False), 0)
        taken |= first
    return dx[inner(x.shape[1:-1], padding)].astype(dy.dtype, copy=False)


@op
def pool_max_gather(xp, x, y, g, *, window, strides, padding):
    """The element of g (shaped like x) at each window's first maximum: the adjoint of pool_max_scatter in dy."""
    full, values = padded(xp, x, padding, _least(x.dtype)), padded(xp, g, padding)
    out = xp.zeros(y.shape, g.dtype)
    taken = xp.zeros(y.shape, bool)
    for _, cut in shifts(window, y.shape[1:-1], strides, ONE[: len(window)]):
        first = (full[cut] == y) & ~taken
        out = xp.where(first, values[cut], out)
        taken |= first
    return out


@pool_max.gradient
def _(dy, x, y, window, strides, padding):
    return pool_max_scatter(x, y, dy, window=window, strides=strides, padding=padding)


# Which element is the largest does not change under small changes of x: only dy and g carry gradients.
@pool_max_scatter.gradient
def _(g, x, y, window, strides, padding):
    return None, None, lambda: pool_max_gather(x, y, g, window=window, strides=strides, padding=padding)


@pool_max_gather.gradient
def _(dy, x, y, window, strides, padding):
    return None, None, lambda: pool_max_scatter(x, y, dy, window=window, strides=strides, padding=padding)


@op
def pool_sum(xp, x, *, window, strides, padding):
    """x (n, *spatial, c) -> the sum of each window, (n, *out, c), half types added up in float32."""
    out = output_sizes(x.shape[1:-1], window, strides, padding, ONE[: len(window)], "avg_pool")
    full = padded(xp, x, padding)
    y = xp.zeros((x.shape[0], *out, x.shape[-1]), dtypes.accumulator(x.dtype))
    for _, cut in shifts(window, out, strides, ONE[: len(window)]):
        y += full[cut]
    return y.astype(x.dtype, copy=False)


@op
def pool_spread(xp, dy, *, spatial, window, strides, padding):
    """dx (n, *spatial, c): each dy added to all elements of its window; the adjoint of pool_sum."""
    sizes = [n + a + b for n, (a, b) in zip(spatial, padding, strict=True)]
    dx = xp.zeros((dy.shape[0], *sizes, dy.shape[-1]), dtypes.accumulator(dy.dtype))
    for _, cut in shifts(window, dy.shape[1:-1], strides, ONE[: len(window)]):
        dx[cut] += dy
    return dx[inner(spatial, padding)].astype(dy.dtype, copy=False)


@pool_sum.gradient
def _(dy, x_shape, window, strides, padding):
    return pool_spread(dy, spatial=tuple(x_shape[1:-1]), window=window, strides=strides, padding=padding)


@pool_spread.gradient
def _(g, window, strides, padding):
    return pool_sum(g, window=window, strides=strides, padding=padding)


def _counts(spatial: Any, out: Any, window: Any, strides: Any, padding: Any) -> Any:
    """How many elements of each window lie inside the input, (*out, 1)."""
    made = np.ones((), np.int64)
    for n, o, k, s, (before, _) in zip(spatial, out, window, strides, padding, strict=True):
        start = np.arange(o) * s - before
        made = made[..., None] * (np.minimum(start + k, n) - np.maximum(start, 0))
    return made[..., None]


def _arguments(input: Any, ksize: Any, strides: Any, padding: Any, data_format: Any, rank: int, name: str) -> Any:
    is_last = channels_last(data_format, rank, name)
    layout = data_format or ("N" + "DHW"[-rank:] + "C")
    x = as_tensor(input)
    if len(x.shape) != rank + 2:
        raise InvalidArgumentError(f"{name}: input {tuple(x.shape)} must have {rank + 2} axes [Op:{name}]")
    x = _last(x, is_last)
    window = per_axis(ksize, rank, layout, "ksize", name)
    strides = per_axis(window if strides is None else strides, rank, layout, "strides", name)
    how = pads(padding, tuple(x.shape)[1:-1], window, strides, ONE[:rank], layout, name)
    return x, window, strides, how, is_last


def _max(input: Any, ksize: Any, strides: Any, padding: Any, data_format: Any, rank: int, name: str) -> Any:
    x, window, strides, how, is_last = _arguments(input, ksize, strides, padding, data_format, rank, name)
    return _back(pool_max(x, window=window, strides=strides, padding=how), is_last)


def _average(input: Any, ksize: Any, strides: Any, padding: Any, data_format: Any, rank: int, name: str) -> Any:
    x, window, strides, how, is_last = _arguments(input, ksize, strides, padding, data_format, rank, name)
    total = pool_sum(x, window=window, strides=strides, padding=how)
    if any(a or b for a, b in how):
        spatial, out = tuple(x.shape)[1:-1], tuple(total.shape)[1:-1]
        count = as_tensor(_counts(spatial, out, window, strides, how).astype(total.dtype.as_numpy_dtype))
        return _back(total / count, is_last)
    return _back(total / float(np.prod(window)), is_last)


@public
def max_pool1d(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: str = "NWC", name: str | None = None
) -> Any:
    """The largest element of each window of input (n, w, c). Reference: tf.nn.max_pool1d."""
    return _max(input, ksize, strides, padding, data_format, 1, "max_pool1d")


@public
def max_pool2d(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: str = "NHWC", name: str | None = None
) -> Any:
    """The largest element of each window of input (n, h, w, c).

    ksize, strides: an int, two ints, or four. padding: "SAME", "VALID" or pairs. Reference: tf.nn.max_pool2d.

    >>> import gputape as tf
    >>> tf.nn.max_pool2d(tf.reshape(tf.range(4.0), [1, 2, 2, 1]), 2, 2, "VALID").numpy().item()
    3.0
    """
    return _max(input, ksize, strides, padding, data_format, 2, "max_pool2d")


@public
def max_pool3d(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: str = "NDHWC", name: str | None = None
) -> Any:
    """The largest element of each window of input (n, d, h, w, c). Reference: tf.nn.max_pool3d."""
    return _max(input, ksize, strides, padding, data_format, 3, "max_pool3d")


@public
def avg_pool1d(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: str = "NWC", name: str | None = None
) -> Any:
    """The mean of each window of input (n, w, c), padding left out. Reference: tf.nn.avg_pool1d."""
    return _average(input, ksize, strides, padding, data_format, 1, "avg_pool1d")


@public
def avg_pool2d(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: str = "NHWC", name: str | None = None
) -> Any:
    """The mean of each window of input (n, h, w, c), padding left out. Reference: tf.nn.avg_pool2d."""
    return _average(input, ksize, strides, padding, data_format, 2, "avg_pool2d")


@public
def avg_pool3d(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: str = "NDHWC", name: str | None = None
) -> Any:
    """The mean of each window of input (n, d, h, w, c), padding left out. Reference: tf.nn.avg_pool3d."""
    return _average(input, ksize, strides, padding, data_format, 3, "avg_pool3d")


@public
def max_pool(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: Any = None, name: str | None = None
) -> Any:
    """max_pool1d, 2d or 3d by the input's rank. Reference: tf.nn.max_pool."""
    return _max(input, ksize, strides, padding, data_format, len(as_tensor(input).shape) - 2, "max_pool")


@public
def avg_pool(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: Any = None, name: str | None = None
) -> Any:
    """avg_pool1d, 2d or 3d by the input's rank. Reference: tf.nn.avg_pool."""
    return _average(input, ksize, strides, padding, data_format, len(as_tensor(input).shape) - 2, "avg_pool")


_PUBLIC = (max_pool1d, max_pool2d, max_pool3d, avg_pool1d, avg_pool2d, avg_pool3d, max_pool, avg_pool)
NAMES = {f"tf.nn.{f.__name__}": f for f in _PUBLIC}
