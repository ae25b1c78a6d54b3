"""gputape.scipy.special: functions of mathematical physics and statistics, differentiable."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gputape.numpy as np

from ..numpy.array import axes, promoted, wrap
from ..registry import OPS


def _elementwise(name: str, op: str, operands: int = 1) -> Callable[..., Any]:
    def function(*xs: Any) -> Any:
        if len(xs) != operands:
            raise TypeError(f"{name}() takes {operands} arguments, got {len(xs)}")
        return wrap(OPS[op](*promoted(*xs, floating=True)))

    function.__name__, function.__doc__ = name, f"SciPy's `special.{name}`: the op `{op}`."
    return function


expit = _elementwise("expit", "sigmoid")
log_expit = _elementwise("log_expit", "log_sigmoid")
erf, erfc = _elementwise("erf", "erf"), _elementwise("erfc", "erfc")
erfinv, ndtri = _elementwise("erfinv", "erfinv"), _elementwise("ndtri", "ndtri")
gammaln, psi = _elementwise("gammaln", "lgamma"), _elementwise("psi", "digamma")
digamma = psi
polygamma = _elementwise("polygamma", "polygamma", 2)
gammainc, gammaincc = _elementwise("gammainc", "igamma", 2), _elementwise("gammaincc", "igammac", 2)
xlogy, xlog1py = _elementwise("xlogy", "xlogy", 2), _elementwise("xlog1py", "xlog1py", 2)
i0, i1 = _elementwise("i0", "bessel_i0"), _elementwise("i1", "bessel_i1")


def logsumexp(a: Any, axis: Any = None, b: Any = None, keepdims: bool = False) -> Any:
    """log(sum(b exp(a))) without overflow; `b`, positive weights, default 1.

    >>> from gputape.scipy.special import logsumexp
    >>> print(f"{logsumexp([1000.0, 1000.0]):.4f}")
    1000.6931
    """
    x = a if b is None else np.add(a, np.log(b))
    return wrap(OPS["reduce_logsumexp"](*promoted(x, floating=True), axes(axis), keepdims))


def softmax(x: Any, axis: Any = None) -> Any:
    """exp(x) divided by its sum over `axis` (None: all)."""
    return np.exp(np.subtract(x, logsumexp(x, axis, keepdims=True)))


def log_softmax(x: Any, axis: Any = None) -> Any:
    """The logarithm of `softmax`."""
    return np.subtract(x, logsumexp(x, axis, keepdims=True))


def logit(p: Any) -> Any:
    """log(p / (1 - p)), the inverse of `expit`."""
    return np.log(p) - np.log1p(np.negative(p))


def gamma(x: Any) -> Any:
    """The gamma function; below zero its sign alternates from pole to pole."""
    x = wrap(promoted(x, floating=True)[0])
    sign = np.where(np.logical_or(np.greater(x, 0), np.equal(np.mod(np.floor(x), 2), 0)), 1.0, -1.0)
    return sign * np.exp(gammaln(x))


def betaln(a: Any, b: Any) -> Any:
    """The logarithm of the beta function of positive numbers."""
    return gammaln(a) + gammaln(b) - gammaln(np.add(a, b))


def beta(a: Any, b: Any) -> Any:
    """gamma(a) gamma(b) / gamma(a + b) of positive numbers."""
    return np.exp(betaln(a, b))


def multigammaln(a: Any, d: int) -> Any:
    """The logarithm of the multivariate gamma function of dimension `d`."""
    a = wrap(promoted(a, floating=True)[0])
    return d * (d - 1) / 4 * float(np.log(np.pi)) + np.sum(gammaln(a[..., None] - np.arange(d) / 2.0), -1)


__all__ = [
    *("beta", "betaln", "digamma", "erf", "erfc", "erfinv", "expit", "gamma", "gammainc", "gammaincc", "gammaln"),
    *("i0", "i1", "log_expit", "log_softmax", "logit", "logsumexp", "multigammaln", "ndtri", "polygamma", "psi"),
    *("softmax", "xlog1py", "xlogy"),
]
