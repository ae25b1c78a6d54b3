"""Sums and means of values, and metrics that are the mean of a function."""

from __future__ import annotations

import inspect

import gputape as tf

from .. import losses
from ..losses.loss import apply_mask, squeeze_or_expand_to_same_rank
from ..scopes import get_keras_mask
from ..serialization import deserialize_keras_object, serialize_keras_object
from .metric import Metric


def samplewise(values, sample_weight, reduce, dtype):
    """`values` times weights, one number per sample (other axes are reduced), and the weights, or None."""
    mask = get_keras_mask(values)
    values = tf.cast(values, dtype)
    if sample_weight is not None:
        sample_weight = tf.cast(sample_weight, dtype)
        if mask is not None:
            sample_weight = apply_mask(sample_weight, mask, dtype, "sum")
        values, sample_weight = squeeze_or_expand_to_same_rank(values, sample_weight)
        values_rank, rank = len(values.shape), len(sample_weight.shape)
        if values_rank > rank:
            values = reduce(values, axis=list(range(rank, values_rank)))
        sample_weight = tf.broadcast_to(sample_weight, values.shape)
        values = values * sample_weight
        if rank > 1:
            sample_weight = reduce(sample_weight, axis=list(range(1, rank)))
    rank = len(values.shape)
    return reduce(values, axis=list(range(1, rank))) if rank > 1 else values, sample_weight


class Sum(Metric):
    """The sum of all values, times their weights.

    >>> total = Sum()
    >>> total.update_state([1.0, 2.0], sample_weight=[1.0, 0.5])
    >>> float(total.result())
    2.0
    """

    def __init__(self, name="sum", dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_variable((), "zeros", self.dtype, name="total")

    def update_state(self, values, sample_weight=None):
        values, _ = samplewise(values, sample_weight, tf.reduce_sum, self.dtype)
        self.total.assign_add(tf.reduce_sum(values))

    def result(self):
        return tf.identity(self.total)


class Mean(Metric):
    """The mean of all values, weighted.

    >>> mean = Mean()
    >>> mean.update_state([1.0, 3.0])
    >>> mean.update_state(8.0)
    >>> float(mean.result())
    4.0
    """

    def __init__(self, name="mean", dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_variable((), "zeros", self.dtype, name="total")
        self.count = self.add_variable((), "zeros", self.dtype, name="count")

    def update_state(self, values, sample_weight=None):
        values, sample_weight = samplewise(values, sample_weight, tf.reduce_mean, self.dtype)
        self.total.assign_add(tf.reduce_sum(values))
        if sample_weight is not None:
            self.count.assign_add(tf.reduce_sum(sample_weight))
        else:
            self.count.assign_add(tf.cast(values.shape[0] if len(values.shape) else 1, self.dtype))

    def result(self):
        return tf.math.divide_no_nan(self.total, self.count)


class MeanMetricWrapper(Mean):
    """The mean of a function `fn(y_true, y_pred, **kwargs)` that returns one value per sample.

    >>> metric = MeanMetricWrapper(lambda y_true, y_pred: y_true * y_pred, name="product")
    >>> float(metric(tf.constant([1.0, 2.0]), tf.constant([3.0, 4.0])))
    5.5
    """

    def __init__(self, fn, name=None, dtype=None, **kwargs):
        super().__init__(name=name, dtype=dtype)
        self._fn = fn
        self._fn_kwargs = kwargs
        for key, value in kwargs.items():
            setattr(self, key, value)
        if isinstance(fn, losses.Loss) or getattr(losses, getattr(fn, "__name__", ""), None) is fn:
            self._direction = "down"

    def update_state(self, y_true, y_pred, sample_weight=None):  # type: ignore[override]
        mask = get_keras_mask(y_pred)
        values = self._fn(y_true, y_pred, **self._fn_kwargs)
        super().update_state(values, apply_mask(sample_weight, mask, self.dtype, "sum"))

    def get_config(self):
        config = {**super().get_config(), **self._fn_kwargs}
        if "fn" in inspect.signature(type(self)).parameters:  # the subclasses of this package know their function
            config = {**super().get_config(), "fn": serialize_keras_object(self._fn)}
            config.update(serialize_keras_object(self._fn_kwargs))
        return config

    @classmethod
    def from_config(cls, config):
        return cls(**(deserialize_keras_object(config) if "fn" in config else config))
