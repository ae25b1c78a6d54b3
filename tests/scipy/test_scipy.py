"""gputape.scipy against SciPy, and gradients against finite differences."""

import numpy as onp
import pytest

import gputape as tf
import gputape.numpy as np
from gputape.scipy import special, stats

scipy_special, scipy_stats = pytest.importorskip("scipy.special"), pytest.importorskip("scipy.stats")
RNG = onp.random.default_rng(0)
X, Y = RNG.uniform(0.2, 0.8, (2, 3, 4))
W = RNG.standard_normal((3, 3))
COV = W @ W.T + onp.eye(3)


@pytest.mark.parametrize(
    "name, args",
    [
        *[(n, (X,)) for n in ("expit", "log_expit", "erf", "erfc", "erfinv", "ndtri", "gammaln", "psi", "digamma")],
        *[(n, (X,)) for n in ("gamma", "i0", "i1", "logit", "logsumexp", "softmax", "log_softmax")],
        *[(n, (X, Y)) for n in ("beta", "betaln", "xlogy", "xlog1py", "gammainc", "gammaincc")],
        *[("logsumexp", (X, 1)), ("softmax", (X, 0)), ("multigammaln", (X + 3, 2))],
    ],
)
def test_special(name, args):
    made = getattr(special, name)(*args)
    onp.testing.assert_allclose(made.numpy(), getattr(scipy_special, name)(*args), rtol=1e-10)
    if not name.startswith("gammainc"):
        tf.testing.check_gradients(getattr(special, name), *args, order=1, rtol=1e-4)


def test_special_corners():
    onp.testing.assert_allclose(special.gamma([-0.5, -1.5, 2]).numpy(), scipy_special.gamma([-0.5, -1.5, 2]))
    onp.testing.assert_allclose(special.logsumexp(X, b=Y).numpy(), scipy_special.logsumexp(X, b=Y))
    with pytest.raises(TypeError, match="takes 1 arguments"):
        special.expit(1.0, 2.0)


@pytest.mark.parametrize(
    "name, method, args",
    [
        *[("norm", m, (X, 0.5, 1.5)) for m in ("pdf", "logpdf", "cdf", "logcdf", "sf", "logsf")],
        *[("multivariate_normal", m, (RNG.standard_normal((4, 3)), W[0], COV)) for m in ("pdf", "logpdf")],
        ("multivariate_normal", "logpdf", (W[0], W[1], 2.0)),
        ("multivariate_normal", "logpdf", (W, W[1], onp.array([1.0, 2.0, 3.0]))),
        ("t", "logpdf", (X, 3.5, 0.2, 2.0)),
        ("t", "pdf", (X, 3.5)),
        ("chi2", "logpdf", (X, 3.5)),
        ("chi2", "pdf", (X, 3.5)),
        ("beta", "pdf", (X, 2.0, 3.0)),
        ("gamma", "pdf", (X, 2.5)),
        ("poisson", "pmf", (onp.arange(1.0, 5.0), 2.5)),
        ("dirichlet", "pdf", (onp.array([0.2, 0.3, 0.5]), onp.array([1.5, 2.0, 3.0]))),
    ],
)
def test_stats(name, method, args):
    made = getattr(getattr(stats, name), method)(*args)
    onp.testing.assert_allclose(made.numpy(), getattr(getattr(scipy_stats, name), method)(*args), rtol=1e-9)
    density = getattr(getattr(stats, name), method)
    if args[-1] is COV:  # only symmetric ones have a density

        def of_root(x, mean, w):
            return density(x, mean, np.dot(w, np.transpose(w)) + onp.eye(3))

        tf.testing.check_gradients(of_root, *args[:2], W, order=1, rtol=1e-4)
        return
    tf.testing.check_gradients(density, *args, order=1, rtol=1e-4)


def test_distributions_are_modules():
    import gputape.scipy.stats.norm as norm

    assert norm is stats.norm
    onp.testing.assert_allclose(stats.chi2.cdf(X, 3.5).numpy(), scipy_stats.chi2.cdf(X, 3.5))
