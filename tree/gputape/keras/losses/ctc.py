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
    labels = tf.cast(y_true, "int32")
    length = tf.reduce_sum(tf.cast(tf.not_equal(labels, 0), "int32"), axis=-1)
    return -_log_likelihood(labels, length, tf.nn.log_softmax(y_pred))


def _log_likelihood(labels, length, log_p):
    """The forward recursion over states blank, l1, blank, l2, ..., blank, in logarithms.

    a[t, s] = log_p[t, state s] + logsumexp(a[t-1, s], a[t-1, s-1], a[t-1, s-2] if s is a label other than that of s-2)
    """
    batch, size = int(labels.shape[0]), int(labels.shape[1])
    blanks = tf.zeros_like(labels)
    states = tf.reshape(tf.stack([blanks, labels], axis=-1), [batch, 2 * size])
    states = tf.concat([states, blanks[:, :1] if size else tf.zeros([batch, 1], "int32")], axis=1)
    before = tf.pad(states, [[0, 0], [2, 0]])[:, : 2 * size + 1]
    may_skip = tf.logical_and(tf.not_equal(states, 0), tf.not_equal(states, before))

    # finite, so that differences of two impossible states are numbers and gradients stay finite
    never = -1e30 if log_p.dtype != "float16" else -6e4
    emitted = tf.gather(log_p, tf.tile(states[:, None, :], [1, log_p.shape[1], 1]), axis=2, batch_dims=2)
    impossible = tf.fill([batch, 2 * size + 1], tf.cast(never, log_p.dtype))
    start = tf.range(2 * size + 1) < 2
    a = tf.where(start, emitted[:, 0], impossible)
    for t in range(1, int(log_p.shape[1])):
        one = tf.concat([impossible[:, :1], a[:, :-1]], axis=1)
        two = tf.where(may_skip, tf.concat([impossible[:, :2], a[:, :-2]], axis=1)[:, : 2 * size + 1], impossible)
        a = tf.maximum(emitted[:, t] + tf.reduce_logsumexp(tf.stack([a, one, two]), axis=0), never)

    last = 2 * length  # the blank after the last label, or that label itself
    ends = tf.one_hot(last, 2 * size + 1, dtype="bool", on_value=True, off_value=False)
    labels_end = tf.one_hot(last - 1, 2 * size + 1, dtype="bool", on_value=True, off_value=False)
    return tf.reduce_logsumexp(tf.where(tf.logical_or(ends, labels_end), a, impossible), axis=1)


class CTC(LossFunctionWrapper):
    """Connectionist temporal classification: -log p of the label sequence under the logits, whatever its alignment."""

    def __init__(self, reduction="sum_over_batch_size", name="ctc", dtype=None):
        super().__init__(ctc, reduction, name, dtype)
