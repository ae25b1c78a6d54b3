"""What the cells of LSTM, GRU and SimpleRNN share: their arguments and weights, and dropout that stays for all steps."""

from __future__ import annotations

from typing import Any

import gputape as tf

from .. import activations, tree
from .. import random as keras_random
from .layer import Layer
from .weights import add_described, describe


class DropoutRNNCell:
    """For cells with `dropout`, `recurrent_dropout` and `seed_generator`: masks that stay the same for all time steps.

    With an attribute `dropout_mask_count` a mask is a list of that many, one for each gate.
    """

    dropout: float
    recurrent_dropout: float
    seed_generator: Any

    def _mask(self, key: str, like: Any, rate: float) -> Any:
        if self.__dict__.get(key) is None and rate > 0:
            count = getattr(self, "dropout_mask_count", None)
            ones = tf.ones_like(like)
            made = [keras_random.dropout(ones, rate, seed=self.seed_generator) for _ in range(count or 1)]
            self.__dict__[key] = made if count else made[0]
        return self.__dict__.get(key)

    def get_dropout_mask(self, step_input: Any) -> Any:
        return self._mask("_dropout_mask", step_input, self.dropout)

    def get_recurrent_dropout_mask(self, step_input: Any) -> Any:
        return self._mask("_recurrent_dropout_mask", step_input, self.recurrent_dropout)

    def reset_dropout_mask(self) -> None:
        """Forget the mask: the next one asked for is new. RNN does that before and after every call."""
        self.__dict__["_dropout_mask"] = None

    def reset_recurrent_dropout_mask(self) -> None:
        self.__dict__["_recurrent_dropout_mask"] = None


class RecurrentCell(DropoutRNNCell, Layer):
    """The base of LSTMCell, GRUCell and SimpleRNNCell: `_gates` matrices side by side in each of two kernels.

    A step is split in two, so that a layer can do the first part for all time steps in one matrix product:
    `project(inputs)` and `step(projected, states)`.
    """

    _gates = 1
    _config_omits = ("implementation",)

    def __init__(
        self,
        units: int,
        activation: Any,
        use_bias: bool,
        kernel_initializer: Any,
        recurrent_initializer: Any,
        bias_initializer: Any,
        kernel_regularizer: Any,
        recurrent_regularizer: Any,
        bias_regularizer: Any,
        kernel_constraint: Any,
        recurrent_constraint: Any,
        bias_constraint: Any,
        dropout: float,
        recurrent_dropout: float,
        seed: Any,
        recurrent_activation: Any = None,
        implementation: int = 2,
        **kwargs: Any,
    ) -> None:
        if units <= 0:
            raise ValueError(
                f"Received an invalid value for argument `units`, expected a positive integer, got {units}."
            )
        super().__init__(**kwargs)
        self.units = units
        self.activation = activations.get(activation)
        self.recurrent_activation = activations.get(recurrent_activation)
        self.use_bias = use_bias
        describe(self, locals(), "kernel", "recurrent", "bias")
        self.dropout = min(1.0, max(0.0, dropout))
        self.recurrent_dropout = min(1.0, max(0.0, recurrent_dropout))
        self.seed = seed
        self.seed_generator = keras_random.SeedGenerator(seed)
        self.implementation = 1 if self.recurrent_dropout else implementation
        if self.implementation == 1 and self._gates > 1:
            self.dropout_mask_count = self._gates
        self.state_size: Any = units
        self.output_size = units

    def build(self, input_shape: Any) -> None:
        columns = self._gates * self.units
        self.kernel = add_described(self, "kernel", (input_shape[-1], columns))
        self.recurrent_kernel = add_described(self, "recurrent", (self.units, columns), "recurrent_kernel")
        self.bias = None
        if self.use_bias:
            self.bias = add_described(self, "bias", self._bias_shape(), initializer=self._initial_bias)

    def _bias_shape(self) -> tuple[int, ...]:
        return (self._gates * self.units,)

    def _initial_bias(self, shape: Any, dtype: Any = None) -> Any:
        return self.bias_initializer(shape, dtype=dtype)

    def _input_bias(self) -> Any:
        return self.bias

    def project(self, inputs: Any, training: bool = False) -> Any:
        """inputs @ kernel + bias, for inputs (batch, features) of one step or (batch, steps, features) of all."""
        masks = None
        if not inputs.dtype.is_floating:
            inputs = tf.cast(inputs, self.compute_dtype)
        if training and 0.0 < self.dropout < 1.0:
            one = inputs if len(inputs.shape) == 2 else inputs[:, 0]
            masks = self.get_dropout_mask(one)
            if one is not inputs:
                masks = tree.map_structure(lambda m: tf.expand_dims(m, 1), masks)
        z = product(inputs, self.kernel, masks)
        bias = self._input_bias() if self.use_bias else None
        return z if bias is None else z + bias

    def _recurrent(self, state: Any, training: bool) -> Any:
        return product(state, self.recurrent_kernel, self._recurrent_masks(state, training))

    def _recurrent_masks(self, state: Any, training: bool) -> Any:
        drops = training and 0.0 < self.recurrent_dropout < 1.0
        return self.get_recurrent_dropout_mask(state) if drops else None

    def step(self, projected: Any, states: Any, training: bool = False) -> Any:
        """(output, new states) from `project`'s result and the states."""
        raise NotImplementedError

    def is_fused(self, training: bool) -> bool:
        """Whether `run` does what `step` does step by step: activations as in the paper, no mask for single gates."""
        usual = self.activation is activations.tanh and self.recurrent_activation is activations.sigmoid
        return usual and not (training and (self.recurrent_dropout or (self.dropout and self.implementation == 1)))

    def run(self, inputs: Any, states: Any, mask: Any) -> tuple[Any, list[Any]]:
        """(h of all steps, new states) from inputs (steps, batch, features), the states and a mask (steps, batch)."""
        raise NotImplementedError

    def call(self, inputs: Any, states: Any, training: bool = False) -> Any:
        return self.step(self.project(inputs, training), states, training)

    def get_initial_state(self, batch_size: Any = None) -> list[Any]:
        """Zeros of shape (batch_size, units) for each state."""
        return [tf.zeros((batch_size, n), self.compute_dtype) for n in tree.flatten(self.state_size)]


def product(x: Any, kernel: Any, masks: Any) -> Any:
    """x @ kernel; with a mask (x * mask) @ kernel; with a list of masks, each for its columns of the kernel."""
    if isinstance(masks, list):
        parts = tf.split(kernel, len(masks), axis=1)
        return tf.concat([product(x, part, mask) for part, mask in zip(parts, masks)], axis=-1)
    if masks is not None:
        x = x * masks
    if len(x.shape) == 2:
        return tf.matmul(x, kernel)
    *outer, size = x.shape
    return tf.reshape(tf.matmul(tf.reshape(x, [-1, size]), kernel), [*outer, kernel.shape[-1]])
