"""A function with a gradient of its own: log(sum(exp(x))) whose rule is the softmax, differentiable again.

python examples/numpy/define_gradient.py
"""

import gputape.numpy as np
from gputape.numpy import grad, hessian
from gputape.numpy.extend import defvjp, primitive
from gputape.numpy.test_util import check_grads


@primitive
def logsumexp(x):
    """What happens in here no tape sees: it may be any library's."""
    top = np.max(x)
    return top + np.log(np.sum(np.exp(x - top)))


# `ans` is the result: the rule needs no second sum. `g` is the gradient of the result.
defvjp(logsumexp, lambda ans, x: lambda g: g * np.exp(x - ans))


def main() -> float:
    x = np.array([1.0, 2.0, 4.0])
    shares = grad(logsumexp)(x)
    check_grads(logsumexp, order=2)(x)
    print(f"shares {shares}, they are {float(np.sum(shares)):.3f} in all")
    curvature = hessian(logsumexp)(x)
    return float(np.max(np.abs(curvature - (np.diag(shares) - np.outer(shares, shares)))))


if __name__ == "__main__":
    main()
