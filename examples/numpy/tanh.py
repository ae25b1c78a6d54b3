"""The hyperbolic tangent and its derivatives, each the derivative of the one before.

python examples/numpy/tanh.py
"""

import gputape.numpy as np
from gputape.numpy import elementwise_grad


def tanh(x):
    y = np.exp(-2.0 * x)
    return (1.0 - y) / (1.0 + y)


def main(order: int = 6) -> float:
    x, curve = np.linspace(-3, 3, 31), tanh
    for k in range(order + 1):
        values = curve(x)
        print(f"order {k}: between {float(np.min(values)):9.3f} and {float(np.max(values)):9.3f}")
        curve = elementwise_grad(curve)
    # In the middle the derivatives are Taylor's coefficients times factorials: 0, 1, 0, -2, 0, 16, 0.
    return float(elementwise_grad(elementwise_grad(elementwise_grad(tanh)))(0.0))


if __name__ == "__main__":
    main()
