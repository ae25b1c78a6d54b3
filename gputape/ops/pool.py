"""Max and average pools of 1, 2 or 3 spatial axes, channels last inside.

The average divides by the number of elements of the window that are inside the input; of equal maxima the first wins.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from .. import cuda, dtypes
from ..errors import InvalidArgumentError
from ..op import op, public
from ..tensor import as_tensor
from . import window
from .window import COUNTED, Sliding, back, batches, channels_last, last, layout_of, per_axis, sliding, tiles

kernels = cuda.Kernels("pool.cu", block=256)


def least(dtype: Any) -> Any:
    return np.iinfo(dtype).min if dtype.kind in "iu" else -np.inf


def pieces(y: Any) -> Iterator[tuple[slice, slice]]:
    """Pieces of (n, *out, c) that stay in a cache together with what else is needed."""
    return tiles(len(y), y.shape[1:-1], math.prod(y.shape[2:]), window.CACHE // 8) if y.size else iter(())


def combined(combine: Any, x: Any, how: Sliding, out: Any) -> Any:
    """All windows of a padded array combined, along one axis after the other: k0 + k1 + ... steps, not k0 * k1 * ..."""
    for axis, (k, s, o) in enumerate(zip(how.window, how.strides, out, strict=True), 1):
        cuts = [x[(slice(None),) * axis + (slice(p, p + (o - 1) * s + 1, s),)] for p in range(k)]
        x = cuts[0] if k == 1 else combine(cuts[0], cuts[1])
        for cut in cuts[2:]:
            combine(x, cut, out=x)
    return x


@op
def pool_max(xp, x, *, how):
    """x (n, *spatial, c) -> the largest element of each window, (n, *out, c)."""
    out = how.out(x.shape[1:-1], "max_pool")
    y = xp.empty((len(x), *out, x.shape[-1]), x.dtype)
    for at in batches(len(y), math.prod(y.shape[1:])):
        y[at] = combined(xp.maximum, how.padded(xp, x[at], least(x.dtype)), how, out)
    return y


@op
def pool_max_scatter(xp, x, y, dy, *, how):
    """dx: each dy added where its window's first maximum stands."""
    full = how.padded(xp, x, least(x.dtype))
    dx = xp.zeros(full.shape, dtypes.accumulator(dy.dtype))
    views, into = (how.views(xp, a, y.shape[1:-1]) for a in (full, dx))
    for at in pieces(y):
        seen, target, top = views[at], into[at], y[at]
        d = dy[at].astype(dx.dtype, copy=False).view(f"i{dx.itemsize}")
        for tap, first in maxima(xp, how, seen, top):
            bits = first.astype(d.dtype)
            xp.negative(bits, out=bits)  # all bits of 1, or none: several times faster than xp.where
            bits &= d
            target[tap] += bits.view(dx.dtype)
    return dx[how.inner(x.shape[1:-1])].astype(dy.dtype, copy=False)


@op
def pool_max_gather(xp, x, y, g, *, how):
    """The element of g (shaped like x) at each window's first maximum: the adjoint of pool_max_scatter in dy."""
    full, values = how.padded(xp, x, least(x.dtype)), how.padded(xp, g)
    z = xp.zeros(y.shape, g.dtype)
    views, given = (how.views(xp, a, y.shape[1:-1]) for a in (full, values))
    for at in pieces(y):
        for tap, first in maxima(xp, how, views[at], y[at]):
            z[at] = xp.where(first, given[at][tap], z[at])
    return z


def maxima(xp: Any, how: Sliding, seen: Any, top: Any) -> Iterator[tuple[Any, Any]]:
    """For each tap of the windows `seen` whether it is the first to hold their maximum."""
    free = xp.ones(top.shape, bool)
    for tap in how.taps():
        first = seen[tap] == top
        first &= free
        free ^= first
        yield tap, first


@op
def pool_sum(xp, x, *, how):
    """x (n, *spatial, c) -> the sum of each window, (n, *out, c), half types added up in float32."""
    out, wide = how.out(x.shape[1:-1], "avg_pool"), dtypes.accumulator(x.dtype)
    y = xp.empty((len(x), *out, x.shape[-1]), x.dtype)
    for at in batches(len(y), math.prod(y.shape[1:])):
        y[at] = combined(xp.add, how.padded(xp, x[at].astype(wide, copy=False)), how, out)
    return y


@op
def pool_spread(xp, dy, *, spatial, how):
    """dx (n, *spatial, c): each dy added to all elements of its window; the adjoint of pool_sum."""
    dx = xp.zeros((len(dy), *how.around(spatial), dy.shape[-1]), dtypes.accumulator(dy.dtype))
    views = how.views(xp, dx, dy.shape[1:-1])
    for at in pieces(dy):
        into, d = views[at], dy[at].astype(dx.dtype, copy=False)
        for tap in how.taps():
            into[tap] += d
    return dx[how.inner(spatial)].astype(dy.dtype, copy=False)


