"""Shapes: asking for them, and changing them without moving an element."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from ..dtypes import as_dtype
from ..errors import InvalidArgumentError
from ..op import op, public
from ..registry import OPS
from ..tensor import Array, SymbolicInput, Tensor, as_tensor
from ..tensor_shape import TensorShape


def static(value: Any) -> Any:
    """`value` as Python ints: an int for a scalar, nested tuples for lists, arrays and tensors; None stays None.

    For arguments that decide an output's shape. Reading a tensor on the device waits for it; shapes live on the host.
    """
    if isinstance(value, Array):
        value = value._read("a shape or axis given as a tensor")
    if isinstance(value, np.ndarray):
        if value.dtype.kind not in "iu" and value.size:
            raise TypeError(f"a shape, axis or size must be an integer, not dtype {value.dtype}")
        value = value.tolist()
    if isinstance(value, (list, tuple, range)):
        return tuple([static(v) for v in value])
    if hasattr(type(value), "__gputape_op__"):
        raise SymbolicInput(value)
    return None if value is None else operator.index(value)


def static_shape(value: Any) -> tuple[int, ...]:
    """`value` as a shape: a scalar is a vector's length."""
    shape = static(value)
    return shape if isinstance(shape, tuple) else (shape,)


def axis_of(name: str, axis: Any, rank: int, extra: int = 0) -> int:
    """`axis` counted from the front; InvalidArgumentError outside [-rank, rank). `extra`: places one may insert at."""
    k = static(axis)
    rank += extra
    if not -rank <= k < rank:
        raise InvalidArgumentError(
            f"{name}: axis = {k} is not in [{-rank}, {rank}), the axes of a tensor of rank {rank - extra} [Op:{name}]"
        )
    return int(k + rank if k < 0 else k)


# -- asking


def _host(value: Any, dtype: Any) -> Any:
    """Shapes stay on the host, where they are needed."""
    return Tensor(np.asarray(value, as_dtype(dtype).numpy))


@public
def shape(input: Any, out_type: Any = None, name: str | None = None) -> Any:
    """The shape of `input` as a 1-D tensor of `out_type` (default int32).

    >>> import gputape as tf
    >>> tf.shape(tf.zeros([2, 3])).numpy()
    array([2, 3], dtype=int32)
    """
    return _host(as_tensor(input)._array.shape, out_type or "int32")


@public
def shape_n(input: Any, out_type: Any = "int32", name: str | None = None) -> Any:
    """The shapes of several tensors, a list of 1-D tensors of `out_type`."""
    return [_host(as_tensor(x)._array.shape, out_type) for x in input]


@public
def size(input: Any, out_type: Any = None, name: str | None = None) -> Any:
    """The number of elements, a scalar of `out_type` (default int32)."""
    return _host(as_tensor(input)._array.size, out_type or "int32")


@public
def rank(input: Any, name: str | None = None) -> Any:
    """The number of axes, an int32 scalar."""
    return _host(as_tensor(input)._array.ndim, "int32")


@public
def broadcast_static_shape(shape_x: Any, shape_y: Any) -> TensorShape:
    """`shape_x` and `shape_y` broadcast together, None where a size is unknown. ValueError if they do not fit."""
    x, y = TensorShape(shape_x), TensorShape(shape_y)
    if x.rank is None or y.rank is None:
        return TensorShape(None)
    dims: list[Any] = []
    width = max(len(x), len(y))
    for a, b in zip((1,) * (width - len(x)) + tuple(x), (1,) * (width - len(y)) + tuple(y), strict=True):
        if a == 1 or (a is None and b not in (None, 1)):
            dims.append(b)
        elif b == 1 or b is None or a is None or a == b:
            dims.append(None if b == 1 and a is None else a)
        else:
            raise ValueError(f"Incompatible shapes for broadcasting: {x} and {y}: sizes must be equal or 1")
    return TensorShape(dims)


@public
def broadcast_dynamic_shape(shape_x: Any, shape_y: Any) -> Any:
    """The shape of two shapes (1-D integer tensors) broadcast together, a 1-D tensor."""
    x, y = as_tensor(shape_x), as_tensor(shape_y)
    try:
        return _host(np.broadcast_shapes(static(x), static(y)), x.dtype)
    except ValueError:
        raise InvalidArgumentError(
            f"broadcast_dynamic_shape: Incompatible shapes {static(x)} and {static(y)}: sizes must be equal or 1"
        ) from None


@public
def ensure_shape(x: Any, shape: Any, name: str | None = None) -> Any:
    """`x` itself if its shape agrees with `shape` (None for unknown sizes); InvalidArgumentError otherwise."""
    x = as_tensor(x)
    if not x.shape.is_compatible_with(shape):
        raise InvalidArgumentError(
            f"ensure_shape: x has shape {x.shape}, which is not compatible with shape {TensorShape(shape)}"
        )
    return x


# -- the same elements in another shape


@op
def view(xp, x, *, shape):
    return x.reshape(shape)


@view.gradient
def _(dy, x_shape):
    return view(dy, shape=x_shape)


@public
def reshape(tensor: Any, shape: Any, name: str | None = None) -> Any:
    """The elements of `tensor` in row-major order in a new `shape`; one size may be -1, which means what is left.

    InvalidArgumentError if the number of elements differs.

    >>> import gputape as tf
    >>> tf.reshape([[1, 2], [3, 4]], [-1]).numpy()
    array([1, 2, 3, 4], dtype=int32)
    """
    x = as_tensor(tensor)
    return view(x, shape=_resolved(x._array, static_shape(shape)))


