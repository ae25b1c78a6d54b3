"""odeint against solutions in closed form."""

import numpy as onp
import pytest

import gputape as tf
import gputape.numpy as np
from gputape.scipy.integrate import odeint

T = onp.array([0.0, 0.5, 0.7, 2.0])


def test_solution():
    made = odeint(lambda y, t: np.stack([y[1], -y[0]]), onp.array([0.0, 1.0]), T)
    onp.testing.assert_allclose(made.numpy(), onp.stack([onp.sin(T), onp.cos(T)], 1), atol=1e-6)
    made = odeint(lambda t, y: 2 * t + 0 * y, onp.array([1.0]), T[::-1], tfirst=True)
    onp.testing.assert_allclose(made[:, 0].numpy(), T[::-1] ** 2 - 3, atol=1e-6)


def test_gradients():
    def end(rate, y0, t):
        return odeint(lambda y, t, rate: -rate * y, y0, t, (rate,))[-1, 0]

    y0 = onp.array([3.0])
    rate, start, times = (g.numpy() for g in np.grad(end, (0, 1, 2))(1.5, y0, T))
    onp.testing.assert_allclose(rate, -2 * 3 * onp.exp(-3.0), rtol=1e-5)
    onp.testing.assert_allclose(start, onp.exp(-3.0), rtol=1e-5)
    onp.testing.assert_allclose(times, [4.5 * onp.exp(-3.0), 0, 0, -4.5 * onp.exp(-3.0)], atol=1e-5)
    tf.testing.check_gradients(lambda r: end(np.asarray(r), y0, T[:2]), onp.array(1.5), order=2, rtol=1e-3, atol=1e-4)


def test_a_wall_is_told():
    with pytest.raises(RuntimeError, match="too small"):
        odeint(lambda y, t: y**2 * np.nan, onp.array([1.0]), T)
