"""Losses between sets: how regions overlap (Dice, Tversky), how embeddings of one class cluster (circle)."""

from __future__ import annotations

import gputape as tf

from ..backend import epsilon
from ..scopes import set_keras_mask
from .loss import LossFunctionWrapper


def dice(y_true, y_pred, axis=None):
    """1 - 2 sum(y_true y_pred) / (sum(y_true) + sum(y_pred)) over `axis`, all axes by default.

    >>> dice([1.0, 1.0, 0.0], [1.0, 0.0, 0.0]).numpy().round(4)
    np.float32(0.3333)
    """
    y_pred = tf.convert_to_tensor(y_pred)
    y_true = tf.cast(y_true, y_pred.dtype)
    both = tf.reduce_sum(y_true * y_pred, axis=axis)
    return 1 - 2.0 * both / (tf.reduce_sum(y_true, axis=axis) + tf.reduce_sum(y_pred, axis=axis) + epsilon())


def tversky(y_true, y_pred, alpha=0.5, beta=0.5, axis=None):
    """1 - t / (t + alpha a + beta b); t = sum(y p), a = sum(y (1 - p)), b = sum((1 - y) p); y: y_true, p: y_pred.

    Salehi et al. 2017; with alpha = beta = 1/2 it is the Dice loss.
    """
    y_pred = tf.convert_to_tensor(y_pred)
    y_true = tf.cast(y_true, y_pred.dtype)
    both = tf.reduce_sum(y_true * y_pred, axis=axis)
    missed = tf.reduce_sum((1 - y_pred) * y_true, axis=axis)
    wrong = tf.reduce_sum(y_pred * (1 - y_true), axis=axis)
    return 1 - both / (both + missed * alpha + wrong * beta + epsilon())


def circle(y_true, y_pred, ref_labels=None, ref_embeddings=None, remove_diagonal=True, gamma=80, margin=0.4):
    """log(1 + sum_p exp(..) sum_n exp(..)) for each embedding, over those of its own class and of the others.

    Args:
        y_true: class numbers of shape (batch,) or (batch, 1).
        y_pred: embeddings of shape (batch, features), of length one.
        ref_labels, ref_embeddings: what to compare with; the batch itself by default, each row but not with itself.
        gamma: scale. margin: how far similarities are relaxed.

    Sun et al. 2020, Circle Loss, equation 6.
    """
    y_pred = tf.convert_to_tensor(y_pred)
    labels = tf.reshape(tf.cast(y_true, "int32"), [-1, 1])
    others = labels if ref_labels is None else tf.reshape(tf.cast(ref_labels, "int32"), [-1, 1])
    reference = y_pred if ref_embeddings is None else tf.cast(ref_embeddings, y_pred.dtype)
    distance = tf.maximum(1 - tf.matmul(y_pred, reference, transpose_b=True), 0.0)
    same = tf.equal(labels, tf.transpose(others))
    positive, negative = same, tf.logical_not(same)
    if remove_diagonal:
        positive = tf.logical_and(same, tf.logical_not(tf.eye(*same.shape, dtype="bool")))
    attract = -gamma * tf.maximum(margin + distance, 0.0) * (margin - distance)
    repel = gamma * tf.maximum(1 + margin - distance, 0.0) * (1 - margin - distance)
    nothing = tf.fill(tf.shape(distance), tf.cast(float("-inf"), distance.dtype))
    p = tf.reduce_logsumexp(tf.where(positive, attract, nothing), axis=1)
    n = tf.reduce_logsumexp(tf.where(negative, repel, nothing), axis=1)
    loss = tf.math.softplus(p + n)
    set_keras_mask(loss, loss > 0)
    return loss


class Dice(LossFunctionWrapper):
    """1 - 2 |A and B| / (|A| + |B|), for soft sets."""

    def __init__(self, reduction="sum_over_batch_size", name="dice", axis=None, dtype=None):
        super().__init__(dice, reduction, name, dtype, axis=axis)


class Tversky(LossFunctionWrapper):
    """The Dice loss with weights of their own for what is missed (alpha) and wrongly added (beta)."""

    def __init__(self, alpha=0.5, beta=0.5, reduction="sum_over_batch_size", name="tversky", axis=None, dtype=None):
        super().__init__(tversky, reduction, name, dtype, alpha=alpha, beta=beta, axis=axis)


class Circle(LossFunctionWrapper):
    """Pulls embeddings of one class together and apart from others, the more the worse they are."""

    def __init__(
        self,
        gamma=80.0,
        margin=0.4,
        remove_diagonal=True,
        reduction="sum_over_batch_size",
        name="circle",
        dtype=None,
    ):
        super().__init__(circle, reduction, name, dtype, gamma=gamma, margin=margin, remove_diagonal=remove_diagonal)

    def call(self, y_true, y_pred):
        return self.fn(y_true, y_pred, **self._fn_kwargs)
