"""Resizing."""

from __future__ import annotations

from typing import Any

import gputape as tf

from ... import ops
from .base import BaseImagePreprocessingLayer, clipped, converted, images_of


class Resizing(BaseImagePreprocessingLayer):
    """Images of another size, in training and inference.

    Args:
        height, width: of the result.
        interpolation: "bilinear", "nearest", "bicubic", "lanczos3", "lanczos5" or "area"; masks are always "nearest".
        crop_to_aspect_ratio, pad_to_aspect_ratio: cut the images to the shape of the result, or frame them with
            `fill_value`, instead of distorting them.
        antialias: whether kernels widen where images become smaller. Default False.

    >>> import gputape as tf
    >>> from gputape import keras
    >>> keras.layers.Resizing(8, 6)(tf.zeros((2, 4, 4, 3))).shape
    TensorShape([2, 8, 6, 3])
    """

    _USE_BASE_FACTOR = False

    def __init__(
        self,
        height: int,
        width: int,
        interpolation: str = "bilinear",
        crop_to_aspect_ratio: bool = False,
        pad_to_aspect_ratio: bool = False,
        fill_mode: str = "constant",
        fill_value: float = 0.0,
        antialias: bool = False,
        data_format: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.height, self.width = height, width
        self.interpolation = interpolation
        self.crop_to_aspect_ratio, self.pad_to_aspect_ratio = crop_to_aspect_ratio, pad_to_aspect_ratio
        self.fill_mode, self.fill_value = fill_mode, fill_value
        self.antialias = bool(antialias)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        return self._sizes(tuple(images_of(data).shape))

    def _transform_images(self, images: Any, transformation: Any, interpolation: str) -> Any:
        return ops.image.resize(
            images,
            (self.height, self.width),
            interpolation=interpolation,
            antialias=self.antialias,
            data_format=self.data_format,
            crop_to_aspect_ratio=self.crop_to_aspect_ratio,
            pad_to_aspect_ratio=self.pad_to_aspect_ratio,
            fill_mode=self.fill_mode,
            fill_value=self.fill_value,
        )

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        return self._transform_images(images, transformation, self.interpolation)

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        return self._transform_images(segmentation_masks, transformation, "nearest")

    def transform_labels(self, labels: Any, transformation: Any = None, training: bool = True) -> Any:
        return labels

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any, training: bool = True) -> Any:
        height, width = (float(n) for n in transformation)
        boxes = tf.convert_to_tensor(bounding_boxes["boxes"])
        padding = tf.reduce_all(boxes == -1, axis=-1) | tf.reduce_all(boxes == 0, axis=-1)  # boxes that are none
        found = converted(bounding_boxes, self.bounding_box_format, "xyxy", height, width)
        x1, y1, x2, y2 = tf.split(found["boxes"], 4, axis=-1)
        sx, sy, left, top = self._scales(height, width)
        found["boxes"] = tf.concat([x1 * sx - left, y1 * sy - top, x2 * sx - left, y2 * sy - top], axis=-1)
        found = clipped(found, self.height, self.width)
        found["boxes"] = tf.where(padding[..., None], tf.zeros_like(found["boxes"]), found["boxes"])
        return converted(found, "xyxy", self.bounding_box_format, self.height, self.width)

    def _scales(self, height: float, width: float) -> tuple[float, float, float, float]:
        """How coordinates along x and y are scaled, and then what is cut at the left and the top."""
        sx, sy = self.width / width, self.height / height
        if self.crop_to_aspect_ratio:
            sx = sy = max(sx, sy)
        elif self.pad_to_aspect_ratio:
            sx = sy = min(sx, sy)
        left, top = width * sx - self.width, height * sy - self.height
        if self.pad_to_aspect_ratio:
            return sx, sy, -(-left // 2), -(-top // 2)
        return sx, sy, left // 2, top // 2

    def compute_output_shape(self, input_shape: Any) -> Any:
        if isinstance(input_shape, dict):
            resized = {k: self.compute_output_shape(v) for k, v in input_shape.items() if k in _RESIZED}
            return {**input_shape, **resized}
        shape = list(input_shape)
        shape[self.height_axis], shape[self.width_axis] = self.height, self.width
        return tuple(shape)


_RESIZED = ("images", "segmentation_masks")
