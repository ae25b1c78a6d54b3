"""keras.ops of frequencies: complex numbers are pairs (real, imaginary) of tensors of one shape."""

from __future__ import annotations

from typing import Any

import gputape as tf

from .promotion import floating, tensor


def _pair(x: Any, rank: int) -> Any:
    """The pair `x` as one complex tensor; half types and integers become float32."""
    if not isinstance(x, (tuple, list)) or len(x) != 2:
        raise ValueError(
            f"Input `x` should be a tuple of two tensors - real and imaginary. Received: x={type(x).__name__}"
        )
    real, imag = (floating(tensor(part)) for part in x)
    if tuple(real.shape) != tuple(imag.shape):
        raise ValueError(
            "Input `x` should be a tuple of two tensors - real and imaginary. Both the real and imaginary parts should "
            f"have the same shape. Received: x[0].shape = {real.shape}, x[1].shape = {imag.shape}"
        )
    if len(real.shape) < rank:
        raise ValueError(f"Input should have rank >= {rank}. Received: input.shape = {real.shape}")
    wide = "float64" if "float64" in (real.dtype, imag.dtype) else "float32"
    return tf.complex(tf.cast(real, wide), tf.cast(imag, wide))


def _parts(z: Any) -> tuple[Any, Any]:
    return tf.math.real(z), tf.math.imag(z)


def _real(x: Any) -> Any:
    x = floating(tensor(x))
    if not len(x.shape):
        raise ValueError(f"Input should have rank >= 1. Received: input.shape = {x.shape}")
    return x if x.dtype == "float64" else tf.cast(x, "float32")


def fft(x):
    """The Fourier transform of the pair x over the last axis, a pair.

    >>> from gputape import keras
    >>> [t.numpy().tolist() for t in keras.ops.fft(([1.0, 2.0], [0.0, 0.0]))]
    [[3.0, -1.0], [0.0, 0.0]]
    """
    return _parts(tf.signal.fft(_pair(x, 1)))


def fft2(x):
    """The Fourier transform of the pair x over the last two axes, a pair."""
    return _parts(tf.signal.fft2d(_pair(x, 2)))


def ifft2(x):
    """The inverse of fft2, a pair."""
    return _parts(tf.signal.ifft2d(_pair(x, 2)))


def rfft(x, fft_length=None):
    """The frequencies 0 ... n // 2 of real x along the last axis, cut or filled up to `fft_length`; a pair."""
    return _parts(tf.signal.rfft(_real(x), None if fft_length is None else [fft_length]))


def irfft(x, fft_length=None):
    """The real signal of length `fft_length` (default 2 (size - 1)) whose rfft is the pair x."""
    return tf.signal.irfft(_pair(x, 1), None if fft_length is None else [fft_length])


def _stride(sequence_stride: Any) -> None:
    if not isinstance(sequence_stride, int) or sequence_stride <= 0:
        raise ValueError(f"`sequence_stride` must be a positive integer. Received: sequence_stride={sequence_stride}")


def _window(window: Any, sequence_length: int, fft_length: int, dtype: Any) -> Any:
    """The taper of `fft_length` elements, that of `sequence_length` in its middle."""
    if fft_length < sequence_length:
        raise ValueError(
            "`fft_length` must equal or larger than `sequence_length`. Received: "
            f"sequence_length={sequence_length}, fft_length={fft_length}"
        )
    if window is None:
        return tf.ones([fft_length], dtype)
    if isinstance(window, str):
        if window not in ("hann", "hamming"):
            raise ValueError(
                f"If a string is passed to `window`, it must be one of `'hann'`, `'hamming'`. Received: window={window}"
            )
        made = (tf.signal.hann_window if window == "hann" else tf.signal.hamming_window)(sequence_length, dtype=dtype)
    else:
        made = tensor(window, dtype)
    if tuple(made.shape) != (sequence_length,):
        raise ValueError(
            "The shape of `window` must be equal to [sequence_length]. Received: "
            f"window shape={made.shape}, sequence_length={sequence_length}"
        )
    left = (fft_length - sequence_length) // 2
    return tf.pad(made, [[left, fft_length - sequence_length - left]])


def stft(x, sequence_length, sequence_stride, fft_length, window="hann", center=True):
    """The short-time Fourier transform of x (..., n), a pair of shape (..., frames, fft_length // 2 + 1).

    Args:
        sequence_length: how long the window is. sequence_stride: from one frame to the next.
        fft_length: how long a frame is, at least `sequence_length`; the window stands in its middle.
        window: "hann" (default), "hamming", an array or None.
        center: whether x is mirrored at both ends by half a frame, so that frame k is centred at k * sequence_stride.

    TypeError unless x is float32 or float64.
    """
    x = tensor(x)
    if x.dtype not in ("float32", "float64"):
        raise TypeError(f"Invalid input type. Expected `float32` or `float64`. Received: input type={x.dtype.name}")
    _stride(sequence_stride)
    taper = _window(window, sequence_length, fft_length, x.dtype)
    if center:
        half = fft_length // 2
        x = tf.pad(x, [[0, 0]] * (len(x.shape) - 1) + [[half, half]], "REFLECT")
    return _parts(tf.signal.stft(x, fft_length, sequence_stride, fft_length, lambda _, dtype: taper))


def istft(x, sequence_length, sequence_stride, fft_length, length=None, window="hann", center=True):
    """The signal whose stft is the pair x; `length`: how much of it (default all)."""
    _stride(sequence_stride)
    z = _pair(x, 2)
    taper = _window(window, sequence_length, fft_length, z.dtype.real_dtype)
    inverse = None  # frames without a window are added up as they are
    if window is not None:
        inverse = tf.signal.inverse_stft_window_fn(sequence_stride, lambda _, dtype: taper)
    y = tf.signal.inverse_stft(z, fft_length, sequence_stride, fft_length, inverse)
    start = fft_length // 2 if center else 0
    if length is not None:
        return y[..., start : start + length]
    return y[..., start : -(fft_length // 2)] if center and fft_length > 1 else y


_PUBLIC = (fft, fft2, ifft2, rfft, irfft, stft, istft)
NAMES = {f.__name__: f for f in _PUBLIC}
