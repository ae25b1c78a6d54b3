"""softmax and log_softmax: scores turned into probabilities along one axis."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..cuda import Kernels, contiguous, empty_like
from ..dtypes import FROM_NUMPY, accumulator
from ..errors import InvalidArgumentError
from ..op import fused, public
from ..tensor import as_tensor
from .reduce import reduce_max, reduce_sum
from .shape import static
from .unary import exp, log

kernels = Kernels("softmax.cu", block=256)


@fused
def softmax_along(x, *, axis):
    e = exp(x - reduce_max(x, axis, keepdims=True))
    return e / reduce_sum(e, axis, keepdims=True)


@softmax_along.kernel
def _(x, *, axis):
    return on_rows(kernels.softmax_forward, axis, x)


@softmax_along.numpy
def _(x, *, axis):
    y = shifted(x, axis)
    np.exp(y, out=y)
    y /= y.sum(axis, keepdims=True)
    return y.astype(x.dtype, copy=False)


@softmax_along.gradient
def _(dy, y, axis):
    return softmax_grad(y, dy, axis=axis)


@fused
def softmax_grad(y, dy, *, axis):
    return y * (dy - reduce_sum(y * dy, axis, keepdims=True))


@softmax_grad.kernel
def _(y, dy, *, axis):
    return on_rows(kernels.softmax_backward, axis, y, dy)


@softmax_grad.numpy
def _(y, dy, *, axis):
    dx = np.multiply(y, dy, dtype=accumulator(y.dtype))
    np.subtract(dy, dx.sum(axis, keepdims=True), out=dx)
    dx *= y
    return dx.astype(y.dtype, copy=False)


@fused
def log_softmax_along(x, *, axis):
    z = x - reduce_max(x, axis, keepdims=True)
    return z - log(reduce_sum(exp(z), axis, keepdims=True))


@log_softmax_along.kernel
def _(x, *, axis):
    return on_rows(kernels.log_softmax_forward, axis, x)


@log_softmax_along.numpy
def _(x, *, axis):
    y = shifted(x, axis)
    y -= np.log(np.exp(y).sum(axis, keepdims=True))
    return y.astype(x.dtype, copy=False)


@log_softmax_along.gradient
def _(dy, y, axis):
    return log_softmax_grad(y, dy, axis=axis)


@fused
def log_softmax_grad(y, dy, *, axis):
    return dy - exp(y) * reduce_sum(dy, axis, keepdims=True)


@log_softmax_grad.kernel
def _(y, dy, *, axis):
    return on_rows(kernels.log_softmax_backward, axis, y, dy)


@log_softmax_grad.numpy
def _(y, dy, *, axis):
    dx = np.exp(y, dtype=accumulator(y.dtype))
    dx *= dy.sum(axis, keepdims=True, dtype=dx.dtype)
    np.subtract(dy, dx, out=dx)
    return dx.astype(y.dtype, copy=False)


def shifted(x: Any, axis: int) -> Any:
    """`x` minus its maximum, so that exp cannot overflow: a new array in the dtype that sums are made in."""
    top = x.max(axis, keepdims=True, initial=-np.inf)
    return np.subtract(x, top, dtype=accumulator(x.dtype))


def on_rows(kernel: Any, axis: int, *arrays: Any) -> Any:
    """Launch a kernel that gives every row along `axis` to a block; a copy makes rows contiguous where they are not."""
    arrays = tuple([contiguous(a.swapaxes(axis, -1)) for a in arrays])
    out = empty_like(arrays[0])
    cols = max(out.shape[-1], 1)
    kernel[out.dtype](grid=out.size // cols, args=(*arrays, out, np.int64(cols)))
    return out.swapaxes(axis, -1)


# -- under TensorFlow's names


def scores(name: str, logits: Any, axis: Any) -> tuple[Any, int]:
    """`logits` as a floating point tensor of at least one axis, and `axis` counted from the front."""
    x = as_tensor(logits)
    given, rank = x._array.dtype, x._array.ndim
    if given.kind not in "fV":
        raise InvalidArgumentError(
            f"Value for attr 'T' of {FROM_NUMPY[given].name} is not in the list of allowed values: {name} takes logits "
            f"of floating point; use tf.cast [Op:{name}]"
        )
    k = -1 if axis is None else static(axis)
    if rank == 0:
        raise InvalidArgumentError(f"{name}: logits must have >= 1 dimension, got the scalar {logits!r} [Op:{name}]")
    if not -rank <= k < rank:
        raise InvalidArgumentError(
            f"{name}: `dim` must be in the range [{-rank}, {rank}) where {rank} is the number of dimensions in the "
            f"input: logits has shape {x._array.shape}, axis is {k} [Op:{name}]"
        )
    return x, k % rank


@public
def softmax(logits: Any, axis: Any = None, name: str | None = None) -> Any:
    """exp(logits) / sum(exp(logits)) along `axis` (default: the last): numbers from 0 to 1 that add up to 1.

    Any shape of at least one axis, any floating point dtype; half types are summed in float32. Rows whose maximum is
    infinite, or that hold a NaN, become NaN. InvalidArgumentError for integers, scalars and an axis out of range.

    >>> import gputape as tf
    >>> tf.nn.softmax([0.0, 0.0, 0.0, 0.0]).numpy()
    array([0.25, 0.25, 0.25, 0.25], dtype=float32)
    """
    x, k = scores("softmax", logits, axis)
    return softmax_along(x, axis=k)


@public
def log_softmax(logits: Any, axis: Any = None, name: str | None = None) -> Any:
    """logits - log(sum(exp(logits))) along `axis` (default: the last): log(softmax(logits)) without its underflow.

    Shapes, dtypes and errors as for `softmax`.

    >>> import gputape as tf
    >>> tf.nn.log_softmax([0.0, 1000.0]).numpy()
    array([-1000.,     0.], dtype=float32)
    """
    x, k = scores("log_softmax", logits, axis)
    return log_softmax_along(x, axis=k)


NAMES = {
    "tf.nn.softmax": softmax,
    "tf.math.softmax": softmax,
    "tf.nn.log_softmax": log_softmax,
    "tf.math.log_softmax": log_softmax,
}
