"""keras.ops that sort, search and count, and windows of signals."""

from __future__ import annotations

import math

import gputape as tf

from ..backend import floatx
from .arrays import moveaxis
from .promotion import floating, places, tensor, together


def _sortable(x):
    x = tensor(x)
    return tf.cast(x, "int32") if x.dtype == "bool" else x


def _along(x, axis):
    """x to be sorted, and the axis to sort it along: for None that of x made flat."""
    x = _sortable(x)
    return (tf.reshape(x, [-1]), 0) if axis is None else (x, *places(axis, max(len(x.shape), 1)))


def sort(x, axis=-1):
    """The elements along `axis` in ascending order; None flattens x. ValueError for an axis that is not there."""
    x = tensor(x)
    return tf.cast(tf.sort(*_along(x, axis)), x.dtype)


def argsort(x, axis=-1):
    """Where the elements of `sort` come from, as int32."""
    x, axis = _along(x, axis)
    return tf.argsort(x, axis, stable=True) if len(x.shape) else tf.zeros([1], "int32")


def argpartition(x, kth, axis=-1):
    """Places such that the `kth` is right and smaller elements come before it: here all in ascending order."""
    x = tensor(x)
    size = math.prod(x.shape) if axis is None else x.shape[axis]
    if not -size <= kth < size:
        raise ValueError(f"`kth` must be in [{-size}, {size}), the places along `axis`. Received: kth={kth}")
    return argsort(x, axis)


def searchsorted(sorted_sequence, values, side="left"):
    """Where `values` belong in a sorted vector, as int32: before ("left") or after ("right") its equals."""
    sequence, values = together(sorted_sequence, values)
    if len(sequence.shape) != 1:
        raise ValueError(
            f"`searchsorted` only supports 1-D sorted sequences. Received: sorted_sequence.shape={sequence.shape}"
        )
    return tf.reshape(tf.searchsorted(sequence, tf.reshape(values, [-1]), side=side), values.shape)


def digitize(x, bins):
    """The number of the interval between `bins` in which each element lies, as int32."""
    return searchsorted(bins, x, "right")


def isin(x1, x2, assume_unique=False, invert=False):
    """Whether each element of x1 is among those of x2 (or is not, with `invert`)."""
    x1, x2 = together(x1, x2)
    x2 = tf.reshape(x2, [-1])
    found = tf.reduce_any(tf.equal(tf.expand_dims(x1, -1), x2), -1)
    return tf.logical_not(found) if invert else found


def unique(
    x,
    sorted=True,
    return_index=False,
    return_inverse=False,
    return_counts=False,
    axis=None,
    size=None,
    fill_value=None,
):
    """The different elements of x, in ascending order; with what is asked for in a tuple.

    Args:
        axis: the axis whose slices are compared, the order being that of their elements. Default: elements of flattened x.
        return_index: also where each occurs first.
        return_inverse: also which of them each element of x is, in the shape of x (each slice: a vector).
        return_counts: also how often each occurs.
        size: how many to return: the rest is cut off, or filled with `fill_value` (default 0), places
            with 1 and counts with 0, as Keras does.
    """
    x = tensor(x)
    if axis is not None:
        return _unique_slices(x, axis, return_index, return_inverse, return_counts, size, fill_value)
    flat = tf.reshape(x, [-1])
    values, which, counts = tf.unique_with_counts(_sortable(flat))
    n = values.shape[0]
    order = tf.argsort(values)
    rank = tf.math.invert_permutation(order)
    values, counts = tf.gather(values, order), tf.gather(counts, order)
    which = tf.gather(rank, which)
    first = tf.math.unsorted_segment_min(tf.range(flat.shape[0]), which, n)

    def sized(y, fill):
        if size is None:
            return y
        return tf.pad(y[:size], [[0, max(size - n, 0)]], constant_values=fill)

    fill = 0 if fill_value is None else fill_value
    made = [tf.cast(sized(values, fill), x.dtype)]
    if return_index:
        made.append(sized(first, 1))
    if return_inverse:
        made.append(tf.reshape(which, x.shape))
    if return_counts:
        made.append(sized(counts, 0))
    return made[0] if len(made) == 1 else tuple(made)


