"""Losses between classes and probabilities: cross-entropies, focal losses, Kullback-Leibler divergence.

With `from_logits=True`, or where y_pred is itself the result of a softmax or sigmoid activation, the fused loss of the
logits is used; otherwise probabilities are cut to [epsilon, 1 - epsilon] before their logarithm is taken.
"""

from __future__ import annotations

import warnings

import gputape as tf

from ..backend import epsilon
from ..logits import logits_of
from ..scopes import set_keras_mask
from .loss import LossFunctionWrapper


def kl_divergence(y_true, y_pred):
    """sum(y_true log(y_true / y_pred)) over the last axis.

    >>> kl_divergence([[0.5, 0.5]], [[0.25, 0.75]]).numpy().round(4)
    array([0.1438], dtype=float32)
    """
    y_pred = tf.convert_to_tensor(y_pred)
    y_true = tf.clip_by_value(tf.cast(y_true, y_pred.dtype), epsilon(), 1.0)
    y_pred = tf.clip_by_value(y_pred, epsilon(), 1.0)
    return tf.reduce_sum(y_true * tf.math.log(y_true / y_pred), axis=-1)


def binary_crossentropy(y_true, y_pred, from_logits=False, label_smoothing=0.0, axis=-1):
    """mean(-y_true log(p) - (1 - y_true) log(1 - p)) over `axis`; p is y_pred, or its sigmoid if `from_logits`.

    Args:
        label_smoothing: moves labels towards 1/2 by this share.

    Raises ValueError if the shapes differ.
    """
    y_pred = tf.convert_to_tensor(y_pred)
    y_true = tf.cast(y_true, y_pred.dtype)
    if label_smoothing:
        y_true = y_true * (1.0 - label_smoothing) + 0.5 * label_smoothing
    return tf.reduce_mean(_binary(y_true, y_pred, from_logits), axis=axis)


def binary_focal_crossentropy(
    y_true,
    y_pred,
    apply_class_balancing=False,
    alpha=0.25,
    gamma=2.0,
    from_logits=False,
    label_smoothing=0.0,
    axis=-1,
):
    """Binary cross-entropy times (1 - p of the true class)^gamma, times alpha or 1 - alpha if balanced. Lin et al."""
    y_pred = tf.convert_to_tensor(y_pred)
    y_true = tf.cast(y_true, y_pred.dtype)
    if label_smoothing:
        y_true = y_true * (1.0 - label_smoothing) + 0.5 * label_smoothing
    p = tf.sigmoid(y_pred) if from_logits else y_pred
    p_true = y_true * p + (1 - y_true) * (1 - p)
    loss = tf.pow(1.0 - p_true, gamma) * _binary(y_true, p, False)
    if apply_class_balancing:
        loss = (y_true * alpha + (1 - y_true) * (1 - alpha)) * loss
    return tf.reduce_mean(loss, axis=axis)


def categorical_crossentropy(y_true, y_pred, from_logits=False, label_smoothing=0.0, axis=-1):
    """-sum(y_true log(p)) over `axis`; p is y_pred divided by its sum, or its softmax if `from_logits`.

    Args:
        y_true: probabilities of the classes (one-hot vectors), of y_pred's shape.
        label_smoothing: moves y_true towards the uniform distribution by this share.

    Raises ValueError if the shapes differ.

    >>> categorical_crossentropy([[0, 1]], [[0.5, 0.5]]).numpy().round(4)
    array([0.6931], dtype=float32)
    """
    y_true, y_pred = _categories("categorical_crossentropy", y_true, y_pred, label_smoothing, axis)
    _check_shapes("categorical_crossentropy", y_true.shape, y_pred.shape)
    logits = _logits(y_pred, from_logits, "softmax", "categorical_crossentropy")
    if logits is not None:
        return tf.nn.softmax_cross_entropy_with_logits(labels=y_true, logits=logits, axis=axis)
    p = _cut(y_pred / tf.reduce_sum(y_pred, axis=axis, keepdims=True))
    return -tf.reduce_sum(y_true * tf.math.log(p), axis=axis)


