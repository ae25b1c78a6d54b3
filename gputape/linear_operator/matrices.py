"""Operators known by some of their entries: all, a triangle, three diagonals, a row and a column, a direction, an order."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..dtypes import as_dtype, float32
from ..registry import OPS
from ..tensor import convert_to_tensor
from ..tensor_shape import TensorShape
from .base import LinearOperator, entries


class LinearOperatorFullMatrix(LinearOperator):
    """The matrices `matrix` of [..., m, n] themselves.

    >>> import gputape as tf
    >>> tf.linalg.LinearOperatorFullMatrix([[1.0, 2.0], [3.0, 4.0]]).determinant().numpy().round(3)
    np.float32(-2.0)
    """

    def __init__(self, matrix: Any, **promises: Any) -> None:
        self._matrix = entries(matrix, "matrix", 2)
        super().__init__(self._matrix.dtype, **promises)

    @property
    def matrix(self) -> Any:
        return self._matrix

    def _shape(self) -> TensorShape:
        return TensorShape(self._matrix.shape)

    def _to_dense(self) -> Any:
        return OPS["identity"](self._matrix)


class LinearOperatorLowerTriangular(LinearOperator):
    """The lower triangles of `tril`, [..., n, n]; what stands above the diagonals is not looked at.

    >>> import gputape as tf
    >>> tf.linalg.LinearOperatorLowerTriangular([[2.0, 9.0], [1.0, 3.0]]).to_dense().numpy()
    array([[2., 0.],
           [1., 3.]], dtype=float32)
    """

    def __init__(self, tril: Any, **promises: Any) -> None:
        self._tril = entries(tril, "tril", 2)
        super().__init__(self._tril.dtype, **promises)

    @property
    def tril(self) -> Any:
        return self._tril

    def _shape(self) -> TensorShape:
        return TensorShape(self._tril.shape)

    def _to_dense(self) -> Any:
        return OPS["band_part"](self._tril, -1, 0)

    def _solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return OPS["triangular_solve"](self._tril, rhs, lower=True, adjoint=adjoint)

    def _diag_part(self) -> Any:
        return OPS["diag_part"](self._tril)

    def _determinant(self) -> Any:
        return OPS["reduce_prod"](self._diag_part(), axis=-1)

    def _log_abs_determinant(self) -> Any:
        return OPS["reduce_sum"](OPS["log"](OPS["abs"](self._diag_part())), axis=-1)

    def eigvals(self, name: str = "eigvals") -> Any:
        """The diagonal, as it stands."""
        return self._diag_part()


class LinearOperatorTridiag(LinearOperator):
    """Three diagonals: the one above, the main one and the one below.

    Args:
        diagonals: for `diagonals_format` "compact" (default) [..., 3, n], of which the last of the upper and the first of
            the lower diagonal are not looked at; for "sequence" three of them apart; for "matrix" [..., n, n].

    >>> import gputape as tf
    >>> tf.linalg.LinearOperatorTridiag([[1.0, 0.0], [2.0, 2.0], [0.0, 3.0]]).to_dense().numpy()
    array([[2., 1.],
           [3., 2.]], dtype=float32)
    """

    def __init__(self, diagonals: Any, diagonals_format: str = "compact", **promises: Any) -> None:
        if diagonals_format not in ("compact", "sequence", "matrix"):
            raise ValueError(
                f"Argument `diagonals_format` must be one of compact, matrix, or sequence. Found: {diagonals_format}"
            )
        if diagonals_format == "sequence":
            above, main, below = (entries(d, "diagonals", 1) for d in diagonals)
            n = main.shape[-1]
            above = OPS["concat"]([above, main[..., :1] * 0], -1) if above.shape[-1] < n else above
            below = OPS["concat"]([main[..., :1] * 0, below], -1) if below.shape[-1] < n else below
            diagonals = OPS["stack"]([above, main, below], axis=-2)
        elif diagonals_format == "matrix":
            diagonals = OPS["diag_part"](entries(diagonals, "diagonals", 2), k=(-1, 1), align="LEFT_RIGHT")
        self._diagonals = entries(diagonals, "diagonals", 2)
        super().__init__(self._diagonals.dtype, **promises)

    @property
    def diagonals(self) -> Any:
        """[..., 3, n], in the format "compact"."""
        return self._diagonals

    def _shape(self) -> TensorShape:
        n = self._diagonals.shape[-1]
        return TensorShape([*self._diagonals.shape[:-2], n, n])

    def _to_dense(self) -> Any:
        return OPS["diag"](self._diagonals, k=(-1, 1), align="LEFT_RIGHT")

    def _diag_part(self) -> Any:
        return self._diagonals[..., 1, :]

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        above, main, below = (self._diagonals[..., k, :, None] for k in range(3))
        if adjoint:
            above, below = OPS["conj"](OPS["roll"](below, -1, -2)), OPS["conj"](OPS["roll"](above, 1, -2))
            main = OPS["conj"](main)
        zero = x[..., :1, :] * 0
        up, down = OPS["concat"]([x[..., 1:, :], zero], -2), OPS["concat"]([zero, x[..., :-1, :]], -2)
        return above * up + main * x + below * down

    def _solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        batch = OPS["broadcast_static_shape"](self.batch_shape, TensorShape(rhs.shape[:-2]))
        diagonals = OPS["broadcast_to"](self._diagonals, [*batch, *self._diagonals.shape[-2:]])
        rhs = OPS["broadcast_to"](rhs, [*batch, *rhs.shape[-2:]])
        return (
            OPS["tridiagonal_solve"](diagonals, rhs, conjugate_rhs=False, transpose_rhs=False)
            if not adjoint
            else (super()._solve(rhs, adjoint))
        )


class LinearOperatorToeplitz(LinearOperator):
    """Matrices with equal entries along each diagonal: `col`, [..., n], is the first column, `row` the first row.

    >>> import gputape as tf
    >>> tf.linalg.LinearOperatorToeplitz([1.0, 2.0, 3.0], [1.0, 4.0, 5.0]).to_dense().numpy()
    array([[1., 4., 5.],
           [2., 1., 4.],
           [3., 2., 1.]], dtype=float32)
    """

    def __init__(self, col: Any, row: Any, **promises: Any) -> None:
        self._col, self._row = entries(col, "col", 1), entries(row, "row", 1)
        super().__init__(self._col.dtype, **promises)

    @property
    def col(self) -> Any:
        return self._col

    @property
    def row(self) -> Any:
        return self._row

    def _shape(self) -> TensorShape:
        batch = OPS["broadcast_static_shape"](TensorShape(self._col.shape[:-1]), TensorShape(self._row.shape[:-1]))
        return TensorShape([*batch, self._col.shape[-1], self._row.shape[-1]])

    def _to_dense(self) -> Any:
        *batch, m, n = self._sizes()
        row = OPS["broadcast_to"](self._row, [*batch, n])[..., :0:-1]
        diagonals = OPS["concat"]([row, OPS["broadcast_to"](self._col, [*batch, m])], -1)
        return OPS["gather"](diagonals, np.arange(m)[:, None] - np.arange(n) + n - 1, axis=-1)

    def _diag_part(self) -> Any:
        *batch, m, n = self._sizes()
        return OPS["broadcast_to"](self._col[..., :1], [*batch, min(m, n)])


class LinearOperatorHouseholder(LinearOperator):
    """Reflections at the planes orthogonal to `reflection_axis`, [..., n]: I - 2 v v^H for the unit vector v along it.

    Such a matrix is its own adjoint and inverse; its determinant is -1.

    >>> import gputape as tf
    >>> tf.linalg.LinearOperatorHouseholder([0.0, 2.0]).matvec([1.0, 1.0]).numpy()
    array([ 1., -1.], dtype=float32)
    """

    def __init__(self, reflection_axis: Any, **promises: Any) -> None:
        self._axis = entries(reflection_axis, "reflection_axis", 1)
        if promises.get("is_positive_definite") or promises.get("is_self_adjoint") is False:
            raise ValueError("A Householder operator is always self adjoint, and never positive definite.")
        promises |= {"is_non_singular": True, "is_self_adjoint": True, "is_positive_definite": False}
        super().__init__(self._axis.dtype, **promises)

    @property
    def reflection_axis(self) -> Any:
        return self._axis

    def _shape(self) -> TensorShape:
        return TensorShape([*self._axis.shape, self._axis.shape[-1]])

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        v = OPS["l2_normalize"](self._axis, axis=-1, epsilon=0.0)[..., None]
        return x - 2 * v * OPS["matmul"](v, x, adjoint_a=True)

    def _solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return self._matmul(rhs)

    def _determinant(self) -> Any:
        return -OPS["ones"](self.batch_shape.as_list(), dtype=self.dtype)

    def _log_abs_determinant(self) -> Any:
        return OPS["zeros"](self.batch_shape.as_list(), dtype=self.dtype)

    def inverse(self, name: str = "inverse") -> LinearOperator:
        return self


class LinearOperatorPermutation(LinearOperator):
    """Matrices that bring rows into another order: row i of the product is row `perm[..., i]` of the argument.

    `perm` is [..., n] of integers, each of 0 to n - 1 once; `dtype` (default float32) that of the entries.

    >>> import gputape as tf
    >>> tf.linalg.LinearOperatorPermutation([1, 2, 0]).matvec([10.0, 20.0, 30.0]).numpy()
    array([20., 30., 10.], dtype=float32)
    """

    def __init__(self, perm: Any, dtype: Any = float32, **promises: Any) -> None:
        self._perm = convert_to_tensor(perm)
        if not self._perm.dtype.is_integer:
            raise TypeError(f"perm must be integer dtype, received {self._perm.dtype!r}")
        if promises.get("is_non_singular") is False:
            raise ValueError("A permutation operator is always non-singular.")
        super().__init__(as_dtype(dtype), **(promises | {"is_non_singular": True}))

    @property
    def perm(self) -> Any:
        return self._perm

    def _shape(self) -> TensorShape:
        return TensorShape([*self._perm.shape, self._perm.shape[-1]])

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        perm = OPS["argsort"](self._perm, axis=-1) if adjoint else self._perm
        batch = OPS["broadcast_static_shape"](self.batch_shape, TensorShape(x.shape[:-2]))
        perm = OPS["broadcast_to"](perm, [*batch, perm.shape[-1]])
        x = OPS["broadcast_to"](x, [*batch, *x.shape[-2:]])
        return OPS["gather"](x, perm, axis=len(batch), batch_dims=len(batch))

    def _solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return self._matmul(rhs, adjoint=not adjoint)

    def _log_abs_determinant(self) -> Any:
        return OPS["zeros"](self.batch_shape.as_list(), dtype=self.dtype)
