"""LU factors of square matrices with row exchanges, and what is computed from them."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from .. import cuda
from ..dtypes import as_dtype
from ..errors import InvalidArgumentError
from ..op import op, public
from ..registry import OPS
from ..tensor import Tensor, as_tensor
from .diagonal import adjoint, band_part, set_diag
from .matmul import matmul
from .solve import matrices, pair, small, solve_triangular, triangular_solve

kernels = cuda.Kernels("lu.cu", block=64)


class Lu(NamedTuple):
    """What `lu` returns: both factors in one matrix, and the permutation."""

    lu: Any
    p: Any


@op
def lu_factors(xp, input, *, index_type):
    """Elimination column by column, with the largest element left in each column as its pivot."""
    matrices("lu", "input", input, square=True)
    shape, n = input.shape, input.shape[-1]
    made = xp.array(input, order="C").reshape((math.prod(shape[:-2]), n, n))
    order = xp.tile(xp.arange(n, dtype=index_type), (len(made), 1))
    batch = xp.arange(len(made))
    for k in range(n):
        pivot = k + xp.argmax(abs(made[:, k:, k]), axis=1)
        for rows in (made, order):
            chosen = rows[batch, pivot]
            rows[batch, pivot] = rows[:, k]
            rows[:, k] = chosen
        if xp is np and not made[:, k, k].all():
            raise InvalidArgumentError(f"Input is not invertible: lu of {tuple(shape)} [Op:Lu]")
        made[:, k + 1 :, k] /= made[:, k, k, None]
        made[:, k + 1 :, k + 1 :] -= made[:, k + 1 :, k, None] * made[:, k, None, k + 1 :]
    return made.reshape(shape), order.reshape(shape[:-1])


@lu_factors.kernel
def _(input, *, index_type):
    if not small(input):
        return NotImplemented
    x, n = cuda.contiguous(input), input.shape[-1]
    y, order = cuda.empty_like(x), cuda.empty(x.shape[:-1], index_type)
    kernels.lu_forward[x.dtype, index_type](
        math.prod(x.shape[:-2]), (x, y, order, np.int32(n)), smem=n * n * x.itemsize
    )
    return y, order


@lu_factors.gradient
def _(dys, ys):
    """With P A = L U: Pᵀ L⁻ᴴ [strictly lower half of Lᴴ dL + upper half of dU Uᴴ] U⁻ᴴ."""
    (y, p), d = ys, dys[0]
    lower, upper = _split(y)
    left = matmul(lower, OPS["subtract"](d, band_part(d, 0, -1)), adjoint_a=True)
    right = matmul(band_part(d, 0, -1), upper, adjoint_b=True)
    middle = left - band_part(left, 0, -1) + band_part(right, 0, -1)
    rows = solve_triangular(lower, middle, lower=True, adjoint=True)
    return _unpermuted(adjoint(solve_triangular(upper, adjoint(rows), lower=False, adjoint=False)), p)


def _split(factors: Any) -> tuple[Any, Any]:
    """The lower factor, with ones on its diagonal, and the upper one."""
    lower = set_diag(band_part(factors, -1, 0), OPS["ones"](factors._array.shape[:-1], factors.dtype))
    return lower, band_part(factors, 0, -1)


def _batches(x: Any) -> int:
    return x._array.ndim - 2


def _unpermuted(x: Any, p: Any) -> Any:
    """The rows of `x` where they were before the exchanges."""
    return OPS["gather"](x, OPS["argsort"](p, axis=-1), axis=_batches(x), batch_dims=_batches(x))


@public
def lu(input: Any, output_idx_type: Any = "int32", name: str | None = None) -> Any:
    """(lu, p) of square matrices `input` (..., n, n): L (its diagonal of ones left out) and U in one, P input = L U.

    p (..., n) of `output_idx_type` lists the rows of `input` in the order in which they stand in L U. Raises
    InvalidArgumentError for matrices that are not square or, on the CPU, singular (the GPU gives NaN).

    >>> import gputape as tf
    >>> factors, p = tf.linalg.lu([[1.0, 2.0], [4.0, 4.0]])
    >>> factors.numpy(), p.numpy()
    (array([[4.  , 4.  ],
           [0.25, 1.  ]], dtype=float32), array([1, 0], dtype=int32))
    """
    return Lu(*lu_factors(input, index_type=as_dtype(output_idx_type).numpy))


def _permutation(p: Any) -> Any:
    return p if isinstance(p, Tensor) else as_tensor(p)


@public
def lu_reconstruct(lower_upper: Any, perm: Any, validate_args: bool = False, name: str | None = None) -> Any:
    """The matrices of which `lower_upper`, `perm` are the `lu`.

    >>> import gputape as tf
    >>> tf.linalg.lu_reconstruct(*tf.linalg.lu([[1.0, 2.0], [4.0, 4.0]])).numpy()
    array([[1., 2.],
           [4., 4.]], dtype=float32)
    """
    factors = as_tensor(lower_upper)
    lower, upper = _split(factors)
    return _unpermuted(matmul(lower, upper), _permutation(perm))


@public
def lu_solve(lower_upper: Any, perm: Any, rhs: Any, validate_args: bool = False, name: str | None = None) -> Any:
    """The solutions x of A x = rhs for the matrices A of which `lower_upper`, `perm` are the `lu`.

    >>> import gputape as tf
    >>> tf.linalg.lu_solve(*tf.linalg.lu([[0.0, 2.0], [4.0, 0.0]]), [[2.0], [4.0]]).numpy()
    array([[1.],
           [1.]], dtype=float32)
    """
    factors, rhs = pair(lower_upper, rhs)
    lower, upper = _split(factors)
    if rhs._array.ndim != factors._array.ndim:
        rhs = OPS["broadcast_to"](rhs, (*factors._array.shape[:-2], *rhs._array.shape[-2:]))
    p = OPS["broadcast_to"](_permutation(perm), rhs._array.shape[:-1])
    permuted = OPS["gather"](rhs, p, axis=_batches(rhs), batch_dims=_batches(rhs))
    return triangular_solve(upper, triangular_solve(lower, permuted), lower=False)


@public
def lu_matrix_inverse(lower_upper: Any, perm: Any, validate_args: bool = False, name: str | None = None) -> Any:
    """The inverses of the matrices of which `lower_upper`, `perm` are the `lu`.

    >>> import gputape as tf
    >>> tf.linalg.lu_matrix_inverse(*tf.linalg.lu([[0.0, 2.0], [4.0, 0.0]])).numpy()
    array([[0.  , 0.25],
           [0.5 , 0.  ]], dtype=float32)
    """
    factors = as_tensor(lower_upper)
    shape = factors._array.shape
    return lu_solve(factors, perm, OPS["eye"](shape[-1], batch_shape=shape[:-2], dtype=factors.dtype))


NAMES = {f"tf.linalg.{f.__name__}": f for f in (lu, lu_reconstruct, lu_solve, lu_matrix_inverse)}
