"""Callback, CallbackList, and the small callbacks that fit always has."""

from __future__ import annotations

from collections.abc import Callable as _Callable
from typing import Any

import gputape as tf

from ..utils import progbar as progbar_module
from .logs import flat_logs


class Callback:
    """Base of callbacks: methods that fit, evaluate and predict call at their turning points. Reference: Keras.

    `self.model` and `self.params` are set before the first call. Logs are dicts of Python floats.
    """

    def __init__(self) -> None:
        self.params: dict[str, Any] = {}
        self._model: Any = None

    @property
    def model(self) -> Any:
        return self._model

    def set_params(self, params: dict[str, Any]) -> None:
        self.params = params

    def set_model(self, model: Any) -> None:
        self._model = model

    def on_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Keras's old name of on_train_batch_begin."""

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        """Keras's old name of on_train_batch_end."""

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """An epoch of training starts."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """An epoch is over; logs has its results, those of validation under `val_`."""

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.on_batch_begin(batch, logs=logs)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.on_batch_end(batch, logs=logs)

    def on_test_batch_begin(self, batch: int, logs: Any = None) -> None:
        """A batch of evaluation starts."""

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        """A batch of evaluation is over."""

    def on_predict_batch_begin(self, batch: int, logs: Any = None) -> None:
        """A batch of prediction starts."""

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        """A batch of prediction is over; logs["outputs"] has its outputs."""

    def on_train_begin(self, logs: Any = None) -> None:
        """fit starts."""

    def on_train_end(self, logs: Any = None) -> None:
        """fit is over."""

    def on_test_begin(self, logs: Any = None) -> None:
        """An evaluation starts, also inside fit."""

    def on_test_end(self, logs: Any = None) -> None:
        """An evaluation is over."""

    def on_predict_begin(self, logs: Any = None) -> None:
        """predict starts."""

    def on_predict_end(self, logs: Any = None) -> None:
        """predict is over."""


HOOKS = [name for name in vars(Callback) if name.startswith("on_")]
_RELAYED = {"on_train_batch_begin": "on_batch_begin", "on_train_batch_end": "on_batch_end"}


class History(Callback):
    """Keeps the logs of every epoch: `history.history["loss"]` is a list, `history.epoch` has the epochs' numbers.

    `fit` makes one and returns it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.history: dict[str, list[Any]] = {}
        self.epoch: list[int] = []

    def on_train_begin(self, logs: Any = None) -> None:
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.epoch.append(epoch)
        for key, value in (logs or {}).items():
            self.history.setdefault(key, []).append(value)
        self.model.history = self