@pool_max.gradient
def _(dy, x, y, how):
    return pool_max_scatter(x, y, dy, how=how)


# Which element is the largest does not change under small changes of x: only dy and g carry gradients.
@pool_max_scatter.gradient
def _(g, x, y, how):
    return None, None, lambda: pool_max_gather(x, y, g, how=how)


@pool_max_gather.gradient
def _(dy, x, y, how):
    return None, None, lambda: pool_max_scatter(x, y, dy, how=how)


@pool_sum.gradient
def _(dy, x_shape, how):
    return pool_spread(dy, spatial=tuple(x_shape[1:-1]), how=how)


@pool_spread.gradient
def _(g, how):
    return pool_sum(g, how=how)


# -- on a device


@pool_max.kernel
def _(x, *, how):
    out = how.out(x.shape[1:-1], "max_pool")
    return launched(kernels.pool_max, [x], how, x.shape[1:-1], out, out)


@pool_max_scatter.kernel
def _(x, y, dy, *, how):
    return launched(kernels.pool_max_scatter, [x, y, dy], how, x.shape[1:-1], y.shape[1:-1], x.shape[1:-1])


@pool_max_gather.kernel
def _(x, y, g, *, how):
    return launched(kernels.pool_max_gather, [x, y, g], how, x.shape[1:-1], y.shape[1:-1], y.shape[1:-1])


@pool_sum.kernel
def _(x, *, how):
    out = how.out(x.shape[1:-1], "avg_pool")
    return launched(kernels.pool_sum, [x], how, x.shape[1:-1], out, out)


@pool_spread.kernel
def _(dy, *, spatial, how):
    return launched(kernels.pool_spread, [dy], how, spatial, dy.shape[1:-1], spatial)


def launched(kernel: Any, arrays: list[Any], how: Sliding, spatial: Any, out: Any, target: Any) -> Any:
    """The array (n, *target, c) that the kernel makes of `arrays`, a thread for each 16 bytes of it where they fit."""
    n, channels, dtype = len(arrays[0]), arrays[0].shape[-1], arrays[0].dtype
    struct, made = how.struct(n, spatial, out), cuda.empty((n, *target, channels), dtype)
    if struct is None or dtype.kind not in "fiuV" or made.size >= COUNTED:
        return NotImplemented
    arrays, vector = [cuda.contiguous(a) for a in arrays], 16 // dtype.itemsize
    whole = not channels % vector and not any(cuda.address(a) % 16 for a in arrays)
    vector = vector if whole else 1
    count = made.size // vector
    args = (*arrays, made, struct, np.int32(channels), np.uint32(count))
    kernel[dtype, vector](grid=-(-count // kernels.block), args=args)
    return made


# -- under TensorFlow's names


def counts(spatial: Any, out: Any, how: Sliding) -> Any:
    """How many elements of each window lie inside the input, (*out, 1)."""
    made = np.ones((), np.int64)
    for n, o, k, s, (before, _) in zip(spatial, out, how.window, how.strides, how.padding, strict=True):
        start = np.arange(o) * s - before
        made = made[..., None] * (np.minimum(start + k, n) - np.maximum(start, 0))
    return made[..., None]


def _arguments(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: Any, rank: int, name: str
) -> tuple[Any, Sliding, bool]:
    """The input, channels last, how the window slides, and whether the channels were last."""
    is_last, layout = channels_last(data_format, rank, name), layout_of(data_format, rank)
    x = as_tensor(input)
    if len(x.shape) != rank + 2:
        raise InvalidArgumentError(f"{name}: input {tuple(x.shape)} must have {rank + 2} axes [Op:{name}]")
    x, size = last(x, is_last), per_axis(ksize, rank, layout, "ksize", name)
    how = sliding(size, size if strides is None else strides, padding, 1, tuple(x.shape)[1:-1], layout, name)
    return x, how, is_last


def _max(input: Any, ksize: Any, strides: Any, padding: Any, data_format: Any, rank: int, name: str) -> Any:
    x, how, is_last = _arguments(input, ksize, strides, padding, data_format, rank, name)
    return back(pool_max(x, how=how), is_last)


def _average(input: Any, ksize: Any, strides: Any, padding: Any, data_format: Any, rank: int, name: str) -> Any:
    x, how, is_last = _arguments(input, ksize, strides, padding, data_format, rank, name)
    total = pool_sum(x, how=how)
    if any(a or b for a, b in how.padding):
        count = counts(tuple(x.shape)[1:-1], tuple(total.shape)[1:-1], how)
        return back(total / as_tensor(count.astype(total.dtype.as_numpy_dtype)), is_last)
    return back(total / float(how.size), is_last)


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
