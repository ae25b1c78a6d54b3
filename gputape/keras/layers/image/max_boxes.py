"""MaxNumBoundingBoxes."""

from __future__ import annotations

from typing import Any

import gputape as tf

from .base import PixelLayer


class MaxNumBoundingBoxes(PixelLayer):
    """Exactly `max_number` boxes for each image: further ones are left out, missing ones are `fill_value`.

    >>> import gputape as tf
    >>> from gputape import keras
    >>> layer = keras.layers.MaxNumBoundingBoxes(3, bounding_box_format="xyxy")
    >>> boxes = {"boxes": tf.zeros((1, 2, 4)), "labels": tf.constant([[7, 8]])}
    >>> layer({"images": tf.zeros((1, 4, 4, 3)), "bounding_boxes": boxes})["bounding_boxes"]["labels"].numpy()
    array([[ 7,  8, -1]], dtype=int32)
    """

    _USE_BASE_FACTOR = False

    def __init__(self, max_number: int, fill_value: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.max_number = int(max_number)
        self.fill_value = int(fill_value)

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        return images

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any, training: bool = True) -> Any:
        made = dict(bounding_boxes)
        for key in ("boxes", "labels"):
            x = tf.convert_to_tensor(bounding_boxes[key])[:, : self.max_number]
            pads = [[0, 0], [0, self.max_number - x.shape[1]], *[[0, 0]] * (len(x.shape) - 2)]
            made[key] = tf.pad(x, pads, constant_values=self.fill_value)
        return made
