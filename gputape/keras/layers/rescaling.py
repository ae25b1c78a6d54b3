"""Rescaling: a fixed scale and offset."""

from __future__ import annotations

from typing import Any

import gputape as tf

from .. import backend
from ..serialization import deserialize_keras_object
from .data_layer import DataLayer


class Rescaling(DataLayer):
    """y = x * scale + offset, in the layer's dtype; x of any shape, of integers or floats.

    `scale=1 / 255` brings pixels into [0, 1], `scale=1 / 127.5, offset=-1` into [-1, 1].

    Args:
        scale: a number; or one number per channel, along the axis of `keras.config.image_data_format()`.
        offset: a number, or one per channel. Default 0.

    >>> from gputape import keras
    >>> keras.layers.Rescaling(1 / 127.5, offset=-1)([0, 255]).numpy()
    array([-1.,  1.], dtype=float32)
    """

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale, self.offset = scale, offset
        self.supports_masking = True
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        x = tf.cast(tf.convert_to_tensor(inputs), self.compute_dtype)
        return x * self._per_channel(self.scale) + self._per_channel(self.offset)

    def _per_channel(self, value: Any) -> Any:
        made = tf.cast(tf.convert_to_tensor(value), self.compute_dtype)
        if made.ndim and backend.image_data_format() == "channels_first":
            made = tf.reshape(made, [*made.shape, *[1] * (3 - made.ndim)])
        return made

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        given = [name for name in ("scale", "offset") if name in config]
        arrays: dict[str, Any] = {name: deserialize_keras_object(config[name]) for name in given}
        return super().from_config({**config, **arrays})
