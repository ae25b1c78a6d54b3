"""784-128-10 with ReLU and softmax cross-entropy, by Adam: fit, evaluate, predict, and loops written by hand."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from bench.models.training import EAGER, Work, entropy, keras_works, stepper, torch_works

BATCHES = {32: 64, 256: 16, 512: 16}
LOOP_BATCH, LOOP_STEPS = 32, 64


def data() -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    return rng.random((2048, 784), np.float32), rng.integers(0, 10, 2048)


def build(keras: Any) -> Any:
    return keras.Sequential([keras.Input((784,)), keras.layers.Dense(128, "relu"), keras.layers.Dense(10)])


def with_keras(keras: Any, tf: Any) -> dict[str, Work]:
    works = keras_works(keras, lambda: build(keras), *data(), BATCHES)
    return works | (_loops(keras, tf) if tf else {})


def _loops(keras: Any, tf: Any) -> dict[str, Work]:
    model = build(keras)
    optimizer = keras.optimizers.Adam(1e-3)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    x, y = (tf.constant(a[:LOOP_BATCH]) for a in data())

    def step() -> Any:
        with tf.GradientTape() as tape:
            value = loss(y, model(x, training=True))
        gradients = tape.gradient(value, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return value

    def loop(step: Any) -> float:
        for _ in range(LOOP_STEPS):
            value = step()
        return float(value)

    return {
        f"recorded loop, batch {LOOP_BATCH}": Work(functools.partial(loop, tf.function(step)), LOOP_STEPS),
        f"eager loop, batch {LOOP_BATCH}": Work(functools.partial(loop, step), LOOP_STEPS),
    }


def torch_model(torch: Any) -> Any:
    nn = torch.nn
    return nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))


def with_torch(torch: Any, mode: str) -> dict[str, Work]:
    works = torch_works(torch, mode, lambda: torch_model(torch), *data(), BATCHES)
    place = "cuda" if torch.cuda.is_available() else "cpu"
    step = stepper(torch, mode, torch_model(torch).to(place), entropy(torch))
    x, y = (torch.from_numpy(a[:LOOP_BATCH]).to(place) for a in data())

    def loop() -> float:
        for _ in range(LOOP_STEPS):
            value = step(x, y)
        return float(value)

    work = Work(loop, LOOP_STEPS)
    loops = {f"recorded loop, batch {LOOP_BATCH}": work}
    return works | loops | ({f"eager loop, batch {LOOP_BATCH}": work} if mode == EAGER else {})


def with_jax(jax: Any) -> dict[str, Work]:
    """Adam by hand on a tuple of arrays, in one jax.jit."""
    np_ = jax.numpy
    x, y = (np_.asarray(a[:LOOP_BATCH]) for a in data())

    def loss(weights: Any) -> Any:
        w1, b1, w2, b2 = weights
        logits = jax.nn.relu(x @ w1 + b1) @ w2 + b2
        return -np_.mean(np_.take_along_axis(jax.nn.log_softmax(logits), y[:, None], 1))

    @jax.jit
    def step(weights: Any, first: Any, second: Any, t: Any) -> Any:
        value, gradients = jax.value_and_grad(loss)(weights)
        first = [0.9 * m + 0.1 * g for m, g in zip(first, gradients, strict=True)]
        second = [0.999 * v + 0.001 * g * g for v, g in zip(second, gradients, strict=True)]
        rate = 1e-3 * np_.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        weights = [w - rate * m / (np_.sqrt(v) + 1e-7) for w, m, v in zip(weights, first, second, strict=True)]
        return value, weights, first, second, t + 1

    rng = np.random.default_rng(0)
    shapes = [(784, 128), (128,), (128, 10), (10,)]
    weights = [np_.asarray(rng.normal(size=s) * 0.05, np_.float32) for s in shapes]
    zeros = [np_.zeros(s) for s in shapes]

    def loop() -> float:
        state: Any = (weights, zeros, zeros, np_.float32(1))
        for _ in range(LOOP_STEPS):
            value, *state = step(*state)
        return float(value)

    return {f"recorded loop, batch {LOOP_BATCH}": Work(loop, LOOP_STEPS)}
