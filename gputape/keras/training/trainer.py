"""Trainer: compile, fit, evaluate, predict and the steps they are made of. Model inherits it.

`fit` is a loop over one recorded `train_step`. Nothing in it reads a value from the device: metrics and losses stay
tensors in the logs until someone looks at them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

import gputape as tf

from .. import callbacks as callbacks_module
from .. import metrics as metrics_module
from .. import optimizers
from ..utils import seeding
from . import data_adapter
from .compile_utils import CompileLoss, CompileMetrics
from .data_adapter import unpack_x_y_sample_weight


class Logs(dict[str, Any]):
    """The logs of a step: tensors that become Python floats when they are looked at."""

    def __getitem__(self, key: str) -> Any:
        return python_value(super().__getitem__(key))

    def get(self, key: str, default: Any = None) -> Any:
        return self[key] if key in self else default

    def items(self) -> Any:
        return [(k, self[k]) for k in self]

    def values(self) -> Any:
        return [self[k] for k in self]

    def copy(self) -> dict[str, Any]:
        return dict(self.items())


def python_value(value: Any) -> Any:
    """A log value as a Python float if it is one number, as an array otherwise."""
    if isinstance(value, (tf.Tensor, tf.Variable)):
        value = value.numpy()
    return float(value) if np.ndim(value) == 0 and not isinstance(value, (str, bytes)) else value


def flat_logs(logs: Any) -> Logs:
    """Nested dicts of results side by side, as Keras logs them."""
    out = Logs()
    for key, value in (logs or {}).items():
        if isinstance(value, dict):
            out.update(dict.items(flat_logs(value)))
        else:
            out[key] = value
    return out


class Trainer:
    """The training half of Model."""

    def __init__(self) -> None:
        self._run_eagerly = False
        self._jit_compile: Any = None
        self.compiled = False
        self.loss: Any = None
        self.steps_per_execution = 1
        self.stop_training = False
        self.optimizer: Any = None
        self.train_function: Any = None
        self.test_function: Any = None
        self.predict_function: Any = None
        self._compile_loss: Any = None
        self._compile_metrics: Any = None
        self._loss_tracker: Any = None
        self._compile_config: Any = None

    # -- compile
    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: Any = "auto",
        auto_scale_loss: bool = True,
    ) -> None:
        """Configure the model for training; the arguments and their forms are Keras 3's.

        `run_eagerly` runs the Python of each step instead of its recording; `steps_per_execution` batches are handled
        between two looks at the callbacks; `jit_compile` is accepted (steps are recorded and, on a GPU, one graph).
        """
        self._compile_config = {
            "optimizer": optimizer,
            "loss": loss,
            "loss_weights": loss_weights,
            "metrics": metrics,
            "weighted_metrics": weighted_metrics,
            "run_eagerly": run_eagerly,
            "steps_per_execution": steps_per_execution,
            "jit_compile": jit_compile,
        }
        self.optimizer = optimizers.get(optimizer)
        policy = getattr(self, "dtype_policy", None)
        if auto_scale_loss and getattr(policy, "name", "") == "mixed_float16" and self.optimizer is not None:
            if not isinstance(self.optimizer, optimizers.LossScaleOptimizer):
                self.optimizer = optimizers.LossScaleOptimizer(self.optimizer, name="loss_scale_optimizer")
        self.loss = loss
        names = getattr(self, "output_names", None)
        self._compile_loss = CompileLoss(loss, loss_weights, output_names=names) if loss is not None else None
        has_metrics = metrics is not None or weighted_metrics is not None
        self._compile_metrics = CompileMetrics(metrics, weighted_metrics, output_names=names) if has_metrics else None
        self._loss_tracker = metrics_module.Mean(name="loss")
        self.run_eagerly = run_eagerly
        self._jit_compile = None if jit_compile == "auto" else jit_compile
        self.steps_per_execution = int(steps_per_execution)
        self.stop_training = False
        self.compiled = True
        self.train_function = self.test_function = self.predict_function = None

    @property
    def run_eagerly(self) -> bool:
        return self._run_eagerly

    @run_eagerly.setter
    def run_eagerly(self, value: bool) -> None:
        self._run_eagerly = bool(value)
        self.train_function = self.test_function = self.predict_function = None

    @property
    def jit_compile(self) -> Any:
        return self._jit_compile

    @jit_compile.setter
    def jit_compile(self, value: Any) -> None:
        self._jit_compile = value

    def get_compile_config(self) -> dict[str, Any] | None:
        """The arguments of compile, serialized; None if the model is not compiled."""
        from ..saving import serialize_keras_object

        if not self.compiled or self._compile_config is None:
            return None
        return {k: serialize_keras_object(v) for k, v in self._compile_config.items()}

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compile with what `get_compile_config` returned."""
        from ..saving import deserialize_keras_object

        self.compile(**deserialize_keras_object(config))
        if getattr(self, "built", False) and self.optimizer is not None:
            self.optimizer.build(self.trainable_variables)

    def _assert_compiled(self, method: str) -> None:
        if not self.compiled:
            raise ValueError(f"You must call `compile()` before calling `{method}()`.")

    # -- metrics
    @property
    def metrics(self) -> list[Any]:
        """The loss tracker, the metrics of the model and its layers, then those given to compile, as one metric."""
        found: list[Any] = [self._loss_tracker] if self.compiled and self._loss_tracker is not None else []
        found += [m for m in self._own_metrics() if m is not self._loss_tracker and m is not self._compile_metrics]
        if self.compiled and self._compile_metrics is not None:
            found.append(self._compile_metrics)
        return found

    def _own_metrics(self) -> list[Any]:
        seen: dict[int, Any] = {}
        for layer in self._flatten_layers(include_self=True, recursive=True):
            for metric in getattr(layer, "_metrics", ()):
                seen[id(metric)] = metric
        return list(seen.values())

    @property
    def metrics_names(self) -> list[str]:
        return [m.name for m in self.metrics]

    def reset_metrics(self) -> None:
        """Set the state of all metrics back; fit does it at the start of every epoch."""
        for metric in self.metrics:
            metric.reset_state()

    def get_metrics_result(self) -> dict[str, Any]:
        """The current values of all metrics, by name."""
        out: dict[str, Any] = {}
        for metric in self.metrics:
            result = metric.result()
            out.update(result if isinstance(result, dict) else {metric.name: result})
        return out

    @property
    def compiled_loss(self) -> Any:
        """Keras 2's container of the losses: `model.compiled_loss(y, y_pred, sample_weight, regularization_losses)`."""
        return _CompiledLoss(self)

    @property
    def compiled_metrics(self) -> Any:
        """Keras 2's container of the metrics: `model.compiled_metrics.update_state(y, y_pred, sample_weight)`."""
        return _CompiledMetrics(self)

    # -- one step
    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """The compiled loss plus the losses that layers added; override it for a loss of one's own."""
        losses = []
        if self._compile_loss is not None:
            loss = self._compile_loss(y, y_pred, sample_weight)
            if loss is not None:
                losses.append(loss)
        losses.extend(tf.cast(loss, "float32") if loss.dtype != "float32" else loss for loss in self.losses)
        if not losses:
            if not self.trainable_weights or self._compile_loss is None and not training:
                return tf.zeros(())
            raise ValueError(
                "No loss to compute. Provide a `loss` argument in `compile()`, or override `compute_loss()`, or add losses "
                "in layers with `add_loss()`."
            )
        return losses[0] if len(losses) == 1 else tf.add_n(losses)

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """Update the compiled metrics and return all results; override it for more."""
        if self._compile_metrics is not None:
            self._compile_metrics.update_state(y, y_pred, sample_weight)
        return self.get_metrics_result()

    def _track_loss(self, loss: Any, x: Any) -> None:
        leaf = tf.nest.flatten(x)[0]
        self._loss_tracker.update_state(loss, sample_weight=leaf.shape[0] if len(leaf.shape) else 1)

    def train_step(self, data: Any) -> dict[str, Any]:
        """One batch of training; override it, keep fit. Returns the logs."""
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=True)
            self._track_loss(loss, x)
            scaled = self.optimizer.scale_loss(loss) if self.optimizer is not None else loss
        variables = self.trainable_variables
        if variables:
            gradients = tape.gradient(scaled, variables)
            self.optimizer.apply_gradients(zip(gradients, variables, strict=True))
        return self.compute_metrics(x, y, y_pred, sample_weight=sample_weight)

    def test_step(self, data: Any) -> dict[str, Any]:
        """One batch of evaluation; returns the logs."""
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        y_pred = self(x, training=False)
        loss = self.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=False)
        self._track_loss(loss, x)
        return self.compute_metrics(x, y, y_pred, sample_weight=sample_weight)

    def predict_step(self, data: Any) -> Any:
        """One batch of inference; returns the model's outputs."""
        x, _, _ = unpack_x_y_sample_weight(data)
        return self(x, training=False)

    def _recorded(self, step: Any) -> Any:
        return step if self.run_eagerly else tf.function(step)

    def _on_iterator(self, step: Any) -> Any:
        """`f(iterator)`: take up to steps_per_execution batches and return the logs of the last."""
        step = self._recorded(step)

        def run(iterator: Iterator[Any]) -> Any:
            logs = step(next(iterator))
            for _ in range(self.steps_per_execution - 1):
                try:
                    data = next(iterator)
                except StopIteration:
                    break
                logs = step(data)
            return logs

        return run

    def make_train_function(self, force: bool = False) -> Any:
        """The function `f(iterator) -> logs` that fit calls."""
        if self.train_function is None or force:
            self.train_function = self._on_iterator(self.train_step)
        return self.train_function

    def make_test_function(self, force: bool = False) -> Any:
        """The function `f(iterator) -> logs` that evaluate calls."""
        if self.test_function is None or force:
            self.test_function = self._on_iterator(self.test_step)
        return self.test_function

    def make_predict_function(self, force: bool = False) -> Any:
        """The function `f(iterator) -> outputs of one batch` that predict calls."""
        if self.predict_function is None or force:
            step = self._recorded(self.predict_step)
            self.predict_function = lambda iterator: step(next(iterator))
        return self.predict_function

    # -- loops
    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: Any = True,
        class_weight: Any = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: Any = 1,
    ) -> Any:
        """Train for `epochs` passes over the data; returns a History. The arguments are Keras 3's."""
        self._assert_compiled("fit")
        self.stop_training = False
        if validation_split and validation_data is None:
            (x, y, sample_weight), validation_data = data_adapter.train_validation_split(
                (x, y, sample_weight), validation_split
            )
        batches = data_adapter.get(
            x, y, sample_weight, batch_size, shuffle, class_weight, steps_per_epoch, generator=seeding.numpy_generator()
        )
        steps = steps_per_epoch or batches.steps
        container = callbacks_module.CallbackList.of(
            callbacks, self, add_history=True, verbose=verbose, epochs=epochs, steps=steps
        )
        validation = None
        if validation_data is not None:
            vx, vy, vw = unpack_x_y_sample_weight(validation_data) if isinstance(validation_data, (tuple, list)) else (
                validation_data,
                None,
                None,
            )
            validation = data_adapter.get(vx, vy, vw, validation_batch_size or batch_size, steps=validation_steps)
        container.on_train_begin()
        training_logs: dict[str, Any] = {}
        logs: Any = {}
        iterator = batches(initial_epoch) if steps_per_epoch else None
        for epoch in range(initial_epoch, epochs):
            self.reset_metrics()
            container.on_epoch_begin(epoch)
            iterator, logs = self._epoch(batches, iterator, steps_per_epoch, epoch, container)
            epoch_logs = Logs(flat_logs(logs)).copy()
            if validation is not None and _is_due(epoch, validation_freq):
                val_logs = self._evaluate(validation, validation_steps, container)
                epoch_logs.update({f"val_{k}": v for k, v in val_logs.items()})
            container.on_epoch_end(epoch, epoch_logs)
            training_logs = epoch_logs
            batches.on_epoch_end()
            if self.stop_training:
                break
        if hasattr(self.optimizer, "finalize_variable_values") and self.trainable_weights and epochs > initial_epoch:
            self.optimizer.finalize_variable_values(self.trainable_weights)
        container.on_train_end(training_logs)
        return container.history

    def _epoch(self, batches: Any, iterator: Any, limit: int | None, epoch: int, container: Any) -> tuple[Any, Any]:
        """One pass of training; with `steps_per_epoch` the iterator goes on from epoch to epoch."""
        train = self.make_train_function()
        iterator = batches(epoch) if limit is None else iterator
        source = iterator if limit is None else _Endless(batches, iterator, epoch)
        step, logs = 0, {}
        while limit is None or step < limit:
            container.on_train_batch_begin(step)
            try:
                logs = flat_logs(train(source))
            except StopIteration:
                break
            step += self.steps_per_execution
            container.on_train_batch_end(step - 1, logs)
            if self.stop_training:
                break
        if step == 0:
            raise ValueError("fit: the data source gave no batches")
        return (source.iterator if limit is not None else None), logs

    def _evaluate(self, batches: Any, steps: int | None, container: Any) -> dict[str, Any]:
        test = self.make_test_function()
        container.on_test_begin()
        self.reset_metrics()
        iterator = batches(0)
        step, logs = 0, Logs()
        while steps is None or step < steps:
            container.on_test_batch_begin(step)
            try:
                logs = flat_logs(test(iterator))
            except StopIteration:
                break
            step += self.steps_per_execution
            container.on_test_batch_end(step - 1, logs)
        if step == 0:
            raise ValueError("evaluate: the data source gave no batches")
        made = logs.copy()
        container.on_test_end(made)
        return made

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
        **kwargs: Any,
    ) -> Any:
        """The loss and metrics on the data: a list in the order of `metrics_names` (one number if alone), or a dict."""
        self._assert_compiled("evaluate")
        batches = data_adapter.get(x, y, sample_weight, batch_size, steps=steps)
        container = callbacks_module.CallbackList.of(
            callbacks, self, add_history=False, verbose=verbose, epochs=1, steps=steps or batches.steps
        )
        logs = self._evaluate(batches, steps, container)
        if return_dict:
            return logs
        values = list(logs.values())
        return values[0] if len(values) == 1 else values

    def predict(
        self, x: Any, batch_size: int | None = None, verbose: Any = "auto", steps: int | None = None, callbacks: Any = None
    ) -> Any:
        """The model's outputs for all samples, as NumPy arrays in the structure of the outputs."""
        batches = data_adapter.get(x, None, None, batch_size, steps=steps)
        container = callbacks_module.CallbackList.of(
            callbacks, self, add_history=False, verbose=verbose, epochs=1, steps=steps or batches.steps
        )
        predict = self.make_predict_function()
        container.on_predict_begin()
        parts: list[Any] = []
        iterator = batches(0)
        while steps is None or len(parts) < steps:
            container.on_predict_batch_begin(len(parts))
            try:
                outputs = predict(iterator)
            except StopIteration:
                break
            parts.append(outputs)
            container.on_predict_batch_end(len(parts) - 1, {"outputs": outputs})
        container.on_predict_end()
        if not parts:
            raise ValueError("predict: the data source gave no batches")
        return tf.nest.map_structure(lambda *leaves: np.concatenate([v.numpy() for v in leaves]), *parts)

    # -- one batch by hand
    def train_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, class_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """One training step on one batch; returns loss and metrics."""
        self._assert_compiled("train_on_batch")
        logs = flat_logs(self.make_train_function()(iter([self._one_batch(x, y, sample_weight, class_weight)])))
        return _returned(logs, return_dict)

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Any:
        """One evaluation step on one batch; returns loss and metrics."""
        self._assert_compiled("test_on_batch")
        logs = flat_logs(self.make_test_function()(iter([self._one_batch(x, y, sample_weight, None)])))
        return _returned(logs, return_dict)

    def predict_on_batch(self, x: Any) -> Any:
        """The outputs for one batch, as NumPy arrays."""
        outputs = self.make_predict_function()(iter([self._one_batch(x, None, None, None)]))
        return tf.nest.map_structure(lambda t: t.numpy(), outputs)

    @staticmethod
    def _one_batch(x: Any, y: Any, sample_weight: Any, class_weight: Any) -> Any:
        size = len(tf.nest.flatten(data_adapter.arrays(x))[0])
        return next(data_adapter.from_arrays(x, y, sample_weight, size, False, None, class_weight)())


