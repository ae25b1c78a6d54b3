"""Functions of one argument, and those of their derivatives that are worth an op; angles are in trigonometry.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..op import elementwise, public
from ..tensor import as_tensor
from .cast import zeros_like
from .complex import complex_from, conj
from .complex import real as real_part
from .domain import floating, numeric, real_floating
from .domain import real as real_numbers
from .functor import camel, functor


@elementwise
@numeric
def negative(xp, x):
    return xp.negative(x)


@negative.gradient
def _(dy):
    return -dy


@elementwise
@numeric
def abs_(xp, x):
    return xp.abs(x)


@abs_.gradient
def _(dy, x):
    """dy * sign(x): 0 at 0."""
    return (complex_from(dy, 0.0) if x._array.dtype.kind == "c" else dy) * sign(x)


@elementwise
@numeric
def sign(xp, x):
    """-1, 0 or 1; x / |x| of complex numbers."""
    return xp.sign(x)


@sign.gradient
def _(dy, x, y):
    """0 for real numbers; turning a complex one turns its sign."""
    if x._array.dtype.kind != "c":
        return zeros_like(dy)
    along = real_part(dy * conj(y))
    return (dy - complex_from(along, 0.0) * y) / complex_from(abs_(x), 0.0)


@elementwise
@numeric
def square(xp, x):
    return xp.square(x)


@square.gradient
def _(dy, x):
    return dy * (2.0 * conj(x))


@elementwise
@floating
def reciprocal(xp, x):
    """1 / x."""
    return xp.reciprocal(x)


@reciprocal.gradient
def _(dy, y):
    return reciprocal_grad(conj(y), dy)


@elementwise
@floating
def reciprocal_grad(xp, y, dy):
    """-dy * y**2: the gradient of reciprocal, y being its value."""
    return xp.negative(xp.multiply(dy, xp.multiply(y, y)))


@reciprocal_grad.gradient
def _(d, y, dy):
    y, dy = conj(y), conj(dy)
    return lambda: -2.0 * (d * dy * y), lambda: reciprocal_grad(y, d)


@elementwise
@floating
def sqrt(xp, x):
    return xp.sqrt(x)


@sqrt.gradient
def _(dy, y):
    return sqrt_grad(conj(y), dy)


@elementwise
@floating
def sqrt_grad(xp, y, dy):
    """0.5 * dy / y: the gradient of sqrt, y being its value."""
    return xp.divide(xp.multiply(dy, _half(y)), y)


def _half(y: Any) -> Any:
    return y.dtype.type(0.5)


@sqrt_grad.gradient
def _(d, y, dy):
    y = conj(y)
    return lambda: -sqrt_grad(y, d) * conj(dy) / y, lambda: sqrt_grad(y, d)


@elementwise
@floating
def rsqrt(xp, x):
    """1 / sqrt(x)."""
    return xp.reciprocal(xp.sqrt(x))


@rsqrt.gradient
def _(dy, y):
    return rsqrt_grad(conj(y), dy)


@elementwise
@floating
def rsqrt_grad(xp, y, dy):
    """-0.5 * dy * y**3: the gradient of rsqrt, y being its value."""
    return xp.multiply(xp.multiply(dy, -_half(y)), xp.multiply(y, xp.multiply(y, y)))


@rsqrt_grad.gradient
def _(d, y, dy):
    y = conj(y)
    return lambda: -1.5 * (d * conj(dy) * y * y), lambda: rsqrt_grad(y, d)


@elementwise
@floating
def exp(xp, x):
    return xp.exp(x)


@exp.gradient
def _(dy, y):
    return dy * conj(y)


@elementwise
@floating
def expm1(xp, x):
    """exp(x) - 1, exact for small x."""
    return xp.expm1(x)


@expm1.gradient
def _(dy, x):
    return dy * exp(conj(x))


@elementwise
@floating
def log(xp, x):
    return xp.log(x)


@log.gradient
def _(dy, x):
    return dy / conj(x)


@elementwise
@floating
def log1p(xp, x):
    """log(1 + x), exact for small x."""
    return xp.log1p(x)


@log1p.gradient
def _(dy, x):
    return dy / (conj(x) + 1.0)


@elementwise
@floating
def tanh(xp, x):
    return xp.tanh(x)


@tanh.gradient
def _(dy, y):
    return tanh_grad(conj(y), dy)


@elementwise
@floating
def tanh_grad(xp, y, dy):
    """dy * (1 - y**2): the gradient of tanh, y being its value."""
    return xp.multiply(dy, 1 - xp.multiply(y, y))


@tanh_grad.gradient
def _(d, y, dy):
    y = conj(y)
    return lambda: -2.0 * (d * conj(dy) * y), lambda: tanh_grad(y, d)


def _widened(function: Any, x: Any) -> Any:
    """Half types overflow on the way to results that they can hold: these are computed in float32."""
    if x.dtype.itemsize > 2:
        return function(x)
    return function(x.astype(np.float32)).astype(x.dtype)


@elementwise
@floating
def sigmoid(xp, x):
    """1 / (1 + exp(-x))."""

    def logistic(x):
        made = xp.exp(xp.negative(x))
        made += 1
        return xp.reciprocal(made)

    return _widened(logistic, x)


@sigmoid.gradient
def _(dy, y):
    return sigmoid_grad(conj(y), dy)


@elementwise
@floating
def sigmoid_grad(xp, y, dy):
    """dy * y * (1 - y): the gradient of sigmoid, y being its value."""
    return xp.multiply(xp.multiply(dy, y), 1 - y)


@sigmoid_grad.gradient
def _(d, y, dy):
    y = conj(y)
    return lambda: d * conj(dy) * (1.0 - 2.0 * y), lambda: sigmoid_grad(y, d)


@elementwise
@real_floating
def softplus(xp, features):
    """log(1 + exp(x)) = max(x, 0) + log1p(exp(-|x|)), which does not overflow."""

    def smooth(x):
        return xp.maximum(x, 0) + xp.log1p(xp.exp(-xp.abs(x)))

    return _widened(smooth, features)


@softplus.gradient
def _(dy, features):
    return softplus_grad(features, dy)


@elementwise
@real_floating
def softplus_grad(xp, x, dy):
    """dy * sigmoid(x): the gradient of softplus."""
    return xp.multiply(dy, sigmoid.body(xp, x))


@softplus_grad.gradient
def _(d, x, dy):
    return lambda: d * sigmoid_grad(sigmoid(x), dy), lambda: softplus_grad(x, d)


@public
def log_sigmoid(x: Any, name: str | None = None) -> Any:
    """log(sigmoid(x)) = -softplus(-x), of floating point `x`.

    >>> import gputape as tf
    >>> tf.math.log_sigmoid([-100.0, -50.0]).numpy()
    array([-100.,  -50.], dtype=float32)
    """
    return -softplus(-as_tensor(x))


# -- rounding: constant almost everywhere, so no gradient


@elementwise
@real_floating
def floor(xp, x):
    return xp.floor(x)


@elementwise
@real_floating
def ceil(xp, x):
    return xp.ceil(x)


@elementwise
@real_floating
def rint(xp, x):
    """The nearest whole number; of two equally near ones the even one."""
    return xp.rint(x)


@elementwise
@real_numbers
def round_(xp, x):
    """The nearest whole number, the even one of two equally near; integers stay."""
    return x if x.dtype.kind in "iu" else xp.rint(x)


for _op in (negative, abs_, sign, square):
    _op.kernel(functor(camel(_op.name), "fViu"))
for _op in (reciprocal, sqrt, rsqrt, exp, expm1, log, log1p, tanh, sigmoid, softplus, floor, ceil, rint):
    _op.kernel(functor(camel(_op.name)))
for _op in (reciprocal_grad, sqrt_grad, rsqrt_grad, tanh_grad, sigmoid_grad, softplus_grad):
    _op.kernel(functor(camel(_op.name)))
round_.kernel(functor("Rint"))

_BARE: tuple[Any, ...] = (negative, abs_, sign, square, sqrt, exp, tanh, sigmoid, floor, round_)
_MATH: tuple[Any, ...] = (*_BARE, reciprocal, rsqrt, expm1, log, log1p, softplus, log_sigmoid, ceil, rint)
NAMES = {
    **{f"tf.{f.__name__.rstrip('_')}": f for f in _BARE},
    **{f"tf.math.{f.__name__.rstrip('_')}": f for f in _MATH},
    "tf.nn.sigmoid": sigmoid,
    "tf.nn.tanh": tanh,
    "tf.nn.softplus": softplus,
}
