"""SimpleRNN: a recurrent layer without gates."""

from __future__ import annotations

from typing import Any

from .. import tree
from .cell_rnn import CellRNN, of_cell, split_arguments
from .recurrent_cell import RecurrentCell
from .weights import passed_on


class SimpleRNNCell(RecurrentCell):
    """One step of SimpleRNN: h = tanh(x @ kernel + bias + h @ recurrent_kernel). State: the output h.

    Args:
        units: the size of the output and of each state; ValueError unless positive.
        activation: default "tanh".
        use_bias: default True.
        kernel_initializer: default "glorot_uniform"; recurrent_initializer: default "orthogonal".
        dropout, recurrent_dropout: rates for the inputs and the state, in training; the same elements in all steps.
        seed: for dropout.
    """

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
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
        super().__init__(**passed_on(locals()), **kwargs)

    def step(self, projected: Any, states: Any, training: bool = False) -> Any:
        (h,) = states if tree.is_nested(states) else (states,)
        h = self.activation(projected + self._recurrent(h, training))
        return h, [h] if tree.is_nested(states) else h


@of_cell
class SimpleRNN(CellRNN):
    """A recurrent layer of SimpleRNNCell over (batch, steps, features). Its arguments are those of the cell and of RNN.

    >>> import gputape as tf
    >>> from gputape import keras
    >>> keras.layers.SimpleRNN(4)(tf.zeros([2, 5, 3])).shape
    TensorShape([2, 4])
    """

    _cell = SimpleRNNCell
    _config_omits = ("seed",)  # as Keras

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        seed: Any = None,
        **kwargs: Any,
    ) -> None:
        cell, rnn = split_arguments(locals())
        super().__init__(cell, activity_regularizer, **rnn, **kwargs)
