"""The Hessian of a small function of 64 inputs: nested tapes and `jacobian`, which goes back once for all rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.models.training import EAGER, Work

INPUTS, STEPS = 64, 20


def data() -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    return rng.standard_normal(INPUTS, np.float32), rng.standard_normal((INPUTS, INPUTS), np.float32) / 8


def with_keras(keras: Any, tf: Any) -> dict[str, Work]:
    if tf is None:
        return {}
    start, matrix = (tf.constant(a) for a in data())

    def hessian(x: Any) -> Any:
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = tf.reduce_sum(tf.tanh(tf.linalg.matvec(matrix, x)) ** 2)
            gradient = inner.gradient(y, x)
        return outer.jacobian(gradient, x)

    return {"eager": Work(_loop(hessian, start), STEPS), "recorded": Work(_loop(tf.function(hessian), start), STEPS)}


def with_torch(torch: Any, mode: str) -> dict[str, Work]:
    place = "cuda" if torch.cuda.is_available() else "cpu"
    start, matrix = (torch.from_numpy(a).to(place) for a in data())
    hessian = torch.func.hessian(lambda x: (torch.tanh(matrix @ x) ** 2).sum())
    hessian = hessian if mode == EAGER else torch.compile(hessian)
    work = Work(_loop(hessian, start), STEPS)
    return {"eager": work, "recorded": work} if mode == EAGER else {"recorded": work}


def with_jax(jax: Any) -> dict[str, Work]:
    start, matrix = (jax.numpy.asarray(a) for a in data())
    hessian = jax.jit(jax.hessian(lambda x: (jax.numpy.tanh(matrix @ x) ** 2).sum()))
    return {"recorded": Work(_loop(hessian, start), STEPS)}


def _loop(hessian: Any, x: Any) -> Any:
    def loop() -> float:
        for _ in range(STEPS):
            made = hessian(x)
        return float(made[0][0])

    return loop
