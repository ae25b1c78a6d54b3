"""keras.ops that make arrays: constants, ranges, diagonals and triangles."""

from __future__ import annotations

import builtins
import operator

import gputape as tf

from ..backend import result_type, standardize_dtype
from .arrays import diagonal, moveaxis, ravel
from .promotion import dtype_of, tensor, together


def array(x, dtype=None):
    """`x` as a tensor."""
    return tensor(x, dtype)


def copy(x):
    """A tensor equal to `x`."""
    return tf.identity(tensor(x))


def zeros(shape, dtype=None):
    """Zeros of `dtype`, default floatx."""
    return tf.zeros(shape, standardize_dtype(dtype))


def ones(shape, dtype=None):
    """Ones of `dtype`, default floatx."""
    return tf.ones(shape, standardize_dtype(dtype))


def full(shape, fill_value, dtype=None):
    """`fill_value` everywhere, of `dtype`, default floatx."""
    return tf.broadcast_to(tensor(fill_value, standardize_dtype(dtype)), shape)


def zeros_like(x, dtype=None):
    """Zeros of the shape (and dtype) of x."""
    return tf.zeros_like(tensor(x), dtype)


def ones_like(x, dtype=None):
    """Ones of the shape (and dtype) of x."""
    return tf.ones_like(tensor(x), dtype)


def full_like(x, fill_value, dtype=None):
    """`fill_value` everywhere, in the shape (and dtype) of x."""
    x = tensor(x)
    return tf.broadcast_to(tensor(fill_value, dtype or x.dtype), x.shape)


def arange(start, stop=None, step=None, dtype=None):
    """From `start` (0 if it is the only number) up to, not including, `stop`, `step` (default 1) apart.

    >>> from gputape import keras
    >>> keras.ops.arange(3).numpy()
    array([0, 1, 2], dtype=int32)
    """
    if stop is None:
        start, stop = 0, start
    step = 1 if step is None else step
    if dtype is None:
        dtype = result_type(
            *[dtype_of(v) if isinstance(v, (int, float)) else tensor(v).dtype for v in (start, stop, step)]
        )
    if tf.as_dtype(dtype).size == 2 and tf.as_dtype(dtype).is_floating:
        return tf.cast(tf.range(start, stop, step, "float32"), dtype)
    made = dtype if dtype in ("float32", "float64", "int32", "int64") else "int32"
    return tf.cast(tf.range(start, stop, step, made), dtype)


def linspace(start, stop, num=50, endpoint=True, retstep=False, dtype=None, axis=0):
    """`num` numbers at equal distances from `start` to `stop`, which is left out unless `endpoint`."""
    num = operator.index(num)
    if num < 0:
        raise ValueError(f"`num` must be a non-negative integer. Received: num={num}")
    made = standardize_dtype(dtype) if dtype is not None else None
    start, stop = together(start, stop, least=float)
    count = num - 1 if endpoint else num
    step = (stop - start) / count if count > 0 else (stop - start) * float("nan")
    at = tf.cast(tf.range(num), start.dtype)
    lifted, width = tf.expand_dims(start + stop * 0, 0), tf.expand_dims((stop - start) / builtins.max(count, 1), 0)
    y = lifted + tf.reshape(at, [-1] + [1] * (len(lifted.shape) - 1)) * width
    if endpoint and num > 1:
        y = tf.concat([y[:-1], tf.expand_dims(stop + start * 0, 0)], 0)
    y = moveaxis(y, 0, axis) if axis else y
    y = tf.cast(y, made) if made else y
    return (y, step) if retstep else y


def logspace(start, stop, num=50, endpoint=True, base=10, dtype=None, axis=0):
    """`base` to the powers linspace(start, stop, num)."""
    y = linspace(start, stop, num, endpoint, axis=axis)
    return tensor(tf.pow(tf.cast(base, y.dtype), y), dtype)


def geomspace(start, stop, num=50, endpoint=True, dtype=None, axis=0):
    """`num` numbers of equal ratios from `start` to `stop`."""
    start, stop = together(start, stop, least=float)
    y = tf.exp(linspace(tf.math.log(tf.abs(start)), tf.math.log(tf.abs(stop)), num, endpoint, axis=axis))
    return tensor(y * tf.sign(start), dtype)


def tri(N, M=None, k=0, dtype=None):
    """(N, M) ones at and below the k-th diagonal, zeros above."""
    M = N if M is None else M
    made = tf.range(M)[None, :] <= tf.range(N)[:, None] + k
    return tf.cast(made, standardize_dtype(dtype))


def eye(N, M=None, k=0, dtype=None):
    """(N, M) ones on the k-th diagonal, zeros elsewhere."""
    N, M, k = operator.index(N), operator.index(N if M is None else M), operator.index(k)
    return tf.cast(tf.equal(tf.range(M)[None, :], tf.range(N)[:, None] + k), standardize_dtype(dtype))


def identity(n, dtype=None):
    """(n, n) ones on the diagonal."""
    return eye(n, dtype=dtype)


def tril(x, k=0):
    """x with zeros above the k-th diagonal of its last two axes."""
    x = tensor(x)
    return tf.where(tri(x.shape[-2], x.shape[-1], k, "bool"), x, tf.zeros_like(x))


def triu(x, k=0):
    """x with zeros below the k-th diagonal of its last two axes."""
    x = tensor(x)
    return tf.where(tri(x.shape[-2], x.shape[-1], k - 1, "bool"), tf.zeros_like(x), x)


def vander(x, N=None, increasing=False):
    """The powers of each element of x, the highest first unless `increasing`: (len(x), N)."""
    x = tensor(x)
    n = x.shape[0] if N is None else N
    powers = tf.range(n) if increasing else tf.range(n - 1, -1, -1)
    return tf.pow(x[:, None], tf.cast(powers, x.dtype))


def meshgrid(*x, indexing="xy"):
    """The coordinates of the points of a grid, an array for each of its axes."""
    return list(tf.meshgrid(*[tf.reshape(tensor(v), [-1]) for v in x], indexing=indexing))


def diag(x, k=0):
    """A matrix with the vector x on its k-th diagonal, or the k-th diagonal of the matrix x."""
    x = tensor(x)
    if len(x.shape) == 2:
        return diagonal(x, k)
    if len(x.shape) != 1:
        raise ValueError(f"`x` must be 1-D or 2-D. Received: x.shape={x.shape}")
    n = x.shape[0] + builtins.abs(k)
    line = tf.pad(x, [[builtins.max(-k, 0), builtins.max(k, 0)]])
    return tf.where(eye(n, k=k, dtype="bool"), line[:, None], tf.zeros([n, n], x.dtype))


def diagflat(x, k=0):
    """A matrix with all elements of x on its k-th diagonal."""
    return diag(ravel(x), k)


_PUBLIC = (
    array,
    copy,
    zeros,
    ones,
    full,
    zeros_like,
    ones_like,
    full_like,
    arange,
    linspace,
    logspace,
    geomspace,
    tri,
    eye,
    identity,
    tril,
    triu,
    vander,
    meshgrid,
    diag,
    diagflat,
)
NAMES = {f.__name__: f for f in _PUBLIC} | {"empty": zeros, "empty_like": zeros_like}
