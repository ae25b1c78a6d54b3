"""Functions of square matrices: exponential, logarithm, square root. Computed in double precision.

Rule of all three (Mathias 1996, "A chain rule for matrix functions"): the derivative of f at A in the direction E is
the upper right block of f([[A, E], [0, A]]), and its adjoint is the same at Aᴴ. Algorithms: Higham (2008), "Functions
of Matrices", chapters 6, 10 and 11.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import InvalidArgumentError
from ..op import op
from ..registry import OPS
from .diagonal import adjoint
from .solve import matrices

_DEGREE, _THETA = 13, 5.37  # of the Padé approximant of exp, and the norm up to which it is exact in float64
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)


def _double(name: str, x: Any) -> Any:
    matrices(name, "input", x, square=True)
    return x.astype(np.complex128 if x.dtype.kind == "c" else np.float64)


def _norm(xp: Any, x: Any) -> Any:
    """The largest sum of a column, for each matrix."""
    sums = xp.sum(abs(x), axis=-2)
    return sums.max(axis=-1) if x.shape[-1] else xp.zeros(x.shape[:-2], sums.dtype)


def _directional(function: Any, x: Any, direction: Any) -> Any:
    """The derivative of `function` at the adjoint of `x`: the adjoint of its derivative at `x`."""
    n = x._array.shape[-1]
    at = adjoint(x)
    above = OPS["concat"]([at, direction], -1)
    below = OPS["concat"]([OPS["zeros_like"](at), at], -1)
    return function(OPS["concat"]([above, below], -2))[..., :n, n:]


@op
def expm(xp, input):
    """The exponentials sum_k A^k / k! of square matrices `input` (..., n, n).

    Raises InvalidArgumentError for matrices that are not square.

    >>> import gputape as tf
    >>> tf.linalg.expm([[0.0, 1.0], [0.0, 0.0]]).numpy()
    array([[1., 1.],
           [0., 1.]], dtype=float32)
    """
    x = _double("expm", input)
    ratio = xp.maximum(_norm(xp, x) / _THETA, 1)
    halvings = xp.ceil(xp.log2(xp.where(xp.isfinite(ratio), ratio, 1)))[..., None, None]
    x = x / xp.exp2(halvings)
    c = [1.0]
    for j in range(1, _DEGREE + 1):
        c.append(c[-1] * (_DEGREE - j + 1) / ((2 * _DEGREE - j + 1) * j))
    one, x2 = xp.eye(x.shape[-1]), xp.matmul(x, x)
    x4 = xp.matmul(x2, x2)
    x6 = xp.matmul(x4, x2)
    odd = xp.matmul(x6, c[13] * x6 + c[11] * x4 + c[9] * x2) + c[7] * x6 + c[5] * x4 + c[3] * x2 + c[1] * one
    even = xp.matmul(x6, c[12] * x6 + c[10] * x4 + c[8] * x2) + c[6] * x6 + c[4] * x4 + c[2] * x2 + c[0] * one
    odd = xp.matmul(x, odd)
    made = xp.linalg.solve(even - odd, even + odd)
    for k in range(int(halvings.max()) if halvings.size else 0):
        made = xp.where(k < halvings, xp.matmul(made, made), made)
    return made.astype(input.dtype)


@expm.gradient
def _(dy, input):
    return _directional(expm, input, dy)


def _square_root(xp: Any, x: Any) -> Any:
    """Newton's method for the principal square root (Denman and Beavers); NaN where there is none."""
    y, z = x, xp.broadcast_to(xp.eye(x.shape[-1], dtype=x.dtype), x.shape)
    try:
        for _ in range(60):
            before = y
            y, z = (y + xp.linalg.inv(z)) / 2, (z + xp.linalg.inv(y)) / 2
            if bool(xp.all(_norm(xp, y - before) <= 1e-14 * _norm(xp, y))):
                break
    except np.linalg.LinAlgError:  # told for the batch: find out which
        if x.ndim > 2:
            return xp.stack([_square_root(xp, m) for m in x])
        return xp.full(x.shape, np.nan, x.dtype)
    failed = ~(_norm(xp, xp.matmul(y, y) - x) <= 1e-6 * _norm(xp, x))
    return xp.where(failed[..., None, None], np.nan, y)


@op
def sqrtm(xp, input):
    """The principal square roots R of square matrices `input` (..., n, n): R R = input.

    NaN for singular matrices and those with eigenvalues that are negative and real. Raises InvalidArgumentError for
    matrices that are not square.

    >>> import gputape as tf
    >>> tf.linalg.sqrtm([[4.0, 0.0], [0.0, 9.0]]).numpy()
    array([[2., 0.],
           [0., 3.]], dtype=float32)
    """
    return _square_root(xp, _double("sqrtm", input)).astype(input.dtype)


@sqrtm.gradient
def _(dy, input):
    return _directional(sqrtm, input, dy)


@op
def logm(xp, input):
    """The principal logarithms of complex square matrices `input` (..., n, n): expm(logm(input)) = input.

    NaN for singular matrices and those with eigenvalues that are negative and real. Raises InvalidArgumentError for
    real matrices (tf.cast them) and those that are not square.

    >>> import gputape as tf
    >>> tf.linalg.logm(tf.eye(2, dtype=tf.complex64)).numpy()
    array([[0.+0.j, 0.+0.j],
           [0.+0.j, 0.+0.j]], dtype=complex64)
    """
    if input.dtype.kind != "c":
        raise InvalidArgumentError(
            f"logm: input has dtype {input.dtype}, which is not in the list of allowed values: complex64, complex128; "
            f"use tf.cast [Op:MatrixLogarithm]"
        )
    x, one, roots = _double("logm", input), xp.eye(input.shape[-1]), 0
    while roots < 60 and bool(xp.any(_norm(xp, x - one) > 0.25)):
        x, roots = _square_root(xp, x), roots + 1
    rest, made = x - one, xp.zeros_like(x)
    for node, weight in zip(
        _NODES, _WEIGHTS, strict=True
    ):  # the integral of (x - 1) / (1 + t (x - 1)) over t in (0, 1)
        made += weight / 2 * xp.linalg.solve(one + (node + 1) / 2 * rest, rest)
    return (made * 2.0**roots).astype(input.dtype)


@logm.gradient
def _(dy, input):
    return _directional(logm, input, dy)


NAMES = {f"tf.linalg.{f.__name__}": f for f in (expm, logm, sqrtm)}
NAMES["tf.matrix_square_root"] = sqrtm
