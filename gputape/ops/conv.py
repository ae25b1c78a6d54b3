"""Convolutions of any number of spatial axes, channels last, as three ops that form a closed family.

`convolve` is bilinear in its input x and its filter w; the other two are its adjoints:

    y  = convolve(x, w)             y[n,q,o] = sum_{k,c} x[n, q*s + k*d - before, c] * w[k,c,o]
    dx = convolve_input(dy, w)      the x with  <dy, convolve(x, w)> = <dx, x>
    dw = convolve_filter(x, dy)     the w with  <dy, convolve(x, w)> = <dw, w>

so the gradient of each is made of the other two, at any order. With groups, filters see the channels of their group alone.
Depthwise convolutions have a family of their own in depthwise.py; public names are in convolution.py.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from .. import cuda, dtypes
from ..op import op
from . import window
from .matmul import multiply_matrices
from .transpose import permute
from .window import COUNTED, Sliding, tiles

NARROW = 10  # up to this many elements beside each other, windows are laid out tap by tap
kernels = cuda.Kernels("conv.cu", block=256)
ROWS, COLS = 128, 64  # of the part of a result that a block owns, as in conv.cu
BLOCKS = 1024  # about as many as a large GPU runs at once; a constant, so that sums have the same order everywhere
LEAST = 512  # windows that a block adds up at least
DEEP = 65535  # blocks that a grid may have along its third axis


def wide(x: Any) -> Any:
    """Half types are multiplied and added up in float32."""
    return x.astype(dtypes.accumulator(x.dtype), copy=False)


@op
def convolve(xp, x, w, *, how, groups):
    """x (n, *spatial, c), w (*window, c / groups, o) -> y (n, *out, o)."""
    dtype, w, out = x.dtype, wide(w), how.out(x.shape[1:-1], "conv")
    return product(xp, how.padded(xp, wide(x)), w, how, out, groups).astype(dtype, copy=False)


@op
def convolve_input(xp, dy, w, *, spatial, how, groups):
    """dy (n, *out, o), w (*window, c / groups, o) -> dx (n, *spatial, c)."""
    dtype, dy, w = dy.dtype, wide(dy), wide(w)
    per, filters = w.shape[-2], w.shape[-1] // groups
    dx = xp.zeros((dy.shape[0], *how.around(spatial), per * groups), dy.dtype)
    if dy.size and w.size:
        views, out, size = how.views(xp, dx, dy.shape[1:-1]), dy.shape[1:-1], how.size * per
        for at in tiles(len(dy), out, math.prod(out[1:]) * size, most(w)):
            rows = dy[at].reshape(-1, dy.shape[-1])
            for g in range(groups):
                matrix = w.reshape(size, -1)[:, g * filters : (g + 1) * filters].T
                columns = (rows[:, g * filters : (g + 1) * filters] @ matrix).reshape(
                    *dy[at].shape[:-1], *how.window, per
                )
                into = views[at][..., g * per : (g + 1) * per]
                for tap in how.taps():
                    into[tap] += columns[tap]
    return dx[how.inner(spatial)].astype(dtype, copy=False)


@op
def convolve_filter(xp, x, dy, *, how, groups):
    """x (n, *spatial, c), dy (n, *out, o) -> dw (*window, c / groups, o)."""
    dtype, x, dy = x.dtype, how.padded(xp, wide(x)), wide(dy)
    filters, per = dy.shape[-1] // groups, x.shape[-1] // groups
    dw = xp.zeros((how.size * per, filters * groups), x.dtype)
    if dy.size and x.size:
        for g in range(groups):
            mine = slice(g * filters, (g + 1) * filters)
            for rows, columns in gathered(xp, x[..., g * per : (g + 1) * per], how, dy.shape[1:-1], most(dw)):
                dw[:, mine] += columns.T @ dy.reshape(-1, dy.shape[-1])[rows, mine]
    return dw.reshape(*how.window, per, filters * groups).astype(dtype, copy=False)


def product(xp: Any, x: Any, w: Any, how: Sliding, out: Any, groups: int) -> Any:
    """The convolution of a padded input."""
    per, filters = w.shape[-2], w.shape[-1] // groups
    y = xp.empty((len(x), *out, w.shape[-1]), x.dtype)
    if not y.size or not w.size:
        y.fill(0)
        return y
    for g in range(groups):
        matrix = w.reshape(-1, w.shape[-1])[:, g * filters : (g + 1) * filters]
        for rows, columns in gathered(xp, x[..., g * per : (g + 1) * per], how, out, most(w)):
            xp.matmul(columns, matrix, out=y.reshape(-1, y.shape[-1])[rows, g * filters : (g + 1) * filters])
    return y


def gathered(xp: Any, x: Any, how: Sliding, out: Any, most: int) -> Iterator[tuple[slice, Any]]:
    """The windows of a padded input as matrices (windows, taps and channels): which of the n * out, and the matrix.

    All are laid out in one place, some at a time, and fit into a cache.
    """
    n, c, line = len(x), x.shape[-1], math.prod(out[1:])
    size = how.size * c
    if how.size == 1 and set(how.strides) == {1} and x.flags.c_contiguous:
        yield slice(None), x.reshape(-1, size)
        return
    views, rank = how.views(xp, x, out), len(out)
    narrow = how.window[-1] * c < NARROW
    space = xp.empty(0, x.dtype)
    for at in tiles(n, out, line * size, most):
        seen = views[at]
        count = seen.size // size
        if narrow:  # NumPy copies long rows fast: those of pixels here
            seen = seen.transpose(*range(rank + 1, 2 * rank + 2), *range(rank + 1))
        if not space.size:
            space = xp.empty(seen.size, x.dtype)
        laid = space[: seen.size]
        xp.copyto(laid.reshape(seen.shape), seen)
        start = (at[0].start * out[0] + at[1].start) * line
        yield slice(start, start + count), laid.reshape(size, -1).T if narrow else laid.reshape(-1, size)


def most(w: Any) -> int:
    """How many elements to lay out at a time: for large filters more, since each time all of w is read."""
    return max(window.CACHE, 2 * w.size)


@convolve.gradient
def _(dy, x, w, how, groups):
    return (
        lambda: convolve_input(dy, w, spatial=tuple(x._array.shape[1:-1]), how=how, groups=groups),
        lambda: convolve_filter(x, dy, how=how, groups=groups),
    )


@convolve_input.gradient
def _(g, dy, w, how, groups):
    return (
        lambda: convolve(g, w, how=how, groups=groups),
        lambda: convolve_filter(g, dy, how=how, groups=groups),
    )


@convolve_filter.gradient
def _(g, x, dy, how, groups):
    return (
        lambda: convolve_input(dy, g, spatial=tuple(x._array.shape[1:-1]), how=how, groups=groups),
        lambda: convolve(x, g, how=how, groups=groups),
    )


# -- on a device


@convolve.kernel
def _(x, w, *, how, groups):
    out = how.out(x.shape[1:-1], "conv")
    if plain(how, groups):
        return matrices(x, w).reshape(*x.shape[:-1], w.shape[-1])
    return gather(x, w.reshape(how.size, *w.shape[-2:]), how, x.shape[1:-1], out, groups)


@convolve_input.kernel
def _(dy, w, *, spatial, how, groups):
    per, filters = w.shape[-2:]
    if plain(how, groups):
        return matrices(dy, w, transpose_b=True).reshape(*dy.shape[:-1], per)
    w = w.reshape(how.size, per, groups, filters // groups)
    w = permute.run([w], {"perm": (0, 3, 2, 1)}).reshape(how.size, filters // groups, per * groups)
    return gather(dy, w, how, spatial, dy.shape[1:-1], groups, backward=True)


@convolve_filter.kernel
def _(x, dy, *, how, groups):
    channels, filters = x.shape[-1] // groups, dy.shape[-1] // groups
    shape = (*how.window, channels, filters * groups)
    if plain(how, groups):
        return matrices(x, dy, transpose_a=True).reshape(shape)
    struct = how.struct(len(x), x.shape[1:-1], dy.shape[1:-1])
    if struct is None or x.dtype.kind not in "fV":
        return NotImplemented
    x, dy, rows, all_windows = cuda.contiguous(x), cuda.contiguous(dy), how.size * channels, math.prod(dy.shape[:-1])
    blocks = -(-rows // ROWS) * -(-filters // COLS)
    chunks = max(1, min(-(-BLOCKS // max(1, blocks * groups)), all_windows // LEAST))
    span = -(-all_windows // chunks)
    chunks = -(-all_windows // max(1, span))
    if rows >= COUNTED or groups * chunks > DEEP:
        return NotImplemented
    parts, dw = cuda.empty((chunks, rows, filters * groups), dtypes.accumulator(x.dtype)), cuda.empty(shape, x.dtype)
    kernel = (
        kernels.conv_filter_tensor[x.dtype] if in_eights(channels, filters, x, dy) else kernels.conv_filter[x.dtype]
    )
    sizes = [np.int32(v) for v in (channels, filters, groups)]
    kernel(grid=(blocks, 1, groups * chunks), args=(x, dy, parts, struct, *sizes, np.uint32(span)))
    grid = -(-dw.size // kernels.block)
    kernels.add_parts[x.dtype](grid=grid, args=(parts, dw, np.int32(chunks), np.int64(dw.size)))
    return dw


def gather(x: Any, w: Any, how: Sliding, spatial: Any, out: Any, groups: int, backward: bool = False) -> Any:
    """The convolution of x (n, *out, channels) if `backward`, else (n, *spatial, channels), with w (taps, per, filters)."""
    channels, filters = w.shape[-2], w.shape[-1] // groups
    struct = how.struct(len(x), spatial, out)
    phases = math.prod(how.strides) if backward else 1
    targets = [-(-n // s) for n, s in zip(spatial, how.strides, strict=True)] if backward else out
    if struct is None or x.dtype.kind not in "fV" or how.size * channels >= COUNTED or groups * phases > DEEP:
        return NotImplemented
    x, w = cuda.contiguous(x), cuda.contiguous(w)
    y = cuda.empty((len(x), *(spatial if backward else out), filters * groups), x.dtype)
    if in_eights(channels, filters, x, w):
        kernel = kernels.conv_gather_tensor[x.dtype]
    else:
        vector = 16 // x.dtype.itemsize
        whole = channels and channels % vector == 0 and cuda.address(x) % 16 == 0
        kernel = kernels.conv_gather[x.dtype, vector if whole else 1]
    grid = -(-len(x) * math.prod(targets) // ROWS) * -(-filters // COLS)
    sizes = [np.int32(v) for v in (channels, filters, groups)]
    kernel(grid=(grid, 1, groups * phases), args=(x, w, y, struct, *sizes, np.bool_(backward)))
    return y


def in_eights(channels: int, filters: int, *arrays: Any) -> bool:
    """Whether the tensor cores can take it: half types, copied 16 bytes at a time."""
    half = arrays[0].dtype.itemsize == 2 and channels > 0
    return half and not channels % 8 and not filters % 8 and not any(cuda.address(a) % 16 for a in arrays)


def plain(how: Sliding, groups: int) -> bool:
    """Whether this is a product of matrices: each window one element, and each element in one window."""
    return how.size == groups == 1 and set(how.strides) == {1} and not any(a or b for a, b in how.padding)


def matrices(a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False) -> Any:
    """The product of arrays as matrices of their last axis."""
    a, b = (cuda.contiguous(v).reshape(math.prod(v.shape[:-1]), v.shape[-1]) for v in (a, b))
    return multiply_matrices.run([a, b], {"transpose_a": transpose_a, "transpose_b": transpose_b})