def _resolved(array: Any, wanted: tuple[int, ...]) -> tuple[int, ...]:
    """`wanted` with its -1 filled in."""
    if any(s is None or s < -1 for s in wanted) or wanted.count(-1) > 1:
        raise InvalidArgumentError(
            f"reshape: shape {list(wanted)}: sizes must be >= 0, and only one may be -1 (unknown) [Op:Reshape]"
        )
    known, size = math.prod(s for s in wanted if s != -1), array.size
    if -1 in wanted:
        if known == 0 == size:  # the sizes that are not zero decide
            known, size = (math.prod(s for s in shape if s > 0) for shape in (wanted, array.shape))
        if known == 0 or size % known:
            raise InvalidArgumentError(
                f"reshape: Input to reshape is a tensor with {size} values, but the requested shape requires a "
                f"multiple of {known}: tensor has shape {array.shape}, shape is {list(wanted)} [Op:Reshape]"
            )
        return tuple([size // known if s == -1 else s for s in wanted])
    if known != size:
        raise InvalidArgumentError(
            f"reshape: Input to reshape is a tensor with {size} values, but the requested shape has {known}: tensor "
            f"has shape {array.shape}, shape is {list(wanted)} [Op:Reshape]"
        )
    return wanted


@public
def expand_dims(input: Any, axis: Any, name: str | None = None) -> Any:
    """`input` with an axis of size 1 inserted at `axis` (negative: counted from the end of the result).

    >>> import gputape as tf
    >>> tf.expand_dims([1, 2], -1).shape
    TensorShape([2, 1])
    """
    x = as_tensor(input)
    old = x._array.shape
    k = axis_of("expand_dims", axis, len(old), 1)
    return view(x, shape=(*old[:k], 1, *old[k:]))


@public
def squeeze(input: Any, axis: Any = None, name: str | None = None) -> Any:
    """`input` without its axes of size 1, or without those in `axis` (an int or a list).

    InvalidArgumentError if an axis in `axis` has another size.
    """
    x = as_tensor(input)
    old = x._array.shape
    if axis is None or axis == []:
        return view(x, shape=tuple([s for s in old if s != 1]))
    gone = {axis_of("squeeze", k, len(old)) for k in static_shape(axis)}
    for k in sorted(gone):
        if old[k] != 1:
            raise InvalidArgumentError(
                f"squeeze: Can not squeeze dim[{k}], expected a dimension of 1, got {old[k]}: input has shape {old} "
                f"[Op:Squeeze]"
            )
    return view(x, shape=tuple([s for k, s in enumerate(old) if k not in gone]))


@op
def expanded(xp, x, *, shape):
    return xp.broadcast_to(x, shape)


@expanded.gradient
def _(dy, x_shape):
    return OPS["sum_to"](dy, shape=x_shape)


@public
def broadcast_to(input: Any, shape: Any, name: str | None = None) -> Any:
    """`input` repeated along axes of size 1 and new leading axes until it has `shape`; on NumPy and CuPy a view.

    InvalidArgumentError if a size is neither 1 nor the wanted one.
    """
    x, wanted = as_tensor(input), static_shape(shape)
    wanted = tuple([x._array.shape[k - len(wanted)] if s == -1 else s for k, s in enumerate(wanted)])
    return x if x._array.shape == wanted else expanded(x, shape=wanted)


@op
def bits(xp, x, *, dtype):
    old, new = x.dtype.itemsize, dtype.itemsize
    x = xp.ascontiguousarray(x)
    if new == old:
        return x.view(dtype)
    if new < old:
        return x.reshape(*x.shape, 1).view(dtype)
    if not x.ndim or x.shape[-1] != new // old:
        raise ValueError(f"the last axis must have size {new // old} to become {dtype}")
    return x.view(dtype).reshape(x.shape[:-1])


@public
def bitcast(input: Any, type: Any, name: str | None = None) -> Any:
    """The bytes of `input` read as `type`: a smaller type adds a last axis, a larger one takes the last axis away."""
    return bits(input, dtype=as_dtype(type).numpy)


@public
def identity_n(input: Any, name: str | None = None) -> Any:
    """The tensors of a list, each as it is."""
    return [OPS["identity"](as_tensor(x)) for x in input]


@public
def unravel_index(indices: Any, dims: Any, name: str | None = None) -> Any:
    """Flat indices as coordinates in an array of shape `dims`: shape (len(dims), ...).

    InvalidArgumentError out of bounds.
    """
    flat, sizes = as_tensor(indices), static_shape(dims)
    return coordinates(flat, dims=sizes)


@op
def coordinates(xp, indices, *, dims):
    if indices.size and not (int(indices.min()) >= 0 and int(indices.max()) < math.prod(dims)):
        raise InvalidArgumentError(f"unravel_index: index is out of bound as with dims {list(dims)}")
    return xp.stack(xp.unravel_index(indices, dims)).astype(indices.dtype)


NAMES = {
    "tf.shape": shape,
    "tf.shape_n": shape_n,
    "tf.size": size,
    "tf.rank": rank,
    "tf.broadcast_static_shape": broadcast_static_shape,
    "tf.broadcast_dynamic_shape": broadcast_dynamic_shape,
    "tf.ensure_shape": ensure_shape,
    "tf.reshape": reshape,
    "tf.expand_dims": expand_dims,
    "tf.squeeze": squeeze,
    "tf.broadcast_to": broadcast_to,
    "tf.bitcast": bitcast,
    "tf.identity_n": identity_n,
    "tf.unravel_index": unravel_index,
}