def _unique_slices(x, axis, return_index, return_inverse, return_counts, size, fill_value):
    """`unique` for slices along `axis`: the place of each in their order is found, and places are compared instead."""
    x = moveaxis(x, axis, 0)
    rows = tf.reshape(x, [x.shape[0], -1])
    order = tf.range(x.shape[0])
    for column in reversed(range(rows.shape[1])):  # stable sorts from the last column to the first
        order = tf.gather(order, tf.argsort(tf.gather(_sortable(rows[:, column]), order), stable=True))
    ordered = tf.gather(rows, order)
    new = tf.reduce_any(tf.not_equal(ordered[1:], ordered[:-1]), 1)
    place = tf.concat([tf.zeros([min(1, x.shape[0])], "int32"), tf.cumsum(tf.cast(new, "int32"))], 0)
    which = tf.gather(place, tf.math.invert_permutation(order))
    places, first, *further = unique(which, True, True, return_inverse, return_counts, size=size, fill_value=-1)
    filling = tf.cast(0 if fill_value is None else fill_value, x.dtype)
    there = places >= 0
    chosen = tf.gather(x, tf.where(there, first, 0))
    chosen = tf.where(tf.reshape(there, [-1] + [1] * (len(x.shape) - 1)), chosen, filling)
    made = [moveaxis(chosen, 0, axis), *([first] if return_index else []), *further]
    return made[0] if len(made) == 1 else tuple(made)


def bincount(x, weights=None, minlength=0, sparse=False):
    """How often each of 0, 1, 2, ... occurs along the last axis of x; or the sums of `weights` at each.

    >>> from gputape import keras
    >>> keras.ops.bincount([1, 2, 1]).numpy()
    array([0, 2, 1], dtype=int32)
    """
    x = tensor(x, "int32")
    weights = None if weights is None else tensor(weights)
    if len(x.shape) == 2:
        n = max(int(tf.reduce_max(x)) + 1 if x.shape.num_elements() else 0, minlength)
        hits = tf.one_hot(x, n, dtype="int32" if weights is None else weights.dtype)
        return tf.reduce_sum(hits if weights is None else hits * weights[..., None], 1)
    return tf.math.bincount(x, weights=weights, minlength=minlength)


def _window(n, f):
    """f(phase from 0 to 2 pi) at n places."""
    n = int(n)
    if n <= 1:
        return tf.ones([max(n, 0)], floatx())
    return f(tf.cast(tf.range(n), floatx()) * (2 * math.pi / (n - 1)))


def bartlett(x):
    """The triangular window of `x` points."""
    return _window(x, lambda t: 1 - tf.abs(t / math.pi - 1))


def hanning(x):
    """The Hann window of `x` points: 0.5 - 0.5 cos(t)."""
    return _window(x, lambda t: 0.5 - 0.5 * tf.cos(t))


def hamming(x):
    """The Hamming window of `x` points: 0.54 - 0.46 cos(t)."""
    return _window(x, lambda t: 0.54 - 0.46 * tf.cos(t))


def blackman(x):
    """The Blackman window of `x` points: 0.42 - 0.5 cos(t) + 0.08 cos(2 t)."""
    return _window(x, lambda t: 0.42 - 0.5 * tf.cos(t) + 0.08 * tf.cos(2 * t))


def kaiser(x, beta):
    """The Kaiser window of `x` points: I0(beta sqrt(1 - r²)) / I0(beta)."""
    beta = tensor(beta, floatx())

    def window(t):
        r = t / math.pi - 1
        return tf.math.bessel_i0(beta * tf.sqrt(tf.maximum(1 - r * r, 0.0))) / tf.math.bessel_i0(beta)

    return _window(x, window)


def top_k(x, k, sorted=True):
    """(values, indices) of the k largest elements along the last axis, the largest first."""
    return tf.math.top_k(tensor(x), k, sorted)


def in_top_k(targets, predictions, k):
    """Whether the score of the target class is among the k largest of its row."""
    return tf.math.in_top_k(tensor(targets), tensor(predictions), k)


def correlate(x1, x2, mode="valid"):
    """The products of two vectors at every shift, summed: "valid", "same" or "full" overlap."""
    if mode not in ("valid", "same", "full"):
        raise ValueError(f"mode must be one of `valid`, `same` or `full`. Received: mode={mode}")
    x1, x2 = (floating(x) for x in together(x1, x2))
    if len(x1.shape) != 1 or len(x2.shape) != 1:
        raise ValueError(f"Both inputs must be 1-D. Received: shapes {x1.shape} and {x2.shape}")
    n, m = x1.shape[0], x2.shape[0]
    full = tf.nn.conv1d(tf.pad(x1, [[m - 1, m - 1]])[None, :, None], x2[:, None, None], 1, "VALID")[0, :, 0]
    size = {"full": n + m - 1, "same": max(n, m), "valid": max(n, m) - min(n, m) + 1}[mode]
    first = (n + m - 1 - size) // 2
    return full[first : first + size]


_PUBLIC = (
    sort, argsort, argpartition, searchsorted, digitize, isin, unique, bincount, bartlett, hanning, hamming, blackman,
    kaiser, top_k, in_top_k, correlate,
)  # fmt: skip
NAMES = {f.__name__: f for f in _PUBLIC}
