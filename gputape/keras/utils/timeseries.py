"""timeseries_dataset_from_array: windows of a series as a dataset."""

from __future__ import annotations

from typing import Any

import numpy as np

import gputape as tf


def timeseries_dataset_from_array(
    data: Any,
    targets: Any,
    sequence_length: int,
    sequence_stride: int = 1,
    sampling_rate: int = 1,
    batch_size: int | None = 128,
    shuffle: bool = False,
    seed: int | None = None,
    start_index: int | None = None,
    end_index: int | None = None,
    format: str = "tf",
) -> Any:
    """A tf.data.Dataset of windows of `data`, and the target of each unless `targets` is None.

    Args:
        data: (steps, ...).
        targets: `targets[k]` belongs to the window that begins at `data[k]`; or None.
        sequence_length: steps in a window.
        sequence_stride: steps between the beginnings of windows.
        sampling_rate: steps between the steps of a window.
        batch_size: None for single windows.
        start_index, end_index: only data from the one up to the other is used.
        format: only "tf".

    Raises ValueError for numbers that do not fit the data.

    >>> import numpy as np
    >>> from gputape import keras
    >>> data = keras.utils.timeseries_dataset_from_array(np.arange(5), None, sequence_length=3)
    >>> [batch.numpy().tolist() for batch in data]
    [[[0, 1, 2], [1, 2, 3], [2, 3, 4]]]
    """
    length = len(data)
    _check("start_index", start_index or 0, 0, length)
    if end_index is not None:
        if start_index and end_index <= start_index:
            raise ValueError(
                f"`end_index` must be higher than `start_index`. Received: start_index={start_index}, and "
                f"end_index={end_index} "
            )
        _check("end_index", end_index, 1, length)
    _check("sampling_rate", sampling_rate, 1, length)
    _check("sequence_stride", sequence_stride, 1, length)
    if format != "tf":
        raise ValueError(f'`format` should be "tf": datasets here are tf.data.Dataset. Received: format={format}')
    start, end = start_index or 0, length if end_index is None else end_index
    data, targets = np.asarray(data)[start:end], None if targets is None else np.asarray(targets)[start:end]
    count = end - start - (sequence_length - 1) * sampling_rate
    count = count if targets is None else min(count, len(targets))
    begins = np.arange(0, count, sequence_stride)
    if shuffle:
        seed = int(np.random.randint(10**6)) if seed is None else seed
        begins = np.random.RandomState(seed).permutation(begins)
    steps = np.arange(sequence_length) * sampling_rate

    def window(begin: Any) -> Any:
        rows = data[np.minimum(np.asarray(begin) + steps, len(data) - 1)]  # it stays within, where shapes are sought
        return rows if targets is None else (rows, targets[np.asarray(begin)])

    made = tf.data.Dataset.from_tensor_slices(begins).map(window)
    if shuffle:
        made = made.shuffle(1024 if batch_size is None else batch_size * 8, seed=seed)
    made = made if batch_size is None else made.batch(batch_size)
    return made.prefetch(tf.data.AUTOTUNE)


def _check(name: str, value: int, least: int, length: int) -> None:
    if value < least:
        told = "0 or greater" if least == 0 else "higher than 0"
        raise ValueError(f"`{name}` must be {told}. Received: {name}={value}")
    if value >= length:
        raise ValueError(
            f"`{name}` must be lower than the length of the data. Received: {name}={value}, for data of length {length}"
        )
