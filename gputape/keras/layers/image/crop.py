"""CenterCrop and RandomCrop."""

from __future__ import annotations

from typing import Any

import gputape as tf

from ... import ops
from ... import random as keras_random
from .base import BaseImagePreprocessingLayer, clipped, converted, images_of

_RESIZED = ("images", "segmentation_masks")


class _Crop(BaseImagePreprocessingLayer):
    """Cuts a window (height, width) out of images; a window of another size is resized."""

    _USE_BASE_FACTOR = False
    height: int
    width: int

    def _fitting(self, shape: Any) -> tuple[int, int]:
        """The largest window within an image of `shape` that has the shape of the result."""
        rows, columns = self._sizes(shape)
        height, width = int(columns * self.height / self.width), int(rows * self.width / self.height)
        return max(min(rows, height), 1), max(min(columns, width), 1)

    def _cut(self, images: Any, start: tuple[Any, Any], size: tuple[int, int]) -> Any:
        for axis, first, n in zip((self.height_axis, self.width_axis), start, size):
            if isinstance(first, int):
                where: list[Any] = [slice(None)] * -axis
                where[0] = slice(first, first + n)
                images = images[(..., *where)]
            else:  # drawn: gathered, so that its value is not read
                images = tf.gather(images, first + tf.range(n), axis=axis)
        if size != (self.height, self.width):
            images = ops.image.resize(images, (self.height, self.width), data_format=self.data_format)
        return tf.cast(images, self.compute_dtype)

    def _cut_boxes(self, bounding_boxes: Any, start: tuple[Any, Any], size: tuple[int, int], shape: Any) -> Any:
        found = converted(bounding_boxes, self.bounding_box_format, "xyxy", *self._sizes(shape))
        top, left = (tf.cast(s, "float32") for s in start)
        x1, y1, x2, y2 = tf.split(found["boxes"], 4, axis=-1)
        sy, sx = self.height / size[0], self.width / size[1]
        found["boxes"] = tf.concat([(x1 - left) * sx, (y1 - top) * sy, (x2 - left) * sx, (y2 - top) * sy], axis=-1)
        found = clipped(found, self.height, self.width)
        return converted(found, "xyxy", self.bounding_box_format, self.height, self.width)

    def transform_labels(self, labels: Any, transformation: Any, training: bool = True) -> Any:
        return labels

    def transform_segmentation_masks(self, segmentation_masks: Any, transformation: Any, training: bool = True) -> Any:
        return self.transform_images(segmentation_masks, transformation, training)

    def compute_output_shape(self, input_shape: Any) -> Any:
        if isinstance(input_shape, dict):
            return {
                **input_shape,
                **{k: self.compute_output_shape(input_shape[k]) for k in _RESIZED if k in input_shape},
            }
        shape = list(input_shape)
        shape[self.height_axis], shape[self.width_axis] = self.height, self.width
        return tuple(shape)


class CenterCrop(_Crop):
    """The middle of images; where they are smaller, the largest window of that shape, resized.

    >>> import gputape as tf
    >>> from gputape import keras
    >>> keras.layers.CenterCrop(2, 2)(tf.reshape(tf.range(16.0), (4, 4, 1))).numpy()[..., 0]
    array([[ 5.,  6.],
           [ 9., 10.]], dtype=float32)
    """

    def __init__(self, height: int, width: int, data_format: Any = None, **kwargs: Any) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.height, self.width = height, width

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        return {"input_shape": tuple(images_of(data).shape)}

    def _window(self, shape: Any) -> tuple[tuple[int, int], tuple[int, int]]:
        rows, columns = self._sizes(shape)
        size = (self.height, self.width)
        size = size if rows >= self.height and columns >= self.width else self._fitting(shape)
        return ((rows - size[0]) // 2, (columns - size[1]) // 2), size

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        images = tf.cast(images, self.compute_dtype)
        return self._cut(images, *self._window(tuple(images.shape)))

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any, training: bool = True) -> Any:
        shape = transformation["input_shape"]
        return self._cut_boxes(bounding_boxes, *self._window(shape), shape)


class RandomCrop(_Crop):
    """In training, a window of images at a random place, the same for a whole batch.

    In inference, and where images are not larger than the window, the largest window in the middle that has the shape
    of the result, resized.

    Args:
        height, width: of the result.
        seed: an integer; default a random one.
    """

    def __init__(
        self,
        height: int,
        width: int,
        seed: Any = None,
        data_format: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, data_format=data_format, **kwargs)
        self.height, self.width = height, width
        self.seed = seed
        self.generator = keras_random.SeedGenerator(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        shape = tuple(images_of(data).shape)
        rows, columns = self._sizes(shape)
        if training and rows > self.height and columns > self.width:
            ends = (rows - self.height + 1, columns - self.width + 1)
            top, left = (tf.cast(self._drawn((), (0.0, float(end)), seed), "int32") for end in ends)
            return {"start": (top, left), "size": (self.height, self.width), "input_shape": shape}
        height, width = self._fitting(shape)
        start = (rows - height) // 2, (columns - width) // 2
        return {"start": start, "size": (height, width), "input_shape": shape}

    def transform_images(self, images: Any, transformation: Any, training: bool = True) -> Any:
        images = tf.cast(images, self.compute_dtype)
        return self._cut(images, transformation["start"], transformation["size"])

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any, training: bool = True) -> Any:
        start, size = transformation["start"], transformation["size"]
        return self._cut_boxes(bounding_boxes, start, size, transformation["input_shape"])
