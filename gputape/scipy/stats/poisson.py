"""gputape.scipy.stats.poisson: the Poisson distribution of mean `mu`."""

from __future__ import annotations

from typing import Any

import gputape.numpy as np

from ..special import gammaln, xlogy


def logpmf(k: Any, mu: Any) -> Any:
    return xlogy(k, mu) - gammaln(np.add(k, 1.0)) - mu


def pmf(k: Any, mu: Any) -> Any:
    return np.exp(logpmf(k, mu))


__all__ = ["logpmf", "pmf"]
