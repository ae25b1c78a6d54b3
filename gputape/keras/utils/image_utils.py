"""Pictures in files and as arrays. Pillow reads and writes them; it is imported when it is needed."""

from __future__ import annotations

import io
import os
import pathlib
import warnings
from typing import Any

import numpy as np

from ..backend import floatx, standardize_data_format

_RESAMPLING = ("nearest", "bilinear", "bicubic", "hamming", "box", "lanczos")
_MODES = {"grayscale": ("L", "I;16", "I"), "rgb": ("RGB",), "rgba": ("RGBA",)}


def pillow(what: str) -> Any:
    """The module PIL.Image; ImportError that says how to get it."""
    try:
        from PIL import Image
    except ImportError:
        raise ImportError(
            f'Could not import PIL.Image. The use of `{what}` requires Pillow: pip install "gputape[images]"'
        ) from None
    return Image


def array_to_img(x: Any, data_format: Any = None, scale: bool = True, dtype: Any = None) -> Any:
    """An array (height, width, channels) with 1, 3 or 4 channels as a PIL image.

    scale: whether values are stretched to [0, 255]. ValueError for other ranks and numbers of channels.
    """
    image = pillow("array_to_img")
    x = np.asarray(x, dtype=dtype or floatx())
    if x.ndim != 3:
        raise ValueError(f"Expected image array to have rank 3 (single image). Got array with shape: {x.shape}")
    if standardize_data_format(data_format) == "channels_first":
        x = x.transpose(1, 2, 0)
    if scale:
        x = x - x.min()
        x = x / (x.max() or 1) * 255
    if x.shape[2] in (3, 4):
        return image.fromarray(x.astype("uint8"))
    if x.shape[2] == 1:
        return image.fromarray(x[:, :, 0].astype("int32" if x.max() > 255 else "uint8"))
    raise ValueError(f"Unsupported channel number: {x.shape[2]}")


def img_to_array(img: Any, data_format: Any = None, dtype: Any = None) -> Any:
    """A PIL image as an array (height, width, channels), float32 by default; ValueError for other ranks than 2, 3."""
    x = np.asarray(img, dtype=dtype or floatx())
    if x.ndim not in (2, 3):
        raise ValueError(f"Unsupported image shape: {x.shape}")
    x = x[:, :, None] if x.ndim == 2 else x
    return x.transpose(2, 0, 1) if standardize_data_format(data_format) == "channels_first" else x


def save_img(
    path: Any, x: Any, data_format: Any = None, file_format: str | None = None, scale: bool = True, **kwargs: Any
) -> None:
    """Write an array (height, width, channels) as a picture.

    Args:
        path: of the file, or a file object.
        file_format: default by the ending of the path.
        scale: whether values are stretched to [0, 255].
    """
    if file_format is None and isinstance(path, (str, pathlib.Path)):
        file_format = pathlib.Path(path).suffix[1:].lower()
    file_format = "jpeg" if file_format and file_format.lower() == "jpg" else file_format
    img = array_to_img(x, data_format=data_format, scale=scale)
    if img.mode == "RGBA" and file_format == "jpeg":
        warnings.warn("The JPEG format does not support RGBA images, converting to RGB.", stacklevel=2)
        img = img.convert("RGB")
    img.save(path, format=file_format, **kwargs)


def load_img(
    path: Any,
    color_mode: str = "rgb",
    target_size: Any = None,
    interpolation: str = "nearest",
    keep_aspect_ratio: bool = False,
) -> Any:
    """A picture as a PIL image.

    Args:
        path: of the file, or io.BytesIO.
        color_mode: "rgb", "rgba" or "grayscale".
        target_size: (height, width); default as it is.
        interpolation: "nearest", "bilinear", "bicubic", "hamming", "box" or "lanczos".
        keep_aspect_ratio: whether it is cut to the shape of `target_size` instead of being distorted.
    """
    image = pillow("load_img")
    if color_mode not in _MODES:
        raise ValueError('color_mode must be "grayscale", "rgb", or "rgba"')
    if not isinstance(path, (io.BytesIO, os.PathLike, bytes, str)):
        raise TypeError(f"path should be path-like or io.BytesIO, not {type(path)}")
    with image.open(path if isinstance(path, io.BytesIO) else os.fsdecode(path)) as img:
        img.load()
    if img.mode not in _MODES[color_mode]:
        img = img.convert(_MODES[color_mode][0])
    if target_size is None or img.size == (target_size[1], target_size[0]):
        return img
    if interpolation not in _RESAMPLING:
        raise ValueError(
            f"Invalid interpolation method {interpolation} specified. Supported methods are {', '.join(_RESAMPLING)}"
        )
    box = None
    if keep_aspect_ratio:
        top, left, height, width = _middle(img.size[1], img.size[0], target_size)
        box = (left, top, left + width, top + height)
    return img.resize((target_size[1], target_size[0]), image.Resampling[interpolation.upper()], box=box)


def _middle(rows: int, columns: int, size: Any) -> tuple[int, int, int, int]:
    """Top, left, height and width of the largest window in the middle that has the shape of `size`."""
    height = max(min(rows, columns * size[0] // size[1]), 1)
    width = max(min(columns, rows * size[1] // size[0]), 1)
    return (rows - height) // 2, (columns - width) // 2, height, width


def smart_resize(x: Any, size: Any, interpolation: str = "bilinear", data_format: Any = "channels_last") -> Any:
    """Images resized without distortion: the largest window in the middle that has the shape of `size`.

    A NumPy array gives a NumPy array. ValueError for ranks other than 3 and 4.

    >>> import numpy as np
    >>> from gputape import keras
    >>> keras.preprocessing.image.smart_resize(np.zeros((10, 20, 3)), (4, 4)).shape
    (4, 4, 3)
    """
    import gputape as tf

    from .. import ops

    if len(size) != 2:
        raise ValueError(f"Expected `size` to be a tuple of 2 integers, but got: {size}.")
    img = tf.convert_to_tensor(x)
    if len(img.shape) not in (3, 4):
        raise ValueError(
            "Expected an image array with shape `(height, width, channels)`, or `(batch_size, height, width, "
            f"channels)`, but got input with incorrect rank, of shape {tuple(img.shape)}."
        )
    last = data_format == "channels_last"
    rows, columns = (img.shape[-3], img.shape[-2]) if last else (img.shape[-2], img.shape[-1])
    top, left, height, width = _middle(rows, columns, size)
    window = (slice(top, top + height), slice(left, left + width))
    img = img[(..., *window, slice(None))] if last else img[(..., *window)]
    img = ops.image.resize(img, size, interpolation=interpolation, data_format=data_format)
    return np.array(img) if isinstance(x, np.ndarray) else img
