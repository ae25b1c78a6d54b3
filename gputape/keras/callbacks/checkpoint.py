"""Callbacks that write the model to files: ModelCheckpoint, BackupAndRestore."""

from __future__ import annotations

import json
import os
import shutil
import warnings
from typing import Any

import numpy as np

from ..utils.progbar import write
from .callback import Callback
from .monitor import MonitorCallback


class Every:
    """Whether so many batches have passed since the last time; asked at batches, also at every k-th only."""

    def __init__(self, count: Any) -> None:
        self.count = count
        self.seen = 0
        self.last = -1

    def is_due(self, batch: int) -> bool:
        if self.count == "epoch":
            return False
        self.seen += batch + 1 if batch <= self.last else batch - self.last
        self.last = batch
        if self.seen < self.count:
            return False
        self.seen = 0
        return True


class ModelCheckpoint(MonitorCallback):
    """Saves the model or its weights after epochs or batches, all of them or the best.

    Args:
        filepath: the file, ".keras" for the model, ".weights.h5" for weights; with names of logs, epoch and batch in
            braces if wanted: "{epoch:02d}-{val_loss:.2f}.keras".
        monitor, mode: the value that says which is best; see MonitorCallback.
        verbose: 1 to say what is saved.
        save_best_only: only save what is better than what was saved last.
        save_weights_only: the weights instead of the model.
        save_freq: "epoch", or a number of batches.
        initial_value_threshold: with save_best_only, the value to beat at first.

    Raises ValueError for another ending of `filepath` or another `save_freq`.
    """

    def __init__(
        self,
        filepath: Any,
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: Any = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        super().__init__(monitor, mode, initial_value_threshold)
        self.filepath, self.verbose, self.save_freq = os.fspath(filepath), verbose, save_freq
        self.save_best_only, self.save_weights_only = save_best_only, save_weights_only
        self._current_epoch = 0
        self._every = Every(save_freq)
        if save_freq != "epoch" and not isinstance(save_freq, int):
            raise ValueError(f"Unrecognized save_freq: {save_freq}. Expected save_freq are 'epoch' or integer values")
        if save_weights_only and not self.filepath.endswith(".weights.h5"):
            raise ValueError(
                "When using `save_weights_only=True` in `ModelCheckpoint`, the filepath provided must end in "
                "`.weights.h5` "
                f"(Keras weights format). Received: filepath={self.filepath}"
            )
        if not save_weights_only and not self.filepath.endswith((".keras", ".h5")):
            raise ValueError(
                f"The filepath provided must end in `.keras` (Keras model format). Received: filepath={self.filepath}"
            )

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._current_epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if self._every.is_due(batch):
            self._save(self._current_epoch, batch, logs)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if self.monitor_op is None and self.save_best_only:
            self._set_monitor_op()
        if self.save_freq == "epoch":
            self._save(epoch, None, logs)

    def _save(self, epoch: int, batch: int | None, logs: Any) -> None:
        logs = dict(logs or {})
        path = self._path(epoch, batch, logs)
        if not self._is_wanted(epoch, logs, path):
            return
        if os.path.isdir(path):
            raise OSError(
                "Please specify a non-directory filepath for ModelCheckpoint. Filepath used is an existing directory: "
                f"{path}"
            )
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        if self.save_weights_only:
            self.model.save_weights(path, overwrite=True)
        else:
            self.model.save(path, overwrite=True)
        if self.verbose > 0:
            write(f"\nEpoch {epoch + 1}: finished saving model to {path}")

    def _path(self, epoch: int, batch: int | None, logs: dict[str, Any]) -> str:
        try:
            return self.filepath.format(
                **{"epoch": epoch + 1, **({} if batch is None else {"batch": batch + 1}), **logs}
            )
        except KeyError as error:
            raise KeyError(f'Failed to format this callback filepath: "{self.filepath}". Reason: {error}') from None

    def _is_wanted(self, epoch: int, logs: dict[str, Any], path: str) -> bool:
        if not self.save_best_only:
            if self.verbose > 0:
                write(f"\nEpoch {epoch + 1}: saving model to {path}")
            return True
        current = logs.get(self.monitor)
        if current is None:
            warnings.warn(f"Can save best model only with {self.monitor} available.", stacklevel=2)
            return True
        if np.ndim(current) > 0:
            warnings.warn(
                f"Can save best model only when `monitor` is a scalar value. Received: {current}. Falling back to "
                "`save_best_only=False`.",
                stacklevel=2,
            )
            return True
        if self.monitor_op is None:
            self._set_monitor_op()
        before = "None" if self.best is None else f"{self.best:.5f}"
        if not self._is_improvement(current, self.best):
            if self.verbose > 0:
                write(f"\nEpoch {epoch + 1}: {self.monitor} did not improve from {before}")
            return False
        if self.verbose > 0:
            write(
                f"\nEpoch {epoch + 1}: {self.monitor} improved from {before} to {current:.5f}, saving model to {path}"
            )
        self.best = current
        return True


class BackupAndRestore(Callback):
    """Saves the state of training, so that a `fit` that was interrupted goes on where it stood when it is run again.

    Args:
        backup_dir: a folder for this alone; ValueError if empty.
        save_freq: "epoch", or a number of batches. After a restart training goes on at the start of an epoch.
        double_checkpoint: whether to keep the previous state too, for the case that the last cannot be read.
        delete_checkpoint: whether to delete the folder when training is over.

    The model must be built before `fit`; ValueError otherwise.
    """

    def __init__(
        self, backup_dir: Any, save_freq: Any = "epoch", double_checkpoint: bool = False, delete_checkpoint: bool = True
    ) -> None:
        super().__init__()
        if not backup_dir:
            raise ValueError("Empty `backup_dir` argument passed")
        if save_freq != "epoch" and not isinstance(save_freq, int):
            raise ValueError(
                f"Invalid value for argument `save_freq`. Received: save_freq={save_freq}. Expected either 'epoch' "
                f"or an "
                "integer value."
            )
        self.backup_dir, self.save_freq = os.fspath(backup_dir), save_freq
        self.double_checkpoint, self.delete_checkpoint = double_checkpoint, delete_checkpoint
        self._files = [os.path.join(self.backup_dir, name) for name in ("latest.weights.h5", "training_metadata.json")]
        self._every = Every(save_freq)
        self._current_epoch = 0

    def on_train_begin(self, logs: Any = None) -> None:
        try:
            self._load()
        except OSError:
            if not os.path.exists(self._files[0] + ".bkp"):
                raise
            for file in self._files:
                if os.path.exists(file + ".bkp"):
                    shutil.copy(file + ".bkp", file)
                elif os.path.exists(file):
                    os.remove(file)
            self._load()

    def _load(self) -> None:
        model = self.model
        if not model.built:
            raise ValueError(
                "To use the BackupAndRestore callback, you model must be built before you call `fit()`. Model "
                f"{model} is unbuilt. You can build it beforehand by calling it on a batch of data."
            )
        weights, metadata = self._files
        if os.path.exists(weights):
            if model.optimizer is not None and not model.optimizer.built:
                model.optimizer.build(model.trainable_variables)
            model.load_weights(weights)
        if os.path.exists(metadata):
            with open(metadata) as text:
                model._initial_epoch = json.load(text)["epoch"]

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if self._every.is_due(batch):
            self._save(batch)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._current_epoch = epoch + 1
        if self.save_freq == "epoch":
            self._save(0)

    def _save(self, batch: int) -> None:
        os.makedirs(self.backup_dir, exist_ok=True)
        if self.double_checkpoint:
            for file in self._files:
                if os.path.exists(file):
                    shutil.copy(file, file + ".bkp")
        weights, metadata = self._files
        self.model.save_weights(weights, overwrite=True)
        with open(metadata, "w") as text:
            json.dump({"epoch": self._current_epoch, "batch": batch}, text)

    def on_train_end(self, logs: Any = None) -> None:
        if self.delete_checkpoint and os.path.exists(self.backup_dir):
            shutil.rmtree(self.backup_dir)
