"""Tridiagonal matrices: products, systems, eigenvalues. They are given by their three diagonals."""

from __future__ import annotations

from typing import Any

from ..op import public
from ..registry import OPS
from ..tensor import as_tensor
from .complex import conj
from .decompositions import eigh, eigvalsh
from .diagonal import adjoint, diag, diag_part, matrix_transpose
from .solve import pair, solve


def _compact(name: str, diagonals: Any, form: str) -> Any:
    """The superdiagonal (its last element unused), the diagonal and the subdiagonal (its first unused): (..., 3, n)."""
    if form == "sequence":
        upper, main, lower = [as_tensor(d) for d in diagonals]
        n, blank = main._array.shape[-1], [[0, 0]] * (main._array.ndim - 1)
        upper = OPS["pad"](upper, [*blank, [0, 1]]) if upper._array.shape[-1] == n - 1 else upper
        lower = OPS["pad"](lower, [*blank, [1, 0]]) if lower._array.shape[-1] == n - 1 else lower
        return OPS["stack"]([upper, main, lower], axis=-2)
    x = as_tensor(diagonals)
    shape = tuple(x._array.shape)
    if form == "matrix":
        if len(shape) < 2 or shape[-1] != shape[-2]:
            raise ValueError(f"{name}: expected last two dimensions of diagonals to be same, got shape {shape}")
        return diag_part(x, k=(-1, 1), align="LEFT_RIGHT")
    if form != "compact":
        raise ValueError(f"{name}: unrecognized diagonals_format {form!r}: it is 'compact', 'matrix' or 'sequence'")
    if len(shape) < 2 or shape[-2] != 3:
        raise ValueError(f"{name}: expected diagonals to have shape (..., 3, n), got {shape}")
    return x


@public
def tridiagonal_matmul(diagonals: Any, rhs: Any, diagonals_format: str = "compact", name: str | None = None) -> Any:
    """The product of tridiagonal matrices and `rhs` (..., n, k).

    Args:
        diagonals: in the format "compact" (..., 3, n): superdiagonal, its last element ignored, diagonal, subdiagonal,
            its first element ignored; "sequence": a list of these; "matrix": (..., n, n).

    >>> import gputape as tf
    >>> tf.linalg.tridiagonal_matmul([[1.0, 0.0], [2.0, 2.0], [0.0, 1.0]], [[1.0], [1.0]]).numpy()
    array([[3.],
           [3.]], dtype=float32)
    """
    compact = _compact("tridiagonal_matmul", diagonals, diagonals_format)
    compact, x = pair(compact, rhs)
    blank = [[0, 0]] * (x._array.ndim - 2)
    upper, main, lower = [compact[..., row, :, None] for row in range(3)]
    above = OPS["pad"](upper[..., :-1, :] * x[..., 1:, :], [*blank, [0, 1], [0, 0]])
    below = OPS["pad"](lower[..., 1:, :] * x[..., :-1, :], [*blank, [1, 0], [0, 0]])
    return main * x + above + below


@public
def tridiagonal_solve(
    diagonals: Any,
    rhs: Any,
    diagonals_format: str = "compact",
    transpose_rhs: bool = False,
    conjugate_rhs: bool = False,
    name: str | None = None,
    partial_pivoting: bool = True,
    perturb_singular: bool = False,
) -> Any:
    """The solutions of tridiagonal systems; `diagonals` as in `tridiagonal_matmul`, `rhs` (..., n, k) or (..., n).

    Built in full and solved as any matrix, always with pivoting, so that n of some thousands is the limit. Raises
    InvalidArgumentError for singular matrices on the CPU; perturb_singular=True raises NotImplementedError.

    >>> import gputape as tf
    >>> tf.linalg.tridiagonal_solve([[1.0, 0.0], [2.0, 2.0], [0.0, 1.0]], [3.0, 3.0]).numpy()
    array([1., 1.], dtype=float32)
    """
    if perturb_singular:
        raise NotImplementedError("tridiagonal_solve: perturb_singular=True is not supported; add to the diagonal")
    compact = _compact("tridiagonal_solve", diagonals, diagonals_format)
    compact, x = pair(compact, rhs)
    n = compact._array.shape[-1]
    matrix = diag(compact, k=(-1, 1), num_rows=n, num_cols=n, align="LEFT_RIGHT")
    if x._array.ndim == compact._array.ndim - 1:
        column = OPS["expand_dims"](conj(x) if conjugate_rhs else x, -1)
        return OPS["squeeze"](solve(matrix, column), axis=[-1])
    if transpose_rhs:
        x = adjoint(x) if conjugate_rhs else matrix_transpose(x)
    elif conjugate_rhs:
        x = conj(x)
    return solve(matrix, x)


@public
def eigh_tridiagonal(
    alpha: Any,
    beta: Any,
    eigvals_only: bool = True,
    select: str = "a",
    select_range: Any = None,
    tol: Any = None,
    name: str | None = None,
) -> Any:
    """The rising eigenvalues of the Hermitian matrix with diagonal `alpha` (n,) and superdiagonal `beta` (n - 1,).

    Args:
        eigvals_only: False to return (eigenvalues, eigenvectors in columns).
        select: "a": all; "i": those number select_range[0] to select_range[1], counted from 0; "v": those in the
            interval (select_range[0], select_range[1]].
        tol: ignored; the matrix is built in full and decomposed as any other.

    >>> import gputape as tf
    >>> tf.linalg.eigh_tridiagonal([1.0, 1.0], [1.0]).numpy()
    array([0., 2.], dtype=float32)
    """
    if select not in ("a", "i", "v"):
        raise ValueError(f"'select must have a value in {{'a', 'i', 'v'}}. Received: {select!r}")
    if select != "a" and select_range is None:
        raise ValueError(f"eigh_tridiagonal: select={select!r} needs a select_range")
    alpha, beta = pair(alpha, beta)
    matrix = diag(alpha) + diag(conj(beta), k=-1) + diag(beta, k=1)
    e, v = (eigvalsh(matrix), None) if eigvals_only else eigh(matrix)
    e = OPS["real"](e)
    if select == "i":
        chosen = slice(int(select_range[0]), int(select_range[1]) + 1)
        e, v = e[chosen], v if v is None else v[:, chosen]
    elif select == "v":
        low, high = select_range
        inside = OPS["logical_and"](e > low, e <= high)
        e, v = OPS["boolean_mask"](e, inside), v if v is None else OPS["boolean_mask"](v, inside, axis=1)
    return e if v is None else (e, v)


NAMES = {f"tf.linalg.{f.__name__}": f for f in (tridiagonal_matmul, tridiagonal_solve, eigh_tridiagonal)}
