"""DataLayer: the base of layers that prepare data; and the batches that their `adapt` learns from."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

import gputape as tf

from ..backend import is_keras_tensor
from .layer import Layer


class DataLayer(Layer):
    """A layer that takes lists, strings and numbers as well as tensors, in models and in `Dataset.map` alike.

    Inputs keep their dtype: the subclass casts them to the one that it works in.

    >>> from gputape import keras
    >>> keras.layers.StringLookup(vocabulary=["red", "blue"])(["blue", "green"]).numpy()
    array([2, 0])
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._allow_non_tensor_positional_args = True
        self._convert_input_args = False

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        return super().__call__(self._as_tensors(inputs), *args, **kwargs)

    def _as_tensors(self, inputs: Any) -> Any:
        return inputs if is_keras_tensor(inputs) else as_data(inputs)


def as_data(x: Any, dtype: Any = None) -> Any:
    """`x` as a tensor, cast to `dtype` if one is given; ragged and sparse tensors stay what they are."""
    if not tf.is_tensor(x):
        x = tf.convert_to_tensor(x, dtype)
    return x if dtype is None or x.dtype == dtype else tf.cast(x, dtype)


def is_batch(data: Any) -> bool:
    """Whether `data` is one array and not a source of many."""
    return tf.is_tensor(data) or hasattr(data, "__array__")


def batches(data: Any, steps: int | None = None) -> Iterable[Any]:
    """The batches of a Dataset, PyDataset, generator or list, the first `steps` of them; an array is one batch."""
    return [data] if is_batch(data) else itertools.islice(iter(data), steps)


def places(boundaries: Any, x: Any, side: str = "left") -> Any:
    """Where each element of `x`, of any shape, would go among the sorted 1-D `boundaries`; int32."""
    return tf.reshape(tf.searchsorted(boundaries, tf.reshape(x, [-1]), side=side), x.shape)
