"""keras.ops.image: images resized, cut, framed and recoloured."""

from __future__ import annotations

import itertools
from typing import Any

import gputape as tf

from ..backend import standardize_data_format
from .filters import gaussian_blur, scale_and_translate, sobel_edges, ssim
from .promotion import tensor
from .steps import operation
from .warp import affine_transform, elastic_transform, map_coordinates, perspective_transform


def _channels_last(images: Any, data_format: Any) -> tuple[Any, Any]:
    """`images` with channels last, and how to turn back."""
    x = tensor(images)
    if len(x.shape) not in (3, 4):
        raise ValueError(
            "Invalid images rank: expected rank 3 (single image) or rank 4 (batch of images). "
            f"Received input with shape: images.shape={x.shape}"
        )
    if standardize_data_format(data_format) == "channels_last":
        return x, lambda y: y
    if len(x.shape) == 3:
        return tf.transpose(x, [1, 2, 0]), lambda y: tf.transpose(y, [2, 0, 1])
    return tf.transpose(x, [0, 2, 3, 1]), lambda y: tf.transpose(y, [0, 3, 1, 2])


@operation
def resize(
    images,
    size,
    interpolation="bilinear",
    antialias=False,
    crop_to_aspect_ratio=False,
    pad_to_aspect_ratio=False,
    fill_mode="constant",
    fill_value=0.0,
    data_format=None,
):
    """Images of another `size` (height, width), in their dtype.

    Args:
        interpolation: "bilinear", "nearest", "bicubic", "lanczos3", "lanczos5" or "area".
        crop_to_aspect_ratio, pad_to_aspect_ratio: cut the images to the shape of `size`, or frame them with
            `fill_value`, instead of distorting them.
    """
    if interpolation not in ("bilinear", "nearest", "bicubic", "lanczos3", "lanczos5", "area"):
        raise ValueError(f"Invalid `interpolation` argument for this backend. Received: interpolation={interpolation}")
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise ValueError("Only one of `crop_to_aspect_ratio` & `pad_to_aspect_ratio` can be `True`.")
    if fill_mode != "constant":
        raise ValueError(
            f"Invalid value for argument `fill_mode`. Only `'constant'` is supported. Received: {fill_mode}"
        )
    x, back = _channels_last(images, data_format)
    height, width = int(size[0]), int(size[1])
    if min(height, width) <= 0:
        raise ValueError(f"`size` must have positive height and width. Received: size={size}")
    rows, columns = x.shape[-3], x.shape[-2]
    if crop_to_aspect_ratio:
        h, w = max(min(rows, columns * height // width), 1), max(min(columns, rows * width // height), 1)
        x = tf.image.crop_to_bounding_box(x, (rows - h) // 2, (columns - w) // 2, h, w)
    elif pad_to_aspect_ratio:
        # The same on both sides, as Keras does: an odd difference leaves the image one pixel short of the shape.
        tall, wide = max(columns * height // width - rows, 0) // 2, max(rows * width // height - columns, 0) // 2
        lead = [[0, 0]] * (len(x.shape) - 3)
        x = tf.pad(x, [*lead, [tall, tall], [wide, wide], [0, 0]], constant_values=fill_value)
    made = tf.image.resize(x, (height, width), interpolation, antialias=antialias)
    return back(tf.saturate_cast(tf.round(made), x.dtype) if x.dtype.is_integer else tf.cast(made, x.dtype))


@operation
def crop_images(
    images,
    top_cropping=None,
    left_cropping=None,
    bottom_cropping=None,
    right_cropping=None,
    target_height=None,
    target_width=None,
    data_format=None,
):
    """Images without rows and columns at the sides, as two numbers of three say for each axis."""
    x, back = _channels_last(images, data_format)
    top, height = _span(
        x.shape[-3], -1, top_cropping=top_cropping, bottom_cropping=bottom_cropping, target_height=target_height
    )
    left, width = _span(
        x.shape[-2], -1, left_cropping=left_cropping, right_cropping=right_cropping, target_width=target_width
    )
    return back(tf.image.crop_to_bounding_box(x, top, left, height, width))


@operation
def pad_images(
    images,
    top_padding=None,
    left_padding=None,
    bottom_padding=None,
    right_padding=None,
    target_height=None,
    target_width=None,
    data_format=None,
):
    """Images with zeros at the sides; of top, bottom and height two are given, of left, right and width too."""
    x, back = _channels_last(images, data_format)
    top, height = _span(
        x.shape[-3], 1, top_padding=top_padding, bottom_padding=bottom_padding, target_height=target_height
    )
    left, width = _span(
        x.shape[-2], 1, left_padding=left_padding, right_padding=right_padding, target_width=target_width
    )
    return back(tf.image.pad_to_bounding_box(x, top, left, height, width))


def _span(size: int, sign: int, **given: Any) -> tuple[int, int]:
    """How much goes before, and the new size, from two of three: before, after, target; `sign` -1 to cut, 1 to pad."""
    (before, after, target), names = given.values(), list(given)
    if [before, after, target].count(None) != 1:
        told = ", ".join(f"{name}={value}" for name, value in given.items())
        raise ValueError(f"Must specify exactly two of {', '.join(names)}. Received: {told}")
    if target is None:
        target = size + sign * (before + after)
    if before is None:
        before = sign * (target - size) - after
    sizes = (target, before, sign * (target - size) - before)
    for name, value in zip((names[2], *names[:2]), sizes):
        if value < 0:
            raise ValueError(f"{name} must be >= 0. Received: {name}={value}")
    return before, target


@operation
def extract_patches(images, size, strides=None, dilation_rate=1, padding="valid", data_format=None):
    """Patches of images, flattened: (batch, rows, columns, patch height * width * channels); strides: default `size`.

    A `size` of three numbers takes patches of volumes (batch, depth, height, width, channels).

    >>> import gputape as tf
    >>> from gputape import keras
    >>> keras.ops.image.extract_patches(tf.zeros((2, 4, 6, 3)), 2).shape
    TensorShape([2, 2, 3, 12])
    """
    if not isinstance(size, (int, tuple, list)):
        raise TypeError(
            f"Invalid `size` argument. Expected an int or a tuple. Received: size={size} of type {type(size).__name__}"
        )
    if not isinstance(size, int) and len(size) not in (2, 3):
        raise ValueError(
            f"Invalid `size` argument. Expected a tuple of length 2 or 3. Received: size={size} with length {len(size)}"
        )
    size = (size, size) if isinstance(size, int) else tuple(size)
    return _patches(images, size, strides, dilation_rate, padding, data_format)


@operation
def extract_patches_3d(volumes, size, strides=None, dilation_rate=1, padding="valid", data_format=None):
    """Patches of volumes (batch, depth, height, width, channels), flattened; strides: default `size`."""
    size = (size,) * 3 if isinstance(size, int) else tuple(size)
    if len(size) != 3:
        raise TypeError(f"Invalid `size` argument. Expected an int or a tuple of length 3. Received: size={size}")
    return _patches(volumes, size, strides, dilation_rate, padding, data_format)


def _patches(images: Any, size: Any, strides: Any, dilation_rate: Any, padding: str, data_format: Any) -> Any:
    n, x = len(size), tensor(images)
    step = size if strides is None else (strides,) * n if isinstance(strides, int) else tuple(strides)
    rate = (dilation_rate,) * n if isinstance(dilation_rate, int) else tuple(dilation_rate)
    if len(step) != n:
        raise ValueError(f"Invalid `strides` argument. Got: {strides}")
    first, lead = standardize_data_format(data_format) == "channels_first", len(x.shape) - n - 1
    there = [*range(lead), *range(lead + 1, lead + n + 1), lead]
    x = tf.transpose(x, there) if first else x
    reach = [(s - 1) * r + 1 for s, r in zip(size, rate)]
    if padding == "same":
        short = [max((-(-k // t) - 1) * t + e - k, 0) for k, t, e in zip(x.shape[lead:-1], step, reach)]
        x = tf.pad(x, [[0, 0]] * lead + [[s // 2, s - s // 2] for s in short] + [[0, 0]])
    counts = [(k - e) // t + 1 for k, e, t in zip(x.shape[lead:-1], reach, step)]
    parts = []
    for at in itertools.product(*map(range, size)):
        starts = [i * r for i, r in zip(at, rate)]
        parts.append(
            x[(..., *[slice(s, s + (c - 1) * t + 1, t) for s, c, t in zip(starts, counts, step)], slice(None))]
        )
    made = tf.concat(parts, -1)
    return tf.transpose(made, [*range(lead), lead + n, *range(lead, lead + n)]) if first else made


@operation
def rgb_to_grayscale(images, data_format=None):
    """One channel of brightness: 0.2989 red + 0.587 green + 0.114 blue."""
    x, back = _channels_last(images, data_format)
    if x.shape[-1] not in (1, 3):
        raise ValueError(
            "Invalid channel size: expected 3 (RGB) or 1 (Grayscale). "
            f"Received input with shape: images.shape={tuple(x.shape)}"
        )
    return back(x if x.shape[-1] == 1 else tf.image.rgb_to_grayscale(x))


@operation
def rgb_to_hsv(images, data_format=None):
    """Red, green and blue as hue, saturation and value."""
    x, back = _channels_last(images, data_format)
    return back(tf.image.rgb_to_hsv(_three_floats(x)))


@operation
def hsv_to_rgb(images, data_format=None):
    """Hue, saturation and value as red, green and blue."""
    x, back = _channels_last(images, data_format)
    return back(tf.image.hsv_to_rgb(_three_floats(x)))


def _three_floats(x: Any) -> Any:
    if x.shape[-1] != 3:
        raise ValueError(f"Input images must have 3 channels, but received images with {x.shape[-1]} channels.")
    if not x.dtype.is_floating:
        raise ValueError(f"Invalid images dtype: expected float dtype. Received: images.dtype={x.dtype.name}")
    return x


__all__ = [
    "affine_transform", "crop_images", "elastic_transform", "extract_patches", "extract_patches_3d", "gaussian_blur",
    "hsv_to_rgb", "map_coordinates", "pad_images", "perspective_transform", "resize", "rgb_to_grayscale", "rgb_to_hsv",
    "scale_and_translate", "sobel_edges", "ssim",
]  # fmt: skip
