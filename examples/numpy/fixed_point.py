"""A layer that is the solution of an equation: its gradient is found at the solution, no iteration is kept.

python examples/numpy/fixed_point.py
"""

import gputape.numpy as np
from gputape.numpy import value_and_grad
from gputape.numpy.misc.fixed_points import fixed_point


def layer(params):
    """What x becomes when it is put through tanh(w x + b) again and again."""
    return lambda x: np.tanh(np.dot(params["w"], x) + params["b"])


def distance(x, y):
    return np.max(np.abs(x - y))


def main(steps: int = 40) -> float:
    rs = np.random.RandomState(0)
    wanted = np.array([0.5, -0.3, 0.2])
    params = {"w": 0.1 * rs.randn(3, 3), "b": np.zeros(3)}

    def loss(params):
        return np.sum((fixed_point(layer, params, np.zeros(3), distance, 1e-10) - wanted) ** 2)

    step = value_and_grad(loss)
    for k in range(steps):
        value, slope = step(params)
        params = {name: p - 0.3 * slope[name] for name, p in params.items()}
        if k % 10 == 0:
            print(f"step {k}: distance from what is wanted {value:.2e}")
    return float(value)


if __name__ == "__main__":
    main()
