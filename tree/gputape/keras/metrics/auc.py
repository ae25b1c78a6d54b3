"""The area under the curve of two rates as the threshold moves. Davis and Goadrich 2006 for precision and recall."""

from __future__ import annotations

import gputape as tf

from ..activations import sigmoid
from ..backend import epsilon
from .counting import count, evenly_spaced
from .metric import Metric

_CURVES = ("ROC", "PR", "PRGAIN")
_SUMMATIONS = ("interpolation", "majoring", "minoring")


class AUC(Metric):
    """The area under a curve, by a Riemann sum over thresholds.

    Args:
        num_thresholds: how many thresholds, spaced evenly; more than 1.
        curve: "ROC" (true against false positive rate), "PR" (precision against recall), "PRGAIN" (their gains).
        summation_method: "interpolation" (trapezoids; for PR the true curve between points), "majoring" (the higher end
            of each piece), "minoring" (the lower).
        thresholds: thresholds in (0, 1) to use instead of evenly spaced ones.
        multi_label: y_pred has shape (batch, labels): the mean of the labels' areas, weighted by `label_weights`.
        num_labels: the number of labels; None: found at the first call. Only with `multi_label`.
        from_logits: y_pred holds logits.

    ValueError for other arguments.

    >>> float(AUC(num_thresholds=3)([0, 0, 1, 1], [0, 0.5, 0.3, 0.9]))
    0.75
    """

    _direction = "up"

    def __init__(
        self,
        num_thresholds=200,
        curve="ROC",
        summation_method="interpolation",
        name=None,
        dtype=None,
        thresholds=None,
        multi_label=False,
        num_labels=None,
        label_weights=None,
        from_logits=False,
    ):
        super().__init__(name=name, dtype=dtype)
        if str(curve).upper() not in _CURVES:
            raise ValueError(f'Invalid AUC curve value: "{curve}". Expected values are {_CURVES}')
        if str(summation_method).lower() not in _SUMMATIONS:
            raise ValueError(
                f'Invalid AUC summation method value: "{summation_method}". Expected values are {_SUMMATIONS}'
            )
        if num_labels and not multi_label:
            raise ValueError("`num_labels` is needed only when `multi_label` is True.")
        if thresholds is None and num_thresholds <= 1:
            raise ValueError(
                f"Argument `num_thresholds` must be an integer > 1. Received: num_thresholds={num_thresholds}"
            )
        self.curve, self.summation_method = str(curve).upper(), str(summation_method).lower()
        self._init_from_thresholds = thresholds is not None
        inner = (
            sorted(thresholds)
            if thresholds is not None
            else [k / (num_thresholds - 1) for k in range(1, num_thresholds - 1)]
        )
        self.num_thresholds = len(inner) + 2
        self._even = thresholds is None or evenly_spaced([0.0, *inner, 1.0])
        self._thresholds = [-epsilon(), *inner, 1.0 + epsilon()]
        self.multi_label, self.num_labels, self._from_logits = multi_label, num_labels, from_logits
        self.label_weights = None if label_weights is None else tf.cast(label_weights, self.dtype)
        self._built = False
        if not multi_label or num_labels:
            self._build((None, num_labels) if multi_label else None)

    @property
    def thresholds(self) -> list[float]:
        return list(self._thresholds)

    def _build(self, shape):
        if self.multi_label and len(shape) != 2:
            raise ValueError(
                f"`y_pred` must have rank 2 when `multi_label=True`. Found rank {len(shape)}. Full shape received for "
                f"`y_pred`: {shape}"
            )
        size = (self.num_thresholds, int(shape[1])) if self.multi_label else (self.num_thresholds,)
        self.true_positives = self.add_variable(size, "zeros", name="true_positives")
        self.false_positives = self.add_variable(size, "zeros", name="false_positives")
        self.true_negatives = self.add_variable(size, "zeros", name="true_negatives")
        self.false_negatives = self.add_variable(size, "zeros", name="false_negatives")
        self._built = True

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_pred = tf.convert_to_tensor(y_pred)
        if not self._built:
            self._build(y_pred.shape)
        variables = {"tp": self.true_positives, "fp": self.false_positives}
        variables |= {"tn": self.true_negatives, "fn": self.false_negatives}
        count(
            variables,
            y_true,
            sigmoid(y_pred) if self._from_logits else y_pred,
            self._thresholds,
            sample_weight=sample_weight,
            multi_label=self.multi_label,
            label_weights=self.label_weights,
            even=self._even,
        )

    def interpolate_pr_auc(self):
        """The exact area under the precision-recall curve, true positives growing linearly between thresholds."""
        tp, p = self.true_positives, self.true_positives + self.false_positives
        gained = tp[:-1] - tp[1:]
        slope = tf.math.divide_no_nan(gained, tf.maximum(p[:-1] - p[1:], 0))
        intercept = tp[1:] - slope * p[1:]
        both = tf.logical_and(p[:-1] > 0, p[1:] > 0)
        ratio = tf.where(both, tf.math.divide_no_nan(p[:-1], tf.maximum(p[1:], 0)), tf.ones_like(p[1:]))
        positives = tf.maximum(tp[1:] + self.false_negatives[1:], 0)
        return self._mean(tf.math.divide_no_nan(slope * (gained + intercept * tf.math.log(ratio)), positives))

    def _mean(self, pieces):
        """The sum over thresholds, and the weighted mean over labels."""
        area = tf.reduce_sum(pieces, axis=0)
        if not self.multi_label:
            return area
        if self.label_weights is None:
            return tf.reduce_mean(area)
        return tf.math.divide_no_nan(tf.reduce_sum(area * self.label_weights), tf.reduce_sum(self.label_weights))

    def result(self):
        if self.curve == "PR" and self.summation_method == "interpolation":
            return self.interpolate_pr_auc()
        tp, fp, tn, fn = self.true_positives, self.false_positives, self.true_negatives, self.false_negatives
        x, y = getattr(self, "_" + self.curve.lower())(tp, fp, tn, fn)
        if self.summation_method == "interpolation":
            heights = (y[:-1] + y[1:]) / 2.0
        else:
            heights = (tf.minimum if self.summation_method == "minoring" else tf.maximum)(y[:-1], y[1:])
        return self._mean((x[:-1] - x[1:]) * heights)

    @staticmethod
    def _roc(tp, fp, tn, fn):
        return tf.math.divide_no_nan(fp, fp + tn), tf.math.divide_no_nan(tp, tp + fn)

    @staticmethod
    def _pr(tp, fp, tn, fn):
        return tf.math.divide_no_nan(tp, tp + fn), tf.math.divide_no_nan(tp, tp + fp)

    @staticmethod
    def _prgain(tp, fp, tn, fn):
        scale = tf.math.divide_no_nan(tp + fn, tn + fp)
        none = tf.equal(tp, 0.0)
        recall = tf.where(none, tf.zeros_like(tp), 1.0 - scale * tf.math.divide_no_nan(fn, tp))
        precision = tf.where(none, tf.ones_like(tp), 1.0 - scale * tf.math.divide_no_nan(fp, tp))
        return tf.maximum(recall, 0.0), precision

    def reset_state(self):
        if self._built:
            super().reset_state()

    def get_config(self):
        config = {
            "num_thresholds": self.num_thresholds,
            "curve": self.curve,
            "summation_method": self.summation_method,
            "multi_label": self.multi_label,
            "num_labels": self.num_labels,
            "label_weights": None if self.label_weights is None else self.label_weights.numpy().tolist(),
            "from_logits": self._from_logits,
        }
        if self._init_from_thresholds:
            config["thresholds"] = self.thresholds[1:-1]
        return {**super().get_config(), **config}
