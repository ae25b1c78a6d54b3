"""Circulant operators: each row is the one before, moved on by one; Fourier transforms make them diagonal."""

from __future__ import annotations

import math
from typing import Any

from ..dtypes import as_dtype, complex64
from ..registry import OPS
from ..tensor_shape import TensorShape
from .base import LinearOperator, entries


class LinearOperatorCirculant(LinearOperator):
    """F^-1 diag(spectrum) F, where F is the discrete Fourier transform.

    Args:
        spectrum: [..., n], the eigenvalues, the Fourier transform of the first column.
        input_output_dtype: of arguments and results, default complex64; a real one takes the real part.

    >>> import gputape as tf
    >>> spectrum = tf.signal.fft(tf.constant([1.0, 2.0, 3.0], tf.complex64))
    >>> tf.linalg.LinearOperatorCirculant(spectrum, tf.float32).to_dense().numpy().round(3)
    array([[1., 3., 2.],
           [2., 1., 3.],
           [3., 2., 1.]], dtype=float32)
    """

    _block = 1  # how many of the spectrum's last axes are transformed

    def __init__(self, spectrum: Any, input_output_dtype: Any = complex64, **promises: Any) -> None:
        self._spectrum = entries(spectrum, "spectrum", self._block)
        super().__init__(as_dtype(input_output_dtype), **promises)

    @property
    def spectrum(self) -> Any:
        return self._spectrum

    @property
    def block_depth(self) -> int:
        return self._block

    @property
    def block_shape(self) -> TensorShape:
        """The axes that are transformed."""
        return TensorShape(self._spectrum.shape[-self._block :])

    def _shape(self) -> TensorShape:
        n = math.prod(self.block_shape.as_list())  # type: ignore[arg-type]
        return TensorShape([*self._spectrum.shape[: -self._block], n, n])

    def _by_spectrum(self, x: Any, factor: Any) -> Any:
        """F^-1 diag(factor) F x for x of [..., n, k]."""
        fourier, back = (("fft", "ifft"), ("fft2d", "ifft2d"), ("fft3d", "ifft3d"))[self._block - 1]
        columns = OPS["matrix_transpose"](x)
        kind = "complex128" if self._spectrum.dtype in ("float64", "complex128") else "complex64"
        blocks = OPS["reshape"](columns, [*columns.shape[:-1], *self.block_shape.as_list()])
        factor = OPS["expand_dims"](OPS["cast"](factor, kind), -self._block - 1)
        made = OPS[back](factor * OPS[fourier](OPS["cast"](blocks, kind)))
        made = OPS["reshape"](made, [*made.shape[: -self._block], x.shape[-2]])
        made = OPS["matrix_transpose"](made)
        return OPS["cast"](made if self.dtype.is_complex else OPS["real"](made), self.dtype)

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return self._by_spectrum(x, OPS["conj"](self._spectrum) if adjoint else self._spectrum)

    def _solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return self._by_spectrum(rhs, 1 / (OPS["conj"](self._spectrum) if adjoint else self._spectrum))

    def _flat(self) -> Any:
        return OPS["reshape"](self._spectrum, self._shape()[:-1])

    def _cast(self, value: Any) -> Any:
        return OPS["cast"](value if self.dtype.is_complex else OPS["real"](value), self.dtype)

    def _determinant(self) -> Any:
        return self._cast(OPS["reduce_prod"](self._flat(), axis=-1))

    def _log_abs_determinant(self) -> Any:
        return self._cast(OPS["reduce_sum"](OPS["log"](OPS["abs"](self._flat())), axis=-1))

    def _diag_part(self) -> Any:
        mean = OPS["reduce_mean"](self._flat(), axis=-1, keepdims=True)
        return self._cast(OPS["broadcast_to"](mean, self._shape()[:-1]))

    def eigvals(self, name: str = "eigvals") -> Any:
        """The spectrum, as a vector."""
        return self._flat()

    def convolution_kernel(self, name: str = "convolution_kernel") -> Any:
        """The inverse Fourier transform of the spectrum: the first column, in the spectrum's shape."""
        kind = "complex128" if self._spectrum.dtype in ("float64", "complex128") else "complex64"
        back = ("ifft", "ifft2d", "ifft3d")[self._block - 1]
        return self._cast(OPS[back](OPS["cast"](self._spectrum, kind)))


class LinearOperatorCirculant2D(LinearOperatorCirculant):
    """Block circulant matrices with circulant blocks: as LinearOperatorCirculant for a spectrum of [..., n0, n1]."""

    _block = 2


class LinearOperatorCirculant3D(LinearOperatorCirculant):
    """As LinearOperatorCirculant for a spectrum of [..., n0, n1, n2]."""

    _block = 3
