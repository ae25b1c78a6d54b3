"""Losses on scores (logits), each in one pass and without overflow: probabilities are never written to memory.

The cross-entropies keep the logarithm of each row's sum of exponentials, from which the backward pass makes the
probabilities again. Their gradients' meanings take nothing from it: so they can be differentiated again.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..cuda import Kernels, contiguous, empty, empty_like, error_flag
from ..dtypes import FROM_NUMPY, accumulator
from ..errors import InvalidArgumentError
from ..op import elementwise, fused, public
from ..tensor import as_tensor
from .cast import cast
from .compare import greater_equal, less_equal, logical_and, select
from .domain import real_floating, refusal
from .functor import functor
from .index import gather, one_hot
from .reduce import reduce_logsumexp, reduce_sum
from .rows import BLOCK, by_rows, matrix, row_dots, row_sum
from .shape import broadcast_to, expand_dims, reshape
from .softmax import log_softmax_along, scores, shifted, softmax_along
from .transpose import transpose
from .unary import exp, log, sigmoid, sigmoid_grad, softplus, square

kernels = Kernels("loss.cu", block=BLOCK)


def wide(x: Any) -> Any:
    """`x` in the dtype that sums are made in: float32 for half types."""
    return cast(x, FROM_NUMPY[accumulator(x._array.dtype)])


def launch(kernel: Any, x: Any, *args: Any) -> None:
    """Launch a kernel of this file on the rows of the scores `x`, of at least one class."""
    rows, cols = matrix(x.shape)
    kernel(**by_rows(rows, cols), args=(*args, np.int64(rows), np.int64(cols)))


# -- softmax cross-entropy: one distribution a row


@fused
def cross_entropy_rows(labels, logits):
    """-sum(labels * log_softmax(logits)) of each row (the last axis), and its log(sum(exp(logits)))."""
    z = wide(logits)
    lse = reduce_logsumexp(z, -1, keepdims=True)
    return cast(reduce_sum(wide(labels) * (lse - z), -1), logits.dtype), reshape(lse, logits.shape[:-1])


@cross_entropy_rows.kernel
def _(labels, logits):
    if not logits.shape[-1]:
        return NotImplemented
    labels, logits = contiguous(labels), contiguous(logits)
    loss = empty(logits.shape[:-1], logits.dtype)
    lse = empty(loss.shape, accumulator(logits.dtype))
    launch(kernels.cross_entropy_forward[logits.dtype], logits, labels, logits, loss, lse)
    return loss, lse


@cross_entropy_rows.numpy
def _(labels, logits):
    z, top = shifted(logits, logits.ndim - 1)
    np.exp(z, out=z)
    log_sum = np.log(row_sum(z))
    np.subtract(logits, top, out=z)  # once more, as a second large array would cost more time
    np.subtract(log_sum, z, out=z)
    loss = row_dots(labels.astype(z.dtype, copy=False), z)
    return loss[..., 0].astype(logits.dtype), (log_sum + top)[..., 0]


@cross_entropy_rows.gradient
def _(dy, labels, logits, ys):
    dlabels = lambda: expand_dims(-dy, -1) * log_softmax_along(logits, axis=-1)  # noqa: E731
    return dlabels, lambda: cross_entropy_rows_grad(labels, logits, dy, ys[1])


@fused(mixed=("lse",))
def cross_entropy_rows_grad(labels, logits, dy, lse):
    """dy * (sum(labels) * softmax(logits) - labels), row by row."""
    p = wide(labels)
    share = reduce_sum(p, -1, keepdims=True)
    return cast(expand_dims(wide(dy), -1) * (share * softmax_along(wide(logits), axis=-1) - p), logits.dtype)


@cross_entropy_rows_grad.kernel
def _(labels, logits, dy, lse):
    labels, logits, dy, lse = map(contiguous, (labels, logits, dy, lse))
    dx = empty_like(logits)
    launch(kernels.cross_entropy_backward[logits.dtype], logits, labels, logits, dy, lse, dx)
    return dx


@cross_entropy_rows_grad.numpy
def _(labels, logits, dy, lse):
    wide = accumulator(logits.dtype)
    dx = np.subtract(logits, lse[..., None], dtype=wide)
    np.exp(dx, out=dx)
    dx *= row_sum(labels.astype(dx.dtype, copy=False))
    dx -= labels
    dx *= dy[..., None]
    return dx.astype(logits.dtype, copy=False)


@public
def softmax_cross_entropy_with_logits(labels: Any, logits: Any, axis: Any = -1, name: str | None = None) -> Any:
    """-sum(labels * log_softmax(logits)) along `axis`: the loss of scores against probabilities.

    Args:
        labels: probabilities that add up to 1 along `axis`; any dtype, broadcast to the shape of `logits`.
        logits: scores, floating point, of at least one axis.

    Returns the shape of `logits` without `axis`, in its dtype. Differentiable by both. The gradient is that of the
    formula also where labels do not add up to 1 (TensorFlow documents its own as wrong there). InvalidArgumentError for
    shapes that do not fit, integer scores and an axis out of range.

    >>> import gputape as tf
    >>> tf.nn.softmax_cross_entropy_with_logits([[0.0, 1.0]], [[0.0, 0.0]]).numpy()
    array([0.6931472], dtype=float32)
    """
    x, k = scores("softmax_cross_entropy_with_logits", logits, axis)
    p = cast(labels, x.dtype)
    if p._array.shape != x._array.shape:
        try:
            p = broadcast_to(p, x._array.shape)
        except InvalidArgumentError:
            raise InvalidArgumentError(
                f"softmax_cross_entropy_with_logits: logits and labels must be broadcastable: logits has shape "
                f"{x._array.shape}, labels has shape {p._array.shape} [Op:SoftmaxCrossEntropyWithLogits]"
            ) from None
    rank = x._array.ndim
    if k != rank - 1:
        last = [*range(k), *range(k + 1, rank), k]
        p, x = transpose(p, last), transpose(x, last)
    return cross_entropy_rows(p, x)[0]


# -- sparse softmax cross-entropy: one class a row

SPARSE = "sparse_softmax_cross_entropy_with_logits"


@fused(mixed=("labels",))
def sparse_cross_entropy_rows(logits, labels):
    """log(sum(exp(logits))) - logits[label] of each row (the last axis), and log(sum(exp(logits)))."""
    z = wide(logits)
    lse = reduce_logsumexp(z, -1)
    return cast(lse - gather(z, labels, batch_dims=len(logits.shape) - 1), logits.dtype), lse


@sparse_cross_entropy_rows.kernel
def _(logits, labels):
    logits, labels = contiguous(logits), contiguous(labels)
    loss, lse = empty(labels.shape, logits.dtype), empty(labels.shape, accumulator(logits.dtype))
    kernel = kernels.sparse_cross_entropy_forward[logits.dtype, labels.dtype]
    launch(kernel, logits, logits, labels, loss, lse, error_flag(SPARSE))
    return loss, lse


@sparse_cross_entropy_rows.numpy
def _(logits, labels):
    check_labels(logits, labels)
    z, top = shifted(logits, logits.ndim - 1)
    chosen = z.reshape(labels.size, z.shape[-1])[_rows(labels)].reshape(top.shape)
    np.exp(z, out=z)
    lse = np.log(row_sum(z))
    return (lse - chosen)[..., 0].astype(logits.dtype, copy=False), (lse + top)[..., 0]


def _rows(labels: Any) -> tuple[Any, Any]:
    """The index of each row's labelled class in a matrix: np.take_along_axis spends several calls on the same."""
    return np.arange(labels.size), labels.reshape(-1)


