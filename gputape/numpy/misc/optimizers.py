"""gputape.numpy.misc.optimizers: plain optimizers of a nest of arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..array import FUNCTIONS
from .vector import flatten

Callback = Callable[[Any, int, Any], Any]


def _run(step: Callable[[int, Any], Any], grad: Any, x0: Any, callback: Callback | None, num_iters: int) -> Any:
    """Iterate `x -= step(i, gradient)` on the parameters as one vector; `grad(params, i)` is of their own structure."""
    x, unflatten = flatten(x0)
    for i in range(num_iters):
        g = grad(unflatten(x), i)
        if callback:
            callback(unflatten(x), i, g)
        x = x - step(i, flatten(g)[0])
    return unflatten(x)


def sgd(
    grad: Any, x0: Any, callback: Any = None, num_iters: int = 200, step_size: float = 0.1, mass: float = 0.9
) -> Any:
    """Descent with momentum: v = mass v - (1 - mass) g, x += step_size v. `grad(x, i)`, `callback(x, i, g)`."""
    v: Any = 0.0

    def step(i: int, g: Any) -> Any:
        nonlocal v
        v = mass * v - (1.0 - mass) * g
        return -step_size * v

    return _run(step, grad, x0, callback, num_iters)


def rmsprop(
    grad: Any,
    x0: Any,
    callback: Any = None,
    num_iters: int = 100,
    step_size: float = 0.1,
    gamma: float = 0.9,
    eps: float = 1e-8,
) -> Any:
    """Each step divided by the root of a running mean of squares, which begins at one."""
    mean: Any = 1.0

    def step(i: int, g: Any) -> Any:
        nonlocal mean
        mean = mean * gamma + g * g * (1 - gamma)
        return step_size * g / (FUNCTIONS["sqrt"](mean) + eps)

    return _run(step, grad, x0, callback, num_iters)


def adam(
    grad: Any,
    x0: Any,
    callback: Any = None,
    num_iters: int = 100,
    step_size: float = 0.001,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
) -> Any:
    """Adam: Kingma and Ba 2014. `grad(x, i)` gives the gradient at step i, `callback(x, i, g)` is told of it."""
    m: Any = 0.0
    v: Any = 0.0

    def step(i: int, g: Any) -> Any:
        nonlocal m, v
        m, v = (1 - b1) * g + b1 * m, (1 - b2) * g * g + b2 * v
        return step_size * (m / (1 - b1 ** (i + 1))) / (FUNCTIONS["sqrt"](v / (1 - b2 ** (i + 1))) + eps)

    return _run(step, grad, x0, callback, num_iters)


__all__ = ["adam", "rmsprop", "sgd"]
