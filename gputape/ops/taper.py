"""Tapering windows: functions of the place in a frame that fall off towards both ends. Computed in float64."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..dtypes import as_dtype
from ..op import public
from ..tensor import as_tensor
from .bessel import bessel_i0
from .shape import static


def _length(name: str, window_length: Any, dtype: Any) -> tuple[int, Any]:
    dtype = as_dtype(dtype)
    if not dtype.is_floating:
        raise ValueError(f"{name}: dtype must be a floating point type. Found {dtype!r}")
    length = static(window_length)
    if isinstance(length, tuple):
        raise ValueError(f"{name}: window_length={list(length)} must be a scalar")
    return length, dtype.numpy


def _raised_cosine(name: str, window_length: Any, periodic: Any, dtype: Any, a: float) -> Any:
    """a - (1 - a) cos(2 pi k / n): n counts the gap to the next period, of even windows only if `periodic`."""
    length, dtype = _length(name, window_length, dtype)
    if length == 1:
        return as_tensor(np.ones(1, dtype))
    n = length if periodic and length % 2 == 0 else length - 1
    made = a - (1 - a) * np.cos(2 * math.pi * np.arange(length) / n)
    return as_tensor(made.astype(dtype))


@public
def hann_window(window_length: Any, periodic: bool = True, dtype: Any = "float32", name: str | None = None) -> Any:
    """(1 - cos(2 pi k / n)) / 2, shape (window_length,); periodic: for Fourier analysis, else symmetric (even lengths).

    >>> import gputape as tf
    >>> tf.signal.hann_window(4).numpy()
    array([0. , 0.5, 1. , 0.5], dtype=float32)
    """
    return _raised_cosine("hann_window", window_length, periodic, dtype, 0.5)


@public
def hamming_window(window_length: Any, periodic: bool = True, dtype: Any = "float32", name: str | None = None) -> Any:
    """0.54 - 0.46 cos(2 pi k / n); arguments as `hann_window`."""
    return _raised_cosine("hamming_window", window_length, periodic, dtype, 0.54)


def _kaiser(length: int, beta: Any) -> Any:
    """Float64: bessel_i0 of beta times the height of a half circle over the window, 1 in the middle."""
    if length == 1:
        return np.ones(1)
    half = (length - 1) / 2
    place = (np.arange(length) - half) / half
    beta = float(np.asarray(beta))
    inside = beta * np.sqrt(np.maximum(1 - place * place, 0))
    return bessel_i0.body(np, inside) / bessel_i0.body(np, np.asarray(beta))


@public
def kaiser_window(window_length: Any, beta: Any = 12.0, dtype: Any = "float32", name: str | None = None) -> Any:
    """The Kaiser window bessel_i0(beta sqrt(1 - t**2)) / bessel_i0(beta), t from -1 to 1; a large `beta` is narrow.

    Equals `np.kaiser`.

    >>> import gputape as tf
    >>> tf.signal.kaiser_window(3, beta=0.0).numpy()
    array([1., 1., 1.], dtype=float32)
    """
    length, dtype = _length("kaiser_window", window_length, dtype)
    return as_tensor(_kaiser(length, beta).astype(dtype))


@public
def kaiser_bessel_derived_window(
    window_length: Any, beta: Any = 12.0, dtype: Any = "float32", name: str | None = None
) -> Any:
    """The square root of the running sum of a Kaiser window of half the length, and its mirror image.

    The squares of its halves add up to 1, as the modified discrete cosine transform wants.
    """
    length, dtype = _length("kaiser_bessel_derived_window", window_length, dtype)
    total = np.cumsum(_kaiser(length // 2 + 1, beta))
    half = np.sqrt(total[:-1] / total[-1])
    return as_tensor(np.concatenate([half, half[::-1]]).astype(dtype))


@public
def vorbis_window(window_length: Any, dtype: Any = "float32", name: str | None = None) -> Any:
    """sin(pi / 2 sin(pi (k + 1/2) / window_length)**2): the squares of its halves add up to 1."""
    length, dtype = _length("vorbis_window", window_length, dtype)
    made = np.sin(math.pi / 2 * np.sin(math.pi / length * (np.arange(length) + 0.5)) ** 2)
    return as_tensor(made.astype(dtype))


_FUNCTIONS: tuple[Any, ...] = (hann_window, hamming_window, kaiser_window, kaiser_bessel_derived_window, vorbis_window)
NAMES = {f"tf.signal.{f.__name__}": f for f in _FUNCTIONS}
