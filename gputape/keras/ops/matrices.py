"""keras.ops of vectors and matrices: products, decompositions, solvers, norms."""

from __future__ import annotations

import gputape as tf

from .arrays import moveaxis, swapaxes
from .promotion import floating, together


def matmul(x1, x2):
    """The matrix product over the last two axes, vectors counting as a row or a column.

    >>> from gputape import keras
    >>> keras.ops.matmul([[1, 2]], [[3], [4]]).numpy()
    array([[11]], dtype=int32)
    """
    x1, x2 = together(x1, x2)
    if x1.dtype in ("bool", "int16", "uint8", "uint16"):  # products of int8 stay int32, as Keras has it
        return tf.cast(matmul(tf.cast(x1, "int32"), tf.cast(x2, "int32")), x1.dtype)
    x1, x2 = _int_sums(x1, x2)
    if not len(x1.shape) or not len(x2.shape):
        raise ValueError(f"matmul needs operands of at least 1 dimension. Received: shapes {x1.shape} and {x2.shape}")
    if len(x2.shape) == 1:
        return tf.reduce_sum(x1 * x2, -1) if len(x1.shape) == 1 else tf.linalg.matvec(x1, x2)
    if len(x1.shape) == 1:
        return tf.matmul(x1[None, :], x2)[..., 0, :]
    return tf.matmul(x1, x2)


def _int_sums(*xs):
    """Small integers and bools are summed in 32 bits."""
    return [tf.cast(x, "int32") if x.dtype in ("bool", "int8", "int16", "uint8", "uint16") else x for x in xs]


def _back(made, given):
    """Products of small integers come back in their dtype."""
    return tf.cast(made, given) if made.dtype != given else made


def tensordot(x1, x2, axes=2):
    """The sum of products over `axes`: so many last of x1 and first of x2, or a list for each."""
    x1, x2 = together(x1, x2)
    return _back(tf.tensordot(*_int_sums(x1, x2), axes), x1.dtype)


def dot(x1, x2):
    """The product over the last axis of x1 and the last but one of x2 (the only one of a vector)."""
    x1, x2 = together(x1, x2)
    if not len(x1.shape) or not len(x2.shape):
        return tf.logical_and(x1, x2) if x1.dtype == "bool" else x1 * x2
    axis = len(x1.shape) - 1, max(len(x2.shape) - 2, 0)
    return _back(tf.tensordot(*_int_sums(x1, x2), [[axis[0]], [axis[1]]]), x1.dtype)


def inner(x1, x2):
    """The product over the last axes of both."""
    x1, x2 = together(x1, x2)
    if not len(x1.shape) or not len(x2.shape):
        return x1 * x2
    return _back(tf.tensordot(*_int_sums(x1, x2), [[-1], [-1]]), x1.dtype)


def outer(x1, x2):
    """All products of elements of flattened x1 (rows) and x2 (columns)."""
    x1, x2 = together(x1, x2)
    made = tf.logical_and if x1.dtype == "bool" else tf.multiply
    return made(tf.reshape(x1, [-1, 1]), tf.reshape(x2, [1, -1]))


def vdot(x1, x2):
    """The sum of products of all elements, those of x1 conjugated."""
    x1, x2 = together(x1, x2)
    x1 = tf.math.conj(x1) if x1.dtype.is_complex else x1
    return dot(tf.reshape(x1, [-1]), tf.reshape(x2, [-1]))


def cross(x1, x2, axisa=-1, axisb=-1, axisc=-1, axis=None):
    """The vector product along an axis of size 3 (or 2, then the third part is 0, or the result alone)."""
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = together(x1, x2)
    a, b = moveaxis(a, axisa, -1), moveaxis(b, axisb, -1)
    sizes = a.shape[-1], b.shape[-1]
    if not set(sizes) <= {2, 3}:
        raise ValueError(f"`x1` and `x2` must have size 2 or 3 along their axes. Received: {sizes}")
    if sizes == (2, 2):
        return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
    a, b = (v if v.shape[-1] == 3 else tf.concat([v, tf.zeros_like(v[..., :1])], -1) for v in (a, b))
    parts = [a[..., i] * b[..., j] - a[..., j] * b[..., i] for i, j in ((1, 2), (2, 0), (0, 1))]
    return moveaxis(tf.stack(parts, -1), -1, axisc)


