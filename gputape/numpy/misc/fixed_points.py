"""gputape.numpy.misc.fixed_points: x = f(a)(x), whose gradient is found at the solution, whatever led there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..array import FUNCTIONS
from ..extend import defvjp, primitive
from ..gradient_products import make_vjp


@primitive
def fixed_point(f: Callable[..., Any], a: Any, x0: Any, distance: Callable[..., Any], tol: float) -> Any:
    """The array x with x = f(a)(x), found by iterating from `x0` until `distance(x, previous)` is at most `tol`.

    Gradients go to `a`, an array or a nest, to any order. No iteration is kept: with J the jacobian of f(a) at x, the
    gradient v = g + J^T v is a fixed point as well (the implicit function theorem).

    >>> import gputape.numpy as np
    >>> from gputape.numpy.misc.fixed_points import fixed_point
    >>> def root(a):
    ...     return fixed_point(lambda a: lambda x: 0.5 * (x + a / x), a, 1.0, lambda x, y: abs(x - y), 1e-12)
    >>> print(f"{root(2.0):.6f} {np.grad(root)(2.0):.6f}")
    1.414214 0.353553
    """
    step = f(a)
    x, previous = step(x0), x0
    while distance(x, previous) > tol:
        x, previous = step(x), x
    return x


def _carried_back(parameters: Any) -> Callable[[Any], Any]:
    pulled, g = parameters
    return lambda v: g + pulled(v)


def _gradient(x: Any, f: Any, a: Any, x0: Any, distance: Any, tol: float) -> Callable[[Any], Any]:
    def back(given: Any) -> Callable[[Any], Any]:
        of_a, at, g = given
        return _carried_back((make_vjp(f(of_a))(at)[0], g))

    to_a = make_vjp(lambda given: f(given)(x))(a)[0]
    return lambda g: to_a(fixed_point(back, (a, x, g), FUNCTIONS["zeros_like"](x), distance, tol))


defvjp(fixed_point, None, _gradient, None, None, None)

__all__ = ["fixed_point"]
