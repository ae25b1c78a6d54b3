"""Decompositions of matrices in the last two axes: Cholesky, QR, singular values, eigenvalues.

Rules: Cholesky, Murray (2016), "Differentiation of the Cholesky decomposition"; QR, Roberts and Roberts (2020), "QR and
LQ decomposition matrix backpropagation"; singular values, Townsend (2016), "Differentiating the SVD"; eigenvalues,
Giles (2008), "An extended collection of matrix derivative results". Vectors are determined up to sign or phase only:
gradients are those of functions that do not depend on it. Where values coincide, their vectors' gradients are taken as
zero.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import cuda
from ..op import op, public
from ..registry import OPS
from .complex import conj
from .diagonal import adjoint, diag, diag_part, keep_band, set_diag
from .matmul import matmul
from .solve import matrices, small, solve_general, solve_triangular, turned

kernels = cuda.Kernels("decompositions.cu", block=64)


def _or_nan(xp: Any, function: Any, x: Any) -> Any:
    """`function(x)` as a tuple of arrays; NaN for matrices of which it says that it failed, as on the GPU."""
    try:
        made = function(x)
        return tuple(made) if isinstance(made, tuple) else (made,)
    except np.linalg.LinAlgError:
        if x.ndim > 2:
            return tuple([xp.stack(parts) for parts in zip(*[_or_nan(xp, function, m) for m in x], strict=True)])
        return tuple(
            [part * part.dtype.type(np.nan) for part in _or_nan(xp, function, xp.eye(*x.shape, dtype=x.dtype))]
        )


def _lower(x: Any) -> Any:
    return keep_band(x, num_lower=-1, num_upper=0)


def _halved(x: Any) -> Any:
    """The lower triangle with half the diagonal; with its adjoint added, a Hermitian matrix of that lower triangle."""
    return set_diag(_lower(x), diag_part(x) * 0.5)


def _gaps(values: Any) -> Any:
    """1 / (values[j] - values[i]) at (i, j), 0 where they are equal."""
    gap = OPS["expand_dims"](values, -2) - OPS["expand_dims"](values, -1)
    gap = set_diag(gap, OPS["ones_like"](values))  # so that no derivative there is infinite
    return set_diag(conj(gap) / (gap * conj(gap) + 1e-20), OPS["zeros_like"](values))


def _scaled(x: Any, values: Any) -> Any:
    """The columns of `x` times `values`."""
    return x * OPS["expand_dims"](values, -2)


# -- Cholesky


@op
def cholesky(xp, input):
    """The lower triangular L with input = L Lᴴ of Hermitian positive definite matrices; their lower half is read.

    NaN where a matrix is not positive definite. Raises InvalidArgumentError for matrices that are not square.

    >>> import gputape as tf
    >>> tf.linalg.cholesky([[4.0, 2.0], [2.0, 5.0]]).numpy()
    array([[2., 0.],
           [1., 2.]], dtype=float32)
    """
    matrices("cholesky", "input", input, square=True)
    return _or_nan(xp, xp.linalg.cholesky, input)[0]


@cholesky.kernel
def _(input):
    if not small(input):
        return NotImplemented
    x, n = cuda.contiguous(input), input.shape[-1]
    y = cuda.empty_like(x)
    kernels.cholesky_forward[x.dtype](math.prod(x.shape[:-2]), (x, y, np.int32(n)), smem=n * n * x.itemsize)
    return y


@cholesky.gradient
def _(dy, y):
    """With P = the lower triangle of Lᴴ dL, its diagonal halved: the Hermitian part of L⁻ᴴ P L⁻¹."""
    middle = _halved(matmul(y, dy, adjoint_a=True))
    left = solve_triangular(y, middle, lower=True, adjoint=True)
    full = adjoint(solve_triangular(y, adjoint(left), lower=True, adjoint=True))
    return (full + adjoint(full)) * 0.5


# -- QR


@op
def qr_factors(xp, input, *, full_matrices):
    """q with orthonormal columns and upper triangular r, q r = input."""
    matrices("qr", "input", input)
    q, r = xp.linalg.qr(input, mode="complete" if full_matrices else "reduced")
    return q, r


@qr_factors.gradient
def _(dys, ys, full_matrices):
    """With M = R dRᴴ - dQᴴ Q and H the Hermitian matrix of its lower triangle: (dQ + Q H) R⁻ᴴ.

    A wide matrix is [X, Y] with X = Q U square and Y = Q V.
    """
    (q, r), (dq, dr) = ys, dys
    rows, columns = q._array.shape[-2], r._array.shape[-1]
    if full_matrices and rows > columns:
        raise NotImplementedError("qr: no gradient with full_matrices=True for matrices of more rows than columns")
    parts = []
    if columns > rows:
        dv = dr[..., rows:]
        parts = [matmul(q, dv)]
        dq = dq + matmul(matmul(q, r[..., rows:]), dv, adjoint_b=True)
        r, dr = r[..., :rows], dr[..., :rows]
    half = _halved(matmul(r, dr, adjoint_b=True) - matmul(dq, q, adjoint_a=True))
    left = dq + matmul(q, half + adjoint(half))
    dx = adjoint(solve_triangular(r, adjoint(left), lower=False, adjoint=False))
    return OPS["concat"]([dx, *parts], -1) if parts else dx


@public
def qr(input: Any, full_matrices: bool = False, name: str | None = None) -> Any:
    """(q, r) with q r = input (..., m, n), qᴴ q = 1 and r upper triangular.

    q is (..., m, min(m, n)) and r (..., min(m, n), n), or with `full_matrices` (..., m, m) and (..., m, n). The
    gradient wants min(m, n) linearly independent columns at the left.

    >>> import gputape as tf
    >>> q, r = tf.linalg.qr(tf.ones((3, 2)))
    >>> q.shape, r.shape
    (TensorShape([3, 2]), TensorShape([2, 2]))
    """
    return qr_factors(input, full_matrices=bool(full_matrices))


# -- singular values


@op
def singular_vectors(xp, tensor, *, full_matrices):
    """The singular values, left and right singular vectors: tensor = u diag(s) vᴴ."""
    matrices("svd", "tensor", tensor)
    u, s, vh = _or_nan(xp, lambda x: tuple(xp.linalg.svd(x, full_matrices=full_matrices)), tensor)
    return s, u, xp.ascontiguousarray(turned(vh))


@singular_vectors.gradient
def _(dys, ys, full_matrices):
    (s, u, v), (ds, du, dv) = ys, dys
    m, n, k = u._array.shape[-2], v._array.shape[-2], s._array.shape[-1]
    if u._array.dtype.kind == "c":
        raise NotImplementedError("SVD gradient is not supported for complex types when compute_uv is True")
    if full_matrices and abs(m - n) > 1:
        raise NotImplementedError("svd gradient is not supported for abs(m - n) > 1 when full_matrices is True")
    u, du = _thin(u, du, k)
    v, dv = _thin(v, dv, k)
    gaps = _gaps(s * s)
    of_u, of_v = gaps * matmul(u, du, adjoint_a=True), gaps * matmul(v, dv, adjoint_a=True)
    middle = _scaled(of_u + adjoint(of_u), s) + adjoint(_scaled(of_v + adjoint(of_v), s)) + diag(ds)
    dx = matmul(matmul(u, middle), v, adjoint_b=True)
    if m > k:
        dx = dx + matmul(_scaled(_outside(u, du), 1.0 / s), v, adjoint_b=True)
    if n > k:
        dx = dx + matmul(_scaled(u, 1.0 / s), _outside(v, dv), adjoint_b=True)
    return dx


def _thin(u: Any, du: Any, k: int) -> tuple[Any, Any]:
    """The first k vectors. Those beyond follow them, du_e = -sum_j u_j (u_e · du_j), which moves their gradient."""
    if u._array.shape[-1] == k:
        return u, du
    first, last, d_last = u[..., :k], u[..., k:], du[..., k:]
    return first, du[..., :k] - matmul(last, matmul(d_last, first, adjoint_a=True))


def _outside(u: Any, du: Any) -> Any:
    """The part of du orthogonal to the columns of u."""
    return du - matmul(u, matmul(u, du, adjoint_a=True))


@op
def singular_values(xp, tensor):
    """The singular values alone."""
    matrices("svd", "tensor", tensor)
    return _or_nan(xp, lambda x: xp.linalg.svd(x, compute_uv=False), tensor)[0]


@singular_values.gradient
def _(dy, tensor):
    _, u, v = singular_vectors(tensor, full_matrices=False)
    return matmul(_scaled(u, OPS["cast"](dy, u.dtype)), v, adjoint_b=True)


@public
def svd(tensor: Any, full_matrices: bool = False, compute_uv: bool = True, name: str | None = None) -> Any:
    """(s, u, v) with tensor = u diag(s) vᴴ, s real and falling; s alone unless `compute_uv`.

    For `tensor` (..., m, n) and k = min(m, n): s is (..., k), u (..., m, k), v (..., n, k); with `full_matrices` u is
    (..., m, m) and v (..., n, n). NaN where a matrix holds NaN. The vectors' gradient is there for real matrices, and
    with `full_matrices` for abs(m - n) <= 1; else it raises NotImplementedError.

    >>> import gputape as tf
    >>> tf.linalg.svd([[3.0, 0.0], [0.0, 4.0]], compute_uv=False).numpy()
    array([4., 3.], dtype=float32)
    """
    return singular_vectors(tensor, full_matrices=bool(full_matrices)) if compute_uv else singular_values(tensor)


# -- eigenvalues of Hermitian matrices


def _hermitian(x: Any) -> Any:
    """The gradient of a matrix of which the lower half is read: both halves' added."""
    both = x + adjoint(x)
    return set_diag(_lower(both), diag_part(both) * 0.5)


