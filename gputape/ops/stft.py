"""Short-time transforms: signals to spectra of overlapping frames, and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..op import public
from ..registry import OPS
from ..tensor import as_tensor
from .dct import dct
from .fft import irfft, rfft
from .frame import frame, overlap_and_add
from .shape import static
from .taper import hann_window, vorbis_window


def _size(name: str, what: str, value: Any) -> int:
    made = static(value)
    if isinstance(made, tuple):
        raise ValueError(f"{name}: {what}={value!r} must be a scalar")
    return int(made)


def _fft_length(name: str, frame_length: int, fft_length: Any) -> int:
    """By default the smallest power of two that holds a frame."""
    return 1 << max(frame_length - 1, 0).bit_length() if fft_length is None else _size(name, "fft_length", fft_length)


@public
def stft(
    signals: Any,
    frame_length: Any,
    frame_step: Any,
    fft_length: Any = None,
    window_fn: Any = hann_window,
    pad_end: bool = False,
    name: str | None = None,
) -> Any:
    """The short-time Fourier transform: real `signals` (..., n) -> complex (..., frames, fft_length // 2 + 1).

    Args:
        fft_length: default the smallest power of two that is at least `frame_length`.
        window_fn: makes the taper from (frame_length, dtype=); None: no taper. Default hann_window.
        pad_end: whether frames may reach beyond the end, into zeros.

    >>> import gputape as tf
    >>> tf.signal.stft(tf.ones([2, 10]), 4, 2).shape
    TensorShape([2, 4, 3])
    """
    x = as_tensor(signals)
    length = _size("stft", "frame_length", frame_length)
    frames = frame(x, length, frame_step, pad_end=pad_end)
    if window_fn is not None:
        frames = frames * window_fn(length, dtype=frames.dtype)
    return rfft(frames, [_fft_length("stft", length, fft_length)])


@public
def inverse_stft(
    stfts: Any,
    frame_length: Any,
    frame_step: Any,
    fft_length: Any = None,
    window_fn: Any = hann_window,
    name: str | None = None,
) -> Any:
    """Spectra (..., frames, fft_length // 2 + 1) to signals (..., (frames - 1) * frame_step + frame_length).

    With `window_fn=tf.signal.inverse_stft_window_fn(frame_step)` the inverse of `stft`, but for the ends.
    """
    length = _size("inverse_stft", "frame_length", frame_length)
    fft_size = _fft_length("inverse_stft", length, fft_length)
    frames = irfft(stfts, [fft_size])
    if length < fft_size:
        frames = frames[..., :length]
    elif length > fft_size:
        frames = OPS["pad"](frames, [[0, 0]] * (len(frames.shape) - 1) + [[0, length - fft_size]])
    if window_fn is not None:
        frames = frames * window_fn(length, dtype=frames.dtype)
    return overlap_and_add(frames, frame_step)


@public
def inverse_stft_window_fn(
    frame_step: Any, forward_window_fn: Any = hann_window, name: str | None = None
) -> Callable[..., Any]:
    """The taper for `inverse_stft` that undoes `forward_window_fn`: a function of (frame_length, dtype).

    The forward taper over the sum of its squares at all frames that see the same element.
    """
    step = _size("inverse_stft_window_fn", "frame_step", frame_step)

    def inverse_window(frame_length: Any, dtype: Any) -> Any:
        length = _size("inverse_stft_window_fn", "frame_length", frame_length)
        taper = forward_window_fn(length, dtype=dtype)
        overlaps = -(-length // step)
        square = OPS["pad"](taper * taper, [[0, overlaps * step - length]])
        total = OPS["reduce_sum"](OPS["reshape"](square, [overlaps, step]), 0)
        return taper / OPS["tile"](total, [overlaps])[:length]

    return inverse_window


@public
def mdct(
    signals: Any,
    frame_length: Any,
    window_fn: Any = vorbis_window,
    pad_end: bool = False,
    norm: Any = None,
    name: str | None = None,
) -> Any:
    """The modified discrete cosine transform: (..., n) -> (..., frames, frame_length // 2). Princen and Bradley 1987.

    Frames overlap by half; each, tapered by `window_fn`, is folded in half and goes through `dct` of type 4. norm: None
    or "ortho". ValueError if `frame_length` is no multiple of 4.
    """
    length = _size("mdct", "frame_length", frame_length)
    if length % 4:
        raise ValueError(f"mdct: frame_length={length} must be a multiple of 4")
    half = length // 2
    frames = frame(as_tensor(signals), length, half, pad_end=pad_end)
    if window_fn is not None:
        frames = frames * window_fn(length, dtype=frames.dtype)
    else:
        frames = frames * np.sqrt(0.5).astype(frames.dtype.numpy)
    quarter = half // 2
    a, b, c, d = (frames[..., k * quarter : (k + 1) * quarter] for k in range(4))
    folded = OPS["concat"]([-_mirror(c) - d, a - _mirror(b)], -1)
    return dct(folded, type=4, norm=norm)


@public
def inverse_mdct(mdcts: Any, window_fn: Any = vorbis_window, norm: Any = None, name: str | None = None) -> Any:
    """The inverse of `mdct` with the same `window_fn` and `norm`: (..., frames, half) -> (..., (frames + 1) * half)."""
    x = as_tensor(mdcts)
    half = x._array.shape[-1]
    y = dct(x, type=4, norm=norm)
    if norm is None:
        y = y * (0.5 / half)
    a, b = y[..., : half // 2], y[..., half // 2 :]
    frames = OPS["concat"]([b, -_mirror(b), -_mirror(a), -a], -1)
    if window_fn is not None:
        frames = frames * window_fn(2 * half, dtype=frames.dtype)
    else:
        frames = frames * np.sqrt(0.5).astype(frames.dtype.numpy)
    return overlap_and_add(frames, half)


def _mirror(x: Any) -> Any:
    return OPS["reverse"](x, [-1])


_FUNCTIONS: tuple[Any, ...] = (stft, inverse_stft, inverse_stft_window_fn, mdct, inverse_mdct)
NAMES = {f"tf.signal.{f.__name__}": f for f in _FUNCTIONS}
