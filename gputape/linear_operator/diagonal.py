"""Operators with nothing but a diagonal: given, the same everywhere, one, zero."""

from __future__ import annotations

from typing import Any

from ..dtypes import as_dtype, float32
from ..registry import OPS
from ..tensor_shape import TensorShape
from .base import LinearOperator, entries


class LinearOperatorDiag(LinearOperator):
    """The diagonal matrices of `diag`, [..., n]. Self adjoint if it is real.

    >>> import gputape as tf
    >>> tf.linalg.LinearOperatorDiag([2.0, 4.0]).solvevec([1.0, 1.0]).numpy()
    array([0.5 , 0.25], dtype=float32)
    """

    def __init__(self, diag: Any, **promises: Any) -> None:
        self._diag = entries(diag, "diag", 1)
        if not self._diag.dtype.is_complex:
            promises["is_self_adjoint"] = True
        super().__init__(self._diag.dtype, **promises)

    @property
    def diag(self) -> Any:
        return self._diag

    def _shape(self) -> TensorShape:
        return TensorShape([*self._diag.shape, self._diag.shape[-1]])

    def _factor(self, adjoint: bool) -> Any:
        """The diagonal as a column beside the rows of an argument."""
        return OPS["conj"](self._diag)[..., None] if adjoint else self._diag[..., None]

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return self._factor(adjoint) * x

    def _solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return rhs / self._factor(adjoint)

    def _to_dense(self) -> Any:
        return OPS["diag"](self.diag_part())

    def _diag_part(self) -> Any:
        return OPS["identity"](self._diag)

    def _determinant(self) -> Any:
        return OPS["reduce_prod"](self.diag_part(), axis=-1)

    def _log_abs_determinant(self) -> Any:
        return OPS["reduce_sum"](OPS["log"](OPS["abs"](self.diag_part())), axis=-1)

    def eigvals(self, name: str = "eigvals") -> Any:
        """The diagonal, as it stands."""
        return self.diag_part()

    def cond(self, name: str = "cond") -> Any:
        values = OPS["abs"](self.diag_part())
        return OPS["reduce_max"](values, axis=-1) / OPS["reduce_min"](values, axis=-1)

    def inverse(self, name: str = "inverse") -> LinearOperator:
        return LinearOperatorDiag(1 / self.diag_part(), is_non_singular=True)

    def adjoint(self, name: str = "adjoint") -> LinearOperator:
        return self if self.is_self_adjoint else LinearOperatorDiag(OPS["conj"](self.diag_part()))

    def cholesky(self, name: str = "cholesky") -> LinearOperator:
        self._decomposable()
        return LinearOperatorDiag(OPS["sqrt"](self.diag_part()), is_non_singular=True)

    def _composed(self, first: LinearOperator, second: LinearOperator) -> LinearOperator:
        if isinstance(first, LinearOperatorDiag) and isinstance(second, LinearOperatorDiag):
            return LinearOperatorDiag(first.diag_part() * second.diag_part())
        return super()._composed(first, second)


class LinearOperatorScaledIdentity(LinearOperatorDiag):
    """`multiplier`, [...], times the identity of size `num_rows`.

    >>> import gputape as tf
    >>> tf.linalg.LinearOperatorScaledIdentity(2, 3.0).to_dense().numpy()
    array([[3., 0.],
           [0., 3.]], dtype=float32)
    """

    def __init__(self, num_rows: int, multiplier: Any, assert_proper_shapes: bool = False, **promises: Any) -> None:
        self._rows, self._multiplier = int(num_rows), entries(multiplier, "multiplier", 0)
        if not self._multiplier.dtype.is_complex:
            promises["is_self_adjoint"] = True
        LinearOperator.__init__(self, self._multiplier.dtype, **promises)

    @property
    def multiplier(self) -> Any:
        return self._multiplier

    @property
    def diag(self) -> Any:
        return self.diag_part()

    def _shape(self) -> TensorShape:
        return TensorShape([*self._multiplier.shape, self._rows, self._rows])

    def _factor(self, adjoint: bool) -> Any:
        column = self._multiplier[..., None, None]
        return OPS["conj"](column) if adjoint else column

    def _diag_part(self) -> Any:
        return OPS["broadcast_to"](self._multiplier[..., None], self._shape()[:-1])

    def inverse(self, name: str = "inverse") -> LinearOperator:
        return LinearOperatorScaledIdentity(self._rows, 1 / self._multiplier, is_non_singular=True)

    def adjoint(self, name: str = "adjoint") -> LinearOperator:
        return self if self.is_self_adjoint else LinearOperatorScaledIdentity(self._rows, OPS["conj"](self._multiplier))


class LinearOperatorIdentity(LinearOperatorScaledIdentity):
    """The identity of size `num_rows`, once for each entry of `batch_shape`; dtype float32 by default.

    >>> import gputape as tf
    >>> tf.linalg.LinearOperatorIdentity(2, batch_shape=[3]).matvec([1.0, 2.0]).shape
    TensorShape([3, 2])
    """

    def __init__(
        self,
        num_rows: int,
        batch_shape: Any = None,
        dtype: Any = None,
        assert_proper_shapes: bool = False,
        **promises: Any,
    ) -> None:
        for what in ("is_non_singular", "is_self_adjoint", "is_positive_definite", "is_square"):
            if not promises.setdefault(what, True):
                raise ValueError(f"An identity operator is always {what.removeprefix('is_').replace('_', ' ')}.")
        batch = [] if batch_shape is None else [int(n) for n in batch_shape]
        super().__init__(num_rows, OPS["ones"](batch, dtype=as_dtype(dtype or float32)), **promises)

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return super()._matmul(x) if self._multiplier.shape else OPS["identity"](x)

    def _solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return self._matmul(rhs)

    def inverse(self, name: str = "inverse") -> LinearOperator:
        return self

    def cholesky(self, name: str = "cholesky") -> LinearOperator:
        return self


class LinearOperatorZeros(LinearOperator):
    """Zeros of [*batch_shape, num_rows, num_columns], square by default; dtype float32 by default.

    >>> import gputape as tf
    >>> tf.linalg.LinearOperatorZeros(2, 3, is_square=False, is_self_adjoint=False).matvec([1.0, 2.0, 3.0]).numpy()
    array([0., 0.], dtype=float32)
    """

    def __init__(
        self,
        num_rows: int,
        num_columns: int | None = None,
        batch_shape: Any = None,
        dtype: Any = None,
        assert_proper_shapes: bool = False,
        **promises: Any,
    ) -> None:
        columns = num_rows if num_columns is None else num_columns
        self._size = TensorShape([*(batch_shape or []), int(num_rows), int(columns)])
        square = num_rows == columns
        promises = {"is_non_singular": False, "is_self_adjoint": square, "is_positive_definite": False} | promises
        if promises["is_non_singular"] or promises["is_positive_definite"]:
            raise ValueError("A zero operator is always singular, and never positive definite.")
        super().__init__(dtype or float32, **promises)

    def _shape(self) -> TensorShape:
        return self._size

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        batch = OPS["broadcast_static_shape"](self.batch_shape, TensorShape(x.shape[:-2]))
        return OPS["zeros"]([*batch, self._size[-1 if adjoint else -2], x.shape[-1]], dtype=self.dtype)

    def _to_dense(self) -> Any:
        return OPS["zeros"](self._size.as_list(), dtype=self.dtype)

    def _determinant(self) -> Any:
        return OPS["zeros"](self.batch_shape.as_list(), dtype=self.dtype)
