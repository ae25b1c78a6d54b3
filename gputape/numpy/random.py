"""gputape.numpy.random: NumPy's generators, the same numbers for the same seed, as arrays of the default device."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import Array
from .array import ndarray, tensor, wrap


class Draws:
    """A generator of NumPy whose methods give ndarrays."""

    def __init__(self, source: Any) -> None:
        self._source = source

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        method = getattr(self._source, name)

        def draw(*args: Any, **kwargs: Any) -> Any:
            plain = [a._read(name) if isinstance(a, Array) else a for a in args]
            named = {k: a._read(name) if isinstance(a, Array) else a for k, a in kwargs.items()}
            if name == "shuffle" and isinstance(args[0], ndarray):
                plain[0] = plain[0].copy()
                method(*plain, **named)
                args[0][...] = plain[0]
                return None
            made = method(*plain, **named)
            return wrap(tensor(made)) if isinstance(made, np.ndarray) else made

        return draw if callable(method) else method


def RandomState(seed: Any = None) -> Draws:
    """NumPy's `RandomState`.

    >>> import gputape.numpy as np
    >>> np.random.RandomState(0).rand(2)
    array([0.5488135 , 0.71518937])
    """
    return Draws(np.random.RandomState(seed))


def default_rng(seed: Any = None) -> Draws:
    """NumPy's `default_rng`."""
    return Draws(np.random.default_rng(seed))


_shared = Draws(np.random)


def __getattr__(name: str) -> Any:
    """The functions of `numpy.random`, which share its state: `np.random.seed` seeds them."""
    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(_shared, name)


__all__ = ["Draws", "RandomState", "default_rng"]
