"""LinearOperator: what every kind can do, from its product with a matrix or its dense matrix alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..dtypes import DType, as_dtype
from ..errors import InvalidArgumentError
from ..module import Module
from ..registry import OPS
from ..tensor import Tensor, Variable, constant, convert_to_tensor
from ..tensor_shape import TensorShape


class LinearOperator(Module):
    """A batch of matrices of shape [..., m, n] that need not be stored. Reference: tf.linalg.LinearOperator.

    A kind of its own defines `_shape()` and `_matmul(x, adjoint)`, or `_to_dense()` instead of the product, and may
    define `_solve(rhs, adjoint)`, `_determinant()`, `_log_abs_determinant()`, `_diag_part()` where it knows better.

    Args:
        dtype: of the entries.
        is_non_singular, is_self_adjoint, is_positive_definite, is_square: what is promised, None for not known.
            They are believed, not checked: a promise that does not hold gives wrong results.

    Raises ValueError for promises that exclude each other.

    >>> import gputape as tf
    >>> class Doubling(tf.linalg.LinearOperator):
    ...     def _shape(self):
    ...         return tf.TensorShape([2, 2])
    ...     def _matmul(self, x, adjoint=False, adjoint_arg=False):
    ...         return 2.0 * x
    >>> Doubling(tf.float32).determinant().numpy()
    np.float32(4.0)
    """

    def __init__(
        self,
        dtype: Any,
        graph_parents: Any = None,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str | None = None,
        parameters: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(name or type(self).__name__)
        if is_positive_definite:
            if is_non_singular is False:
                raise ValueError("A positive definite matrix is always non-singular.")
            is_non_singular = True
        if is_square is False and (is_non_singular or is_self_adjoint):
            raise ValueError("A non-singular or self adjoint matrix is always square.")
        self._dtype = as_dtype(dtype)
        self._parameters = parameters or {}
        self._promises = (is_non_singular, is_self_adjoint, is_positive_definite)

    # -- what it is

    def _shape(self) -> TensorShape:
        raise NotImplementedError(f"{type(self).__name__} must define `_shape`")

    def _sizes(self) -> list[int]:
        """The shape as a list."""
        return list(map(int, self._shape()))  # type: ignore[arg-type]  # operators of unknown sizes there are not

    @property
    def dtype(self) -> DType:
        return self._dtype

    @property
    def parameters(self) -> dict[str, Any]:
        """The arguments by name, as a kind of its own gave them."""
        return dict(self._parameters)

    @property
    def is_non_singular(self) -> bool | None:
        return self._promises[0]

    @property
    def is_self_adjoint(self) -> bool | None:
        return self._promises[1]

    @property
    def is_positive_definite(self) -> bool | None:
        return self._promises[2]

    @property
    def is_square(self) -> bool:
        """Whether it has as many rows as columns."""
        return self.range_dimension == self.domain_dimension

    @property
    def shape(self) -> TensorShape:
        """[..., m, n]."""
        return TensorShape(self._shape())

    @property
    def batch_shape(self) -> TensorShape:
        return TensorShape(self.shape[:-2])

    @property
    def tensor_rank(self) -> int | None:
        return self.shape.rank

    @property
    def range_dimension(self) -> int:
        """The number of rows."""
        return self._sizes()[-2]

    @property
    def domain_dimension(self) -> int:
        """The number of columns."""
        return self._sizes()[-1]

    def shape_tensor(self, name: str = "shape_tensor") -> Tensor:
        return constant(self.shape.as_list(), "int32")

    def batch_shape_tensor(self, name: str = "batch_shape_tensor") -> Tensor:
        return constant(self.batch_shape.as_list(), "int32")

    def tensor_rank_tensor(self, name: str = "tensor_rank_tensor") -> Tensor:
        return constant(len(self.shape), "int32")

    def range_dimension_tensor(self, name: str = "range_dimension_tensor") -> Tensor:
        return constant(self.range_dimension, "int32")

    def domain_dimension_tensor(self, name: str = "domain_dimension_tensor") -> Tensor:
        return constant(self.domain_dimension, "int32")

    # -- products

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return OPS["matmul"](self.to_dense(), x, adjoint_a=adjoint)

    def matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False, name: str = "matmul") -> Any:
        """This times `x`, [..., n, k] to [..., m, k]; another operator gives the operator that is both in turn.

        With `adjoint` this one's adjoint, with `adjoint_arg` that of `x`. ValueError for sizes that do not fit.
        """
        if isinstance(x, LinearOperator):
            return self._composed(self.adjoint() if adjoint else self, x.adjoint() if adjoint_arg else x)
        x = OPS["adjoint"](self._tensor(x)) if adjoint_arg else self._tensor(x)
        self._check("matmul", self.shape[-2 if adjoint else -1], x)
        return self._matmul(x, adjoint=adjoint)

    def __matmul__(self, other: Any) -> Any:
        return self.matmul(other)

    def matvec(self, x: Any, adjoint: bool = False, name: str = "matvec") -> Any:
        """This times the vectors `x`, [..., n] to [..., m]."""
        return self.matmul(self._tensor(x)[..., None], adjoint)[..., 0]

    def _composed(self, first: LinearOperator, second: LinearOperator) -> LinearOperator:
        from .combined import LinearOperatorComposition

        return LinearOperatorComposition([first, second])

    # -- solves

    def _solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        if self.is_positive_definite and self.is_self_adjoint:
            return OPS["cholesky_solve"](OPS["cholesky"](self.to_dense()), rhs)
        return OPS["solve"](self.to_dense(), rhs, adjoint=adjoint)

    def solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False, name: str = "solve") -> Any:
        """X of [..., n, k] such that this times X is `rhs` of [..., n, k].

        NotImplementedError for an operator that is not square or is said to be singular.
        """
        self._square_only("solve")
        if self.is_non_singular is False:
            raise NotImplementedError("Exact solve not implemented for an operator that is expected to be singular.")
        if isinstance(rhs, LinearOperator):
            left = self.adjoint() if adjoint else self
            return self._composed(left.inverse(), rhs.adjoint() if adjoint_arg else rhs)
        rhs = OPS["adjoint"](self._tensor(rhs)) if adjoint_arg else self._tensor(rhs)
        self._check("solve", self.shape[-2], rhs)
        return self._solve(rhs, adjoint=adjoint)

    def solvevec(self, rhs: Any, adjoint: bool = False, name: str = "solve") -> Any:
        """The vectors x of [..., n] such that this times x is `rhs` of [..., n]."""
        return self.solve(self._tensor(rhs)[..., None], adjoint)[..., 0]

    # -- other operators

    def adjoint(self, name: str = "adjoint") -> LinearOperator:
        """The conjugate transpose, an operator again; this one itself if it is promised to be self adjoint."""
        from .combined import LinearOperatorAdjoint

        return self if self.is_self_adjoint else LinearOperatorAdjoint(self)

    @property
    def H(self) -> LinearOperator:
        """The same as `adjoint()`."""
        return self.adjoint()

    def inverse(self, name: str = "inverse") -> LinearOperator:
        """The inverse, an operator again. ValueError for one that is not square or is said to be singular."""
        from .combined import LinearOperatorInversion

        if not self.is_square or self.is_non_singular is False:
            raise ValueError("Cannot take the inverse of an operator that is not square or expected to be singular.")
        return LinearOperatorInversion(self)

    def cholesky(self, name: str = "cholesky") -> LinearOperator:
        """The lower triangular L with L times its adjoint equal to this, an operator again.

        ValueError unless this is promised to be positive definite and self adjoint.
        """
        from .matrices import LinearOperatorLowerTriangular

        self._decomposable()
        return LinearOperatorLowerTriangular(OPS["cholesky"](self.to_dense()), is_non_singular=True)

    # -- numbers

    def _to_dense(self) -> Any:
        batch, n = self.batch_shape.as_list(), self.domain_dimension
        return self._matmul(OPS["eye"](n, batch_shape=batch or None, dtype=self.dtype))

    def to_dense(self, name: str = "to_dense") -> Any:
        """The matrices themselves, [..., m, n]."""
        return self._to_dense()

    __gputape_tensor__ = to_dense

    def _determinant(self) -> Any:
        return OPS["det"](self.to_dense())

    def determinant(self, name: str = "det") -> Any:
        """The determinants, [...]. NotImplementedError for an operator that is not square."""
        self._square_only("determinant")
        return self._determinant()

    def _log_abs_determinant(self) -> Any:
        return OPS["slogdet"](self.to_dense())[1]

    def log_abs_determinant(self, name: str = "log_abs_det") -> Any:
        """The logarithms of the determinants' absolute values, [...]."""
        self._square_only("log_abs_determinant")
        return self._log_abs_determinant()

    def _diag_part(self) -> Any:
        return OPS["diag_part"](self.to_dense())

    def diag_part(self, name: str = "diag_part") -> Any:
        """The main diagonals, [..., min(m, n)]."""
        return self._diag_part()

    def trace(self, name: str = "trace") -> Any:
        """The sums of the diagonals, [...]."""
        return OPS["reduce_sum"](self.diag_part(), axis=-1)

    def add_to_tensor(self, x: Any, name: str = "add_to_tensor") -> Any:
        """This plus the matrices `x`."""
        return self.to_dense() + self._tensor(x)

    def eigvals(self, name: str = "eigvals") -> Any:
        """The eigenvalues, [..., n], real and ascending if this is promised to be self adjoint."""
        self._square_only("eigvals")
        return OPS["eigvalsh" if self.is_self_adjoint else "eigvals"](self.to_dense())

    def cond(self, name: str = "cond") -> Any:
        """The condition numbers, [...]: the largest singular value over the smallest."""
        values = OPS["svd"](self.to_dense(), compute_uv=False)
        return OPS["reduce_max"](values, axis=-1) / OPS["reduce_min"](values, axis=-1)

    # -- assertions

    def assert_non_singular(self, name: str = "assert_non_singular") -> None:
        """InvalidArgumentError if a condition number exceeds the inverse of the dtype's precision."""
        if not bool((self.cond().numpy() < 1 / np.finfo(self.dtype.real_dtype.as_numpy_dtype).eps).all()):
            raise InvalidArgumentError("Singular matrix up to precision epsilon.")

    def assert_positive_definite(self, name: str = "assert_positive_definite") -> None:
        """InvalidArgumentError if the Cholesky decomposition fails."""
        if not bool(np.isfinite(OPS["cholesky"](self.to_dense()).numpy()).all()):
            raise InvalidArgumentError("Operator was not positive definite.")

    def assert_self_adjoint(self, name: str = "assert_self_adjoint") -> None:
        """InvalidArgumentError if the matrix differs from its adjoint."""
        dense = self.to_dense()
        if not bool((dense.numpy() == OPS["adjoint"](dense).numpy()).all()):
            raise InvalidArgumentError("Matrix was not equal to its adjoint.")

    # -- for the kinds

    def _tensor(self, value: Any) -> Any:
        """`value` as a tensor of this dtype; TypeError or ValueError for a tensor of another one."""
        return convert_to_tensor(value, dtype=self.dtype)

    def _check(self, what: str, size: int | None, x: Any) -> None:
        if len(x.shape) < 2 or x.shape[-2] != size:
            raise ValueError(
                f"{type(self).__name__}.{what}: Dimensions are not compatible: the operator of shape "
                f"{tuple(self.shape)} takes matrices with {size} rows, the argument has shape {tuple(x.shape)}"
            )

    def _square_only(self, what: str) -> None:
        if not self.is_square:
            raise NotImplementedError(
                f"{type(self).__name__}.{what}: the operator must be square, its shape is {tuple(self.shape)}"
            )

    def _decomposable(self) -> None:
        if not (self.is_positive_definite and self.is_self_adjoint):
            raise ValueError(
                "Cannot take the Cholesky decomposition: Not a positive definite self adjoint matrix. Promise it with "
                "is_positive_definite=True and is_self_adjoint=True."
            )


def entries(value: Any, what: str, rank: int) -> Any:
    """An operator's argument: a Variable itself, others as a tensor. TypeError for integers, ValueError for low rank."""
    made = value if isinstance(value, Variable) else convert_to_tensor(value)
    if not (made.dtype.is_floating or made.dtype.is_complex):
        raise TypeError(f"Argument {what} must have dtype float or complex. Found: {made.dtype!r}")
    if len(made.shape) < rank:
        raise ValueError(f"Argument {what} must have at least {rank} dimensions. Found: {tuple(made.shape)}")
    return made
