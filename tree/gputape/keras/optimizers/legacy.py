"""Names of Keras 2's former optimizers. They are gone, as in Keras 3; using one says what takes its place."""

from __future__ import annotations

from typing import Any


class _Gone:
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        name = type(self).__name__
        raise ImportError(
            f"`keras.optimizers.legacy.{name}` is not supported, as in Keras 3: use `keras.optimizers.{name}`, which "
            "has the same arguments but for `decay` (a schedule as learning_rate) and `lr` (learning_rate)"
        )


class Optimizer(_Gone): ...


class Adagrad(_Gone): ...


class Adam(_Gone): ...


class Ftrl(_Gone): ...


class RMSprop(_Gone): ...


class SGD(_Gone): ...
