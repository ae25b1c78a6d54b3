"""keras.ops of segments and sequences, and psnr."""

from __future__ import annotations

import gputape as tf

from .promotion import tensor, together


def _segments(reduce, data, segment_ids, num_segments):
    data, ids = tensor(data), tensor(segment_ids)
    if len(ids.shape) != 1:
        raise ValueError(f"Argument `segment_ids` should be an 1-D vector, got shape: {ids.shape}")
    if data.shape[0] != ids.shape[0]:
        raise ValueError(
            f"Argument `segment_ids` and `data` should have same leading dimension. Got {ids.shape} v.s. {data.shape}."
        )
    if num_segments is None:
        num_segments = int(tf.reduce_max(ids)) + 1 if ids.shape.num_elements() else 0
    return reduce(data, ids, num_segments)


def segment_sum(data, segment_ids, num_segments=None, sorted=False):
    """The sums of the rows of `data` with equal `segment_ids`; num_segments: default the largest id + 1."""
    return _segments(tf.math.unsorted_segment_sum, data, segment_ids, num_segments)


def segment_max(data, segment_ids, num_segments=None, sorted=False):
    """The largest elements of the rows of `data` with equal `segment_ids`."""
    return _segments(tf.math.unsorted_segment_max, data, segment_ids, num_segments)


def segment_min(data, segment_ids, num_segments=None, sorted=False):
    """The smallest elements of the rows of `data` with equal `segment_ids`."""
    return _segments(tf.math.unsorted_segment_min, data, segment_ids, num_segments)


def segment_prod(data, segment_ids, num_segments=None, sorted=False):
    """The products of the rows of `data` with equal `segment_ids`."""
    return _segments(tf.math.unsorted_segment_prod, data, segment_ids, num_segments)


def extract_sequences(x, sequence_length, sequence_stride):
    """Windows of the last axis: (..., count, sequence_length), `sequence_stride` apart."""
    x = tensor(x)
    if not len(x.shape):
        raise ValueError(f"Input should have rank >= 1. Received: input.shape = {x.shape}")
    count = (x.shape[-1] - sequence_length) // sequence_stride + 1
    places = tf.range(count)[:, None] * sequence_stride + tf.range(sequence_length)[None, :]
    return tf.gather(x, places, axis=-1)


def psnr(x1, x2, max_val):
    """The peak signal-to-noise ratio in decibels: 10 log10(max_val² / mean((x1 - x2)²))."""
    x1, x2 = together(x1, x2, least=float)
    if x1.shape != x2.shape:
        raise ValueError(f"Input shapes {x1.shape} and {x2.shape} must match for PSNR calculation.")
    away = x1 - x2
    top = tensor(max_val, x1.dtype)
    log10 = tf.math.log(tf.cast(10, x1.dtype))
    return 20 * tf.math.log(top) / log10 - 10 * tf.math.log(tf.reduce_mean(away * away)) / log10


_PUBLIC = (
    segment_sum, segment_max, segment_min, segment_prod, extract_sequences,
    psnr,
)  # fmt: skip
NAMES = {f.__name__: f for f in _PUBLIC}
