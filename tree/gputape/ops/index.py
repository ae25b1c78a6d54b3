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
from ..cuda import Kernels
from ..dtypes import as_dtype
from ..errors import InvalidArgumentError
from ..op import op, public
from ..registry import OPS
from ..tape import IndexedSlices
from ..tensor import Array, as_tensor
from ..tensor_shape import TensorShape
from .shape import static

# -- row numbers


def integers(name: str, indices: Any) -> Any:
    """`indices` as a tensor of integers; InvalidArgumentError for other dtypes."""
    indices = as_tensor(indices)
    if indices._array.dtype.kind not in "iu":
        raise InvalidArgumentError(
            f"{name}: indices has dtype {indices.dtype.name}, it must be int32 or int64 [Op:{name}]"
        )
    return indices


def check_range(xp: Any, indices: Any, size: int) -> None:
    """InvalidArgumentError for an index outside [0, size). Only on the CPU: a device would wait for the values."""
    if xp is np and indices.size and not (indices.min() >= 0 and indices.max() < size):
        at = np.argwhere((indices < 0) | (indices >= size))[0].tolist()
        raise InvalidArgumentError(f"indices{at} = {indices[tuple(at)]} is not in [0, {size})")


def axis_rows(xp: Any, indices: Any, shape: tuple[int, ...], axis: int, batch_dims: int) -> Any:
    """Row numbers, in `x.reshape(-1, inner)`, of slices along `axis`: batch * outer * n of them; -1 for none such."""
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

kernels = Kernels("index.cu", block=256)
_TILE, _CHUNK = 1024, 32  # as in kernels/index.cu
_WORDS = {
    16: "Vec<unsigned int, 4>",
    8: "unsigned long long",
    4: "unsigned int",
    2: "unsigned short",
    1: "unsigned char",
}
_OPS = {"add": "Sum", "multiply": "Product", "maximum": "Max", "minimum": "Min", "update": "Last"}


def _rows(indices: Any) -> Any:
    """Row numbers as kernels read them: contiguous, in one of two types."""
    return cuda.contiguous(indices if indices.dtype in (np.int32, np.int64) else indices.astype(np.int64))


