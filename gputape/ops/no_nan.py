"""Products, quotients and logarithms in which a zero wins over what would be NaN."""

from __future__ import annotations

from typing import Any

from ..op import elementwise, public
from ..tensor import as_tensor
from .cast import cast, ones_like
from .compare import not_equal
from .complex import conj
from .domain import floating, numeric
from .functor import camel, functor
from .math import divide


def _zero_where(xp: Any, zero: Any, value: Any) -> Any:
    return xp.where(zero, value.dtype.type(0), value)


def _typed(x: Any, y: Any) -> Any:
    """`y`, if it is a Python number in the dtype of `x`."""
    return y if hasattr(y, "dtype") else x.dtype.type(y)


@elementwise
@numeric
def divide_no_nan(xp, x, y):
    """x / y, and 0 where y is 0; integers as in divide."""
    return _zero_where(xp, xp.equal(y, 0), divide.body(xp, x, y))


@divide_no_nan.gradient
def _(dy, x, y):
    y = conj(y)
    return lambda: divide_no_nan(dy, y), lambda: dy * divide_no_nan(divide_no_nan(-conj(x), y), y)


@public
def reciprocal_no_nan(x: Any, name: str | None = None) -> Any:
    """1 / x, and 0 where x is 0, of floating point or complex `x`.

    >>> import gputape as tf
    >>> tf.math.reciprocal_no_nan([2.0, 0.0]).numpy()
    array([0.5, 0. ], dtype=float32)
    """
    return divide_no_nan(ones_like(x), x)


@elementwise
@floating
def multiply_no_nan(xp, x, y):
    """x * y, and 0 where y is 0, even if x is infinite or NaN there."""
    return _zero_where(xp, xp.equal(y, 0), xp.multiply(x, y))


@multiply_no_nan.gradient
def _(dy, x, y):
    return lambda: multiply_no_nan(dy, conj(y)), lambda: multiply_no_nan(conj(x), dy)


@elementwise
@floating
def xlogy(xp, x, y):
    """x * log(y), and 0 where x is 0."""
    return _zero_where(xp, xp.equal(x, 0), xp.multiply(x, xp.log(_typed(x, y))))


@xlogy.gradient
def _(dy, x, y):
    return lambda: dy * xlogy(_one_unless_zero(x), conj(y)), lambda: dy * xdivy(conj(x), conj(y))


@elementwise
@floating
def xlog1py(xp, x, y):
    """x * log(1 + y), and 0 where x is 0."""
    return _zero_where(xp, xp.equal(x, 0), xp.multiply(x, xp.log1p(_typed(x, y))))


@xlog1py.gradient
def _(dy, x, y):
    return lambda: dy * xlog1py(_one_unless_zero(x), conj(y)), lambda: dy * xdivy(conj(x), conj(y) + 1.0)


@elementwise
@floating
def xdivy(xp, x, y):
    """x / y, and 0 where x is 0."""
    return _zero_where(xp, xp.equal(x, 0), xp.divide(x, y))


@xdivy.gradient
def _(dy, x, y):
    return lambda: dy * xdivy(_one_unless_zero(x), conj(y)), lambda: dy * xdivy(-conj(x), conj(y) * conj(y))


def _one_unless_zero(x: Any) -> Any:
    x = as_tensor(x)
    return cast(not_equal(x, 0), x.dtype)


for _op in (divide_no_nan, multiply_no_nan, xlogy, xlog1py, xdivy):
    _op.kernel(functor(camel(_op.name)))

_FUNCTIONS: tuple[Any, ...] = (divide_no_nan, reciprocal_no_nan, multiply_no_nan, xlogy, xlog1py, xdivy)
NAMES = {f"tf.math.{f.__name__}": f for f in _FUNCTIONS}
