"""NumPy's products of matrices and vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..registry import OPS
from .array import FUNCTIONS, numpy_function, promoted, wrap
from .shapes import moveaxis, ravel, reshape


@numpy_function
def dot(a: Any, b: Any) -> Any:
    """The sum over the last axis of `a` and the last but one of `b` (the only one of a vector); numbers multiply."""
    x, y = promoted(a, b)
    if not x._array.ndim or not y._array.ndim:
        return FUNCTIONS["multiply"](x, y)
    return tensordot(x, y, ([-1], [-2 if y._array.ndim > 1 else 0]))


@numpy_function
def matmul(a: Any, b: Any) -> Any:
    """The product of matrices in the last two axes, batched over the others; vectors as in `a @ b`."""
    x, y = (wrap(t) for t in promoted(a, b))
    if not x.ndim or not y.ndim:
        raise ValueError(f"matmul: operands need one axis at least, got shapes {x.shape} and {y.shape}; use multiply")
    inner = y.shape[-2] if y.ndim > 1 else y.shape[0]
    if x.shape[-1] != inner:
        raise ValueError(f"matmul: shapes {x.shape} and {y.shape} do not fit: {x.shape[-1]} is not {inner}")
    rows = x if x.ndim > 1 else reshape(x, (1, -1))
    columns = y if y.ndim > 1 else reshape(y, (-1, 1))
    made = wrap(OPS["matmul"](rows._tensor, columns._tensor))
    drop = ((-2,) if x.ndim == 1 else ()) + ((-1,) if y.ndim == 1 else ())
    return FUNCTIONS["squeeze"](made, drop) if drop else made


@numpy_function
def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """The sum over pairs of axes, or over the last of `a` and the first of `b`."""
    x, y = promoted(a, b)
    if not isinstance(axes, int):
        left, right = (np.atleast_1d(k).tolist() for k in axes)
        axes = [[k % x._array.ndim for k in left], [k % y._array.ndim for k in right]]
        sizes = [[t._array.shape[k] for k in ks] for t, ks in zip((x, y), axes, strict=True)]
        if sizes[0] != sizes[1]:
            raise ValueError(
                f"shapes {x._array.shape} and {y._array.shape} not aligned: axes {axes[0]} and {axes[1]} have sizes "
                f"{sizes[0]} and {sizes[1]}"
            )
    return wrap(OPS["tensordot"](x, y, axes))


@numpy_function
def einsum(subscripts: str, *operands: Any) -> Any:
    """Einstein's sum, such as "ij,jk->ik"; a repeated index of one operand takes its diagonal."""
    return wrap(OPS["einsum"](subscripts.replace(" ", ""), *promoted(*operands)))


@numpy_function
def outer(a: Any, b: Any) -> Any:
    """All products of an element of `a` and one of `b`: a matrix."""
    return FUNCTIONS["multiply"](reshape(a, (-1, 1)), reshape(b, (1, -1)))


@numpy_function
def inner(a: Any, b: Any) -> Any:
    """The sum over the last axes of both."""
    x, y = promoted(a, b)
    return tensordot(x, y, ([-1], [-1])) if x._array.ndim and y._array.ndim else FUNCTIONS["multiply"](x, y)


@numpy_function
def vdot(a: Any, b: Any) -> Any:
    """The product of two vectors, the first conjugated."""
    return dot(FUNCTIONS["conj"](ravel(a)), ravel(b))


@numpy_function
def kron(a: Any, b: Any) -> Any:
    """Kronecker's product: `b` times each element of `a`, in its place."""
    x, y = (wrap(t) for t in promoted(a, b))
    rank = max(x.ndim, y.ndim)
    x, y = (reshape(t, (1,) * (rank - t.ndim) + t.shape) for t in (x, y))
    wide = reshape(x, [s for n in x.shape for s in (n, 1)]) * reshape(y, [s for n in y.shape for s in (1, n)])
    return reshape(wide, [n * m for n, m in zip(x.shape, y.shape, strict=True)])


@numpy_function
def cross(a: Any, b: Any, axis: int = -1) -> Any:
    """The product of vectors of three components, which lie along `axis`."""
    x, y = (moveaxis(wrap(t), axis, -1) for t in promoted(a, b))
    shape = np.broadcast_shapes(x.shape, y.shape)
    x, y = (FUNCTIONS["broadcast_to"](t, shape) for t in (x, y))
    return moveaxis(wrap(OPS["cross"](x._tensor, y._tensor)), -1, axis)
