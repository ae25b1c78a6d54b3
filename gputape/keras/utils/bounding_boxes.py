"""keras.utils.bounding_boxes: boxes (boxes, 4) or (batch, boxes, 4) in other formats, moved, cut, compared, encoded.

Formats: "xyxy" (left, top, right, bottom), "yxyx", "xywh" (left, top, width, height), "center_xywh", "center_yxhw", all
in pixels; with "rel_" in front, as parts of the image's width and height. Functions that take a dict expect the keys
"boxes" and "labels", and return a new one.
"""

from __future__ import annotations

import math
from typing import Any

import gputape as tf

from ..backend import epsilon

_FORMATS = (
    "xyxy", "yxyx", "xywh", "center_xywh", "center_yxhw", "rel_xyxy", "rel_yxyx", "rel_xywh", "rel_center_xywh",
)  # fmt: skip


def _parts(boxes: Any) -> list[Any]:
    return tf.split(boxes, 4, axis=-1)


def _joined(*parts: Any) -> Any:
    return tf.concat(parts, axis=-1)


def _to_corners(boxes: Any, kind: str) -> Any:
    a, b, c, d = _parts(boxes)
    if kind == "yxyx":
        return _joined(b, a, d, c)
    if kind == "xywh":
        return _joined(a, b, a + c, b + d)
    if kind == "center_xywh":
        return _joined(a - c / 2, b - d / 2, a + c / 2, b + d / 2)
    if kind == "center_yxhw":
        return _joined(b - d / 2, a - c / 2, b + d / 2, a + c / 2)
    return boxes


def _from_corners(boxes: Any, kind: str) -> Any:
    x1, y1, x2, y2 = _parts(boxes)
    w, h = x2 - x1, y2 - y1
    if kind == "yxyx":
        return _joined(y1, x1, y2, x2)
    if kind == "xywh":
        return _joined(x1, y1, w, h)
    if kind == "center_xywh":
        return _joined(x1 + w / 2, y1 + h / 2, w, h)
    if kind == "center_yxhw":
        return _joined(y1 + h / 2, x1 + w / 2, h, w)
    return boxes


def convert_format(
    boxes: Any, source: str, target: str, height: Any = None, width: Any = None, dtype: Any = "float32"
) -> Any:
    """Boxes, or a dict of boxes and labels, in another format, as `dtype`.

    ValueError for unknown formats, a last axis that is not 4, and relative formats without `height` and `width`.

    >>> from gputape import keras
    >>> keras.utils.bounding_boxes.convert_format([[10, 20, 30, 60]], "xyxy", "xywh").numpy()
    array([[10., 20., 20., 40.]], dtype=float32)
    """
    if isinstance(boxes, dict):
        return {**boxes, "boxes": convert_format(boxes["boxes"], source, target, height, width, dtype)}
    boxes = tf.cast(boxes, dtype)
    if boxes.shape[-1] != 4:
        raise ValueError(
            f"`boxes` must be a tensor with the last dimension of 4. Received: boxes.shape={tuple(boxes.shape)}"
        )
    source, target = source.lower(), target.lower()
    if source not in _FORMATS or target not in _FORMATS:
        raise ValueError(f"Invalid source or target format. Supported formats: {_FORMATS}")
    from_relative, to_relative = source.startswith("rel_"), target.startswith("rel_")
    if (from_relative or to_relative) and (width is None or height is None):
        raise ValueError(
            "convert_format() must receive `height` and `width` transforming between relative and absolute formats. "
            f"convert_format() received source=`{source}`, target=`{target}`, but height={height} and width={width}."
        )
    if source == target:
        return boxes
    corners = _to_corners(boxes, source.removeprefix("rel_"))
    if from_relative != to_relative:
        w, h = tf.cast(width, dtype), tf.cast(height, dtype)
        x1, y1, x2, y2 = _parts(corners)
        corners = _joined(x1 * w, y1 * h, x2 * w, y2 * h) if from_relative else _joined(x1 / w, y1 / h, x2 / w, y2 / h)
    return _from_corners(corners, target.removeprefix("rel_"))


