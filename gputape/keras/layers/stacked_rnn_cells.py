"""StackedRNNCells: several cells as one; and what any cell is asked for."""

from __future__ import annotations

from typing import Any

import gputape as tf

from .. import tree
from ..serialization import deserialize_keras_object, serialize_keras_object
from .layer import Layer


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
        return output_size(self.cells[-1])

    def get_initial_state(self, batch_size: Any = None) -> list[Any]:
        return [initial_state(c, batch_size, self.compute_dtype) for c in self.cells]

    def build(self, input_shape: Any) -> None:
        for cell in self.cells:
            if isinstance(cell, Layer) and not cell.built:
                cell.build(input_shape)
                cell.built = True
            input_shape = (tree.flatten(input_shape)[0], output_size(cell))

    def call(self, inputs: Any, states: Any, training: bool = False, **kwargs: Any) -> Any:
        new_states = []
        for cell, state in zip(self.cells, states):
            nested = tree.is_nested(state)
            told = {**kwargs, "training": training} if takes_training(cell) else kwargs
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


def takes_training(cell: Any) -> bool:
    return isinstance(cell, Layer) and cell._call_has_training_arg


def output_size(cell: Any) -> Any:
    size = getattr(cell, "output_size", None)
    return tree.flatten(cell.state_size)[0] if size is None else size


def initial_state(cell: Any, batch_size: Any, dtype: Any) -> Any:
    if getattr(cell, "get_initial_state", None):
        return cell.get_initial_state(batch_size=batch_size)
    return tree.map_structure(lambda n: tf.zeros((batch_size, n), dtype), cell.state_size)
