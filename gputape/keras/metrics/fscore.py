"""Weighted harmonic means of precision and recall."""

from __future__ import annotations

from typing import Any

import gputape as tf

from ..backend import epsilon
from .metric import Metric


class FBetaScore(Metric):
    """(1 + beta²) precision recall / (beta² precision + recall), for each class of one-hot labels.

    Args:
        average: None for one score per class, "macro" (their mean), "weighted" (weighted by the classes' labels),
            "micro" (the score of all classes counted together).
        beta: how much more recall counts than precision.
        threshold: predictions above it are positive; None: the largest of each sample is.

    ValueError for other arguments, and for inputs that are not of shape (batch, classes).

    >>> FBetaScore(beta=2.0, threshold=0.5)([[1, 1], [1, 0]], [[0.2, 0.6], [0.6, 0.2]]).numpy().round(4)
    array([0.5556, 1.    ], dtype=float32)
    """

    _direction = "up"
    true_positives: Any
    false_positives: Any
    false_negatives: Any
    intermediate_weights: Any

    def __init__(self, average=None, beta=1.0, threshold=None, name="fbeta_score", dtype=None):
        super().__init__(name=name, dtype=dtype)
        if average not in (None, "micro", "macro", "weighted"):
            raise ValueError(
                "Invalid `average` argument value. Expected one of: {None, 'micro', 'macro', 'weighted'}. Received: "
                f"average={average}"
            )
        for label, value in (("beta", beta), ("threshold", threshold)):
            if not isinstance(value, float) and (label == "beta" or value is not None):
                raise ValueError(
                    f"Invalid `{label}` argument value. It should be a Python float. Received: "
                    f"{label}={value} of type '{type(value)}'"
                )
        if beta <= 0:
            raise ValueError(f"Invalid `beta` argument value. It should be > 0. Received: beta={beta}")
        if threshold is not None and not 0 < threshold <= 1:
            raise ValueError(
                "Invalid `threshold` argument value. It should verify 0 < threshold <= 1. "
                f"Received: threshold={threshold}"
            )
        self.average, self.beta, self.threshold = average, beta, threshold
        self.axis = None if average == "micro" else 0
        self._built = False

    def _build(self, y_true_shape, y_pred_shape):
        flat = len(y_pred_shape) == 2 and len(y_true_shape) == 2
        if not flat or None in (y_pred_shape[-1], y_true_shape[-1]):
            defined = ", with output_dim fully defined (not None)" if flat else ""
            raise ValueError(
                f"FBetaScore expects 2D inputs with shape (batch_size, output_dim){defined}. Received input shapes: "
                f"y_pred.shape={y_pred_shape} and y_true.shape={y_true_shape}."
            )
        shape = () if self.average == "micro" else (int(y_pred_shape[-1]),)
        for label in ("true_positives", "false_positives", "false_negatives", "intermediate_weights"):
            setattr(self, label, self.add_variable(shape, "zeros", self.dtype, name=label))
        self._built = True

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_true, y_pred = tf.cast(y_true, self.dtype), tf.cast(y_pred, self.dtype)
        if not self._built:
            self._build(y_true.shape, y_pred.shape)
        if self.threshold is None:
            largest = tf.reduce_max(y_pred, axis=-1, keepdims=True)
            above = tf.logical_and(y_pred >= largest, tf.abs(y_pred) > 1e-9)
        else:
            above = y_pred > self.threshold
        above = tf.cast(above, self.dtype)
        weight = 1.0 if sample_weight is None else tf.expand_dims(tf.cast(sample_weight, self.dtype), 1)
        for variable, values in (
            (self.true_positives, above * y_true),
            (self.false_positives, above * (1 - y_true)),
            (self.false_negatives, (1 - above) * y_true),
            (self.intermediate_weights, y_true),
        ):
            variable.assign_add(tf.reduce_sum(values * weight, axis=self.axis))

    def result(self):
        precision = self.true_positives / (self.true_positives + self.false_positives + epsilon())
        recall = self.true_positives / (self.true_positives + self.false_negatives + epsilon())
        score = precision * recall / (self.beta**2 * precision + recall + epsilon()) * (1 + self.beta**2)
        if self.average == "weighted":
            weights = self.intermediate_weights
            return tf.reduce_sum(score * weights / (tf.reduce_sum(weights) + epsilon()))
        return score if self.average is None else tf.reduce_mean(score)

    def get_config(self):
        config = {"average": self.average, "beta": self.beta, "threshold": self.threshold}
        return {**super().get_config(), **config}


class F1Score(FBetaScore):
    """2 precision recall / (precision + recall). Arguments: see `FBetaScore`."""

    def __init__(self, average=None, threshold=None, name="f1_score", dtype=None):
        super().__init__(average, 1.0, threshold, name, dtype)

    def get_config(self):
        config = super().get_config()
        del config["beta"]
        return config
