"""Losses between numbers: errors, their squares and logarithms, Huber, log-cosh, Poisson, cosine similarity."""

from __future__ import annotations

import math

import gputape as tf

from ..backend import epsilon
from .loss import LossFunctionWrapper, like, numbers


def mean_squared_error(y_true, y_pred):
    """mean((y_true - y_pred)²) over the last axis.

    >>> mean_squared_error([[0.0, 1.0]], [[1.0, 3.0]]).numpy()
    array([2.5], dtype=float32)
    """
    y_true, y_pred = like(y_true, numbers(y_pred))
    return tf.reduce_mean(tf.math.squared_difference(y_true, y_pred), axis=-1)


def mean_absolute_error(y_true, y_pred):
    """mean(|y_true - y_pred|) over the last axis."""
    y_true, y_pred = like(y_true, numbers(y_pred))
    return tf.reduce_mean(tf.abs(y_true - y_pred), axis=-1)


def mean_absolute_percentage_error(y_true, y_pred):
    """100 mean(|y_true - y_pred| / |y_true|) over the last axis."""
    y_true, y_pred = like(y_true, numbers(y_pred))
    return 100.0 * tf.reduce_mean(tf.abs((y_true - y_pred) / tf.maximum(tf.abs(y_true), epsilon())), axis=-1)


def mean_squared_logarithmic_error(y_true, y_pred):
    """mean((log(1 + y_true) - log(1 + y_pred))²) over the last axis; negative numbers count as zero."""
    y_true, y_pred = like(y_true, numbers(y_pred))
    logs = [tf.math.log(tf.maximum(y, epsilon()) + 1.0) for y in (y_true, y_pred)]
    return tf.reduce_mean(tf.math.squared_difference(*logs), axis=-1)


def huber(y_true, y_pred, delta=1.0):
    """Mean over the last axis of e²/2 where |e| <= delta, and delta |e| - delta²/2 elsewhere; e = y_pred - y_true."""
    y_true, y_pred = like(y_true, numbers(y_pred))
    error = y_pred - y_true
    size = tf.abs(error)
    return tf.reduce_mean(tf.where(size <= delta, 0.5 * tf.square(error), delta * size - 0.5 * delta**2), axis=-1)


def log_cosh(y_true, y_pred):
    """mean(log(cosh(y_pred - y_true))) over the last axis."""
    y_true, y_pred = like(y_true, numbers(y_pred))
    error = y_pred - y_true
    return tf.reduce_mean(error + tf.math.softplus(-2.0 * error) - math.log(2.0), axis=-1)


def poisson(y_true, y_pred):
    """mean(y_pred - y_true log(y_pred)) over the last axis."""
    y_true, y_pred = like(y_true, numbers(y_pred))
    return tf.reduce_mean(y_pred - y_true * tf.math.log(y_pred + epsilon()), axis=-1)


def cosine_similarity(y_true, y_pred, axis=-1):
    """Minus the cosine of the angle between vectors along `axis`: -1 for equal directions; 0 if either is zero."""
    y_true, y_pred = like(y_true, numbers(y_pred))
    return -tf.reduce_sum(unit(y_true, axis) * unit(y_pred, axis), axis=axis)


def unit(x, axis):
    """x divided by its Euclidean norm along `axis`; zero stays zero."""
    return tf.math.l2_normalize(x, axis=axis, epsilon=1e-12)


class MeanSquaredError(LossFunctionWrapper):
    """The mean of (y_true - y_pred)²."""

    def __init__(self, reduction="sum_over_batch_size", name="mean_squared_error", dtype=None):
        super().__init__(mean_squared_error, reduction, name, dtype)


class MeanAbsoluteError(LossFunctionWrapper):
    """The mean of |y_true - y_pred|."""

    def __init__(self, reduction="sum_over_batch_size", name="mean_absolute_error", dtype=None):
        super().__init__(mean_absolute_error, reduction, name, dtype)


class MeanAbsolutePercentageError(LossFunctionWrapper):
    """100 times the mean of |y_true - y_pred| / |y_true|."""

    def __init__(self, reduction="sum_over_batch_size", name="mean_absolute_percentage_error", dtype=None):
        super().__init__(mean_absolute_percentage_error, reduction, name, dtype)


class MeanSquaredLogarithmicError(LossFunctionWrapper):
    """The mean of (log(1 + y_true) - log(1 + y_pred))²."""

    def __init__(self, reduction="sum_over_batch_size", name="mean_squared_logarithmic_error", dtype=None):
        super().__init__(mean_squared_logarithmic_error, reduction, name, dtype)


class Huber(LossFunctionWrapper):
    """Quadratic for errors up to `delta`, linear beyond. Huber 1964."""

    def __init__(self, delta=1.0, reduction="sum_over_batch_size", name="huber_loss", dtype=None):
        super().__init__(huber, reduction, name, dtype, delta=delta)


class LogCosh(LossFunctionWrapper):
    """The mean of log(cosh(y_pred - y_true))."""

    def __init__(self, reduction="sum_over_batch_size", name="log_cosh", dtype=None):
        super().__init__(log_cosh, reduction, name, dtype)


class Poisson(LossFunctionWrapper):
    """The mean of y_pred - y_true log(y_pred): for counts, y_pred being their expected value."""

    def __init__(self, reduction="sum_over_batch_size", name="poisson", dtype=None):
        super().__init__(poisson, reduction, name, dtype)


class CosineSimilarity(LossFunctionWrapper):
    """Minus the cosine of the angle between vectors along `axis`."""

    def __init__(self, axis=-1, reduction="sum_over_batch_size", name="cosine_similarity", dtype=None):
        super().__init__(cosine_similarity, reduction, name, dtype, axis=axis)
