"""gputape.scipy.stats.norm: the normal distribution of mean `loc` and standard deviation `scale`."""

from __future__ import annotations

import math
from typing import Any

import gputape.numpy as np

from ..special import erfc
from .density import exponential


def logpdf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    z = np.divide(np.subtract(x, loc), scale)
    return -0.5 * z * z - np.log(scale) - 0.5 * math.log(2 * math.pi)


def cdf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    return 0.5 * erfc(np.divide(np.subtract(loc, x), scale) / math.sqrt(2))


def logcdf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """Its tail below about -37 standard deviations is lost: log(0) in float64."""
    return np.log(cdf(x, loc, scale))


def sf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    return cdf(np.negative(x), np.negative(loc), scale)


def logsf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """The logarithm of `sf`, as exact as `logcdf`."""
    return logcdf(np.negative(x), np.negative(loc), scale)


pdf = exponential(logpdf)


__all__ = ["cdf", "logcdf", "logpdf", "logsf", "pdf", "sf"]
