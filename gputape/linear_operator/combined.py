"""Operators made of other operators."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import reduce
from typing import Any

from ..registry import OPS
from ..tensor_shape import TensorShape
from .base import LinearOperator, entries


def parts(operators: Any, what: str) -> list[LinearOperator]:
    """The operators as a list; ValueError for none of them, TypeError for dtypes that differ."""
    found = list(operators)
    if not found:
        raise ValueError(f"{what}: expected a non-empty list of operators")
    if len({operator.dtype for operator in found}) > 1:
        raise TypeError(f"{what}: operators must have the same dtype, found {[o.dtype for o in found]}")
    return found


def every(operators: list[LinearOperator], promises: dict[str, Any], *whats: str) -> dict[str, Any]:
    """The promises, and those of `whats` that hold for each of the operators."""
    return {what: True for what in whats if all(getattr(operator, what) for operator in operators)} | promises


def batch_of(operators: list[LinearOperator]) -> TensorShape:
    """The batch shape that all operators broadcast to."""
    return TensorShape(reduce(OPS["broadcast_static_shape"], [operator.batch_shape for operator in operators]))


class LinearOperatorComposition(LinearOperator):
    """The product of `operators`: the last one acts first.

    >>> import gputape as tf
    >>> a, b = tf.linalg.LinearOperatorDiag([1.0, 2.0]), tf.linalg.LinearOperatorFullMatrix([[0.0, 1.0], [1.0, 0.0]])
    >>> tf.linalg.LinearOperatorComposition([a, b]).matvec([3.0, 4.0]).numpy()
    array([4., 6.], dtype=float32)
    """

    def __init__(self, operators: Any, **promises: Any) -> None:
        self._operators = parts(operators, "LinearOperatorComposition")
        for left, right in zip(self._operators, self._operators[1:], strict=False):
            if left.domain_dimension != right.range_dimension:
                raise ValueError(
                    f"LinearOperatorComposition: Dimensions are not compatible: {tuple(left.shape)} times "
                    f"{tuple(right.shape)}"
                )
        promises = every(self._operators, promises, "is_non_singular")
        super().__init__(self._operators[0].dtype, **promises)

    @property
    def operators(self) -> list[LinearOperator]:
        return self._operators

    def _shape(self) -> TensorShape:
        first, last = self._operators[0], self._operators[-1]
        return TensorShape([*batch_of(self._operators), first.range_dimension, last.domain_dimension])

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        for operator in self._operators if adjoint else self._operators[::-1]:
            x = operator.matmul(x, adjoint=adjoint)
        return x

    def _solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        for operator in self._operators[::-1] if adjoint else self._operators:
            rhs = operator.solve(rhs, adjoint=adjoint)
        return rhs

    def _determinant(self) -> Any:
        if all(operator.is_square for operator in self._operators):
            return math.prod(operator.determinant() for operator in self._operators)
        return super()._determinant()

    def _log_abs_determinant(self) -> Any:
        if all(operator.is_square for operator in self._operators):
            return sum(operator.log_abs_determinant() for operator in self._operators)
        return super()._log_abs_determinant()


class LinearOperatorAdjoint(LinearOperator):
    """The conjugate transpose of `operator`.

    >>> import gputape as tf
    >>> tf.linalg.LinearOperatorFullMatrix([[1.0, 2.0], [3.0, 4.0]]).H.to_dense().numpy()
    array([[1., 3.],
           [2., 4.]], dtype=float32)
    """

    def __init__(self, operator: LinearOperator, **promises: Any) -> None:
        self._operator = operator
        super().__init__(operator.dtype, **every([operator], promises, *_PROMISES))

    @property
    def operator(self) -> LinearOperator:
        return self._operator

    def _shape(self) -> TensorShape:
        *batch, m, n = self._operator.shape
        return TensorShape([*batch, n, m])

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return self._operator.matmul(x, adjoint=not adjoint)

    def _solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return self._operator.solve(rhs, adjoint=not adjoint)

    def _to_dense(self) -> Any:
        return OPS["adjoint"](self._operator.to_dense())

    def _determinant(self) -> Any:
        return OPS["conj"](self._operator.determinant())

    def _log_abs_determinant(self) -> Any:
        return self._operator.log_abs_determinant()

    def adjoint(self, name: str = "adjoint") -> LinearOperator:
        return self._operator


class LinearOperatorInversion(LinearOperator):
    """The inverse of `operator`, which must be square: its products are solves, its solves products.

    >>> import gputape as tf
    >>> tf.linalg.LinearOperatorFullMatrix([[2.0, 0.0], [0.0, 4.0]]).inverse().matvec([1.0, 1.0]).numpy()
    array([0.5 , 0.25], dtype=float32)
    """

    def __init__(self, operator: LinearOperator, **promises: Any) -> None:
        self._operator = operator
        if not operator.is_square or False in (operator.is_non_singular, promises.get("is_non_singular")):
            raise ValueError("Operator and supplied hints must have `is_non_singular` and be square to be inverted.")
        promises = every([operator], promises, "is_self_adjoint", "is_positive_definite") | {"is_non_singular": True}
        super().__init__(operator.dtype, **promises)

    @property
    def operator(self) -> LinearOperator:
        return self._operator

    def _shape(self) -> TensorShape:
        return self._operator.shape

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return self._operator.solve(x, adjoint=adjoint)

    def _solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return self._operator.matmul(rhs, adjoint=adjoint)

    def _determinant(self) -> Any:
        return 1 / self._operator.determinant()

    def _log_abs_determinant(self) -> Any:
        return -self._operator.log_abs_determinant()

    def inverse(self, name: str = "inverse") -> LinearOperator:
        return self._operator


class LinearOperatorKronecker(LinearOperator):
    """The Kronecker product of `operators`: entry (i, j) of the first times the whole of the others, as a block.

    >>> import gputape as tf
    >>> a = tf.linalg.LinearOperatorFullMatrix([[1.0, 2.0], [3.0, 4.0]])
    >>> tf.linalg.LinearOperatorKronecker([a, tf.linalg.LinearOperatorIdentity(2)]).to_dense().numpy()
    array([[1., 0., 2., 0.],
           [0., 1., 0., 2.],
           [3., 0., 4., 0.],
           [0., 3., 0., 4.]], dtype=float32)
    """

    def __init__(self, operators: Any, **promises: Any) -> None:
        self._operators = parts(operators, "LinearOperatorKronecker")
        super().__init__(self._operators[0].dtype, **every(self._operators, promises, *_PROMISES))

    @property
    def operators(self) -> list[LinearOperator]:
        return self._operators

    def _shape(self) -> TensorShape:
        sizes = [math.prod(operator._sizes()[k] for operator in self._operators) for k in (-2, -1)]
        return TensorShape([*batch_of(self._operators), *sizes])

    def _each(self, x: Any, axis: int, act: Callable[[LinearOperator, Any], Any]) -> Any:
        """Each operator acts on its factor of the rows of `x`, its size along `axis`; in turns they come to the front."""
        k = x.shape[-1]
        for operator in self._operators:  # rows are (a, rest): a acts, then they become (rest, a)
            batch, rows = x.shape[:-2], x.shape[-2]
            size = operator.shape[axis]
            made = act(operator, OPS["reshape"](x, [*batch, size, rows // size * k]))
            *batch, size, _ = made.shape
            made = OPS["reshape"](made, [*batch, size, -1, k])
            order = [*range(len(batch)), len(batch) + 1, len(batch), len(batch) + 2]
            x = OPS["reshape"](OPS["transpose"](made, order), [*batch, -1, k])
        return x

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return self._each(x, -2 if adjoint else -1, lambda operator, v: operator.matmul(v, adjoint=adjoint))

    def _solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        if all(operator.is_square for operator in self._operators):
            return self._each(rhs, -1, lambda operator, v: operator.solve(v, adjoint=adjoint))
        return super()._solve(rhs, adjoint)

    def _determinant(self) -> Any:
        if not all(operator.is_square for operator in self._operators):
            return super()._determinant()
        n = self.domain_dimension
        return math.prod(o.determinant() ** (n // o.domain_dimension) for o in self._operators)

    def _log_abs_determinant(self) -> Any:
        if not all(operator.is_square for operator in self._operators):
            return super()._log_abs_determinant()
        n = self.domain_dimension
        return sum(o.log_abs_determinant() * (n // o.domain_dimension) for o in self._operators)


class LinearOperatorLowRankUpdate(LinearOperator):
    """L + U D V^H: `base_operator` L, `u` and `v` of [..., n, k], `diag_update` D of [..., k].

    V is U by default and D the identity. Solves and determinants are by Woodbury's identity, from those of L and of a
    k by k matrix. Reference: tf.linalg.LinearOperatorLowRankUpdate.

    >>> import gputape as tf
    >>> update = tf.linalg.LinearOperatorLowRankUpdate(tf.linalg.LinearOperatorIdentity(2), [[1.0], [0.0]], [2.0])
    >>> update.to_dense().numpy()
    array([[3., 0.],
           [0., 1.]], dtype=float32)
    """

    def __init__(
        self,
        base_operator: LinearOperator,
        u: Any,
        diag_update: Any = None,
        v: Any = None,
        is_diag_update_positive: bool | None = None,
        **promises: Any,
    ) -> None:
        self._base, self._u = base_operator, entries(u, "u", 2)
        self._v = self._u if v is None else entries(v, "v", 2)
        self._diag = None if diag_update is None else entries(diag_update, "diag_update", 1)
        self._positive = diag_update is None or is_diag_update_positive
        if v is None and not base_operator.dtype.is_complex:
            promises = every([base_operator], promises, "is_self_adjoint")
        if v is None and self._positive:
            promises = every([base_operator], promises, "is_positive_definite", "is_self_adjoint")
        super().__init__(base_operator.dtype, **promises)

    @property
    def base_operator(self) -> LinearOperator:
        return self._base

    @property
    def u(self) -> Any:
        return self._u

    @property
    def v(self) -> Any:
        return self._v

    @property
    def diag_update(self) -> Any:
        return self._diag

    @property
    def is_diag_update_positive(self) -> bool | None:
        return self._positive

    def _shape(self) -> TensorShape:
        batch = OPS["broadcast_static_shape"](self._base.batch_shape, TensorShape(self._u.shape[:-2]))
        batch = OPS["broadcast_static_shape"](TensorShape(batch), TensorShape(self._v.shape[:-2]))
        return TensorShape([*batch, *self._base.shape[-2:]])

    def _sides(self, adjoint: bool) -> tuple[Any, Any, Any]:
        """(left, diagonal, right): what is added is left diag(diagonal) right^H."""
        if adjoint:
            return self._v, None if self._diag is None else OPS["conj"](self._diag), self._u
        return self._u, self._diag, self._v

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        left, diagonal, right = self._sides(adjoint)
        inner = OPS["matmul"](right, x, adjoint_a=True)
        inner = inner if diagonal is None else diagonal[..., None] * inner
        return self._base.matmul(x, adjoint=adjoint) + OPS["matmul"](left, inner)

    def _capacitance(self, adjoint: bool) -> tuple[Any, Any]:
        """(D^-1 + V^H L^-1 U, V)."""
        left, diagonal, right = self._sides(adjoint)
        made = OPS["matmul"](right, self._base.solve(left, adjoint=adjoint), adjoint_a=True)
        k = left.shape[-1]
        return made + (OPS["eye"](k, dtype=self.dtype) if diagonal is None else OPS["diag"](1 / diagonal)), right

    def _solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        small, right = self._capacitance(adjoint)
        first = self._base.solve(rhs, adjoint=adjoint)
        inner = OPS["solve"](small, OPS["matmul"](right, first, adjoint_a=True))
        return first - self._base.solve(OPS["matmul"](self._sides(adjoint)[0], inner), adjoint=adjoint)

    def _determinant(self) -> Any:
        made = OPS["det"](self._capacitance(False)[0]) * self._base.determinant()
        return made if self._diag is None else made * OPS["reduce_prod"](self._diag, axis=-1)

    def _log_abs_determinant(self) -> Any:
        made = OPS["slogdet"](self._capacitance(False)[0])[1] + self._base.log_abs_determinant()
        return made if self._diag is None else made + OPS["reduce_sum"](OPS["log"](OPS["abs"](self._diag)), axis=-1)


_PROMISES = ("is_non_singular", "is_self_adjoint", "is_positive_definite")  # what a part keeps in most combinations
