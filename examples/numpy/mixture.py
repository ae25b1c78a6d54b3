"""A mixture of normal distributions fitted to a spiral of points; parameters in which anything is allowed.

python examples/numpy/mixture.py
"""

import gputape.numpy as np
from gputape.numpy import hessian_vector_product, value_and_grad
from gputape.numpy.misc import flatten
from gputape.scipy.special import logsumexp
from gputape.scipy.stats import multivariate_normal


def log_likelihood(params, points):
    """The roots of the covariances are free matrices, the shares of the components free numbers."""
    shares = params["shares"] - logsumexp(params["shares"])
    parts = [
        share + multivariate_normal.logpdf(points, mean, np.dot(root.T, root))
        for share, mean, root in zip(shares, params["means"], params["roots"])
    ]
    return np.mean(logsumexp(np.vstack(parts), axis=0))


def main(components: int = 4, steps: int = 80) -> float:
    rs = np.random.RandomState(0)
    turn = np.linspace(0, 2 * np.pi, 120)
    points = np.column_stack([np.cos(turn), np.sin(turn)]) * (1 + 0.3 * turn)[:, None] + 0.1 * rs.randn(120, 2)
    start = {
        "shares": np.zeros(components),
        "means": points[rs.permutation(120)[:components]],
        "roots": np.tile(np.eye(2), (components, 1, 1)),
    }
    vector, unflatten = flatten(start)

    def loss(v):
        return -log_likelihood(unflatten(v), points)

    step, curvature = value_and_grad(loss), hessian_vector_product(loss)
    for k in range(steps):
        value, slope = step(vector)
        # Newton's length along the gradient, where the loss is convex, and never a long one.
        bend = np.dot(slope, curvature(vector, slope))
        length = np.dot(slope, slope) / bend if bend > 0 else 1.0
        vector = vector - np.minimum(length, 1.0) * slope
        if k == 0:
            first = value
        if k % 20 == 0:
            print(f"step {k}: log likelihood {-value:.4f}")
    return float(first - value)


if __name__ == "__main__":
    main()