def clip_to_image_size(
    bounding_boxes: Any, height: Any = None, width: Any = None, bounding_box_format: str = "xyxy"
) -> Any:
    """A dict of boxes cut at the borders of the image; labels of boxes of which nothing is left become -1.

    bounding_box_format: "xyxy" or "rel_xyxy"; NotImplementedError for others.
    """
    if bounding_box_format not in ("xyxy", "rel_xyxy"):
        raise NotImplementedError(f"bounding_box_format must be 'xyxy' or 'rel_xyxy', got {bounding_box_format!r}")
    if bounding_box_format == "rel_xyxy":
        height = width = 1
    elif height is None or width is None:
        raise ValueError("`height` and `width` must be set if `format='xyxy'`.")
    boxes = tf.convert_to_tensor(bounding_boxes["boxes"])
    boxes = _clipped(boxes, tf.cast(height, boxes.dtype), tf.cast(width, boxes.dtype))
    made = {**bounding_boxes, "boxes": boxes}
    if bounding_boxes.get("labels") is not None:
        labels = tf.convert_to_tensor(bounding_boxes["labels"])
        x1, y1, x2, y2 = _parts(boxes)
        left = tf.squeeze((x2 - x1) * (y2 - y1), axis=-1) > 0
        made["labels"] = tf.where(left, labels, tf.cast(-1, labels.dtype))
    return made


def _clipped(boxes: Any, height: Any, width: Any) -> Any:
    x1, y1, x2, y2 = _parts(boxes)
    return _joined(
        *(tf.minimum(tf.maximum(p, 0), m) for p, m in ((x1, width), (y1, height), (x2, width), (y2, height)))
    )


def _only_corners(bounding_box_format: str) -> None:
    if bounding_box_format != "xyxy":
        raise NotImplementedError(f"bounding_box_format must be 'xyxy', got {bounding_box_format!r}")


def affine_transform(
    boxes: Any,
    angle: Any,
    translate_x: Any,
    translate_y: Any,
    scale: Any,
    shear_x: Any,
    shear_y: Any,
    height: Any,
    width: Any,
    center_x: Any = None,
    center_y: Any = None,
    bounding_box_format: str = "xyxy",
) -> Any:
    """The boxes (batch, boxes, 4) around what boxes become when their images are turned, moved, scaled and sheared.

    Args:
        angle, shear_x, shear_y: (batch,), in degrees.
        translate_x, translate_y: (batch,), parts of the image's width and height.
        scale: (batch,).
        center_x, center_y: of the rotation, as parts of width and height; default 0.5.
    """
    _only_corners(bounding_box_format)
    angle = tf.convert_to_tensor(angle)
    degree = math.pi / 180
    cx = (0.5 if center_x is None else center_x) * (width - 1)
    cy = (0.5 if center_y is None else center_y) * (height - 1)
    turn, sx, sy = -angle * degree, -shear_x * degree, -shear_y * degree
    a = tf.cos(turn - sy) / tf.cos(sy)
    b = a * tf.tan(sx) + tf.sin(turn)
    c = -tf.sin(turn - sy) / tf.cos(sy)
    d = tf.cos(turn) - c * tf.tan(sx)
    from_x, from_y = cx - translate_x * (width - 1), cy - translate_y * (height - 1)
    boxes = tf.cast(boxes, angle.dtype)
    x1, y1, x2, y2 = tf.unstack(boxes, axis=-1)  # each (batch, boxes)

    def mapped(along_x: Any, along_y: Any, center: Any) -> list[Any]:
        along_x, along_y = along_x * scale, along_y * scale
        move = center - along_x * from_x - along_y * from_y
        return [
            along_x[:, None] * x + along_y[:, None] * y + move[:, None]
            for x, y in ((x1, y1), (x2, y1), (x2, y2), (x1, y2))
        ]

    return around(mapped(d, -b, cx), mapped(-c, a, cy))


