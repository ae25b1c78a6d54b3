"""Functions of angles and their inverses, circular and hyperbolic (tanh, an activation, is in unary.py)."""

from __future__ import annotations

from typing import Any

from ..op import elementwise
from .complex import conj
from .domain import floating
from .functor import camel, functor
from .unary import rsqrt


@elementwise
@floating
def sin(xp, x):
    return xp.sin(x)


@sin.gradient
def _(dy, x):
    return dy * cos(conj(x))


@elementwise
@floating
def cos(xp, x):
    return xp.cos(x)


@cos.gradient
def _(dy, x):
    return -dy * sin(conj(x))


@elementwise
@floating
def tan(xp, x):
    return xp.tan(x)


@tan.gradient
def _(dy, y):
    y = conj(y)
    return dy * (y * y + 1.0)


@elementwise
@floating
def asin(xp, x):
    return xp.arcsin(x)


@asin.gradient
def _(dy, x):
    x = conj(x)
    return dy * rsqrt(1.0 - x * x)


@elementwise
@floating
def acos(xp, x):
    return xp.arccos(x)


@acos.gradient
def _(dy, x):
    x = conj(x)
    return -dy * rsqrt(1.0 - x * x)


@elementwise
@floating
def atan(xp, x):
    return xp.arctan(x)


@atan.gradient
def _(dy, x):
    x = conj(x)
    return dy / (x * x + 1.0)


@elementwise
@floating
def sinh(xp, x):
    return xp.sinh(x)


@sinh.gradient
def _(dy, x):
    return dy * cosh(conj(x))


@elementwise
@floating
def cosh(xp, x):
    return xp.cosh(x)


@cosh.gradient
def _(dy, x):
    return dy * sinh(conj(x))


@elementwise
@floating
def asinh(xp, x):
    return xp.arcsinh(x)


@asinh.gradient
def _(dy, y):
    return dy / cosh(conj(y))


@elementwise
@floating
def acosh(xp, x):
    return xp.arccosh(x)


@acosh.gradient
def _(dy, y):
    return dy / sinh(conj(y))


@elementwise
@floating
def atanh(xp, x):
    return xp.arctanh(x)


@atanh.gradient
def _(dy, x):
    x = conj(x)
    return dy / (1.0 - x * x)


for _op in (sin, cos, tan, asin, acos, atan, sinh, cosh, asinh, acosh, atanh):
    _op.kernel(functor(camel(_op.name)))

_FUNCTIONS: tuple[Any, ...] = (sin, cos, tan, asin, acos, atan, sinh, cosh, asinh, acosh, atanh)
NAMES = {f"{path}{f.__name__}": f for f in _FUNCTIONS for path in ("tf.", "tf.math.")}
