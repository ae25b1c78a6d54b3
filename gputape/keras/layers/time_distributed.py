"""TimeDistributed: a layer applied to every time step."""

from __future__ import annotations

from typing import Any

import gputape as tf

from .convolutional import Conv1D, Conv2D, Conv3D
from .core import Dense, EinsumDense, Embedding, Wrapper
from .depthwise import DepthwiseConv1D, DepthwiseConv2D
from .layer import Layer
from .pooling import (
    AveragePooling1D,
    AveragePooling2D,
    AveragePooling3D,
    GlobalAveragePooling2D,
    GlobalAveragePooling3D,
    GlobalMaxPooling2D,
    GlobalMaxPooling3D,
    MaxPooling1D,
    MaxPooling2D,
    MaxPooling3D,
)
from .reshaping import Flatten
from .separable import SeparableConv1D, SeparableConv2D
from .transposed import Conv1DTranspose, Conv2DTranspose, Conv3DTranspose

# Layers that treat each example on its own and have neither randomness nor masks: all steps go through them in one call.
_PER_EXAMPLE = frozenset(
    {
        Dense, Embedding, Flatten, EinsumDense, Conv1D, Conv2D, Conv3D, DepthwiseConv1D, DepthwiseConv2D,
        SeparableConv1D, SeparableConv2D, Conv1DTranspose, Conv2DTranspose, Conv3DTranspose, MaxPooling1D, MaxPooling2D,
        MaxPooling3D, AveragePooling1D, AveragePooling2D, AveragePooling3D, GlobalMaxPooling2D, GlobalMaxPooling3D,
        GlobalAveragePooling2D, GlobalAveragePooling3D,
    }
)  # fmt: skip


class TimeDistributed(Wrapper):
    """`layer` applied to each step of (batch, steps, ...), with the same weights.

    ValueError unless `layer` is a layer and the input has three axes; a mask must be (batch, steps, ...).

    >>> from gputape import keras
    >>> keras.layers.TimeDistributed(keras.layers.Conv2D(8, 3))(keras.Input((10, 32, 32, 3))).shape
    (None, 10, 30, 30, 8)
    """

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        if not isinstance(layer, Layer):
            raise ValueError(
                f"Please initialize `TimeDistributed` layer with a `keras.layers.Layer` instance. Received: {layer}"
            )
        super().__init__(layer, **kwargs)
        self.supports_masking = True

    @staticmethod
    def _step_shape(input_shape: Any) -> Any:
        if not isinstance(input_shape, (tuple, list)) or len(input_shape) < 3:
            raise ValueError(
                "`TimeDistributed` Layer should be passed an `input_shape` with at least 3 dimensions, received: "
                f"{input_shape}"
            )
        return (input_shape[0], *input_shape[2:])

    def build(self, input_shape: Any = None) -> None:
        super().build(self._step_shape(input_shape))

    def compute_output_shape(self, input_shape: Any) -> Any:
        made = self.layer.compute_output_shape(self._step_shape(input_shape))
        return (made[0], input_shape[1], *made[1:])

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        shape = tuple(inputs.shape)
        if mask is not None:
            self._check_mask(tuple(mask.shape), shape)
        if type(self.layer) in _PER_EXAMPLE:
            y = self.layer.call(tf.reshape(inputs, [-1, *shape[2:]]))
            return tf.reshape(y, [*shape[:2], *y.shape[1:]])
        given: dict[str, Any] = {"training": training} if self.layer._call_has_training_arg else {}
        masks = [None] * shape[1]
        if mask is not None and self.layer._call_has_mask_arg:
            masks = tf.unstack(mask, axis=1)
        outputs = []
        for x, m in zip(tf.unstack(inputs, axis=1), masks):
            outputs.append(self.layer.call(x, **given) if m is None else self.layer.call(x, mask=m, **given))
        return tf.stack(outputs, axis=1)

    @staticmethod
    def _check_mask(mask_shape: Any, shape: Any) -> None:
        if len(mask_shape) < 2:
            raise ValueError(
                "The `mask` passed to the `TimeDistributed` layer must be at least 2D (e.g., `(batch_size, "
                f"timesteps)`), but it has {len(mask_shape)} dimension(s) with shape {mask_shape}."
            )
        if mask_shape[:2] != shape[:2]:
            raise ValueError(
                f"The `mask` passed to the `TimeDistributed` layer has a shape {mask_shape} that is incompatible with "
                f"the input shape {shape}. The first two dimensions of the mask (batch size and timesteps) must match the "
                f"input's first two dimensions. Expected mask shape prefix: ({shape[0]}, {shape[1]})."
            )
