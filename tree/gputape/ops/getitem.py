"""`x[...]` as TensorFlow's tensors understand it, boolean masks, and `tf.where`."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from ..errors import InvalidArgumentError
from ..op import op, public
from ..registry import OPS
from ..tensor import Array, SymbolicInput, as_tensor
from .index import gather_axis
from .shape import axis_of


@op
def subscript(xp, x, *, key):
    """NumPy's basic indexing: a view. `key` is a tuple with an Ellipsis in it, so that the result is never a scalar."""
    return x[key]


@subscript.gradient
def _(dy, x_shape, key):
    return unsubscript(dy, key=key, shape=tuple(x_shape))


@op
def unsubscript(xp, y, *, key, shape):
    """The gradient of subscript: zeros of `shape` with `y` where the view looks."""
    x = xp.zeros(shape, y.dtype)
    x[key] = y
    return x


@unsubscript.gradient
def _(dy, key):
    return subscript(dy, key=key)


def _is_mask(key: Any) -> bool:
    if isinstance(key, Array):
        return bool(key.dtype.is_bool)
    return isinstance(key, (bool, np.bool_)) or (isinstance(key, np.ndarray) and key.dtype.kind == "b")


def _bad(item: Any) -> TypeError:
    return TypeError(
        "Only integers, slices (`:`), ellipsis (`...`), tf.newaxis (`None`) and scalar tf.int32/tf.int64 tensors are "
        f"valid indices, got {item!r}: use tf.gather for lists of indices"
    )


def _item(item: Any) -> Any:
    """One part of a key in Python's terms; an integer scalar tensor stays a tensor."""
    if item is None or item is Ellipsis:
        return item
    if isinstance(item, slice):
        if item.step is not None and operator.index(item.step) == 0:
            raise InvalidArgumentError("strides must be non-zero: a slice of step 0 [Op:StridedSlice]")
        return slice(*[None if v is None else operator.index(v) for v in (item.start, item.stop, item.step)])
    if hasattr(type(item), "__gputape_op__"):
        raise SymbolicInput(item)
    if isinstance(item, Array):
        if item._array.ndim or item.dtype not in ("int16", "int32", "int64"):
            raise _bad(item)
        return item
    if isinstance(item, (bool, np.bool_)) or (isinstance(item, np.ndarray) and item.ndim):
        raise _bad(item)
    try:
        return operator.index(item)
    except TypeError:
        raise _bad(item) from None


@public
def getitem(x: Any, key: Any) -> Any:
    """`x[key]`: integers, slices, `...`, tf.newaxis, scalar integer tensors, or one boolean mask.

    A list counts as a tuple. Slices are views on NumPy and CuPy. TypeError for other keys, InvalidArgumentError for an
    index out of range, a step of 0 and more indices than x has dimensions.

    >>> import gputape as tf
    >>> x = tf.constant([[1, 2, 3], [4, 5, 6]])
    >>> x[1, ::2].numpy(), x[x > 4].numpy()
    (array([4, 6], dtype=int32), array([5, 6], dtype=int32))
    """
    if type(key) is int:
        return subscript(x, key=(key, Ellipsis))
    if _is_mask(key):
        return boolean_mask(x, key)
    items = [_item(i) for i in (key if isinstance(key, (list, tuple)) else (key,))]
    rank = len(x._array.shape)
    ellipses = sum(i is Ellipsis for i in items)
    missing = rank - sum(i is not None and i is not Ellipsis for i in items)
    if ellipses > 1:
        raise InvalidArgumentError("Multiple ellipses in slice spec not allowed [Op:StridedSlice]")
    if missing < 0:
        raise InvalidArgumentError(
            f"Index out of range using input dim {rank}; input has only {rank} dims: {rank - missing} indices for "
            f"shape {tuple(x._array.shape)} [Op:StridedSlice]"
        )
    if not ellipses:
        items.append(Ellipsis)
    if not any(isinstance(i, Array) for i in items):
        return subscript(x, key=tuple(items))
    return _at_tensors(x, items, missing)


def _at_tensors(x: Any, items: list[Any], missing: int) -> Any:
    """The part of a key that is known takes a view; then each scalar tensor picks along its axis, unread."""
    y = subscript(x, key=tuple([slice(None) if isinstance(i, Array) else i for i in items]))
    axis, picks = 0, []
    for i in items:
        if isinstance(i, Array):
            picks.append((axis, i))
        axis += missing if i is Ellipsis else 0 if isinstance(i, int) else 1
    for axis, index in reversed(picks):
        size = y._array.shape[axis]
        y = gather_axis(y, OPS["select"](index < 0, index + size, index), axis=axis)
    return y


# -- masks


@op(dynamic=True)
def nonzero(xp, condition):
    """The coordinates (n, rank) of the elements that are not zero, in row-major order."""
    return xp.argwhere(condition).astype(np.int64, copy=False)


@public
def where(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Any:
    """With `x` and `y`: their elements by `condition` (bool), all broadcast. Alone: where it is true, as (n, rank).

    The short form depends on values, so a tf.function cannot replay it. The gradient of the long form is zero for what
    is not chosen, even where the other side's gradient is NaN. ValueError if only one of x and y is given,
    InvalidArgumentError for a scalar condition alone.

    >>> import gputape as tf
    >>> tf.where([True, False], [1, 2], 0).numpy(), tf.where([False, True]).numpy().tolist()
    (array([1, 0], dtype=int32), [[1]])
    """
    if (x is None) != (y is None):
        raise ValueError("x and y must both be non-None or both be None.")
    if x is not None:
        return OPS["select"](as_tensor(condition, np.dtype(bool)), x, y)
    condition = as_tensor(condition)
    if not condition._array.ndim:
        raise InvalidArgumentError("where: condition is a scalar, it must have at least 1 dimension [Op:Where]")
    return nonzero(condition)


@public
def boolean_mask(tensor: Any, mask: Any, axis: Any = None, name: str | None = "boolean_mask") -> Any:
    """The slices of `tensor` where `mask` is true: its axes from `axis` (default 0) on, as many as mask has, become 1.

    ValueError for a scalar mask and for one of another shape than those axes.

    >>> import gputape as tf
    >>> tf.boolean_mask([[1, 2], [3, 4], [5, 6]], [True, False, True]).numpy().tolist()
    [[1, 2], [5, 6]]
    """
    tensor, mask = tensor if isinstance(tensor, Array) else as_tensor(tensor), as_tensor(mask)
    shape, masked = tuple(tensor._array.shape), tuple(mask._array.shape)
    if not masked:
        raise ValueError("mask cannot be scalar.")
    at = 0 if axis is None else axis_of("boolean_mask", axis, len(shape))
    end = at + len(masked)
    if shape[at:end] != masked:
        raise ValueError(
            f"boolean_mask: Shapes {shape[at:end]} and {masked} are incompatible: mask must have the shape of tensor "
            f"{shape} from axis {at} on"
        )
    flat = OPS["reshape"](tensor, (*shape[:at], math.prod(masked), *shape[end:])) if len(masked) > 1 else tensor
    rows = OPS["reshape"](nonzero(OPS["reshape"](mask, (math.prod(masked),))), (-1,))
    return gather_axis(flat, rows, axis=at)


NAMES = {"tf.where": where, "tf.boolean_mask": boolean_mask}
