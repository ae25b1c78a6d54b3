"""RandomFlip."""

from __future__ import annotations

from typing import Any

import gputape as tf

from ... import random as keras_random
from .base import BaseImagePreprocessingLayer, clipped, converted, images_of, per_image


class RandomFlip(BaseImagePreprocessingLayer):
    """In training, mirrors each image with probability 1/2.

    Args:
        mode: "horizontal" (left and right change sides), "vertical", or "horizontal_and_vertical" (both at once).
        seed: an integer; default a random one.

    >>> import gputape as tf
    >>> from gputape import keras
    >>> keras.layers.RandomFlip("vertical", seed=1)(tf.zeros((2, 4, 4, 3))).shape
    TensorShape([2, 4, 4, 3])
    """

    _USE_BASE_FACTOR = False

    def __init__(
        self, mode: str = "horizontal_and_vertical", seed: Any = None, data_format: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.mode = mode
        self.seed = seed
        self.generator = keras_random.SeedGenerator(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        if not training:
            return None
        images = images_of(data)
        flips = self._drawn(per_image(images), seed=seed) <= 0.5
        return {"flips": flips, "input_shape": tuple(images.shape)}

    def transform_images(self, images: Any, transformation: Any, training: bool = True) -> Any:
        images = tf.cast(images, self.compute_dtype)
        if not training or transformation is None:
            return images
        axes = [a for name, a in (("horizontal", self.width_axis), ("vertical", self.height_axis)) if name in self.mode]
        return tf.where(transformation["flips"], tf.reverse(images, axes), images) if axes else images

    def transform_labels(self, labels: Any, transformation: Any, training: bool = True) -> Any:
        return labels

    def transform_segmentation_masks(self, segmentation_masks: Any, transformation: Any, training: bool = True) -> Any:
        return self.transform_images(segmentation_masks, transformation, training)

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any, training: bool = True) -> Any:
        if not training:
            return bounding_boxes
        height, width = self._sizes(transformation["input_shape"])
        found = converted(bounding_boxes, self.bounding_box_format, "rel_xyxy", height, width)
        x1, y1, x2, y2 = tf.split(found["boxes"], 4, axis=-1)
        if "horizontal" in self.mode:
            x1, x2 = 1 - x2, 1 - x1
        if "vertical" in self.mode:
            y1, y2 = 1 - y2, 1 - y1
        flips = tf.squeeze(transformation["flips"], axis=-1)
        found["boxes"] = tf.where(flips, tf.concat([x1, y1, x2, y2], axis=-1), found["boxes"])
        found = clipped(found, height, width, "rel_xyxy")
        return converted(found, "rel_xyxy", self.bounding_box_format, height, width)
