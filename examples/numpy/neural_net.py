"""A small network of one's own on handwritten digits: parameters are a list of pairs, adam takes them as they are.

python examples/numpy/neural_net.py
"""

import itertools

import gputape.numpy as np
from gputape.keras.datasets import digits
from gputape.numpy import grad
from gputape.numpy.misc import adam
from gputape.scipy.special import logsumexp


def parameters(sizes, scale, rs):
    return [(scale * rs.randn(m, n), scale * rs.randn(n)) for m, n in itertools.pairwise(sizes)]


def log_probabilities(params, x):
    for w, b in params[:-1]:
        x = np.tanh(np.dot(x, w) + b)
    w, b = params[-1]
    scores = np.dot(x, w) + b
    return scores - logsumexp(scores, axis=1, keepdims=True)


def accuracy(params, x, y):
    return np.mean(np.argmax(log_probabilities(params, x), axis=1) == y)


def main(steps: int = 300, size: int = 100) -> float:
    (x, y), (x_test, y_test) = digits.load_data()
    x, x_test = x.reshape(len(x), -1) / 16.0, x_test.reshape(len(x_test), -1) / 16.0
    targets = np.eye(10)[y]

    def loss(params, step):
        start = step * size % (len(x) - size)
        batch = slice(start, start + size)
        prior = 1e-4 * sum(np.sum(w**2) + np.sum(b**2) for w, b in params)
        return prior - np.mean(np.sum(log_probabilities(params, x[batch]) * targets[batch], axis=1))

    def tell(params, step, _):
        if step % 100 == 0:
            print(f"step {step}: test accuracy {accuracy(params, x_test, y_test):.1%}")

    params = adam(grad(loss), parameters([64, 50, 10], 0.1, np.random.RandomState(0)), tell, steps, 0.01)
    right = accuracy(params, x_test, y_test)
    print(f"test accuracy {right:.1%}")
    return float(right)


if __name__ == "__main__":
    main()
