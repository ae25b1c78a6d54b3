"""keras.device: where the tensors of a block are made."""

from __future__ import annotations

from typing import Any

import gputape as tf


def device(device_name: str) -> Any:
    """A context in which tensors are made on "cpu", "gpu" or "gpu:0". ValueError for what is no device.

    >>> import gputape as tf
    >>> from gputape import keras
    >>> with keras.device("cpu:0"):
    ...     tf.zeros(2).device
    '/job:localhost/replica:0/task:0/device:CPU:0'
    """
    return tf.device(device_name)  # type: ignore[operator]  # the function, though a module has its name
