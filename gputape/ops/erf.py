"""The error function, its complement and their inverses: the normal distribution's.

erf is x * P(x**2) near 0 and 1 - erfc beyond, erfc is exp(-x**2) * t * Q(t) with t = 2 / (2 + x). P and Q are Chebyshev
interpolants, computed with 50 digits: relative errors are 1e-15 of erf, and 1e-13 of erfc, where exp rounds x**2. In float32
erf is a quotient of polynomials without exp, which takes a quarter of the time.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..op import elementwise, public
from ..tensor import as_tensor
from .domain import in_float64, real_floating
from .functor import functor
from .unary import exp, square

# P in 2 * x**2 - 1 for |x| <= 1, and Q in 2 * t - 1 for x >= 0; constant term first.
_NEAR = (
    0.9654687386698673,
    -0.1405360890227171,
    0.019852496688984218,
    -0.0022854855611440855,
    0.00021751715603563488,
    -1.75371694412802e-05,
    1.2233827638093572e-06,
    -7.51156925108609e-08,
    4.115751500265885e-09,
    -2.035231956483527e-10,
    9.21125018742823e-12,
    -3.80659122412214e-13,
)
_FAR = (
    0.5107913526210118,
    0.34358034220690536,
    0.13973604627794017,
    0.018221115753413866,
    -0.010755330940551767,
    -0.0032395925326627493,
    0.0015453059501721663,
    0.00041864800911864327,
    -0.00033153596951670036,
    -1.7185510228970984e-05,
    7.223078005558086e-05,
    -1.7075587078862068e-05,
    -1.0830840140061017e-05,
    8.064338825028904e-06,
    -6.061660648176088e-07,
    -1.8303070086835044e-06,
    1.0753034265368385e-06,
    1.0360790539807586e-08,
    -3.7262437397408343e-07,
    1.5349222085928225e-07,
    6.651691098356388e-08,
    -5.297335962428669e-08,
    -5.021930669720097e-09,
    6.86212563148957e-09,
)
_FAR_FLOAT32 = (
    0.510791357,
    0.343580341,
    0.139735726,
    0.018221237,
    -0.0107515693,
    -0.00324104592,
    0.00152899732,
    0.000425197107,
    -0.000299199669,
    -3.11484371e-05,
    4.20878746e-05,
    -1.97733429e-06,
)


def _polynomial(coefficients: tuple[float, ...], x: Any) -> Any:
    value = x * coefficients[-1]
    value += coefficients[-2]
    for c in coefficients[-3::-1]:
        value *= x
        value += c
    return value


def _scaled_erfc(x: Any) -> Any:
    """erfc(x) * exp(x**2) for x >= 0."""
    t = 2 / (2 + x)
    return t * _polynomial(_FAR if x.dtype == np.float64 else _FAR_FLOAT32, 2 * t - 1)


def _computed(function: Any, xp: Any, x: Any) -> Any:
    """`function` in float32 or float64; half types are widened to float32."""
    wide = x.astype(np.float32) if x.dtype.itemsize == 2 else x
    return function(xp, wide).astype(x.dtype, copy=False)


def _erf(xp: Any, x: Any) -> Any:
    if x.dtype == np.float32:
        return _erf_float32(xp, x)
    a = xp.minimum(xp.abs(x), 9)
    far = xp.copysign(1 - _scaled_erfc(a) * xp.exp(-a * a), x)
    return xp.where(a < 1, x * _polynomial(_NEAR, 2 * a * a - 1), far)


# In float32 erf(x) = x P(x**2) / Q(x**2) up to LAST, where it has come to 1: fitted in the relative error, which is 3e-7.
_LAST = 3.92
_ABOVE = (1.1283791, 0.19040601, 0.05274867, 0.0037655984, 0.00028488247, 2.0500931e-06)
_BELOW = (1.0, 0.5020757, 0.11410893, 0.01496918, 0.0011625313, 3.8091763e-05)
_PIECE = 1 << 13  # elements: what is computed with them stays in the cache


def _erf_float32(xp: Any, x: Any) -> Any:
    y = xp.empty(x.shape, x.dtype)
    xp.clip(x, -_LAST, _LAST, out=y)
    flat = y.reshape(-1)
    squares, above, below = xp.empty((3, min(_PIECE, flat.size)), x.dtype)
    for start in range(0, flat.size, _PIECE):
        z = flat[start : start + _PIECE]
        s, p, q = squares[: z.size], above[: z.size], below[: z.size]
        xp.multiply(z, z, out=s)
        for made, coefficients in ((p, _ABOVE), (q, _BELOW)):
            xp.multiply(s, coefficients[-1], out=made)
            for c in coefficients[-2:0:-1]:
                made += c
                made *= s
            made += coefficients[0]
        z *= p
        z /= q
    return xp.clip(y, -1, 1, out=y)


def _erfc(xp: Any, x: Any) -> Any:
    a = xp.abs(x)
    far = _scaled_erfc(a) * xp.exp(-a * a)
    return xp.where(x < 0, 2 - far, xp.where(a == np.inf, 0, far)).astype(x.dtype, copy=False)


@elementwise
@real_floating
def erf(xp, x):
    """2 / sqrt(pi) times the integral of exp(-t**2) from 0 to x."""
    return _computed(_erf, xp, x)


@erf.gradient
def _(dy, x):
    return dy * (2 / math.sqrt(math.pi)) * exp(-square(x))


@elementwise
@real_floating
def erfc(xp, x):
    """1 - erf(x), precise where that is small."""
    return _computed(_erfc, xp, x)


@erfc.gradient
def _(dy, x):
    return dy * (-2 / math.sqrt(math.pi)) * exp(-square(x))


def _upper(xp: Any, q: Any) -> Any:
    """The x >= 0 with erfc(x) = q, for 0 <= q <= 1: Newton's method on log(erfc(x)), which is concave."""
    level = xp.log(q)
    x = xp.sqrt(xp.maximum(-level, 0))  # never too small, and from there every step stays on that side
    for _ in range(6):
        scaled = _scaled_erfc(x)
        x = x + (xp.log(scaled) - x * x - level) * scaled * (math.sqrt(math.pi) / 2)
    return xp.where(q > 0, xp.maximum(x, 0), np.inf)


