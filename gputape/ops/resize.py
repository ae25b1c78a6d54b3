"""Images in other sizes: tf.image.resize.

Every method is linear and works on one axis at a time: output pixel i is a weighted sum of a few input pixels. The
pixels and weights of all i are a table, worked out once per method and pair of sizes; the gradient reads the same table
the other way round. Pixel i of n covers the interval [i, i + 1], so that its centre is at i + 0.5.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import cuda
from ..errors import InvalidArgumentError
from ..op import op, public
from ..registry import OPS
from ..tensor import as_tensor
from .shape import static

Table = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]  # pixels (n, span) int64 and their weights (n, span) float64

# -- kernels of interpolation: a function of the distance (>= 0), and the radius beyond which it is 0


def _triangle(x: Any) -> Any:
    return np.maximum(1 - x, 0)


def _cubic(b: float, c: float) -> Callable[[Any], Any]:
    """The piecewise cubics of Mitchell and Netravali (1988); Keys's of 1981 is b = 0, c = 0.5."""

    def kernel(x: Any) -> Any:
        near = ((12 - 9 * b - 6 * c) * x + (-18 + 12 * b + 6 * c)) * x * x + 6 - 2 * b
        far = (((-b - 6 * c) * x + 6 * b + 30 * c) * x - 12 * b - 48 * c) * x + 8 * b + 24 * c
        return np.where(x < 1, near, np.where(x < 2, far, 0)) / 6

    return kernel


def _lanczos(radius: float) -> Callable[[Any], Any]:
    return lambda x: np.where(x > radius, 0, np.sinc(x) * np.sinc(x / radius))


def _gaussian(x: Any) -> Any:
    return np.where(x < 1.5, np.exp(-2 * x * x), 0)  # standard deviation 0.5, a third of the radius


_KERNELS: dict[str, tuple[Callable[[Any], Any], float]] = {
    "bilinear": (_triangle, 1.0),
    "bicubic": (_cubic(0.0, 0.5), 2.0),
    "mitchellcubic": (_cubic(1 / 3, 1 / 3), 2.0),
    "lanczos3": (_lanczos(3.0), 3.0),
    "lanczos5": (_lanczos(5.0), 5.0),
    "gaussian": (_gaussian, 1.5),
}
_METHODS = (*_KERNELS, "area", "nearest")


class ResizeMethod:
    """The names of the methods of tf.image.resize."""

    AREA, BICUBIC, BILINEAR, GAUSSIAN = "area", "bicubic", "bilinear", "gaussian"
    LANCZOS3, LANCZOS5, MITCHELLCUBIC, NEAREST_NEIGHBOR = "lanczos3", "lanczos5", "mitchellcubic", "nearest"


# -- tables


def _centres(old: int, new: int) -> Any:
    """Where the centres of the new pixels lie among the old ones, in float32 as TensorFlow computes them."""
    return (np.arange(new, dtype=np.float32) + np.float32(0.5)) * (np.float32(old) / np.float32(max(new, 1)))


def _nearest(old: int, new: int) -> Table:
    pixels = np.minimum(np.floor(_centres(old, new)), old - 1).astype(np.int64)[:, None]
    return pixels, np.ones(pixels.shape)


def _bilinear(old: int, new: int) -> Table:
    at = _centres(old, new) - np.float32(0.5)
    low = np.floor(at)
    pixels = np.clip(low[:, None] + [0, 1], 0, old - 1).astype(np.int64)
    fraction = (at - low).astype(float)
    return pixels, np.stack([1 - fraction, fraction], 1)


def _bicubic(old: int, new: int) -> Table:
    """Four pixels; the fraction is rounded to 1/1024, as TensorFlow's table has it, and pixels outside count nothing."""
    at = _centres(old, new) - np.float32(0.5)
    low = np.floor(at)
    fraction = np.rint((at - low).astype(float) * 1024) / 1024
    wanted = low[:, None].astype(np.int64) + np.arange(-1, 3)
    pixels = np.clip(wanted, 0, old - 1)
    weights = _KERNELS["bicubic"][0](np.abs(fraction[:, None] - np.arange(-1, 3))) * (pixels == wanted)
    return pixels, _normalized(weights)


def _area(old: int, new: int) -> Table:
    """The mean over the interval of old pixels that a new one covers."""
    edges = np.arange(new + 1) * (np.float32(old) / np.float32(max(new, 1))).astype(float)
    start, end = edges[:-1, None], edges[1:, None]
    span = int(np.max(np.ceil(end) - np.floor(start), initial=1))
    wanted = np.floor(start).astype(np.int64) + np.arange(span)
    weights = np.maximum(np.minimum(wanted + 1, end) - np.maximum(wanted, start), 0)
    return np.clip(wanted, 0, old - 1), weights / (end - start)


def _smooth(method: str, old: int, new: int, antialias: bool) -> Table:
    """The method's kernel around each centre, as wide as a new pixel if `antialias` and new pixels are larger."""
    kernel, radius = _KERNELS[method]
    step = np.float32(1) / (np.float32(max(new, 1)) / np.float32(old))  # float32: TensorFlow's pixels at the rim
    scale = np.maximum(step, np.float32(1)) if antialias else np.float32(1)
    centres = (np.arange(new, dtype=np.float32) + np.float32(0.5)) * step
    span = min(2 * math.ceil(radius * scale) + 1, old)
    first = np.ceil(centres - radius * scale - 0.5).astype(np.int64)
    first = np.clip(first, 0, max(old - span, 0))
    pixels = first[:, None] + np.arange(span)
    return pixels, _normalized(kernel(np.abs(pixels.astype(np.float32) + np.float32(0.5) - centres[:, None]) / scale))


