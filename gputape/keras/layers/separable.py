"""Separable convolutions: a depthwise convolution, then one with a window of size 1 that mixes the channels."""

from __future__ import annotations

from typing import Any

import gputape as tf

from .convolutional import BaseConv
from .depthwise import depthwise
from .weights import add_described, describe, passed_on
from .windows import tf_format


class BaseSeparableConv(BaseConv):
    """What separable convolutions share: they differ in the number of spatial axes."""

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        self.depth_multiplier = depth_multiplier
        super().__init__(**passed_on(locals(), "depth", "pointwise_"), **kwargs)
        describe(self, locals(), "depthwise", "pointwise")

    def _check(self) -> None:
        self._check_padding()
        self._check_positive("depth_multiplier")
        self._check_positive("filters")

    def build(self, input_shape: Any) -> None:
        channels = self._channels(input_shape)
        self.compute_output_shape(input_shape)
        window = (*self.kernel_size, channels, self.depth_multiplier)
        mixing = (*(1,) * self.rank, channels * self.depth_multiplier, self.filters)
        self.depthwise_kernel = add_described(self, "depthwise", window, "depthwise_kernel")
        self.pointwise_kernel = add_described(self, "pointwise", mixing, "pointwise_kernel")
        self.bias = add_described(self, "bias", (self.filters,)) if self.use_bias else None

    def _convolved(self, inputs: Any) -> Any:
        how = (self.strides, self.padding, self.data_format, self.dilation_rate)
        form = tf_format(self.data_format, self.rank)
        return tf.nn.convolution(
            depthwise(inputs, self.depthwise_kernel, *how), self.pointwise_kernel, 1, "VALID", form
        )


class SeparableConv1D(BaseSeparableConv):
    """Separable convolution over sequences (batch, steps, channels) -> (batch, new_steps, filters)."""

    rank = 1


class SeparableConv2D(BaseSeparableConv):
    """Separable convolution over images (batch, height, width, channels) -> (batch, new_height, new_width, filters).

    Args:
        depth_multiplier: filters for each channel in the first step; ValueError unless positive. Default 1.

    Other arguments as Conv2D.

    >>> from gputape import keras
    >>> keras.layers.SeparableConv2D(4, 3, padding="same")(keras.Input((8, 8, 5))).shape
    (None, 8, 8, 4)
    """

    rank = 2


SeparableConvolution1D, SeparableConvolution2D = SeparableConv1D, SeparableConv2D
