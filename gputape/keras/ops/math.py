"""keras.ops of segments, sequences, signals and frequencies."""

from __future__ import annotations

import gputape as tf

from ..backend import floatx
from . import order
from .promotion import floating, tensor, together


def _segments(reduce, data, segment_ids, num_segments):
    data, ids = tensor(data), tensor(segment_ids)
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
    count = (x.shape[-1] - sequence_length) // sequence_stride + 1
    places = tf.range(count)[:, None] * sequence_stride + tf.range(sequence_length)[None, :]
    return tf.gather(x, places, axis=-1)


# -- frequencies: complex numbers are pairs (real, imaginary)


def _complex(x):
    real, imag = (floating(v) for v in together(*x))
    return tf.complex(real, imag)


def _parts(y):
    return tf.math.real(y), tf.math.imag(y)


def fft(x):
    """The discrete Fourier transform of (real, imaginary) along the last axis, as such a pair."""
    return _parts(tf.signal.fft(_complex(x)))


def fft2(x):
    """The discrete Fourier transform of (real, imaginary) along the last two axes, as such a pair."""
    return _parts(tf.signal.fft2d(_complex(x)))


def ifft2(x):
    """The inverse of `fft2`."""
    return _parts(tf.signal.ifft2d(_complex(x)))


def rfft(x, fft_length=None):
    """The half of the Fourier transform of real numbers that says all: (real, imaginary)."""
    return _parts(tf.signal.rfft(floating(x), None if fft_length is None else [fft_length]))


def irfft(x, fft_length=None):
    """The inverse of `rfft`."""
    return tf.signal.irfft(_complex(x), None if fft_length is None else [fft_length])


def _frame(window, sequence_length, fft_length):
    """The window of `sequence_length` in the middle of `fft_length` zeros; "hann" and "hamming" are periodic."""
    if window is None:
        made = tf.ones([sequence_length], floatx())
    elif isinstance(window, str):
        if window not in ("hann", "hamming"):
            raise ValueError(f"If a string is passed to `window`, it must be 'hann' or 'hamming'. Received: {window}")
        made = (order.hanning if window == "hann" else order.hamming)(sequence_length + 1)[:-1]
    else:
        made = floating(window)
    before = (fft_length - sequence_length) // 2
    return tf.pad(made, [[before, fft_length - sequence_length - before]])


def stft(x, sequence_length, sequence_stride, fft_length, window="hann", center=True):
    """The Fourier transforms of windows of x: (real, imaginary), each (..., count, fft_length // 2 + 1)."""
    x = floating(x)
    if center:
        half = fft_length // 2
        x = tf.pad(x, [[0, 0]] * (len(x.shape) - 1) + [[half, half]], "REFLECT")
    frames = extract_sequences(x, fft_length, sequence_stride)
    return rfft(frames * tf.cast(_frame(window, sequence_length, fft_length), x.dtype))


def istft(x, sequence_length, sequence_stride, fft_length, length=None, window="hann", center=True):
    """The inverse of `stft`: windows added where they overlap, divided by the sum of squared windows."""
    frames = irfft(x, fft_length)
    frame = tf.cast(_frame(window, sequence_length, fft_length), frames.dtype)
    count = frames.shape[-2]
    size = (count - 1) * sequence_stride + fft_length
    places = tf.reshape(tf.range(count)[:, None] * sequence_stride + tf.range(fft_length)[None, :], [-1])

    def overlapped(y):
        lead = y.shape[:-2]
        flat = tf.transpose(tf.reshape(y, [-1, count * fft_length]))
        made = tf.transpose(tf.math.unsorted_segment_sum(flat, places, size))
        return tf.reshape(made, [*lead, size])

    weight = overlapped(tf.broadcast_to(frame * frame, [count, fft_length]))
    y = tf.math.divide_no_nan(overlapped(frames * frame), weight)
    start = fft_length // 2 if center else 0
    stop = size - start if length is None and center else size if length is None else start + length
    return y[..., start:stop]


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
    segment_sum, segment_max, segment_min, segment_prod, extract_sequences, fft, fft2, ifft2, rfft, irfft, stft, istft,
    psnr,
)  # fmt: skip
NAMES = {f.__name__: f for f in _PUBLIC}
