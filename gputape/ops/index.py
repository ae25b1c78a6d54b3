"""Rows by index: gather, its gradient, embedding_lookup, one_hot.

Every op here sees its tensor as a matrix whose rows are numbered: `axis_rows` turns indices into row numbers,
`take_rows` reads rows and `combine_rows` writes them. Indices out of range raise InvalidArgumentError on the CPU; on a
GPU they read zeros, write nothing and set the error flag, so that nothing waits for their values.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import cuda, dtypes
from ..errors import InvalidArgumentError
from ..op import op, public
from ..registry import OPS
from ..tape import IndexedSlices
from ..tensor import Array, as_tensor
from .shape import static

# -- row numbers


def integers(name: str, indices: Any) -> Any:
    """`indices` as a tensor of integers; InvalidArgumentError for other dtypes."""
    indices = as_tensor(indices)
    if indices._array.dtype.kind not in "iu":
        raise InvalidArgumentError(f"{name}: indices has dtype {indices.dtype.name}, it must be int32 or int64 [Op:{name}]")
    return indices


def check_range(xp: Any, indices: Any, size: int) -> None:
    """InvalidArgumentError for an index outside [0, size). Only on the CPU: on a device it would wait for the values."""
    if xp is np and indices.size and not (0 <= indices.min() and indices.max() < size):
        at = np.argwhere((indices < 0) | (indices >= size))[0].tolist()
        raise InvalidArgumentError(f"indices{at} = {indices[tuple(at)]} is not in [0, {size})")


def axis_rows(xp: Any, indices: Any, shape: tuple[int, ...], axis: int, batch_dims: int) -> Any:
    """Row numbers, in `x.reshape(-1, inner)`, of slices along `axis`: a vector of batch * outer * n; -1 for none such."""
    if axis == 0:
        return indices.reshape(-1)
    batch, outer, size = math.prod(shape[:batch_dims]), math.prod(shape[batch_dims:axis]), shape[axis]
    first = xp.arange(batch * outer, dtype=np.int64).reshape(batch, outer, 1) * size
    each = indices.astype(np.int64).reshape(batch, 1, math.prod(indices.shape[batch_dims:]))
    return xp.where((each >= 0) & (each < size), each + first, -1).reshape(-1)


# -- rows of a matrix, in NumPy's language


def take_rows(xp: Any, x: Any, rows: Any) -> Any:
    """`x[rows]` of a matrix x."""
    return xp.take(x, rows, axis=0)


def combine_rows(xp: Any, x: Any, rows: Any, values: Any, how: str) -> None:
    """Write into the matrix x: `x[r] = how(x[r], values[i])` for every i with rows[i] = r, in the order of i.

    how: "add", "multiply", "maximum", "minimum" or "update" (the last one stays). Half types accumulate in float32.
    """
    if how == "update":
        x[rows] = values
        return
    wide = x.astype(dtypes.accumulator(x.dtype), order="C", copy=x.dtype in dtypes.HALF)
    width = x.shape[1]
    flat = rows.astype(np.int64)[:, None] * width + xp.arange(width)  # a vector: the fast case of ufunc.at
    getattr(xp, how).at(wide.reshape(-1), flat.reshape(-1), values.astype(wide.dtype, copy=False).reshape(-1))
    if wide is not x:
        x[...] = wide


# -- the same by kernels

kernels = cuda.Kernels("index.cu", block=256)
_TILE = 1024  # positions that one block of the sort owns
_CHUNK = 32  # sorted rows that one block combines before the parts are put together
_WORDS = {16: "uint4", 8: "unsigned long long", 4: "unsigned int", 2: "unsigned short", 1: "unsigned char"}


def _launchable(array: Any) -> Any:
    """As kernels read it: contiguous, and indices in one of two types."""
    array = array.astype(np.int64) if array.dtype.kind in "iu" and array.dtype.itemsize < 4 else array
    return array if array.flags.c_contiguous else array.copy()


def device_take_rows(x: Any, rows: Any) -> Any:
    """take_rows by a kernel that copies bytes, in the widest words that fit, whatever the dtype."""
    x, rows = _launchable_rows(x), _launchable(rows)
    y = cuda.empty((rows.size, x.shape[1]), x.dtype)
    width = x.shape[1] * x.dtype.itemsize
    if y.size:
        word = next(size for size in _WORDS if width % size == 0)
        sizes = np.int64(rows.size), np.int64(x.shape[0]), np.int64(width // word)
        kernels.gather_forward[_WORDS[word], rows.dtype](
            grid=-(-rows.size // 8), args=(x, rows, y, *sizes, cuda.error_flag()), block=(32, 8)
        )
    return y
