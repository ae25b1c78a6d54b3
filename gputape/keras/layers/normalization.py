"""What normalizations share: the axes, `* gamma + beta`, and statistics in float32 for half types."""

from __future__ import annotations

from typing import Any

import gputape as tf

from .layer import Layer
from .weights import add_described, describe


def checked_axes(axis: Any, input_shape: Any) -> Any:
    """`input_shape`; ValueError if it has no such axis."""
    for a in axis if isinstance(axis, (list, tuple)) else [axis]:
        if not -len(input_shape) <= a < len(input_shape):
            raise ValueError(f"Axis {a} is out of bounds for input shape {input_shape}. Received: axis={axis}")
    return input_shape


def wide(x: Any, compute_dtype: str) -> Any:
    """`x` in the dtype of the statistics: at least float32."""
    if not x.dtype.is_floating:
        x = tf.cast(x, compute_dtype)
    return tf.cast(x, "float32") if x.dtype.size < 4 else x


class ScaledNormalization(Layer):
    """A normalization of inputs that is followed by `* gamma + beta`, each of which may be left out."""

    def __init__(
        self,
        axis: Any,
        epsilon: float,
        center: bool,
        scale: bool,
        beta_initializer: Any,
        gamma_initializer: Any,
        beta_regularizer: Any,
        gamma_regularizer: Any,
        beta_constraint: Any,
        gamma_constraint: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.axis = axis
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        describe(self, locals(), "beta", "gamma")
        self.supports_masking = True
        self.gamma: Any = None
        self.beta: Any = None

    def add_parameters(self, shape: Any, gamma: bool, beta: bool) -> None:
        """Make those of gamma and beta that are wanted; they are not cast under mixed precision."""
        for name, wanted in (("gamma", gamma), ("beta", beta)):
            if wanted:
                setattr(self, name, add_described(self, name, shape, autocast=False))

    def compute_output_shape(self, input_shape: Any) -> Any:
        return checked_axes(self.axis, input_shape)
