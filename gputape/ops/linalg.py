"""Numbers of matrices and vectors: determinants, norms, cross products."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from .. import cuda
from ..errors import FailedPreconditionError, InvalidArgumentError
from ..op import op, public
from ..registry import OPS
from ..tensor import as_tensor
from .complex import complex_from, conj
from .decompositions import cholesky, singular_values
from .diagonal import adjoint, diag_part
from .lu import kernels
from .solve import inverse, matrices, small


class LogMatrixDeterminant(NamedTuple):
    """What `slogdet` returns."""

    sign: Any
    log_abs_determinant: Any


def _times_inverse(factor: Any, x: Any) -> Any:
    """`factor` (...) times the adjoint of the inverse of `x` (..., n, n)."""
    return OPS["reshape"](factor, (*factor._array.shape, 1, 1)) * adjoint(inverse(x))


def _launched(x: Any, outputs: tuple[Any, ...]) -> None:
    n, x = x.shape[-1], cuda.contiguous(x)
    kernels.det_forward[x.dtype](math.prod(x.shape[:-2]), (x, *outputs, np.int32(n)), smem=n * n * x.itemsize)


@op
def det(xp, input):
    """The determinants (...) of square matrices `input` (..., n, n); their gradient wants the inverse.

    >>> import gputape as tf
    >>> tf.linalg.det([[1.0, 2.0], [3.0, 5.0]]).numpy()
    np.float32(-1.0)
    """
    matrices("det", "input", input, square=True)
    return xp.linalg.det(input)


@det.kernel
def _(input):
    if not small(input):
        return NotImplemented
    y = cuda.empty(input.shape[:-2], input.dtype)
    _launched(input, (y, None, None))
    return y


@det.gradient
def _(dy, input, y):
    return _times_inverse(dy * conj(y), input)


@op
def sign_and_log_det(xp, input):
    matrices("slogdet", "input", input, square=True)
    sign, log = xp.linalg.slogdet(input)
    return sign.astype(input.dtype), log.astype(input.dtype)


@sign_and_log_det.kernel
def _(input):
    if not small(input):
        return NotImplemented
    made = cuda.empty(input.shape[:-2], input.dtype), cuda.empty(input.shape[:-2], input.dtype)
    _launched(input, (None, *made))
    return made


@sign_and_log_det.gradient
def _(dys, input, ys):
    """A complex sign turns: its derivative in the direction E is i sign Im(trace(input⁻¹ E))."""
    (d_sign, d_log), sign = dys, ys[0]
    if input.dtype.is_complex:
        d_log = complex_from(OPS["real"](d_log), OPS["imag"](d_sign * conj(sign)))
    return _times_inverse(d_log, input)


@public
def slogdet(input: Any, name: str | None = None) -> Any:
    """(sign, log_abs_determinant) of square matrices `input` (..., n, n), both in their dtype; (0, -inf) if singular.

    >>> import gputape as tf
    >>> tf.linalg.slogdet([[1.0, 0.0], [0.0, -1.0]]).sign.numpy()
    np.float32(-1.0)
    """
    return LogMatrixDeterminant(*sign_and_log_det(input))


@public
def logdet(matrix: Any, name: str | None = None) -> Any:
    """The logarithms of the determinants of Hermitian positive definite matrices, by their Cholesky factors; else NaN.

    >>> import gputape as tf
    >>> tf.linalg.logdet(tf.eye(3)).numpy()
    np.float32(0.0)
    """
    return 2.0 * OPS["reduce_sum"](OPS["log"](OPS["real"](diag_part(cholesky(matrix)))), axis=[-1])


@op
def cross(xp, a, b):
    """The cross products of vectors `a` and `b` (..., 3) of one shape.

    >>> import gputape as tf
    >>> tf.linalg.cross([1.0, 0.0, 0.0], [0.0, 1.0, 0.0]).numpy()
    array([0., 0., 1.], dtype=float32)
    """
    if a.shape != b.shape:
        raise InvalidArgumentError(
            f"Both inputs must be of same shape: cross of a {a.shape} and b {b.shape} [Op:Cross]"
        )
    if a.ndim < 1 or a.shape[-1] != 3:
        raise FailedPreconditionError(
            f"Cross-products are only defined for 3-element vectors: a and b have shape {a.shape} [Op:Cross]"
        )
    (a0, a1, a2), (b0, b1, b2) = [[x[..., k] for k in range(3)] for x in (a, b)]
    return xp.stack([a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, a0 * b1 - a1 * b0], axis=-1)


@cross.gradient
def _(dy, a, b):
    return lambda: cross(conj(b), dy), lambda: cross(dy, conj(a))


# -- norms


@public
def norm(tensor: Any, ord: Any = "euclidean", axis: Any = None, keepdims: Any = None, name: str | None = None) -> Any:
    """Norms of vectors along `axis` (an int; None: all elements as one vector) or of matrices in a pair of axes.

    Args:
        ord: for vectors "euclidean", 2, 1, np.inf, or any p > 0; for matrices "euclidean" or "fro" (the square root of
            the sum of squares), 1 (the largest sum of a column), np.inf (of a row), 2 (the largest singular value).
        keepdims: whether those axes stay, with size 1. Default False.

    The gradient of Euclidean norms is NaN at zero, as in TensorFlow. Raises ValueError for other norms and axes.

    >>> import gputape as tf
    >>> tf.norm([3.0, 4.0]).numpy()
    np.float32(5.0)
    """
    matrix = isinstance(axis, (tuple, list)) and len(axis) == 2
    if matrix:
        axis = tuple(axis)
        if not all(isinstance(k, (int, np.integer)) for k in axis) or axis[0] == axis[1]:
            raise ValueError(f"'axis' must be None, an integer, or a tuple of 2 unique integers, got {axis}")
        if ord not in ("euclidean", "fro", 1, 2, np.inf):
            raise ValueError(f"'ord' must be a supported matrix norm in ['euclidean', 'fro', 1, 2, inf], got {ord}")
    else:
        if not (axis is None or isinstance(axis, (int, np.integer))):
            raise ValueError(f"'axis' must be None, an integer, or a tuple of 2 unique integers, got {axis}")
        if ord != "euclidean" and (isinstance(ord, str) or not np.isreal(ord) or ord <= 0):
            raise ValueError(f"'ord' must be a supported vector norm, got {ord}")
    x = as_tensor(tensor)
    if ord in ("euclidean", "fro") or (ord == 2 and not matrix):
        made = OPS["sqrt"](OPS["reduce_sum"](x * conj(x), axis, True))
    elif matrix and ord == 2:
        made = _spectral(x, axis)
    elif ord == 1:
        made = OPS["reduce_sum"](OPS["abs"](x), axis[0] if matrix else axis, True)
        made = OPS["reduce_max"](made, axis[1], True) if matrix else made
    elif ord == np.inf:
        made = OPS["abs"](x)
        made = OPS["reduce_sum"](made, axis[1], True) if matrix else made
        made = OPS["reduce_max"](made, axis[0] if matrix else axis, True)
    else:
        made = OPS["reduce_sum"](OPS["abs"](x) ** ord, axis, True) ** (1.0 / ord)
    return made if keepdims else OPS["squeeze"](made, None if axis is None else axis)


def _spectral(x: Any, axis: tuple[int, int]) -> Any:
    """The largest singular values of the matrices in two axes, which keep size 1."""
    rank = x._array.ndim
    pair = [k % rank for k in axis]
    rest = [k for k in range(rank) if k not in pair]
    largest = OPS["reduce_max"](singular_values(OPS["transpose"](x, [*rest, *pair])), axis=-1)
    shape = [1 if k in pair else size for k, size in enumerate(x._array.shape)]
    return OPS["reshape"](largest, shape)


@public
def normalize(tensor: Any, ord: Any = "euclidean", axis: Any = None, name: str | None = None) -> Any:
    """(`tensor` divided by its norms, the norms): `norm` with its axes kept.

    >>> import gputape as tf
    >>> tf.linalg.normalize([3.0, 4.0])[0].numpy()
    array([0.6, 0.8], dtype=float32)
    """
    x = as_tensor(tensor)
    norms = OPS["cast"](norm(x, ord, axis, True), x.dtype)
    return x / norms, norms


NAMES = {
    **{f"tf.linalg.{f.__name__}": f for f in (det, slogdet, logdet, cross, norm, normalize)},
    "tf.norm": norm,
}
