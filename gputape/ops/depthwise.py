"""Depthwise convolutions: each filter sees one channel. Three ops, closed under gradients as those of conv.py.

With r filters for each of c channels, filter o sees channel o // r:

    y  = depthwise(x, w)              y[n,q,o] = sum_k x[n, q*s + k*d - before, o // r] * w[k,o]
    dx = depthwise_input(dy, w)       the x with  <dy, depthwise(x, w)> = <dx, x>
    dw = depthwise_filter(x, dy)      the w with  <dy, depthwise(x, w)> = <dw, w>
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from .. import cuda, dtypes
from ..op import op
from . import window
from .conv import wide
from .rows import by_columns
from .window import COUNTED, Sliding, tiles

kernels = cuda.Kernels("depthwise.cu", block=256)


@op
def depthwise(xp, x, w, *, how):
    """x (n, *spatial, c), w (*window, c * r) -> y (n, *out, c * r)."""
    dtype, out, filters = x.dtype, how.out(x.shape[1:-1], "depthwise_conv"), w.shape[-1]
    y = xp.empty((len(x), *out, filters), dtypes.accumulator(dtype))
    x = how.padded(xp, repeated(xp, wide(x), filters))
    for at, seen, rows in pieces(xp, how, x, w, out):
        made, (first, *others) = y[at], how.taps()
        xp.multiply(seen[first], rows[first], out=made)
        space = xp.empty(made.shape, y.dtype)
        for tap in others:
            made += xp.multiply(seen[tap], rows[tap], out=space)
    return y.astype(dtype, copy=False)


@op
def depthwise_input(xp, dy, w, *, spatial, channels, how):
    """dy (n, *out, c * r), w (*window, c * r) -> dx (n, *spatial, c)."""
    dtype, dy = dy.dtype, wide(dy)
    dx = xp.zeros((len(dy), *how.around(spatial), dy.shape[-1]), dy.dtype)
    for at, into, rows in pieces(xp, how, dx, w, dy.shape[1:-1]):
        space = xp.empty(dy[at].shape, dy.dtype)
        for tap in how.taps():
            into[tap] += xp.multiply(dy[at], rows[tap], out=space)
    dx = dx[how.inner(spatial)]
    if channels != dy.shape[-1]:
        dx = dx.reshape(*dx.shape[:-1], channels, dy.shape[-1] // channels).sum(axis=-1)
    return dx.astype(dtype, copy=False)


@op
def depthwise_filter(xp, x, dy, *, how):
    """x (n, *spatial, c), dy (n, *out, c * r) -> dw (*window, c * r)."""
    dtype, dy, filters = x.dtype, wide(dy), dy.shape[-1]
    x = how.padded(xp, repeated(xp, wide(x), filters))
    dw = xp.zeros((*how.window, filters), x.dtype)
    for at, seen, _ in pieces(xp, how, x, dw, dy.shape[1:-1]):
        space = xp.empty(dy[at].shape, dy.dtype)
        ones = xp.ones(space.size // filters, x.dtype)
        for tap in how.taps():
            dw[tap[1:]] += ones @ xp.multiply(seen[tap], dy[at], out=space).reshape(-1, filters)
    return dw.astype(dtype, copy=False)


def repeated(xp: Any, x: Any, filters: int) -> Any:
    """Each channel as often as there are filters for it."""
    return x if x.shape[-1] == filters else xp.repeat(x, filters // x.shape[-1], axis=-1)


def pieces(xp: Any, how: Sliding, full: Any, w: Any, out: Any) -> Iterator[tuple[Any, Any, Any]]:
    """Pieces of the output that stay in a cache: which, the windows of the padded array there, and the filters.

    The filters are repeated along the last spatial axis: NumPy multiplies long rows faster.
    """
    line = math.prod(out[1:]) * w.shape[-1]
    if not len(full) * out[0] * line:
        return
    views = how.views(xp, full, out)
    rows = xp.repeat(wide(w)[..., None, :], out[-1], axis=-2)
    rows = rows.transpose(w.ndim - 1, *range(w.ndim - 1), w.ndim)
    for at in tiles(len(full), out, line, window.CACHE // 2):
        yield at, views[at], rows


@depthwise.gradient
def _(dy, x, w, how):
    spatial, channels = tuple(x._array.shape[1:-1]), x._array.shape[-1]
    return (
        lambda: depthwise_input(dy, w, spatial=spatial, channels=channels, how=how),
        lambda: depthwise_filter(x, dy, how=how),
    )


@depthwise_input.gradient
def _(g, dy, w, how):
    return lambda: depthwise(g, w, how=how), lambda: depthwise_filter(g, dy, how=how)


@depthwise_filter.gradient
def _(g, x, dy, how):
    spatial, channels = tuple(x._array.shape[1:-1]), x._array.shape[-1]
    return (
        lambda: depthwise_input(dy, g, spatial=spatial, channels=channels, how=how),
        lambda: depthwise(x, g, how=how),
    )


# -- on a device


@depthwise.kernel
def _(x, w, *, how):
    out = how.out(x.shape[1:-1], "depthwise_conv")
    return launched(kernels.depthwise_forward, x, w, how, x.shape[1:-1], out, out, x.shape[-1], w.shape[-1])


@depthwise_input.kernel
def _(dy, w, *, spatial, channels, how):
    return launched(kernels.depthwise_backward, dy, w, how, spatial, dy.shape[1:-1], spatial, channels, channels)


def launched(
    kernel: Any, x: Any, w: Any, how: Sliding, spatial: Any, out: Any, target: Any, channels: int, last: int
) -> Any:
    """The array (n, *target, last) that the kernel makes of x and w."""
    struct, filters = how.struct(len(x), spatial, out), w.shape[-1]
    y = cuda.empty((len(x), *target, last), x.dtype)
    if struct is None or x.dtype.kind not in "fV" or max(x.size, y.size) >= COUNTED:
        return NotImplemented
    x, w = cuda.contiguous(x), cuda.contiguous(w)
    vector = 16 // x.dtype.itemsize
    together = channels == filters and not channels % vector and not any(cuda.address(a) % 16 for a in (x, w))
    vector = vector if together else 1
    count = y.size // vector
    sizes = np.int32(channels), np.int32(filters // max(1, channels)), np.uint32(count)
    kernel[x.dtype, vector](grid=-(-count // kernels.block), args=(x, w, y, struct, *sizes))
    return y


@depthwise_filter.kernel
def _(x, dy, *, how):
    struct, channels, filters = how.struct(len(x), x.shape[1:-1], dy.shape[1:-1]), x.shape[-1], dy.shape[-1]
    rows = math.prod(dy.shape[:-1])
    if struct is None or x.dtype.kind not in "fV" or how.size >= 1 << 16:
        return NotImplemented
    x, dy = cuda.contiguous(x), cuda.contiguous(dy)
    launch, chunks, length = by_columns(rows, filters)
    parts = cuda.empty((chunks, how.size, filters), dtypes.accumulator(x.dtype))
    dw = cuda.empty((*how.window, filters), x.dtype)
    sizes = np.int32(channels), np.int32(filters // max(1, channels)), np.int64(rows), length
    launch["grid"] = (*launch["grid"], how.size)
    kernels.depthwise_filter[x.dtype](**launch, args=(x, dy, parts, struct, *sizes))
    grid = -(-dw.size // kernels.block)
    kernels.add_parts[x.dtype](grid=grid, args=(parts, dw, np.int32(chunks), np.int64(dw.size)))
    return dw
