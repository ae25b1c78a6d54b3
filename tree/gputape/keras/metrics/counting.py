"""True and false positives and negatives at thresholds: the counting that confusion metrics and AUC share."""

from __future__ import annotations

import gputape as tf

from ..backend import epsilon
from ..losses.loss import squeeze_or_expand_to_same_rank

NEG_INF = -1e10  # below every prediction: the threshold of what `top_k` left over


def parse_thresholds(thresholds, default=0.5) -> list[float]:
    """The thresholds as a list; ValueError unless all are in [0, 1]."""
    if thresholds is None:
        return [default]
    thresholds = list(thresholds) if isinstance(thresholds, (list, tuple)) else [thresholds]
    wrong = [t for t in thresholds if t is None or t < 0 or t > 1]
    if wrong:
        raise ValueError(f"Threshold values must be in [0, 1]. Received: {wrong}")
    return thresholds


def evenly_spaced(thresholds) -> bool:
    """Whether there are at least three thresholds, spaced evenly from 0 to 1."""
    last = len(thresholds) - 1
    return last >= 2 and all(abs(t - k / last) <= epsilon() + 1e-5 * k / last for k, t in enumerate(thresholds))


def count(
    variables,
    y_true,
    y_pred,
    thresholds,
    top_k=None,
    class_id=None,
    sample_weight=None,
    multi_label=False,
    label_weights=None,
    even=False,
):
    """Add to `variables`, a dict with some of the keys "tp", "fp", "tn", "fn", what y_pred gives at each threshold.

    A prediction is positive where it is above the threshold. Evenly spaced thresholds (`even`) are counted by sorting
    predictions into buckets, in a time that does not depend on the number of thresholds.

    Args:
        top_k: only the k largest predictions of a sample may be positive.
        class_id: count only this class (the last axis).
        multi_label: y_pred has shape (batch, labels), and variables (thresholds, labels) count each label.
        label_weights: one weight per label, multiplied into all counts unless `multi_label`.
    """
    dtype = next(iter(variables.values())).dtype
    y_pred, y_true = squeeze_or_expand_to_same_rank(tf.cast(y_pred, dtype), tf.cast(y_true, dtype))
    if sample_weight is not None:
        sample_weight = tf.expand_dims(tf.cast(sample_weight, dtype), -1)
        _, sample_weight = squeeze_or_expand_to_same_rank(y_true, sample_weight, expand_rank_1=False)
    if top_k is not None:
        y_pred = _only_top_k(y_pred, top_k)
    if class_id is not None:
        if len(y_pred.shape) == 1:
            raise ValueError(
                "When class_id is provided, y_pred must be a 2D array with shape (num_samples, num_classes), found "
                f"shape: {y_pred.shape}"
            )
        y_true, y_pred = y_true[..., class_id, None], y_pred[..., class_id, None]
    if tuple(y_true.shape) != tuple(y_pred.shape):
        raise ValueError(f"y_true and y_pred must have the same shape: got {y_true.shape} and {y_pred.shape}")

    weight = tf.ones_like(y_pred)
    if sample_weight is not None:
        weight = weight * tf.broadcast_to(sample_weight, y_pred.shape)
    if label_weights is not None and not multi_label:
        weight = weight * tf.expand_dims(tf.cast(label_weights, dtype), 0)
    positive = tf.cast(tf.cast(y_true, "bool"), dtype)
    columns = [int(y_pred.shape[0]), -1] if multi_label and len(y_pred.shape) > 1 else [-1, 1]
    y_pred, positive, weight = (tf.reshape(t, columns) for t in (y_pred, positive, weight))
    yes, no = positive * weight, (1.0 - positive) * weight
    sums = _sums_in_buckets if even else _sums_by_comparison
    tp, fp = sums(y_pred, (yes, no), thresholds)
    found = {"tp": tp, "fp": fp, "fn": tf.reduce_sum(yes, axis=0) - tp, "tn": tf.reduce_sum(no, axis=0) - fp}
    for key, variable in variables.items():
        variable.assign_add(tf.reshape(found[key], variable.shape))


def _sums_by_comparison(y_pred, weights, thresholds):
    """sum(weight where y_pred > threshold), of shape (thresholds, labels), for each of `weights`."""
    limits = tf.reshape(tf.cast(tf.convert_to_tensor(thresholds), y_pred.dtype), [-1, 1, 1])
    above = tf.cast(y_pred[None] > limits, y_pred.dtype)
    return [tf.einsum("tnl,nl->tl", above, w) for w in weights]


def _sums_in_buckets(y_pred, weights, thresholds):
    """The same for thresholds k / (n - 1): bucket k holds predictions in (k / (n - 1), (k + 1) / (n - 1)].

    A first threshold below zero takes predictions of exactly zero too.
    """
    n, labels = len(thresholds), int(y_pred.shape[1])
    bucket = tf.math.ceil(tf.clip_by_value(y_pred, 0.0, 1.0) * float(n - 1)) - 1.0
    first = 0.0 if float(thresholds[0]) < 0 else -1.0
    bucket = tf.cast(tf.maximum(bucket, first), "int32") + 1
    place = tf.reshape(bucket * labels + tf.range(labels), [-1])
    out = []
    for w in weights:
        sums = tf.math.unsorted_segment_sum(tf.reshape(w, [-1]), place, (n + 1) * labels)
        out.append(tf.cumsum(tf.reshape(sums, [n + 1, labels])[1:], axis=0, reverse=True))
    return out


def _only_top_k(x, k):
    """x where it is among the k largest of its last axis, NEG_INF elsewhere."""
    places = tf.math.top_k(x, k).indices
    kept = tf.reduce_sum(tf.one_hot(places, x.shape[-1], dtype=x.dtype), axis=-2)
    return x * kept + NEG_INF * (1 - kept)
