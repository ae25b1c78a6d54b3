"""Tensors from nothing: zeros, ranges, grids and masks."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import cuda
from ..dtypes import DType, as_dtype
from ..errors import InvalidArgumentError
from ..op import public
from ..registry import OPS
from ..tensor import Array, Tensor, as_tensor, placed
from .shape import axis_of, static, static_shape


def _module(dtype: DType) -> Any:
    """numpy or cupy: where new arrays of `dtype` live."""
    return cuda.array_module(placed(np.empty(0, dtype.numpy)))


@public
def zeros(shape: Any, dtype: Any = "float32", name: str | None = None, layout: Any = None) -> Any:
    """A tensor of zeros (False, empty strings) of `shape` and `dtype` (default float32).

    >>> import gputape as tf
    >>> tf.zeros([2]).numpy()
    array([0., 0.], dtype=float32)
    """
    kind = as_dtype(dtype)
    if kind == "string":
        return Tensor(np.full(static_shape(shape), b"", object))
    return Tensor(_module(kind).zeros(_sizes("zeros", shape), kind.numpy))


@public
def ones(shape: Any, dtype: Any = "float32", name: str | None = None, layout: Any = None) -> Any:
    """A tensor of ones of `shape` and `dtype` (default float32)."""
    kind = as_dtype(dtype)
    return Tensor(_module(kind).ones(_sizes("ones", shape), kind.numpy))


def _sizes(name: str, shape: Any) -> tuple[int, ...]:
    sizes = static_shape(shape)
    if any(s is None or s < 0 for s in sizes):
        raise InvalidArgumentError(f"{name}: shape {list(sizes)}: sizes must be known and >= 0")
    return sizes


@public
def fill(dims: Any, value: Any, name: str | None = None, layout: Any = None) -> Any:
    """A tensor of shape `dims` filled with the scalar `value`, to which gradients flow."""
    return OPS["broadcast_to"](as_tensor(value), _sizes("fill", dims))


@public
def eye(
    num_rows: Any, num_columns: Any = None, batch_shape: Any = None, dtype: Any = "float32", name: str | None = None
) -> Any:
    """The identity matrix of shape (num_rows, num_columns or num_rows), repeated over `batch_shape` if given."""
    kind = as_dtype(dtype)
    rows = static(num_rows)
    made = Tensor(_module(kind).eye(rows, rows if num_columns is None else static(num_columns), dtype=kind.numpy))
    if batch_shape is None:
        return made
    return OPS["broadcast_to"](made, (*static_shape(batch_shape), *made._array.shape))


def _number(value: Any, dtype: Any = None) -> Any:
    """A scalar argument as a NumPy scalar of `dtype`, or of TensorFlow's dtype for it."""
    if isinstance(value, Array):
        return value._read("a bound of tf.range given as a tensor")
    return as_tensor(value).numpy() if dtype is None else np.asarray(value).astype(dtype)[()]


@public
def range_(start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None, name: str = "range") -> Any:
    """The numbers start, start + delta, ... before `limit`; `range(limit)` starts at 0.

    dtype: default the widest of int32, int64, float32, float64 among the arguments. InvalidArgumentError if delta is 0
    or leads away from the limit.

    >>> import gputape as tf
    >>> tf.range(3, 18, 6).numpy()
    array([ 3,  9, 15], dtype=int32)
    """
    if limit is None:
        start, limit = 0, start
    exact = as_dtype(dtype).numpy if dtype is not None else None  # Python's numbers are not rounded to float32 first
    first, last, step = (_number(v, exact) for v in (start, limit, delta))
    for which, value in (("start", first), ("limit", last), ("delta", step)):
        if np.ndim(value):
            raise InvalidArgumentError(f"range: {which} must be a scalar, not shape {list(np.shape(value))} [Op:Range]")
    order = [as_dtype(d).numpy for d in ("int32", "int64", "float32", "float64")]
    kind = exact or max((as_dtype(v.dtype).numpy for v in (first, last, step)), key=lambda d: _place(order, d))
    if step == 0:
        raise InvalidArgumentError("range: Requires delta != 0: 0 [Op:Range]")
    if (step > 0 and first > last) or (step < 0 and first < last):
        sign = "<=" if step > 0 else ">="
        raise InvalidArgumentError(
            f"range: Requires start {sign} limit when delta {'>' if step > 0 else '<'} 0: {first}/{last} [Op:Range]"
        )
    # In the dtype's own arithmetic, as TensorFlow: (1.1 - 0.1) / 0.1 is 10 in float32, and more than 10 in float64.
    first, last, step = (np.asarray(v, np.int64 if as_dtype(kind).is_integer else kind) for v in (first, last, step))
    count = max(0, int(np.ceil((last - first) / step)))
    return Tensor(placed((np.arange(count).astype(first.dtype) * step + first).astype(kind)))


