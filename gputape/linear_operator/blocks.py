"""Operators of blocks: on the diagonal alone, or on it and below."""

from __future__ import annotations

from typing import Any

from ..registry import OPS
from ..tensor_shape import TensorShape
from .base import LinearOperator
from .combined import batch_of, every, parts


def _joined(rows: list[Any], axis: int) -> Any:
    """The tensors side by side along `axis`, their batches broadcast to one another."""
    batch = TensorShape([])
    for row in rows:
        batch = TensorShape(OPS["broadcast_static_shape"](batch, TensorShape(row.shape[:-2])))
    return OPS["concat"]([OPS["broadcast_to"](row, [*batch, *row.shape[-2:]]) for row in rows], axis)


def _sizes(operators: list[LinearOperator], axis: int) -> list[int]:
    return [operator._sizes()[axis] for operator in operators]


class LinearOperatorBlockDiag(LinearOperator):
    """`operators` as blocks along the diagonal, zeros elsewhere.

    >>> import gputape as tf
    >>> a, b = tf.linalg.LinearOperatorDiag([2.0]), tf.linalg.LinearOperatorFullMatrix([[1.0, 2.0], [3.0, 4.0]])
    >>> tf.linalg.LinearOperatorBlockDiag([a, b]).to_dense().numpy()
    array([[2., 0., 0.],
           [0., 1., 2.],
           [0., 3., 4.]], dtype=float32)
    """

    def __init__(self, operators: Any, **promises: Any) -> None:
        self._operators = parts(operators, "LinearOperatorBlockDiag")
        if all(operator.is_square for operator in self._operators):
            promises = every(self._operators, promises, "is_non_singular", "is_self_adjoint", "is_positive_definite")
        super().__init__(self._operators[0].dtype, **promises)

    @property
    def operators(self) -> list[LinearOperator]:
        return self._operators

    def _shape(self) -> TensorShape:
        return TensorShape([*batch_of(self._operators), *[sum(_sizes(self._operators, k)) for k in (-2, -1)]])

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        pieces = OPS["split"](x, _sizes(self._operators, -2 if adjoint else -1), axis=-2)
        return _joined([o.matmul(v, adjoint=adjoint) for o, v in zip(self._operators, pieces, strict=True)], -2)

    def _solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        if not all(operator.is_square for operator in self._operators):
            return super()._solve(rhs, adjoint)
        pieces = OPS["split"](rhs, _sizes(self._operators, -1), axis=-2)
        return _joined([o.solve(v, adjoint=adjoint) for o, v in zip(self._operators, pieces, strict=True)], -2)

    def _determinant(self) -> Any:
        made = self._operators[0].determinant()
        for operator in self._operators[1:]:
            made = made * operator.determinant()
        return made

    def _log_abs_determinant(self) -> Any:
        made = self._operators[0].log_abs_determinant()
        for operator in self._operators[1:]:
            made = made + operator.log_abs_determinant()
        return made


class LinearOperatorBlockLowerTriangular(LinearOperator):
    """Blocks on the diagonal and below: `operators[i]` is the list of the blocks 0 to i of row i.

    >>> import gputape as tf
    >>> a, b, c = (tf.linalg.LinearOperatorFullMatrix([[x]]) for x in (2.0, 3.0, 4.0))
    >>> tf.linalg.LinearOperatorBlockLowerTriangular([[a], [b, c]]).to_dense().numpy()
    array([[2., 0.],
           [3., 4.]], dtype=float32)
    """

    def __init__(self, operators: Any, **promises: Any) -> None:
        self._rows = [list(row) for row in operators]
        if [len(row) for row in self._rows] != list(range(1, len(self._rows) + 1)):
            raise ValueError(
                "LinearOperatorBlockLowerTriangular: row i must have i + 1 blocks, the rows have "
                f"{[len(row) for row in self._rows]}"
            )
        self._diagonal = parts([row[-1] for row in self._rows], "LinearOperatorBlockLowerTriangular")
        if not all(block.is_square for block in self._diagonal):
            raise ValueError("LinearOperatorBlockLowerTriangular: blocks on the diagonal must be square")
        super().__init__(self._diagonal[0].dtype, **every(self._diagonal, promises, "is_non_singular"))

    @property
    def operators(self) -> list[list[LinearOperator]]:
        return self._rows

    def _shape(self) -> TensorShape:
        n = sum(_sizes(self._diagonal, -1))
        return TensorShape([*batch_of([block for row in self._rows for block in row]), n, n])

    def _pieces(self, x: Any) -> list[Any]:
        return list(OPS["split"](x, _sizes(self._diagonal, -1), axis=-2))

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        made: list[Any] = [0] * len(self._rows)
        pieces = self._pieces(x)
        for i, row in enumerate(self._rows):
            for j, block in enumerate(row):
                to, of = (j, i) if adjoint else (i, j)
                made[to] = made[to] + block.matmul(pieces[of], adjoint=adjoint)
        return _joined(made, -2)

    def _solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        left, count = self._pieces(rhs), len(self._rows)
        made: list[Any] = [None] * count
        for i in reversed(range(count)) if adjoint else range(count):
            known = range(i + 1, count) if adjoint else range(i)
            for j in known:
                left[i] = left[i] - (self._rows[j][i] if adjoint else self._rows[i][j]).matmul(made[j], adjoint=adjoint)
            made[i] = self._rows[i][i].solve(left[i], adjoint=adjoint)
        return _joined(made, -2)

    def _determinant(self) -> Any:
        return LinearOperatorBlockDiag(self._diagonal).determinant()

    def _log_abs_determinant(self) -> Any:
        return LinearOperatorBlockDiag(self._diagonal).log_abs_determinant()
