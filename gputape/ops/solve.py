"""Systems of linear equations: inverse, general, triangular and banded solvers.

Rules: Giles, "An extended collection of matrix derivative results" (2008). Matrices stand in the last two axes.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import cuda
from ..errors import InvalidArgumentError
from ..op import op, public
from ..tensor import Array, as_tensor
from .diagonal import adjoint as adjoint_of
from .diagonal import diag, keep_band
from .matmul import matmul

kernels = cuda.Kernels("solve.cu", block=64)
MOST = 64  # rows that a block holds in shared memory
_COLUMNS = 32  # of right-hand sides to a block
_BLOCK = 16  # up to this size triangular systems are solved row by row


def matrices(name: str, argument: str, x: Any, square: bool = False) -> None:
    """InvalidArgumentError unless `x` holds matrices of a dtype for which there is linear algebra."""
    shape = tuple(x.shape)
    if len(shape) < 2:
        raise InvalidArgumentError(
            f"{name}: {argument} must have rank >= 2, got {len(shape)}, shape {shape} [Op:{name}]"
        )
    if square and shape[-1] != shape[-2]:
        raise InvalidArgumentError(f"Input matrix must be square: {name} got {argument} of shape {shape} [Op:{name}]")
    if x.dtype.char not in "fdFD":
        raise InvalidArgumentError(
            f"{name}: {argument} has dtype {x.dtype}, which is not in the list of allowed values: float32, float64, "
            f"complex64, complex128; use tf.cast [Op:{name}]"
        )


def systems(name: str, matrix: Any, rhs: Any) -> None:
    """InvalidArgumentError unless `matrix` is square and `rhs` has as many rows."""
    matrices(name, "matrix", matrix, square=True)
    if rhs.ndim < 2:
        raise InvalidArgumentError(
            f"{name}: rhs must have at least 2 dimensions, got shape {tuple(rhs.shape)}; give a vector one column with "
            f"tf.expand_dims(rhs, -1) [Op:{name}]"
        )
    batches = zip(matrix.shape[-3::-1], rhs.shape[-3::-1])
    if matrix.shape[-1] != rhs.shape[-2] or not all(m == n or 1 in (m, n) for m, n in batches):
        raise InvalidArgumentError(
            f"{name}: matrix {tuple(matrix.shape)} and rhs {tuple(rhs.shape)} are incompatible: rhs must have "
            f"{matrix.shape[-1]} rows, and batch dimensions that are equal or 1 [Op:{name}]"
        )


def broadcast(xp: Any, matrix: Any, rhs: Any) -> tuple[Any, Any]:
    """Both with the same batch dimensions."""
    batch = np.broadcast_shapes(matrix.shape[:-2], rhs.shape[:-2])
    matrix = xp.broadcast_to(matrix, (*batch, *matrix.shape[-2:]))
    return matrix, xp.broadcast_to(rhs, (*batch, *rhs.shape[-2:]))


def turned(x: Any) -> Any:
    """The conjugate transpose of an array."""
    return x.swapaxes(-1, -2).conj()


def small(x: Any) -> bool:
    """Whether the kernels take the square matrices of `x`: real ones of up to 64 rows."""
    return x.dtype.kind == "f" and x.ndim >= 2 and 0 < x.shape[-1] == x.shape[-2] <= MOST and x.size > 0


def _solved(kernel: Any, matrix: Any, rhs: Any, *options: bool) -> Any:
    """Launch a kernel over matrices and columns of right-hand sides; None stands for the identity."""
    if rhs is not None:
        matrix, rhs = (cuda.contiguous(x) for x in broadcast(cuda.array_module(matrix), matrix, rhs))
    n, k = matrix.shape[-1], matrix.shape[-1] if rhs is None else rhs.shape[-1]
    y = cuda.empty((*matrix.shape[:-1], k), matrix.dtype)
    columns = min(k, _COLUMNS)
    kernel[y.dtype](
        grid=math.prod(y.shape[:-2]) * -(-k // max(columns, 1)),
        args=(matrix, rhs, y, np.int32(n), np.int64(k), np.int32(columns), *map(np.bool_, options)),
        smem=n * (n + columns) * y.dtype.itemsize,
    )
    return y


# -- inverse and general systems


@op
def inverse(xp, input):
    """The inverses of matrices."""
    matrices("inv", "input", input, square=True)
    try:
        return xp.linalg.inv(input)
    except np.linalg.LinAlgError as error:
        raise InvalidArgumentError(
            f"Input is not invertible: inv of {tuple(input.shape)} [Op:MatrixInverse]"
        ) from error


@inverse.kernel
def _(input):
    return _solved(kernels.solve_forward, cuda.contiguous(input), None, False) if small(input) else NotImplemented


@inverse.gradient
def _(dy, y):
    return -matmul(matmul(y, dy, adjoint_a=True), y, adjoint_b=True)


@public
def inv(input: Any, adjoint: bool = False, name: str | None = None) -> Any:
    """The inverses of the square matrices `input` (..., n, n), or of their adjoints.

    Raises InvalidArgumentError for matrices that are not square or, on the CPU, singular (the GPU gives NaN).

    >>> import gputape as tf
    >>> tf.linalg.inv([[2.0, 0.0], [0.0, 4.0]]).numpy()
    array([[0.5 , 0.  ],
           [0.  , 0.25]], dtype=float32)
    """
    y = inverse(input)
    return adjoint_of(y) if adjoint else y


@op
def solve_general(xp, matrix, rhs, *, adjoint):
    """The solutions of matrix x = rhs, or of matrixᴴ x = rhs."""
    systems("solve", matrix, rhs)
    matrix = turned(matrix) if adjoint else matrix
    try:
        return xp.linalg.solve(*broadcast(xp, matrix, rhs))
    except np.linalg.LinAlgError as error:
        raise InvalidArgumentError(
            f"Input matrix is not invertible: solve with matrix {tuple(matrix.shape)} [Op:MatrixSolve]"
        ) from error


@solve_general.kernel
def _(matrix, rhs, *, adjoint):
    systems("solve", matrix, rhs)
    return _solved(kernels.solve_forward, matrix, rhs, adjoint) if small(matrix) else NotImplemented


@solve_general.gradient
def _(dy, matrix, y, adjoint):
    db = solve_general(matrix, dy, adjoint=not adjoint)
    if adjoint:
        return lambda: -matmul(y, db, adjoint_b=True), db
    return lambda: -matmul(db, y, adjoint_b=True), db


def pair(matrix: Any, rhs: Any) -> tuple[Any, Any]:
    """Both as tensors; one that is none takes the dtype of the other."""
    if isinstance(matrix, Array):
        return matrix, rhs if isinstance(rhs, Array) else as_tensor(rhs, matrix._array.dtype)
    rhs = as_tensor(rhs)
    return as_tensor(matrix, rhs._array.dtype), rhs


@public
def solve(matrix: Any, rhs: Any, adjoint: bool = False, name: str | None = None) -> Any:
    """The solutions x of matrix x = rhs: `matrix` (..., n, n), `rhs` (..., n, k), or of matrixᴴ x = rhs if `adjoint`.

    Batch dimensions broadcast. Raises InvalidArgumentError for shapes that do not fit and, on the CPU, for singular
    matrices (the GPU gives NaN).

    >>> import gputape as tf
    >>> tf.linalg.solve([[2.0, 0.0], [0.0, 4.0]], [[2.0], [2.0]]).numpy()
    array([[1. ],
           [0.5]], dtype=float32)
    """
    return solve_general(*pair(matrix, rhs), adjoint=bool(adjoint))


# -- triangular systems


@op
def solve_triangular(xp, matrix, rhs, *, lower, adjoint):
    """The solutions of matrix x = rhs (matrixᴴ x = rhs) with the lower or the upper triangle of the matrix."""
    systems("triangular_solve", matrix, rhs)
    triangle = xp.tril(matrix) if lower else xp.triu(matrix)
    return xp.linalg.solve(*broadcast(xp, turned(triangle) if adjoint else triangle, rhs))


@solve_triangular.numpy
def _(matrix, rhs, *, lower, adjoint):
    """Substitution: half the work of a factorization and less, and infinities where it divides by zero."""
    systems("triangular_solve", matrix, rhs)
    matrix = turned(matrix) if adjoint else matrix
    if lower == adjoint:  # an upper triangle is a lower one read backwards
        return np.ascontiguousarray(_forward(matrix[..., ::-1, ::-1], rhs[..., ::-1, :])[..., ::-1, :])
    return _forward(matrix, rhs)


def _forward(matrix: Any, rhs: Any) -> Any:
    n = matrix.shape[-1]
    matrix, rhs = broadcast(np, matrix, rhs)
    if n > _BLOCK:
        half = n // 2
        first = _forward(matrix[..., :half, :half], rhs[..., :half, :])
        rest = rhs[..., half:, :] - np.matmul(matrix[..., half:, :half], first)
        return np.concatenate([first, _forward(matrix[..., half:, half:], rest)], axis=-2)
    y = np.empty(rhs.shape, rhs.dtype)
    for i in range(n):
        known = np.matmul(matrix[..., i : i + 1, :i], y[..., :i, :])[..., 0, :]
        y[..., i, :] = (rhs[..., i, :] - known) / matrix[..., i, i, None]
    return y


@solve_triangular.kernel
def _(matrix, rhs, *, lower, adjoint):
    systems("triangular_solve", matrix, rhs)
    return _solved(kernels.substitute_forward, matrix, rhs, lower, adjoint) if small(matrix) else NotImplemented


@solve_triangular.gradient
def _(dy, matrix, y, lower, adjoint):
    db = solve_triangular(matrix, dy, lower=lower, adjoint=not adjoint)

    def da():
        full = matmul(y, db, adjoint_b=True) if adjoint else matmul(db, y, adjoint_b=True)
        return -keep_band(full, num_lower=-1 if lower else 0, num_upper=0 if lower else -1)

    return da, db


@public
def triangular_solve(matrix: Any, rhs: Any, lower: bool = True, adjoint: bool = False, name: str | None = None) -> Any:
    """The solutions of matrix x = rhs, of which the lower triangle of `matrix` (..., n, n) is read, or the upper one.

    `rhs` is (..., n, k); batch dimensions broadcast; `adjoint` solves with the conjugate transpose. A zero on the
    diagonal gives infinities or NaN. Raises InvalidArgumentError for shapes that do not fit.

    >>> import gputape as tf
    >>> tf.linalg.triangular_solve([[2.0, 0.0], [1.0, 1.0]], [[2.0], [3.0]]).numpy()
    array([[1.],
           [2.]], dtype=float32)
    """
    return solve_triangular(*pair(matrix, rhs), lower=bool(lower), adjoint=bool(adjoint))


@public
def cholesky_solve(chol: Any, rhs: Any, name: str | None = None) -> Any:
    """The solutions of A x = rhs, where `chol` is the Cholesky factor of A: A = chol cholᴴ.

    >>> import gputape as tf
    >>> tf.linalg.cholesky_solve([[2.0, 0.0], [0.0, 1.0]], [[4.0], [3.0]]).numpy()
    array([[1.],
           [3.]], dtype=float32)
    """
    chol, rhs = pair(chol, rhs)
    return triangular_solve(chol, triangular_solve(chol, rhs), adjoint=True)


@public
def banded_triangular_solve(
    bands: Any, rhs: Any, lower: bool = True, adjoint: bool = False, name: str | None = None
) -> Any:
    """`triangular_solve` of a matrix given by `bands` (..., k, n): its diagonals from the highest to the lowest.

    Element j of a diagonal stands in column j of `bands` if it is in row j of the matrix; what lies outside the matrix
    is ignored. The matrix is built in full.

    >>> import gputape as tf
    >>> tf.linalg.banded_triangular_solve([[2.0, 1.0], [0.0, 1.0]], [[2.0], [3.0]]).numpy()
    array([[1.],
           [2.]], dtype=float32)
    """
    bands, rhs = pair(bands, rhs)
    matrices("banded_triangular_solve", "bands", bands._array)
    count, n = bands._array.shape[-2:]
    if not 0 < count <= max(n, 1):
        raise InvalidArgumentError(
            f"banded_triangular_solve: the number of bands must be positive and at most the size of the matrix: "
            f"bands has shape {tuple(bands._array.shape)} [Op:BandedTriangularSolve]"
        )
    bands = bands if count > 1 else bands[..., 0, :]
    k = (1 - count, 0) if lower else (0, count - 1)
    matrix = diag(bands, k=k, num_rows=n, num_cols=n, align="LEFT_RIGHT")
    return triangular_solve(matrix, rhs, lower, adjoint)


NAMES = {f"tf.linalg.{f.__name__}": f for f in (inv, solve, triangular_solve, cholesky_solve, banded_triangular_solve)}
