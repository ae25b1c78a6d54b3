"""A Dense(1) on 32 inputs with a train_step of its own, in fit at batch 32: Python's share and nothing else."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from bench.models.training import Work, only_fit, torch_works

FEATURES, BATCH, STEPS = 32, 32, 100


def data() -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    return rng.random((BATCH * STEPS, FEATURES), np.float32), rng.random((BATCH * STEPS, 1), np.float32)


def with_keras(keras: Any, tf: Any) -> dict[str, Work]:
    base = _with_tape(keras, tf) if tf else _without_state(keras)
    inputs = keras.Input((FEATURES,))
    model = base(inputs, keras.layers.Dense(1)(inputs))
    model.compile(optimizer="adam", loss="mse", metrics=["mae"])
    return {f"fit, batch {BATCH}": Work(functools.partial(model.fit, *data(), batch_size=BATCH, verbose=0), STEPS)}


def _with_tape(keras: Any, tf: Any) -> Any:
    class CustomModel(keras.Model):
        def train_step(self, data: Any) -> Any:
            x, y = data
            with tf.GradientTape() as tape:
                loss = self.compute_loss(y=y, y_pred=(predicted := self(x, training=True)))
            gradients = tape.gradient(loss, self.trainable_variables)
            self.optimizer.apply(gradients, self.trainable_variables)
            for metric in self.metrics:
                if metric.name == "loss":
                    metric.update_state(loss)
                else:
                    metric.update_state(y, predicted)
            return {m.name: m.result() for m in self.metrics}

    return CustomModel


def _without_state(keras: Any) -> Any:
    """The same for Keras on JAX, whose steps take all variables and return them."""
    import jax

    class CustomModel(keras.Model):
        def loss_and_updates(self, trained: Any, others: Any, x: Any, y: Any) -> Any:
            predicted, others = self.stateless_call(trained, others, x, training=True)
            return self.compute_loss(x, y, predicted), (predicted, others)

        def train_step(self, state: Any, data: Any) -> Any:
            trained, others, slots, kept = state
            x, y = data
            differentiate = jax.value_and_grad(self.loss_and_updates, has_aux=True)
            (loss, (predicted, others)), gradients = differentiate(trained, others, x, y)
            trained, slots = self.optimizer.stateless_apply(slots, gradients, trained)
            logs, new = {}, []
            for metric in self.metrics:
                of_metric = kept[len(new) : len(new) + len(metric.variables)]
                seen = (loss,) if metric.name == "loss" else (y, predicted)
                of_metric = metric.stateless_update_state(of_metric, *seen)
                logs[metric.name] = metric.stateless_result(of_metric)
                new += of_metric
            return logs, (trained, others, slots, new)

    return CustomModel


def with_torch(torch: Any, mode: str) -> dict[str, Work]:
    return only_fit(
        torch_works(
            torch, mode, lambda: torch.nn.Linear(FEATURES, 1), *data(), {BATCH: STEPS}, torch.nn.functional.mse_loss
        )
    )
