"""LSTM: a recurrent layer with a carry and three gates."""

from __future__ import annotations

from typing import Any

import gputape as tf

from .. import initializers
from .cell_rnn import CellRNN, of_cell, split_arguments
from .recurrent_cell import RecurrentCell
from .weights import passed_on


class LSTMCell(RecurrentCell):
    """One step of LSTM. States: the output h and the carry c.

    i, f, g, o are x @ kernel + h @ recurrent_kernel + bias, in this order; then

        c = sigmoid(f) * c + sigmoid(i) * tanh(g)        h = sigmoid(o) * tanh(c)

    Args:
        units: the size of the output and of each state; ValueError unless positive.
        activation: default "tanh".
        recurrent_activation: of the gates, default "sigmoid".
        use_bias: default True.
        kernel_initializer: default "glorot_uniform"; recurrent_initializer: default "orthogonal".
        unit_forget_bias: whether the bias of f starts at 1. Default True.
        dropout, recurrent_dropout: rates for the inputs and the state, in training; the same elements in all steps.
        seed: for dropout.

    Reference: Hochreiter and Schmidhuber 1997.
    """

    _gates = 4
    _gate_axis = -1

    def __init__(
        self,
        units: int,
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
        implementation: int = 2,
        **kwargs: Any,
    ) -> None:
        super().__init__(**passed_on(locals(), "unit_forget_bias"), **kwargs)
        self.unit_forget_bias = unit_forget_bias
        self.state_size = [units, units]

    def _initial_bias(self, shape: Any, dtype: Any = None) -> Any:
        if not self.unit_forget_bias:
            return self.bias_initializer(shape, dtype=dtype)
        ones = initializers.get("ones")((self.units,), dtype=dtype)
        first, last = (self.bias_initializer((n * self.units,), dtype=dtype) for n in (1, 2))
        return tf.concat([first, ones, last], axis=0)

    def step(self, projected: Any, states: Any, training: bool = False) -> Any:
        h, c = states
        z = projected + self._recurrent(h, training)
        i, f, g, o = tf.split(z, 4, axis=self._gate_axis)
        c = self.recurrent_activation(f) * c + self.recurrent_activation(i) * self.activation(g)
        h = self.recurrent_activation(o) * self.activation(c)
        return h, [h, c]

    def run(self, inputs: Any, states: Any, mask: Any) -> tuple[Any, list[Any]]:
        outputs, c = tf.nn.lstm(inputs, self.kernel, self.recurrent_kernel, self.bias, *states, mask)
        return outputs, [outputs[-1], c]


@of_cell
class LSTM(CellRNN):
    """A recurrent layer of LSTMCell over (batch, steps, features). Its arguments are those of LSTMCell and of RNN.

    >>> import gputape as tf
    >>> from gputape import keras
    >>> output, h, c = keras.layers.LSTM(4, return_sequences=True, return_state=True)(tf.zeros([2, 5, 3]))
    >>> output.shape, h.shape, c.shape
    (TensorShape([2, 5, 4]), TensorShape([2, 4]), TensorShape([2, 4]))
    """

    _cell = LSTMCell

    def __init__(
        self,
        units: int,
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
        use_cudnn: Any = "auto",
        implementation: int = 2,
        **kwargs: Any,
    ) -> None:
        cell, rnn = split_arguments(locals())
        if use_cudnn not in ("auto", True, False):
            raise ValueError(
                "Invalid valid received for argument `use_cudnn`. Expected one of {'auto', True, False}. "
                f"Received: use_cudnn={use_cudnn}"
            )
        super().__init__(cell, activity_regularizer, **rnn, **kwargs)
        self.use_cudnn = use_cudnn
