"""gputape.numpy.linalg: NumPy's linear algebra, differentiable."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..registry import OPS
from .array import FUNCTIONS, promoted, wrap

LinAlgError = np.linalg.LinAlgError


def _of_matrix(name: str, op: str) -> Callable[..., Any]:
    def function(a: Any) -> Any:
        return wrap(OPS[op](*promoted(a, floating=True)))

    function.__name__, function.__doc__ = name, f"NumPy's `linalg.{name}` of the last two axes."
    return function


cholesky = _of_matrix("cholesky", "cholesky")
inv = _of_matrix("inv", "inverse")
det = _of_matrix("det", "det")
eigh = _of_matrix("eigh", "eigh")
eig = _of_matrix("eig", "eig")
eigvalsh = _of_matrix("eigvalsh", "eigvalsh")
eigvals = _of_matrix("eigvals", "eigvals")
pinv = _of_matrix("pinv", "pinv")
slogdet = _of_matrix("slogdet", "slogdet")


def solve(a: Any, b: Any) -> Any:
    """x of a x = b; `b` a vector, or matrices of columns."""
    x, y = (wrap(t) for t in promoted(a, b, floating=True))
    vector = y.ndim == 1
    y = FUNCTIONS["reshape"](y, (-1, 1)) if vector else y
    batch = np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
    x, y = (FUNCTIONS["broadcast_to"](t, (*batch, *t.shape[-2:])) for t in (x, y))
    made = wrap(OPS["solve"](x._tensor, y._tensor))
    return made[..., 0] if vector else made


def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """(u, s, v^H) with a = u s v^H; s alone without `compute_uv`."""
    x = promoted(a, floating=True)[0]
    if not compute_uv:
        return wrap(OPS["svd"](x, compute_uv=False))
    s, u, v = OPS["svd"](x, full_matrices=full_matrices)
    return wrap(u), wrap(s), FUNCTIONS["conj"](FUNCTIONS["swapaxes"](v, -1, -2))


def qr(a: Any, mode: str = "reduced") -> Any:
    """(q, r) with a = q r. mode: "reduced" or "complete"."""
    return tuple(wrap(t) for t in OPS["qr"](promoted(a, floating=True)[0], full_matrices=mode == "complete"))


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """The norm of vectors (axis an int, or None of a vector) and matrices: Euclid's and Frobenius' by default."""
    a = wrap(promoted(x, floating=True)[0])
    size = FUNCTIONS["abs"](a)
    if ord is None or (ord == 2 and (isinstance(axis, int) or a.ndim == 1)) or ord == "fro":
        return FUNCTIONS["sqrt"](FUNCTIONS["sum"](size * size, axis, keepdims=keepdims))
    if isinstance(axis, int) or (axis is None and a.ndim == 1):
        if abs(ord) == np.inf:
            return FUNCTIONS["max" if ord > 0 else "min"](size, axis, keepdims=keepdims)
        if ord == 0:
            return FUNCTIONS["sum"]((a != 0).astype(a.dtype), axis, keepdims=keepdims)
        return FUNCTIONS["sum"](size ** float(ord), axis, keepdims=keepdims) ** (1.0 / ord)
    if ord in ("nuc", 2, -2):
        s = svd(a, compute_uv=False)
        return FUNCTIONS["sum"](s, -1) if ord == "nuc" else FUNCTIONS["max" if ord > 0 else "min"](s, -1)
    if ord in (1, -1, np.inf, -np.inf):
        sums = FUNCTIONS["sum"](size, -2 if abs(ord) == 1 else -1)
        return FUNCTIONS["max" if ord > 0 else "min"](sums, -1)
    raise ValueError(f"norm: ord={ord!r} is no norm of a matrix: one of None, 'fro', 'nuc', 1, -1, 2, -2, inf, -inf")


def matrix_power(a: Any, n: int) -> Any:
    """The product of `n` copies; of the inverse for negative `n`."""
    base, made = inv(a) if n < 0 else wrap(promoted(a)[0]), None
    for bit in bin(abs(n))[:1:-1]:
        made = base if bit == "1" and made is None else made @ base if bit == "1" else made
        base = base @ base
    return FUNCTIONS["broadcast_to"](np.eye(base.shape[-1]), base.shape) if made is None else made


__all__ = [
    "LinAlgError",
    "cholesky",
    "det",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "inv",
    "matrix_power",
    "norm",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "svd",
]
