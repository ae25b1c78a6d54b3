"""Elementwise arithmetic and functions of several arguments; those of one are in unary.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import InvalidArgumentError
from ..indexed_slices import IndexedSlices, densified
from ..op import elementwise, op, public
from ..tensor import Array, as_tensor
from .cast import zeros_like
from .compare import greater, greater_equal, less_equal, not_equal, select
from .complex import conj
from .domain import numeric, numeric_or_bool, numeric_or_text, real, real_floating
from .functor import camel, functor, kernels_of
from .unary import log

kernels = kernels_of("math.cu")  # the default file of functor(): of this module and of its neighbours


def _dtype(x: Any, y: Any) -> Any:
    """The dtype of two operands, of which one may be a Python number."""
    return (x if hasattr(x, "dtype") else y).dtype


# -- arithmetic


@elementwise
@numeric_or_text
def add(xp, x, y):
    return xp.add(x, y)


@add.gradient
def _(dy):
    return dy, dy


@elementwise
@numeric
def subtract(xp, x, y):
    return xp.subtract(x, y)


@subtract.gradient
def _(dy):
    return dy, lambda: -dy


@elementwise
@numeric_or_bool
def multiply(xp, x, y):
    """x * y; of bools, x and y."""
    return xp.multiply(x, y)


@multiply.gradient
def _(dy, x, y):
    return lambda: dy * conj(y), lambda: dy * conj(x)


@elementwise
@numeric
def divide(xp, x, y):
    """x / y. Integers give floating point numbers: float32 of those of 8 and 16 bits, float64 of the others."""
    dtype = _dtype(x, y)
    if dtype.kind in "iu":
        return xp.divide(x, y, dtype=np.float32 if dtype.itemsize < 4 else np.float64)
    return xp.divide(x, y)


@divide.gradient
def _(dy, x, y):
    return lambda: dy / conj(y), lambda: -dy * conj(x) / (conj(y) * conj(y))


def _integral(xp: Any, name: str, x: Any, y: Any) -> bool:
    """Whether this divides integers. Those by zero are an error on the host; on a device they give 0."""
    if _dtype(x, y).kind not in "iu":
        return False
    if xp is np and not np.all(y):
        raise InvalidArgumentError(f"{name}: Integer division by zero: y holds a 0 [Op:{name}]")
    return True


@elementwise
@real
def floordiv(xp, x, y):
    """The largest whole number below x / y."""
    if _integral(xp, "floordiv", x, y):
        return xp.floor_divide(x, y)
    return xp.floor(xp.divide(x, y))


@elementwise
@real
def floormod(xp, x, y):
    """x - floor(x / y) * y: the remainder with the sign of y."""
    _integral(xp, "floormod", x, y)
    return xp.remainder(x, y)


@floormod.gradient
def _(dy, x, y):
    return dy, lambda: -dy * floordiv(x, y)


@elementwise
@real
def truncatediv(xp, x, y):
    """x / y rounded towards zero."""
    if _integral(xp, "truncatediv", x, y):
        whole = xp.floor_divide(x, y)
        return whole + ((whole < 0) & (whole * y != x))
    return xp.trunc(xp.divide(x, y))


@elementwise
@real
def truncatemod(xp, x, y):
    """x - truncatediv(x, y) * y: the remainder with the sign of x."""
    _integral(xp, "truncatemod", x, y)
    return xp.fmod(x, y)


@truncatemod.gradient
def _(dy, x, y):
    return dy, lambda: -dy * truncatediv(x, y)


@elementwise
@numeric
def pow_(xp, x, y):
    """x ** y. Integers to negative powers are an error."""
    return x**y


@pow_.gradient
def _(dy, x, y):
    return lambda: dy * conj(y) * pow_(conj(x), conj(y) - 1), lambda: dy * conj(pow_(x, y)) * _log_of_base(conj(x))


def _log_of_base(x: Any) -> Any:
    """log(x) where it exists and 0 elsewhere: the gradient of x ** y by y where x is 0 or negative is 0."""
    if not isinstance(x, Array):
        return float(np.log(x)) if x > 0 else 0.0
    exists = not_equal(x, 0) if x._array.dtype.kind == "c" else greater(x, 0)
    return select(exists, log(select(exists, x, 1)), 0)


@elementwise
@numeric
def squared_difference(xp, x, y):
    """(x - y) * conj(x - y)."""
    d = xp.subtract(x, y)
    return d * xp.conj(d) if d.dtype.kind == "c" else xp.multiply(d, d)


@squared_difference.gradient
def _(dy, x, y):
    dx = dy * (2.0 * (x - y))
    return dx, lambda: -dx


@elementwise
@real
def maximum(xp, x, y):
    return xp.maximum(x, y)


@maximum.gradient
def _(dy, x, y):
    first = greater_equal(x, y)
    return lambda: select(first, dy, 0), lambda: select(first, 0, dy)


@elementwise
@real
def minimum(xp, x, y):
    return xp.minimum(x, y)


@minimum.gradient
def _(dy, x, y):
    first = less_equal(x, y)
    return lambda: select(first, dy, 0), lambda: select(first, 0, dy)


@elementwise
@real
def clip(xp, t, low, high):
    return xp.maximum(xp.minimum(t, high), low)


@clip.gradient
def _(dy, t, low, high):
    """Those of maximum(minimum(t, high), low)."""
    kept = greater_equal(minimum(t, high), low)
    upper, under = select(kept, dy, 0), less_equal(t, high)
    return lambda: select(under, upper, 0), lambda: select(kept, 0, dy), lambda: select(under, 0, upper)


@public
def clip_by_value(t: Any, clip_value_min: Any, clip_value_max: Any, name: str | None = None) -> Any:
    """min(max(t, clip_value_min), clip_value_max), the limits broadcast to `t`; of IndexedSlices its values.

    The gradient passes to `t` within the limits, and to a limit where it took effect.

    >>> import gputape as tf
    >>> tf.clip_by_value([-2.0, 0.5, 3.0], -1.0, 1.0).numpy()
    array([-1. ,  0.5,  1. ], dtype=float32)
    """
    if isinstance(t, IndexedSlices):
        return IndexedSlices(clip_by_value(t.values, clip_value_min, clip_value_max), t.indices, t.dense_shape)
    t = as_tensor(t)
    made = clip(t, clip_value_min, clip_value_max)
    if made._array.shape != t._array.shape:
        raise InvalidArgumentError(
            f"clip_by_value: Shapes {t._array.shape} of t and {made._array.shape} of the limits are incompatible: "
            f"the limits are broadcast to t, and t to nothing"
        )
    return made


@elementwise
@real_floating
def atan2(xp, y, x):
    """The angle of the point (x, y), in [-pi, pi]."""
    return xp.arctan2(y, x)


@atan2.gradient
def _(dy, y, x):
    d = dy / (x * x + y * y)
    return lambda: x * d, lambda: -y * d


@elementwise
@real_floating
def nextafter(xp, x1, x2):
    """The number next to x1 in the direction of x2."""
    return xp.nextafter(x1, x2)


@nextafter.gradient
def _(dy, x2):
    return dy, lambda: zeros_like(x2)


@op
def add_all(xp, *inputs):
    """The sum of tensors of one shape and dtype."""
    total = inputs[0]
    for x in inputs[1:]:
        if x.shape != total.shape:
            raise InvalidArgumentError(
                f"add_n: inputs to operation AddN must have the same size and shape: {inputs[0].shape} != {x.shape}"
            )
        total = xp.add(total, x)
    return total


@add_all.gradient
def _(dy, inputs_shapes):
    return [dy] * len(inputs_shapes)


@public
def add_n(inputs: Any, name: str | None = None) -> Any:
    """The sum of a list of tensors of one shape and dtype; IndexedSlices among them are made dense.

    Raises ValueError if `inputs` is no list or empty, InvalidArgumentError if shapes differ.

    >>> import gputape as tf
    >>> tf.add_n([[1, 2], [3, 4], [5, 6]]).numpy()
    array([ 9, 12], dtype=int32)
    """
    if not isinstance(inputs, (list, tuple)) or not inputs:
        raise ValueError(
            f"Inputs must be an iterable of at least one Tensor/IndexedSlices with the same dtype and shape. "
            f"Received: {inputs!r}"
        )
    return add_all(*[densified(x) for x in inputs])


@public
def accumulate_n(inputs: Any, shape: Any = None, tensor_dtype: Any = None, name: str | None = None) -> Any:
    """As `add_n`; ValueError and TypeError if the tensors have not the `shape` and `tensor_dtype` given."""
    made = add_n(inputs)
    if tensor_dtype is not None and made.dtype != tensor_dtype:
        raise TypeError(f"tensor_dtype is {tensor_dtype}, but input is of type {made.dtype}")
    if shape is not None and not made.shape.is_compatible_with(shape):
        raise ValueError(f"accumulate_n: inputs have shape {made.shape}, shape={shape} was asked for")
    return made


@public
def scalar_mul(scalar: Any, x: Any, name: str | None = None) -> Any:
    """`x` times `scalar`, a number or a tensor of no dimensions (ValueError otherwise); of IndexedSlices the values."""
    if np.ndim(scalar if not isinstance(scalar, Array) else scalar._array) != 0:
        raise ValueError(f"The input scalar must be a 0-D value. Received shape {np.shape(scalar)}.")
    if isinstance(x, IndexedSlices):
        return IndexedSlices(scalar_mul(scalar, x.values), x.indices, x.dense_shape)
    return multiply(scalar, x)


@public
def polyval(coeffs: Any, x: Any, name: str | None = None) -> Any:
    """The polynomial coeffs[0] * x**(n-1) + ... + coeffs[n-1] at `x`, by Horner's rule; 0 without coefficients.

    >>> import gputape as tf
    >>> tf.math.polyval([3.0, 2.0, 1.0], tf.constant(2.0)).numpy().item()
    17.0
    """
    if not isinstance(coeffs, list):
        raise ValueError(f"Argument coeffs must be list type. Received type {type(coeffs)}.")
    x = as_tensor(x)
    value = zeros_like(x) if not coeffs else add(coeffs[0], zeros_like(x))
    for c in coeffs[1:]:
        value = add(multiply(value, x), c)
    return value


for _op in (add, subtract, multiply, squared_difference, maximum, minimum, clip):
    _op.kernel(functor(camel(_op.name), "fViu"))
for _op in (divide, floordiv, floormod, truncatediv, truncatemod, pow_, atan2):
    _op.kernel(functor(camel(_op.name)))

_BOTH: tuple[Any, ...] = (add, subtract, multiply, divide, pow_, floormod, maximum, minimum, atan2, add_n, scalar_mul)
_BARE: tuple[Any, ...] = (*_BOTH, truncatediv, truncatemod, clip_by_value)
_MATH: tuple[Any, ...] = (*_BOTH, floordiv, squared_difference, nextafter, accumulate_n, polyval)
NAMES = {
    **{f"tf.{f.__name__.rstrip('_')}": f for f in _BARE},
    **{f"tf.math.{f.__name__.rstrip('_')}": f for f in _MATH},
    **dict.fromkeys(("tf.truediv", "tf.realdiv", "tf.math.truediv"), divide),
    "tf.math.mod": floormod,
}
