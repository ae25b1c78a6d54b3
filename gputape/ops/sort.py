"""Sorting: stable as in TensorFlow, equal elements keep their order, in both directions."""

from __future__ import annotations

import math
from collections import namedtuple
from typing import Any

import numpy as np

from .. import cuda
from ..dtypes import HALF, as_dtype
from ..errors import InvalidArgumentError
from ..op import op, public
from ..tensor import as_tensor
from .shape import axis_of, static
from .transpose import transpose

kernels = cuda.Kernels("sort.cu", block=256)
TILE = 2048  # items that a block sorts in shared memory
TopKV2 = namedtuple("TopKV2", ["values", "indices"])


def order(xp, x, descending):
    """The stable order of the last axis, as int64 indices."""
    plain = x.astype(np.float32) if x.dtype in HALF else x
    if not descending:
        return xp.argsort(plain, axis=-1, kind="stable")
    return (x.shape[-1] - 1 - xp.argsort(plain[..., ::-1], axis=-1, kind="stable"))[..., ::-1]


@op(mixed=("indices",))
def picked(xp, x, indices):
    """Elements of the last axis by index: y[..., j] = x[..., indices[..., j]]."""
    return xp.take_along_axis(x, indices.astype(np.int64, copy=False), axis=-1)


@picked.gradient
def _(dy, indices, x_shape):
    return put_back(dy, indices, size=x_shape[-1]), None


@op(mixed=("indices",))
def put_back(xp, x, indices, *, size):
    """The transpose of `picked` for indices that are different within a row: zeros elsewhere."""
    y = xp.zeros((*x.shape[:-1], size), x.dtype)
    if xp is np:
        np.put_along_axis(y, indices.astype(np.int64, copy=False), x, axis=-1)
        return y
    flat = y.reshape(-1, size)
    flat[xp.arange(len(flat))[:, None], indices.reshape(len(flat), indices.shape[-1])] = x.reshape(
        len(flat), x.shape[-1]
    )
    return y


@put_back.gradient
def _(dy, indices):
    return picked(dy, indices), None


@op
def best(xp, x, *, k, dtype, descending):
    """The first k elements of the last axis in order, and where they stood."""
    indices = order(xp, x, descending)[..., :k]
    return xp.take_along_axis(x, indices, axis=-1), indices.astype(dtype)


@best.kernel
def _(x, *, k, dtype, descending):
    cols = x.shape[-1]
    if x.dtype.kind not in "biufV" or cols >= 2**31:
        return NotImplemented
    shape = (*x.shape[:-1], k)
    found = cuda.empty(shape, x.dtype), cuda.empty(shape, dtype)
    if math.prod(shape):
        by = _by_tiles if cols <= TILE or 4 * k <= TILE else _by_digits
        by(cuda.contiguous(x), *found, math.prod(shape[:-1]), cols, k, np.bool_(descending))
    return found


