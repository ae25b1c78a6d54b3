"""Transposes: any permutation of the axes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import cuda
from ..errors import InvalidArgumentError
from ..op import op, public
from ..registry import OPS
from ..tensor import as_tensor
from .shape import static

kernels = cuda.Kernels("transpose.cu", block=256)
TILE, MOST_AXES = 32, 6  # as in transpose.cu
UNSIGNED = {1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint64}
_AXES = ("i8", (MOST_AXES,))
OUTER = np.dtype([("count", "i8"), ("size", *_AXES), ("from", *_AXES), ("to", *_AXES)])


@op
def permute(xp, x, *, perm):
    return x.transpose(perm)


@permute.kernel
def _(x, *, perm):
    shape = tuple([x.shape[k] for k in perm])
    dims, order = merged(x.shape, perm)
    x = cuda.contiguous(x)
    if not x.size or order == sorted(order):
        return x.reshape(shape)
    if len(dims) > MOST_AXES or x.dtype.kind == "O":
        return NotImplemented
    bits = x.view(UNSIGNED[min(8, x.dtype.itemsize)])
    if x.dtype.itemsize == 16:  # complex128 moves as two words
        dims, order = [*dims, 2], [*order, len(dims)]
    y = cuda.empty([dims[k] for k in order], bits.dtype)
    (_copy_rows if order[-1] == len(dims) - 1 else _copy_tiles)(bits, y, dims, order)
    return y.view(x.dtype).reshape(shape)


def merged(shape, perm):
    """The permutation with axes of size 1 left out, and axes that stay neighbours taken as one: (sizes, order)."""
    groups: list[list[int]] = []
    for k in perm:
        if shape[k] != 1:
            if groups and all(shape[j] == 1 for j in range(groups[-1][-1] + 1, k)) and k > groups[-1][-1]:
                groups[-1].append(k)
            else:
                groups.append([k])
    rank = {group[0]: place for place, group in enumerate(sorted(groups))}
    sizes = [math.prod(shape[k] for k in group) for group in sorted(groups)]
    return sizes, [rank[group[0]] for group in groups]


def _strides(dims):
    return [math.prod(dims[k + 1 :]) for k in range(len(dims))]


def _outer(dims, order, left_out):
    """The struct Outer for the axes of y, in its order, without those of x `left_out`; and how many places it has."""
    source, target = _strides(dims), _strides([dims[k] for k in order])
    axes = [(dims[k], source[k], target[place]) for place, k in enumerate(order) if k not in left_out]
    columns = [np.resize(np.array([a[j] for a in axes] or [0], np.int64), MOST_AXES) for j in range(3)]
    return np.array((len(axes), *columns), OUTER), math.prod(a[0] for a in axes)


def _copy_tiles(x, y, dims, order):
    """The last axis of x is not the last of y: tiles of those two."""
    row, col = order[-1], len(dims) - 1
    outer, places = _outer(dims, order, (row, col))
    rows, cols = dims[row], dims[col]
    sides = (_strides(dims)[row], _strides([dims[k] for k in order])[order.index(col)])
    args = (x, y, *[np.int64(v) for v in (rows, cols, *sides)], outer)
    kernels.transpose_tiles[y.dtype](grid=-(-rows // TILE) * -(-cols // TILE) * places, block=(TILE, 8), args=args)


def _copy_rows(x, y, dims, order):
    """The last axis stays: its rows are copied, 16 bytes at a time if they can be."""
    wide = 16 // x.dtype.itemsize
    wide = wide if dims[-1] % wide == 0 and cuda.address(x) % 16 == 0 else 1
    outer, _ = _outer(dims, order, (len(dims) - 1,))
    groups = y.size // wide
    index = np.uint32 if groups < 2**31 else np.int64
    args = (x, y, index(groups), index(dims[-1] // wide), outer)
    kernels.permute_rows[y.dtype, wide, np.dtype(index)](grid=-(-groups // kernels.block), args=args)


@permute.gradient
def _(dy, perm):
    return permute(dy, perm=tuple(np.argsort(perm).tolist()))


@public
def transpose(a: Any, perm: Any = None, conjugate: bool = False, name: str = "transpose") -> Any:
    """`a` with its axes in the order `perm`: axis k of the result is axis perm[k] of `a`. Default: reversed.

    conjugate: also take the complex conjugate. InvalidArgumentError if `perm` is no permutation of the axes.

    >>> import gputape as tf
    >>> tf.transpose(tf.zeros([2, 3, 4]), [0, 2, 1]).shape
    TensorShape([2, 4, 3])
    """
    x = as_tensor(a)
    rank = x._array.ndim
    order = tuple(reversed(range(rank))) if perm is None else static(perm)
    if perm is not None:
        if len(order) != rank:
            raise InvalidArgumentError(
                f"transpose expects a vector of size {rank}. But perm is a vector of size {len(order)}: a has shape "
                f"{x._array.shape} [Op:Transpose]"
            )
        order = tuple([k + rank if k < 0 else k for k in order])
        if sorted(order) != list(range(rank)):
            raise InvalidArgumentError(
                f"transpose: perm {static(perm)} is no permutation of the axes 0 to {rank - 1} of a [Op:Transpose]"
            )
    made = x if order == tuple(range(rank)) else permute(x, perm=order)
    return OPS["conj"](made) if conjugate and x.dtype.is_complex else made


NAMES = {"tf.transpose": transpose}
