"""Loops: fit, evaluate and predict. They run steps, tell callbacks, and read no value from the device themselves."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

import gputape as tf

from .. import callbacks as callbacks_module
from .. import config
from ..callbacks.logs import flat_logs
from . import data_adapter
from .data_adapter import unpack_x_y_sample_weight


class Executions:
    """The batches of every epoch in lists of up to `steps_per_execution`, between which callbacks have their turn.

    With `steps_per_epoch` a source goes on from epoch to epoch and starts anew when it is through; an epoch has whole
    lists, so it may have more steps than that.
    """

    def __init__(self, batches: Any, steps_per_epoch: int | None, steps_per_execution: int) -> None:
        cap = config.max_steps_per_epoch()
        if cap and (not steps_per_epoch or cap < steps_per_epoch):
            warnings.warn(f"Limiting steps_per_epoch to {cap}", stacklevel=3)
            steps_per_epoch = cap
        self.batches, self.limit, self.size = batches, steps_per_epoch, steps_per_execution
        self._iterator: Any = None
        self._seen = 0

    @property
    def steps(self) -> int | None:
        return self.limit or self.batches.steps

    def restart(self) -> None:
        """Let the next epoch begin with the first batch."""
        self._iterator = None

    def epoch(self, number: int) -> Iterator[tuple[int, list[Any]]]:
        """Pairs (number of the first step, batches)."""
        self.batches.tell("on_epoch_begin")
        if self._iterator is None or self.limit is None:
            self._iterator, self._seen = self.batches(number), 0
        for step in itertools.count(0, self.size) if self.steps is None else range(0, self.steps, self.size):
            found = list(itertools.islice(self._iterator, self.size))
            if not found:
                self._ended(step)
                break
            self._seen += len(found)
            yield step, found
        if self.batches.steps and self._seen >= self.batches.steps:
            self._iterator = None
        self.batches.tell("on_epoch_end")

    def _ended(self, step: int) -> None:
        """The source is through: that is how the length of one without a length is found, else it is a surprise."""
        if self.steps is None and step:
            self.batches.steps = self._seen
            return
        self._iterator = None
        warnings.warn(
            "Your input ran out of data; interrupting training. Make sure that your dataset or generator can "
            "generate at "
            "least `steps_per_epoch * epochs` batches. You may need to use the `.repeat()` function when building your "
            "dataset.",
            stacklevel=4,
        )


class Loops:
    """The loops of a Trainer."""

    def fit(
        self: Any,
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
        """Train for `epochs` passes over the data; returns a History.

        Args:
            x, y: arrays, or lists and dicts of them; or x alone: a tf.data.Dataset, a PyDataset, a generator or another
                iterable of batches (inputs, targets) or (inputs, targets, sample_weights).
            batch_size: samples per step, default 32.
            epochs: the epoch at which to end; training starts at `initial_epoch`.
            verbose: 0 silent, 1 or "auto" a progress bar, 2 one line an epoch.
            callbacks: a list of `keras.callbacks.Callback`.
            validation_split: the last part of the arrays, between 0 and 1, is not trained on but evaluated.
            validation_data: (x, y), (x, y, sample_weight) or a dataset, evaluated after epochs.
            shuffle: whether to mix the samples before every epoch; "batch" only inside each batch.
            class_weight: a dict, the weight of each class in the loss.
            sample_weight: the weight of each sample in the loss.
            steps_per_epoch: the steps that make an epoch, default all batches.
            validation_steps, validation_batch_size: the same for validation.
            validation_freq: validate every so many epochs, or after the epochs of a list (the first is 1).

        Raises ValueError if the model is not compiled or arguments do not go together.
        """
        self._assert_compiled()
        cap = config.max_epochs()
        if cap and cap < epochs:
            warnings.warn(f"Limiting epochs to {cap}", stacklevel=2)
            epochs = cap
        if validation_split and validation_data is None:
            (x, y, sample_weight), validation_data = data_adapter.train_validation_split(
                (x, y, sample_weight), validation_split
            )
        batches = data_adapter.get(x, y, sample_weight, batch_size, shuffle, class_weight, steps_per_epoch)
        executions = Executions(batches, steps_per_epoch, self.steps_per_execution)
        container = self._callbacks(callbacks, verbose, epochs, executions.steps, history=True)
        validation = None
        if validation_data is not None:
            source = data_adapter.get(
                *unpack_x_y_sample_weight(validation_data), validation_batch_size or batch_size, steps=validation_steps
            )
            validation = Executions(source, validation_steps, self.steps_per_execution)
        self.stop_training = False
        train = self._function("train")
        container.on_train_begin()
        epoch_logs: Any = None
        logs: Any = flat_logs(None)
        for epoch in range(self._initial_epoch or initial_epoch, epochs):
            self.reset_metrics()
            container.on_epoch_begin(epoch)
            for step, found in executions.epoch(epoch):
                container.on_train_batch_begin(step)
                logs = flat_logs(train(iter(found)))
                container.on_train_batch_end(step + self.steps_per_execution - 1, logs)
                if self.stop_training:
                    break
            epoch_logs = logs.copy()
            if validation is not None and _is_due(epoch + 1, validation_freq):
                val_logs = self._evaluate(validation, container)
                epoch_logs.update({f"val_{name}": value for name, value in val_logs.items()})
            container.on_epoch_end(epoch, epoch_logs)
            if self.stop_training:
                break
        if hasattr(self.optimizer, "finalize_variable_values") and self.optimizer.built and epochs > 0:
            self.optimizer.finalize_variable_values(self.trainable_weights)
        container.on_train_end(epoch_logs)
        return self.history

    def evaluate(
        self: Any,
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
        """The loss and metrics on data like those of `fit`: a list, the loss first (one number if alone), or a dict."""
        self._assert_compiled()
        if kwargs:
            raise ValueError(f"Arguments not recognized: {kwargs}")
        batches = data_adapter.get(x, y, sample_weight, batch_size, steps=steps)
        executions = Executions(batches, steps, self.steps_per_execution)
        logs = self._evaluate(executions, self._callbacks(callbacks, verbose, 1, executions.steps))
        return logs if return_dict else self._in_order(logs)

    def _evaluate(self: Any, executions: Executions, container: Any) -> dict[str, Any]:
        test = self._function("test")
        self.stop_evaluating = False
        executions.restart()
        container.on_test_begin()
        self.reset_metrics()
        logs = flat_logs(None)
        for step, found in executions.epoch(0):
            container.on_test_batch_begin(step)
            logs = flat_logs(test(iter(found)))
            container.on_test_batch_end(step + self.steps_per_execution - 1, logs)
            if self.stop_evaluating:
                break
        made = logs.copy()
        container.on_test_end(made)
        return made

    def predict(
        self: Any,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> Any:
        """The model's outputs for all samples, as NumPy arrays in the structure of the outputs."""
        batches = data_adapter.get(x, None, None, batch_size, steps=steps)
        executions = Executions(batches, steps, self.steps_per_execution)
        container = self._callbacks(callbacks, verbose, 1, executions.steps)
        predict = self._function("predict")
        self.stop_predicting = False
        parts: list[Any] = []
        container.on_predict_begin()
        for step, found in executions.epoch(0):
            container.on_predict_batch_begin(step)
            outputs = predict(iter(found))
            parts.append(outputs)
            container.on_predict_batch_end(step + self.steps_per_execution - 1, {"outputs": outputs})
            if self.stop_predicting:
                break
        container.on_predict_end()
        if not parts:
            raise ValueError("predict: the data source gave no batches")
        return tf.nest.map_structure(lambda *leaves: np.concatenate([np.asarray(v) for v in leaves]), *parts)

    # -- one batch by hand
    def train_on_batch(
        self: Any, x: Any, y: Any = None, sample_weight: Any = None, class_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """One training step on one batch; returns its loss and metrics as `evaluate` does."""
        if class_weight is not None and sample_weight is not None:
            raise ValueError(
                "Arguments `sample_weight` and `class_weight` cannot be specified at the same time. Received: "
                f"sample_weight={sample_weight}, class_weight={class_weight}"
            )
        return self._on_batch("train", x, y, sample_weight, class_weight, return_dict)

    def test_on_batch(self: Any, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Any:
        """One evaluation step on one batch; returns its loss and metrics as `evaluate` does."""
        return self._on_batch("test", x, y, sample_weight, None, return_dict)

    def _on_batch(
        self: Any, kind: str, x: Any, y: Any, sample_weight: Any, class_weight: Any, return_dict: bool
    ) -> Any:
        self._assert_compiled()
        step = self._function(kind)
        self.reset_metrics()
        logs = flat_logs(step(_one_batch(x, y, sample_weight, class_weight))).copy()
        return logs if return_dict else self._in_order(logs)

    def predict_on_batch(self: Any, x: Any) -> Any:
        """The outputs for one batch, as NumPy arrays."""
        return tf.nest.map_structure(np.asarray, self._function("predict")(_one_batch(x)))

    # -- what the loops share
    def _callbacks(
        self: Any, callbacks: Any, verbose: Any, epochs: int, steps: int | None, history: bool = False
    ) -> Any:
        if isinstance(callbacks, callbacks_module.CallbackList):
            return callbacks
        return callbacks_module.CallbackList(
            callbacks, history, verbose not in (0, False), model=self, verbose=verbose, epochs=epochs, steps=steps
        )

    def _function(self: Any, kind: str) -> Any:
        """The train, test or predict function; an override of `make_*_function` may set it or return it."""
        made = getattr(self, f"make_{kind}_function")()
        return getattr(self, f"{kind}_function") or made

    def _in_order(self: Any, logs: dict[str, Any]) -> Any:
        """The values of logs in the order of the metrics, the rest after them; alone if there is one."""
        names = [m.name for metric in self.metrics for m in (getattr(metric, "metrics", None) or [metric])]
        known = [name for name in names if name in logs]
        values = [logs[name] for name in [*known, *sorted(set(logs) - set(known))]]
        return values[0] if len(values) == 1 else values


def _one_batch(x: Any, y: Any = None, sample_weight: Any = None, class_weight: Any = None) -> Iterator[Any]:
    size = tf.nest.flatten(data_adapter.arrays(x))[0].shape[0]
    return data_adapter.from_arrays(x, y, sample_weight, int(size) or 1, class_weight=class_weight)()


def _is_due(epoch: int, validation_freq: Any) -> bool:
    """Whether validation runs after this epoch, counted from 1: every n-th, or those listed."""
    if isinstance(validation_freq, int):
        return epoch % validation_freq == 0
    if isinstance(validation_freq, (list, tuple, set)):
        return epoch in validation_freq
    raise ValueError(
        f"Expected `validation_freq` to be a list or int. Received: validation_freq={validation_freq} of the type "
        f"{type(validation_freq)}."
    )