class _Endless:
    """The batches of epoch after epoch as one iterator, for `steps_per_epoch`."""

    def __init__(self, batches: Any, iterator: Any, epoch: int) -> None:
        self.batches, self.iterator, self.epoch = batches, iterator, epoch

    def __iter__(self) -> Any:
        return self

    def __next__(self) -> Any:
        try:
            return next(self.iterator)
        except StopIteration:
            self.epoch += 1
            self.iterator = self.batches(self.epoch)
            return next(self.iterator)


class _CompiledLoss:
    """Keras 2's `model.compiled_loss`."""

    def __init__(self, model: Trainer) -> None:
        self.model = model

    def __call__(self, y: Any, y_pred: Any, sample_weight: Any = None, regularization_losses: Any = None) -> Any:
        model = self.model
        loss = model._compile_loss(y, y_pred, sample_weight)
        if regularization_losses:
            loss = tf.add_n([loss, *regularization_losses])
        model._track_loss(loss, y_pred)
        return loss

    @property
    def metrics(self) -> list[Any]:
        return [self.model._loss_tracker]


class _CompiledMetrics:
    """Keras 2's `model.compiled_metrics`."""

    def __init__(self, model: Trainer) -> None:
        self.model = model

    def update_state(self, y: Any, y_pred: Any, sample_weight: Any = None) -> None:
        if self.model._compile_metrics is not None:
            self.model._compile_metrics.update_state(y, y_pred, sample_weight)

    @property
    def metrics(self) -> list[Any]:
        return [] if self.model._compile_metrics is None else self.model._compile_metrics.metrics

    def reset_state(self) -> None:
        if self.model._compile_metrics is not None:
            self.model._compile_metrics.reset_state()

    reset_states = reset_state


def _returned(logs: Logs, return_dict: bool) -> Any:
    made = logs.copy()
    if return_dict:
        return made
    values = list(made.values())
    return values[0] if len(values) == 1 else values


def _is_due(epoch: int, validation_freq: Any) -> bool:
    """Whether validation runs after this epoch (counted from 0): every n-th, or those listed (counted from 1)."""
    if isinstance(validation_freq, int):
        if validation_freq < 1:
            raise ValueError("`validation_freq` can not be less than 1.")
        return (epoch + 1) % validation_freq == 0
    return epoch + 1 in validation_freq
