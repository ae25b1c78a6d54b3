"""Normalization: layer, root-mean-square, batch and group.

Layer normalization works on the rows of a matrix, batch normalization on its columns; the public functions bring any
axes into that form. Statistics, scale and offset are float32 for half types.

The row and column ops hand out what their backward kernels need (mean, rstd = 1 / sqrt(variance + epsilon)). The
backward kernels trust these; the meanings of the backward ops compute them again from x, as the gradient of the
gradient must see that they depend on it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..dtypes import FROM_NUMPY, accumulator
from ..errors import InvalidArgumentError
from ..op import elementwise, fused, public
from ..tensor import as_tensor
from .cast import cast
from .create import ones, zeros
from .domain import floating
from .reduce import axes_of, mean_over, reduce_sum
from .shape import axis_of, reshape
from .transpose import transpose
from .unary import rsqrt, square

# -- layer normalization: y = (x - mean) * rstd * scale + offset, mean and rstd of each row


@fused(mixed=("scale", "offset"))
def layer_norm_rows(x, scale, offset, *, epsilon):
    wide = cast(x, scale.dtype)
    mean, rstd = row_statistics(wide, epsilon)
    y = (wide - mean) * rstd * scale + offset
    return cast(y, x.dtype), reshape(mean, [-1]), reshape(rstd, [-1])


def row_statistics(x: Any, epsilon: float) -> tuple[Any, Any]:
    mean = mean_over(x, axes=(1,), keepdims=True)
    return mean, rsqrt(mean_over(square(x - mean), axes=(1,), keepdims=True) + epsilon)


@layer_norm_rows.numpy
def _(x, scale, offset, *, epsilon):
    mean = x.mean(1, dtype=scale.dtype)
    y = np.subtract(x, mean[:, None], dtype=scale.dtype)
    rstd = 1 / np.sqrt(row_dots(y, y) / x.shape[1] + epsilon)
    y *= rstd[:, None]
    y *= scale
    y += offset
    return y.astype(x.dtype, copy=False), mean, rstd


def row_dots(a: Any, b: Any) -> Any:
    return np.einsum("rc,rc->r", a, b)


@layer_norm_rows.gradient
def _(dy, x, scale, ys, epsilon):
    return layer_norm_rows_grad(x, scale, dy, ys[1], ys[2], epsilon=epsilon)


@fused(mixed=("scale", "mean", "rstd"))
def layer_norm_rows_grad(x, scale, dy, mean, rstd, *, epsilon):
    """dx = rstd * (g - mean(g) - z * mean(g * z)) with z = (x - mean) * rstd, g = dy * scale; and dscale, doffset."""
    wide, d = cast(x, scale.dtype), cast(dy, scale.dtype)
    mean, rstd = row_statistics(wide, epsilon)
    z, g = (wide - mean) * rstd, d * scale
    dx = g - mean_over(g, axes=(1,), keepdims=True) - z * mean_over(g * z, axes=(1,), keepdims=True)
    return cast(rstd * dx, x.dtype), reduce_sum(d * z, 0), reduce_sum(d, 0)


@layer_norm_rows_grad.numpy
def _(x, scale, dy, mean, rstd, *, epsilon):
    d = dy.astype(scale.dtype, copy=False)
    z = np.subtract(x, mean[:, None], dtype=scale.dtype)
    z *= rstd[:, None]
    dx = np.multiply(d, z)
    dscale = column_sums(dx)
    np.multiply(d, scale, out=dx)
    z *= (row_dots(dx, z) / x.shape[1])[:, None]
    dx -= dx.mean(1, keepdims=True)
    dx -= z
    dx *= rstd[:, None]
    return dx.astype(x.dtype, copy=False), dscale, column_sums(d)


def column_sums(a: Any) -> Any:
    """The sums of the columns, block by block: as exact as pairwise summation, which NumPy does along rows only."""
    blocks = [a[k : k + 512] for k in range(0, len(a), 512)]
    return np.sum([np.ones(len(b), a.dtype) @ b for b in blocks], 0) if blocks else np.zeros(a.shape[1], a.dtype)


# -- root mean square normalization: y = x * rstd * scale, rstd = 1 / sqrt(mean(x**2) + epsilon) of each row


@fused(mixed=("scale",))
def rms_norm_rows(x, scale, *, epsilon):
    wide = cast(x, scale.dtype)
    rstd = rsqrt(mean_over(square(wide), axes=(1,), keepdims=True) + epsilon)
    return cast(wide * rstd * scale, x.dtype), reshape(rstd, [-1])


@rms_norm_rows.numpy
def _(x, scale, *, epsilon):
    wide = x.astype(scale.dtype, copy=False)
    rstd = 1 / np.sqrt(row_dots(wide, wide) / x.shape[1] + epsilon)
    y = wide * rstd[:, None]
    y *= scale
    return y.astype(x.dtype, copy=False), rstd


@rms_norm_rows.gradient
def _(dy, x, scale, ys, epsilon):
    return rms_norm_rows_grad(x, scale, dy, ys[1], epsilon=epsilon)


@fused(mixed=("scale", "rstd"))
def rms_norm_rows_grad(x, scale, dy, rstd, *, epsilon):
    """dx = rstd * (g - z * mean(g * z)) with z = x * rstd, g = dy * scale; and dscale."""
    wide, d = cast(x, scale.dtype), cast(dy, scale.dtype)
    rstd = rsqrt(mean_over(square(wide), axes=(1,), keepdims=True) + epsilon)
    z, g = wide * rstd, d * scale
    dx = g - z * mean_over(g * z, axes=(1,), keepdims=True)
    return cast(rstd * dx, x.dtype), reduce_sum(d * z, 0)


@rms_norm_rows_grad.numpy
def _(x, scale, dy, rstd, *, epsilon):
    d = dy.astype(scale.dtype, copy=False)
    z = np.multiply(x, rstd[:, None], dtype=scale.dtype)
    dx = np.multiply(d, z)
    dscale = column_sums(dx)
    np.multiply(d, scale, out=dx)
    z *= (row_dots(dx, z) / x.shape[1])[:, None]
    dx -= z
    dx *= rstd[:, None]
    return dx.astype(x.dtype, copy=False), dscale


# -- batch normalization: y = (x - mean) / sqrt(variance + epsilon) * scale + offset, mean and variance of each column


@fused(mixed=("scale", "offset"))
def batch_norm_columns(x, scale, offset, *, epsilon):
    wide = cast(x, scale.dtype)
    mean = mean_over(wide, axes=(0,), keepdims=False)
    variance = mean_over(square(wide - mean), axes=(0,), keepdims=False)
    y = (wide - mean) * (rsqrt(variance + epsilon) * scale) + offset
    return cast(y, x.dtype), mean, variance


@batch_norm_columns.numpy
def _(x, scale, offset, *, epsilon):
    wide = x.astype(scale.dtype, copy=False)
    mean = column_sums(wide) / len(x)
    y = wide - mean
    variance = column_sums(np.square(y)) / len(x)
    y *= scale / np.sqrt(variance + epsilon)
    y += offset
    return y.astype(x.dtype, copy=False), mean, variance


@batch_norm_columns.gradient
def _(dys, x, scale, ys, epsilon):
    return batch_norm_columns_grad(x, scale, *dys, *ys[1:], epsilon=epsilon)


@fused(mixed=("scale", "dmean", "dvariance", "mean", "variance"))
def batch_norm_columns_grad(x, scale, dy, dmean, dvariance, mean, variance, *, epsilon):
    """dx = rstd * scale * (dy - mean(dy) - z * mean(dy * z)) + (dmean + 2 * dvariance * (x - mean)) / rows,
    with z = (x - mean) * rstd; and dscale, doffset."""
    wide, d = cast(x, scale.dtype), cast(dy, scale.dtype)
    rows = float(x.shape[0])
    centred = wide - mean_over(wide, axes=(0,), keepdims=True)
    rstd = rsqrt(mean_over(square(centred), axes=(0,), keepdims=False) + epsilon)
    z = centred * rstd
    dscale, doffset = reduce_sum(d * z, 0), reduce_sum(d, 0)
    dx = rstd * scale * (d - doffset / rows - z * (dscale / rows)) + (dmean + 2.0 * dvariance * centred) / rows
    return cast(dx, x.dtype), dscale, doffset


@batch_norm_columns_grad.numpy
def _(x, scale, dy, dmean, dvariance, mean, variance, *, epsilon):
    d = dy.astype(scale.dtype, copy=False)
    rows, rstd = len(x), 1 / np.sqrt(variance + epsilon)
    z = np.subtract(x, mean, dtype=scale.dtype)
    dx = np.multiply(d, z)
    dscale, doffset = column_sums(dx) * rstd, column_sums(d)
    slope = scale * rstd  # dx = slope * dy + (what is left over) * (x - mean) + a constant, column by column
    np.multiply(d, slope, out=dx)
    z *= (2 * dvariance - slope * rstd * dscale) / rows
    dx += z
    dx += (dmean - slope * doffset) / rows
    return dx.astype(x.dtype, copy=False), dscale, doffset


@elementwise
@floating
def multiply_add(xp, x, a, b):
    """x * a + b, broadcast together."""
    return xp.add(xp.multiply(x, a), b)


@multiply_add.gradient
def _(dy, x, a):
    return lambda: dy * a, lambda: dy * x, dy


# -- public functions


def _floats(name: str, x: Any) -> Any:
    x = as_tensor(x)
    if not x.dtype.is_floating:
        raise InvalidArgumentError(
            f"Value for attr 'T' of {x.dtype.name} is not in the list of allowed values: {name} takes floating point "
            f"x; use tf.cast [Op:{name}]"
        )
    return x


def _weights(name: str, x: Any, given: dict[str, Any], shape: tuple[int, ...]) -> list[Any]:
    """scale and offset as vectors, ones and zeros where they are None, in the dtype of the statistics."""
    dtype = FROM_NUMPY[accumulator(x._array.dtype)]
    size = math.prod(shape)
    made = []
    for key, value in given.items():
        if value is None:
            made.append((zeros if key == "offset" else ones)([size], dtype))
            continue
        weight = as_tensor(value)
        if weight._array.size != size:
            raise InvalidArgumentError(
                f"{name}: {key} must have the shape {shape} of the axes that it belongs to, as x has shape "
                f"{x._array.shape}; it has shape {weight._array.shape} [Op:{name}]"
            )
        made.append(reshape(cast(weight, dtype), [size]))
    return made


def _in_rows(x: Any, axes: tuple[int, ...]) -> tuple[Any, Any]:
    """`x` as a matrix whose rows run over `axes`, and the way back."""
    shape = x._array.shape
    order = [*[k for k in range(len(shape)) if k not in axes], *axes]
    cols = math.prod(shape[k] for k in axes)
    rows = math.prod(shape[k] for k in order[: len(shape) - len(axes)])
    moved = [shape[k] for k in order]
    if order == sorted(order):
        return reshape(x, [rows, cols]), lambda y: reshape(y, shape)
    back = [order.index(k) for k in range(len(order))]
    return reshape(transpose(x, order), [rows, cols]), lambda y: transpose(reshape(y, moved), back)


@public
def layer_norm(x: Any, scale: Any = None, offset: Any = None, *, axes: Any = -1, epsilon: float = 1e-5) -> Any:
    """(x - mean) / sqrt(variance + epsilon) * scale + offset, mean and variance over `axes` of each example.

    Args:
        x: floating point, any shape. Half types are computed in float32.
        scale, offset: of the shape of `axes` (default: ones and zeros).
        axes: what to normalize over, an int or a list; default the last axis.

    https://arxiv.org/abs/1607.06450

    >>> import gputape as tf
    >>> tf.nn.layer_norm([[1.0, 3.0]], epsilon=0.0).numpy()
    array([[-1.,  1.]], dtype=float32)
    """
    x = _floats("layer_norm", x)
    over = axes_of("layer_norm", axes, x._array.ndim)
    scale, offset = _weights(
        "layer_norm", x, {"scale": scale, "offset": offset}, tuple(x._array.shape[k] for k in over)
    )
    rows, back = _in_rows(x, over)
    return back(layer_norm_rows(rows, scale, offset, epsilon=float(epsilon))[0])


@public
def rms_norm(x: Any, scale: Any = None, *, axes: Any = -1, epsilon: float = 1e-6) -> Any:
    """x / sqrt(mean(x**2) + epsilon) * scale, the mean over `axes`; arguments as for `layer_norm`.

    https://arxiv.org/abs/1910.07467

    >>> import gputape as tf
    >>> tf.nn.rms_norm([[3.0, 3.0]]).numpy()
    array([[0.99999994, 0.99999994]], dtype=float32)
    """
    x = _floats("rms_norm", x)
    over = axes_of("rms_norm", axes, x._array.ndim)
    (scale,) = _weights("rms_norm", x, {"scale": scale}, tuple(x._array.shape[k] for k in over))
    rows, back = _in_rows(x, over)
    return back(rms_norm_rows(rows, scale, epsilon=float(epsilon))[0])


@public
def batch_norm(
    x: Any, scale: Any = None, offset: Any = None, *, axis: Any = -1, epsilon: float = 1e-3
) -> tuple[Any, Any, Any]:
    """Training-time batch normalization: `x` normalized by its own statistics, channel by channel.

    Args:
        x: floating point, any shape. Half types are computed in float32.
        scale, offset: of shape (channels,); default ones and zeros.
        axis: the channels; default the last axis.

    Returns (y, mean, variance), the population statistics of shape (channels,), float32 for half types; all three are
    differentiable. For given statistics see `tf.nn.batch_normalization`. https://arxiv.org/abs/1502.03167

    >>> import gputape as tf
    >>> y, mean, variance = tf.nn.batch_norm([[1.0], [3.0]])
    >>> mean.numpy(), variance.numpy()
    (array([2.], dtype=float32), array([1.], dtype=float32))
    """
    x = _floats("batch_norm", x)
    k = axis_of("batch_norm", axis, x._array.ndim)
    scale, offset = _weights("batch_norm", x, {"scale": scale, "offset": offset}, x._array.shape[k : k + 1])
    columns, back = _in_rows(x, (k,))
    y, mean, variance = batch_norm_columns(columns, scale, offset, epsilon=float(epsilon))
    return back(y), mean, variance


@public
def group_norm(
    x: Any, groups: int, scale: Any = None, offset: Any = None, *, axis: Any = -1, epsilon: float = 1e-3
) -> Any:
    """Normalization over each example's groups of channels: x of shape (batch, ..., channels, ...), channels at `axis`.

    InvalidArgumentError unless `groups` divides the channels. https://arxiv.org/abs/1803.08494

    >>> import gputape as tf
    >>> tf.nn.group_norm([[1.0, 3.0, 5.0, 9.0]], groups=2, epsilon=0.0).numpy()
    array([[-1.,  1., -1.,  1.]], dtype=float32)
    """
    x = _floats("group_norm", x)
    shape = x._array.shape
    k = axis_of("group_norm", axis, len(shape))
    if k == 0 or shape[k] % groups:
        raise InvalidArgumentError(
            f"group_norm: groups = {groups} must divide the channels of x, axis {k} of shape {shape}, after the batch"
        )
    scale, offset = _weights("group_norm", x, {"scale": scale, "offset": offset}, shape[k : k + 1])
    wide = cast(x, scale.dtype)
    split = reshape(wide, [*shape[:k], groups, shape[k] // groups, *shape[k + 1 :]])
    over = tuple(a for a in range(1, len(shape) + 1) if a != k)
    per_channel = [1] * k + [groups, shape[k] // groups] + [1] * (len(shape) - k - 1)
    mean = mean_over(split, axes=over, keepdims=True)
    rstd = rsqrt(mean_over(square(split - mean), axes=over, keepdims=True) + float(epsilon))
    a = rstd * reshape(scale, per_channel)
    return cast(reshape(multiply_add(split, a, reshape(offset, per_channel) - mean * a), shape), x.dtype)


@public
def batch_normalization(
    x: Any, mean: Any, variance: Any, offset: Any, scale: Any, variance_epsilon: Any, name: str | None = None
) -> Any:
    """(x - mean) / sqrt(variance + variance_epsilon) * scale + offset, by given statistics.

    All broadcast with `x`; `offset` and `scale` may be None. The result has the dtype of `x`.

    >>> import gputape as tf
    >>> tf.nn.batch_normalization([3.0], [1.0], [4.0], offset=None, scale=None, variance_epsilon=0.0).numpy()
    array([1.], dtype=float32)
    """
    x = _floats("batch_normalization", x)
    a = rsqrt(as_tensor(variance) + variance_epsilon)
    if scale is not None:
        a = a * scale
    b = -as_tensor(mean) * a if offset is None else offset - mean * a
    return multiply_add(x, cast(a, x.dtype), cast(b, x.dtype))


@public
def batch_norm_with_global_normalization(
    input: Any,
    mean: Any,
    variance: Any,
    beta: Any,
    gamma: Any,
    variance_epsilon: Any,
    scale_after_normalization: bool,
    name: str | None = None,
) -> Any:
    """`batch_normalization` under an older name; `gamma` is used only if `scale_after_normalization`."""
    return batch_normalization(
        input, mean, variance, beta, gamma if scale_after_normalization else None, variance_epsilon
    )


NAMES = {
    f"tf.nn.{f.__name__}": f
    for f in (
        batch_norm,
        batch_norm_with_global_normalization,
        batch_normalization,
        group_norm,
        layer_norm,
        rms_norm,
    )
}
