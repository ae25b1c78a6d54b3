"""Losses as metrics, correlations, and other means over samples."""

from __future__ import annotations

import gputape as tf

from .. import losses
from ..backend import epsilon
from ..losses.loss import like, squeeze_or_expand_to_same_rank
from ..losses.regression import unit
from .metric import Metric
from .reduction import Mean, MeanMetricWrapper


def cosine_similarity(y_true, y_pred, axis=-1):
    """The cosine of the angle between vectors along `axis`."""
    y_true, y_pred = like(y_true, y_pred)
    return tf.reduce_sum(unit(y_true, axis) * unit(y_pred, axis), axis=axis)


def pearson_correlation(y_true, y_pred, axis=-1):
    """The covariance along `axis`, divided by both standard deviations.

    >>> pearson_correlation([[0.0, 1.0, 0.5]], [[0.1, 0.9, 0.5]]).numpy().round(4)
    array([1.], dtype=float32)
    """
    scaled = []
    for y in like(y_true, y_pred):
        y = y - tf.reduce_mean(y, axis=axis, keepdims=True)
        scaled.append(y / tf.math.reduce_std(y, axis=axis, keepdims=True))
    return tf.reduce_mean(scaled[0] * scaled[1], axis=axis)


def concordance_correlation(y_true, y_pred, axis=-1):
    """Twice the covariance, divided by both variances plus the square of the means' difference. Lin 1989."""
    y_true, y_pred = like(y_true, y_pred)
    mean_true = tf.reduce_mean(y_true, axis=axis, keepdims=True)
    mean_pred = tf.reduce_mean(y_pred, axis=axis, keepdims=True)
    var_true = tf.math.reduce_variance(y_true, axis=axis, keepdims=True)
    var_pred = tf.math.reduce_variance(y_pred, axis=axis, keepdims=True)
    covariance = (y_true - mean_pred) * (y_pred - mean_pred)
    norm = var_true + var_pred + tf.square(mean_true - mean_pred)
    return tf.reduce_mean(2 * covariance / (norm + epsilon()), axis=axis)


class _LossMetric(MeanMetricWrapper):
    """The mean of a loss function."""

    _direction = "down"


class MeanSquaredError(_LossMetric):
    """The mean of (y_true - y_pred)²."""

    def __init__(self, name="mean_squared_error", dtype=None):
        super().__init__(losses.mean_squared_error, name, dtype)


class MeanAbsoluteError(_LossMetric):
    """The mean of |y_true - y_pred|."""

    def __init__(self, name="mean_absolute_error", dtype=None):
        super().__init__(losses.mean_absolute_error, name, dtype)


class MeanAbsolutePercentageError(_LossMetric):
    """100 times the mean of |y_true - y_pred| / |y_true|."""

    def __init__(self, name="mean_absolute_percentage_error", dtype=None):
        super().__init__(losses.mean_absolute_percentage_error, name, dtype)


class MeanSquaredLogarithmicError(_LossMetric):
    """The mean of (log(1 + y_true) - log(1 + y_pred))²."""

    def __init__(self, name="mean_squared_logarithmic_error", dtype=None):
        super().__init__(losses.mean_squared_logarithmic_error, name, dtype)


class LogCoshError(_LossMetric):
    """The mean of log(cosh(y_pred - y_true))."""

    def __init__(self, name="logcosh", dtype=None):
        super().__init__(losses.log_cosh, name, dtype)


class Hinge(_LossMetric):
    """The mean of max(1 - y_true y_pred, 0)."""

    def __init__(self, name="hinge", dtype=None):
        super().__init__(losses.hinge, name, dtype)


class SquaredHinge(_LossMetric):
    """The mean of max(1 - y_true y_pred, 0)²."""

    def __init__(self, name="squared_hinge", dtype=None):
        super().__init__(losses.squared_hinge, name, dtype)


class CategoricalHinge(_LossMetric):
    """The mean of max(best wrong score - score of the true class + 1, 0)."""

    def __init__(self, name="categorical_hinge", dtype=None):
        super().__init__(losses.categorical_hinge, name, dtype)


class KLDivergence(_LossMetric):
    """The mean of sum(y_true log(y_true / y_pred))."""

    def __init__(self, name="kl_divergence", dtype=None):
        super().__init__(losses.kl_divergence, name, dtype)


class Poisson(_LossMetric):
    """The mean of y_pred - y_true log(y_pred)."""

    def __init__(self, name="poisson", dtype=None):
        super().__init__(losses.poisson, name, dtype)


class BinaryCrossentropy(_LossMetric):
    """The mean of `keras.losses.binary_crossentropy`."""

    def __init__(self, name="binary_crossentropy", dtype=None, from_logits=False, label_smoothing=0):
        own = {"from_logits": from_logits, "label_smoothing": label_smoothing}
        super().__init__(losses.binary_crossentropy, name, dtype, **own)


class CategoricalCrossentropy(_LossMetric):
    """The mean of `keras.losses.categorical_crossentropy`."""

    def __init__(self, name="categorical_crossentropy", dtype=None, from_logits=False, label_smoothing=0, axis=-1):
        own = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(losses.categorical_crossentropy, name, dtype, **own)


class SparseCategoricalCrossentropy(_LossMetric):
    """The mean of `keras.losses.sparse_categorical_crossentropy`."""

    def __init__(
        self, name="sparse_categorical_crossentropy", dtype=None, from_logits=False, ignore_class=None, axis=-1
    ):
        own = {"from_logits": from_logits, "ignore_class": ignore_class, "axis": axis}
        super().__init__(losses.sparse_categorical_crossentropy, name, dtype, **own)


