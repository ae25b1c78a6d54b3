"""The base of all losses: per-sample values, weighted, masked and reduced to a scalar."""

from __future__ import annotations

import inspect
import math
from typing import Any

import gputape as tf

from .. import dtype_policies
from ..backend import floatx
from ..scopes import auto_name, get_keras_mask
from ..serialization import deserialize_keras_object, serialize_keras_object


class Reduction:
    """Names of reductions, as Keras 2 spells them; `Loss(reduction=...)` also takes None and the strings of Keras 3."""

    AUTO = "auto"
    NONE = "none"
    SUM = "sum"
    SUM_OVER_BATCH_SIZE = "sum_over_batch_size"

    @classmethod
    def all(cls):
        return cls.AUTO, cls.NONE, cls.SUM, cls.SUM_OVER_BATCH_SIZE

    @classmethod
    def validate(cls, key):
        if key not in cls.all():
            raise ValueError(f'Invalid Reduction Key: {key}. Expected keys are "{cls.all()}"')


class Loss:
    """Base of all losses: subclasses define `call(y_true, y_pred)`, which returns one value per sample.

    Args:
        name: default the class's name in snake case.
        reduction: "sum_over_batch_size" (the mean of all values), "mean" (the same), "mean_with_sample_weight" (the
            weighted mean), "sum", "none" or None. Keras 2's "auto" is "sum_over_batch_size".
        dtype: in which the loss is computed. Default `keras.config.floatx()`.

    Calling it takes `y_true`, `y_pred` and optionally `sample_weight`, which multiplies the values before they are
    reduced. A Keras mask on `y_pred` leaves samples out.

    >>> import gputape as tf
    >>> class Distance(Loss):
    ...     def call(self, y_true, y_pred):
    ...         return tf.reduce_sum(tf.abs(y_true - y_pred), axis=-1)
    >>> Distance()([[0.0, 1.0], [1.0, 1.0]], [[1.0, 1.0], [3.0, 1.0]], sample_weight=[1.0, 2.0]).numpy()
    np.float32(2.5)
    """

    def __init__(self, name=None, reduction="sum_over_batch_size", dtype=None):
        self.name = name or auto_name(type(self).__name__)
        self.reduction = standardize_reduction(reduction)
        self._dtype_policy = dtype_policies.get(dtype or floatx())
        self._dtype = self._dtype_policy.compute_dtype

    @property
    def dtype(self):
        return self._dtype

    def __call__(self, y_true, y_pred, sample_weight=None):
        mask = get_keras_mask(y_pred)
        y_pred, y_true = self._convert(y_pred), self._convert(y_true)
        values = self.call(y_true, y_pred)
        own_mask = get_keras_mask(values)
        if own_mask is not None:
            mask = own_mask if mask is None else tf.logical_and(tf.cast(mask, "bool"), tf.cast(own_mask, "bool"))
        return reduce_weighted_values(values, sample_weight, mask, self.reduction, self.dtype)

    def _convert(self, x):
        """`x`, an array, nested lists of numbers, or a structure of arrays, as tensors of the loss's dtype."""
        if isinstance(x, (list, tuple)) and all(isinstance(leaf, (int, float)) for leaf in tf.nest.flatten(x)):
            return tf.cast(x, self.dtype)
        return tf.nest.map_structure(lambda leaf: tf.cast(leaf, self.dtype), x)

    def call(self, y_true, y_pred):
        raise NotImplementedError(f"{type(self).__name__} must define `call(y_true, y_pred)`")

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, "reduction": self.reduction}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


