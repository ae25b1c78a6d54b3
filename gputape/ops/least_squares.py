"""Least squares, pseudo-inverse and rank.

The pseudo-inverse's rule: Golub and Pereyra (1973), "The differentiation of pseudo-inverses and nonlinear least squares
problems whose variables separate".
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import InvalidArgumentError
from ..op import op, public
from ..registry import OPS
from ..tensor import Array, as_tensor
from .decompositions import cholesky, singular_values
from .diagonal import adjoint
from .matmul import matmul
from .solve import cholesky_solve, matrices, pair, turned


@op
def pseudo_inverse(xp, a, *, rcond):
    matrices("pinv", "a", a)
    u, s, vh = xp.linalg.svd(a, full_matrices=False)
    limit = xp.asarray(rcond, s.dtype)[..., None] * s[..., :1]
    inverted = xp.where(s > limit, 1 / s, s.dtype.type(0))
    return xp.matmul(turned(vh) * inverted[..., None, :], turned(u)).astype(a.dtype, copy=False)


@pseudo_inverse.gradient
def _(dy, a, y):
    """With P the pseudo-inverse: -Pᴴ dP Pᴴ + (1 - A P) dPᴴ P Pᴴ + Pᴴ P dPᴴ (1 - P A)."""
    d = adjoint(dy)
    inner = matmul(matmul(y, dy, adjoint_a=True), y, adjoint_b=True)
    left, right = matmul(d, matmul(y, y, adjoint_b=True)), matmul(matmul(y, y, adjoint_a=True), d)
    return left - matmul(a, matmul(y, left)) + right - matmul(matmul(right, y), a) - inner


@public
def pinv(a: Any, rcond: Any = None, validate_args: bool = False, name: str | None = None) -> Any:
    """The Moore-Penrose pseudo-inverses (..., n, m) of the matrices `a` (..., m, n).

    Args:
        rcond: singular values below rcond times the largest count as zero. Default 10 max(m, n) eps.

    Raises TypeError for dtypes that are not floating or complex, ValueError for ranks below 2.

    >>> import gputape as tf
    >>> tf.linalg.pinv([[2.0], [0.0]]).numpy()
    array([[0.5, 0. ]], dtype=float32)
    """
    x = as_tensor(a)
    if not (x.dtype.is_floating or x.dtype.is_complex):
        raise TypeError(f"Input `a` must have `float`-like `dtype` (saw {x.dtype.name}); use tf.cast")
    shape = tuple(x._array.shape)
    if len(shape) < 2:
        raise ValueError(f"Input `a` must have at least 2 dimensions (saw: {len(shape)}).")
    if rcond is None:
        rcond = 10.0 * max(shape[-2:]) * float(np.finfo(x._array.dtype).eps)
    elif isinstance(rcond, Array):
        rcond = rcond.numpy()
    return pseudo_inverse(x, rcond=rcond)


@public
def matrix_rank(a: Any, tol: Any = None, validate_args: bool = False, name: str | None = None) -> Any:
    """How many singular values of `a` (..., m, n) are above `tol`, int32; default max(m, n) eps times the largest.

    >>> import gputape as tf
    >>> tf.linalg.matrix_rank([[1.0, 1.0], [1.0, 1.0]]).numpy()
    np.int32(1)
    """
    x = as_tensor(a)
    s = singular_values(x)
    if tol is None:
        eps = float(np.finfo(x._array.dtype).eps) * max(x._array.shape[-2:])
        tol = OPS["reduce_max"](s, axis=-1, keepdims=True) * eps
    else:
        tol = OPS["expand_dims"](as_tensor(tol, s._array.dtype), -1)
    return OPS["reduce_sum"](OPS["cast"](s > tol, "int32"), axis=-1)


@public
def lstsq(matrix: Any, rhs: Any, l2_regularizer: float = 0.0, fast: bool = True, name: str | None = None) -> Any:
    """The x that minimise |matrix x - rhs|² + l2_regularizer |x|²: `matrix` (..., m, n), `rhs` (..., m, k).

    With `fast` by Cholesky factors of the normal equations, for matrices of full rank (NaN for others); for m < n the x
    of least norm. Without by the pseudo-inverse, `l2_regularizer` ignored, for any matrices. Raises
    InvalidArgumentError for shapes that do not fit.

    >>> import gputape as tf
    >>> tf.linalg.lstsq([[1.0], [1.0]], [[1.0], [3.0]]).numpy()
    array([[2.]], dtype=float32)
    """
    matrix, rhs = pair(matrix, rhs)
    matrices("lstsq", "matrix", matrix._array)
    rows, columns = matrix._array.shape[-2:]
    if rhs._array.ndim < 2 or rhs._array.shape[-2] != rows:
        raise InvalidArgumentError(
            f"lstsq: rhs must have ndims >= 2 and as many rows as matrix: matrix {tuple(matrix._array.shape)}, rhs "
            f"{tuple(rhs._array.shape)} [Op:MatrixSolveLs]"
        )
    if not fast:
        return matmul(pinv(matrix), rhs)
    tall = rows >= columns
    gram = matmul(matrix, matrix, adjoint_a=True) if tall else matmul(matrix, matrix, adjoint_b=True)
    gram = gram + l2_regularizer * OPS["eye"](min(rows, columns), dtype=matrix.dtype)
    if tall:
        return cholesky_solve(cholesky(gram), matmul(matrix, rhs, adjoint_a=True))
    return matmul(matrix, cholesky_solve(cholesky(gram), rhs), adjoint_a=True)


NAMES = {f"tf.linalg.{f.__name__}": f for f in (lstsq, matrix_rank, pinv)}
