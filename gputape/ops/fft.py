"""Discrete Fourier transforms over any axes, complex and real, and the shift that puts frequency 0 in the middle.

The transform without a factor, F, is symmetric, so its adjoint is the inverse transform without a factor: the gradient
of each transform is the opposite one, with the factor where the other had none. `norm` says who carries 1 / size:
"backward" the inverse, "forward" the transform, "ortho" both its square root.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import InvalidArgumentError
from ..op import op, public
from ..registry import OPS
from ..tensor import Array, as_tensor
from .shape import axis_of, static, static_shape

_ADJOINT = {"backward": "forward", "forward": "backward", "ortho": "ortho"}
_COMPLEX = {"f": np.dtype(np.complex64), "d": np.dtype(np.complex128)}
_REAL = {"F": np.dtype(np.float32), "D": np.dtype(np.float64)}


@op
def fourier(xp, x, *, axes, inverse, norm):
    """The transform of complex `x` over `axes`, or its inverse, in the shape of `x`."""
    if not x.size or not axes:
        return x
    return (xp.fft.ifftn if inverse else xp.fft.fftn)(x, axes=axes, norm=norm).astype(x.dtype, copy=False)


@fourier.gradient
def _(dy, axes, inverse, norm):
    return fourier(dy, axes=axes, inverse=not inverse, norm=_ADJOINT[norm])


@op
def fourier_of_real(xp, x, *, axes, norm):
    """The transform of real `x`: the frequencies 0 ... size // 2 of the last of `axes`; the others mirror them."""
    dtype, size = _COMPLEX[x.dtype.char], x.shape[axes[-1]]
    if not x.size:
        shape = list(x.shape)
        shape[axes[-1]] = size // 2 + 1 if size else 0
        return xp.zeros(shape, dtype)
    return xp.fft.rfftn(x, axes=axes, norm=norm).astype(dtype, copy=False)


@op
def fourier_to_real(xp, x, *, axes, norm, size):
    """The inverse of `fourier_of_real`; `size` is the result's length along the last of `axes`."""
    dtype, shape = _REAL[x.dtype.char], list(x.shape)
    shape[axes[-1]] = size
    if not x.size or not size:
        return xp.zeros(shape, dtype)
    made = xp.fft.irfftn(x, s=[shape[k] for k in axes], axes=axes, norm=norm)
    return made.astype(dtype, copy=False)


