"""split_dataset: one dataset as two."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

import gputape as tf

from .. import tree


def split_dataset(
    dataset: Any,
    left_size: float | None = None,
    right_size: float | None = None,
    shuffle: bool = False,
    seed: int | None = None,
    preferred_backend: Any = None,
) -> Any:
    """A small dataset, read once into memory, as two datasets (left, right).

    Args:
        dataset: a tf.data.Dataset, an array, or a list or tuple of arrays of one length.
        left_size, right_size: an integer, or a part in (0, 1); one may be None: what is left by the other.
        shuffle: whether elements are mixed before. Default False.

    Raises TypeError for other datasets and sizes, ValueError for sizes that do not fit.

    >>> import numpy as np
    >>> from gputape import keras
    >>> left, right = keras.utils.split_dataset(np.arange(10), left_size=0.8)
    >>> len(left), len(right)
    (8, 2)
    """
    if left_size is None and right_size is None:
        raise ValueError(
            "At least one of the `left_size` or `right_size` must be specified. Received: left_size=None and "
            "right_size=None"
        )
    samples = _samples(dataset)
    if shuffle:
        random.Random(seed).shuffle(samples)
    left, right = _sizes(left_size, right_size, len(samples))
    return _restored(samples[:left]), _restored(samples[len(samples) - right :])


def _samples(dataset: Any) -> list[Any]:
    if isinstance(dataset, tf.data.Dataset):
        made = list(dataset.as_numpy_iterator())
    elif isinstance(dataset, np.ndarray):
        made = list(dataset)
    elif isinstance(dataset, (list, tuple)):
        for k, part in enumerate(dataset):
            if not isinstance(part, np.ndarray):
                raise ValueError(f"Expected a list of `numpy.ndarray` objects, Received: {type(part)} at index {k}.")
            if len(part) != len(dataset[0]):
                raise ValueError(
                    f"Received a list of NumPy arrays with different lengths. Mismatch found at index {k}, Expected "
                    f"shape={dataset[0].shape} Received shape={part.shape}. Please provide a list of NumPy arrays of "
                    "the same length."
                )
        made = list(zip(*dataset))
    else:
        raise TypeError(
            "The `dataset` argument must be either a `tf.data.Dataset` object, or a list/tuple of arrays. Received: "
            f"dataset={dataset} of type {type(dataset)}"
        )
    if not made:
        raise ValueError(
            "Received an empty dataset. Argument `dataset` must be a non-empty list/tuple of `numpy.ndarray` objects "
            "or `tf.data.Dataset` objects."
        )
    return made


def _restored(samples: list[Any]) -> Any:
    columns = [np.array(column) for column in zip(*map(tree.flatten, samples))]
    made = tf.data.Dataset.from_tensor_slices(tree.pack_sequence_as(samples[0], columns))
    return made.prefetch(tf.data.AUTOTUNE)


def _sizes(left: Any, right: Any, total: int) -> tuple[int, int]:
    """The numbers of elements on both sides."""
    given = {"left_size": left, "right_size": right}
    for name, size in given.items():
        if size is not None and type(size) not in (int, float):
            raise TypeError(
                f"Invalid `{name}` Type. Expected: int or float or None, Received: type({name})={type(size)}."
            )
    if left == 0 and right == 0:
        raise ValueError(
            "Both `left_size` and `right_size` are zero. At least one of the split sizes must be non-zero."
        )
    for name, size in given.items():
        if size is not None and not 0 < size < (total if isinstance(size, int) else 1):
            raise ValueError(
                f"`{name}` should be either a positive integer smaller than {total}, or a float within the range "
                f"`[0, 1]`. Received: {name}={size}"
            )
    if isinstance(left, float) and isinstance(right, float) and left + right > 1:
        raise ValueError(
            "The sum of `left_size` and `right_size` is greater than 1. It must be less than or equal to 1."
        )
    left, right = (round(s * total) if isinstance(s, float) else s for s in (left, right))
    left, right = total - right if left is None else left, total - left if right is None else right
    if left + right > total:
        raise ValueError(
            f"The sum of `left_size` and `right_size` should be smaller than the {total}. Received: left_size + "
            f"right_size = {left + right} and total_length = {total}"
        )
    for side, size in (("left", left), ("right", right)):
        if size == 0:
            raise ValueError(
                f"With `dataset` of length={total}, `left_size`={left} and `right_size`={right}. Resulting {side} side "
                "dataset split will be empty. Adjust any of the aforementioned parameters"
            )
    return left, right
