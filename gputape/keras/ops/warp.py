"""Images bent: every pixel of the result is read, interpolated, at a place of the image that a map names."""

from __future__ import annotations

import itertools
import math
from typing import Any

import gputape as tf

from .. import random as keras_random
from ..backend import standardize_data_format
from ..inference import in_symbolic_scope
from .filters import gaussian_blur
from .promotion import tensor
from .steps import operation

_INTERPOLATIONS = ("nearest", "bilinear")
_FILL_MODES = ("constant", "nearest", "wrap", "mirror", "reflect")


def batch_of_images(images: Any, data_format: Any) -> tuple[Any, Any]:
    """`images` as (batch, height, width, channels), and how to turn back; ValueError for ranks other than 3 and 4."""
    x = tensor(images)
    rank = len(x.shape)
    if rank not in (3, 4):
        raise ValueError(
            "Invalid images rank: expected rank 3 (single image) or rank 4 (batch of images). "
            f"Received input with shape: images.shape={tuple(x.shape)}"
        )
    first = standardize_data_format(data_format) == "channels_first"
    x = x[None] if rank == 3 else x
    x = tf.transpose(x, [0, 2, 3, 1]) if first else x

    def back(y: Any) -> Any:
        y = tf.transpose(y, [0, 3, 1, 2]) if first else y
        return y[0] if rank == 3 else y

    return x, back


def _checked(interpolation: str, fill_mode: str) -> None:
    for name, value, known in (
        ("interpolation", interpolation, _INTERPOLATIONS),
        ("fill_mode", fill_mode, _FILL_MODES),
    ):
        if value not in known:
            raise ValueError(f"Invalid value for argument `{name}`. Expected of one {known}. Received: {name}={value}")


# -- reading between pixels


def _inside(index: Any, size: int, fill_mode: str) -> Any:
    """The pixel that stands for `index`, which may lie outside of 0 ... size - 1."""
    if fill_mode == "wrap":
        return tf.math.floormod(index, size)
    if fill_mode == "reflect":  # d c b a | a b c d | d c b a
        index = tf.math.floormod(index, 2 * size)
        return tf.minimum(index, 2 * size - 1 - index)
    if fill_mode == "mirror":  # d c b | a b c d | c b a
        period = max(2 * size - 2, 1)
        index = tf.math.floormod(index, period)
        return tf.minimum(index, period - index) if size > 1 else tf.zeros_like(index)
    return tf.clip_by_value(index, 0, size - 1)


def _sampled(x: Any, coordinates: list[Any], order: int, fill_mode: str, fill_value: Any) -> Any:
    """Values of x (batch, *sizes, channels) at coordinates, one (batch, n) for each size: (batch, n, channels).

    The mean of the 2 ** len(sizes) pixels around a place, weighted by nearness (order 1), or the nearest pixel
    (order 0). A pixel outside of x counts as `fill_value` with fill_mode "constant", else as one inside.
    """
    batch, *sizes, channels = x.shape
    flat = tf.reshape(x, (batch, math.prod(sizes), channels))
    around = []
    for at in coordinates:
        low = tf.floor(at) if order else tf.round(at)
        index = tf.cast(low, "int32")
        around.append([(index, None)] if order == 0 else [(index, 1 - (at - low)), (index + 1, at - low)])
    made: Any = None
    for corner in itertools.product(*around):
        row: Any = 0
        weight: Any = None
        valid: Any = None
        for (index, share), size in zip(corner, sizes):
            row = row * size + _inside(index, size, fill_mode)
            within = (index >= 0) & (index < size)
            valid = within if valid is None else valid & within
            weight = share if weight is None else weight * share
        value = tf.cast(tf.gather(flat, row, axis=1, batch_dims=1), coordinates[0].dtype)
        if fill_mode == "constant":
            value = tf.where(valid[..., None], value, tf.cast(fill_value, value.dtype))
        value = value if weight is None else value * weight[..., None]
        made = value if made is None else made + value
    return made


def _precise(x: Any) -> Any:
    """The dtype in which places in `x` are computed."""
    return tf.float64 if x.dtype == tf.float64 else tf.float32


