"""Arrays of classes and norms: to_categorical, normalize."""

from __future__ import annotations

from typing import Any

import numpy as np

import gputape as tf


def to_categorical(x: Any, num_classes: int | None = None) -> Any:
    """Class numbers as rows with a single 1: integers of shape s to floats of shape s + (num_classes,).

    Args:
        x: integers from 0 to num_classes - 1; a last axis of size 1 is dropped.
        num_classes: default the largest plus 1.

    Returns a tensor for a tensor, a NumPy array otherwise.

    >>> from gputape import keras
    >>> keras.utils.to_categorical([0, 2])
    array([[1., 0., 0.],
           [0., 0., 1.]])
    """
    if isinstance(x, (tf.Tensor, tf.Variable)):
        shape = tuple(x.shape)
        flat = tf.reshape(x, shape[:-1]) if len(shape) > 1 and shape[-1] == 1 else x
        count = num_classes or int(np.max(np.asarray(x), initial=-1)) + 1
        return tf.one_hot(tf.cast(flat, "int64"), count)
    classes = np.array(x, dtype="int64")
    shape = classes.shape[:-1] if classes.ndim > 1 and classes.shape[-1] == 1 else classes.shape
    classes = classes.reshape(-1)
    count = num_classes or int(np.max(classes, initial=-1)) + 1
    made = np.zeros((classes.size, count))
    made[np.arange(classes.size), classes] = 1
    return made.reshape((*shape, count))


def normalize(x: Any, axis: int = -1, order: int = 2) -> Any:
    """`x` divided by its norms of this order along `axis`; where the norm is 0, `x` as it is.

    >>> from gputape import keras
    >>> keras.utils.normalize(np.array([[3.0, 4.0]]))
    array([[0.6, 0.8]])
    """
    if not isinstance(order, int) or order < 1:
        raise ValueError(f"Argument `order` must be an int >= 1. Received: order={order}")
    if isinstance(x, (tf.Tensor, tf.Variable)):
        norms = tf.pow(tf.reduce_sum(tf.pow(tf.abs(x), order), axis=axis, keepdims=True), 1 / order)
        return x / tf.where(tf.equal(norms, 0), tf.ones_like(norms), norms)
    norms = np.linalg.norm(np.atleast_1d(x), order, axis)
    norms = np.atleast_1d(np.where(norms == 0, 1, norms))
    return x / np.expand_dims(norms, axis)
