"""Callbacks that change the learning rate: LearningRateScheduler, ReduceLROnPlateau."""

from __future__ import annotations

import warnings
from collections.abc import Callable as _Callable
from typing import Any

import numpy as np

from ..utils.progbar import write
from .callback import Callback
from .monitor import MonitorCallback


def learning_rates(optimizer: Any) -> dict[str, Any]:
    """The optimizers by the names that their learning rates have in the logs: one, or those of a MultiOptimizer."""
    if hasattr(optimizer, "optimizers"):
        return {f"learning_rate_{inner.name}": inner for inner in optimizer.optimizers}
    return {"learning_rate": optimizer}


class LearningRateScheduler(Callback):
    """Sets the learning rate at the start of every epoch; the logs of its end have it as `learning_rate`.

    Args:
        schedule: a function (epoch, current rate) that returns the new rate, a float; or of the epoch alone.
        verbose: 1 to say what is set.

    Raises ValueError if the schedule returns no float or the optimizer has no learning rate.

    >>> import numpy as np
    >>> from gputape import keras
    >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    >>> model.compile(keras.optimizers.SGD(1.0), "mse")
    >>> halve = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)
    >>> history = model.fit(np.ones((4, 1)), np.ones((4, 1)), epochs=2, callbacks=[halve], verbose=0)
    >>> history.history["learning_rate"]
    [0.5, 0.25]
    """

    def __init__(self, schedule: _Callable[..., float], verbose: int = 0) -> None:
        super().__init__()
        self.schedule, self.verbose = schedule, verbose

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        for name, optimizer in learning_rates(self.model.optimizer).items():
            if not hasattr(optimizer, "learning_rate"):
                raise ValueError('Optimizer must have a "learning_rate" attribute.')
            try:
                rate = self.schedule(epoch, float(optimizer.learning_rate))
            except TypeError:  # Keras 2's schedules take the epoch alone
                rate = self.schedule(epoch)
            if not isinstance(rate, (float, np.floating)):
                raise ValueError(f"The output of the `schedule` function should be a float. Got: {rate}")
            optimizer.learning_rate = rate
            if self.verbose > 0:
                write(f"\nEpoch {epoch + 1}: LearningRateScheduler setting {name.replace('_', ' ')} to {rate}.")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if logs is not None:
            logs.update({name: float(o.learning_rate) for name, o in learning_rates(self.model.optimizer).items()})


class ReduceLROnPlateau(MonitorCallback):
    """Multiplies the learning rate by `factor` when a value has not improved for `patience` epochs.

    Args:
        monitor, mode, min_delta: which value, and what counts as better; see MonitorCallback.
        factor: below 1; ValueError otherwise.
        patience: how many epochs without an improvement to bear.
        verbose: 1 to say what is set.
        cooldown: epochs after a reduction that do not count.
        min_lr: the rate does not go below this.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(monitor, mode, min_delta=min_delta)
        if factor >= 1.0:
            raise ValueError(f"ReduceLROnPlateau does not support a factor >= 1.0. Received factor={factor}")
        self.factor, self.min_lr, self.patience, self.verbose, self.cooldown = (
            factor,
            min_lr,
            patience,
            verbose,
            cooldown,
        )
        self.cooldown_counter = self.wait = 0

    def on_train_begin(self, logs: Any = None) -> None:
        self.best = None
        self.cooldown_counter = self.wait = 0

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if self.monitor_op is None:
            self._set_monitor_op()
        logs = {} if logs is None else logs
        rates = learning_rates(self.model.optimizer)
        logs.update({name: float(optimizer.learning_rate) for name, optimizer in rates.items()})
        current = logs.get(self.monitor)
        if current is None:
            warnings.warn(
                f"Learning rate reduction is conditioned on metric `{self.monitor}` which is not available. Available "
                f"metrics are: {','.join(logs)}.",
                stacklevel=2,
            )
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self._is_improvement(current, self.best):
            self.best = current
            self.wait = 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience and sum(self._reduce(o, epoch, name) for name, o in rates.items()):
                self.cooldown_counter = self.cooldown
                self.wait = 0

    def _reduce(self, optimizer: Any, epoch: int, name: str) -> bool:
        old = float(optimizer.learning_rate)
        if old <= np.float32(self.min_lr):
            return False
        new = max(old * self.factor, self.min_lr)
        optimizer.learning_rate = new
        if self.verbose > 0:
            write(f"\nEpoch {epoch + 1}: ReduceLROnPlateau reducing {name.replace('_', ' ')} to {new}.")
        return True

    def in_cooldown(self) -> bool:
        return self.cooldown_counter > 0
