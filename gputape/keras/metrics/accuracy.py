"""How often predictions are right."""

from __future__ import annotations

import gputape as tf

from ..backend import floatx
from ..losses.loss import like, numbers, squeeze_or_expand_to_same_rank
from .reduction import MeanMetricWrapper


def accuracy(y_true, y_pred):
    """1 where y_true equals y_pred, 0 elsewhere."""
    y_true, y_pred = like(y_true, y_pred)
    return tf.cast(tf.equal(y_true, y_pred), floatx())


def binary_accuracy(y_true, y_pred, threshold=0.5):
    """1 where y_true is 1 and y_pred above the threshold, or y_true is 0 and y_pred not above it.

    >>> binary_accuracy([[1], [1]], [[0.9], [0.2]]).numpy()
    array([[1.],
           [0.]], dtype=float32)
    """
    y_true, y_pred = squeeze_or_expand_to_same_rank(tf.convert_to_tensor(y_true), numbers(y_pred))
    above = tf.cast(y_pred > tf.cast(threshold, y_pred.dtype), y_true.dtype)
    return tf.cast(tf.equal(y_true, above), floatx())


def categorical_accuracy(y_true, y_pred):
    """1 where the largest entry along the last axis stands at the same place in both.

    >>> categorical_accuracy([[0, 1], [1, 0]], [[0.2, 0.8], [0.3, 0.7]]).numpy()
    array([1., 0.], dtype=float32)
    """
    return tf.cast(tf.equal(tf.argmax(y_true, axis=-1), tf.argmax(y_pred, axis=-1)), floatx())


def sparse_categorical_accuracy(y_true, y_pred):
    """1 where y_true is the place of the largest entry of y_pred along the last axis."""
    y_true, y_pred = tf.convert_to_tensor(y_true), tf.convert_to_tensor(y_pred)
    if len(y_true.shape) == len(y_pred.shape) and y_true.shape[-1] == 1:
        y_true = tf.squeeze(y_true, axis=-1)
    matches = tf.cast(tf.equal(tf.cast(y_true, "int64"), tf.argmax(y_pred, axis=-1)), floatx())
    return tf.squeeze(matches, axis=-1) if len(matches.shape) > 1 and matches.shape[-1] == 1 else matches


def top_k_categorical_accuracy(y_true, y_pred, k=5):
    """1 where the place of y_true's largest entry is among those of the k largest of y_pred."""
    return sparse_top_k_categorical_accuracy(tf.argmax(y_true, axis=-1), y_pred, k)


def sparse_top_k_categorical_accuracy(y_true, y_pred, k=5, from_sorted_ids=False):
    """1 where y_true is among the places of y_pred's k largest entries; or its first k, if it holds sorted places."""
    y_true, y_pred = tf.convert_to_tensor(y_true), tf.convert_to_tensor(y_pred)
    shape = y_true.shape
    y_pred = tf.reshape(y_pred, [-1, y_pred.shape[-1]]) if len(y_pred.shape) > 2 else y_pred
    y_true = tf.reshape(y_true, [-1])
    if from_sorted_ids:
        same = tf.equal(tf.expand_dims(tf.cast(y_true, y_pred.dtype), 1), y_pred[:, :k])
        matches = tf.reduce_any(same, axis=1)
    else:
        matches = tf.math.in_top_k(tf.cast(y_true, "int32"), tf.cast(y_pred, "float32"), k=k)
    matches = tf.cast(matches, floatx())
    return tf.reshape(matches, shape) if len(shape) > 1 else matches


class Accuracy(MeanMetricWrapper):
    """How often y_pred equals y_true.

    >>> float(Accuracy()([1, 2, 3, 4], [0, 2, 3, 4]))
    0.75
    """

    _direction = "up"

    def __init__(self, name="accuracy", dtype=None):
        super().__init__(accuracy, name, dtype)


class BinaryAccuracy(MeanMetricWrapper):
    """How often y_pred is on y_true's side of the threshold; 0.0 is the one for logits."""

    _direction = "up"

    def __init__(self, name="binary_accuracy", dtype=None, threshold=0.5):
        super().__init__(binary_accuracy, name, dtype, threshold=threshold)


class CategoricalAccuracy(MeanMetricWrapper):
    """How often the most probable class is that of the one-hot labels."""

    _direction = "up"

    def __init__(self, name="categorical_accuracy", dtype=None):
        super().__init__(categorical_accuracy, name, dtype)


class SparseCategoricalAccuracy(MeanMetricWrapper):
    """How often the most probable class is the label."""

    _direction = "up"

    def __init__(self, name="sparse_categorical_accuracy", dtype=None):
        super().__init__(sparse_categorical_accuracy, name, dtype)


class TopKCategoricalAccuracy(MeanMetricWrapper):
    """How often the class of the one-hot labels is among the k most probable."""

    _direction = "up"

    def __init__(self, k=5, name="top_k_categorical_accuracy", dtype=None):
        super().__init__(top_k_categorical_accuracy, name, dtype, k=k)


class SparseTopKCategoricalAccuracy(MeanMetricWrapper):
    """How often the label is among the k most probable classes; y_pred may also hold class numbers, sorted."""

    _direction = "up"

    def __init__(self, k=5, name="sparse_top_k_categorical_accuracy", dtype=None, from_sorted_ids=False):
        own = {"k": k, "from_sorted_ids": from_sorted_ids}
        super().__init__(sparse_top_k_categorical_accuracy, name, dtype, **own)
