"""Complex numbers: their parts, and how they are put together."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import InvalidArgumentError
from ..op import elementwise, public
from ..tensor import Array, as_tensor
from .domain import floating, numeric


def conj(x: Any) -> Any:
    """For rules: the complex conjugate. Real numbers, among them Python's, are their own and cost nothing."""
    return conj_(x) if isinstance(x, Array) and x._array.dtype.kind == "c" else x


@elementwise
@numeric
def conj_(xp, x):
    """The complex conjugate of `x`; `x` itself if it is real."""
    return xp.conj(x) if x.dtype.kind == "c" else x


@conj_.gradient
def _(dy):
    return conj(dy)


@elementwise
@numeric
def real(xp, input):
    """The real part: float32 of complex64, float64 of complex128, `input` itself if it is real."""
    return input.real


@real.gradient
def _(dy, input):
    return complex_from(dy, 0.0) if input._array.dtype.kind == "c" else dy


@elementwise
@numeric
def imag(xp, input):
    """The imaginary part, 0 for real numbers."""
    return input.imag


@imag.gradient
def _(dy, input):
    return complex_from(0.0, dy) if input._array.dtype.kind == "c" else None


@elementwise
@floating
def angle(xp, input):
    """The argument of a complex number in (-pi, pi]; of a real one 0, or pi if it is negative."""
    if input.dtype.kind == "c":
        return xp.angle(input)
    return xp.where(input < 0, input.dtype.type(np.pi), input.dtype.type(0))


@angle.gradient
def _(dy, input):
    if input._array.dtype.kind != "c":
        return None
    x, y = real(input), imag(input)
    r2 = x * x + y * y
    return complex_from(-dy * y / r2, dy * x / r2)


@elementwise
def complex_from(xp, real, imag):
    """real + i * imag of float32 (giving complex64) or float64 (complex128)."""
    dtype = (real if hasattr(real, "dtype") else imag).dtype
    if dtype.char not in "fd":
        raise InvalidArgumentError(f"complex: real and imag are {dtype}: they must be float32 or float64 [Op:Complex]")
    made = xp.empty(np.broadcast_shapes(np.shape(real), np.shape(imag)), "F" if dtype.char == "f" else "D")
    made.real, made.imag = real, imag
    return made


@complex_from.gradient
def _(dy):
    return lambda: real(dy), lambda: imag(dy)


@public
def complex_(real: Any, imag: Any, name: str | None = None) -> Any:
    """The complex numbers real + i * imag: complex64 of two float32, complex128 of two float64, broadcast together.

    Raises TypeError for other dtypes and for two that differ.

    >>> import gputape as tf
    >>> tf.complex([2.25, 3.25], [4.75, 5.75]).numpy()
    array([2.25+4.75j, 3.25+5.75j], dtype=complex64)
    """
    x, y = as_tensor(real), as_tensor(imag)
    if x.dtype is not y.dtype or x.dtype.name not in ("float32", "float64"):
        raise TypeError(
            f"Types of real and imag don't match or are not supported: {x.dtype.name} {y.dtype.name}: "
            f"both must be float32 or both float64"
        )
    return complex_from(x, y)


NAMES = {
    "tf.complex": complex_,
    "tf.dtypes.complex": complex_,
    "tf.math.conj": conj_,
    "tf.math.real": real,
    "tf.math.imag": imag,
    "tf.math.angle": angle,
}
