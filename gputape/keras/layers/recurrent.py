"""RNN: a cell applied to one time step after another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gputape as tf

from .. import tree
from ..scopes import name_scope
from ..serialization import deserialize_keras_object
from ..tracking import no_automatic_dependency_tracking
from ..variable import Variable
from .layer import Layer
from .recurrent_cell import DropoutRNNCell
from .stacked_rnn_cells import StackedRNNCells, initial_state, takes_training


class RNN(Layer):
    """A recurrent layer: `cell` applied to the time steps of (batch, steps, ...), handing its states on.

    Args:
        cell: an object with `call(inputs, states) -> (output, new_states)` and `state_size`, or a list of them (stacked);
            ValueError otherwise.
        return_sequences: whether the outputs of all steps are returned, (batch, steps, ...), or the last. Default False.
        return_state: whether the final states follow the output. Default False.
        go_backwards: take the steps in reverse order (the outputs come in that order too). Default False.
        stateful: start each batch with the final states of the previous one; needs a fixed batch size. Default False.
        unroll: accepted; steps are always unrolled when a function is recorded.
        zero_output_for_mask: whether masked steps give zeros instead of the previous output. Default False.

    Call arguments: `initial_state` (default zeros), `mask` (batch, steps): where False, states and output stay.

    >>> import gputape as tf
    >>> from gputape import keras
    >>> keras.layers.RNN([keras.layers.LSTMCell(3), keras.layers.GRUCell(4)])(tf.zeros([2, 5, 8])).shape
    TensorShape([2, 4])
    """

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        **kwargs: Any,
    ) -> None:
        if isinstance(cell, (list, tuple)):
            cell = StackedRNNCells(cell)
        if "call" not in dir(cell):
            raise ValueError(f"Argument `cell` should have a `call` method. Received: cell={cell}")
        if "state_size" not in dir(cell):
            raise ValueError(
                "The RNN cell should have a `state_size` attribute (single integer or list of integers, one integer per "
                f"RNN state). Received: cell={cell}"
            )
        super().__init__(**kwargs)
        self.zero_output_for_mask = zero_output_for_mask
        self.cell = cell
        self.return_sequences = return_sequences
        self.return_state = return_state
        self.go_backwards = go_backwards
        self.stateful = stateful
        self.unroll = unroll
        self.supports_masking = True
        self.states: Any = None
        size = cell.state_size
        if size is None:
            raise ValueError("state_size must be specified as property on the RNN cell.")
        if not isinstance(size, (list, tuple, int)):
            raise ValueError("state_size must be an integer, or a list/tuple of integers (one for each state tensor).")
        self.single_state = isinstance(size, int)
        self.state_size = [size] if isinstance(size, int) else list(size)

    def compute_output_shape(self, sequences_shape: Any, initial_state_shape: Any = None) -> Any:
        batch, steps = sequences_shape[:2]
        size = getattr(self.cell, "output_size", None)
        size = self.state_size[0] if size is None else size
        if not isinstance(size, int):
            raise ValueError("output_size must be an integer.")
        shape = (batch, steps, size) if self.return_sequences else (batch, size)
        if not self.return_state:
            return shape
        return shape, *tree.map_structure(lambda n: (batch, n), self.state_size)

    def compute_mask(self, _: Any, mask: Any) -> Any:
        mask = tree.flatten(mask)[0]
        output_mask = mask if self.return_sequences else None
        return [output_mask, *(None for _ in self.state_size)] if self.return_state else output_mask

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        if isinstance(self.cell, Layer) and not self.cell.built:
            self.cell.build((sequences_shape[0], *sequences_shape[2:]))
            self.cell.built = True
        if not self.stateful:
            return
        if self.states is not None:
            self.reset_state()
        elif sequences_shape[0] is None:
            raise ValueError(
                "When using `stateful=True` in a RNN, the batch size must be static. Found dynamic batch size: "
                f"sequence.shape={sequences_shape}"
            )
        else:
            self._create_states(sequences_shape[0])

    @no_automatic_dependency_tracking
    def _create_states(self, batch_size: int) -> None:
        def state(value: Any) -> Variable:
            return Variable(value, trainable=False, dtype=self.variable_dtype, name="rnn_state")

        with name_scope(self.name, caller=self):
            self.states = tree.map_structure(state, self.get_initial_state(batch_size))

    def get_initial_state(self, batch_size: Any) -> list[Any]:
        """The states to start with, zeros unless the cell says otherwise; always a list."""
        state = initial_state(self.cell, batch_size, getattr(self.cell, "compute_dtype", self.compute_dtype))
        return list(state) if tree.is_nested(state) else [state]

    def reset_state(self) -> None:
        """Set the states of a stateful layer to zero."""
        for v in tree.flatten(self.states or []):
            v.assign(tf.zeros_like(v))

    def reset_states(self) -> None:
        """Another name of `reset_state`."""
        self.reset_state()

    def call(self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool = False) -> Any:
        if initial_state is None:
            initial_state = self.states if self.stateful else self.get_initial_state(sequences.shape[0])
        if self.stateful:
            expected = tree.flatten(self.states)[0].shape[0]
            if sequences.shape[0] != expected:
                raise ValueError(
                    "If an RNN is stateful, the batch size of the input sequences must be the same as the batch size of "
                    f"the initial state. \n- Expected batch size: {expected}\n"
                    f"- Received batch size: {sequences.shape[0]}"
                )
        dtype = getattr(self.cell, "compute_dtype", self.compute_dtype)
        given = list(initial_state) if tree.is_nested(initial_state) else [initial_state]
        states = tree.map_structure(lambda s: tf.cast(tf.convert_to_tensor(s), dtype), given)
        _forget_masks(self.cell)
        last, outputs, states = self.inner_loop(
            sequences, states, None if mask is None else tree.flatten(mask)[0], training
        )
        _forget_masks(self.cell)
        output = tf.cast(outputs if self.return_sequences else last, self.compute_dtype)
        states = tree.map_structure(lambda s: tf.cast(s, self.compute_dtype), states)
        if self.stateful:
            for variable, state in zip(tree.flatten(self.states), tree.flatten(states)):
                variable.assign(state)
        return (output, *states) if self.return_state else output

    def inner_loop(self, sequences: Any, initial_state: Any, mask: Any, training: bool = False) -> Any:
        """(last output, all outputs or None, final states)."""
        kwargs = {"training": training} if takes_training(self.cell) else {}

        def step(inputs: Any, states: Any) -> Any:
            output, new_states = self.cell(inputs, states, **kwargs)
            return output, new_states if tree.is_nested(new_states) else [new_states]

        return self._loop(step, sequences, initial_state, mask)

    def _loop(self, step: Callable[[Any, Any], Any], sequences: Any, states: Any, mask: Any) -> Any:
        inputs = tf.unstack(sequences, axis=1)
        if not inputs:
            raise ValueError(f"An RNN needs at least one time step. Received: sequences.shape={tuple(sequences.shape)}")
        kept = None if mask is None else tf.unstack(tf.cast(mask, "bool"), axis=1)
        order = range(len(inputs))
        outputs: list[Any] = []
        output: Any = None
        for t in reversed(order) if self.go_backwards else order:
            new, new_states = step(inputs[t], states)
            if kept is not None:
                other = tf.zeros_like(new) if output is None or self.zero_output_for_mask else output
                new = _where(kept[t], new, other)
                pairs = zip(tree.flatten(new_states), tree.flatten(states))
                new_states = tree.pack_sequence_as(states, [_where(kept[t], a, b) for a, b in pairs])
            output, states = new, new_states
            if self.return_sequences:
                outputs.append(output)
        return output, tf.stack(outputs, axis=1) if outputs else None, list(states)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        config = dict(config)
        return cls(deserialize_keras_object(config.pop("cell"), custom_objects=custom_objects), **config)


def _where(mask: Any, a: Any, b: Any) -> Any:
    return tf.where(tf.reshape(mask, [mask.shape[0]] + [1] * (len(a.shape) - 1)), a, b)


def _forget_masks(cell: Any) -> None:
    if isinstance(cell, DropoutRNNCell):
        cell.reset_dropout_mask()
        cell.reset_recurrent_dropout_mask()
    for inner in getattr(cell, "cells", ()):
        _forget_masks(inner)
