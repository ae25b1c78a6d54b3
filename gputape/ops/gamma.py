"""The gamma function's logarithm and its derivatives, incomplete gamma and beta functions. Computed in float64."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..op import elementwise, public
from ..registry import OPS
from ..tensor import Array, as_tensor
from .domain import in_float64, real_floating
from .functor import functor
from .unary import exp, log, log1p

# Bernoulli numbers B(2k) for k = 1, 2, ...
_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798, -174611 / 330)
_SHIFT = 10  # asymptotic series hold from here on; recurrences lead smaller arguments there
_TERMS = 3000  # at most, of series and continued fractions: on the host they stop when nothing changes any more
_TERMS_ON_DEVICE = 256  # where looking at the values would wait for the device
_TINY = 1e-300


def _terms(xp: Any) -> range:
    return range(1, _TERMS if xp is np else _TERMS_ON_DEVICE)


def _settled(xp: Any, change: Any) -> bool:
    return xp is np and not np.any(np.abs(change) > 1e-17)


def _lgamma_positive(xp: Any, x: Any) -> Any:
    """Stirling's series at x + 10, and the ten factors in between."""
    factors = 1.0
    for k in range(_SHIFT):
        factors = factors * xp.where(x < _SHIFT, x + k, 1)
    z = xp.where(x < _SHIFT, x + _SHIFT, x)
    series = sum(b / (2 * k * (2 * k - 1)) / z ** (2 * k - 1) for k, b in enumerate(_BERNOULLI, 1))
    return (z - 0.5) * xp.log(z) - z + 0.5 * math.log(2 * math.pi) + series - xp.log(factors)


def _lgamma(xp: Any, x: Any) -> Any:
    mirrored = math.log(math.pi) - xp.log(xp.abs(xp.sin(math.pi * (x - xp.floor(x))))) - _lgamma_positive(xp, 1 - x)
    value = xp.where(x < 0.5, mirrored, _lgamma_positive(xp, x))
    return xp.where(xp.isinf(x) | ((x <= 0) & (x == xp.floor(x))), np.inf, value)


@elementwise
@real_floating
@in_float64
def lgamma(xp, x):
    """log |gamma(x)|; infinite at 0, -1, -2, ..."""
    return _lgamma(xp, x)


@lgamma.gradient
def _(dy, x):
    return dy * digamma(x)


def _digamma(xp: Any, x: Any) -> Any:
    """Its asymptotic series, after the recurrence digamma(x) = digamma(x + 1) - 1 / x; mirrored for x <= 0."""
    y = xp.where(x <= 0, 1 - x, x)
    before = 0.0
    for k in range(_SHIFT):
        before = before + xp.where(y < _SHIFT, 1 / (y + k), 0)
    z = xp.where(y < _SHIFT, y + _SHIFT, y)
    value = xp.log(z) - 0.5 / z - sum(b / (2 * k) / z ** (2 * k) for k, b in enumerate(_BERNOULLI, 1)) - before
    fraction = x - xp.floor(x)
    value = xp.where(x <= 0, value - math.pi / xp.tan(math.pi * fraction), value)
    return xp.where((x <= 0) & (fraction == 0), np.nan, xp.where(x == np.inf, np.inf, value))


@elementwise
@real_floating
@in_float64
def digamma(xp, x):
    """The derivative of lgamma; NaN at 0, -1, -2, ..."""
    return _digamma(xp, x)


@digamma.gradient
def _(dy, x):
    return dy * polygamma(1.0, x)


def _zeta(xp: Any, x: Any, q: Any) -> Any:
    """Ten terms, and Euler and Maclaurin's formula for the rest."""
    head = sum((q + k) ** -x for k in range(_SHIFT))
    z = q + _SHIFT
    tail = z ** (1 - x) / (x - 1) + 0.5 * z**-x
    factor = x * z ** (-x - 1)
    for k, b in enumerate(_BERNOULLI, 1):
        tail = tail + factor * (b / math.factorial(2 * k))
        factor = factor * (x + 2 * k - 1) * (x + 2 * k) / (z * z)
    value = xp.where(xp.isinf(q) & (x > 1), 0, head + tail)
    at_pole = (q <= 0) & (q == xp.floor(q))
    value = xp.where((x == 1) | at_pole, np.inf, value)
    return xp.where((x < 1) | ((q <= 0) & ~at_pole & (x != xp.floor(x))), np.nan, value)