def around(xs: list[Any], ys: list[Any]) -> Any:
    """The boxes (..., 4) around points; `xs` and `ys` are lists of arrays (...)."""
    x, y = tf.stack(xs), tf.stack(ys)
    corners = (tf.reduce_min(x, 0), tf.reduce_min(y, 0), tf.reduce_max(x, 0), tf.reduce_max(y, 0))
    return tf.stack(corners, axis=-1)


def crop(boxes: Any, top: Any, left: Any, height: Any, width: Any, bounding_box_format: str = "xyxy") -> Any:
    """Boxes as seen in a window of an image, cut at its borders."""
    _only_corners(bounding_box_format)
    return _clipped(pad(boxes, -top, -left), height, width)


def pad(
    boxes: Any, top: Any, left: Any, height: Any = None, width: Any = None, bounding_box_format: str = "xyxy"
) -> Any:
    """Boxes as they lie in an image that has got `top` rows and `left` columns before its own."""
    _only_corners(bounding_box_format)
    x1, y1, x2, y2 = _parts(tf.convert_to_tensor(boxes))
    return _joined(x1 + left, y1 + top, x2 + left, y2 + top)


# -- boxes as differences to anchors


def _deltas_arguments(encoding: str, name: str, variance: Any, image_shape: Any) -> tuple[Any, Any, Any]:
    if variance is not None:
        variance = tf.cast(variance, "float32")
        if variance.shape[-1] != 4:
            raise ValueError(f"`variance` must be length 4, got {variance}")
    if encoding not in ("center_xywh", "center_yxhw"):
        raise ValueError(f"`{name}` should be one of 'center_xywh' or 'center_yxhw', got {encoding}")
    height, width = (None, None) if image_shape is None else image_shape[:2]
    return variance, height, width


def encode_box_to_deltas(
    anchors: Any,
    boxes: Any,
    anchor_format: str,
    box_format: str,
    encoding_format: str = "center_yxhw",
    variance: Any = None,
    image_shape: Any = None,
) -> Any:
    """Boxes as distances from anchors: (centre - anchor's centre) / anchor's size, log(size / anchor's size).

    `variance`, four numbers, divides them. `image_shape`: (height, width, channels), for relative formats.
    """
    variance, height, width = _deltas_arguments(encoding_format, "encoding_format", variance, image_shape)
    anchor = convert_format(anchors, anchor_format, encoding_format, height, width)
    boxes = convert_format(boxes, box_format, encoding_format, height, width)
    size, wanted = tf.maximum(anchor[..., 2:], epsilon()), tf.maximum(boxes[..., 2:], epsilon())
    deltas = _joined((boxes[..., :2] - anchor[..., :2]) / size, tf.math.log(wanted / size))
    return deltas if variance is None else deltas / variance


def decode_deltas_to_boxes(
    anchors: Any,
    boxes_delta: Any,
    anchor_format: str,
    box_format: str,
    encoded_format: str = "center_yxhw",
    variance: Any = None,
    image_shape: Any = None,
) -> Any:
    """The boxes that `encode_box_to_deltas` encoded; dicts of levels give a dict."""
    variance, height, width = _deltas_arguments(encoded_format, "encoded_format", variance, image_shape)
    if isinstance(anchors, dict) and isinstance(boxes_delta, dict):
        return {
            level: decode_deltas_to_boxes(
                anchors[level], boxes_delta[level], anchor_format, box_format, encoded_format, variance, image_shape
            )
            for level in anchors
        }
    anchor = convert_format(anchors, anchor_format, encoded_format, height, width)
    deltas = tf.convert_to_tensor(boxes_delta)
    deltas = deltas if variance is None else deltas * variance
    place, size = anchor[..., :2], anchor[..., 2:]
    boxes = _joined(deltas[..., :2] * size + place, tf.exp(deltas[..., 2:]) * size)
    return convert_format(boxes, encoded_format, box_format, height, width)


# -- overlap


