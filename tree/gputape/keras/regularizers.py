"""Penalties on weights that layers add to the loss: functions of a tensor that return a scalar."""

from __future__ import annotations

import math
from typing import Any

import gputape as tf

from .identifiers import classes_in, functions


class Regularizer:
    """Base of all regularizers: subclasses define `__call__(x)` and `get_config()`."""

    def __call__(self, x):
        return 0.0

    @classmethod
    def from_config(cls, config):
        return cls(**config)

    def get_config(self) -> dict[str, Any]:
        raise NotImplementedError(f"{self} does not implement get_config()")


class L1L2(Regularizer):
    """`l1 * sum(|x|) + l2 * sum(x²)`; ValueError unless both are finite and not negative.

    >>> import gputape as tf
    >>> L1L2(l1=0.5, l2=0.25)(tf.constant([1.0, -2.0])).numpy()
    np.float32(2.75)
    """

    def __init__(self, l1=0.0, l2=0.0):
        self.l1 = _strength(0.0 if l1 is None else l1, "l1")
        self.l2 = _strength(0.0 if l2 is None else l2, "l2")

    def __call__(self, x):
        penalty = tf.zeros((), x.dtype)
        if self.l1:
            penalty = penalty + self.l1 * tf.reduce_sum(tf.abs(x))
        if self.l2:
            penalty = penalty + self.l2 * tf.reduce_sum(tf.square(x))
        return penalty

    def get_config(self):
        return {"l1": self.l1, "l2": self.l2}


class L1(Regularizer):
    """`l1 * sum(|x|)`."""

    def __init__(self, l1=0.01):
        self.l1 = _strength(0.01 if l1 is None else l1, "l1")

    def __call__(self, x):
        return self.l1 * tf.reduce_sum(tf.abs(x))

    def get_config(self):
        return {"l1": self.l1}


class L2(Regularizer):
    """`l2 * sum(x²)`."""

    def __init__(self, l2=0.01):
        self.l2 = _strength(0.01 if l2 is None else l2, "l2")

    def __call__(self, x):
        return self.l2 * tf.reduce_sum(tf.square(x))

    def get_config(self):
        return {"l2": self.l2}


class OrthogonalRegularizer(Regularizer):
    """`factor` times the mean of |cos| between all pairs of rows (or columns) of a matrix.

    ValueError for a mode other than "rows" and "columns", and for inputs that are no matrices.
    """

    def __init__(self, factor=0.01, mode="rows"):
        self.factor = _strength(factor, "factor")
        if mode not in ("rows", "columns"):
            raise ValueError(
                f'Invalid value for argument `mode`. Expected one of {{"rows", "columns"}}. Received: mode={mode}'
            )
        self.mode = mode

    def __call__(self, inputs):
        if len(inputs.shape) != 2:
            raise ValueError(f"Inputs to OrthogonalRegularizer must have rank 2. Received: inputs.shape={inputs.shape}")
        rows = self.mode == "rows"
        unit = tf.math.l2_normalize(inputs, axis=1 if rows else 0)
        cosines = tf.matmul(unit, unit, transpose_a=not rows, transpose_b=rows)
        size = int(inputs.shape[0 if rows else 1])
        others = 1.0 - tf.eye(size, dtype=inputs.dtype)
        return self.factor * 0.5 * tf.reduce_sum(tf.abs(cosines * others)) / (size * (size - 1.0) / 2.0)

    def get_config(self):
        return {"factor": self.factor, "mode": self.mode}


def _strength(value, name) -> float:
    if not isinstance(value, (float, int)) or not math.isfinite(value) or value < 0:
        raise ValueError(f"Invalid value for argument {name}: expected a non-negative float. Received: {name}={value}")
    return float(value)


l1, l2, l1_l2, orthogonal_regularizer = L1, L2, L1L2, OrthogonalRegularizer
serialize, deserialize, get = functions("regularizer", {**classes_in(globals(), Regularizer), "l1l2": L1L2})
