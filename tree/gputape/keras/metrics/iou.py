"""Intersection over union of predicted and true regions, from a confusion matrix."""

from __future__ import annotations

import warnings

import gputape as tf

from ..backend import epsilon
from .metric import Metric


class _IoUBase(Metric):
    """Keeps the confusion matrix: rows are labels, columns predictions. Classes out of range are left out."""

    _direction = "up"

    def __init__(
        self,
        num_classes,
        name=None,
        dtype=None,
        ignore_class=None,
        sparse_y_true=True,
        sparse_y_pred=True,
        axis=-1,
    ):
        super().__init__(name=name, dtype=dtype or "int64")
        self.num_classes, self.ignore_class, self.axis = num_classes, ignore_class, axis
        self.sparse_y_true, self.sparse_y_pred = sparse_y_true, sparse_y_pred
        self.total_cm = self.add_variable(
            (num_classes, num_classes), "zeros", self.dtype, name="total_confusion_matrix"
        )

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_true = y_true if self.sparse_y_true else tf.argmax(y_true, axis=self.axis)
        y_pred = y_pred if self.sparse_y_pred else tf.argmax(y_pred, axis=self.axis)
        y_true, y_pred = (tf.reshape(tf.cast(y, "int64"), [-1]) for y in (y_true, y_pred))
        weight = tf.convert_to_tensor(1 if sample_weight is None else sample_weight)
        if sample_weight is not None and weight.dtype.is_floating and tf.as_dtype(self.dtype).is_integer:
            warnings.warn(
                "You are passing weight as `float`, but dtype is `int`. This may result in an incorrect weight due to "
                "type casting Consider using integer weights.",
                stacklevel=2,
            )
        weight = tf.cast(weight, self.dtype)
        weight = tf.reshape(weight, [-1]) if len(weight.shape) > 1 else weight
        weight = tf.broadcast_to(weight, y_true.shape)
        n = self.num_classes
        valid = (y_true >= 0) & (y_true < n) & (y_pred >= 0) & (y_pred < n)
        if self.ignore_class is not None:
            valid = valid & tf.not_equal(y_true, self.ignore_class)
        cell = tf.where(valid, y_true * n + y_pred, tf.zeros_like(y_true))
        weight = tf.where(valid, weight, tf.zeros_like(weight))
        counts = tf.math.unsorted_segment_sum(weight, cell, n * n)
        self.total_cm.assign_add(tf.reshape(counts, [n, n]))

    def get_config(self):
        names = ("num_classes", "ignore_class", "sparse_y_true", "sparse_y_pred", "axis")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


class IoU(_IoUBase):
    """The mean over `target_class_ids` of true positives / (true positives + false positives + false negatives).

    Args:
        num_classes: labels and predictions are in [0, num_classes).
        target_class_ids: which classes to average; ValueError if one is out of range.
        dtype: of the confusion matrix. Default int64.
        ignore_class: a label to leave out.
        sparse_y_true, sparse_y_pred: class numbers; if false, scores of classes along `axis`.

    >>> round(float(IoU(2, [0])([0, 0, 1, 1], [0, 1, 0, 1])), 4)
    0.3333
    """

    def __init__(
        self,
        num_classes,
        target_class_ids,
        name=None,
        dtype=None,
        ignore_class=None,
        sparse_y_true=True,
        sparse_y_pred=True,
        axis=-1,
    ):
        super().__init__(num_classes, name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis)
        if max(target_class_ids) >= num_classes:
            raise ValueError(f"Target class id {max(target_class_ids)} is out of range, which is [0, {num_classes}).")
        self.target_class_ids = list(target_class_ids)

    def result(self):
        right = tf.reduce_sum(self.total_cm * tf.eye(self.num_classes, dtype=self.dtype), axis=0)  # the diagonal
        union = tf.reduce_sum(self.total_cm, axis=0) + tf.reduce_sum(self.total_cm, axis=1) - right
        right, union = (tf.cast(tf.gather(x, self.target_class_ids), "float32") for x in (right, union))
        seen = union > 1e-9
        iou = tf.where(seen, right / (union + epsilon()), tf.zeros_like(union))
        return tf.reduce_sum(iou) / (tf.reduce_sum(tf.cast(seen, "float32")) + epsilon())

    def get_config(self):
        return {**super().get_config(), "target_class_ids": self.target_class_ids}


class BinaryIoU(IoU):
    """IoU of two classes: predictions below the threshold are class 0, the others class 1."""

    def __init__(self, target_class_ids=(0, 1), threshold=0.5, name=None, dtype=None):
        super().__init__(2, target_class_ids, name, dtype)
        self.threshold = threshold

    def update_state(self, y_true, y_pred, sample_weight=None):
        super().update_state(y_true, tf.cast(y_pred, "float32") >= self.threshold, sample_weight)

    def get_config(self):
        config = {"target_class_ids": self.target_class_ids, "threshold": self.threshold}
        return {**Metric.get_config(self), **config}


class MeanIoU(IoU):
    """The mean of the IoU of all classes."""

    def __init__(
        self,
        num_classes,
        name=None,
        dtype=None,
        ignore_class=None,
        sparse_y_true=True,
        sparse_y_pred=True,
        axis=-1,
    ):
        every = list(range(num_classes))
        super().__init__(num_classes, every, name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis)

    def get_config(self):
        return _without(super().get_config(), "target_class_ids")


class OneHotIoU(IoU):
    """IoU of one-hot labels and, unless `sparse_y_pred`, scores of classes along `axis`."""

    def __init__(
        self,
        num_classes,
        target_class_ids,
        name=None,
        dtype=None,
        ignore_class=None,
        sparse_y_pred=False,
        axis=-1,
    ):
        super().__init__(num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis)

    def get_config(self):
        return _without(super().get_config(), "sparse_y_true")


class OneHotMeanIoU(MeanIoU):
    """The mean of the IoU of all classes, for one-hot labels and, unless `sparse_y_pred`, scores along `axis`."""

    def __init__(self, num_classes, name=None, dtype=None, ignore_class=None, sparse_y_pred=False, axis=-1):
        super().__init__(num_classes, name, dtype, ignore_class, False, sparse_y_pred, axis)

    def get_config(self):
        return _without(super().get_config(), "sparse_y_true")


def _without(config, name):
    return {key: value for key, value in config.items() if key != name}
