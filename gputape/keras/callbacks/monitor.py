"""Callbacks that watch one value of the logs: the base of them, EarlyStopping, TerminateOnNaN."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from ..utils.progbar import write
from .callback import Callback


class MonitorCallback(Callback):
    """Base of callbacks that ask whether a value of the logs has improved.

    Args:
        monitor: its name in the logs.
        mode: "min" if smaller is better, "max" if larger is, "auto" to go by the metric.
        baseline: the value to beat at first; None for the first one.
        min_delta: a smaller change is no improvement.

    With "auto" the first epoch raises ValueError for a metric that does not say which way is better.
    """

    def __init__(
        self, monitor: str = "val_loss", mode: str = "auto", baseline: float | None = None, min_delta: float = 0
    ) -> None:
        super().__init__()
        if mode not in ("auto", "min", "max"):
            warnings.warn(f"{type(self).__name__} mode '{mode}' is unknown, fallback to auto mode.", stacklevel=3)
            mode = "auto"
        self.monitor, self.mode, self.best = monitor, mode, baseline
        self.min_delta: float = abs(min_delta)
        self.monitor_op: Any = None

    def _set_monitor_op(self) -> None:
        """Choose the comparison; at the end of an epoch, as the model's metrics must exist."""
        self.monitor_op = {"min": np.less, "max": np.greater}.get(self.mode) or self._found_op()
        if self.monitor_op is None:
            raise ValueError(
                f"{type(self).__name__} callback received monitor={self.monitor}, but Keras isn't able to "
                f"automatically "
                "determine whether that metric should be maximized or minimized. Pass `mode='max'` in order to "
                "monitor based "
                "on the highest metric value, or pass `mode='min'` in order to use the lowest value."
            )
        if self.monitor_op is np.less:
            self.min_delta *= -1

    def _found_op(self) -> Any:
        name = self.monitor.removeprefix("val_")
        if name == "loss":
            return np.less
        for metric in getattr(self.model, "metrics", ()):
            for log_name, inner in getattr(metric, "named", {metric.name: metric}).items():
                if name in (log_name, inner.name) and hasattr(inner, "_direction"):
                    return np.greater if inner._direction == "up" else np.less
        return np.less if name.endswith("_loss") else None

    def _is_improvement(self, value: Any, reference: Any) -> bool:
        return reference is None or bool(self.monitor_op(value - self.min_delta, reference))


class EarlyStopping(MonitorCallback):
    """Ends training when a value has not improved for `patience` epochs.

    Args:
        monitor, min_delta, mode: which value, and what counts as better; see MonitorCallback.
        patience: how many epochs without an improvement to bear.
        verbose: 1 to say so.
        baseline: an improvement must also be better than this.
        restore_best_weights: whether to end with the weights of the best epoch, not of the last.
        start_from_epoch: epochs before this one do not count.

    >>> import numpy as np
    >>> from gputape import keras
    >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    >>> model.compile(keras.optimizers.SGD(0.0), "mse")
    >>> stop = keras.callbacks.EarlyStopping("loss", patience=2)
    >>> len(model.fit(np.ones((4, 1)), np.ones((4, 1)), epochs=9, callbacks=[stop], verbose=0).epoch)
    3
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta=min_delta)
        self.patience, self.verbose, self.baseline = patience, verbose, baseline
        self.restore_best_weights, self.start_from_epoch = restore_best_weights, start_from_epoch
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self.best_weights: Any = None

    def on_train_begin(self, logs: Any = None) -> None:
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self.best = self.best_weights = None

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if self.monitor_op is None:
            self._set_monitor_op()
        current = self.get_monitor_value(logs)
        if current is None or epoch < self.start_from_epoch:
            return
        improved = self._is_improvement(current, self.best)
        if improved or (self.restore_best_weights and self.best_weights is None):
            self.best_epoch = epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
        self.wait += 1
        if improved:
            self.best = current
            if self.baseline is None or self._is_improvement(current, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Any = None) -> None:
        if self.stopped_epoch > 0 and self.verbose > 0:
            write(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.restore_best_weights and self.best_weights is not None:
            if self.verbose > 0:
                write(f"Restoring model weights from the end of the best epoch: {self.best_epoch + 1}.")
            self.model.set_weights(self.best_weights)

    def get_monitor_value(self, logs: Any) -> Any:
        """The watched value; None, with a warning, if the logs do not have it."""
        value = (logs or {}).get(self.monitor)
        if value is None:
            warnings.warn(
                f"Early stopping conditioned on metric `{self.monitor}` which is not available. Available metrics are: "
                f"{','.join(logs or ())}",
                stacklevel=2,
            )
        return value


class TerminateOnNaN(Callback):
    """Ends training as soon as the loss is no finite number. It looks after every batch, so every batch is waited for.

    Args:
        raise_error: whether to raise RuntimeError at once, so that no other callback sees the end of training.
    """

    def __init__(self, raise_error: bool = False) -> None:
        super().__init__()
        self.raise_error = raise_error

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        loss = (logs or {}).get("loss")
        if loss is None or math.isfinite(loss):
            return
        if self.raise_error:
            raise RuntimeError(
                f"NaN or Inf loss encountered at batch {batch}. Loss value: {loss}. Terminating training immediately."
            )
        write(f"Batch {batch}: Invalid loss, terminating training")
        self.model.stop_training = True
