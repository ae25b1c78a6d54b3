"""ConvLSTM1D, 2D and 3D: LSTM over images, with convolutions for matrix products."""

from __future__ import annotations

from typing import Any

import gputape as tf

from .cell_rnn import CellRNN, of_cell, split_arguments
from .input_spec import InputSpec
from .lstm import LSTMCell
from .weights import add_described, passed_on
from .windows import conv_output_length, normalized, standard_format, tf_format


class ConvLSTMCell(LSTMCell):
    """One step of ConvLSTM: an LSTMCell whose states are images of `filters` channels.

    x @ kernel is a convolution with the given strides, padding and dilation, h @ recurrent_kernel one that keeps the
    size of h. `rank` is the number of spatial axes. Other arguments as LSTMCell and Conv2D. ValueError for sizes that no
    convolution has, and for images of unknown size. Reference: Shi et al. 2015.
    """

    _window = ("rank", "filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate")

    def __init__(
        self,
        rank: int,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(filters, implementation=1, **passed_on(locals(), *self._window), **kwargs)
        self.rank = rank
        self.filters = filters
        self.kernel_size = normalized(kernel_size, rank, "kernel_size")
        self.strides = normalized(strides, rank, "strides")
        self.padding = padding.lower()
        if self.padding not in ("valid", "same"):
            raise ValueError(f"The `padding` argument must be 'valid' or 'same'. Received: padding={padding}")
        self.data_format = standard_format(data_format)
        self.dilation_rate = normalized(dilation_rate, rank, "dilation_rate")
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError(
                "Specifying `strides > 1` is not compatible with `dilation_rate > 1`. Received: "
                f"strides={self.strides} and dilation_rate={self.dilation_rate}"
            )
        self._gate_axis = -1 if self.data_format == "channels_last" else 1
        self.input_spec = InputSpec(ndim=rank + 2)

    def build(self, input_shape: Any) -> None:
        channels = input_shape[self._gate_axis]
        self._state_shape = self.compute_output_shape(input_shape)[0][1:]
        if channels is None or None in self._state_shape:
            raise ValueError(
                "ConvLSTM layers only support static input shapes for the spatial dimensions and the channels. Received: "
                f"input_shape={tuple(input_shape)}"
            )
        gates = 4 * self.filters
        self.kernel = add_described(self, "kernel", (*self.kernel_size, channels, gates))
        self.recurrent_kernel = add_described(
            self, "recurrent", (*self.kernel_size, self.filters, gates), "recurrent_kernel"
        )
        self.bias = add_described(self, "bias", (gates,), initializer=self._initial_bias) if self.use_bias else None

    def project(self, inputs: Any, training: bool = False) -> Any:
        if not inputs.dtype.is_floating:
            inputs = tf.cast(inputs, self.compute_dtype)
        whole = len(inputs.shape) == self.rank + 3
        shape = tuple(inputs.shape)
        drops = training and 0.0 < self.dropout < 1.0
        masks = self.get_dropout_mask(inputs[:, 0] if whole else inputs) if drops else None
        if whole:  # all steps as one batch
            if masks is not None:
                masks = [tf.repeat(m, shape[1], axis=0) for m in masks]
            inputs = tf.reshape(inputs, [-1, *shape[2:]])
        z = self._convolved(inputs, self.kernel, masks, self.strides, self.padding, self.dilation_rate)
        if self.bias is not None:
            z = z + (self.bias if self._gate_axis == -1 else tf.reshape(self.bias, [-1, *[1] * self.rank]))
        return tf.reshape(z, [*shape[:2], *z.shape[1:]]) if whole else z

    def _recurrent(self, state: Any, training: bool) -> Any:
        masks = self._recurrent_masks(state, training)
        return self._convolved(state, self.recurrent_kernel, masks, (1,) * self.rank, "same", (1,) * self.rank)

    def _convolved(self, x: Any, kernel: Any, masks: Any, strides: Any, padding: str, dilation: Any) -> Any:
        """`x` convolved with `kernel`; with masks, x * mask with each gate's part of it."""
        how = (list(strides), padding.upper(), tf_format(self.data_format, self.rank), list(dilation))
        if masks is None:
            return tf.nn.convolution(x, kernel, *how)
        parts = tf.split(tf.convert_to_tensor(kernel), 4, axis=-1)
        gates = [tf.nn.convolution(x * mask, part, *how) for mask, part in zip(masks, parts)]
        return tf.concat(gates, axis=self._gate_axis)

    def is_fused(self, training: bool) -> bool:
        return False

    def compute_output_shape(self, input_shape: Any, states_shape: Any = None) -> Any:
        last = self._gate_axis == -1
        window = (self.kernel_size, self.strides, self.dilation_rate)
        spatial = input_shape[1:-1] if last else input_shape[2:]
        sizes = [conv_output_length(n, k, self.padding, s, d) for n, k, s, d in zip(spatial, *window)]
        shape = (input_shape[0], *sizes, self.filters) if last else (input_shape[0], self.filters, *sizes)
        return shape, [shape, shape]

    def get_initial_state(self, batch_size: Any = None) -> list[Any]:
        """Two images of zeros; the layer must be built."""
        return [tf.zeros((batch_size, *self._state_shape), self.compute_dtype) for _ in range(2)]


@of_cell
class ConvLSTM(CellRNN):
    """A recurrent layer of ConvLSTMCell over (batch, steps, *spatial, channels); its arguments are those of both.

    With channels_first the inputs are (batch, steps, channels, *spatial).
    """

    rank: int
    _cell = ConvLSTMCell

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: Any = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        **kwargs: Any,
    ) -> None:
        cell, rnn = split_arguments(locals())
        super().__init__({"rank": type(self).rank, **cell}, activity_regularizer, **rnn, **kwargs)
        self.input_spec = InputSpec(ndim=self.rank + 3)

    def compute_output_shape(self, sequences_shape: Any, initial_state_shape: Any = None) -> Any:
        batch, steps = sequences_shape[:2]
        state = self.cell.compute_output_shape((batch, *sequences_shape[2:]))[0]
        shape = (batch, steps, *state[1:]) if self.return_sequences else state
        return (shape, state, state) if self.return_state else shape


class ConvLSTM1D(ConvLSTM):
    """LSTM over sequences of sequences (batch, steps, rows, channels), with convolutions over the rows."""

    rank = 1


class ConvLSTM2D(ConvLSTM):
    """LSTM over films (batch, steps, height, width, channels), with convolutions over height and width.

    >>> import gputape as tf
    >>> from gputape import keras
    >>> keras.layers.ConvLSTM2D(4, 3, padding="same")(tf.zeros([2, 5, 8, 6, 3])).shape
    TensorShape([2, 8, 6, 4])
    """

    rank = 2


class ConvLSTM3D(ConvLSTM):
    """LSTM over volumes (batch, steps, d1, d2, d3, channels), with convolutions over the three axes."""

    rank = 3
