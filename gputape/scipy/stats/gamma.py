"""gputape.scipy.stats.gamma: the gamma distribution of shape `a` and scale 1."""

from __future__ import annotations

from typing import Any

import gputape.numpy as np

from ..special import gammaln, xlogy
from .density import exponential


def logpdf(x: Any, a: Any) -> Any:
    return xlogy(np.subtract(a, 1.0), x) - x - gammaln(a)


pdf = exponential(logpdf)


__all__ = ["logpdf", "pdf"]
