"""gputape.scipy.stats.beta: the beta distribution on [0, 1]."""

from __future__ import annotations

from typing import Any

import gputape.numpy as np

from ..special import betaln, xlog1py, xlogy
from .density import exponential


def logpdf(x: Any, a: Any, b: Any) -> Any:
    return xlogy(np.subtract(a, 1.0), x) + xlog1py(np.subtract(b, 1.0), np.negative(x)) - betaln(a, b)


pdf = exponential(logpdf)


__all__ = ["logpdf", "pdf"]
