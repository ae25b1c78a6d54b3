"""gputape.scipy.stats: densities of distributions, differentiable in all their arguments."""

from __future__ import annotations

import math
from typing import Any

import gputape.numpy as np

from .special import betaln, erfc, gammaln, xlog1py, xlogy


class Continuous:
    """A distribution that defines `logpdf`."""

    @classmethod
    def pdf(cls, *args: Any, **kwargs: Any) -> Any:
        """The density: exp(logpdf) of the same arguments."""
        return np.exp(cls.logpdf(*args, **kwargs))  # type: ignore[attr-defined]


class norm(Continuous):
    """The normal distribution of mean `loc` and standard deviation `scale`."""

    @staticmethod
    def logpdf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
        z = np.divide(np.subtract(x, loc), scale)
        return -0.5 * z * z - np.log(scale) - 0.5 * math.log(2 * math.pi)

    @staticmethod
    def cdf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
        return 0.5 * erfc(np.divide(np.subtract(loc, x), scale) / math.sqrt(2))

    @staticmethod
    def logcdf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
        """Its tail below about -37 standard deviations is lost: log(0) in float64."""
        return np.log(norm.cdf(x, loc, scale))

    @staticmethod
    def sf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
        return norm.cdf(np.negative(x), np.negative(loc), scale)


class multivariate_normal(Continuous):
    """The normal distribution of vectors, which lie along the last axis of `x`."""

    @staticmethod
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


class t(Continuous):
    """Student's distribution with `df` degrees of freedom."""

    @staticmethod
    def logpdf(x: Any, df: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
        z, df = np.divide(np.subtract(x, loc), scale), np.multiply(df, 1.0)
        norm_of = gammaln((df + 1) / 2) - gammaln(df / 2) - 0.5 * np.log(df * math.pi) - np.log(scale)
        return norm_of - (df + 1) / 2 * np.log1p(z * z / df)


class beta(Continuous):
    """The beta distribution on [0, 1]."""

    @staticmethod
    def logpdf(x: Any, a: Any, b: Any) -> Any:
        return xlogy(np.subtract(a, 1.0), x) + xlog1py(np.subtract(b, 1.0), np.negative(x)) - betaln(a, b)


class gamma(Continuous):
    """The gamma distribution of shape `a` and scale 1."""

    @staticmethod
    def logpdf(x: Any, a: Any) -> Any:
        return xlogy(np.subtract(a, 1.0), x) - x - gammaln(a)


class poisson:
    """The Poisson distribution of mean `mu`."""

    @staticmethod
    def logpmf(k: Any, mu: Any) -> Any:
        return xlogy(k, mu) - gammaln(np.add(k, 1.0)) - mu

    @staticmethod
    def pmf(k: Any, mu: Any) -> Any:
        return np.exp(poisson.logpmf(k, mu))


class dirichlet(Continuous):
    """The Dirichlet distribution of probabilities along the first axis of `x`."""

    @staticmethod
    def logpdf(x: Any, alpha: Any) -> Any:
        norm_of = np.sum(gammaln(alpha)) - gammaln(np.sum(alpha))
        return np.sum(xlogy(np.subtract(alpha, 1.0), np.transpose(x)), -1) - norm_of


__all__ = ["beta", "dirichlet", "gamma", "multivariate_normal", "norm", "poisson", "t"]