class CosineSimilarity(MeanMetricWrapper):
    """The mean cosine of the angle between vectors along `axis`."""

    _direction = "up"

    def __init__(self, name="cosine_similarity", dtype=None, axis=-1):
        super().__init__(cosine_similarity, name, dtype, axis=axis)


class PearsonCorrelation(MeanMetricWrapper):
    """The mean of `pearson_correlation` along `axis`."""

    _direction = "up"

    def __init__(self, name="pearson_correlation", dtype=None, axis=-1):
        super().__init__(pearson_correlation, name, dtype, axis=axis)


class ConcordanceCorrelation(MeanMetricWrapper):
    """The mean of `concordance_correlation` along `axis`."""

    _direction = "up"

    def __init__(self, name="concordance_correlation", dtype=None, axis=-1):
        super().__init__(concordance_correlation, name, dtype, axis=axis)


class RootMeanSquaredError(Mean):
    """The root of the mean of (y_true - y_pred)².

    >>> float(RootMeanSquaredError()([0.0, 0.0], [3.0, 3.0]))
    3.0
    """

    _direction = "down"

    def __init__(self, name="root_mean_squared_error", dtype=None):
        super().__init__(name, dtype)

    def update_state(self, y_true, y_pred, sample_weight=None):  # type: ignore[override]
        pair = squeeze_or_expand_to_same_rank(tf.cast(y_true, self.dtype), tf.cast(y_pred, self.dtype))
        super().update_state(tf.math.squared_difference(*pair), sample_weight=sample_weight)

    def result(self):
        return tf.sqrt(super().result())


class R2Score(Metric):
    """1 - squared error / variance of y_true, for each output and then averaged.

    Args:
        class_aggregation: "uniform_average", "variance_weighted_average", or None for one score per output.
        num_regressors: the number of independent variables; above 0 the adjusted score is given, unless there are too
            few samples.

    ValueError for other arguments, and for inputs that are not of shape (batch, outputs).

    >>> round(float(R2Score()([[1.0], [4.0], [3.0]], [[2.0], [4.0], [4.0]])), 4)
    0.5714
    """

    _direction = "up"

    def __init__(self, class_aggregation="uniform_average", num_regressors=0, name="r2_score", dtype=None):
        super().__init__(name=name, dtype=dtype)
        allowed = (None, "uniform_average", "variance_weighted_average")
        if class_aggregation not in allowed:
            raise ValueError(
                f"Invalid value for argument `class_aggregation`. Expected one of {allowed}. Received: "
                f"class_aggregation={class_aggregation}"
            )
        if num_regressors < 0:
            raise ValueError(
                "Invalid value for argument `num_regressors`. Expected a value >= 0. Received: "
                f"num_regressors={num_regressors}"
            )
        self.class_aggregation, self.num_regressors = class_aggregation, num_regressors
        self.num_samples = self.add_variable((), "zeros", name="num_samples")
        self._built = False

    def _build(self, y_true_shape, y_pred_shape):
        if len(y_pred_shape) != 2 or len(y_true_shape) != 2:
            raise ValueError(
                "R2Score expects 2D inputs with shape (batch_size, output_dim). Received input shapes: "
                f"y_pred.shape={y_pred_shape} and y_true.shape={y_true_shape}."
            )
        outputs = (int(y_pred_shape[-1]),)
        self.squared_sum = self.add_variable(outputs, "zeros", name="squared_sum")
        self.sum = self.add_variable(outputs, "zeros", name="sum")
        self.total_mse = self.add_variable(outputs, "zeros", name="residual")
        self.count = self.add_variable(outputs, "zeros", name="count")
        self._built = True

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_true, y_pred = squeeze_or_expand_to_same_rank(tf.cast(y_true, self.dtype), tf.cast(y_pred, self.dtype))
        if not self._built:
            self._build(y_true.shape, y_pred.shape)
        weight = tf.cast(1 if sample_weight is None else sample_weight, self.dtype)
        weight = tf.expand_dims(weight, 1) if len(weight.shape) == 1 else weight
        weight = tf.broadcast_to(weight, y_true.shape)
        self.sum.assign_add(tf.reduce_sum(y_true * weight, axis=0))
        self.squared_sum.assign_add(tf.reduce_sum(y_true * y_true * weight, axis=0))
        self.total_mse.assign_add(tf.reduce_sum(tf.math.squared_difference(y_true, y_pred) * weight, axis=0))
        self.count.assign_add(tf.reduce_sum(weight, axis=0))
        self.num_samples.assign_add(float(y_true.shape[0] * y_true.shape[1]))

    def result(self):
        total = self.squared_sum - self.sum * (self.sum / self.count)
        scores = 1 - self.total_mse / total
        scores = tf.where(tf.math.is_inf(scores), tf.zeros_like(scores), scores)
        if self.class_aggregation == "uniform_average":
            scores = tf.reduce_mean(scores)
        elif self.class_aggregation == "variance_weighted_average":
            scores = tf.reduce_sum(total * scores) / tf.reduce_sum(total)
        if self.num_regressors == 0:
            return scores
        left = self.num_samples - 1.0 - float(self.num_regressors)
        return tf.where(left > 0, 1.0 - tf.math.divide_no_nan((1.0 - scores) * (self.num_samples - 1.0), left), scores)

    def get_config(self):
        config = {"class_aggregation": self.class_aggregation, "num_regressors": self.num_regressors}
        return {**super().get_config(), **config}
