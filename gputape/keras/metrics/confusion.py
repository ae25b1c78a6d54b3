"""Metrics made of true and false positives and negatives."""

from __future__ import annotations

from typing import Any

import gputape as tf

from .counting import NEG_INF, count, evenly_spaced, parse_thresholds
from .metric import Metric


class _Confusion(Metric):
    """A metric that keeps some of the four counts, for each threshold."""

    counts: dict[str, str] = {}  # noqa: RUF012  (name of the attribute: which count)

    def __init__(self, thresholds, even, name, dtype, top_k=None, class_id=None):
        super().__init__(name=name, dtype=dtype)
        self.thresholds, self._even = thresholds, even
        self.top_k, self.class_id = top_k, class_id
        for label in self.counts:
            setattr(self, label, self.add_variable((len(thresholds),), "zeros", name=label))

    def update_state(self, y_true, y_pred, sample_weight=None):
        variables = {key: getattr(self, label) for label, key in self.counts.items()}
        options = {"top_k": self.top_k, "class_id": self.class_id, "sample_weight": sample_weight}
        count(variables, y_true, y_pred, self.thresholds, even=self._even, **options)

    def _one_or_all(self, values):
        return values[0] if len(self.thresholds) == 1 else tf.identity(values)


class _Count(_Confusion):
    accumulator: Any

    def __init__(self, thresholds=None, name=None, dtype=None):
        self.init_thresholds = thresholds
        parsed = parse_thresholds(thresholds)
        super().__init__(parsed, evenly_spaced(parsed), name, dtype)

    def result(self):
        return self._one_or_all(self.accumulator)

    def get_config(self):
        return {**super().get_config(), "thresholds": self.init_thresholds}


class TruePositives(_Count):
    """How many (or the weight of) predictions above the threshold have the label 1."""

    counts = {"accumulator": "tp"}  # noqa: RUF012


class FalsePositives(_Count):
    """How many (or the weight of) predictions above the threshold have the label 0."""

    counts = {"accumulator": "fp"}  # noqa: RUF012


class TrueNegatives(_Count):
    """How many (or the weight of) predictions not above the threshold have the label 0."""

    counts = {"accumulator": "tn"}  # noqa: RUF012


class FalseNegatives(_Count):
    """How many (or the weight of) predictions not above the threshold have the label 1."""

    counts = {"accumulator": "fn"}  # noqa: RUF012


class _Share(_Confusion):
    """true positives / (true positives + the second count)."""

    _direction = "up"

    def __init__(self, thresholds=None, top_k=None, class_id=None, name=None, dtype=None):
        self.init_thresholds = thresholds
        parsed = parse_thresholds(thresholds, 0.5 if top_k is None else NEG_INF)
        super().__init__(parsed, evenly_spaced(parsed), name, dtype, top_k, class_id)

    def result(self):
        right, wrong = (getattr(self, label) for label in self.counts)
        return self._one_or_all(tf.math.divide_no_nan(right, right + wrong))

    def get_config(self):
        config = {"thresholds": self.init_thresholds, "top_k": self.top_k, "class_id": self.class_id}
        return {**super().get_config(), **config}


class Precision(_Share):
    """Which share of the predictions above the threshold is right.

    Args:
        thresholds: a number in [0, 1] or several. Default 0.5, or none if `top_k` is given.
        top_k: only the k largest predictions of a sample count as positive.
        class_id: look at this class only.

    >>> round(float(Precision()([0, 1, 1, 1], [1, 0, 1, 1])), 4)
    0.6667
    """

    counts = {"true_positives": "tp", "false_positives": "fp"}  # noqa: RUF012


class Recall(_Share):
    """Which share of the labels 1 is predicted above the threshold. Arguments: see `Precision`."""

    counts = {"true_positives": "tp", "false_negatives": "fn"}  # noqa: RUF012


class _Tradeoff(_Confusion):
    """The largest value of one rate among the thresholds at which another is at least a given one."""

    _direction = "up"
    true_positives: Any
    false_positives: Any
    true_negatives: Any
    false_negatives: Any
    wanted = ""  # the name of the argument that says how large the other rate must be
    counts = {  # noqa: RUF012
        "true_positives": "tp",
        "false_positives": "fp",
        "true_negatives": "tn",
        "false_negatives": "fn",
    }

    def __init__(self, value, num_thresholds=200, class_id=None, name=None, dtype=None):
        if not 0 <= value <= 1:
            raise ValueError(f"Argument `{self.wanted}` must be in the range [0, 1]. Received: {self.wanted}={value}")
        if num_thresholds <= 0:
            raise ValueError(
                f"Argument `num_thresholds` must be an integer > 0. Received: num_thresholds={num_thresholds}"
            )
        self.value, self.num_thresholds = value, num_thresholds
        even = num_thresholds > 1
        thresholds = [k / (num_thresholds - 1) for k in range(num_thresholds)] if even else [0.5]
        super().__init__(thresholds, even, name, dtype, class_id=class_id)
        setattr(self, self.wanted, value)

    def _rate(self, right, wrong):
        return tf.math.divide_no_nan(right, right + wrong)

    @property
    def _sensitivity(self):
        return self._rate(self.true_positives, self.false_negatives)

    @property
    def _specificity(self):
        return self._rate(self.true_negatives, self.false_positives)

    @property
    def _precision(self):
        return self._rate(self.true_positives, self.false_positives)

    def _best(self, constrained, rate):
        return tf.maximum(tf.reduce_max(tf.where(constrained >= self.value, rate, tf.zeros_like(rate))), 0.0)

    def get_config(self):
        config = {"num_thresholds": self.num_thresholds, self.wanted: self.value, "class_id": self.class_id}
        return {**super().get_config(), **config}


class SensitivityAtSpecificity(_Tradeoff):
    """The largest tp / (tp + fn) at a threshold where tn / (tn + fp) is at least `specificity`."""

    wanted = "specificity"

    def __init__(self, specificity, num_thresholds=200, class_id=None, name=None, dtype=None):
        super().__init__(specificity, num_thresholds, class_id, name, dtype)

    def result(self):
        return self._best(self._specificity, self._sensitivity)


class SpecificityAtSensitivity(_Tradeoff):
    """The largest tn / (tn + fp) at a threshold where tp / (tp + fn) is at least `sensitivity`."""

    wanted = "sensitivity"

    def __init__(self, sensitivity, num_thresholds=200, class_id=None, name=None, dtype=None):
        super().__init__(sensitivity, num_thresholds, class_id, name, dtype)

    def result(self):
        return self._best(self._sensitivity, self._specificity)


class PrecisionAtRecall(_Tradeoff):
    """The largest tp / (tp + fp) at a threshold where tp / (tp + fn) is at least `recall`."""

    wanted = "recall"

    def __init__(self, recall, num_thresholds=200, class_id=None, name=None, dtype=None):
        super().__init__(recall, num_thresholds, class_id, name, dtype)

    def result(self):
        return self._best(self._sensitivity, self._precision)


class RecallAtPrecision(_Tradeoff):
    """The largest tp / (tp + fn) at a threshold where tp / (tp + fp) is at least `precision`."""

    wanted = "precision"

    def __init__(self, precision, num_thresholds=200, class_id=None, name=None, dtype=None):
        super().__init__(precision, num_thresholds, class_id, name, dtype)

    def result(self):
        return self._best(self._precision, self._sensitivity)