def categorical_focal_crossentropy(
    y_true, y_pred, alpha=0.25, gamma=2.0, from_logits=False, label_smoothing=0.0, axis=-1
):
    """sum(-alpha (1 - p)^gamma y_true log(p)) over `axis`. Lin et al. 2017."""
    y_true, y_pred = _categories("categorical_focal_crossentropy", y_true, y_pred, label_smoothing, axis)
    if from_logits:
        y_pred = tf.nn.softmax(y_pred, axis=axis)
    p = _cut(y_pred / tf.reduce_sum(y_pred, axis=axis, keepdims=True))
    return tf.reduce_sum(alpha * tf.pow(1.0 - p, gamma) * (-y_true * tf.math.log(p)), axis=axis)


def sparse_categorical_crossentropy(y_true, y_pred, from_logits=False, ignore_class=None, axis=-1):
    """-log(p[y_true]), p being y_pred, or its softmax if `from_logits`, along the last axis.

    Args:
        y_true: class numbers, of y_pred's shape without the last axis (or with a last axis of size 1).
        ignore_class: samples of this class get the loss zero and are left out of means.

    Raises ValueError for other shapes and for an `axis` that is not the last; InvalidArgumentError (on the CPU; NaN on
    the GPU) for class numbers outside [0, classes).
    """
    y_true, y_pred = tf.convert_to_tensor(y_true), tf.convert_to_tensor(y_pred)
    if axis not in (-1, len(y_pred.shape) - 1):
        raise ValueError(f"Only axis=-1 is currently supported. Received: axis={axis}")
    if len(y_true.shape) == len(y_pred.shape) and y_true.shape[-1] == 1:
        y_true = tf.squeeze(y_true, axis=-1)
    labels = tf.cast(y_true, "int64")
    logits = _logits(y_pred, from_logits, "softmax", "sparse_categorical_crossentropy")
    if logits is None:
        logits = tf.math.log(_cut(y_pred))
    if tuple(labels.shape) != tuple(logits.shape[:-1]):
        raise ValueError(
            "sparse_categorical_crossentropy: Arguments `target` and `output` must have the same shape up until the "
            f"last dimension: target.shape={labels.shape}, output.shape={logits.shape}; y_true holds class numbers, "
            "one-hot vectors need categorical_crossentropy"
        )
    if ignore_class is None:
        return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    valid = tf.not_equal(labels, ignore_class)
    labels = tf.where(valid, labels, tf.zeros_like(labels))
    logits = tf.where(tf.expand_dims(valid, -1), logits, tf.zeros_like(logits))
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    loss = tf.where(valid, loss, tf.zeros_like(loss))
    set_keras_mask(loss, valid)
    return loss


def categorical_generalized_cross_entropy(y_true, y_pred, q):
    """(1 - p[y_true]^q) / q: cross-entropy for q -> 0, mean absolute error for q = 1. Zhang and Sabuncu 2018."""
    y_pred = tf.convert_to_tensor(y_pred)
    chosen = tf.one_hot(tf.cast(y_true, "int64"), y_pred.shape[-1], dtype=y_pred.dtype)
    return (1 - tf.pow(tf.reduce_sum(y_pred * chosen, axis=-1), q)) / q


def _binary(y_true, y_pred, from_logits):
    _check_shapes("binary_crossentropy", y_true.shape, y_pred.shape)
    logits = _logits(y_pred, from_logits, "sigmoid", "binary_crossentropy")
    if logits is not None:
        return tf.nn.sigmoid_cross_entropy_with_logits(labels=y_true, logits=logits)
    p = _cut(y_pred)
    return -(y_true * tf.math.log(p) + (1 - y_true) * tf.math.log(1 - p))


def _categories(loss, y_true, y_pred, label_smoothing, axis):
    if isinstance(axis, bool):
        raise ValueError(f"`axis` must be of type `int`. Received: axis={axis} of type {type(axis)}")
    y_pred = tf.convert_to_tensor(y_pred)
    y_true = tf.cast(y_true, y_pred.dtype)
    if y_pred.shape[-1] == 1:
        warnings.warn(
            f"In loss {loss}, expected y_pred.shape to be (batch_size, num_classes) with num_classes > 1. Received: "
            f"y_pred.shape={y_pred.shape}. Consider using 'binary_crossentropy' if you only have 2 classes.",
            SyntaxWarning,
            stacklevel=3,
        )
    if label_smoothing:
        y_true = y_true * (1.0 - label_smoothing) + label_smoothing / int(y_true.shape[-1])
    return y_true, y_pred


