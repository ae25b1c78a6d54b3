"""Logs: what a step reports, by name; tensors that become Python floats when someone looks at them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

import gputape as tf


def python_value(value: Any) -> Any:
    """A log value as a Python float if it is one number, as an array if it is several; anything else as it is."""
    if isinstance(value, (tf.Tensor, tf.Variable)):
        value = value.numpy()
    if isinstance(value, (int, float, np.generic)) or (isinstance(value, np.ndarray) and value.ndim == 0):
        try:
            return float(value)
        except (TypeError, ValueError):
            return value
    return value


class Logs(dict[str, Any]):
    """A dict whose values are read from the device when they are looked at: logs that nobody reads cost nothing.

    >>> import gputape as tf
    >>> Logs(loss=tf.constant(0.5))["loss"]
    0.5
    """

    def __getitem__(self, key: str) -> Any:
        value = super().__getitem__(key)
        if not isinstance(value, (float, str)):
            value = python_value(value)
            super().__setitem__(key, value)
        return value

    def __iter__(
        self,
    ) -> Iterator[str]:  # a dict subclass with its own __iter__ is read through __getitem__ by dict() and **
        return super().__iter__()

    def get(self, key: str, default: Any = None) -> Any:
        return self[key] if key in self else default  # noqa: SIM401  (this is get)

    def items(self) -> Any:
        return [(key, self[key]) for key in self]

    def values(self) -> Any:
        return [self[key] for key in self]

    def pop(self, key: str, *default: Any) -> Any:
        if key in self:
            self[key]
        return super().pop(key, *default)

    def copy(self) -> dict[str, Any]:
        return dict(self.items())

    def __eq__(self, other: object) -> bool:
        return self.copy() == other

    __hash__ = None

    def __repr__(self) -> str:
        return repr(self.copy())


def flat_logs(logs: Any) -> Logs:
    """The logs sorted by name, dicts inside side by side with the rest; ValueError if `logs` is no dict.

    >>> flat_logs({"loss": 1.0, "compile_metrics": {"mae": 2.0}})
    {'mae': 2.0, 'loss': 1.0}
    """
    if isinstance(logs, Logs):
        return logs
    if logs is not None and not isinstance(logs, dict):
        raise ValueError(f"logs are a dict of values by name, but a step returned {type(logs).__name__}: {logs}")
    flat = Logs()
    for key in sorted(logs or {}):
        value = (logs or {})[key]
        if isinstance(value, dict):
            flat.update(dict.items(flat_logs(value)))
        else:
            dict.__setitem__(flat, key, value)
    return flat
