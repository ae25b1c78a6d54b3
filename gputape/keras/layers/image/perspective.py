"""RandomPerspective."""

from __future__ import annotations

from typing import Any

import gputape as tf

from ... import ops
from ... import random as keras_random
from ...ops.warp import homography
from ...utils import bounding_boxes as box_functions
from .base import BaseImagePreprocessingLayer, batch_of, clipped, converted, images_of, over_images


class RandomPerspective(BaseImagePreprocessingLayer):
    """In training, moves the corners of images, each image with a probability drawn from `factor`.

    Args:
        factor: a number or two in [0, 1].
        scale: how far: a coordinate c of a corner moves by at most scale / 2 * c. In [0, 1].
        interpolation: "bilinear" or "nearest".
        fill_value: of places outside.
        seed: an integer; default a random one.

    >>> import gputape as tf
    >>> from gputape import keras
    >>> keras.layers.RandomPerspective(seed=1)(tf.zeros((2, 4, 6, 3)), training=True).shape
    TensorShape([2, 4, 6, 3])
    """

    _USE_BASE_FACTOR = False
    _FACTOR_BOUNDS = (0, 1)
    _INTERPOLATIONS = ("nearest", "bilinear")

    def __init__(
        self,
        factor: Any = 1.0,
        scale: float = 1.0,
        interpolation: str = "bilinear",
        fill_value: float = 0.0,
        seed: Any = None,
        data_format: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self._set_factor(factor)
        if not 0 <= scale <= 1:
            raise ValueError(f"The `scale` argument should be a number in the range [0,1]. Received: scale={scale}")
        if interpolation not in self._INTERPOLATIONS:
            raise NotImplementedError(
                f"Unknown `interpolation` {interpolation}. Expected of one {self._INTERPOLATIONS}."
            )
        self.scale, self.fill_value, self.interpolation = scale, fill_value, interpolation
        self.seed = seed
        self.generator = keras_random.SeedGenerator(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        if not training:
            return None
        images = images_of(data)
        batch, shape = batch_of(images), tuple(images.shape)
        chosen = self._chosen(batch, seed)
        moves = self._drawn((batch, 4, 2), (-0.5 * self.scale, 0.5 * self.scale), seed)
        bottom, right = (n - 1.0 for n in self._sizes(shape))
        start = tf.tile(tf.constant([[[0, 0], [right, 0], [0, bottom], [right, bottom]]], "float32"), [batch, 1, 1])
        return {
            "apply_perspective": chosen,
            "start_points": start,
            "end_points": start + start * moves,
            "input_shape": shape,
        }

    def _transform_images(self, images: Any, transformation: Any, interpolation: str) -> Any:
        if transformation is None:
            return images
        moved = ops.image.perspective_transform(
            images,
            tf.cast(transformation["start_points"], "float32"),
            tf.cast(transformation["end_points"], "float32"),
            interpolation=interpolation,
            fill_value=self.fill_value,
            data_format=self.data_format,
        )
        return tf.where(over_images(transformation["apply_perspective"], images), moved, images)

    def transform_labels(self, labels: Any, transformation: Any, training: bool = True) -> Any:
        return labels

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any, training: bool = True) -> Any:
        if not training or transformation is None:
            return bounding_boxes
        height, width = self._sizes(transformation["input_shape"])
        found = converted(bounding_boxes, self.bounding_box_format, "xyxy", height, width)
        start, end = (tf.cast(transformation[k], "float32") for k in ("start_points", "end_points"))
        maps = homography(end, start)[:, None, :]  # from places of the image to places of the result
        x1, y1, x2, y2 = tf.unstack(found["boxes"], axis=-1)
        a0, a1, a2, b0, b1, b2, c0, c1 = tf.unstack(maps, axis=-1)
        xs, ys = [], []
        for x, y in ((x1, y1), (x2, y2), (x1, y2), (x2, y1)):
            k = c0 * x + c1 * y + 1
            xs.append((a0 * x + a1 * y + a2) / k)
            ys.append((b0 * x + b1 * y + b2) / k)
        chosen = tf.cast(transformation["apply_perspective"], "bool")[:, None, None]
        found["boxes"] = tf.where(chosen, box_functions.around(xs, ys), found["boxes"])
        return converted(clipped(found, height, width), "xyxy", self.bounding_box_format, height, width)
