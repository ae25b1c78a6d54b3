"""Starting values under TensorFlow's own names, tf.ones_initializer and the like; more are in keras.initializers."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import random
from .dtypes import as_dtype, float32
from .registry import OPS
from .tensor import constant


class _Initializer:
    """Called with a shape and a dtype; `get_config` gives back its arguments."""

    def get_config(self) -> dict[str, Any]:
        return dict(vars(self))

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        return cls(**{k: v for k, v in config.items() if k != "dtype"})


def _numeric(dtype: Any) -> Any:
    made = as_dtype(dtype)
    if made == "string":
        raise ValueError(f"Argument `dtype` expected to be numeric or boolean. Received {made!r}.")
    return made


class zeros_initializer(_Initializer):
    """Zeros of any numeric dtype.

    >>> import gputape as tf
    >>> tf.zeros_initializer()([2]).numpy()
    array([0., 0.], dtype=float32)
    """

    def __call__(self, shape: Any, dtype: Any = float32, **kwargs: Any) -> Any:
        return OPS["zeros"](shape, _numeric(dtype))


class ones_initializer(_Initializer):
    """Ones of any numeric dtype."""

    def __call__(self, shape: Any, dtype: Any = float32, **kwargs: Any) -> Any:
        return OPS["ones"](shape, _numeric(dtype))


class constant_initializer(_Initializer):
    """`value`: a number, or a list or array with as many elements as the shape (TypeError otherwise).

    >>> import gputape as tf
    >>> tf.constant_initializer([1, 2])([2, 1]).numpy().tolist()
    [[1.0], [2.0]]
    """

    def __init__(self, value: Any = 0, support_partition: bool = False) -> None:
        if not (np.isscalar(value) or isinstance(value, (list, tuple, np.ndarray))):
            raise TypeError(
                f"Invalid type for initial value: {type(value)}. Expected Python scalar, list or tuple of values, or "
                f"numpy.ndarray."
            )
        self.value = value

    def __call__(self, shape: Any, dtype: Any = None, **kwargs: Any) -> Any:
        value = np.asarray(self.value)
        kind = as_dtype(dtype) if dtype is not None else float32 if value.dtype.kind in "iuf" else None
        return constant(self.value if kind is None else value.astype(kind.numpy), kind, shape)


class random_uniform_initializer(_Initializer):
    """Uniform in [minval, maxval); floating point or integers."""

    def __init__(self, minval: Any = -0.05, maxval: Any = 0.05, seed: int | None = None) -> None:
        self.minval, self.maxval, self.seed = minval, maxval, seed

    def __call__(self, shape: Any, dtype: Any = float32, **kwargs: Any) -> Any:
        kind = as_dtype(dtype)
        if not (kind.is_floating or kind.is_integer):
            raise ValueError(f"Argument `dtype` expected to be float or integer. Received: {kind!r}.")
        return random.uniform(shape, self.minval, self.maxval, kind, self.seed)


class random_normal_initializer(_Initializer):
    """Normal with `mean` and `stddev`; floating point."""

    def __init__(self, mean: Any = 0.0, stddev: Any = 0.05, seed: int | None = None) -> None:
        self.mean, self.stddev, self.seed = mean, stddev, seed

    def __call__(self, shape: Any, dtype: Any = float32, **kwargs: Any) -> Any:
        kind = as_dtype(dtype)
        if not kind.is_floating:
            raise ValueError(f"Argument `dtype` is expected to be floating point. Received: {kind!r}.")
        return random.normal(shape, self.mean, self.stddev, kind, self.seed)


_ALL: tuple[Any, ...] = (
    zeros_initializer,
    ones_initializer,
    constant_initializer,
    random_uniform_initializer,
    random_normal_initializer,
)
NAMES = {f"tf.{c.__name__}": c for c in _ALL}
