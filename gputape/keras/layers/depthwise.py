"""Depthwise convolutions: each input channel is convolved on its own, with `depth_multiplier` filters."""

from __future__ import annotations

from typing import Any

import gputape as tf

from .convolutional import BaseConv
from .weights import add_described, describe, passed_on
from .windows import tf_format


def depthwise(x: Any, kernel: Any, strides: Any, padding: str, data_format: str, dilation_rate: Any) -> Any:
    """`x` convolved channel by channel with a kernel (*window, channels, multiplier)."""
    *window, channels, multiplier = kernel.shape
    filters = tf.reshape(kernel, [*window, 1, channels * multiplier])
    form = tf_format(data_format, len(window))
    return tf.nn.convolution(x, filters, list(strides), padding.upper(), form, list(dilation_rate))


class BaseDepthwiseConv(BaseConv):
    """What depthwise convolutions share: they differ in the number of spatial axes."""

    def __init__(
        self,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        self.depth_multiplier = depth_multiplier
        super().__init__(filters=None, **passed_on(locals(), "depth"), **kwargs)
        describe(self, locals(), "depthwise")

    def _check(self) -> None:
        self._check_padding()
        self._check_positive("depth_multiplier")

    def build(self, input_shape: Any) -> None:
        channels = self._channels(input_shape)
        self.compute_output_shape(input_shape)
        self._kernel = add_described(self, "depthwise", (*self.kernel_size, channels, self.depth_multiplier), "kernel")
        self.bias = add_described(self, "bias", (channels * self.depth_multiplier,)) if self.use_bias else None

    def _convolved(self, inputs: Any) -> Any:
        return depthwise(inputs, self.kernel, self.strides, self.padding, self.data_format, self.dilation_rate)

    def _output_channels(self, input_shape: Any) -> Any:
        return self.depth_multiplier * input_shape[self._channel_axis]


class DepthwiseConv1D(BaseDepthwiseConv):
    """Depthwise convolution over sequences (batch, steps, channels) -> (batch, new_steps, channels * depth_multiplier)."""

    rank = 1


class DepthwiseConv2D(BaseDepthwiseConv):
    """Depthwise convolution over images (batch, height, width, channels) -> (..., channels * depth_multiplier).

    Args:
        depth_multiplier: filters for each channel; ValueError unless positive. Default 1.

    Other arguments as Conv2D.

    >>> from gputape import keras
    >>> keras.layers.DepthwiseConv2D(3, depth_multiplier=2)(keras.Input((8, 8, 5))).shape
    (None, 6, 6, 10)
    """

    rank = 2