@op
def eigh(xp, tensor):
    """(e, v): the rising eigenvalues (..., n) and the eigenvectors (..., n, n), in columns, of Hermitian matrices.

    The lower half of `tensor` (..., n, n) is read, and gets the gradient. e has the dtype of `tensor`. Raises
    InvalidArgumentError for matrices that are not square or hold NaN.

    >>> import gputape as tf
    >>> e, v = tf.linalg.eigh([[2.0, 0.0], [0.0, 1.0]])
    >>> e.numpy()
    array([1., 2.], dtype=float32)
    """
    matrices("eigh", "tensor", tensor, square=True)
    e, v = xp.linalg.eigh(tensor)
    return e.astype(tensor.dtype), v


@eigh.gradient
def _(dys, ys):
    (e, v), (de, dv) = ys, dys
    middle = diag(de) + _gaps(e) * matmul(v, dv, adjoint_a=True)
    return _hermitian(matmul(matmul(v, middle), v, adjoint_b=True))


@op
def eigvalsh(xp, tensor):
    """The eigenvalues of `eigh` alone.

    >>> import gputape as tf
    >>> tf.linalg.eigvalsh([[2.0, 0.0], [0.0, 1.0]]).numpy()
    array([1., 2.], dtype=float32)
    """
    matrices("eigvalsh", "tensor", tensor, square=True)
    return xp.linalg.eigvalsh(tensor).astype(tensor.dtype)


