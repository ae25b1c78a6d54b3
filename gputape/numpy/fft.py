"""gputape.numpy.fft: NumPy's Fourier transforms, differentiable."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..registry import OPS
from .array import cast, promoted, tensor, wrap


def _transform(name: str, op: str, several: Any) -> Callable[..., Any]:
    def function(a: Any, n: Any = None, axis: Any = several, norm: Any = None) -> Any:
        x = promoted(a, floating=True)[0]
        real = name.startswith("rfft")
        wide = x._array.dtype if real else np.result_type(x._array.dtype, np.complex64)
        axes = range(-len(n) if n else -x._array.ndim, 0) if axis is None else np.atleast_1d(axis)
        sizes = None if n is None else [int(s) for s in np.atleast_1d(n)]
        return wrap(OPS[op](cast(x, np.dtype(wide)), sizes, [int(k) % x._array.ndim for k in axes], norm))

    def over_axes(a: Any, s: Any = None, axes: Any = several, norm: Any = None) -> Any:
        return function(a, s, axes, norm)

    made: Callable[..., Any] = function if several == -1 else over_axes
    made.__name__ = made.__qualname__ = name
    made.__doc__ = f"NumPy's `fft.{name}`."
    return made


fft, ifft = _transform("fft", "fftnd", -1), _transform("ifft", "ifftnd", -1)
rfft, irfft = _transform("rfft", "rfftnd", -1), _transform("irfft", "irfftnd", -1)
fft2, ifft2 = _transform("fft2", "fftnd", (-2, -1)), _transform("ifft2", "ifftnd", (-2, -1))
rfft2, irfft2 = _transform("rfft2", "rfftnd", (-2, -1)), _transform("irfft2", "irfftnd", (-2, -1))
fftn, ifftn = _transform("fftn", "fftnd", None), _transform("ifftn", "ifftnd", None)


def fftshift(x: Any, axes: Any = None) -> Any:
    """The zero frequency in the middle."""
    return wrap(OPS["fftshift"](tensor(x), axes))


def ifftshift(x: Any, axes: Any = None) -> Any:
    """What `fftshift` did, undone."""
    return wrap(OPS["ifftshift"](tensor(x), axes))


def fftfreq(n: int, d: float = 1.0) -> Any:
    """The frequencies of a transform of `n` samples at distance `d`."""
    return wrap(tensor(np.fft.fftfreq(n, d)))


def rfftfreq(n: int, d: float = 1.0) -> Any:
    """The frequencies of `rfft`."""
    return wrap(tensor(np.fft.rfftfreq(n, d)))


__all__ = [
    *("fft", "fft2", "fftfreq", "fftn", "fftshift", "ifft", "ifft2", "ifftn", "ifftshift"),
    *("irfft", "irfft2", "rfft", "rfft2", "rfftfreq"),
]