def _place(order: list[Any], dtype: Any) -> int:
    return order.index(dtype) if dtype in order else -1


@public
def linspace(start: Any, stop: Any, num: Any, name: str | None = None, axis: Any = 0) -> Any:
    """`num` evenly spaced values from `start` to `stop` inclusive, along a new `axis`; gradients flow to both.

    start and stop broadcast; integers become float64, as in TensorFlow. InvalidArgumentError for num < 0.
    """
    first = as_tensor(start)
    last = as_tensor(stop, first._array.dtype)
    if not first.dtype.is_floating:
        first, last = OPS["cast"](first, "float64"), OPS["cast"](last, "float64")
    count = static(num)
    if count < 0:
        raise InvalidArgumentError(f"linspace: num must be >= 0, got {count}")
    shape = np.broadcast_shapes(first._array.shape, last._array.shape)
    k = axis_of("linspace", axis, len(shape), 1)
    first, last = (OPS["expand_dims"](OPS["broadcast_to"](v, shape), k) for v in (first, last))
    if count < 2:
        return OPS["repeat"](first, count, axis=k)
    steps = np.arange(1, count - 1).reshape([-1] + [1] * (len(shape) - k)).astype(first._array.dtype)
    delta = OPS["divide"](OPS["subtract"](last, first), float(count - 1))
    inner = OPS["add"](first, OPS["multiply"](delta, Tensor(placed(steps))))
    return OPS["concat"]([first, inner, last], k)


@public
def meshgrid(*args: Any, **kwargs: Any) -> Any:
    """Coordinate arrays for n 1-D tensors, each of shape (len(args[0]), len(args[1]), ...).

    indexing: "xy" (default: the first two axes swapped) or "ij". Gradients flow to the arguments.
    """
    indexing = kwargs.pop("indexing", "xy")
    kwargs.pop("name", None)
    if kwargs:
        raise TypeError(f"meshgrid() got unexpected keyword arguments {sorted(kwargs)}")
    if indexing not in ("xy", "ij"):
        raise ValueError(f"Argument `indexing` parameter must be either 'xy' or 'ij', got '{indexing}'")
    axes = list(range(len(args)))
    if indexing == "xy" and len(args) > 1:
        axes[:2] = [1, 0]
    tensors = [as_tensor(a) for a in args]
    shape = [0] * len(args)
    for k, x in zip(axes, tensors, strict=True):
        shape[k] = x._array.size
    lines = [[-1 if j == k else 1 for j in range(len(args))] for k in axes]
    return [OPS["broadcast_to"](OPS["reshape"](x, line), shape) for x, line in zip(tensors, lines, strict=True)]


@public
def sequence_mask(lengths: Any, maxlen: Any = None, dtype: Any = "bool", name: str | None = None) -> Any:
    """mask[..., j] = j < lengths[...], of shape lengths.shape + (maxlen,).

    maxlen: default the largest length, which is read from the device. dtype: default bool.

    >>> import gputape as tf
    >>> tf.sequence_mask([1, 3], dtype=tf.int32).numpy()
    array([[1, 0, 0],
           [1, 1, 1]], dtype=int32)
    """
    lengths = as_tensor(lengths)
    if maxlen is None:
        maxlen = max(0, int(lengths._read("sequence_mask without maxlen").max(initial=0)))
    row = Tensor(placed(np.arange(static(maxlen), dtype=lengths._array.dtype)))
    mask = OPS["less"](row, OPS["expand_dims"](lengths, -1))
    return mask if as_dtype(dtype) == "bool" else OPS["cast"](mask, dtype)


NAMES = {
    "tf.zeros": zeros,
    "tf.ones": ones,
    "tf.fill": fill,
    "tf.eye": eye,
    "tf.linalg.eye": eye,
    "tf.range": range_,
    "tf.linspace": linspace,
    "tf.meshgrid": meshgrid,
    "tf.sequence_mask": sequence_mask,
}
