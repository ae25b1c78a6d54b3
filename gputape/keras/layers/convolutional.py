"""Convolutions of one, two or three spatial axes, and what all kinds of them share."""

from __future__ import annotations

from typing import Any

import gputape as tf

from .. import activations, regularizers
from .input_spec import InputSpec
from .layer import Layer
from .lora import LowRankAdapted
from .weights import add_described, describe, passed_on
from .windows import conv_output_length, normalized, standard_format, tf_format


class BaseConv(Layer):
    """What all convolutions share: their arguments, the check of channels, the bias and the activation."""

    rank: int  # the number of spatial axes
    _paddings: tuple[str, ...] = ("valid", "same")
    filters: Any

    def __init__(
        self,
        filters: int | None,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        groups: int = 1,
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
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        rank = self.rank
        self.filters, self.groups = filters, groups
        self.kernel_size = normalized(kernel_size, rank, "kernel_size")
        self.strides = normalized(strides, rank, "strides")
        self.dilation_rate = normalized(dilation_rate, rank, "dilation_rate")
        self.padding = padding.lower()
        self.data_format = standard_format(data_format)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        describe(self, locals(), "kernel", "bias")
        self.input_spec = InputSpec(min_ndim=rank + 2)
        self._check()

    def _check_padding(self) -> None:
        if self.padding not in self._paddings:
            allowed = ", ".join(repr(p) for p in self._paddings)
            raise ValueError(f"The `padding` argument must be one of {allowed}. Received: padding={self.padding}")

    def _check_positive(self, name: str) -> None:
        value = getattr(self, name)
        if value is not None and value <= 0:
            raise ValueError(
                f"Invalid value for argument `{name}`. Expected a strictly positive value. Received {name}={value}."
            )

    def _check(self) -> None:
        self._check_padding()
        self._check_positive("filters")
        if self.groups <= 0:
            raise ValueError(f"The number of groups must be a positive integer. Received: groups={self.groups}.")
        if self.filters is not None and self.filters % self.groups:
            raise ValueError(
                "The number of filters must be evenly divisible by the number of groups. Received: "
                f"groups={self.groups}, filters={self.filters}."
            )
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError(
                "`strides > 1` not supported in conjunction with `dilation_rate > 1`. Received: "
                f"strides={self.strides} and dilation_rate={self.dilation_rate}"
            )

    @property
    def _channel_axis(self) -> int:
        return -1 if self.data_format == "channels_last" else 1

    def _channels(self, input_shape: Any) -> int:
        channels = input_shape[self._channel_axis]
        if channels is None:
            raise ValueError(
                f"The channel dimension of the inputs of layer '{self.name}' should be defined. Found None. "
                f"Full input shape received: {tuple(input_shape)}"
            )
        self.input_spec = InputSpec(min_ndim=self.rank + 2, axes={self._channel_axis: channels})
        return int(channels)

    @property
    def kernel(self) -> Any:
        return self._kernel

    def _convolved(self, inputs: Any) -> Any:
        return tf.nn.convolution(
            inputs,
            self.kernel,
            strides=list(self.strides),
            padding=self.padding.upper(),
            data_format=tf_format(self.data_format, self.rank),
            dilations=list(self.dilation_rate),
        )

    def call(self, inputs: Any) -> Any:
        y = self._convolved(inputs)
        if self.bias is not None:
            y = y + self._broadcast(self.bias)
        return y if self.activation is None else self.activation(y)

    def _broadcast(self, bias: Any) -> Any:
        if self.data_format == "channels_last":
            return bias
        return tf.reshape(bias, (1, -1, *(1,) * self.rank))

    def compute_output_shape(self, input_shape: Any) -> Any:
        last = self.data_format == "channels_last"
        spatial = input_shape[1:-1] if last else input_shape[2:]
        sizes = tuple(
            conv_output_length(n, k, self.padding, s, d)
            for n, k, s, d in zip(spatial, self.kernel_size, self.strides, self.dilation_rate)
        )
        if any(n is not None and n <= 0 for n in sizes):
            raise ValueError(
                f"Computed output size would be zero or negative. Received `inputs shape={tuple(input_shape)}`, "
                f"`kernel shape={(*self.kernel_size, input_shape[self._channel_axis], self.filters)}`, "
                f"`dilation_rate={self.dilation_rate}`."
            )
        channels = self._output_channels(input_shape)
        return (input_shape[0], *sizes, channels) if last else (input_shape[0], channels, *sizes)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "activity_regularizer": regularizers.serialize(self.activity_regularizer)}

    def _output_channels(self, input_shape: Any) -> Any:
        return self.filters