@elementwise
@real_floating
@in_float64
def zeta(xp, x, q):
    """The sum of (q + k) ** -x over k = 0, 1, 2, ...: the Hurwitz zeta function, of x > 1."""
    return _zeta(xp, x, q)


@zeta.gradient
def _(dy, x, q):
    return None, -dy * x * zeta(x + 1.0, q)


@elementwise
@real_floating
@in_float64
def polygamma(xp, a, x):
    """The derivative of digamma of order a = 0, 1, 2, ...; NaN for other a."""
    sign = xp.where(a % 2 == 0, -1.0, 1.0)
    value = sign * xp.exp(_lgamma(xp, a + 1)) * _zeta(xp, a + 1, x)
    return xp.where((a < 0) | (a != xp.floor(a)), np.nan, xp.where(a == 0, _digamma(xp, x), value))


@polygamma.gradient
def _(dy, a, x):
    return None, dy * polygamma(a + 1.0, x)


@public
def lbeta(x: Any, name: str | None = None) -> Any:
    """log |beta(x)| along the last axis: the sum of lgamma(x) minus lgamma of the sum; shape x.shape[:-1].

    >>> import gputape as tf
    >>> tf.math.lbeta(tf.constant([2.0, 3.0], tf.float64)).numpy().round(6).item()
    -2.484907
    """
    x = as_tensor(x)
    total = OPS["reduce_sum"]
    return total(lgamma(x), axis=-1) - lgamma(total(x, axis=-1))


# -- the incomplete gamma functions: x**a * exp(-x) / gamma(a) times a series (x < a + 1) or a continued fraction


def _series(xp: Any, a: Any, x: Any) -> Any:
    """The sum of x**n / (a (a+1) ... (a+n))."""
    term = total = 1 / a
    for n in _terms(xp):
        term = term * x / (a + n)
        total = total + term
        if _settled(xp, term / total):
            break
    return total


def _fraction(xp: Any, a: Any, x: Any) -> Any:
    """1 / (x+1-a - 1(1-a) / (x+3-a - 2(2-a) / (x+5-a - ...))), by Lentz's method."""
    b = x + 1 - a
    c, d = 1 / _TINY, 1 / b
    value = d
    for n in _terms(xp):
        step = n * (a - n)
        b = b + 2
        d = 1 / _away_from_zero(xp, b + step * d)
        c = _away_from_zero(xp, b + step / c)
        value = value * (c * d)
        if _settled(xp, c * d - 1):
            break
    return value


def _away_from_zero(xp: Any, x: Any) -> Any:
    return xp.where(xp.abs(x) < _TINY, _TINY, x)


def _igamma(xp: Any, a: Any, x: Any, upper: bool) -> Any:
    """The regularised function, lower or upper, each computed from the part that is small."""
    inside = (a > 0) & (x > 0) & (x < np.inf) & (a < np.inf)
    a_, x_ = xp.where(inside, a, 1), xp.where(inside, x, 1)
    near = x_ < a_ + 1
    density = xp.exp(a_ * xp.log(x_) - x_ - _lgamma(xp, a_))
    low = density * _series(xp, a_, xp.where(near, x_, a_))
    high = density * _fraction(xp, a_, xp.where(near, a_ + 1, x_))
    value = xp.where(near, 1 - low, high) if upper else xp.where(near, low, 1 - high)
    full = xp.where((x == np.inf) | (a == 0), 1.0, 0.0)
    value = xp.where(inside, value, 1 - full if upper else full)
    return xp.where((a < 0) | (x < 0) | ((a == 0) & (x == 0)) | xp.isnan(a + x), np.nan, value)


@elementwise
@real_floating
@in_float64
def igamma(xp, a, x):
    """The lower incomplete gamma function, divided by gamma(a): 0 at x = 0, 1 at infinity."""
    return _igamma(xp, a, x, upper=False)


@igamma.gradient
def _(dy, a, x):
    return lambda: dy * igamma_grad_a(a, x), lambda: dy * _gamma_density(a, x)


@elementwise
@real_floating
@in_float64
def igammac(xp, a, x):
    """The upper incomplete gamma function, divided by gamma(a): 1 - igamma(a, x)."""
    return _igamma(xp, a, x, upper=True)