def check_labels(logits: Any, labels: Any) -> None:
    classes = logits.shape[-1]
    wrong = (labels < 0) | (labels >= classes)
    if wrong.any():
        raise InvalidArgumentError(
            f"{SPARSE}: Received a label value of {labels[wrong].flat[0]} which is outside "
            f"the valid range of [0, {classes}): labels has shape {labels.shape}, logits has shape {logits.shape} "
            f"[Op:SparseSoftmaxCrossEntropyWithLogits]"
        )


@sparse_cross_entropy_rows.gradient
def _(dy, logits, labels, ys):
    return sparse_cross_entropy_rows_grad(logits, labels, dy, ys[1]), None


@fused(mixed=("labels", "lse"))
def sparse_cross_entropy_rows_grad(logits, labels, dy, lse):
    """dy * (softmax(logits) - one_hot(labels)), row by row."""
    z = wide(logits)
    chosen = one_hot(labels, logits.shape[-1], dtype=z.dtype)
    return cast(expand_dims(wide(dy), -1) * (softmax_along(z, axis=-1) - chosen), logits.dtype)


@sparse_cross_entropy_rows_grad.kernel
def _(logits, labels, dy, lse):
    logits, labels, dy, lse = map(contiguous, (logits, labels, dy, lse))
    dx = empty_like(logits)
    launch(kernels.sparse_cross_entropy_backward[logits.dtype, labels.dtype], logits, logits, labels, dy, lse, dx)
    return dx