class Convolution(LowRankAdapted, BaseConv):
    """A plain convolution of `rank` spatial axes, whose kernel may be adapted (see `enable_lora`).

    Args:
        filters: the number of output channels.
        kernel_size, strides, dilation_rate: an int or one for each axis; the last two cannot both be above 1.
        padding: "valid" (default) or "same".
        data_format: "channels_last" (default, or what `keras.config` says) or "channels_first".
        groups: input channels are split into groups that are convolved apart; divides both channel counts.

    ValueError for other values.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        groups: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**passed_on(locals(), "lora_"), **kwargs)
        self.lora_rank = lora_rank
        self.lora_alpha = lora_alpha if lora_alpha is not None else lora_rank

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        adapted = {k: config.pop(k) for k in ("lora_rank", "lora_alpha")}
        return {**config, **adapted} if self.lora_rank else config

    def build(self, input_shape: Any) -> None:
        channels = self._channels(input_shape)
        if channels % self.groups:
            raise ValueError(
                "The number of input channels must be evenly divisible by the number of groups. Received groups="
                f"{self.groups}, but the input has {channels} channels (full input shape is {tuple(input_shape)})."
            )
        self._kernel = add_described(self, "kernel", (*self.kernel_size, channels // self.groups, self.filters))
        self.bias = add_described(self, "bias", (self.filters,)) if self.use_bias else None
        self.compute_output_shape(input_shape)
        self.built = True
        if self.lora_rank:
            self.enable_lora(self.lora_rank, self.lora_alpha)

    @property
    def kernel(self) -> Any:
        return self._adapted()


class Conv1D(Convolution):
    """Convolution over sequences (batch, steps, channels) -> (batch, new_steps, filters).

    padding: "valid" (default), "same" or "causal" (no output sees later steps). Other arguments as Conv2D.
    """

    rank = 1
    _paddings = ("valid", "same", "causal")

    def _convolved(self, inputs: Any) -> Any:
        if self.padding != "causal":
            return super()._convolved(inputs)
        left = self.dilation_rate[0] * (self.kernel_size[0] - 1)
        steps = [[left, 0], [0, 0]] if self.data_format == "channels_last" else [[0, 0], [left, 0]]
        form = tf_format(self.data_format, 1)
        padded = tf.pad(inputs, [[0, 0], *steps])
        return tf.nn.convolution(padded, self.kernel, list(self.strides), "VALID", form, list(self.dilation_rate))


class Conv2D(Convolution):
    """Convolution over images (batch, height, width, channels) -> (batch, new_height, new_width, filters).

    Args:
        filters: the number of output channels.
        kernel_size, strides, dilation_rate: an int or two; strides and dilation_rate cannot both be above 1.
        padding: "valid" (default) or "same".
        data_format: "channels_last" (default, or what `keras.config` says) or "channels_first".
        groups: input channels are split into groups that are convolved apart; divides both channel counts.

    ValueError for other values.

    >>> from gputape import keras
    >>> keras.layers.Conv2D(4, 3, activation="relu")(keras.Input((28, 28, 1))).shape
    (None, 26, 26, 4)
    """

    rank = 2


class Conv3D(Convolution):
    """Convolution over volumes (batch, d1, d2, d3, channels). Arguments as Conv2D."""

    rank = 3


Convolution1D, Convolution2D, Convolution3D = Conv1D, Conv2D, Conv3D
