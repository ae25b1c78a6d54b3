"""Normalization of the rows of a matrix (layer, root-mean-square) and of its columns (batch), in one pass each.

Each op hands out the statistics that its backward kernel needs (mean, rstd = 1 / sqrt(variance + epsilon)). The
backward kernels trust these; the meanings of the backward ops compute them again from x, as the gradient of the
gradient must see that they depend on it. Statistics, scale and offset are float32 for half types. Public names are in
normalization.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..cuda import Kernels, contiguous, empty, empty_like
from ..op import fused
from .cast import cast
from .reduce import mean_over, reduce_sum
from .rows import BLOCK, by_columns, by_rows, column_sums, row_dots, row_sum
from .shape import reshape
from .unary import rsqrt, square

kernels = Kernels("norm.cu", block=BLOCK)

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
    wide = x.astype(scale.dtype, copy=False)
    mean = row_sum(wide) / x.shape[1]
    y = wide - mean
    rstd = 1 / np.sqrt(row_dots(y, y) / x.shape[1] + epsilon)
    y *= rstd
    y *= scale
    y += offset
    return y.astype(x.dtype, copy=False), mean[:, 0], rstd[:, 0]


@layer_norm_rows.kernel
def _(x, scale, offset, *, epsilon):
    return launch_forward(x, scale, offset, epsilon)


def launch_forward(x: Any, scale: Any, offset: Any, epsilon: float) -> Any:
    """(y, mean, rstd); without an offset nothing is centred: (y, rstd)."""
    rows, cols = x.shape
    if not x.size:
        return NotImplemented
    x, centred = contiguous(x), offset is not None
    y, mean, rstd = empty_like(x), empty([rows], scale.dtype) if centred else None, empty([rows], scale.dtype)
    args = (x, contiguous(scale), contiguous(offset) if centred else None, y, mean, rstd, *sizes(x, epsilon, scale))
    kernels.layer_norm_forward[x.dtype, centred](**by_rows(rows, cols), args=args)
    return (y, mean, rstd) if centred else (y, rstd)


def sizes(x: Any, epsilon: float, scale: Any) -> tuple[Any, ...]:
    """rows, cols and epsilon, in the types of the kernels."""
    return np.int64(x.shape[0]), np.int64(x.shape[1]), scale.dtype.type(epsilon)


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
    z *= row_dots(dx, z) / x.shape[1]
    dx -= row_sum(dx) / x.shape[1]
    dx -= z
    dx *= rstd[:, None]
    return dx.astype(x.dtype, copy=False), dscale, column_sums(d)


@layer_norm_rows_grad.kernel
def _(x, scale, dy, mean, rstd, *, epsilon):
    return launch_backward(x, scale, dy, mean, rstd)


def launch_backward(x: Any, scale: Any, dy: Any, mean: Any, rstd: Any) -> Any:
    """(dx, dscale, doffset) of centred rows, (dx, dscale) where mean is None."""
    rows, cols = x.shape
    if not x.size:
        return NotImplemented
    x, dy, rstd, centred = contiguous(x), contiguous(dy), contiguous(rstd), mean is not None
    mean, dx = contiguous(mean) if centred else None, empty_like(x)
    args = (x, contiguous(scale), dy, mean, rstd, dx, np.int64(rows), np.int64(cols))
    kernels.layer_norm_backward[x.dtype, centred](**by_rows(rows, cols), args=args)
    sums = launch_sums(kernels.layer_norm_backward_weights[x.dtype, centred], x, (x, dy, mean, rstd), scale.dtype)
    return (dx, *sums) if centred else (dx, sums[0])


def launch_sums(kernel: Any, x: Any, arrays: tuple[Any, ...], wide: Any, *last: Any) -> Any:
    """Two sums over the rows, (2, cols), in two stages: the partial ones of a kernel, then those added up."""
    rows, cols = x.shape
    launch, chunks, length = by_columns(rows, cols)
    partials, sums = empty([2, chunks, cols], wide), empty([2, cols], wide)
    kernel(**launch, args=(*arrays, partials, np.int64(rows), np.int64(cols), length, *last))
    launch["grid"] = (launch["grid"][0], 2)
    kernels.add_partials[wide](**launch, args=(partials, sums, np.int64(chunks), np.int64(cols)))
    return sums


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
    y = wide * rstd
    y *= scale
    return y.astype(x.dtype, copy=False), rstd[:, 0]


@rms_norm_rows.kernel
def _(x, scale, *, epsilon):
    return launch_forward(x, scale, None, epsilon)


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
    z *= row_dots(dx, z) / x.shape[1]
    dx -= z
    dx *= rstd[:, None]
    return dx.astype(x.dtype, copy=False), dscale


@rms_norm_rows_grad.kernel
def _(x, scale, dy, rstd, *, epsilon):
    return launch_backward(x, scale, dy, None, rstd)


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


@batch_norm_columns.kernel
def _(x, scale, offset, *, epsilon):
    if not x.size:
        return NotImplemented
    x, wide = contiguous(x), scale.dtype
    rows, cols, epsilon = sizes(x, epsilon, scale)
    launch, chunks, length = by_columns(*x.shape)
    partials, mean, variance, y = (
        empty([3, chunks, cols], wide),
        empty([cols], wide),
        empty([cols], wide),
        empty_like(x),
    )
    kernels.batch_norm_partials[x.dtype](**launch, args=(x, partials, rows, cols, length))
    whole = {**launch, "grid": (launch["grid"][0], 1)}
    kernels.batch_norm_statistics[wide](**whole, args=(partials, mean, variance, np.int64(chunks), cols))
    args = (x, contiguous(scale), contiguous(offset), mean, variance, y, rows, cols, length, epsilon)
    kernels.batch_norm_forward[x.dtype](**launch, args=args)
    return y, mean, variance


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


@batch_norm_columns_grad.kernel
def _(x, scale, dy, dmean, dvariance, mean, variance, *, epsilon):
    if not x.size:
        return NotImplemented
    x, dy, mean, variance = contiguous(x), contiguous(dy), contiguous(mean), contiguous(variance)
    rows, cols, epsilon = sizes(x, epsilon, scale)
    launch, _, length = by_columns(*x.shape)
    weights = kernels.batch_norm_backward_weights[x.dtype]
    dscale, doffset = launch_sums(weights, x, (x, dy, mean, variance), scale.dtype, epsilon)
    dx, given = empty_like(x), [contiguous(a) for a in (dmean, dvariance)]
    args = (x, contiguous(scale), dy, *given, mean, variance, dscale, doffset, dx, rows, cols, length, epsilon)
    kernels.batch_norm_backward[x.dtype](**launch, args=args)
    return dx, dscale, doffset