class ProgbarLogger(Callback):
    """Shows a progress bar per epoch: live on a terminal, one line an epoch elsewhere. `fit` has one by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.verbose, self.epochs = 1, 1
        self.target: int | None = None
        self._bar: Any = None
        self._training = False
        self._seen = 0

    def set_params(self, params: dict[str, Any]) -> None:
        super().set_params(params)
        self.verbose = 1 if params["verbose"] == "auto" else int(params["verbose"])
        self.epochs, self.target = params["epochs"], params["steps"]

    def on_train_begin(self, logs: Any = None) -> None:
        self._training = True

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._start()
        if self.verbose and self.epochs > 1:
            progbar_module.write(f"Epoch {epoch + 1}/{self.epochs}")

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._show(batch, logs)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._finish(logs)

    def on_test_begin(self, logs: Any = None) -> None:
        if not self._training:
            self._start()

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        if not self._training:
            self._show(batch, logs)

    def on_test_end(self, logs: Any = None) -> None:
        if not self._training:
            self._finish(logs)

    def on_predict_begin(self, logs: Any = None) -> None:
        self._start()

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        self._show(batch, None)

    def on_predict_end(self, logs: Any = None) -> None:
        self._finish(None)

    def on_train_end(self, logs: Any = None) -> None:
        self._training = False

    def _start(self) -> None:
        self._seen = 0
        self._bar = progbar_module.Progbar(self.target, verbose=self.verbose, stateless_metrics=())

    def _show(self, batch: int, logs: Any) -> None:
        self._seen = batch + 1
        if self.verbose == 1 and self._bar.due():  # values are read from the device only when they will be shown
            self._bar.update(self._seen, list((logs or {}).items()), finalize=False)

    def _finish(self, logs: Any) -> None:
        if self.verbose:
            self.target = self._bar.target = self.target or self._seen
            self._bar.update(self.target, list((logs or {}).items()), finalize=True)


class LambdaCallback(Callback):
    """A callback from functions: `LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs))`."""

    def __init__(
        self,
        on_epoch_begin: _Callable[..., Any] | None = None,
        on_epoch_end: _Callable[..., Any] | None = None,
        on_train_begin: _Callable[..., Any] | None = None,
        on_train_end: _Callable[..., Any] | None = None,
        on_train_batch_begin: _Callable[..., Any] | None = None,
        on_train_batch_end: _Callable[..., Any] | None = None,
        **kwargs: _Callable[..., Any],
    ) -> None:
        super().__init__()
        named = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
            **kwargs,
        }
        self.__dict__.update({name: function for name, function in named.items() if function is not None})


class CallbackList(Callback):
    """Calls each of its callbacks in order, and only those that do something at that point.

    Args:
        callbacks: a list of them, or one.
        add_history, add_progbar: whether to append a History and a ProgbarLogger, unless there is one.
        model: what the callbacks find as `model`.
        params: what they find as `params`; those of fit are verbose, epochs and steps.

    Callbacks receive logs as `Logs`, sorted by name; at the end of an epoch as a dict of Python values.
    """

    def __init__(
        self,
        callbacks: Any = None,
        add_history: bool = False,
        add_progbar: bool = False,
        model: Any = None,
        **params: Any,
    ) -> None:
        super().__init__()
        listed = callbacks if isinstance(callbacks, (list, tuple)) else [] if callbacks is None else [callbacks]
        self.callbacks: list[Any] = tf.nest.flatten(list(listed))
        self.history = next((c for c in self.callbacks if isinstance(c, History)), None)
        if add_history and self.history is None:
            self.history = History()
            self.callbacks.append(self.history)
        if add_progbar and not any(isinstance(c, ProgbarLogger) for c in self.callbacks):
            self.callbacks.append(ProgbarLogger())
        if model is not None:
            self.set_model(model)
        self.set_params(params)
        for hook in HOOKS:
            self._install(hook)

    def append(self, callback: Any) -> None:
        self.callbacks.append(callback)
        for hook in HOOKS:
            self._install(hook)

    def set_params(self, params: dict[str, Any]) -> None:
        self.params = params
        if params:
            for callback in self.callbacks:
                callback.set_params(params)

    def set_model(self, model: Any) -> None:
        super().set_model(model)
        if self.history is not None:
            model.history = self.history
        for callback in self.callbacks:
            callback.set_model(model)

    def _install(self, hook: str) -> None:
        """Put the function that runs `hook` of all callbacks in the place of the method."""
        methods = [getattr(c, hook) for c in self.callbacks if _overrides(c, hook)]
        prepared = (lambda logs: flat_logs(logs).copy()) if hook == "on_epoch_end" else flat_logs

        def numbered(number: int, logs: Any = None) -> None:
            if methods:
                logs = prepared(logs)
                for method in methods:
                    method(number, logs=logs)

        def plain(logs: Any = None) -> None:
            if methods:
                logs = prepared(logs)
                for method in methods:
                    method(logs)

        def epoch(epoch: int, logs: Any = None) -> None:
            logs = prepared(logs)
            for method in methods:
                method(epoch, logs)

        self.__dict__[hook] = numbered if "batch" in hook else epoch if "epoch" in hook else plain


def _overrides(callback: Any, hook: str) -> bool:
    """Whether a callback does something at `hook`, under its name or its old name."""
    if hook in vars(callback):
        return True
    own = getattr(type(callback), hook, None)
    if own is not getattr(Callback, hook):
        return own is not None
    old = _RELAYED.get(hook)
    return old is not None and _overrides(callback, old)