def _inverse_erfc(xp: Any, q: Any) -> Any:
    x = xp.copysign(_upper(xp, xp.minimum(q, 2 - q)), 1 - q)
    return xp.where((q >= 0) & (q <= 2), x, np.nan)


@elementwise
@real_floating
@in_float64
def erfinv(xp, x):
    """The y with erf(y) = x; NaN outside of [-1, 1]."""
    a = xp.abs(x)
    y = xp.where(a < 0.5, a, _inverse_erfc(xp, 1 - a))
    for _ in range(4):  # small ones by Newton's method on erf itself: 1 - a has lost their digits
        y = xp.where(a < 0.5, y - (_erf(xp, y) - a) * xp.exp(y * y) * (math.sqrt(math.pi) / 2), y)
    return xp.copysign(y, x)


@erfinv.gradient
def _(dy, y):
    return dy * (math.sqrt(math.pi) / 2) * exp(square(y))


@elementwise
@real_floating
@in_float64
def ndtri(xp, x):
    """The quantile of the standard normal distribution: the y below which a share x of it lies."""
    return -math.sqrt(2) * _inverse_erfc(xp, 2 * x)


@ndtri.gradient
def _(dy, y):
    return dy * math.sqrt(2 * math.pi) * exp(square(y) / 2.0)


@public
def erfcinv(x: Any, name: str | None = None) -> Any:
    """The y with erfc(y) = x, for floating point x in (0, 2).

    >>> import gputape as tf
    >>> tf.math.erfcinv([0.5, 1.0]).numpy().round(6) + 0.0
    array([0.476936, 0.      ], dtype=float32)
    """
    return ndtri(as_tensor(x) * 0.5) * -math.sqrt(0.5)


erf.kernel(functor("Erf"))
erfc.kernel(functor("Erfc"))

_FUNCTIONS: tuple[Any, ...] = (erf, erfc, erfinv, erfcinv, ndtri)
NAMES = {f"tf.math.{f.__name__}": f for f in _FUNCTIONS}