def _check_shapes(loss, target, output):
    if len(target) != len(output):
        raise ValueError(
            f"{loss}: Arguments `target` and `output` must have the same rank (ndim). Received: target.shape={target}, "
            f"output.shape={output}"
        )
    if any(t is not None and o is not None and t != o for t, o in zip(target, output)):
        raise ValueError(
            f"{loss}: Arguments `target` and `output` must have the same shape. Received: target.shape={target}, "
            f"output.shape={output}"
        )


def _logits(y_pred, from_logits, function, loss):
    """What the fused loss takes: y_pred itself, or the logits that an activation made y_pred of, or None."""
    origin = logits_of(y_pred, function)
    if origin is not None and from_logits:
        warnings.warn(
            f'"`{loss}` received `from_logits=True`, but the `output` argument was produced by a '
            f"{function.capitalize()} activation and thus does not represent logits. Was this intended?",
            stacklevel=4,
        )
    return origin if origin is not None else y_pred if from_logits else None


def _cut(p):
    return tf.clip_by_value(p, epsilon(), 1.0 - epsilon())


class KLDivergence(LossFunctionWrapper):
    """sum(y_true log(y_true / y_pred))."""

    def __init__(self, reduction="sum_over_batch_size", name="kl_divergence", dtype=None):
        super().__init__(kl_divergence, reduction, name, dtype)


class BinaryCrossentropy(LossFunctionWrapper):
    """Cross-entropy of labels 0 and 1 and predicted probabilities, or logits if `from_logits`."""

    def __init__(
        self,
        from_logits=False,
        label_smoothing=0.0,
        axis=-1,
        reduction="sum_over_batch_size",
        name="binary_crossentropy",
        dtype=None,
    ):
        own = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(binary_crossentropy, reduction, name, dtype, **own)


class BinaryFocalCrossentropy(LossFunctionWrapper):
    """Binary cross-entropy with less weight on what is already right: times (1 - p of the true class)^gamma."""

    def __init__(
        self,
        apply_class_balancing=False,
        alpha=0.25,
        gamma=2.0,
        from_logits=False,
        label_smoothing=0.0,
        axis=-1,
        reduction="sum_over_batch_size",
        name="binary_focal_crossentropy",
        dtype=None,
    ):
        own = {"apply_class_balancing": apply_class_balancing, "alpha": alpha, "gamma": gamma}
        own |= {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(binary_focal_crossentropy, reduction, name, dtype, **own)


class CategoricalCrossentropy(LossFunctionWrapper):
    """Cross-entropy of one-hot labels and predicted probabilities, or logits if `from_logits`."""

    def __init__(
        self,
        from_logits=False,
        label_smoothing=0.0,
        axis=-1,
        reduction="sum_over_batch_size",
        name="categorical_crossentropy",
        dtype=None,
    ):
        own = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(categorical_crossentropy, reduction, name, dtype, **own)


class CategoricalFocalCrossentropy(LossFunctionWrapper):
    """Categorical cross-entropy with less weight on what is already right: times alpha (1 - p)^gamma."""

    def __init__(
        self,
        alpha=0.25,
        gamma=2.0,
        from_logits=False,
        label_smoothing=0.0,
        axis=-1,
        reduction="sum_over_batch_size",
        name="categorical_focal_crossentropy",
        dtype=None,
    ):
        own = {"alpha": alpha, "gamma": gamma}
        own |= {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(categorical_focal_crossentropy, reduction, name, dtype, **own)


class SparseCategoricalCrossentropy(LossFunctionWrapper):
    """Cross-entropy of class numbers and predicted probabilities, or logits if `from_logits`."""

    def __init__(
        self,
        from_logits=False,
        ignore_class=None,
        reduction="sum_over_batch_size",
        axis=-1,
        name="sparse_categorical_crossentropy",
        dtype=None,
    ):
        own = {"from_logits": from_logits, "ignore_class": ignore_class, "axis": axis}
        super().__init__(sparse_categorical_crossentropy, reduction, name, dtype, **own)


class CategoricalGeneralizedCrossEntropy(LossFunctionWrapper):
    """(1 - p[y_true]^q) / q, robust against wrong labels; ValueError unless 0 < q < 1."""

    def __init__(
        self, q=0.5, reduction="sum_over_batch_size", name="categorical_generalized_cross_entropy", dtype=None
    ):
        if not 0 < q < 1:
            raise ValueError("q must be in the interval (0, 1)")
        super().__init__(categorical_generalized_cross_entropy, reduction, name, dtype, q=q)