def _counted(x: Any, axes: tuple[int, ...], size: int, weight: float) -> Any:
    """`x` times `weight` where a frequency stands for two: at all but 0 and, of an even `size`, the last."""
    weights = np.full(size // 2 + 1, weight, x.dtype.numpy)
    weights[0] = 1
    if size % 2 == 0:
        weights[-1] = 1
    rank = len(x.shape)
    return x * weights.reshape([-1 if k == axes[-1] % rank else 1 for k in range(rank)])


@fourier_of_real.gradient
def _(dy, x_shape, axes, norm):
    size = x_shape[axes[-1]]
    return fourier_to_real(_counted(dy, axes, size, 0.5), axes=axes, norm=_ADJOINT[norm], size=size)


@fourier_to_real.gradient
def _(dy, axes, norm, size):
    return _counted(fourier_of_real(dy, axes=axes, norm=_ADJOINT[norm]), axes, size, 2.0)


# -- public functions


def _input(name: str, x: Any, kinds: str, wanted: str, rank: int) -> Any:
    """`x` as a tensor; what is none becomes `wanted`, the smaller of the types that the transform takes."""
    given = isinstance(x, Array) or (isinstance(x, np.ndarray) and x.dtype.kind == "c")
    x = as_tensor(x) if given or hasattr(type(x), "__gputape_op__") else OPS["cast"](as_tensor(x), wanted)
    if x.dtype.numpy.char not in kinds:
        told = "complex64 or complex128" if kinds == "FD" else "tf.float32 or tf.float64"
        raise (InvalidArgumentError if kinds == "FD" else ValueError)(
            f"{name}: requires {told} inputs, got {x.dtype.name} of shape {x.shape}: use tf.cast [Op:{name}]"
        )
    if len(x.shape) < rank:
        raise InvalidArgumentError(f"{name}: Input must have rank of at least {rank} but got: {x.shape} [Op:{name}]")
    return x


def _fitted(x: Any, axes: tuple[int, ...], sizes: tuple[int, ...]) -> Any:
    """`x` with its `axes` cut, or filled up with zeros, to `sizes`."""
    old = x._array.shape
    wanted = dict(zip([k % len(old) for k in axes], sizes, strict=True))
    if any(wanted.get(k, n) < n for k, n in enumerate(old)):
        x = x[tuple([slice(0, min(wanted.get(k, n), n)) for k, n in enumerate(old)])]
    if any(wanted.get(k, n) > n for k, n in enumerate(old)):
        x = OPS["pad"](x, [[0, max(wanted.get(k, n) - n, 0)] for k, n in enumerate(old)])
    return x


def _complex(name: str, x: Any, rank: int, inverse: bool) -> Any:
    x = _input(name, x, "FD", "complex64", rank)
    return fourier(x, axes=tuple(range(-rank, 0)), inverse=inverse, norm="backward")


def _lengths(name: str, fft_length: Any, rank: int) -> tuple[int, ...]:
    lengths = static(fft_length)
    if not isinstance(lengths, tuple):
        raise TypeError(f"{name}: fft_length={fft_length!r} is not iterable: give a list of {rank} sizes")
    if len(lengths) != rank:
        raise InvalidArgumentError(f"{name}: fft_length {list(lengths)} must have shape [{rank}] [Op:{name}]")
    if min(lengths, default=1) < 0:
        raise InvalidArgumentError(f"{name}: fft_length {list(lengths)} must be >= 0 [Op:{name}]")
    return lengths


def _forward(name: str, x: Any, fft_length: Any, rank: int) -> Any:
    x = _input(name, x, "fd", "float32", rank)
    axes = tuple(range(-rank, 0))
    if fft_length is not None:
        x = _fitted(x, axes, _lengths(name, fft_length, rank))
    return fourier_of_real(x, axes=axes, norm="backward")


def _backward(name: str, x: Any, fft_length: Any, rank: int) -> Any:
    x = _input(name, x, "FD", "complex64", rank)
    axes, shape = tuple(range(-rank, 0)), x._array.shape
    if fft_length is None:
        lengths = (*shape[len(shape) - rank : -1], max(2 * (shape[-1] - 1), 0))
    else:
        lengths = _lengths(name, fft_length, rank)
    x = _fitted(x, axes, (*lengths[:-1], lengths[-1] // 2 + 1 if lengths[-1] else 0))
    return fourier_to_real(x, axes=axes, norm="backward", size=lengths[-1])


@public
def fft(input: Any, name: str | None = None) -> Any:
    """The discrete Fourier transform of complex `input` over its last axis: y[k] = sum_j x[j] exp(-2 pi i j k / n).

    What is no tensor becomes complex64. InvalidArgumentError for other types than complex64 and complex128, and for a
    scalar. Equals `np.fft.fft`.

    >>> import gputape as tf
    >>> tf.signal.fft([1.0, 2.0]).numpy()
    array([ 3.+0.j, -1.+0.j], dtype=complex64)
    """
    return _complex("fft", input, 1, inverse=False)


@public
def ifft(input: Any, name: str | None = None) -> Any:
    """The inverse of `fft`: x[j] = sum_k y[k] exp(2 pi i j k / n) / n."""
    return _complex("ifft", input, 1, inverse=True)


@public
def fft2d(input: Any, name: str | None = None) -> Any:
    """`fft` over the last two axes."""
    return _complex("fft2d", input, 2, inverse=False)


@public
def ifft2d(input: Any, name: str | None = None) -> Any:
    """`ifft` over the last two axes."""
    return _complex("ifft2d", input, 2, inverse=True)


@public
def fft3d(input: Any, name: str | None = None) -> Any:
    """`fft` over the last three axes."""
    return _complex("fft3d", input, 3, inverse=False)


@public
def ifft3d(input: Any, name: str | None = None) -> Any:
    """`ifft` over the last three axes."""
    return _complex("ifft3d", input, 3, inverse=True)


@public
def rfft(input_tensor: Any, fft_length: Any = None, name: str | None = None) -> Any:
    """The transform of real `input_tensor` over its last axis: the frequencies 0 ... n // 2, complex.

    fft_length: [n]: the input is cut, or filled up with zeros, to that many elements. What is no tensor becomes
    float32. ValueError for other types than float32 and float64. Equals `np.fft.rfft`.

    >>> import gputape as tf
    >>> tf.signal.rfft([1.0, 2.0, 3.0, 4.0]).numpy()
    array([10.+0.j, -2.+2.j, -2.+0.j], dtype=complex64)
    """
    return _forward("rfft", input_tensor, fft_length, 1)


@public
def rfft2d(input_tensor: Any, fft_length: Any = None, name: str | None = None) -> Any:
    """`rfft` over the last axis, then `fft` over the one before."""
    return _forward("rfft2d", input_tensor, fft_length, 2)


@public
def rfft3d(input_tensor: Any, fft_length: Any = None, name: str | None = None) -> Any:
    """`rfft` over the last axis, then `fft` over the two before."""
    return _forward("rfft3d", input_tensor, fft_length, 3)


@public
def irfft(input_tensor: Any, fft_length: Any = None, name: str | None = None) -> Any:
    """The inverse of `rfft`: real; `fft_length` ([n], default 2 * (size - 1)) is the length of the result.

    >>> import gputape as tf
    >>> tf.signal.irfft(tf.signal.rfft([1.0, 2.0, 3.0]), [3]).numpy()
    array([1., 2., 3.], dtype=float32)
    """
    return _backward("irfft", input_tensor, fft_length, 1)


@public
def irfft2d(input_tensor: Any, fft_length: Any = None, name: str | None = None) -> Any:
    """The inverse of `rfft2d`."""
    return _backward("irfft2d", input_tensor, fft_length, 2)


@public
def irfft3d(input_tensor: Any, fft_length: Any = None, name: str | None = None) -> Any:
    """The inverse of `rfft3d`."""
    return _backward("irfft3d", input_tensor, fft_length, 3)


def _chosen(name: str, x: Any, fft_length: Any, axes: Any, norm: Any) -> tuple[tuple[int, ...], Any, str]:
    """The axes (default the last len(fft_length), or all), the lengths and the norm of an n-dimensional transform."""
    rank = len(x.shape)
    lengths = None if fft_length is None else static_shape(fft_length)
    axes = tuple(range(rank))[-len(lengths) if lengths else 0 :] if axes is None else static_shape(axes)
    axes = tuple([axis_of(name, k, rank) for k in axes])
    norm = "backward" if norm is None else norm
    if norm not in _ADJOINT:
        raise ValueError(f"{name}: norm={norm!r}: must be None or one of {list(_ADJOINT)}")
    if lengths is not None and len(lengths) != len(axes):
        raise ValueError(f"{name}: fft_length {list(lengths)} and axes {list(axes)} must be of equal length")
    return axes, lengths, norm


def _complex_nd(name: str, x: Any, fft_length: Any, axes: Any, norm: Any, inverse: bool) -> Any:
    x = _input(name, x, "FD", "complex64", 0)
    axes, lengths, norm = _chosen(name, x, fft_length, axes, norm)
    x = x if lengths is None else _fitted(x, axes, lengths)
    return fourier(x, axes=axes, inverse=inverse, norm=norm)


@public
def fftnd(input_tensor: Any, fft_length: Any = None, axes: Any = None, norm: Any = None, name: Any = None) -> Any:
    """The transform of complex `input_tensor` over `axes` (default all), each cut or filled up to `fft_length`.

    norm: "backward" (default, no factor), "ortho" (1 / sqrt(size)) or "forward" (1 / size). Equals `np.fft.fftn`.
    """
    return _complex_nd("fftnd", input_tensor, fft_length, axes, norm, inverse=False)


@public
def ifftnd(input_tensor: Any, fft_length: Any = None, axes: Any = None, norm: Any = None, name: Any = None) -> Any:
    """The inverse of `fftnd` with the same `norm`."""
    return _complex_nd("ifftnd", input_tensor, fft_length, axes, norm, inverse=True)


@public
def rfftnd(input_tensor: Any, fft_length: Any = None, axes: Any = None, norm: Any = None, name: Any = None) -> Any:
    """`fftnd` of a real tensor: of the last of `axes` the frequencies 0 ... n // 2."""
    x = _input("rfftnd", input_tensor, "fd", "float32", 1)
    axes, lengths, norm = _chosen("rfftnd", x, fft_length, axes, norm)
    x = x if lengths is None else _fitted(x, axes, lengths)
    return fourier_of_real(x, axes=axes, norm=norm)


@public
def irfftnd(input_tensor: Any, fft_length: Any = None, axes: Any = None, norm: Any = None, name: Any = None) -> Any:
    """The inverse of `rfftnd`; the last of `fft_length` is the result's size (default 2 * (size - 1))."""
    x = _input("irfftnd", input_tensor, "FD", "complex64", 1)
    axes, lengths, norm = _chosen("irfftnd", x, fft_length, axes, norm)
    sizes = [x._array.shape[k] for k in axes]
    lengths = (*sizes[:-1], max(2 * (sizes[-1] - 1), 0)) if lengths is None else lengths
    x = _fitted(x, axes, (*lengths[:-1], lengths[-1] // 2 + 1 if lengths[-1] else 0))
    return fourier_to_real(x, axes=axes, norm=norm, size=lengths[-1])


def _shifted(name: str, x: Any, axes: Any, sign: int) -> Any:
    x = as_tensor(x)
    shape = x._array.shape
    axes = range(len(shape)) if axes is None else static_shape(axes)
    axes = [axis_of(name, k, len(shape)) for k in axes]
    return OPS["roll"](x, [sign * (shape[k] // 2) for k in axes], axes)


@public
def fftshift(x: Any, axes: Any = None, name: str | None = None) -> Any:
    """`x` rolled by half its size along `axes` (default all): frequency 0 comes to the middle.

    >>> import gputape as tf
    >>> tf.signal.fftshift([0.0, 1.0, 2.0, -2.0, -1.0]).numpy()
    array([-2., -1.,  0.,  1.,  2.], dtype=float32)
    """
    return _shifted("fftshift", x, axes, 1)


@public
def ifftshift(x: Any, axes: Any = None, name: str | None = None) -> Any:
    """The inverse of `fftshift`."""
    return _shifted("ifftshift", x, axes, -1)


_FUNCTIONS: tuple[Any, ...] = (fft, ifft, fft2d, ifft2d, fft3d, ifft3d, rfft, irfft, rfft2d, irfft2d, rfft3d, irfft3d)
_FUNCTIONS = (*_FUNCTIONS, fftnd, ifftnd, rfftnd, irfftnd, fftshift, ifftshift)
NAMES = {f"tf.signal.{f.__name__}": f for f in _FUNCTIONS}
NAMES |= {f"tf.{f.__name__}": f for f in (fftnd, ifftnd, rfftnd, irfftnd)}