@operation
def map_coordinates(inputs, coordinates, order, fill_mode="constant", fill_value=0):
    """Values of `inputs` at `coordinates` (rank of inputs, ...), interpolated linearly (order 1) or not (order 0).

    Args:
        fill_mode: for places outside: "constant" (`fill_value`), "nearest", "wrap", "mirror" or "reflect".

    Raises ValueError for shapes that do not fit, NotImplementedError for other orders.

    >>> from gputape import keras
    >>> keras.ops.image.map_coordinates([0.0, 10.0, 20.0], [[0.5, 2.0, 3.0]], order=1).numpy()
    array([ 5., 20.,  0.], dtype=float32)
    """
    x, places = tensor(inputs), tensor(coordinates)
    if places.shape[0] != len(x.shape):
        raise ValueError(
            "First dim of `coordinates` must be the same as the rank of `inputs`. Received inputs with shape: "
            f"{tuple(x.shape)} and coordinate leading dim of {places.shape[0]}"
        )
    if len(places.shape) < 2:
        raise ValueError(
            f"Invalid coordinates rank: expected at least rank 2. Received input with shape: {tuple(places.shape)}"
        )
    if fill_mode not in _FILL_MODES:
        raise ValueError(
            f"Invalid value for argument `fill_mode`. Expected one of {set(_FILL_MODES)}. Received: "
            f"fill_mode={fill_mode}"
        )
    if order not in (0, 1):
        raise NotImplementedError("map_coordinates currently requires order<=1")
    if not places.dtype.is_floating:
        places = tf.cast(places, _precise(x))
    each = [tf.reshape(at, (1, -1)) for at in tf.unstack(places)]
    made = tf.reshape(_sampled(x[None, ..., None], each, order, fill_mode, fill_value), places.shape[1:])
    return tf.cast(tf.round(made) if x.dtype.is_integer else made, x.dtype)


# -- maps of the plane


def _projected(x: Any, transform: Any, interpolation: str, fill_mode: str, fill_value: Any) -> Any:
    """x (batch, height, width, channels) under the maps (batch or 1, 8) of output places to input places.

    (a0, a1, a2, b0, b1, b2, c0, c1) takes (x, y) to ((a0 x + a1 y + a2) / k, (b0 x + b1 y + b2) / k) with
    k = c0 x + c1 y + 1. Where k is 0 the result is `fill_value`.
    """
    batch, height, width, channels = x.shape
    kind = _precise(x)
    transform = tf.broadcast_to(tf.cast(transform, kind), (batch, 8))
    a0, a1, a2, b0, b1, b2, c0, c1 = tf.split(transform, 8, axis=1)
    xs = tf.tile(tf.range(width, dtype=kind), [height])[None]
    ys = tf.repeat(tf.range(height, dtype=kind), width)[None]
    k = c0 * xs + c1 * ys + 1
    known = tf.where(k == 0, tf.ones_like(k), k)
    places = [(b0 * xs + b1 * ys + b2) / known, (a0 * xs + a1 * ys + a2) / known]
    # Numbers far beyond the image are brought near it, so that they fit an integer.
    if fill_mode == "constant":
        places = [tf.clip_by_value(p, -2.0, n + 1.0) for p, n in zip(places, (height, width))]
    elif fill_mode == "wrap":
        places = [_wrapped(p, n) for p, n in zip(places, (height, width))]
    if interpolation == "nearest":
        places = [tf.sign(p) * tf.floor(tf.abs(p) + 0.5) for p in places]
    mode = "nearest" if fill_mode == "wrap" else fill_mode
    made = _sampled(x, places, _INTERPOLATIONS.index(interpolation), mode, fill_value)
    made = tf.where(k[..., None] == 0, tf.cast(fill_value, made.dtype), made)
    return tf.cast(tf.reshape(made, (batch, height, width, channels)), x.dtype)


def _wrapped(at: Any, size: int) -> Any:
    """Places repeated as TensorFlow's kernel does it: a period of `size`, but steps counted in size - 1."""
    if size == 1:
        return tf.zeros_like(at)
    below = at + size * (tf.floor(-at / (size - 1)) + 1)
    above = at - size * tf.floor(at / (size - 1))
    return tf.clip_by_value(tf.where(at < 0, below, tf.where(at > size - 1, above, at)), 0.0, size - 1.0)


