"""GRU: a recurrent layer with two gates."""

from __future__ import annotations

from typing import Any

import gputape as tf

from .. import tree
from .cell_rnn import CellRNN, of_cell, split_arguments
from .recurrent_cell import RecurrentCell, product
from .weights import passed_on


class GRUCell(RecurrentCell):
    """One step of GRU. State: the output h.

    With xz, xr, xh = x @ kernel + bias and rz, rr, rh = h @ recurrent_kernel + recurrent bias,

        z = sigmoid(xz + rz)    r = sigmoid(xr + rr)    h = z * h + (1 - z) * tanh(xh + r * rh)

    Without `reset_after` there is one bias, and the last term is tanh(xh + (r * h) @ recurrent_kernel's last part).

    Args:
        units: the size of the output and of each state; ValueError unless positive.
        activation: default "tanh".
        recurrent_activation: of the gates, default "sigmoid".
        use_bias: default True.
        kernel_initializer: default "glorot_uniform"; recurrent_initializer: default "orthogonal".
        reset_after: whether the reset gate is applied after the matrix product. Default True.
        dropout, recurrent_dropout: rates for the inputs and the state, in training; the same elements in all steps.
        seed: for dropout.

    Reference: Cho et al. 2014.
    """

    _gates = 3

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
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
        reset_after: bool = True,
        seed: Any = None,
        implementation: int = 2,
        **kwargs: Any,
    ) -> None:
        super().__init__(**passed_on(locals(), "reset_after"), **kwargs)
        self.reset_after = reset_after

    def _bias_shape(self) -> tuple[int, ...]:
        return (2, 3 * self.units) if self.reset_after else (3 * self.units,)

    def _input_bias(self) -> Any:
        bias: Any = self.bias
        return bias[0] if self.reset_after else bias

    def step(self, projected: Any, states: Any, training: bool = False) -> Any:
        (h,) = states if tree.is_nested(states) else (states,)
        gates = 2 * self.units
        x, xh = tf.split(projected, [gates, self.units], axis=1)
        if self.reset_after:
            recurrent = self._recurrent(h, training)
            if self.bias is not None:
                recurrent = recurrent + self.bias[1]
            rzr, rh = tf.split(recurrent, [gates, self.units], axis=1)
            z, r = tf.split(self.recurrent_activation(x + rzr), 2, axis=1)
            rh = r * rh
        else:
            masks = self._recurrent_masks(h, training)
            first, last = tf.split(tf.convert_to_tensor(self.recurrent_kernel), [gates, self.units], axis=1)
            z, r = tf.split(self.recurrent_activation(x + product(h, first, masks and masks[:2])), 2, axis=1)
            rh = product(r * h, last, masks and masks[2])
        h = z * h + (1.0 - z) * self.activation(xh + rh)
        return h, [h]

    def is_fused(self, training: bool) -> bool:
        return self.reset_after and super().is_fused(training)

    def run(self, inputs: Any, states: Any, mask: Any) -> tuple[Any, list[Any]]:
        biases = (None, None) if self.bias is None else tf.unstack(self.bias)
        outputs = tf.nn.gru(inputs, self.kernel, self.recurrent_kernel, *biases, *states, mask)
        return outputs, [outputs[-1]]


@of_cell
class GRU(CellRNN):
    """A recurrent layer of GRUCell over (batch, steps, features). Its arguments are those of GRUCell and of RNN.

    >>> import gputape as tf
    >>> from gputape import keras
    >>> keras.layers.GRU(4)(tf.zeros([2, 5, 3])).shape
    TensorShape([2, 4])
    """

    _cell = GRUCell

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
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
        seed: Any = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        reset_after: bool = True,
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
