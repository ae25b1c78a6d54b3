"""Logistic regression by gradient descent, with the curvature of the loss at the end.

python examples/numpy/logistic_regression.py
"""

import gputape.numpy as np
from gputape.numpy import hessian, value_and_grad


def predictions(weights, x):
    return 0.5 * (np.tanh(np.dot(x, weights) / 2) + 1)


def loss(weights, x, labels):
    """The negative logarithm of the probability of the labels; integers, booleans and floats mix as in NumPy."""
    p = predictions(weights, x)
    return -np.sum(np.log(p * labels + (1 - p) * (1 - labels)))


def main(steps: int = 200) -> float:
    rs = np.random.RandomState(0)
    x = rs.randn(60, 3)
    labels = x @ np.array([2.0, -1.0, 0.5]) + 0.1 * rs.randn(60) > 0
    weights, step = np.zeros(3), value_and_grad(loss)
    for k in range(steps):
        value, slope = step(weights, x, labels)
        weights = weights - 0.05 * slope
        if k % 50 == 0:
            print(f"step {k}: loss {value:.4f}")
    right = np.mean((predictions(weights, x) > 0.5) == labels)
    print(f"weights {weights}, {right:.0%} right; curvatures {np.linalg.eigvalsh(hessian(loss)(weights, x, labels))}")
    return float(right)


if __name__ == "__main__":
    main()
