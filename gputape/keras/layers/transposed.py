"""Transposed convolutions: the adjoints of convolutions, which make their input longer."""

from __future__ import annotations

from typing import Any

import gputape as tf

from .convolutional import BaseConv
from .weights import add_described, passed_on
from .windows import deconv_length, normalized, tf_format


class BaseConvTranspose(BaseConv):
    """What transposed convolutions share: they differ in the number of spatial axes."""

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        output_padding: Any = None,
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        given = passed_on(locals(), "output_padding")
        if output_padding is not None:
            output_padding = normalized(output_padding, self.rank, "output_padding", allow_zero=True)
        self.output_padding = output_padding
        super().__init__(**given, **kwargs)

    def _check(self) -> None:
        super()._check()
        for k, (extra, stride) in enumerate(zip(self.output_padding or (), self.strides)):
            if extra >= stride:
                raise ValueError(
                    f"`output_padding` must be strictly less than `strides` for all dimensions. At dimension {k}, "
                    f"`output_padding` is {extra} but `strides` is {stride}. Received: "
                    f"output_padding={self.output_padding}, strides={self.strides}"
                )

    def build(self, input_shape: Any) -> None:
        channels = self._channels(input_shape)
        self._kernel = add_described(self, "kernel", (*self.kernel_size, self.filters, channels))
        self.bias = add_described(self, "bias", (self.filters,)) if self.use_bias else None

    def _convolved(self, inputs: Any) -> Any:
        transposed = {1: tf.nn.conv1d_transpose, 2: tf.nn.conv2d_transpose, 3: tf.nn.conv3d_transpose}[self.rank]
        return transposed(
            inputs,
            self.kernel,
            list(self.compute_output_shape(tuple(inputs.shape))),
            list(self.strides),
            self.padding.upper(),
            tf_format(self.data_format, self.rank),
            list(self.dilation_rate),
        )

    def compute_output_shape(self, input_shape: Any) -> Any:
        last = self.data_format == "channels_last"
        spatial = input_shape[1:-1] if last else input_shape[2:]
        extra = self.output_padding or (None,) * self.rank
        sizes = tuple(
            deconv_length(n, k, s, self.padding, e, d)
            for n, k, s, e, d in zip(spatial, self.kernel_size, self.strides, extra, self.dilation_rate)
        )
        return (input_shape[0], *sizes, self.filters) if last else (input_shape[0], self.filters, *sizes)


class Conv1DTranspose(BaseConvTranspose):
    """Transposed convolution over sequences (batch, steps, channels) -> (batch, new_steps, filters)."""

    rank = 1


class Conv2DTranspose(BaseConvTranspose):
    """Transposed convolution over images (batch, height, width, channels) -> (batch, new_height, new_width, filters).

    Args:
        output_padding: how much longer the output is than the shortest that fits, below `strides` (ValueError
            otherwise); default as much as makes the output `strides` times as long as the input.

    Other arguments as Conv2D.

    >>> from gputape import keras
    >>> keras.layers.Conv2DTranspose(4, 3, strides=2, padding="same")(keras.Input((8, 8, 5))).shape
    (None, 16, 16, 4)
    """

    rank = 2


class Conv3DTranspose(BaseConvTranspose):
    """Transposed convolution over volumes (batch, d1, d2, d3, channels). Arguments as Conv2DTranspose."""

    rank = 3


Convolution1DTranspose, Convolution2DTranspose = Conv1DTranspose, Conv2DTranspose
Convolution3DTranspose = Conv3DTranspose