def _normalized(weights: Any) -> Any:
    total = weights.sum(1, keepdims=True)
    return weights / np.where(np.abs(total) < 1e-35, 1, total)


def _transposed(table: Table, old: int) -> Table:
    """For each of `old` pixels the outputs that read it, in order, with their weights; rows padded with weight 0."""
    pixels, weights = table
    source = np.repeat(np.arange(len(pixels)), pixels.shape[1])
    order = np.argsort(pixels.reshape(-1), kind="stable")
    order = order[weights.reshape(-1)[order] != 0]
    target = pixels.reshape(-1)[order]
    counts = np.bincount(target, minlength=old)
    place = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    span = int(counts.max(initial=1))
    made = np.zeros((old, span), np.int64), np.zeros((old, span))
    made[0][target, place], made[1][target, place] = source[order], weights.reshape(-1)[order]
    return made


@functools.lru_cache(maxsize=256)
def sampling(method: str, antialias: bool, old: int, new: int, backward: bool) -> Table:
    """The table that makes `new` pixels of `old` ones; with `backward` its transpose, which makes `old` of `new`."""
    if method in ("nearest", "area"):
        table = {"nearest": _nearest, "area": _area}[method](old, new)
    elif antialias or method not in ("bilinear", "bicubic"):
        table = _smooth(method, old, new, antialias)
    else:
        table = {"bilinear": _bilinear, "bicubic": _bicubic}[method](old, new)
    return _transposed(table, old) if backward else table


@functools.lru_cache(maxsize=256)
def _on_device(device: int, *key: Any) -> Any:
    return tuple([cuda.to_device(a) for a in sampling(*key)])


# -- the op


@op
def resampled(xp, x, *, axis, size, method, antialias=False, backward=False):
    """`x` with `axis` resized to `size`. backward: the transpose, from the resized axis back to `size` pixels."""
    old = x.shape[axis]
    key = (method, antialias, size, old, True) if backward else (method, antialias, old, size, False)
    pixels, weights = sampling(*key) if xp is np else _on_device(xp.cuda.Device().id, *key)
    if method == "nearest" and not backward:
        return xp.take(x, pixels[:, 0], axis=axis)
    dtype = np.promote_types(x.dtype, np.float32) if x.dtype.kind == "f" else np.dtype(np.float32)
    shape, last = (-1,) + (1,) * (x.ndim - axis - 1), pixels.shape[1]
    y = xp.zeros((*x.shape[:axis], size, *x.shape[axis + 1 :]), dtype)
    for k in range(last if old else 0):
        y += xp.take(x, pixels[:, k], axis=axis) * weights[:, k].astype(dtype).reshape(shape)
    return y.astype(x.dtype) if x.dtype.kind in "fV" else y


@resampled.gradient
def _(dy, x_shape, axis, method, antialias, backward):
    return resampled(dy, axis=axis, size=x_shape[axis], method=method, antialias=antialias, backward=not backward)


@public
def resize(
    images: Any,
    size: Any,
    method: Any = "bilinear",
    preserve_aspect_ratio: bool = False,
    antialias: bool = False,
    name: str | None = None,
) -> Any:
    """Images (batch, height, width, channels) or (height, width, channels) resized to `size` = (height, width).

    Args:
        method: "bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian" or "mitchellcubic".
        preserve_aspect_ratio: fit into `size` without distortion: one of the two sizes may be smaller.
        antialias: when shrinking, take all pixels into account ("nearest" and "area" take no notice).

    The result is float32; with "nearest", or if no size changes, it has the dtype of `images`. Differentiable.
    ValueError for other ranks, a `size` that is not two integers, and unknown methods. Reference: tf.image.resize.

    >>> import gputape as tf
    >>> tf.image.resize([[[0.0], [4.0]]], [1, 4]).numpy().reshape(-1)
    array([0., 1., 3., 4.], dtype=float32)
    """
    x = as_tensor(images)
    rank = x._array.ndim
    if rank not in (3, 4):
        raise ValueError(
            f"resize: 'images' must have either 3 or 4 dimensions, (batch, height, width, channels) or (height, width, "
            f"channels), got shape {tuple(x._array.shape)}"
        )
    sizes = static(size)
    if not isinstance(sizes, tuple) or len(sizes) != 2 or any(isinstance(s, tuple) for s in sizes):
        raise ValueError(f"resize: 'size' must be a 1-D Tensor of 2 elements: new_height, new_width, got {size!r}")
    method = getattr(method, "value", method)
    if method not in _METHODS:
        raise ValueError(f"resize: Resize method is not implemented: {method!r}; the methods are {sorted(_METHODS)}")
    height, width = x._array.shape[rank - 3 : rank - 1]
    if preserve_aspect_ratio:
        factor = min(sizes[0] / height, sizes[1] / width)
        sizes = (round(height * factor), round(width * factor))
    if sizes == (height, width):
        return x
    if min(sizes) <= 0 or min(height, width) == 0:
        raise InvalidArgumentError(
            f"resize: output dimensions must be positive, got size {sizes} of images {x._array.shape}"
        )
    antialias = antialias and method not in ("nearest", "area")
    if method != "nearest":
        x = OPS["cast"](x, "float32")
    for axis, new in zip((rank - 3, rank - 2), sizes):
        if new != x._array.shape[axis] or method not in ("nearest", "area", "bilinear"):
            x = resampled(x, axis=axis, size=new, method=method, antialias=bool(antialias))
    return x


NAMES = {"tf.image.resize": resize, "tf.image.ResizeMethod": ResizeMethod}
