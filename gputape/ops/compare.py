"""Comparisons, logic, bits, and the choice between two tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import InvalidArgumentError
from ..op import elementwise, op, public
from ..tensor import Array, as_tensor
from .domain import boolean, integer, real, real_floating
from .functor import camel, functor


def _truth(made: Any) -> Any:
    """Comparisons of tf.string give NumPy arrays of objects."""
    return made.astype(np.bool_) if made.dtype.kind == "O" else made


@elementwise
def equal(xp, x, y):
    return _truth(xp.equal(x, y))


@elementwise
def not_equal(xp, x, y):
    return _truth(xp.not_equal(x, y))


@elementwise
@real
def less(xp, x, y):
    return xp.less(x, y)


@elementwise
@real
def less_equal(xp, x, y):
    return xp.less_equal(x, y)


@elementwise
@real
def greater(xp, x, y):
    return xp.greater(x, y)


@elementwise
@real
def greater_equal(xp, x, y):
    return xp.greater_equal(x, y)


@public
def tensor_equals(x: Any, y: Any) -> Any:
    """`x == y` of tensors: element by element, or a single False if their shapes do not go together."""
    return equal(x, y) if _fit(x, y) else as_tensor(False)


@public
def tensor_not_equals(x: Any, y: Any) -> Any:
    """`x != y` of tensors: element by element, or a single True if their shapes do not go together."""
    return not_equal(x, y) if _fit(x, y) else as_tensor(True)


def _fit(x: Any, y: Any) -> bool:
    if isinstance(y, Array) and y._array.dtype != x._array.dtype:
        return True  # for the op to say that dtypes differ
    shape = np.shape(y._array if isinstance(y, Array) else y)
    if x._array.shape == shape:
        return True
    try:
        np.broadcast_shapes(x._array.shape, shape)
    except ValueError:
        return False
    return True


@elementwise
@boolean
def logical_and(xp, x, y):
    return xp.logical_and(x, y)


@elementwise
@boolean
def logical_or(xp, x, y):
    return xp.logical_or(x, y)


@elementwise
@boolean
def logical_xor(xp, x, y):
    return xp.logical_xor(x, y)


@elementwise
@boolean
def logical_not(xp, x):
    return xp.logical_not(x)


@elementwise
@real_floating
def is_nan(xp, x):
    return xp.isnan(x)


@elementwise
@real_floating
def is_inf(xp, x):
    return xp.isinf(x)


@elementwise
@real_floating
def is_finite(xp, x):
    return xp.isfinite(x)


@elementwise
@integer
def bitwise_and(xp, x, y):
    return xp.bitwise_and(x, y)


@elementwise
@integer
def bitwise_or(xp, x, y):
    return xp.bitwise_or(x, y)


@elementwise
@integer
def bitwise_xor(xp, x, y):
    return xp.bitwise_xor(x, y)


@elementwise
@integer
def bitwise_invert(xp, x):
    return xp.invert(x)


def _shift(xp: Any, x: Any, y: Any) -> Any:
    """The count `y` within the width of the shifted type, as TensorFlow limits it."""
    last = 8 * (x if hasattr(x, "dtype") else y).dtype.itemsize - 1
    return xp.clip(y, 0, last) if hasattr(y, "dtype") else min(max(y, 0), last)


@elementwise
@integer
def left_shift(xp, x, y):
    """`x * 2**y`; counts beyond the width of the type are limited to it."""
    return xp.left_shift(x, _shift(xp, x, y))


@elementwise
@integer
def right_shift(xp, x, y):
    """`x // 2**y`; counts beyond the width of the type are limited to it."""
    return xp.right_shift(x, _shift(xp, x, y))


@op(mixed=("condition",))
def chosen(xp, condition, x, y):
    return xp.where(condition, x, y)


@chosen.gradient
def _(dy, condition):
    return None, lambda: masked(dy, condition), lambda: unmasked(dy, condition)


@op(mixed=("mask",))
def masked(xp, x, mask):
    """`x` where `mask` holds, 0 elsewhere."""
    return xp.where(mask, x, x.dtype.type(0))


@masked.gradient
def _(dy, mask):
    return lambda: masked(dy, mask), None


@op(mixed=("mask",))
def unmasked(xp, x, mask):
    """0 where `mask` holds, `x` elsewhere."""
    return xp.where(mask, x.dtype.type(0), x)


@unmasked.gradient
def _(dy, mask):
    return lambda: unmasked(dy, mask), None


@public
def select(condition: Any, x: Any, y: Any) -> Any:
    """`x` where `condition` (bool) holds, `y` elsewhere, all broadcast together: `tf.where` of three arguments.

    What is not chosen gets a gradient of zero even where the other side's gradient is NaN.
    """
    if not isinstance(condition, Array):
        condition = as_tensor(condition)
    if condition._array.dtype != np.bool_:
        raise InvalidArgumentError(
            f"select: condition is {condition.dtype.name}, it must be bool: compare first, e.g. x != 0 [Op:SelectV2]"
        )
    if type(y) in (int, float) and y == 0 and isinstance(x, Array):
        return masked(x, condition)
    if type(x) in (int, float) and x == 0 and isinstance(y, Array):
        return unmasked(y, condition)
    return chosen(condition, x, y)


for _op in (equal, not_equal, less, less_equal, greater, greater_equal):
    _op.kernel(functor(camel(_op.name), "fViub", result=np.bool_))
for _op in (logical_and, logical_or, logical_xor, logical_not):
    _op.kernel(functor(camel(_op.name), "b"))
for _op in (is_nan, is_inf, is_finite):
    _op.kernel(functor(camel(_op.name), result=np.bool_))
for _op in (bitwise_and, bitwise_or, bitwise_xor, bitwise_invert, left_shift, right_shift):
    _op.kernel(functor(camel(_op.name), "iu"))
masked.kernel(functor("Masked", "fViu", like=0))
unmasked.kernel(functor("Unmasked", "fViu", like=0))
chosen.kernel(functor("Select", "fViub", like=1))

NAMES = {
    **{f"tf.{f.name}": f for f in (equal, not_equal, less, less_equal, greater, greater_equal)},
    **{f"tf.math.{f.name}": f for f in (equal, not_equal, less, less_equal, greater, greater_equal)},
    **{f"tf.{f.name}": f for f in (logical_and, logical_or, logical_not)},
    **{f"tf.math.{f.name}": f for f in (logical_and, logical_or, logical_not, logical_xor, is_nan, is_inf, is_finite)},
    **{f"tf.bitwise.{f.name}": f for f in (bitwise_and, bitwise_or, bitwise_xor, left_shift, right_shift)},
    "tf.bitwise.invert": bitwise_invert,
}