def compute_iou(
    boxes1: Any,
    boxes2: Any,
    bounding_box_format: str,
    use_masking: bool = False,
    mask_val: Any = -1,
    image_shape: Any = None,
) -> Any:
    """Intersection over union of every box of `boxes1` with every box of `boxes2`: (boxes1, boxes2), batched if one is.

    use_masking: `mask_val` for pairs with a box whose numbers are all below 0.

    >>> from gputape import keras
    >>> keras.utils.bounding_boxes.compute_iou([[0, 0, 2, 2]], [[0, 0, 2, 1], [4, 4, 5, 5]], "xyxy").numpy().round(3)
    array([[0.5, 0. ]], dtype=float32)
    """
    ranks = [len(tf.convert_to_tensor(b).shape) for b in (boxes1, boxes2)]
    for name, rank in zip(("boxes1", "boxes2"), ranks):
        if rank not in (2, 3):
            raise ValueError(
                f"compute_iou() expects {name} to be batched, or to be unbatched. Received "
                f"len(boxes1.shape)={ranks[0]}, len(boxes2.shape)={ranks[1]}. Expected either "
                f"len({name}.shape)=2 AND or len({name}.shape)=3."
            )
    height, width = _sizes(bounding_box_format, image_shape)
    first = convert_format(boxes1, bounding_box_format, "xyxy", height, width)[..., :, None, :]
    second = convert_format(boxes2, bounding_box_format, "xyxy", height, width)[..., None, :, :]
    low, high = tf.maximum(first[..., :2], second[..., :2]), tf.minimum(first[..., 2:], second[..., 2:])
    common = tf.reduce_prod(tf.maximum(high - low, 0), axis=-1)
    area1, area2 = (tf.reduce_prod(b[..., 2:] - b[..., :2], axis=-1) for b in (first, second))
    made = common / (area1 + area2 - common + epsilon())
    if not use_masking:
        return made
    none = (tf.reduce_max(first, axis=-1) < 0) | (tf.reduce_max(second, axis=-1) < 0)
    return tf.where(none, tf.cast(mask_val, made.dtype), made)


def _sizes(bounding_box_format: str, image_shape: Any) -> tuple[Any, Any]:
    if "rel" in bounding_box_format and image_shape is None:
        raise ValueError(
            "When using relative bounding box formats (e.g. `rel_yxyx`) the `image_shape` argument must be provided. "
            f"Received `image_shape`: {image_shape}"
        )
    return (None, None) if image_shape is None else tuple(image_shape[:2])


def compute_ciou(boxes1: Any, boxes2: Any, bounding_box_format: str, image_shape: Any = None) -> Any:
    """The complete IoU of pairs of boxes: IoU - distance of centres - difference of shape (Zheng et al. 2020)."""
    height, width = _sizes(bounding_box_format, image_shape)
    small = epsilon()
    first = convert_format(boxes1, bounding_box_format, "xyxy", height, width)
    second = convert_format(boxes2, bounding_box_format, "xyxy", height, width)
    (w1, h1), (w2, h2) = (tf.unstack(b[..., 2:] - b[..., :2], axis=-1) for b in (first, second))
    h1, h2 = h1 + small, h2 + small
    low, high = tf.maximum(first[..., :2], second[..., :2]), tf.minimum(first[..., 2:], second[..., 2:])
    common = tf.reduce_prod(tf.maximum(high - low, 0), axis=-1)
    iou = common / (w1 * h1 + w2 * h2 - common + 2 * small)
    hull = tf.maximum(first[..., 2:], second[..., 2:]) - tf.minimum(first[..., :2], second[..., :2])
    centres = (first[..., :2] + first[..., 2:] - second[..., :2] - second[..., 2:]) / 2
    distance = tf.reduce_sum(centres**2, axis=-1) / (tf.reduce_sum(hull**2, axis=-1) + small)
    shape = 4 / math.pi**2 * (tf.atan(w2 / h2) - tf.atan(w1 / h1)) ** 2
    return iou - (distance + shape * shape / (shape - iou + (1 + small)))


__all__ = [
    "affine_transform", "clip_to_image_size", "compute_ciou", "compute_iou", "convert_format", "crop",
    "decode_deltas_to_boxes", "encode_box_to_deltas", "pad",
]  # fmt: skip
