"""Bessel functions J and Y and the modified functions K, orders 0 and 1. Computed in float64.

Near 0 their power series; from there on one integral of a Gaussian, by the trapezoidal rule, which is exact to rounding
for every larger argument, of K directly and of J + i Y = 2 / (pi i) K(-i x) (order 0) on the imaginary axis:

    exp(z) K0(z) = integral over s > 0 of exp(-s**2 / 2) / sqrt(z + s**2 / 4)        by s = 2 sqrt(z) sinh(t / 2)
    exp(z) K1(z) = the same with the factor 1 + s**2 / (2 z)                         in integral exp(-z cosh t) cosh(n t)
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..op import elementwise
from .compare import equal, select
from .domain import in_float64, real_floating

_NEAR_K = 2.0  # the power series of K lose digits beyond
_NEAR_JY = 5.0
_STEP, _NODES = 0.3, 32  # exp(-(0.3 * 31)**2 / 2) is 1e-19


def _integral(xp: Any, order: int, z: Any) -> Any:
    """exp(z) K(z) of Re z >= 0, |z| >= 2."""
    total: Any = 0.0
    for k in range(_NODES):
        s = k * _STEP
        weight = (_STEP if k else _STEP / 2) * math.exp(-s * s / 2)
        total = total + weight * (1 + s * s / (2 * z) if order else 1) / xp.sqrt(z + s * s / 4)
    return total


def _series(order: int, x: Any, sign: int) -> tuple[Any, Any]:
    """Sums of (sign x²/4)**k / (k! (k + order)!), and of the same times digamma(k + 1) + digamma(k + order + 1)."""
    q = sign * x * x / 4
    term, total, weighted = 1.0, 0.0, 0.0
    harmonic, ahead = 0.0, float(order)  # sums of 1 / j up to k and up to k + order
    for k in range(24):
        total = total + term
        weighted = weighted + term * (harmonic + ahead - 2 * np.euler_gamma)
        term = term * q / ((k + 1) * (k + 1 + order))
        harmonic, ahead = harmonic + 1 / (k + 1), ahead + 1 / (k + 1 + order)
    return total, weighted


def _scaled_k(xp: Any, order: int, x: Any) -> Any:
    """exp(x) K(x), x > 0."""
    near = xp.minimum(x, _NEAR_K)
    first, weighted = _series(order, near, 1)
    logs = xp.log(near / 2)
    value = 1 / near + near / 2 * (logs * first - weighted / 2) if order else weighted / 2 - logs * first
    far = _integral(xp, order, xp.maximum(x, _NEAR_K))
    value = xp.where(x < _NEAR_K, value * xp.exp(near), far)
    return xp.where(x == np.inf, 0, xp.where(x <= 0, np.inf, value))


def _hankel(xp: Any, order: int, x: Any) -> Any:
    """J(x) + i Y(x), x >= 5."""
    x = xp.maximum(x, _NEAR_JY)
    turn = xp.cos(x) + 1j * xp.sin(x)
    value = _integral(xp, order, -1j * x) * turn * (-2 / math.pi if order else -2j / math.pi)
    return xp.where(xp.isinf(x), 0, value)


def _j(xp: Any, order: int, x: Any) -> Any:
    a = xp.abs(x)
    near = xp.minimum(a, _NEAR_JY)
    series = _series(order, near, -1)[0]
    value = xp.where(a < _NEAR_JY, series * near / 2 if order else series, _hankel(xp, order, a).real)
    value = xp.where(xp.isnan(x), np.nan, value)
    return value * xp.sign(x) if order else value


def _y(xp: Any, order: int, x: Any) -> Any:
    near = xp.minimum(x, _NEAR_JY)
    first, weighted = _series(order, near, -1)
    logs = xp.log(near / 2)
    if order:
        value = (-2 / near + near * logs * first - near / 2 * weighted) / math.pi
    else:
        value = (2 * logs * first - weighted) / math.pi
    value = xp.where(x < _NEAR_JY, value, _hankel(xp, order, x).imag)
    return xp.where(x <= 0, -np.inf, xp.where(xp.isnan(x), np.nan, value))


@elementwise
@real_floating
@in_float64
def bessel_j0(xp, x):
    """The Bessel function of the first kind of order 0."""
    return _j(xp, 0, x)


@bessel_j0.gradient
def _(dy, x):
    return -dy * bessel_j1(x)


@elementwise
@real_floating
@in_float64
def bessel_j1(xp, x):
    """The Bessel function of the first kind of order 1."""
    return _j(xp, 1, x)


@bessel_j1.gradient
def _(dy, x, y):
    """J0 - J1 / x, and 1/2 at 0."""
    at_zero = equal(x, 0.0)
    return dy * select(at_zero, 0.5, bessel_j0(x) - y / select(at_zero, 1.0, x))


@elementwise
@real_floating
@in_float64
def bessel_y0(xp, x):
    """The Bessel function of the second kind of order 0: -infinity at 0 and below."""
    return _y(xp, 0, x)


@bessel_y0.gradient
def _(dy, x):
    return -dy * bessel_y1(x)


@elementwise
@real_floating
@in_float64
def bessel_y1(xp, x):
    """The Bessel function of the second kind of order 1: -infinity at 0 and below."""
    return _y(xp, 1, x)


@bessel_y1.gradient
def _(dy, x, y):
    return dy * (bessel_y0(x) - y / x)


@elementwise
@real_floating
@in_float64
def bessel_k0e(xp, x):
    """exp(x) * bessel_k0(x)."""
    return _scaled_k(xp, 0, x)


@bessel_k0e.gradient
def _(dy, x, y):
    return dy * (y - bessel_k1e(x))


@elementwise
@real_floating
@in_float64
def bessel_k1e(xp, x):
    """exp(x) * bessel_k1(x)."""
    return _scaled_k(xp, 1, x)


@bessel_k1e.gradient
def _(dy, x, y):
    return dy * (y * (1.0 - 1.0 / x) - bessel_k0e(x))


@elementwise
@real_floating
@in_float64
def bessel_k0(xp, x):
    """The modified Bessel function of the second kind of order 0: infinity at 0 and below."""
    return _scaled_k(xp, 0, x) * xp.exp(-x)


@bessel_k0.gradient
def _(dy, x):
    return -dy * bessel_k1(x)


@elementwise
@real_floating
@in_float64
def bessel_k1(xp, x):
    """The modified Bessel function of the second kind of order 1: infinity at 0 and below."""
    return _scaled_k(xp, 1, x) * xp.exp(-x)


@bessel_k1.gradient
def _(dy, x, y):
    return -dy * (bessel_k0(x) + y / x)


_FUNCTIONS: tuple[Any, ...] = (bessel_j0, bessel_j1, bessel_y0, bessel_y1, bessel_k0, bessel_k0e, bessel_k1, bessel_k1e)
NAMES = {f"tf.math.special.{f.__name__}": f for f in _FUNCTIONS}