def _grid(rows: int, width: int) -> tuple[int, int]:
    """Blocks of 8 warps, a warp to a row; wide rows are shared."""
    return -(-rows // 8), min(max(width // 256, 1), 1024)


def device_take_rows(x: Any, rows: Any) -> Any:
    """take_rows by a kernel that copies words, whatever the dtype."""
    x, rows = cuda.contiguous(x), _rows(rows)
    y = cuda.empty((rows.size, x.shape[1]), x.dtype)
    if y.size:
        width, at = x.shape[1] * x.dtype.itemsize, cuda.address(x)
        size = next(s for s in _WORDS if width % s == 0 and at % s == 0)
        args = (
            x,
            rows,
            y,
            np.int64(rows.size),
            np.int64(x.shape[0]),
            np.int64(width // size),
            cuda.error_flag("gather"),
        )
        kernels.gather_forward[_WORDS[size], rows.dtype](_grid(rows.size, width // size), args, block=(32, 8))
    return y


def device_combine_rows(x: Any, rows: Any, values: Any, how: str) -> None:
    """combine_rows by kernels: the rows are sorted first, so that each result has one owner and one order."""
    if not values.size:
        return
    if x.dtype.kind == "c" and how in ("add", "update"):
        real = np.dtype(f"f{x.dtype.itemsize // 2}")
        x, values = x.view(real), cuda.contiguous(values).view(real)
    rows, values = _rows(rows), cuda.contiguous(values)
    keys, order = _sorted(rows, x.shape[0])
    n, width = values.shape
    chunks = -(-n // _CHUNK)
    parts = cuda.empty((2, chunks, width), dtypes.accumulator(x.dtype))
    grid, block = (chunks, min(-(-width // 256), 1024)), min(256, -(-width // 32) * 32)
    sizes = np.int64(n), np.int64(x.shape[0]), np.int64(width)
    kind = _OPS[how], x.dtype
    kernels.combine_chunks[kind](grid, (values, keys, order, x, parts, *sizes), block=block)
    kernels.combine_parts[kind](grid, (keys, x, parts, *sizes), block=block)


def _sorted(rows: Any, count: int) -> tuple[Any, Any]:
    """The row numbers in order, and where each stood: a stable radix sort over as many bytes as `count` has."""
    n, tiles = rows.size, -(-rows.size // _TILE)
    keys, order = cuda.empty((n,), np.int64), cuda.empty((n,), np.int64)
    kernels.sort_keys[rows.dtype](
        -(-n // 256), (rows, keys, order, np.int64(n), np.int64(count), cuda.error_flag("scatter"))
    )
    counts, totals = cuda.empty((256, tiles), np.int64), cuda.empty((256,), np.int64)
    for shift in range(0, count.bit_length(), 8):
        to = cuda.empty((n,), np.int64), cuda.empty((n,), np.int64)
        kernels.sort_count(tiles, (keys, counts, np.int64(n), np.int32(shift)))
        kernels.sort_scan(256, (counts, totals, np.int64(tiles)))
        kernels.sort_place(tiles, (keys, order, counts, totals, *to, np.int64(n), np.int32(shift)))
        keys, order = to
    return keys, order


# -- gather


def _gathered(shape: tuple[int, ...], indices: tuple[int, ...], axis: int, batch_dims: int) -> tuple[int, ...]:
    return (*shape[:axis], *indices[batch_dims:], *shape[axis + 1 :])


def as_matrix(x: Any, axis: int) -> Any:
    """`x` with a row for each index into its axes 0 to `axis`."""
    return x.reshape(math.prod(x.shape[: axis + 1]), math.prod(x.shape[axis + 1 :]))


@op(mixed=("indices",))
def gather_axis(xp, params, indices, *, axis=0, batch_dims=0, sparse=False):
    """Slices of `params` along `axis`, where the first `batch_dims` axes of both go together. 0 <= batch_dims <= axis.

    sparse: whether the gradient along axis 0 is IndexedSlices.
    """
    check_range(xp, indices, params.shape[axis])
    rows = axis_rows(xp, indices, params.shape, axis, batch_dims)
    return take_rows(xp, as_matrix(params, axis), rows).reshape(
        _gathered(params.shape, indices.shape, axis, batch_dims)
    )


@gather_axis.kernel
def _(params, indices, *, axis, batch_dims, sparse):
    rows = axis_rows(cuda.array_module(indices), indices, params.shape, axis, batch_dims)
    y = device_take_rows(as_matrix(params, axis), rows)
    return y.reshape(_gathered(params.shape, indices.shape, axis, batch_dims))


@gather_axis.gradient
def _(dy, params_shape, indices, axis, batch_dims, sparse):
    if sparse and axis == 0:
        n = math.prod(indices._array.shape)
        values = OPS["reshape"](dy, (n, *params_shape[1:]))
        return IndexedSlices(values, OPS["reshape"](indices, (n,)), TensorShape(params_shape)), None
    return scatter_axis(dy, indices, shape=tuple(params_shape), axis=axis, batch_dims=batch_dims), None


@op(mixed=("indices",))
def scatter_axis(xp, values, indices, *, shape, axis=0, batch_dims=0):
    """The gradient of gather_axis: zeros of `shape` to which slices are added where they came from, in their order."""
    check_range(xp, indices, shape[axis])
    x = xp.zeros(shape, values.dtype)
    rows = axis_rows(xp, indices, shape, axis, batch_dims)
    combine_rows(xp, as_matrix(x, axis), rows, values.reshape(rows.size, math.prod(shape[axis + 1 :])), "add")
    return x


@scatter_axis.kernel
def _(values, indices, *, shape, axis, batch_dims):
    x = cuda.zeros(shape, values.dtype)
    rows = axis_rows(cuda.array_module(indices), indices, shape, axis, batch_dims)
    device_combine_rows(as_matrix(x, axis), rows, values.reshape(rows.size, math.prod(shape[axis + 1 :])), "add")
    return x


@scatter_axis.gradient
def _(dy, indices, axis, batch_dims):
    return gather_axis(dy, indices, axis=axis, batch_dims=batch_dims), None


@public
def scatter_rows(values: Any, indices: Any, *, rows: int) -> Any:
    """A dense tensor (rows, ...) that is zero but for `values` (n, ...), added to the rows `indices` (n,)."""
    values = as_tensor(values)
    return scatter_axis(values, indices, shape=(rows, *values._array.shape[1:]))


@public
def gather(
    params: Any,
    indices: Any,
    validate_indices: bool | None = None,
    axis: Any = None,
    batch_dims: int = 0,
    name: str | None = None,
) -> Any:
    """The slices of `params` along `axis` that the integer tensor `indices` names.

    Shape: params.shape[:axis] + indices.shape[batch_dims:] + params.shape[axis + 1:].

    Args:
        axis: default `batch_dims`, the first axis that is no batch. Negative ones count from the end.
        batch_dims: how many leading axes of params and indices go together; at most `axis`.

    The gradient with respect to params along axis 0 is tf.IndexedSlices. An index outside [0, params.shape[axis])
    raises InvalidArgumentError on the CPU; on a GPU it reads zeros and sets the error flag. InvalidArgumentError also
    for indices that are no integers, axes that do not exist and batches that do not match.

    >>> import gputape as tf
    >>> tf.gather([[1, 2], [3, 4], [5, 6]], [2, 0]).numpy().tolist()
    [[5, 6], [1, 2]]
    >>> tf.gather([[1, 2], [3, 4]], [[1], [0]], batch_dims=1).numpy().tolist()
    [[2], [3]]
    """
    params = params if isinstance(params, Array) else as_tensor(params)
    indices = integers("GatherV2", indices)
    axis, batch_dims = static(batch_dims if axis is None else axis), static(batch_dims)
    shape, ids = tuple(params._array.shape), tuple(indices._array.shape)
    axis, batch_dims = axis + len(shape) * (axis < 0), batch_dims + len(ids) * (batch_dims < 0)
    if not 0 <= axis < len(shape):
        raise InvalidArgumentError(
            f"gather: params {shape} has no axis {axis}: it has {len(shape)} dimensions [Op:GatherV2]"
        )
    if not 0 <= batch_dims <= min(axis, len(ids)) or shape[:batch_dims] != ids[:batch_dims]:
        raise InvalidArgumentError(
            f"gather: params {shape}, indices {ids}, axis={axis}, batch_dims={batch_dims}: the first batch_dims sizes "
            f"of params must equal those of indices, and batch_dims be at most axis [Op:GatherV2]"
        )
    return gather_axis(params, indices, axis=axis, batch_dims=batch_dims, sparse=True)


@public
def batch_gather(params: Any, indices: Any, name: str | None = None) -> Any:
    """`gather` whose batch axes are all axes of `indices` but the last. Reference: tf.compat.v1.batch_gather.

    >>> import gputape as tf
    >>> tf.compat.v1.batch_gather([[1, 2], [3, 4]], [[1], [0]]).numpy().tolist()
    [[2], [3]]
    """
    indices = integers("BatchGather", indices)
    return gather(params, indices, batch_dims=indices._array.ndim - 1)


@public
def embedding_lookup(params: Any, ids: Any, max_norm: float | None = None, name: str | None = None) -> Any:
    """Rows of the table `params` (vocabulary, ...) by number: shape ids.shape + params.shape[1:].

    Args:
        params: one table, or a list of its consecutive parts.
        max_norm: rows of a larger Euclidean norm are scaled down to it.

    >>> import gputape as tf
    >>> tf.nn.embedding_lookup([[1.0, 2.0], [3.0, 4.0]], [1]).numpy()
    array([[3., 4.]], dtype=float32)
    """
    if isinstance(params, (list, tuple)) and params and all(isinstance(p, Array) for p in params):
        params = OPS["concat"](list(params), 0) if len(params) > 1 else params[0]
    found = gather(params, ids)
    if max_norm is None:
        return found
    rank = len(found._array.shape)
    return OPS["clip_by_norm"](found, max_norm, axes=list(range(np.ndim(as_tensor(ids)._array), rank)))


# -- one_hot


@op(mixed=("indices",))
def one_hot_axis(xp, indices, on, off, *, depth, axis):
    """`on` where the position along the new `axis` of size `depth` is the index, `off` elsewhere."""
    steps = xp.arange(depth).reshape((depth,) + (1,) * (indices.ndim - axis))
    return xp.where(xp.expand_dims(indices, axis) == steps, on, off)


@one_hot_axis.kernel
def _(indices, on, off, *, depth, axis):
    indices = _rows(indices)
    y = cuda.empty((*indices.shape[:axis], depth, *indices.shape[axis:]), on.dtype)
    if y.size:
        inner = math.prod(indices.shape[axis:])
        width = depth if inner == 1 else inner
        sizes = np.int64(y.size // width), np.int64(width), np.int64(depth), np.int64(inner)
        kernel = kernels.one_hot_forward[_WORDS[y.dtype.itemsize], indices.dtype]
        kernel(_grid(y.size // width, width), (indices, on, off, y, *sizes), block=(32, 8))
    return y


@public
def one_hot(
    indices: Any,
    depth: Any,
    on_value: Any = None,
    off_value: Any = None,
    axis: int | None = None,
    dtype: Any = None,
    name: str | None = None,
) -> Any:
    """A tensor with one axis more than `indices`, of size `depth`: `on_value` at the index, `off_value` elsewhere.

    Args:
        on_value, off_value: scalars; default 1 and 0 of `dtype`.
        axis: where the new axis goes. Default: the last.
        dtype: default that of on_value or off_value, else float32.

    Indices outside [0, depth) give `off_value` throughout. TypeError for values of different dtypes,
    InvalidArgumentError for a negative depth, an axis that does not exist and indices that are no integers.

    >>> import gputape as tf
    >>> tf.one_hot([0, 2, -1], 3).numpy()
    array([[1., 0., 0.],
           [0., 0., 1.],
           [0., 0., 0.]], dtype=float32)
    """
    given = [
        None if v is None else as_tensor(v, None if dtype is None else as_dtype(dtype).numpy)
        for v in (on_value, off_value)
    ]
    kinds = [v.dtype for v in given if v is not None]
    kind = as_dtype(dtype) if dtype is not None else kinds[0] if kinds else as_dtype("float32")
    for which, value in zip(("on_value", "off_value"), given):
        if value is not None and value.dtype != kind:
            raise TypeError(f"one_hot: {which} has dtype {value.dtype.name}, it must be {kind.name}")
    if kind in ("bool", "string") and None in given:
        raise TypeError(f"one_hot: dtype {kind.name} needs on_value and off_value: 1 and 0 are the defaults")
    on, off = [as_tensor(np.asarray(d, kind.numpy)) if v is None else v for v, d in zip(given, (1, 0))]
    indices, depth = integers("OneHot", indices), static(depth)
    rank = len(indices._array.shape)
    place = rank if axis in (None, -1) else axis
    if depth < 0:
        raise InvalidArgumentError(f"one_hot: depth must be non-negative, got: {depth} [Op:OneHot]")
    if not 0 <= place <= rank:
        raise InvalidArgumentError(f"one_hot: Expected axis to be -1 or between [0, {rank}], got {axis} [Op:OneHot]")
    return one_hot_axis(indices, on, off, depth=depth, axis=place)


NAMES = {
    "tf.gather": gather,
    "tf.compat.v1.batch_gather": batch_gather,
    "tf.nn.embedding_lookup": embedding_lookup,
    "tf.one_hot": one_hot,
}