def _by_tiles(x, values, indices, rows, cols, k, descending):
    """The first k of every tile of a row, then of these: until a row is one tile."""
    candidates, count = None, cols
    while count > TILE:
        tiles = -(-count // TILE)
        chosen = cuda.empty((rows, tiles, k), np.int32)
        _tiles(x, candidates, None, chosen, rows, cols, count, TILE, k, descending)
        candidates, count = chosen, tiles * k
    span = max(2, 1 << (count - 1).bit_length())
    _tiles(x, candidates, values, indices, rows, cols, count, span, k, descending)


def _tiles(x, candidates, values, indices, rows, cols, count, span, k, descending):
    segments = rows * -(-count // span)
    sizes = np.int64(rows), np.int64(cols), np.int64(count), np.int32(span), np.int32(k)
    kernels.sort_tiles[x.dtype, indices.dtype](
        -(-segments * span // TILE), (x, candidates, values, indices, *sizes, descending)
    )


def _by_digits(x, values, indices, rows, cols, k, descending):
    """A radix sort of whole rows, a byte at a time, from the lowest."""
    n, tiles = np.int64(x.size), -(-cols // TILE)
    key, width = np.dtype(np.uint64 if x.dtype.itemsize == 8 else np.uint32), np.int64(cols)
    keys, places = cuda.empty(x.shape, key), cuda.empty(x.shape, np.int32)
    kernels.sort_keys[x.dtype](-(-x.size // kernels.block), (x, keys, places, n, width, descending))
    counts, totals = cuda.empty((rows, 256, tiles), np.int64), cuda.empty((rows, 256), np.int64)
    for shift in range(0, 8 * x.dtype.itemsize, 8):
        to = cuda.empty_like(keys), cuda.empty_like(places)
        of_tile = width, np.int64(tiles), np.int32(shift)
        kernels.sort_count[key](rows * tiles, (keys, counts, *of_tile))
        kernels.sort_scan(rows * 256, (counts, totals, np.int64(tiles)))
        kernels.sort_place[key](rows * tiles, (keys, places, counts, totals, *to, *of_tile))
        keys, places = to
    count = rows * k
    kernels.sort_pick[x.dtype, indices.dtype](
        -(-count // kernels.block), (x, places, values, indices, np.int64(count), width, np.int64(k))
    )


@best.gradient
def _(dys, ys, x_shape):
    return put_back(dys[0], ys[1], size=x_shape[-1])


@public
def top_k(input: Any, k: Any = 1, sorted: bool = True, index_type: Any = "int32", name: str | None = None) -> Any:
    """The `k` largest elements of the last axis in descending order, as (values, indices); of equal ones the first.

    index_type: dtype of the indices, default int32. Always sorted. InvalidArgumentError if the axis has fewer than k.

    >>> import gputape as tf
    >>> tf.math.top_k([1, 9, 5, 9], k=2).indices.numpy()
    array([1, 3], dtype=int32)
    """
    x, count = as_tensor(input), static(k)
    if not x._array.ndim or count < 0 or count > x._array.shape[-1]:
        raise InvalidArgumentError(
            f"top_k: input must have at least k={count} columns. Had shape {x._array.shape} [Op:TopKV2]"
        )
    return TopKV2(*best(x, k=count, dtype=as_dtype(index_type).numpy, descending=True))


def _sorted(x: Any, axis: Any, direction: str) -> tuple[Any, Any]:
    if direction not in ("ASCENDING", "DESCENDING"):
        raise ValueError(
            f"Argument `direction` should be one of 'ASCENDING' or 'DESCENDING'. Received: direction={direction}"
        )
    x = as_tensor(x)
    rank = x._array.ndim
    if not rank:
        raise ValueError("sort: values must have at least one axis, not shape ()")
    k = axis_of("sort", axis, rank)
    perm = [*[j for j in range(rank) if j != k], k]
    made = best(transpose(x, perm), k=x._array.shape[k], dtype=np.dtype(np.int32), descending=direction == "DESCENDING")
    back = np.argsort(perm)
    return transpose(made[0], back), transpose(made[1], back)


@public
def sort(values: Any, axis: Any = -1, direction: str = "ASCENDING", name: str | None = None) -> Any:
    """`values` sorted along `axis` (default the last), "ASCENDING" or "DESCENDING". ValueError for other directions.

    >>> import gputape as tf
    >>> tf.sort([3, 1, 2], direction="DESCENDING").numpy()
    array([3, 2, 1], dtype=int32)
    """
    return _sorted(values, axis, direction)[0]


@public
def argsort(
    values: Any, axis: Any = -1, direction: str = "ASCENDING", stable: bool = False, name: str | None = None
) -> Any:
    """The int32 indices that sort `values` along `axis`; always stable: equal elements keep their order."""
    return _sorted(values, axis, direction)[1]


@op
def inverse_permutation(xp, x):
    if xp is np and not np.array_equal(np.sort(x), np.arange(len(x))):
        raise InvalidArgumentError(
            f"invert_permutation: x must hold each of 0 to {len(x) - 1} once, not {x.tolist()[:20]}"
        )
    y = xp.empty_like(x)
    y[x] = xp.arange(len(x), dtype=x.dtype)
    return y


@public
def invert_permutation(x: Any, name: str | None = None) -> Any:
    """y with y[x[i]] = i, for a 1-D permutation x of 0 ... n - 1. InvalidArgumentError if it is none."""
    x = as_tensor(x)
    if x._array.ndim != 1:
        raise InvalidArgumentError(f"invert_permutation expects a 1D vector, not shape {x._array.shape}")
    return inverse_permutation(x)


NAMES = {
    "tf.sort": sort,
    "tf.argsort": argsort,
    "tf.math.top_k": top_k,
    "tf.nn.top_k": top_k,
    "tf.math.invert_permutation": invert_permutation,
}
