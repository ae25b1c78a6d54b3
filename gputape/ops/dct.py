"""Discrete cosine transforms of types 1 to 4, by Fourier transforms. Makhoul 1980, "A fast cosine transform"."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..op import public
from ..registry import OPS
from ..tensor import as_tensor
from .complex import complex_from, real
from .fft import fourier, fourier_of_real, fourier_to_real
from .shape import static


def _turned(x: Any, places: Any, sign: int) -> Any:
    """`x` times exp(sign i pi places): real `x` becomes complex."""
    turn = np.exp(sign * 1j * math.pi * places)
    if not x.dtype.is_complex:
        x = complex_from(x, 0.0)
    return x * turn.astype(x.dtype.numpy)


def _filled(x: Any, size: int) -> Any:
    n = x._array.shape[-1]
    return OPS["pad"](x, [[0, 0]] * (len(x.shape) - 1) + [[0, size - n]])


def _transform(x: Any, kind: int, n: int) -> Any:
    """The sums without a norm, of x (..., n)."""
    norm = {"axes": (-1,), "norm": "backward"}
    half = np.arange(n) / (2 * n)
    if kind == 1:  # x[0] + (-1)**k x[n-1] + 2 sum_j x[j] cos(pi j k / (n - 1))
        return real(fourier_of_real(OPS["concat"]([x, OPS["reverse"](x[..., 1:-1], [-1])], -1), **norm))
    if kind == 2:  # 2 sum_j x[j] cos(pi (2 j + 1) k / 2 n)
        return 2.0 * real(_turned(fourier_of_real(_filled(x, 2 * n), **norm)[..., :n], half, -1))
    if kind == 3:  # x[0] + 2 sum_{j > 0} x[j] cos(pi j (2 k + 1) / 2 n)
        return 2.0 * n * fourier_to_real(_filled(_turned(x, half, 1), n + 1), size=2 * n, **norm)[..., :n]
    # 2 sum_j x[j] cos(pi (2 j + 1) (2 k + 1) / 4 n)
    y = fourier(_filled(_turned(x, half, -1), 2 * n), inverse=False, **norm)[..., :n]
    return 2.0 * real(_turned(y, half + 1 / (4 * n), -1))


def _checked(name: str, kind: Any, axis: Any, norm: Any, n: Any) -> None:
    if axis != -1:
        raise NotImplementedError(f"{name}: axis must be -1. Got: {axis}: use tf.transpose before and after")
    if n is not None and n < 1:
        raise ValueError(f"{name}: n should be a positive integer or None, got {n}")
    if kind not in (1, 2, 3, 4):
        raise ValueError(f"{name}: type must be 1, 2, 3 or 4. Got: {kind}")
    if kind == 1 and norm == "ortho":
        raise ValueError(f"{name}: Normalization is not supported for the Type-I DCT.")
    if norm not in (None, "ortho"):
        raise ValueError(f"{name}: Unknown normalization. Expected None or 'ortho', got: {norm}")


@public
def dct(input: Any, type: int = 2, n: Any = None, axis: int = -1, norm: Any = None, name: str | None = None) -> Any:
    """The discrete cosine transform of real `input` over its last axis, cut or filled with zeros to `n` elements.

    type 2 (default): y[k] = 2 sum_j x[j] cos(pi (2 j + 1) k / 2 n); types 1, 3 and 4 as in SciPy. norm: "ortho" makes
    types 2, 3 and 4 orthogonal. Equals `scipy.fft.dct`. ValueError for other types and norms.

    >>> import gputape as tf
    >>> tf.signal.dct([1.0, 2.0, 3.0]).numpy().round(3) + 0.0
    array([12.   , -3.464,  0.   ], dtype=float32)
    """
    n = None if n is None else static(n)
    _checked("dct", type, axis, norm, n)
    x = as_tensor(input, np.dtype(np.float32))
    if x.dtype not in ("float32", "float64"):
        x = OPS["cast"](x, "float32")
    size = x._array.shape[-1]
    if n is not None and n != size:
        x = x[..., :n] if n < size else _filled(x, n)
        size = n
    if type == 1 and size < 2:
        raise ValueError("dct: Type-I DCT requires the dimension to be greater than one.")
    if norm == "ortho" and type in (3, 4):
        x = x * _factors(size, type, x)
    y = _transform(x, type, size)
    return y * _factors(size, type, x) if norm == "ortho" and type == 2 else y


def _factors(n: int, kind: int, x: Any) -> Any:
    """What makes the matrix of the transform orthogonal: by rows for type 2, by columns for the others."""
    made = np.full(n, math.sqrt(0.5 / n))
    if kind in (2, 3):
        made[0] *= math.sqrt(0.5) if kind == 2 else math.sqrt(2)
    return made.astype(x.dtype.numpy)


@public
def idct(input: Any, type: int = 2, n: Any = None, axis: int = -1, norm: Any = None, name: str | None = None) -> Any:
    """The inverse of `dct` but for a factor: the transform of the inverse type (3 for 2, 2 for 3, 1 and 4 themselves).

    Exactly the inverse with norm="ortho"; without, idct(dct(x)) is 2 n x (2 (n - 1) x for type 1).
    """
    _checked("idct", type, axis, norm, None if n is None else static(n))
    return dct(input, {1: 1, 2: 3, 3: 2, 4: 4}[type], n, axis, norm)


NAMES = {"tf.signal.dct": dct, "tf.signal.idct": idct}
