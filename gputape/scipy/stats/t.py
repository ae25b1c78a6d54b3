"""gputape.scipy.stats.t: student's distribution with `df` degrees of freedom."""

from __future__ import annotations

import math
from typing import Any

import gputape.numpy as np

from ..special import gammaln
from .density import exponential


def logpdf(x: Any, df: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    z, df = np.divide(np.subtract(x, loc), scale), np.multiply(df, 1.0)
    norm_of = gammaln((df + 1) / 2) - gammaln(df / 2) - 0.5 * np.log(df * math.pi) - np.log(scale)
    return norm_of - (df + 1) / 2 * np.log1p(z * z / df)


pdf = exponential(logpdf)


__all__ = ["logpdf", "pdf"]
