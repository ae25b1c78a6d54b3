"""A differential equation whose right side is learnt from a path: the gradient goes through the solver's steps.

python examples/numpy/ode_net.py
"""

import gputape.numpy as np
from gputape.numpy import grad
from gputape.numpy.misc.optimizers import adam
from gputape.scipy.integrate import odeint


def motion(y, t, params):
    """A network of one hidden layer: from the place to the speed."""
    (w1, b1), (w2, b2) = params
    return np.dot(np.tanh(np.dot(y, w1) + b1), w2) + b2


def main(steps: int = 40) -> float:
    rs = np.random.RandomState(0)
    start, times = np.array([1.0, 0.0]), np.linspace(0.0, 2.0, 8)
    turn = np.array([[-0.2, 1.5], [-1.5, -0.2]])
    path = odeint(lambda y, t: np.dot(turn, y), start, times)

    def loss(params, step):
        return np.mean((odeint(motion, start, times, (params,), rtol=1e-3, atol=1e-3) - path) ** 2)

    def tell(params, step, gradient):
        if step % 10 == 0:
            print(f"step {step}: distance from the path {loss(params, step):.4f}")

    first = [(0.3 * rs.randn(m, n), np.zeros(n)) for m, n in ((2, 16), (16, 2))]
    params = adam(grad(loss), first, tell, steps, step_size=0.05)
    return float(loss(params, steps) / loss(first, 0))


if __name__ == "__main__":
    main()
