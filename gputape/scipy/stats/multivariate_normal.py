"""gputape.scipy.stats.multivariate_normal: the normal distribution of vectors, which lie along the last axis of `x`."""

from __future__ import annotations

import math
from typing import Any

import gputape.numpy as np

from .density import exponential


def logpdf(x: Any, mean: Any = 0.0, cov: Any = 1.0, allow_singular: bool = False) -> Any:
    """`cov`: a matrix, a vector of variances, or one variance for all. NaN or an error if it is not positive."""
    x = np.asarray(x)
    cov = np.asarray(cov)
    away = x - mean
    away = away[..., None] if away.ndim == 0 or (cov.ndim < 2 and cov.size == 1 and x.ndim == 0) else away
    size = away.shape[-1]
    if cov.ndim < 2:
        variances = np.broadcast_to(cov, (size,))
        mahalanobis, logdet = np.sum(away * away / variances, -1), np.sum(np.log(variances))
    else:
        factor = np.linalg.cholesky(cov)
        rows = away.reshape(-1, size)
        whitened = np.linalg.solve(factor, rows.T)
        mahalanobis = np.sum(whitened * whitened, 0).reshape(away.shape[:-1])
        logdet = 2.0 * np.sum(np.log(np.diagonal(factor)))
    return -0.5 * (size * math.log(2 * math.pi) + logdet + mahalanobis)


pdf = exponential(logpdf)


__all__ = ["logpdf", "pdf"]
