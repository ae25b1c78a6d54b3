"""CellRNN: the base of LSTM, GRU and SimpleRNN, layers that make their own cell."""

from __future__ import annotations

import operator
from typing import Any

import gputape as tf

from .. import regularizers
from ..scopes import to_snake_case
from .config import argument_names
from .input_spec import InputSpec
from .recurrent import RNN


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
        if sequences.shape[1] and not self.unroll and cell.is_fused(training):
            return self._fused(sequences, initial_state, mask, training)
        projected = cell.project(sequences, training)
        return self._loop(lambda z, states: cell.step(z, states, training), projected, initial_state, mask)

    def _fused(self, sequences: Any, initial_state: Any, mask: Any, training: bool) -> Any:
        """What `_loop` returns, from one op over all steps."""
        inputs = tf.transpose(sequences, [1, 0, 2])
        kept = None if mask is None else tf.transpose(tf.cast(mask, "bool"))
        if self.go_backwards:
            inputs, kept = tf.reverse(inputs, [0]), None if kept is None else tf.reverse(kept, [0])
        if not inputs.dtype.is_floating:
            inputs = tf.cast(inputs, self.cell.compute_dtype)
        if training and 0.0 < self.cell.dropout < 1.0:
            inputs = inputs * self.cell.get_dropout_mask(inputs[0])
        outputs, states = self.cell.run(inputs, initial_state, kept)
        if kept is not None:  # a state stays where it is masked; an output is zero there, or until a step was not
            told = kept if self.zero_output_for_mask else tf.cumsum(tf.cast(kept, "int32"), 0) > 0
            outputs = tf.where(tf.expand_dims(told, 2), outputs, tf.zeros_like(outputs))
        return outputs[-1], tf.transpose(outputs, [1, 0, 2]) if self.return_sequences else None, states

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
    return {k: v for k, v in given.items() if k not in own}, {k: given[k] for k in _RNN_ARGUMENTS if k in given}


def of_cell(cls: Any) -> Any:
    """Decorator: a CellRNN with the arguments of its cell as read-only attributes."""
    for name in argument_names(cls._cell):
        setattr(cls, name, property(operator.attrgetter(f"cell.{name}")))
    return cls