@operation
def affine_transform(images, transform, interpolation="bilinear", fill_mode="constant", fill_value=0, data_format=None):
    """Images under affine (or projective) maps from places of the output to places of the input.

    Args:
        transform: (8,) or (batch, 8): a0, a1, a2, b0, b1, b2, c0, c1; see TensorFlow's ImageProjectiveTransformV3.
        interpolation: "bilinear" or "nearest".
        fill_mode: for places outside: "constant" (`fill_value`), "nearest", "wrap", "mirror" or "reflect".

    >>> import gputape as tf
    >>> from gputape import keras
    >>> image = tf.reshape(tf.range(3.0), (1, 3, 1))
    >>> keras.ops.image.affine_transform(image, [1.0, 0, 1, 0, 1, 0, 0, 0]).numpy().reshape(-1)
    array([1., 2., 0.], dtype=float32)
    """
    _checked(interpolation, fill_mode)
    x, back = batch_of_images(images, data_format)
    transform = tensor(transform)
    if len(transform.shape) not in (1, 2):
        raise ValueError(
            "Invalid transform rank: expected rank 1 (single transform) or rank 2 (batch of transforms). Received "
            f"input with shape: transform.shape={tuple(transform.shape)}"
        )
    return back(_projected(x, transform, interpolation, fill_mode, fill_value))


@operation
def perspective_transform(images, start_points, end_points, interpolation="bilinear", fill_value=0, data_format=None):
    """Images bent so that the four `start_points` (4, 2) or (batch, 4, 2), as (x, y), come to lie on `end_points`."""
    _checked(interpolation, "constant")
    x, back = batch_of_images(images, data_format)
    start, end = tf.cast(tensor(start_points), "float32"), tf.cast(tensor(end_points), "float32")
    for name, points in (("start_points", start), ("end_points", end)):
        if len(points.shape) not in (2, 3) or tuple(points.shape[-2:]) != (4, 2):
            raise ValueError(
                f"Invalid {name} shape: expected (4,2) for a single image or (N,4,2) for a batch. Received shape: "
                f"{tuple(points.shape)}"
            )
    if tuple(start.shape) != tuple(end.shape):
        raise ValueError(
            "start_points and end_points must have the same shape. Received start_points.shape="
            f"{tuple(start.shape)}, end_points.shape={tuple(end.shape)}"
        )
    transform = homography(tf.reshape(start, (-1, 4, 2)), tf.reshape(end, (-1, 4, 2)))
    return back(_projected(x, transform, interpolation, "constant", fill_value))


def homography(start: Any, end: Any) -> Any:
    """The maps (batch, 8) that take four points `end` (batch, 4, 2) to `start`, by eight linear equations."""
    if in_symbolic_scope():  # the zeros that stand for points have no such map
        return tf.zeros((end.shape[0], 8), end.dtype)
    (x, y), (u, v) = tf.unstack(start, axis=-1), tf.unstack(end, axis=-1)
    one, none = tf.ones_like(u), tf.zeros_like(u)
    for_x = tf.stack([u, v, one, none, none, none, -x * u, -x * v], axis=-1)
    for_y = tf.stack([none, none, none, u, v, one, -y * u, -y * v], axis=-1)
    rows = tf.reshape(tf.stack([for_x, for_y], axis=2), (-1, 8, 8))
    return tf.reshape(tf.linalg.solve(rows, tf.reshape(start, (-1, 8, 1))), (-1, 8))


@operation
def elastic_transform(
    images,
    alpha=20.0,
    sigma=5.0,
    interpolation="bilinear",
    fill_mode="reflect",
    fill_value=0.0,
    seed=None,
    data_format=None,
):
    """Images whose pixels are moved by smooth random distances (Simard, Steinkraus and Platt 2003).

    Args:
        alpha: strength of the distortion.
        sigma: its smoothness: the standard deviation of the Gaussian that blurs the random distances.
    """
    _checked(interpolation, fill_mode)
    x, back = batch_of_images(images, data_format)
    batch, height, width, _ = x.shape
    # A smoothness drawn at random is not known here: then the blur is as wide as it may become for layers.
    reach = int(sigma) if isinstance(sigma, (int, float)) else math.ceil(0.05 * min(height, width))
    window = 6 * reach | 1
    pair = keras_random.draw_seed(seed)
    noise = tf.random.stateless_normal((batch, height, width, 2), pair, dtype=_precise(x))
    sigma = tf.maximum(tf.cast(sigma, noise.dtype), 1e-6)
    noise = gaussian_blur(noise * sigma, (window, window), (sigma, sigma), "channels_last")
    moves = tf.reshape(tf.cast(alpha, noise.dtype) * noise, (batch, height * width, 2))
    ys = tf.repeat(tf.range(height, dtype=noise.dtype), width) + moves[..., 0]
    xs = tf.tile(tf.range(width, dtype=noise.dtype), [height]) + moves[..., 1]
    made = _sampled(x, [ys, xs], _INTERPOLATIONS.index(interpolation), fill_mode, fill_value)
    return back(tf.cast(tf.reshape(made, x.shape), x.dtype))
