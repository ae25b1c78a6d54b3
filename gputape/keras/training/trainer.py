"""Trainer: compile, the steps, and the metrics. Model inherits it; the loops around the steps are in `loops`.

A step is recorded once per signature and replayed. Nothing in it reads a value from the device: losses and metrics stay
tensors until someone looks at the logs.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterable
from typing import Any

import gputape as tf

from .. import metrics as metrics_module
from .. import optimizers
from ..backend import StatelessScope, floatx
from ..serialization import deserialize_keras_object, serialize_keras_object
from ..tracking import no_automatic_dependency_tracking
from .compile_loss import CompileLoss
from .compile_utils import CompileMetrics
from .data_adapter import unpack_x_y_sample_weight
from .loops import Loops


class Trainer(Loops):
    """The training half of Model."""

    def __init__(self) -> None:
        self._run_eagerly = False
        self._jit_compile: Any = None
        self._initial_epoch: int | None = None  # where a callback says that fit goes on
        self.compiled = False
        self.loss: Any = None
        self.optimizer: Any = None
        self.steps_per_execution = 1
        self.stop_training = self.stop_evaluating = self.stop_predicting = False
        self.train_function: Any = None
        self.test_function: Any = None
        self.predict_function: Any = None
        self._compile_loss: Any = None
        self._compile_metrics: Any = None
        self._loss_tracker: Any = None
        self._compile_config: Any = None

    # -- compile
    @no_automatic_dependency_tracking
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
        """Configure the model for training.

        Args:
            optimizer: an optimizer or its name.
            loss: a loss, its name, or a function (y_true, y_pred); for several outputs a list, or a dict by output.
            loss_weights: a factor for each loss, in the same form.
            metrics: a list of metrics, their names, or functions; for several outputs a list or dict of such lists.
            weighted_metrics: the same, for metrics that take sample weights into account.
            run_eagerly: run the Python of every step instead of its recording.
            steps_per_execution: how many batches are handled between two looks at the callbacks.
            jit_compile: accepted; steps are recorded and, on a GPU, launched as graphs in any case.
            auto_scale_loss: with the policy "mixed_float16", wrap the optimizer in a LossScaleOptimizer.

        Compiled again without a loss or without metrics, the model keeps those that it had, as Keras does. Raises
        ValueError for what is no optimizer, loss or metric.
        """
        self.optimizer = optimizers.get(optimizer)
        policy = getattr(self, "dtype_policy", None)
        scaled = self.optimizer is None or isinstance(self.optimizer, optimizers.LossScaleOptimizer)
        if auto_scale_loss and not scaled and getattr(policy, "name", "") == "mixed_float16":
            self.optimizer = optimizers.LossScaleOptimizer(self.optimizer, name="loss_scale_optimizer")
        names = getattr(self, "output_names", None)
        if loss is not None:
            self.loss = loss
            self._compile_loss = CompileLoss(loss, loss_weights, output_names=names)
        if metrics is not None or weighted_metrics is not None:
            self._compile_metrics = CompileMetrics(metrics, weighted_metrics, output_names=names)
        self._loss_tracker = metrics_module.Mean(name="loss")
        self.run_eagerly = run_eagerly
        self._jit_compile = False if jit_compile == "auto" else jit_compile
        self.steps_per_execution = int(steps_per_execution)
        self.stop_training = False
        self.compiled = True
        self.train_function = self.test_function = self.predict_function = None
        self._compile_config = {
            "optimizer": self.optimizer,
            "loss": loss,
            "loss_weights": loss_weights,
            "metrics": metrics,
            "weighted_metrics": weighted_metrics,
            "run_eagerly": run_eagerly,
            "steps_per_execution": steps_per_execution,
            "jit_compile": self._jit_compile,
        }

    @property
    def run_eagerly(self) -> bool:
        """Whether steps run as Python at every call; setting it makes new functions."""
        return self._run_eagerly

    @run_eagerly.setter
    def run_eagerly(self, value: bool) -> None:
        self._run_eagerly = bool(value)
        self.train_function = self.test_function = self.predict_function = None

    @property
    def jit_compile(self) -> Any:
        return bool(self._jit_compile)

    @jit_compile.setter
    def jit_compile(self, value: Any) -> None:
        self._jit_compile = value

    @property
    def distribute_strategy(self) -> Any:
        """The strategy in whose scope the program runs; one device has one replica."""
        return tf.distribute.get_strategy()

    @property
    def distribute_reduction_method(self) -> str:
        return "auto"

    def get_compile_config(self) -> dict[str, Any]:
        """The arguments of compile, serialized; empty if the model is not compiled."""
        if not self.compiled or self._compile_config is None:
            return {}
        return {name: serialize_keras_object(value) for name, value in self._compile_config.items()}

    def compile_from_config(self: Any, config: dict[str, Any]) -> None:
        """Compile with what `get_compile_config` returned."""
        if inspect.unwrap(type(self).compile) is not inspect.unwrap(Trainer.compile):
            warnings.warn(
                "`compile()` was not called as part of model loading because the model's `compile()` method is "
                "custom. All "
                "subclassed Models that have `compile()` overridden should also override `get_compile_config()` and "
                "`compile_from_config(config)`. Alternatively, you can call `compile()` manually after loading.",
                stacklevel=2,
            )
            return
        self.compile(**deserialize_keras_object(config))
        if getattr(self, "built", False) and self.optimizer is not None:
            self.optimizer.build(self.trainable_variables)

    def _assert_compiled(self) -> None:
        if not self.compiled:
            raise ValueError("You must call `compile()` before using the model.")

    # -- metrics
    @property
    def metrics(self: Any) -> list[Any]:
        """The mean of the loss, the metrics given to compile (as one), the means of each loss, and the layers' own."""
        found: list[Any] = []
        if self.compiled:
            found = [m for m in (self._loss_tracker, self._compile_metrics) if m is not None]
            if self._compile_loss is not None:
                found += self._compile_loss.metrics
        found += [m for m in self._metrics if not any(m is f for f in found)]
        for layer in self._flatten_layers(include_self=False):
            if not isinstance(layer, Trainer):
                found += layer._metrics
        return found

    @property
    def metrics_names(self) -> list[str]:
        return [m.name for m in self.metrics]

    def reset_metrics(self) -> None:
        """Set the state of all metrics back; fit does it at the start of every epoch."""
        for metric in self.metrics:
            metric.reset_state()

    def get_metrics_result(self) -> dict[str, Any]:
        """The current values of all metrics, by name."""
        results: dict[str, Any] = {}
        for metric in self.metrics:
            result = metric.result()
            results.update(result if isinstance(result, dict) else {metric.name: result})
        return results

    # -- one step
    def compute_loss(
        self: Any, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """The compiled loss plus the losses that layers added; override it for a loss of one's own.

        Raises ValueError if there is neither.
        """
        losses = []
        if self._compile_loss is not None:
            loss = self._compile_loss(y, y_pred, sample_weight)
            if loss is not None:
                losses.append(loss)
        for loss in self.losses:
            losses.append(tf.reduce_sum(loss if loss.dtype.is_floating else tf.cast(loss, floatx())))
        if not losses:
            raise ValueError("No loss to compute. Provide a `loss` argument in `compile()`.")
        return losses[0] if len(losses) == 1 else tf.add_n(losses)

    def _compute_loss(self, x: Any, y: Any, y_pred: Any, sample_weight: Any, training: bool) -> Any:
        """`compute_loss`, also where an override does not take `training`."""
        if "training" in inspect.signature(self.compute_loss).parameters:
            return self.compute_loss(x, y, y_pred, sample_weight, training=training)
        return self.compute_loss(x, y, y_pred, sample_weight)

    def stateless_compute_loss(
        self: Any,
        trainable_variables: Any,
        non_trainable_variables: Any,
        metrics_variables: Any,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """The loss for these values of the variables, and the values they have afterwards."""
        groups = (
            (self.trainable_variables, trainable_variables),
            (self.non_trainable_variables, non_trainable_variables),
            (self.metrics_variables, metrics_variables),
        )
        mapping = [pair for variables, values in groups for pair in zip(variables, values)]
        with StatelessScope(state_mapping=mapping) as scope:
            loss = self._compute_loss(x, y, y_pred, sample_weight, training)
        rest = tuple([scope.get_current_value(v) for v in variables] for variables, _ in groups[1:])
        return loss, (trainable_variables, *rest)

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """Update the compiled metrics and return all results; override it for more."""
        if self._compile_metrics is not None:
            self._compile_metrics.update_state(y, y_pred, sample_weight)
        return self.get_metrics_result()

    def _track_loss(self, loss: Any, batch: Any) -> None:
        """Add `loss` to the mean that logs show; `batch` is any structure that tells the size of the batch."""
        if self._loss_tracker is not None:
            leaf = next(v for v in tf.nest.flatten(batch) if v is not None)
            self._loss_tracker.update_state(loss, sample_weight=leaf.shape[0] if len(leaf.shape) else 1)

    def train_step(self: Any, data: Any) -> dict[str, Any]:
        """One batch of training; override it and keep fit. Returns the logs, a dict."""
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self._compute_loss(x, y, y_pred, sample_weight, training=True)
            self._track_loss(loss, x)
            if self.optimizer is not None:
                loss = self.optimizer.scale_loss(loss)
        variables = self.trainable_weights
        if variables:
            gradients = tape.gradient(loss, variables)
            self.optimizer.apply_gradients(zip(gradients, variables))
        else:
            warnings.warn("The model does not have any trainable weights.", stacklevel=2)
        return self.compute_metrics(x, y, y_pred, sample_weight=sample_weight)

    def test_step(self: Any, data: Any) -> dict[str, Any]:
        """One batch of evaluation; returns the logs, a dict."""
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        y_pred = self(x, training=False)
        loss = self._compute_loss(x, y, y_pred, sample_weight, training=False)
        self._track_loss(loss, x)
        return self.compute_metrics(x, y, y_pred, sample_weight=sample_weight)

    def predict_step(self: Any, data: Any) -> Any:
        """One batch of inference; returns the model's outputs."""
        return self(unpack_x_y_sample_weight(data)[0], training=False)

    # -- functions over several batches
    def _recorded(self, step: Callable[[Any], Any]) -> Callable[[Any], Any]:
        return step if self.run_eagerly else tf.function(step)  # type: ignore[operator]

    def _on_batches(self, step: Callable[[Any], Any]) -> Callable[[Iterable[Any]], Any]:
        """`f(iterator)`: take up to steps_per_execution batches and return the logs of the last."""
        step = self._recorded(step)

        def run(iterator: Iterable[Any]) -> Any:
            logs = None
            for _, data in zip(range(self.steps_per_execution), iterator):
                logs = step(data)
            return logs

        return run

    def make_train_function(self, force: bool = False) -> Any:
        """The function `f(iterator) -> logs` that fit calls with an iterator of batches."""
        if self.train_function is None or force:
            self.train_function = self._on_batches(self.train_step)
        return self.train_function

    def make_test_function(self, force: bool = False) -> Any:
        """The function `f(iterator) -> logs` that evaluate calls with an iterator of batches."""
        if self.test_function is None or force:
            self.test_function = self._on_batches(self.test_step)
        return self.test_function

    def make_predict_function(self, force: bool = False) -> Any:
        """The function `f(iterator) -> outputs` that predict calls with an iterator of batches."""
        if self.predict_function is None or force:
            step = self._recorded(self.predict_step)

            def run(iterator: Iterable[Any]) -> Any:
                parts = [step(data) for _, data in zip(range(self.steps_per_execution), iterator)]
                return parts[0] if len(parts) == 1 else tf.nest.map_structure(lambda *p: tf.concat(p, 0), *parts)

            self.predict_function = run
        return self.predict_function

    # -- Keras 2's names
    @property
    def compiled_loss(self) -> Any:
        """Keras 2's container of the losses: `model.compiled_loss(y, y_pred, sample_weight, regularization_losses)`."""
        return _CompiledLoss(self)

    @property
    def compiled_metrics(self) -> Any:
        """Keras 2's container of the metrics: `model.compiled_metrics.update_state(y, y_pred, sample_weight)`."""
        return _CompiledMetrics(self)


class _CompiledLoss:
    """Keras 2's `model.compiled_loss`: the loss, which also goes into the mean that logs show."""

    def __init__(self, model: Trainer) -> None:
        self.model = model

    def __call__(self, y: Any, y_pred: Any, sample_weight: Any = None, regularization_losses: Any = None) -> Any:
        loss = self.model._compile_loss(y, y_pred, sample_weight)
        if regularization_losses:
            loss = tf.add_n([loss, *regularization_losses])
        self.model._track_loss(loss, y_pred)
        return loss

    @property
    def metrics(self) -> list[Any]:
        return [self.model._loss_tracker, *self.model._compile_loss.metrics]


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