def kron(x1, x2):
    """Kronecker's product: x2 times each element of x1, in blocks."""
    a, b = together(x1, x2)
    rank = max(len(a.shape), len(b.shape))
    m, n = ([1] * (rank - len(x.shape)) + list(x.shape) for x in (a, b))
    left = tf.reshape(a, [d for size in m for d in (size, 1)])
    right = tf.reshape(b, [d for size in n for d in (1, size)])
    return tf.reshape(left * right, [p * q for p, q in zip(m, n)])


def einsum(subscripts, *operands, **kwargs):
    """Sums of products in Einstein's notation; the operands are promoted to one dtype."""
    xs = together(*operands)
    return _back(tf.einsum(subscripts, *_int_sums(*xs)), xs[0].dtype)


def det(x):
    """The determinant."""
    return tf.linalg.det(_square("det", x))


def slogdet(x):
    """(sign, logarithm of the absolute value) of the determinant."""
    return tuple(tf.linalg.slogdet(_square("slogdet", x)))


def logdet(x):
    """The logarithm of the determinant of a positive definite matrix."""
    return tf.linalg.logdet(_square("logdet", x))


def inv(x):
    """The inverse."""
    return tf.linalg.inv(_square("inv", x))


def pinv(x, rcond=None):
    """The pseudo-inverse; singular values below `rcond` times the largest count as 0."""
    return tf.linalg.pinv(floating(x), rcond)


def cholesky(x, upper=False):
    """The lower triangle L with L @ L^H = x, or with `upper` its conjugate transpose."""
    made = tf.linalg.cholesky(_square("cholesky", x))
    return tf.linalg.adjoint(made) if upper else made


def cholesky_inverse(x, upper=False):
    """The inverse of the matrix whose Cholesky factor is x."""
    x = _square("cholesky_inverse", x)
    half = tf.linalg.triangular_solve(x, tf.eye(x.shape[-1], dtype=x.dtype), lower=not upper)
    return tf.matmul(half, half, transpose_b=True) if upper else tf.matmul(half, half, transpose_a=True)


def eig(x):
    """(eigenvalues, eigenvectors as columns), complex."""
    return tuple(tf.linalg.eig(_square("eig", x)))


def eigh(x):
    """(eigenvalues in ascending order, eigenvectors as columns) of a symmetric or Hermitian matrix."""
    return tuple(tf.linalg.eigh(_square("eigh", x)))


def qr(x, mode="reduced"):
    """(Q, R) with x = Q @ R, Q orthogonal, R an upper triangle; mode "complete": Q square."""
    if mode not in ("reduced", "complete"):
        raise ValueError(
            f"`mode` argument value not supported. Expected 'reduced' or 'complete'. Received: mode={mode}"
        )
    return tuple(tf.linalg.qr(floating(x), full_matrices=mode == "complete"))


def svd(x, full_matrices=True, compute_uv=True):
    """(u, s, v^H) with x = u @ diag(s) @ v^H, s descending; only s without `compute_uv`."""
    if not compute_uv:
        return tf.linalg.svd(floating(x), compute_uv=False)
    s, u, v = tf.linalg.svd(floating(x), full_matrices=full_matrices)
    return u, s, tf.linalg.adjoint(v)


def lu_factor(x):
    """(LU, pivots) of a square matrix: both triangles in one matrix, and with which row each row was exchanged."""
    lu, p = tf.linalg.lu(_square("lu_factor", x))
    return lu, p


def solve(a, b):
    """The x with a @ x = b; b is a vector or a matrix."""
    a, b = (floating(x) for x in together(a, b))
    if len(b.shape) == len(a.shape) - 1:
        return tf.linalg.solve(a, b[..., None])[..., 0]
    return tf.linalg.solve(a, b)


def solve_triangular(a, b, lower=False):
    """The x with a @ x = b for a triangle a, the upper one unless `lower`."""
    a, b = (floating(x) for x in together(a, b))
    if len(b.shape) == len(a.shape) - 1:
        return tf.linalg.triangular_solve(a, b[..., None], lower=lower)[..., 0]
    return tf.linalg.triangular_solve(a, b, lower=lower)


def lstsq(a, b, rcond=None):
    """The x of the least |a @ x - b|; b is a vector or a matrix."""
    a, b = (floating(x) for x in together(a, b))
    solved = tf.matmul(pinv(a, rcond), b[:, None] if len(b.shape) == 1 else b)
    return solved[:, 0] if len(b.shape) == 1 else solved


def matrix_rank(x, tol=None):
    """How many singular values are larger than `tol`, as int32."""
    return tf.linalg.matrix_rank(floating(x), tol)


