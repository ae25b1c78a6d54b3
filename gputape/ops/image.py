"""Images turned, cut and framed: (height, width, channels), or (batch, height, width, channels)."""

from __future__ import annotations

import itertools
import math
from typing import Any

from ..errors import InvalidArgumentError
from ..op import public
from ..registry import OPS
from ..tensor import as_tensor
from .resize import resize
from .shape import static


def as_image(name: str, image: Any) -> Any:
    """`image` as a tensor of rank 3 or 4; ValueError for other ranks."""
    image = as_tensor(image)
    if image._array.ndim not in (3, 4):
        raise ValueError(
            f"{name}: image must have 3 dimensions (height, width, channels) or 4 (batch, height, width, channels), "
            f"got shape {tuple(image._array.shape)}"
        )
    return image


def sides(image: Any) -> tuple[int, int]:
    """Height and width."""
    shape = image._array.shape
    return shape[-3], shape[-2]


@public
def flip_left_right(image: Any) -> Any:
    """The columns in reverse order. Reference: tf.image.flip_left_right.

    >>> import gputape as tf
    >>> tf.image.flip_left_right([[[1], [2]]]).numpy().reshape(-1)
    array([2, 1], dtype=int32)
    """
    return OPS["reverse"](as_image("flip_left_right", image), [-2])


@public
def flip_up_down(image: Any) -> Any:
    """The rows in reverse order. Reference: tf.image.flip_up_down."""
    return OPS["reverse"](as_image("flip_up_down", image), [-3])


@public
def image_transpose(image: Any, name: str | None = None) -> Any:
    """Rows and columns exchanged. Reference: tf.image.transpose."""
    image = as_image("transpose", image)
    return OPS["transpose"](image, (1, 0, 2) if image._array.ndim == 3 else (0, 2, 1, 3))


@public
def rot90(image: Any, k: Any = 1, name: str | None = None) -> Any:
    """`image` turned `k` times by 90 degrees, counter-clockwise. Reference: tf.image.rot90.

    >>> import gputape as tf
    >>> tf.image.rot90([[[1], [2]], [[3], [4]]]).numpy()[..., 0].tolist()
    [[2, 4], [1, 3]]
    """
    image, turns = as_image("rot90", image), static(k) % 4
    if turns == 1:
        return flip_up_down(image_transpose(image))
    if turns == 3:
        return image_transpose(flip_up_down(image))
    return OPS["reverse"](image, [-3, -2]) if turns else image


@public
def crop_to_bounding_box(
    image: Any, offset_height: Any, offset_width: Any, target_height: Any, target_width: Any
) -> Any:
    """The part of `image` that begins at row `offset_height` and column `offset_width`, of the given size.

    ValueError for negative offsets, sizes that are not positive, and parts that do not lie within the image.
    """
    image = as_image("crop_to_bounding_box", image)
    top, left, height, width = (static(v) for v in (offset_height, offset_width, target_height, target_width))
    rows, columns = sides(image)
    if min(top, left) < 0 or min(height, width) <= 0:
        raise ValueError(
            f"crop_to_bounding_box: offsets must be >= 0 and target sizes > 0, got offsets ({top}, {left}) and sizes "
            f"({height}, {width})"
        )
    if top + height > rows or left + width > columns:
        raise ValueError(
            f"crop_to_bounding_box: the part ({top}:{top + height}, {left}:{left + width}) must lie within the image, "
            f"which has {rows} rows and {columns} columns"
        )
    return image[..., top : top + height, left : left + width, :]


@public
def pad_to_bounding_box(
    image: Any, offset_height: Any, offset_width: Any, target_height: Any, target_width: Any
) -> Any:
    """Zeros of the given size with `image` at row `offset_height` and column `offset_width`.

    ValueError for negative offsets and for an image that does not fit.
    """
    image = as_image("pad_to_bounding_box", image)
    top, left, height, width = (static(v) for v in (offset_height, offset_width, target_height, target_width))
    rows, columns = sides(image)
    below, right = height - top - rows, width - left - columns
    if min(top, left, below, right) < 0:
        raise ValueError(
            f"pad_to_bounding_box: an image of {rows} rows and {columns} columns does not fit at ({top}, {left}) into "
            f"({height}, {width}): offsets must be >= 0, and image + offset <= target"
        )
    batch = [[0, 0]] * (image._array.ndim - 3)
    return OPS["pad"](image, [*batch, [top, below], [left, right], [0, 0]])


@public
def central_crop(image: Any, central_fraction: float) -> Any:
    """The middle of `image`: `central_fraction` (in (0, 1]) of its height and width.

    >>> import gputape as tf
    >>> tf.image.central_crop(tf.zeros([4, 6, 3]), 0.5).shape
    TensorShape([2, 4, 3])
    """
    fraction = float(central_fraction)
    if not 0 < fraction <= 1:
        raise ValueError(f"central_crop: central_fraction must be within (0, 1], got {central_fraction}")
    image = as_image("central_crop", image)
    if fraction == 1:
        return image
    height, width = sides(image)
    top, left = int((height - height * fraction) / 2), int((width - width * fraction) / 2)
    return image[..., top : height - top, left : width - left, :]


