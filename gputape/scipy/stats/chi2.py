"""gputape.scipy.stats.chi2: the sum of `df` squared standard normal numbers."""

from __future__ import annotations

import math
from typing import Any

import gputape.numpy as np

from ..special import gammainc, gammaln, xlogy
from .density import exponential


def logpdf(x: Any, df: Any) -> Any:
    half = np.divide(df, 2.0)
    return xlogy(half - 1.0, x) - np.divide(x, 2.0) - half * math.log(2.0) - gammaln(half)


def cdf(x: Any, df: Any) -> Any:
    return gammainc(np.divide(df, 2.0), np.divide(x, 2.0))


pdf = exponential(logpdf)


__all__ = ["cdf", "logpdf", "pdf"]
