"""Images filtered, compared, and sampled with kernels: blur, edges, structural similarity, scaling."""

from __future__ import annotations

import math
from typing import Any

import gputape as tf

from ..backend import standardize_data_format
from .promotion import tensor
from .steps import operation


def _last(x: Any, data_format: Any) -> tuple[Any, Any]:
    """`x` with channels last, whatever its rank, and how to turn back."""
    if standardize_data_format(data_format) == "channels_last":
        return x, lambda y: y
    rank = len(x.shape)
    there = [*range(rank - 3), rank - 2, rank - 1, rank - 3]
    return tf.transpose(x, there), lambda y: tf.transpose(
        y, [*range(rank - 3), rank - 1, rank - 3, rank - 2, *range(rank, len(y.shape))]
    )


@operation
def gaussian_blur(images, kernel_size=(3, 3), sigma=(1.0, 1.0), data_format=None):
    """Images blurred by a Gaussian, zeros around them.

    Args:
        kernel_size: width and height of the window.
        sigma: standard deviations along the width and the height, numbers or tensors.

    >>> import gputape as tf
    >>> from gputape import keras
    >>> image = tf.reshape([0.0, 4.0, 0.0], (1, 3, 1))
    >>> keras.ops.image.gaussian_blur(image, (3, 1), (1.0, 1.0)).numpy().reshape(-1).round(3)
    array([1.096, 1.807, 1.096], dtype=float32)
    """
    x = tensor(images)
    if len(x.shape) not in (3, 4):
        raise ValueError(
            "Invalid images rank: expected rank 3 (single image) or rank 4 (batch of images). Received input with "
            f"shape: images.shape={tuple(x.shape)}"
        )
    x, back = _last(x, data_format)
    y = x[None] if len(x.shape) == 3 else x
    for axis, (size, width) in enumerate(zip(kernel_size, tf.unstack(tf.cast(tensor(sigma), x.dtype)))):
        at = tf.range(int(size), dtype=x.dtype) - (int(size) - 1) / 2
        window = tf.exp(-0.5 * (at / width) ** 2)
        window = tf.reshape(window / tf.reduce_sum(window), (1, -1, 1, 1) if axis == 0 else (-1, 1, 1, 1))
        y = tf.nn.depthwise_conv2d(y, tf.tile(window, [1, 1, x.shape[-1], 1]), [1, 1, 1, 1], "SAME")
    return back(y if len(x.shape) == 4 else y[0])


@operation
def sobel_edges(images, data_format=None):
    """Sobel's gradients of images (batch, height, width, channels), (dy, dx) in a new last axis."""
    x = tensor(images)
    if len(x.shape) != 4:
        raise ValueError(
            f"Invalid images rank: expected rank 4 (batch of images). Received: images.shape={tuple(x.shape)}"
        )
    x, back = _last(x, data_format)
    return back(tf.image.sobel_edges(x))


@operation
def ssim(image1, image2, max_val=1.0, filter_size=11, filter_sigma=1.5, k1=0.01, k2=0.03, data_format=None):
    """The structural similarity of two images or of each pair of two batches, at most 1 (Wang et al. 2004)."""
    pair = []
    for name, image in (("image1", image1), ("image2", image2)):
        x = tensor(image)
        if len(x.shape) not in (3, 4):
            raise ValueError(
                f"Invalid {name} rank: expected rank 3 (single image) or rank 4 (batch of images). Received input "
                f"with shape: {name}.shape={tuple(x.shape)}"
            )
        pair.append(_last(x if x.dtype.is_floating else tf.cast(x, "float32"), data_format)[0])
    made = tf.image.ssim(pair[0], pair[1], max_val, filter_size, filter_sigma, k1, k2)
    return tf.cast(made, tensor(image1).dtype)


# -- scaling and moving


def _lanczos(radius: float) -> Any:
    def weight(x: Any) -> Any:
        safe = tf.where(x > 1e-3, x, tf.ones_like(x)) * math.pi
        near = tf.where(x > 1e-3, radius * tf.sin(safe) * tf.sin(safe / radius) / safe**2, tf.ones_like(x))
        return tf.where(x > radius, tf.zeros_like(x), near)

    return weight


def _triangle(x: Any) -> Any:
    return tf.maximum(1 - x, 0)


def _cubic(x: Any) -> Any:
    """Keys's cubic of 1981 with a = -0.5."""
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return tf.where(x < 1, near, tf.where(x < 2, far, tf.zeros_like(x)))


_KERNELS = {
    **dict.fromkeys(("linear", "bilinear", "trilinear", "triangle"), _triangle),
    **dict.fromkeys(("cubic", "bicubic", "tricubic"), _cubic),
    "lanczos3": _lanczos(3.0),
    "lanczos5": _lanczos(5.0),
}


def _weights(old: int, new: int, scale: Any, move: Any, kernel: Any, antialias: bool) -> Any:
    """(old, new): the share of every old pixel in every new one; columns sum to 1, or to 0 outside of the image."""
    step = 1 / scale
    centres = (tf.range(new, dtype=scale.dtype) + 0.5 - move) * step - 0.5
    distance = tf.abs(centres[None, :] - tf.range(old, dtype=scale.dtype)[:, None])
    weights = kernel(distance / tf.maximum(step, 1) if antialias else distance)
    total = tf.reduce_sum(weights, axis=0, keepdims=True)
    known = tf.abs(total) > 1e-4
    weights = tf.where(known, weights / tf.where(known, total, tf.ones_like(total)), 0)
    return tf.where(((centres >= -0.5) & (centres <= old - 0.5))[None, :], weights, 0)


@operation
def scale_and_translate(images, output_shape, scale, translation, spatial_dims, method, antialias=True):
    """Images of `output_shape`: coordinate p along `spatial_dims[i]` goes to p * scale[i] + translation[i].

    Pixels have their centres at halves; places outside of the images are zeros.

    Args:
        method: "linear", "cubic", "lanczos3" or "lanczos5" (or "bilinear", "bicubic" and their like).
        antialias: whether kernels widen where pixels are made larger. Default True.

    >>> from gputape import keras
    >>> keras.ops.image.scale_and_translate([1.0, 3.0], (4,), [2.0], [0.0], (0,), "linear").numpy()
    array([1. , 1.5, 2.5, 3. ], dtype=float32)
    """
    if method not in _KERNELS:
        raise ValueError(
            f"Invalid value for argument `method`. Expected of one {tuple(_KERNELS)}. Received: method={method}"
        )
    x, scale, move = tensor(images), tensor(scale), tensor(translation)
    y = tf.cast(x, "float32") if x.dtype.is_integer else x
    kind = tf.float64 if tf.float64 in (scale.dtype, move.dtype) else tf.float32
    scale, move = tf.cast(scale, kind), tf.cast(move, kind)
    for i, axis in enumerate(spatial_dims):
        axis = axis % len(x.shape)
        table = _weights(x.shape[axis], output_shape[axis], scale[i], move[i], _KERNELS[method], antialias)
        others = [a for a in range(len(x.shape)) if a != axis]
        turned = tf.tensordot(y, tf.cast(table, y.dtype), [[axis], [0]])
        y = tf.transpose(turned, [(*others, axis).index(a) for a in range(len(x.shape))])
    if x.dtype.is_integer:
        y = tf.clip_by_value(tf.round(y), tf.cast(tf.reduce_min(x), y.dtype), tf.cast(tf.reduce_max(x), y.dtype))
    return tf.cast(y, x.dtype)
