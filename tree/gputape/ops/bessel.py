"""Modified Bessel functions of the first kind, orders 0 and 1. Computed in float64."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..op import elementwise
from .compare import equal, select
from .domain import in_float64, real_floating
from .unary import sign

_FAR = 30  # the asymptotic series holds from here on
_NODES = 64


def _scaled(xp: Any, order: int, x: Any) -> Any:
    """exp(-|x|) * I(x).

    I(x) is the mean of exp(x * cos(t)) * cos(order * t) over a period, for which the trapezoidal rule with 64 nodes is
    exact to rounding up to |x| = 30; nodes with opposite cosines are taken together, so that nothing cancels.
    Beyond, the asymptotic series: its terms fall to 1e-16.
    """
    a = xp.minimum(xp.abs(x), _FAR)
    mean = 0.0 if order else xp.exp(-a)
    for k in range(_NODES // 4):
        c = math.cos(2 * math.pi * k / _NODES)
        pair = -c * xp.expm1(-2 * c * a) if order else 1 + xp.exp(-2 * c * a)
        mean = mean + (1 if k else 0.5) * pair * xp.exp(a * (c - 1))
    mean = mean / (_NODES // 2)
    z = xp.maximum(xp.abs(x), _FAR)
    term = total = xp.ones_like(z)
    for k in range(1, 20):
        term = term * ((2 * k - 1) ** 2 - 4 * order) / (8 * k * z)
        total = total + term
    value = xp.where(xp.abs(x) < _FAR, mean, total / xp.sqrt(2 * math.pi * z))
    return value * xp.sign(x) if order else xp.where(xp.isnan(x), np.nan, value)


@elementwise
@real_floating
@in_float64
def bessel_i0e(xp, x):
    """exp(-|x|) * bessel_i0(x)."""
    return _scaled(xp, 0, x)


@bessel_i0e.gradient
def _(dy, x, y):
    return dy * (bessel_i1e(x) - sign(x) * y)


@elementwise
@real_floating
@in_float64
def bessel_i1e(xp, x):
    """exp(-|x|) * bessel_i1(x)."""
    return _scaled(xp, 1, x)


@bessel_i1e.gradient
def _(dy, x, y):
    return dy * (_slope(bessel_i0e(x), x, y) - sign(x) * y)


def _slope(i0: Any, x: Any, i1: Any) -> Any:
    """The derivative of I1, which is I0 - I1 / x, and 1/2 at 0."""
    at_zero = equal(x, 0.0)
    return select(at_zero, 0.5, i0 - i1 / select(at_zero, 1.0, x))


@elementwise
@real_floating
@in_float64
def bessel_i0(xp, x):
    """The modified Bessel function of the first kind of order 0."""
    return _scaled(xp, 0, x) * xp.exp(xp.abs(x))


@bessel_i0.gradient
def _(dy, x):
    return dy * bessel_i1(x)


@elementwise
@real_floating
@in_float64
def bessel_i1(xp, x):
    """The modified Bessel function of the first kind of order 1."""
    return _scaled(xp, 1, x) * xp.exp(xp.abs(x))


@bessel_i1.gradient
def _(dy, x, y):
    return dy * _slope(bessel_i0(x), x, y)


_FUNCTIONS: tuple[Any, ...] = (bessel_i0, bessel_i0e, bessel_i1, bessel_i1e)
NAMES = {f"{path}{f.__name__}": f for f in _FUNCTIONS for path in ("tf.math.", "tf.math.special.")}
