"""RNN: a cell applied to one time step after another; StackedRNNCells; and what the cells of this library share."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import gputape as tf

from .. import activations, constraints, initializers, regularizers, tree
from .. import random as keras_random
from ..scopes import name_scope, to_snake_case
from ..serialization import deserialize_keras_object, serialize_keras_object
from ..tracking import no_automatic_dependency_tracking
from ..variable import Variable
from .config import argument_names
from .input_spec import InputSpec
from .layer import Layer


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
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.recurrent_initializer = initializers.get(recurrent_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.recurrent_regularizer = regularizers.get(recurrent_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.recurrent_constraint = constraints.get(recurrent_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
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
        self.kernel = self._weight("kernel", (input_shape[-1], self._gates * self.units), self.kernel_initializer)
        shape = (self.units, self._gates * self.units)
        self.recurrent_kernel = self._weight("recurrent", shape, self.recurrent_initializer, "recurrent_kernel")
        self.bias = None
        if self.use_bias:
            self.bias = self._weight("bias", self._bias_shape(), self._initial_bias)

    def _weight(self, kind: str, shape: Any, initializer: Any, name: str | None = None) -> Any:
        return self.add_weight(
            name=name or kind,
            shape=shape,
            initializer=initializer,
            regularizer=getattr(self, f"{kind}_regularizer"),
            constraint=getattr(self, f"{kind}_constraint"),
        )

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


class StackedRNNCells(Layer):
    """Cells as one: the output of each is the input of the next; the states are the list of theirs.

    ValueError for cells without `call` or `state_size`.
    """

    def __init__(self, cells: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for cell in cells:
            for kind, name in (("method", "call"), ("attribute", "state_size")):
                if name not in dir(cell):
                    method = " `call` method" if kind == "method" else " `state_size`"
                    raise ValueError(f"All cells must have a `{name}` {kind}. Received cell without a{method}: {cell}")
        self.cells = cells

    @property
    def state_size(self) -> list[Any]:
        return [c.state_size for c in self.cells]

    @property
    def output_size(self) -> Any:
        return _output_size(self.cells[-1])

    def get_initial_state(self, batch_size: Any = None) -> list[Any]:
        return [_initial_state(c, batch_size, self.compute_dtype) for c in self.cells]

    def build(self, input_shape: Any) -> None:
        for cell in self.cells:
            if isinstance(cell, Layer) and not cell.built:
                cell.build(input_shape)
                cell.built = True
            input_shape = (tree.flatten(input_shape)[0], _output_size(cell))

    def call(self, inputs: Any, states: Any, training: bool = False, **kwargs: Any) -> Any:
        new_states = []
        for cell, state in zip(self.cells, states):
            nested = tree.is_nested(state)
            told = {**kwargs, "training": training} if _takes_training(cell) else kwargs
            run = cell if callable(cell) else cell.call
            inputs, new = run(inputs, list(state) if nested else [state], **told)
            new_states.append(new if nested or len(new) != 1 else new[0])
        return inputs, new_states if len(new_states) > 1 else new_states[0]

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        config = dict(config)
        cells = [deserialize_keras_object(c, custom_objects=custom_objects) for c in config.pop("cells")]
        return cls(cells, **config)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "cells": [serialize_keras_object(c) for c in self.cells]}


def _takes_training(cell: Any) -> bool:
    return isinstance(cell, Layer) and cell._call_has_training_arg


def _output_size(cell: Any) -> Any:
    size = getattr(cell, "output_size", None)
    return tree.flatten(cell.state_size)[0] if size is None else size


def _initial_state(cell: Any, batch_size: Any, dtype: Any) -> Any:
    if getattr(cell, "get_initial_state", None):
        return cell.get_initial_state(batch_size=batch_size)
    return tree.map_structure(lambda n: tf.zeros((batch_size, n), dtype), cell.state_size)


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
        state = _initial_state(self.cell, batch_size, getattr(self.cell, "compute_dtype", self.compute_dtype))
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
        kwargs = {"training": training} if _takes_training(self.cell) else {}

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


class CellRNN(RNN):
    """The base of LSTM, GRU and SimpleRNN: makes its cell, and projects all time steps in one matrix product."""

    _cell: Any = None
    _config_omits: tuple[str, ...] = ("use_cudnn", "implementation")

    def __init__(self, cell_arguments: dict[str, Any], activity_regularizer: Any, **kwargs: Any) -> None:
        base = {k: kwargs[k] for k in ("dtype", "trainable") if k in kwargs}
        cell = type(self)._cell(**cell_arguments, **base, name=to_snake_case(type(self)._cell.__name__))
        super().__init__(cell, activity_regularizer=activity_regularizer, **kwargs)
        self.input_spec = InputSpec(ndim=3)

    def inner_loop(self, sequences: Any, initial_state: Any, mask: Any, training: bool = False) -> Any:
        cell = self.cell
        projected = cell.project(sequences, training)
        return self._loop(lambda z, states: cell.step(z, states, training), projected, initial_state, mask)

    def get_config(self) -> dict[str, Any]:
        told = {"zero_output_for_mask": self.zero_output_for_mask}
        return {
            **super().get_config(), **told, "activity_regularizer": regularizers.serialize(self.activity_regularizer)
        }  # fmt: skip

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        return cls(**config)


_RNN_ARGUMENTS = ("return_sequences", "return_state", "go_backwards", "stateful", "unroll")


def split_arguments(given: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The arguments of a CellRNN's constructor: those of its cell, and those of RNN."""
    own = {"self", "kwargs", "__class__", "use_cudnn", "activity_regularizer", *_RNN_ARGUMENTS}
    return {k: v for k, v in given.items() if k not in own}, {k: given[k] for k in _RNN_ARGUMENTS}


def of_cell(cls: Any) -> Any:
    """Decorator: a CellRNN with the arguments of its cell as read-only attributes."""
    for name in argument_names(cls._cell):
        setattr(cls, name, property(operator.attrgetter(f"cell.{name}")))
    return cls