class LossFunctionWrapper(Loss):
    """The loss made of a function `fn(y_true, y_pred, **kwargs)` that returns one value per sample."""

    def __init__(self, fn, reduction="sum_over_batch_size", name=None, dtype=None, **kwargs):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.fn = fn
        self._fn_kwargs = kwargs
        for key, value in kwargs.items():
            setattr(self, key, value)

    def call(self, y_true, y_pred):
        pairs = zip(tf.nest.flatten(y_true), tf.nest.flatten(y_pred), strict=True)
        squeezed = [squeeze_or_expand_to_same_rank(t, p) for t, p in pairs]
        y_true = tf.nest.pack_sequence_as(y_true, [t for t, _ in squeezed])
        y_pred = tf.nest.pack_sequence_as(y_pred, [p for _, p in squeezed])
        return self.fn(y_true, y_pred, **self._fn_kwargs)

    def get_config(self):
        config = {**super().get_config(), **self._fn_kwargs}
        if "fn" in inspect.signature(type(self)).parameters:  # the subclasses of this package know their function
            config = {**super().get_config(), "fn": serialize_keras_object(self.fn)}
            config.update(serialize_keras_object(self._fn_kwargs))
        return config

    @classmethod
    def from_config(cls, config):
        return cls(**(deserialize_keras_object(config) if "fn" in config else config))

    def __repr__(self):
        return f"<LossFunctionWrapper({self.fn}, kwargs={self._fn_kwargs})>"


def standardize_reduction(reduction):
    """`reduction` in the spelling of Keras 3; ValueError if it is none."""
    if reduction == Reduction.AUTO:
        return "sum_over_batch_size"
    allowed = ("sum_over_batch_size", "sum", None, "none", "mean", "mean_with_sample_weight")
    if reduction not in allowed:
        raise ValueError(
            f"Invalid value for argument `reduction`. Expected one of {allowed}. Received: reduction={reduction}"
        )
    return reduction


def squeeze_or_expand_to_same_rank(x1, x2, expand_rank_1=True):
    """Make the ranks equal when they differ by one last axis of size 1: drop it, or give it to a vector."""
    rank1, rank2 = len(x1.shape), len(x2.shape)
    if rank1 == rank2 + 1 and x1.shape[-1] == 1:
        if rank2 == 1 and expand_rank_1:
            x2 = tf.expand_dims(x2, -1)
        else:
            x1 = tf.squeeze(x1, axis=-1)
    elif rank2 == rank1 + 1 and x2.shape[-1] == 1:
        if rank1 == 1 and expand_rank_1:
            x1 = tf.expand_dims(x1, -1)
        else:
            x2 = tf.squeeze(x2, axis=-1)
    return x1, x2


def like(y_true, y_pred):
    """Both as tensors of y_pred's dtype, and of the same rank where a last axis of size 1 is all that differs."""
    y_pred = tf.convert_to_tensor(y_pred)
    return squeeze_or_expand_to_same_rank(tf.cast(y_true, y_pred.dtype), y_pred)


def numbers(x):
    """`x` as a tensor of floating-point numbers: integers and booleans become `keras.config.floatx()`."""
    x = tf.convert_to_tensor(x)
    return x if x.dtype.is_floating else tf.cast(x, floatx())


def reduce_weighted_values(values, sample_weight=None, mask=None, reduction="sum_over_batch_size", dtype=None):
    """`values` times `sample_weight`, reduced; masked values count neither in the sum nor in the number."""
    reduction = standardize_reduction(reduction)
    values = tf.cast(values, dtype) if dtype is not None else tf.convert_to_tensor(values)
    weight = apply_mask(sample_weight, mask, values.dtype, reduction)
    if weight is not None:
        weight = tf.cast(weight, values.dtype)
        values, weight = squeeze_or_expand_to_same_rank(values, weight)
        values = values * weight
    if reduction in (None, "none") or tuple(values.shape) in ((), (0,)):
        return values
    total = tf.reduce_sum(values)
    if reduction == "sum":
        return total
    if reduction == "mean_with_sample_weight" and weight is not None:
        return tf.math.divide_no_nan(total, tf.reduce_sum(weight))
    return total / max(math.prod(values.shape), 1)


def apply_mask(sample_weight, mask, dtype, reduction):
    """The weights with zeros where `mask` is false; for means the rest is scaled up to the same number of samples."""
    if mask is None:
        return sample_weight
    kept = tf.cast(tf.cast(mask, "bool"), dtype)
    if reduction in ("mean", "sum_over_batch_size"):
        kept = kept * tf.math.divide_no_nan(tf.cast(math.prod(mask.shape), dtype), tf.reduce_sum(kept))
    if sample_weight is None:
        return kept
    kept, sample_weight = squeeze_or_expand_to_same_rank(kept, tf.cast(sample_weight, dtype))
    return sample_weight * kept
