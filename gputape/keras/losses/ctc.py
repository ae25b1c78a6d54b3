"""Connectionist temporal classification: sequences of labels without their alignment in time. Graves et al. 2006."""

from __future__ import annotations

import gputape as tf

from .loss import LossFunctionWrapper


def ctc(y_true, y_pred):
    """-log p(y_true | y_pred), summed over all alignments.

    Args:
        y_true: class numbers of shape (batch, max_length); 0 is the blank and pads short sequences.
        y_pred: logits of shape (batch, time, classes).

    Returns one value per sample. ValueError for other ranks.
    """
    y_true, y_pred = tf.convert_to_tensor(y_true), tf.convert_to_tensor(y_pred)
    if len(y_true.shape) != 2:
        raise ValueError(
            "Targets `y_true` are expected to be a tensor of shape `(batch_size, max_length)` in integer format. "
            f"Received: y_true.shape={y_true.shape}"
        )
    if len(y_pred.shape) != 3:
        raise ValueError(
            "Logits `y_pred` are expected to be a tensor of shape `(batch_size, max_length, num_classes)`. "
            f"Received: y_pred.shape={y_pred.shape}"
        )
    label_length = tf.reduce_sum(tf.cast(tf.not_equal(y_true, 0), "int32"), axis=-1)
    batch, time, _ = y_pred.shape
    half = y_pred.dtype.size == 2
    logits = tf.cast(y_pred, "float32") if half else y_pred
    return tf.nn.ctc_loss(y_true, logits, label_length, tf.fill([batch], int(time)), logits_time_major=False)


class CTC(LossFunctionWrapper):
    """Connectionist temporal classification: -log p of the label sequence under the logits, whatever its alignment."""

    def __init__(self, reduction="sum_over_batch_size", name="ctc", dtype=None):
        super().__init__(ctc, reduction, name, dtype)
