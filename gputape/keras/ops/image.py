"""keras.ops.image: images resized, cut, framed and recoloured."""

from __future__ import annotations

from typing import Any

import gputape as tf

from ..backend import standardize_data_format
from ..symbolic import operation
from .promotion import tensor


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
    rows, columns = x.shape[-3], x.shape[-2]
    if crop_to_aspect_ratio:
        h, w = min(rows, columns * height // width), min(columns, rows * width // height)
        x = tf.image.crop_to_bounding_box(x, (rows - h) // 2, (columns - w) // 2, h, w)
    elif pad_to_aspect_ratio:
        h, w = max(rows, columns * height // width), max(columns, rows * width // height)
        top, left = (h - rows) // 2, (w - columns) // 2
        lead = [[0, 0]] * (len(x.shape) - 3)
        pads = [*lead, [top, h - rows - top], [left, w - columns - left], [0, 0]]
        x = tf.pad(x, pads, constant_values=fill_value)
    made = tf.image.resize(x, (height, width), interpolation, antialias=antialias)
    return back(tf.saturate_cast(made, x.dtype) if x.dtype.is_integer else tf.cast(made, x.dtype))


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
    top, height = _span(x.shape[-3], top_cropping, bottom_cropping, target_height, -1, "height")
    left, width = _span(x.shape[-2], left_cropping, right_cropping, target_width, -1, "width")
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
    top, height = _span(x.shape[-3], top_padding, bottom_padding, target_height, 1, "height")
    left, width = _span(x.shape[-2], left_padding, right_padding, target_width, 1, "width")
    return back(tf.image.pad_to_bounding_box(x, top, left, height, width))


def _span(size: int, before: Any, after: Any, target: Any, sign: int, name: str) -> tuple[int, int]:
    """How much goes before, and the new size, from two of three numbers."""
    if [before, after, target].count(None) != 1:
        raise ValueError(
            f"Exactly two of before, after and target_{name} must be given. Received: {before}, {after}, {target}"
        )
    if target is None:
        target = size + sign * (before + after)
    if before is None:
        before = sign * (target - size) - after
    return before, target


@operation
def extract_patches(images, size, strides=None, dilation_rate=1, padding="valid", data_format=None):
    """Patches of images, flattened: (batch, rows, columns, patch height * width * channels); strides: default `size`."""
    x, back = _channels_last(images, data_format)
    single = len(x.shape) == 3
    size = (size, size) if isinstance(size, int) else tuple(size)
    step = size if strides is None else (strides, strides) if isinstance(strides, int) else tuple(strides)
    rate = (dilation_rate, dilation_rate) if isinstance(dilation_rate, int) else tuple(dilation_rate)
    x = x[None] if single else x
    made = tf.image.extract_patches(x, [1, *size, 1], [1, *step, 1], [1, *rate, 1], padding.upper())
    return back(made[0] if single else made)


@operation
def rgb_to_grayscale(images, data_format=None):
    """One channel of brightness: 0.2989 red + 0.587 green + 0.114 blue."""
    x, back = _channels_last(images, data_format)
    return back(tf.image.rgb_to_grayscale(x))


@operation
def rgb_to_hsv(images, data_format=None):
    """Red, green and blue as hue, saturation and value."""
    x, back = _channels_last(images, data_format)
    return back(tf.image.rgb_to_hsv(_only_floats(x)))


@operation
def hsv_to_rgb(images, data_format=None):
    """Hue, saturation and value as red, green and blue."""
    x, back = _channels_last(images, data_format)
    return back(tf.image.hsv_to_rgb(_only_floats(x)))


def _only_floats(x: Any) -> Any:
    if not x.dtype.is_floating:
        raise ValueError(f"Invalid images dtype: expected float dtype. Received: images.dtype={x.dtype.name}")
    return x


_PUBLIC = (
    resize, crop_images, pad_images, extract_patches, rgb_to_grayscale, rgb_to_hsv, hsv_to_rgb,
)  # fmt: skip
__all__ = [f.__name__ for f in _PUBLIC]