@eigvalsh.gradient
def _(dy, tensor):
    v = eigh(tensor)[1]
    return _hermitian(matmul(_scaled(v, dy), v, adjoint_b=True))


# -- eigenvalues of any matrices


def _on_host(xp: Any, function: Any, x: Any) -> Any:
    """`function(x)` in complex numbers by NumPy: CuPy has no eigenvalues of general matrices."""
    made = function(cuda.to_host(x))
    wide = np.result_type(x.dtype, np.complex64)
    return tuple([xp.asarray(part.astype(wide)) for part in (made if isinstance(made, tuple) else (made,))])


@op
def eig(xp, tensor):
    """(e, v): the eigenvalues (..., n), in no order, and the eigenvectors (..., n, n), in columns, of square matrices.

    Both are complex. Computed on the host. Raises InvalidArgumentError for matrices that are not square or hold NaN.

    >>> import gputape as tf
    >>> e, v = tf.linalg.eig([[0.0, 1.0], [-1.0, 0.0]])
    >>> e.dtype, abs(e).numpy()
    (tf.complex64, array([1., 1.], dtype=float32))
    """
    matrices("eig", "tensor", tensor, square=True)
    return _on_host(xp, np.linalg.eig, tensor)


@eig.gradient
def _(dys, ys, tensor):
    (e, v), (de, dv) = ys, dys
    of_v = matmul(v, dv, adjoint_a=True)
    lengths = OPS["cast"](OPS["real"](diag_part(of_v)), v.dtype)  # eigenvectors have length 1
    middle = diag(de) + conj(_gaps(e)) * (of_v - _scaled(matmul(v, v, adjoint_a=True), lengths))
    return _like(solve_general(v, matmul(middle, v, adjoint_b=True), adjoint=True), tensor)


def _like(x: Any, tensor: Any) -> Any:
    return x if tensor.dtype.is_complex else OPS["cast"](OPS["real"](x), tensor.dtype)


@op
def eigvals(xp, tensor):
    """The eigenvalues of `eig` alone.

    >>> import gputape as tf
    >>> tf.linalg.eigvals([[3.0]]).numpy()
    array([3.+0.j], dtype=complex64)
    """
    matrices("eigvals", "tensor", tensor, square=True)
    return _on_host(xp, np.linalg.eigvals, tensor)[0]


@eigvals.gradient
def _(dy, tensor):
    v = eig(tensor)[1]
    return _like(solve_general(v, matmul(diag(dy), v, adjoint_b=True), adjoint=True), tensor)


NAMES = {
    **{f"tf.linalg.{f.__name__}": f for f in (cholesky, qr, svd, eigh, eigvalsh, eig, eigvals)},
    "tf.eig": eig,
    "tf.eigvals": eigvals,
}