@public
def resize_with_crop_or_pad(image: Any, target_height: Any, target_width: Any) -> Any:
    """`image` cut or framed with zeros, evenly on both sides, to the given size; no pixel changes its value."""
    image = as_image("resize_with_crop_or_pad", image)
    height, width = static(target_height), static(target_width)
    rows, columns = sides(image)
    if min(height, width) <= 0:
        raise ValueError(f"resize_with_crop_or_pad: target sizes must be > 0, got ({height}, {width})")
    image = crop_to_bounding_box(
        image, max(rows - height, 0) // 2, max(columns - width, 0) // 2, min(rows, height), min(columns, width)
    )
    return pad_to_bounding_box(image, max(height - rows, 0) // 2, max(width - columns, 0) // 2, height, width)


@public
def resize_with_pad(
    image: Any, target_height: Any, target_width: Any, method: Any = "bilinear", antialias: bool = False
) -> Any:
    """`image` resized without distortion to fit into the given size, zeros on both sides of the rest."""
    image = as_image("resize_with_pad", image)
    height, width = static(target_height), static(target_width)
    rows, columns = sides(image)
    if min(height, width) <= 0:
        raise ValueError(f"resize_with_pad: target sizes must be > 0, got ({height}, {width})")
    ratio = max(columns / width, rows / height)
    new_height, new_width = math.floor(rows / ratio), math.floor(columns / ratio)
    image = resize(image, (new_height, new_width), method, antialias=antialias)
    top, left = math.floor((height - rows / ratio) / 2), math.floor((width - columns / ratio) / 2)
    return pad_to_bounding_box(image, max(top, 0), max(left, 0), height, width)


@public
def extract_patches(images: Any, sizes: Any, strides: Any, rates: Any, padding: str, name: str | None = None) -> Any:
    """Patches of images (batch, height, width, channels): (batch, rows, columns, patch height * width * channels).

    Args:
        sizes, strides, rates: [1, along the height, along the width, 1]; `rates` is the distance of pixels in a patch.
        padding: "VALID", patches lie within the image, or "SAME", zeros around it.

    >>> import gputape as tf
    >>> tf.image.extract_patches(tf.zeros([1, 4, 6, 3]), [1, 2, 2, 1], [1, 2, 2, 1], [1, 1, 1, 1], "VALID").shape
    TensorShape([1, 2, 3, 12])
    """
    images = _checked("extract_patches", "images", images, 4, padding)
    return _patches(images, static(sizes)[1:3], static(strides)[1:3], static(rates)[1:3], padding)


@public
def extract_volume_patches(input: Any, ksizes: Any, strides: Any, padding: str, name: str | None = None) -> Any:
    """Patches of volumes (batch, d1, d2, d3, channels): as tf.image.extract_patches with one more axis, without rates.

    >>> import gputape as tf
    >>> tf.extract_volume_patches(tf.zeros([1, 4, 4, 6, 2]), [1, 2, 2, 3, 1], [1, 2, 2, 3, 1], "VALID").shape
    TensorShape([1, 2, 2, 2, 24])
    """
    volumes = _checked("extract_volume_patches", "input", input, 5, padding)
    return _patches(volumes, static(ksizes)[1:4], static(strides)[1:4], [1, 1, 1], padding)


def _checked(op: str, name: str, x: Any, rank: int, padding: str) -> Any:
    x = as_tensor(x)
    shape = tuple(x._array.shape)
    if len(shape) != rank or padding not in ("SAME", "VALID"):
        raise InvalidArgumentError(
            f"{op}: {name} must have {rank} dimensions, got shape {shape}; padding must be SAME or VALID, got {padding!r}"
        )
    return x


def _patches(x: Any, size: Any, step: Any, rate: Any, padding: str) -> Any:
    """Patches of (batch, *spatial, channels): (batch, *counts, elements of a patch)."""
    spatial = x._array.shape[1:-1]
    reach = [(s - 1) * r + 1 for s, r in zip(size, rate)]
    if padding == "SAME":
        short = [max((-(-n // t) - 1) * t + e - n, 0) for n, t, e in zip(spatial, step, reach)]
        x = OPS["pad"](x, [[0, 0], *[[s // 2, s - s // 2] for s in short], [0, 0]])
    counts = [(n - e) // t + 1 for n, e, t in zip(x._array.shape[1:-1], reach, step)]

    def along(k: int, at: int) -> slice:
        first = at * rate[k]
        return slice(first, first + (counts[k] - 1) * step[k] + 1, step[k])

    places = itertools.product(*map(range, size))
    return OPS["concat"]([x[(slice(None), *map(along, range(len(size)), place))] for place in places], -1)


_PUBLIC: tuple[Any, ...] = (
    flip_left_right, flip_up_down, rot90, crop_to_bounding_box, pad_to_bounding_box, central_crop,
    resize_with_crop_or_pad, resize_with_pad, extract_patches,
)  # fmt: skip
NAMES: dict[str, Any] = {f"tf.image.{f.__name__}": f for f in _PUBLIC} | {"tf.image.transpose": image_transpose}
NAMES["tf.extract_volume_patches"] = extract_volume_patches