@sparse_cross_entropy_rows_grad.numpy
def _(logits, labels, dy, lse):
    dx = np.subtract(logits, lse[..., None], dtype=accumulator(logits.dtype), order="C")
    np.exp(dx, out=dx)
    dx.reshape(labels.size, dx.shape[-1])[_rows(labels)] -= 1  # a view: dx was made in C order
    dx *= dy[..., None]
    return dx.astype(logits.dtype, copy=False)


@public
def sparse_softmax_cross_entropy_with_logits(labels: Any, logits: Any, name: str | None = None) -> Any:
    """-log_softmax(logits)[label] of each row: the loss of scores (..., classes) against class numbers (...).

    Returns the shape and the values' dtype `labels.shape`, `logits.dtype`. `labels` are integers from 0 to classes - 1:
    others raise InvalidArgumentError on the CPU, and give NaN and set the error flag on the GPU, where nobody waits.
    ValueError for shapes that do not fit, InvalidArgumentError for wrong dtypes.

    >>> import gputape as tf
    >>> tf.nn.sparse_softmax_cross_entropy_with_logits([1], [[0.0, 0.0]]).numpy()
    array([0.6931472], dtype=float32)
    """
    if labels is None or logits is None:
        raise ValueError(
            f"{SPARSE}: Both `labels` and `logits` must be provided. Received: labels={labels} and logits={logits}"
        )
    x, t = as_tensor(logits), as_tensor(labels)
    if not x._array.ndim:
        raise ValueError(f"{SPARSE}: `logits` cannot be a scalar. Received logits={logits}")
    x, _ = scores(SPARSE, x, -1)
    if t._array.ndim != x._array.ndim - 1:
        raise ValueError(
            f"{SPARSE}: `labels.shape.rank` must equal `logits.shape.rank - 1`. Received: "
            f"labels.shape={t._array.shape} of rank {t._array.ndim} and logits.shape={x._array.shape} of rank "
            f"{x._array.ndim}; use tf.squeeze on the labels, or softmax_cross_entropy_with_logits for probabilities"
        )
    if t._array.shape != x._array.shape[:-1]:
        raise ValueError(
            f"{SPARSE}: `labels.shape` must equal `logits.shape` except for the last "
            f"dimension. Received: labels.shape={t._array.shape} and logits.shape={x._array.shape}"
        )
    if t._array.dtype not in (np.int32, np.int64):
        raise InvalidArgumentError(
            f"Value for attr 'Tlabels' of {FROM_NUMPY[t._array.dtype].name} is not in the list of allowed values: "
            f"{SPARSE} takes labels of int32 or int64; use tf.cast"
        )
    if x._array.shape[-1] == 0:
        raise InvalidArgumentError(f"{SPARSE}: Must have at least one class, but got logits shape {x._array.shape}")
    return sparse_cross_entropy_rows(x, t)[0]


# -- sigmoid cross-entropy: each element a class of its own


@elementwise
@real_floating
def logistic_loss(xp, logits, labels):
    """max(x, 0) - x * z + log(1 + exp(-|x|)) of scores x and labels z."""
    return softplus.body(xp, logits) - logits * labels


@logistic_loss.gradient
def _(dy, logits, labels):
    return lambda: logistic_loss_grad(logits, labels, dy), lambda: -dy * logits


@elementwise
@real_floating
def logistic_loss_grad(xp, logits, labels, dy):
    """dy * (sigmoid(x) - z)."""
    return xp.multiply(dy, sigmoid.body(xp, logits) - labels)


@logistic_loss_grad.gradient
def _(d, logits, labels, dy):
    return (
        lambda: sigmoid_grad(sigmoid(logits), d * dy),
        lambda: -d * dy,
        lambda: logistic_loss_grad(logits, labels, d),
    )