@igammac.gradient
def _(dy, a, x):
    return lambda: -dy * igamma_grad_a(a, x), lambda: -dy * _gamma_density(a, x)


def _tensors(*values: Any) -> list[Any]:
    """Python numbers among the values as tensors of the dtype of the others."""
    dtype = next(v._array.dtype for v in values if isinstance(v, Array))
    return [as_tensor(v, dtype) for v in values]


def _gamma_density(a: Any, x: Any) -> Any:
    a, x = _tensors(a, x)
    return exp(-x + (a - 1.0) * log(x) - lgamma(a))


@elementwise
@real_floating
@in_float64
def igamma_grad_a(xp, a, x):
    """The derivative of igamma by a: that of the factor in front, and that of the sum by a step into the complex."""
    inside = (a > 0) & (x > 0) & (x < np.inf)
    a, x = xp.where(inside, a, 1), xp.where(inside, x, 1)
    near, step = x < a + 1, 1e-30
    density, slope = xp.exp(a * xp.log(x) - x - _lgamma(xp, a)), xp.log(x) - _digamma(xp, a)
    low = _series(xp, a + step * 1j, xp.where(near, x, a))
    high = _fraction(xp, a + step * 1j, xp.where(near, a + 1, x))
    part = xp.where(near, low, -high)
    return xp.where(inside, density * (slope * part.real + part.imag / step), 0)


@igamma_grad_a.gradient
def _(dy, a, x):
    a, x = _tensors(a, x)
    return _second, lambda: dy * _gamma_density(a, x) * (log(x) - digamma(a))


def _second() -> Any:
    raise LookupError("gradient registry has no entry for: IgammaGradA: igamma has one derivative by a, not two")


@elementwise
@real_floating
@in_float64
def betainc(xp, a, b, x):
    """The regularised incomplete beta function: 0 at x = 0, 1 at x = 1. By a continued fraction (Abramowitz 26.5.8)."""
    inside = (a > 0) & (b > 0) & (x > 0) & (x < 1)
    a_, b_, x_ = xp.where(inside, a, 1), xp.where(inside, b, 1), xp.where(inside, x, 0.5)
    mirrored = x_ > (a_ + 1) / (a_ + b_ + 2)
    p, q, z = xp.where(mirrored, b_, a_), xp.where(mirrored, a_, b_), xp.where(mirrored, 1 - x_, x_)
    front = xp.exp(p * xp.log(z) + q * xp.log1p(-z) - (_lgamma(xp, p) + _lgamma(xp, q) - _lgamma(xp, p + q)))
    value = front * _beta_fraction(xp, p, q, z) / p
    value = xp.where(inside, xp.where(mirrored, 1 - value, value), xp.where(x == 1, 1.0, 0.0))
    return xp.where((a > 0) & (b > 0) & (x >= 0) & (x <= 1), value, np.nan)


def _beta_fraction(xp: Any, p: Any, q: Any, z: Any) -> Any:
    """1 / (1 + d1 / (1 + d2 / (1 + ...))), by Lentz's method."""
    c, d = 1.0, 1 / _away_from_zero(xp, 1 - (p + q) * z / (p + 1))
    value = d
    for m in _terms(xp):
        k = p + 2 * m
        for step in (m * (q - m) * z / ((k - 1) * k), -(p + m) * (p + q + m) * z / (k * (k + 1))):
            d = 1 / _away_from_zero(xp, 1 + step * d)
            c = _away_from_zero(xp, 1 + step / c)
            value = value * (c * d)
        if _settled(xp, c * d - 1):
            break
    return value


@betainc.gradient
def _(dy, a, b, x):
    """By x alone, as in TensorFlow."""
    a, b, x = _tensors(a, b, x)
    beta = lgamma(a) + lgamma(b) - lgamma(a + b)
    return None, None, dy * exp((b - 1.0) * log1p(-x) + (a - 1.0) * log(x) - beta)


lgamma.kernel(functor("Lgamma"))
digamma.kernel(functor("Digamma"))

_FUNCTIONS: tuple[Any, ...] = (lgamma, digamma, polygamma, zeta, lbeta, igamma, igammac, betainc)
NAMES = {f"tf.math.{f.__name__}": f for f in _FUNCTIONS}
