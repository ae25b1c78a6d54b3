"""Integrals that have names: Dawson's, Fresnel's, the exponential integral, Spence's function. Computed in float64."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..op import elementwise
from .compare import equal, select
from .domain import in_float64, real_floating
from .trigonometry import cos, sin
from .unary import exp, log

_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798, -174611 / 330)


@elementwise
@real_floating
@in_float64
def dawsn(xp, x):
    """Dawson's integral, exp(-x**2) times the integral of exp(t**2) from 0 to x.

    Rybicki's sum of Gaussians at odd multiples of 1/4 (1989) up to |x| = 7, beyond the asymptotic series.
    """
    a = xp.minimum(xp.abs(x), 7)
    near = sum(xp.exp(-((a - n / 4) ** 2)) * -xp.expm1(-n * a) / n for n in range(1, 57, 2))
    b = xp.maximum(xp.abs(x), 7)
    term = far = 0.5 / b
    for k in range(1, 26):
        term = term * (2 * k - 1) / (2 * b) / b
        far = far + term
    value = xp.where(xp.abs(x) < 7, near / math.sqrt(math.pi), far)
    return xp.where(xp.isnan(x), np.nan, value * xp.sign(x))


@dawsn.gradient
def _(dy, x, y):
    return dy * (1.0 - 2.0 * x * y)


@elementwise
@real_floating
@in_float64
def expint(xp, x):
    """The exponential integral Ei: the integral of exp(t) / t up to x; -infinity at 0, NaN below.

    Its power series up to x = 40, beyond the asymptotic series.
    """
    near = xp.clip(x, 0, 40)
    term, total = 1.0, 0.0
    for k in range(1, 150):
        term = term * near / k
        total = total + term / k
    b = xp.maximum(x, 40)
    term = far = 1.0
    for k in range(1, 40):
        term = term * k / b
        far = far + term
    value = xp.where(x < 40, np.euler_gamma + xp.log(near) + total, xp.exp(b / 2) / b * far * xp.exp(b / 2))
    return xp.where(x < 0, np.nan, xp.where(xp.isnan(x), np.nan, xp.where(x == np.inf, np.inf, value)))


@expint.gradient
def _(dy, x):
    return dy * exp(x) / x


def _fresnel(xp: Any, x: Any) -> Any:
    """The integral of exp(i pi t**2 / 2) from 0 to x.

    Its power series up to |x| = 1.75. Beyond, (1 + i) / 2 * (1 - exp(z**2) w(z)) with z = sqrt(pi) / 2 (1 + i) x, where
    w(z) = 2 i z / pi times the integral of exp(-t**2) / (z**2 - t**2) over t > 0, by the trapezoidal rule.
    """
    a = xp.minimum(xp.abs(x), 1.75)
    q = 0.5j * math.pi * a * a
    term: Any = a + 0j
    near: Any = 0.0
    for k in range(40):
        near = near + term / (2 * k + 1)
        term = term * q / (k + 1)
    b = xp.maximum(xp.abs(x), 1.75)
    b = xp.minimum(b, 1e150)
    square = 0.5j * math.pi * b * b
    total: Any = 0.0
    for k in range(26):
        t = k / 4
        total = total + (0.25 if k else 0.125) * math.exp(-t * t) / (square - t * t)
    z = math.sqrt(math.pi) / 2 * (1 + 1j) * b
    phase = math.pi / 2 * xp.fmod(b * b, 4)
    far = (1 + 1j) / 2 * (1 - (xp.cos(phase) + 1j * xp.sin(phase)) * (2j * z / math.pi) * total)
    return xp.where(xp.abs(x) < 1.75, near, far) * xp.sign(x)


@elementwise
@real_floating
@in_float64
def fresnel_cos(xp, x):
    """The integral of cos(pi t**2 / 2) from 0 to x."""
    return _fresnel(xp, x).real


@fresnel_cos.gradient
def _(dy, x):
    return dy * cos((x * x) * (math.pi / 2))


@elementwise
@real_floating
@in_float64
def fresnel_sin(xp, x):
    """The integral of sin(pi t**2 / 2) from 0 to x."""
    return _fresnel(xp, x).imag


@fresnel_sin.gradient
def _(dy, x):
    return dy * sin((x * x) * (math.pi / 2))


@elementwise
@real_floating
@in_float64
def spence(xp, x):
    """The integral of log(t) / (1 - t) from 1 to x, the dilogarithm of 1 - x; NaN below 0.

    Between 1/2 and 2 a series in u = -log(x) with Bernoulli's numbers; smaller and larger arguments are mirrored.
    """

    def middle(v):
        u = -xp.log(v)
        power, total = u, u - u * u / 4
        for k, b in enumerate(_BERNOULLI, 1):
            power = power * u * u
            total = total + power * (b / math.factorial(2 * k + 1))
        return total

    small, large = x < 0.5, x > 2
    inverse = 1 / xp.maximum(x, 2)
    value = middle(xp.where(small, 1 - xp.maximum(x, 0), xp.where(large, 1 - inverse, x)))
    logs = xp.log(x)
    value = xp.where(small, math.pi**2 / 6 - xp.where(x == 0, 0, logs * xp.log1p(-x)) - value, value)
    value = xp.where(large, value - math.pi**2 / 6 - logs * (logs / 2 + xp.log1p(-inverse)), value)
    return xp.where(x < 0, np.nan, value)


@spence.gradient
def _(dy, x):
    """log(x) / (1 - x), and -1 at 1."""
    at_one = equal(x, 1.0)
    return dy * select(at_one, -1.0, log(x) / select(at_one, 1.0, 1.0 - x))


_FUNCTIONS: tuple[Any, ...] = (dawsn, expint, fresnel_cos, fresnel_sin, spence)
NAMES = {f"tf.math.special.{f.__name__}": f for f in _FUNCTIONS}
