"""A Gaussian process: its length scale, height and noise are found by the gradient of the marginal likelihood.

python examples/numpy/gaussian_process.py
"""

import gputape.numpy as np
from gputape.numpy import grad
from gputape.numpy.misc.optimizers import adam
from gputape.scipy.stats import multivariate_normal


def kernel(params, x, y):
    """params: logarithms of height, length scale and noise."""
    away = (x[:, None] - y[None, :]) / np.exp(params[1])
    return np.exp(2 * params[0]) * np.exp(-0.5 * away**2)


def noisy_kernel(params, x):
    return kernel(params, x, x) + (np.exp(2 * params[2]) + 1e-6) * np.eye(len(x))


def predicted(params, x, y, at):
    """The mean of the process `at` places, knowing y at x."""
    return np.dot(kernel(params, at, x), np.linalg.solve(noisy_kernel(params, x), y))


def main(steps: int = 80) -> float:
    rs = np.random.RandomState(0)
    x = np.linspace(0, 6, 25)
    y = np.sin(x) + 0.1 * rs.randn(25)

    def loss(params, step):
        return -multivariate_normal.logpdf(y, np.zeros(25), noisy_kernel(params, x))

    params = adam(grad(loss), np.zeros(3), num_iters=steps, step_size=0.1)
    height, length, noise = np.exp(params)
    print(f"height {height:.2f}, length scale {length:.2f}, noise {noise:.3f}")
    at = np.linspace(0.5, 5.5, 11)
    return float(np.max(np.abs(predicted(params, x, y, at) - np.sin(at))))


if __name__ == "__main__":
    main()
