"""Rosenbrock's valley, walked by Newton's steps: the Hessian is the jacobian of the gradient.

python examples/numpy/rosenbrock.py
"""

import gputape.numpy as np
from gputape.numpy import grad, hessian


def rosenbrock(x):
    return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2


def main(steps: int = 24) -> float:
    x, slope, curvature = np.array([-1.2, 1.0]), grad(rosenbrock), hessian(rosenbrock)
    for k in range(steps):
        way, length = np.linalg.solve(curvature(x), slope(x)), 1.0
        while length > 1e-6 and rosenbrock(x - length * way) > rosenbrock(x):
            length /= 2
        x = x - length * way
        if k % 5 == 0:
            print(f"step {k}: {rosenbrock(x):.2e} at {x}")
    return float(np.max(np.abs(x - 1.0)))  # the lowest place is (1, 1)


if __name__ == "__main__":
    main()