logistic_loss.kernel(functor("LogisticLoss", file="loss.cu"))
logistic_loss_grad.kernel(functor("LogisticLossGrad", file="loss.cu"))


def _pair(function: str, first: str, x: Any, second: str, y: Any) -> tuple[Any, Any]:
    """Two tensors of one shape; ValueError otherwise."""
    if x is None or y is None:
        raise ValueError(
            f"{function}: Both `{second}` and `{first}` must be provided. Received: {second}={y} and {first}={x}"
        )
    x = as_tensor(x)
    y = as_tensor(y, x._array.dtype)
    if x._array.shape != y._array.shape:
        raise ValueError(
            f"{function}: `{first}` and `{second}` must have the same shape, received ({x._array.shape} vs "
            f"{y._array.shape})"
        )
    return x, y


@public
def sigmoid_cross_entropy_with_logits(labels: Any = None, logits: Any = None, name: str | None = None) -> Any:
    """-labels * log(sigmoid(logits)) - (1 - labels) * log(1 - sigmoid(logits)), element by element.

    Computed as max(x, 0) - x * z + log(1 + exp(-|x|)), which does not overflow. ValueError unless the shapes are equal.

    >>> import gputape as tf
    >>> tf.nn.sigmoid_cross_entropy_with_logits(labels=[1.0, 1.0], logits=[0.0, -1000.0]).numpy()
    array([6.931472e-01, 1.000000e+03], dtype=float32)
    """
    x, z = _pair("sigmoid_cross_entropy_with_logits", "logits", logits, "labels", labels)
    return logistic_loss(x, z)


@public
def weighted_cross_entropy_with_logits(labels: Any, logits: Any, pos_weight: Any, name: str | None = None) -> Any:
    """As `sigmoid_cross_entropy_with_logits`, the positive term times `pos_weight` (broadcast with logits).

    (1 - z) * x + (1 + (q - 1) * z) * log(1 + exp(-x)) of scores x, labels z and weight q: q > 1 raises recall, q < 1
    precision. ValueError unless logits and labels have equal shapes.

    >>> import gputape as tf
    >>> tf.nn.weighted_cross_entropy_with_logits([1.0, 0.0], [0.0, 0.0], pos_weight=2.0).numpy()
    array([1.3862944, 0.6931472], dtype=float32)
    """
    x, z = _pair("weighted_cross_entropy_with_logits", "logits", logits, "labels", labels)
    return (1.0 - z) * x + (1.0 + (pos_weight - 1.0) * z) * softplus(-x)


# -- others


@public
def log_poisson_loss(targets: Any, log_input: Any, compute_full_loss: bool = False, name: str | None = None) -> Any:
    """exp(log_input) - log_input * targets: the negative log-likelihood of counts, without its constant term.

    compute_full_loss: add Stirling's approximation of log(targets!), targets * log(targets) - targets +
    log(2 pi targets) / 2, unless targets are in [0, 1] (default False). ValueError unless the shapes are equal.

    >>> import gputape as tf
    >>> tf.nn.log_poisson_loss([2.0], [0.0]).numpy()
    array([1.], dtype=float32)
    """
    c, z = _pair("log_poisson_loss", "log_input", log_input, "targets", targets)
    loss = exp(c) - c * z
    if not compute_full_loss:
        return loss
    small = logical_and(greater_equal(z, 0.0), less_equal(z, 1.0))
    n = select(small, 1.0, z)
    return loss + select(small, 0.0, n * log(n) - n + 0.5 * log(2.0 * math.pi * n))


@public
def l2_loss(t: Any, name: str | None = None) -> Any:
    """sum(t**2) / 2 over all elements, a scalar. InvalidArgumentError unless `t` is floating point.

    >>> import gputape as tf
    >>> tf.nn.l2_loss([3.0, 4.0]).numpy()
    np.float32(12.5)
    """
    x = as_tensor(t)
    if not x.dtype.is_floating:
        raise refusal("l2_loss", (x._array,), "floating point numbers")
    return 0.5 * reduce_sum(square(x))


NAMES = {
    f"tf.nn.{f.__name__}": f
    for f in (
        softmax_cross_entropy_with_logits,
        sparse_softmax_cross_entropy_with_logits,
        sigmoid_cross_entropy_with_logits,
        weighted_cross_entropy_with_logits,
        log_poisson_loss,
        l2_loss,
    )
}
