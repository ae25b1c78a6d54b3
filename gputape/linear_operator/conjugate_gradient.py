"""Conjugate gradients: solving with a positive definite operator by its products alone."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

from ..registry import OPS
from ..tensor import constant, convert_to_tensor
from .base import LinearOperator

CGState = namedtuple("CGState", ["i", "x", "r", "p", "gamma"])


def conjugate_gradient(
    operator: LinearOperator,
    rhs: Any,
    preconditioner: LinearOperator | None = None,
    x: Any = None,
    tol: float = 1e-5,
    max_iter: int = 20,
    name: str = "conjugate_gradient",
) -> CGState:
    """Solve operator x = rhs for vectors `rhs` of [..., n], the operator self adjoint and positive definite.

    Ends when the residual's norm is below `tol` times that of `rhs`, or after `max_iter` steps. `preconditioner` is an
    operator near the inverse, `x` where to start (default zeros). The result has the fields i (steps), x (solution),
    r (residual), p (last direction) and gamma (r times the preconditioned r). Hestenes and Stiefel 1952.

    ValueError unless both operators are promised to be self adjoint and positive definite.

    >>> import gputape as tf
    >>> matrix = tf.constant([[2.0, 1.0], [1.0, 3.0]])
    >>> operator = tf.linalg.LinearOperatorFullMatrix(matrix, is_self_adjoint=True, is_positive_definite=True)
    >>> tf.linalg.experimental.conjugate_gradient(operator, tf.constant([1.0, 2.0])).x.numpy().round(4)
    array([0.2, 0.6], dtype=float32)
    """
    for what, given in (("Operator", operator), ("Preconditioner", preconditioner)):
        if given is not None and not (given.is_self_adjoint and given.is_positive_definite):
            raise ValueError(f"{what} is expected to be self-adjoint and positive definite.")

    def dot(a: Any, b: Any) -> Any:
        return OPS["reduce_sum"](OPS["conj"](a) * b, axis=-1, keepdims=True)

    def better(r: Any) -> Any:
        return r if preconditioner is None else preconditioner.matvec(r)

    rhs = convert_to_tensor(rhs, dtype=operator.dtype)
    limit = OPS["norm"](rhs, axis=-1) * tol
    x = rhs * 0 if x is None else convert_to_tensor(x, dtype=operator.dtype)
    r = rhs - operator.matvec(x)
    p = better(r)
    gamma = dot(r, p)
    steps = 0
    while steps < max_iter and bool(OPS["reduce_any"](OPS["norm"](r, axis=-1) > limit)):
        z = operator.matvec(p)
        alpha = gamma / dot(p, z)
        x, r = x + alpha * p, r - alpha * z
        q = better(r)
        before, gamma = gamma, dot(r, q)
        p = q + gamma / before * p
        steps += 1
    return CGState(constant(steps), x, r, p, gamma[..., 0])