def norm(x, ord=None, axis=None, keepdims=False):
    """The norm of vectors along one axis, of matrices along two, of all elements by default.

    Args:
        ord: of vectors a number, inf, -inf or 0; of matrices "fro", "nuc", 1, 2, inf and the negative ones.
    """
    x = floating(x)
    rank = len(x.shape)
    if axis is None and ord is None:
        made = tf.sqrt(tf.reduce_sum(_squared(x)))
        return tf.reshape(made, [1] * rank) if keepdims else made
    axes = list(range(rank)) if axis is None else [axis] if isinstance(axis, int) else list(axis)
    if len(axes) == 1:
        return _vector_norm(x, ord, axes[0], keepdims)
    if len(axes) != 2:
        raise ValueError(f"Invalid axis for norm: one or two are needed. Received: axis={axis}, x.shape={x.shape}")
    return _matrix_norm(x, ord, [a % rank for a in axes], keepdims)


def _squared(x):
    size = tf.abs(x)
    return size * size


def _vector_norm(x, ord, axis, keepdims):
    if ord is None or ord == 2:
        return tf.sqrt(tf.reduce_sum(_squared(x), axis, keepdims))
    size = tf.abs(x)
    if ord in (float("inf"), float("-inf")):
        return (tf.reduce_max if ord > 0 else tf.reduce_min)(size, axis, keepdims)
    if ord == 0:
        return tf.reduce_sum(tf.cast(tf.not_equal(x, 0), size.dtype), axis, keepdims)
    if not isinstance(ord, (int, float)):
        raise ValueError(f"Invalid `ord` argument for vector norm. Received: ord={ord}")
    return tf.pow(tf.reduce_sum(tf.pow(size, float(ord)), axis, keepdims), 1.0 / ord)


def _matrix_norm(x, ord, axes, keepdims):
    row, column = axes
    size = tf.abs(x)
    if ord in (None, "fro"):
        return tf.sqrt(tf.reduce_sum(_squared(x), axes, keepdims))
    reduce = tf.reduce_max if ord == "nuc" or ord > 0 else tf.reduce_min
    if ord in (1, -1, float("inf"), float("-inf")):
        inner_axis, outer_axis = (row, column) if abs(ord) == 1 else (column, row)
        made = reduce(tf.reduce_sum(size, inner_axis, True), outer_axis, True)
        return made if keepdims else tf.squeeze(made, axes)
    if ord not in ("nuc", 2, -2):
        raise ValueError(f"Invalid `ord` argument for matrix norm. Received: ord={ord}")
    s = tf.linalg.svd(moveaxis(x, axes, (-2, -1)), compute_uv=False)
    made = tf.reduce_sum(s, -1) if ord == "nuc" else reduce(s, -1)
    for a in sorted(axes) if keepdims else []:
        made = tf.expand_dims(made, a)
    return made


def cdist(x, y):
    """The Euclidean distances of all rows of x from all rows of y."""
    x, y = (floating(v) for v in together(x, y))
    away = x[..., :, None, :] - y[..., None, :, :]
    return tf.sqrt(tf.reduce_sum(away * away, -1))


def corrcoef(x):
    """The correlation coefficients of the rows of x."""
    x = floating(x)
    x = x[None, :] if len(x.shape) == 1 else x
    away = x - tf.reduce_mean(x, -1, keepdims=True)
    cov = tf.matmul(away, tf.math.conj(swapaxes(away, -1, -2)))
    size = tf.sqrt(tf.linalg.diag_part(cov))
    made = cov / (size[:, None] * size[None, :])
    return tf.squeeze(made) if made.shape[0] == 1 else made


def _square(name, x):
    x = floating(x)
    if len(x.shape) < 2 or x.shape[-1] != x.shape[-2]:
        raise ValueError(f"{name}: Expected a square matrix in the last two dimensions. Received: x.shape={x.shape}")
    return x


_PUBLIC = (
    matmul, tensordot, dot, inner, outer, vdot, cross, kron, einsum, det, slogdet, logdet, inv, pinv, cholesky,
    cholesky_inverse, eig, eigh, qr, svd, lu_factor, solve, solve_triangular, lstsq, matrix_rank, norm, cdist, corrcoef,
)  # fmt: skip
NAMES = {f.__name__: f for f in _PUBLIC}
LINALG = (
    "cholesky", "cholesky_inverse", "det", "eig", "eigh", "inv", "lstsq", "lu_factor", "matrix_rank", "norm", "pinv",
    "qr", "solve", "solve_triangular", "svd",
)  # fmt: skip
