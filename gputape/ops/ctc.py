"""Connectionist temporal classification: the cost of a sequence of labels without an alignment in time.

Graves, Fernández, Gomez and Schmidhuber 2006. An alignment says label or blank at each time; it stands for the labels
that are left when repetitions are merged and blanks dropped. The cost is -log of the sum over all that do.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from ..dtypes import accumulator
from ..errors import InvalidArgumentError
from ..op import fused, op, public
from ..registry import OPS
from ..tensor import as_tensor
from .shape import static

_NEVER = -1e30  # log 0, finite so that gradients are
_IMPOSSIBLE = -float(np.log(sys.float_info.min))  # 708.4, what TensorFlow says no alignment at all costs


@fused(mixed=("labels", "label_length", "logit_length"))
def ctc_alignments(logits, labels, label_length, logit_length, *, blank):
    """logits (time, batch, classes), labels (batch, size) -> costs (batch,).

    The forward recursion over states blank, l1, blank, l2, ..., blank, in logarithms:

    a[t, s] = log p[t, state s] + logsumexp(a[t-1, s], a[t-1, s-1], a[t-1, s-2] if s is a label other than that of s-2)
    """
    steps, batch, _ = logits.shape
    size = labels.shape[1]
    width = 2 * size + 1
    where, concat = OPS["select"], OPS["concat"]
    log_p = OPS["log_softmax"](logits)
    blanks = OPS["fill"]([batch, size + 1], as_tensor(blank, labels.dtype.numpy))
    states = OPS["reshape"](OPS["stack"]([blanks[:, :-1], labels], -1), [batch, 2 * size])
    states = concat([states, blanks[:, -1:]], 1)
    differs = OPS["not_equal"](labels[:, 1:], labels[:, :-1])
    places = np.arange(width)
    skips = OPS["repeat"](OPS["pad"](differs, [[0, 0], [1, 0]]), 2, 1) if size else np.zeros((batch, 0), bool)
    skips = OPS["logical_and"](OPS["pad"](skips, [[0, 0], [0, 1]]), places % 2 == 1)

    emitted = OPS["gather"](log_p, OPS["tile"](states[None], [steps, 1, 1]), batch_dims=2, axis=2)
    never = as_tensor(np.full((batch, width + 2), _NEVER, log_p.dtype.numpy))
    border = never[:, :2]
    a = never[:, 2:]
    for t in range(steps):
        if t:
            before = concat([border, a], 1)
            two = where(skips, before[:, :-2], never[:, 2:])
            made = emitted[t] + OPS["reduce_logsumexp"](OPS["stack"]([a, before[:, 1:-1], two]), 0)
        else:
            made = where(places < 2, emitted[0], a)
        a = where((logit_length > t)[:, None], made, a)

    last = 2 * label_length[:, None]  # the blank after the last label, or that label itself
    ends = OPS["logical_or"](OPS["equal"](last, places), OPS["equal"](last - 1, places))
    total = OPS["reduce_logsumexp"](where(ends, a, never[:, 2:]), 1)
    return where(total > _NEVER / 2, -total, _IMPOSSIBLE)


@public
def ctc_loss(
    labels: Any,
    logits: Any,
    label_length: Any,
    logit_length: Any,
    logits_time_major: bool = True,
    unique: Any = None,
    blank_index: Any = None,
    name: str | None = None,
) -> Any:
    """-log p(labels | logits), summed over all alignments in time: one value per sample.

    Args:
        labels: integers (batch, size), or a SparseTensor of that shape.
        logits: (time, batch, classes), or (batch, time, classes) if not `logits_time_major`.
        label_length, logit_length: (batch,): how much of each row counts. label_length may be None of sparse labels.
        unique: accepted and ignored: what it speeds up in TensorFlow is not slow here.
        blank_index: the class that means no label; default 0, negative from the end; sparse labels need it.

    Labels that no alignment gives (more labels than time) cost 708.4 with a gradient of zero. ValueError for labels or
    logits of other ranks, InvalidArgumentError for a label that is no class.

    >>> import gputape as tf
    >>> tf.nn.ctc_loss([[1, 2]], tf.zeros([3, 1, 3]), [2], [3]).numpy().round(4)
    array([1.6864], dtype=float32)
    """
    logits = as_tensor(logits)
    if len(logits.shape) != 3:
        raise ValueError(f"ctc_loss: logits {logits.shape} must have shape (time, batch, classes)")
    if not logits_time_major:
        logits = OPS["transpose"](logits, [1, 0, 2])
    if hasattr(labels, "dense_shape"):
        if blank_index is None:
            raise ValueError("Argument `blank_index` must be provided when `labels` is a `SparseTensor`.")
        labels, counted = _dense(labels)
        label_length = counted if label_length is None else label_length
    labels = as_tensor(labels)
    classes, blank = int(logits.shape[-1]), static(0 if blank_index is None else blank_index)
    blank += classes if blank < 0 else 0
    if len(labels.shape) != 2 or labels.shape[0] != logits.shape[1]:
        raise ValueError(
            f"ctc_loss: labels {labels.shape} must have shape (batch, size), the batch being that of logits "
            f"{logits.shape}, {logits.shape[1]}"
        )
    if not 0 <= blank < classes:
        raise InvalidArgumentError(f"ctc_loss: blank_index={blank_index} is no class of {classes} [Op:ctc_loss]")
    cast, dtype = OPS["cast"], logits.dtype
    lengths = [cast(as_tensor(v), "int32") for v in (label_length, logit_length)]
    wide = cast(logits, accumulator(dtype.numpy))
    return cast(ctc_alignments(wide, cast(labels, "int32"), *lengths, blank=blank), dtype)


def _dense(labels: Any) -> tuple[Any, Any]:
    """A SparseTensor's rows and how long each is."""
    shape = static(labels.dense_shape)
    ones = OPS["ones_like"](labels.values)
    rows = labels.indices[:, :1]
    return OPS["scatter_nd"](labels.indices, labels.values, shape), OPS["scatter_nd"](rows, ones, shape[:1])


