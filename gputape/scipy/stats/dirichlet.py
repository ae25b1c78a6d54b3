"""gputape.scipy.stats.dirichlet: the Dirichlet distribution of probabilities along the first axis of `x`."""

from __future__ import annotations

from typing import Any

import gputape.numpy as np

from ..special import gammaln, xlogy
from .density import exponential


def logpdf(x: Any, alpha: Any) -> Any:
    norm_of = np.sum(gammaln(alpha)) - gammaln(np.sum(alpha))
    return np.sum(xlogy(np.subtract(alpha, 1.0), np.transpose(x)), -1) - norm_of


pdf = exponential(logpdf)


__all__ = ["logpdf", "pdf"]
