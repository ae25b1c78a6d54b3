"""gputape.scipy.integrate: ordinary differential equations, differentiable through the steps that were taken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gputape.numpy as np

# Dormand and Prince, "A family of embedded Runge-Kutta formulae", 1980: stages, solution of order 5, its error estimate.
_NODES = (0.0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 1.0)
_STAGES = (
    (),
    (1 / 5,),
    (3 / 40, 9 / 40),
    (44 / 45, -56 / 15, 32 / 9),
    (19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729),
    (9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656),
)
_SOLUTION = (35 / 384, 0.0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84)
_ERROR = (71 / 57600, 0.0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40)


def _sum(weights: Any, slopes: Any) -> Any:
    return sum(w * k for w, k in zip(weights, slopes, strict=True) if w)


def odeint(
    func: Callable[..., Any],
    y0: Any,
    t: Any,
    args: tuple[Any, ...] = (),
    rtol: float = 1.49e-8,
    atol: float = 1.49e-8,
    tfirst: bool = False,
) -> Any:
    """The solution of dy/dt = func(y, t, *args) with y = `y0` at t[0], at all of `t`: shape (len(t),) + y0.shape.

    Steps adapt to the tolerances. Gradients of any order go to `y0`, `t` and `args`: those of the numerical solution.
    tfirst: whether `func` is called as func(t, y, *args). RuntimeError if a step becomes too small.

    >>> import gputape.numpy as np
    >>> from gputape.scipy.integrate import odeint
    >>> y = odeint(lambda y, t, rate: -rate * y, np.array([1.0]), np.array([0.0, 1.0]), (2.0,))
    >>> print(f"{y[-1, 0]:.6f}")
    0.135335
    """
    t, y = np.asarray(t) * 1.0, np.asarray(y0) * 1.0

    def slope(y: Any, t: Any) -> Any:
        return np.asarray(func(t, y, *args) if tfirst else func(y, t, *args))

    made, share = [y], 0.1  # the step as a part of the way to the next time
    for k in range(len(t) - 1):
        start, way, done = t[k], t[k + 1] - t[k], 0.0
        while done < 1.0:
            part = min(share, 1.0 - done)
            h, now = part * way, start + done * way
            slopes: list[Any] = []
            for node, weights in zip(_NODES, _STAGES, strict=True):
                slopes.append(slope(y + h * _sum(weights, slopes), now + node * h))
            new = y + h * _sum(_SOLUTION, slopes)
            away = h * _sum(_ERROR, [*slopes, slope(new, now + h)])
            scale = atol + rtol * np.maximum(np.abs(y), np.abs(new))
            error = float(np.asnumpy(np.sqrt(np.mean((away / scale) ** 2))))
            if error <= 1.0:
                y, done = new, 1.0 if part == 1.0 - done else done + part
            elif not part > 1e-12:
                raise RuntimeError(
                    f"odeint: the step became too small after t = {float(np.asnumpy(now))}: is it stiff?"
                )
            share = part * min(5.0, max(0.2, 0.9 * max(error, 1e-10) ** -0.2)) if error == error else part / 5
            share = min(share, 1.0)
        made.append(y)
    return np.stack(made)


__all__ = ["odeint"]