# -- labels and sequences


@op(dynamic=True)
def ctc_unique(xp, labels):
    rows = [np.unique(row, return_index=True, return_inverse=True) for row in np.asarray(labels.tolist())]
    unique = np.zeros(labels.shape, np.int64)
    indices = np.zeros(labels.shape, np.int32)
    for k, (values, first, inverse) in enumerate(rows):
        order = np.argsort(first)
        unique[k, : len(values)] = values[order]
        indices[k] = np.argsort(order)[inverse]
    return xp.asarray(unique), xp.asarray(indices)


@public
def ctc_unique_labels(labels: Any, name: str | None = None) -> Any:
    """The labels of each row in the order of their first appearance, filled up with 0 (int64), and where each went.

    >>> import gputape as tf
    >>> [t.numpy().tolist() for t in tf.nn.ctc_unique_labels([[3, 4, 4, 3]])]
    [[[3, 4, 0, 0]], [[0, 1, 1, 0]]]
    """
    labels = as_tensor(labels)
    if len(labels.shape) != 2:
        raise InvalidArgumentError(f"ctc_unique_labels: labels {labels.shape} must have shape (batch, size)")
    return ctc_unique(labels)


@op(mixed=("keep",), dynamic=True)
def packed(xp, x, keep):
    """The elements of each row (batch, size) that `keep` marks, moved to the front; zeros follow; and their counts."""
    count = keep.sum(axis=1)
    width = int(count.max()) if len(count) else 0
    y = xp.zeros((len(x), width), x.dtype)
    y[xp.arange(width) < count[:, None]] = x[keep]
    return y, count


@public
def collapse_repeated(labels: Any, seq_length: Any, name: str | None = None) -> Any:
    """Runs of equal labels merged into one within the first `seq_length` of each row: (rows, lengths).

    >>> import gputape as tf
    >>> [t.numpy().tolist() for t in tf.nn.collapse_repeated([[1, 1, 2, 2, 1]], [5])]
    [[[1, 2, 1]], [3]]
    """
    labels, length = as_tensor(labels), as_tensor(seq_length)
    rows, count = packed(labels, _starts(labels, length))
    return rows, OPS["cast"](count, length.dtype)


def _starts(labels: Any, length: Any) -> Any:
    """Where runs of equal labels begin, within each row's length."""
    batch, size = labels._array.shape
    differs = OPS["not_equal"](labels[:, 1:], labels[:, :-1])
    first = OPS["ones"]([batch, min(size, 1)], "bool")
    inside = OPS["cast"](OPS["range"](size), length.dtype)[None, :] < length[:, None]
    return OPS["logical_and"](OPS["concat"]([first, differs], 1), inside)


NAMES = {
    "tf.nn.ctc_loss": ctc_loss,
    "tf.nn.ctc_unique_labels": ctc_unique_labels,
    "tf.nn.collapse_repeated": collapse_repeated,
}
