"""RMSNormalization and UnitNormalization: vectors divided by their length."""

from __future__ import annotations

from typing import Any

import gputape as tf

from .layer import Layer
from .normalization import checked_axes


class RMSNormalization(Layer):
    """x / sqrt(mean(x^2) + epsilon) * scale over `axis` (default -1). Reference: Zhang and Sennrich 2019.

    >>> import gputape as tf
    >>> from gputape import keras
    >>> keras.layers.RMSNormalization(epsilon=1e-9)(tf.constant([[2.0, -2.0]])).numpy()
    array([[ 1., -1.]], dtype=float32)
    """

    def __init__(self, axis: Any = -1, epsilon: float = 1e-6, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis
        self.epsilon = epsilon

    def build(self, input_shape: Any) -> None:
        checked_axes(self.axis, input_shape)
        self.axis = sorted(self.axis) if isinstance(self.axis, (list, tuple)) else [self.axis]
        self.scale = self.add_weight(name="scale", shape=tuple(input_shape[k] for k in self.axis), initializer="ones")

    def call(self, x: Any) -> Any:
        return tf.nn.rms_norm(x, self.scale, axes=self.axis, epsilon=self.epsilon)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return checked_axes(self.axis, input_shape)


class UnitNormalization(Layer):
    """x / |x|, the Euclidean norm over `axis` (an int or a list of them; TypeError otherwise). Default -1.

    >>> import gputape as tf
    >>> from gputape import keras
    >>> keras.layers.UnitNormalization()(tf.constant([[3.0, 4.0]])).numpy()
    array([[0.6, 0.8]], dtype=float32)
    """

    def __init__(self, axis: Any = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(axis, (int, list, tuple)):
            raise TypeError(
                f"Invalid value for `axis` argument: expected an int or a list/tuple of ints. Received: axis={axis}"
            )
        self.axis = axis if isinstance(axis, int) else list(axis)
        self.supports_masking = True
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        return tf.nn.l2_normalize(inputs, self.axis, epsilon=1e-24)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return checked_axes(self.axis, input_shape)
