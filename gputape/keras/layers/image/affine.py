"""RandomRotation, RandomTranslation, RandomZoom and RandomShear: affine maps of the plane."""

from __future__ import annotations

import math
from typing import Any

import gputape as tf

from ... import ops
from ... import random as keras_random
from ...utils import bounding_boxes as box_functions
from .base import BaseImagePreprocessingLayer, batch_of, clipped, converted, images_of


class _Affine(BaseImagePreprocessingLayer):
    """Reads each pixel of the result at the place of the image that `_matrix` of what was drawn names.

    Args:
        fill_mode: for places outside: "reflect", "wrap", "constant" (`fill_value`) or "nearest".
        interpolation: "bilinear" or "nearest".
    """

    _USE_BASE_FACTOR = False
    _FILL_MODES = ("reflect", "wrap", "constant", "nearest")
    _INTERPOLATIONS = ("nearest", "bilinear")

    def __init__(
        self, fill_mode: str, interpolation: str, seed: Any, fill_value: float, data_format: Any, **kwargs: Any
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        if fill_mode not in self._FILL_MODES:
            raise NotImplementedError(f"Unknown `fill_mode` {fill_mode}. Expected of one {self._FILL_MODES}.")
        if interpolation not in self._INTERPOLATIONS:
            raise NotImplementedError(
                f"Unknown `interpolation` {interpolation}. Expected of one {self._INTERPOLATIONS}."
            )
        self.fill_mode, self.interpolation, self.fill_value = fill_mode, interpolation, fill_value
        self.seed = seed
        self.generator = keras_random.SeedGenerator(seed)

    def _matrix(self, transformation: Any, height: int, width: int) -> Any:
        """The maps (batch, 8) from places of the result to places of the image; see ops.image.affine_transform."""
        raise NotImplementedError

    def _transform_images(self, images: Any, transformation: Any, interpolation: str) -> Any:
        if transformation is None:
            return images
        return ops.image.affine_transform(
            images,
            self._matrix(transformation, *self._sizes(images.shape)),
            interpolation=interpolation,
            fill_mode=self.fill_mode,
            fill_value=self.fill_value,
            data_format=self.data_format,
        )

    def transform_labels(self, labels: Any, transformation: Any, training: bool = True) -> Any:
        return labels


def _rows(*columns: Any) -> Any:
    """Maps (batch, 8) from six arrays (batch,) and numbers; the projective part is 0."""
    batch = next(c.shape[0] for c in columns if hasattr(c, "shape"))
    parts = [c if hasattr(c, "shape") else tf.fill((batch,), float(c)) for c in (*columns, 0, 0)]
    return tf.stack([tf.cast(p, "float32") for p in parts], axis=1)


class RandomRotation(_Affine):
    """In training, turns each image around its middle by an angle drawn from `factor`, parts of a full circle.

    Args:
        factor: a number or two in [-1, 1]; positive is counter-clockwise.
        fill_mode: for places outside: "reflect", "wrap", "constant" (`fill_value`) or "nearest".
        interpolation: "bilinear" or "nearest".
        seed: an integer; default a random one.

    >>> import gputape as tf
    >>> from gputape import keras
    >>> layer = keras.layers.RandomRotation((0.5, 0.5), interpolation="nearest")
    >>> layer(tf.reshape(tf.range(4.0), (2, 2, 1)), training=True).numpy()[..., 0]
    array([[3., 2.],
           [1., 0.]], dtype=float32)
    """

    def __init__(
        self,
        factor: Any,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: Any = None,
        fill_value: float = 0.0,
        data_format: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format, **kwargs)
        self._set_factor(factor)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        if not training:
            return None
        images = images_of(data)
        height, width = self._sizes(tuple(images.shape))
        angle = self._drawn((batch_of(images),), (self.factor[0] * 360.0, self.factor[1] * 360.0), seed)
        return {"angle": angle, "image_height": height, "image_width": width}

    def _matrix(self, transformation: Any, height: int, width: int) -> Any:
        angle = transformation["angle"] * (math.pi / 180)
        cos, sin = tf.cos(angle), tf.sin(angle)
        x, y = 0.5 * (width - 1), 0.5 * (height - 1)
        return _rows(cos, -sin, x - x * cos + y * sin, sin, cos, y - x * sin - y * cos)

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any, training: bool = True) -> Any:
        if not training:
            return bounding_boxes
        height, width = transformation["image_height"], transformation["image_width"]
        found = converted(bounding_boxes, self.bounding_box_format, "xyxy", height, width)
        angle = transformation["angle"]
        none, one = tf.zeros_like(angle), tf.ones_like(angle)
        found["boxes"] = box_functions.affine_transform(
            found["boxes"], angle, none, none, one, none, none, height=height, width=width
        )
        return converted(clipped(found, height, width), "xyxy", self.bounding_box_format, height, width)


class RandomTranslation(_Affine):
    """In training, moves each image by parts of its height and width drawn from the factors.

    Args:
        height_factor, width_factor: a number or two in [-1, 1]; positive is down and to the right.
        fill_mode, interpolation, fill_value, seed: as of RandomRotation.
    """

    def __init__(
        self,
        height_factor: Any,
        width_factor: Any,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: Any = None,
        fill_value: float = 0.0,
        data_format: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format, **kwargs)
        self.height_factor, self.width_factor = height_factor, width_factor
        self.height_lower, self.height_upper = _strict("height_factor", height_factor, -1.0)
        self.width_lower, self.width_upper = _strict("width_factor", width_factor, -1.0)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        if not training:
            return None
        images = images_of(data)
        shape, batch = tuple(images.shape), batch_of(images)
        height, width = self._sizes(shape)
        down = self._drawn((batch, 1), (self.height_lower, self.height_upper), seed) * height
        right = self._drawn((batch, 1), (self.width_lower, self.width_upper), seed) * width
        return {"translations": tf.concat([right, down], axis=1), "input_shape": shape}

    def _matrix(self, transformation: Any, height: int, width: int) -> Any:
        right, down = tf.unstack(tf.convert_to_tensor(transformation["translations"]), axis=1)
        return _rows(1, 0, -right, 0, 1, -down)

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any, training: bool = True) -> Any:
        if not training:
            return bounding_boxes
        height, width = self._sizes(transformation["input_shape"])
        found = converted(bounding_boxes, self.bounding_box_format, "xyxy", height, width)
        moves = tf.cast(transformation["translations"], "float32")
        moves = moves[:, None] if len(found["boxes"].shape) == 3 else moves
        found["boxes"] = box_functions.pad(found["boxes"], moves[..., 1:], moves[..., :1])
        return converted(clipped(found, height, width), "xyxy", self.bounding_box_format, height, width)


class RandomZoom(_Affine):
    """In training, shows each image from farther away (positive factors) or nearer (negative ones).

    Args:
        height_factor: a number or two in (-1, 1]: 0.2 shows 20% more, -0.2 20% less.
        width_factor: the same for the width; None for what is drawn for the height.
        fill_mode, interpolation, fill_value, seed: as of RandomRotation.
    """

    def __init__(
        self,
        height_factor: Any,
        width_factor: Any = None,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: Any = None,
        fill_value: float = 0.0,
        data_format: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format, **kwargs)
        self.height_factor, self.width_factor = height_factor, width_factor
        self.height_lower, self.height_upper = _strict("height_factor", height_factor, -1.0, open_end=True)
        if width_factor is not None:
            self.width_lower, self.width_upper = _strict("width_factor", width_factor, -1.0, open_end=True)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        if not training:
            return None
        images = images_of(data)
        shape = (batch_of(images), 1)
        tall = wide = self._drawn(shape, (1.0 + self.height_lower, 1.0 + self.height_upper), seed)
        if self.width_factor is not None:
            wide = self._drawn(shape, (1.0 + self.width_lower, 1.0 + self.width_upper), seed)
        return {"height_zoom": tall, "width_zoom": wide, "input_shape": tuple(images.shape)}

    def _matrix(self, transformation: Any, height: int, width: int) -> Any:
        tall, wide = (tf.reshape(tf.cast(transformation[k], "float32"), (-1,)) for k in ("height_zoom", "width_zoom"))
        return _rows(wide, 0, (width - 1) / 2 * (1 - wide), 0, tall, (height - 1) / 2 * (1 - tall))

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any, training: bool = True) -> Any:
        if not training:
            return bounding_boxes
        sizes = height, width = self._sizes(transformation["input_shape"])
        found = converted(bounding_boxes, self.bounding_box_format, "xyxy", height, width)
        zooms = [tf.cast(transformation[k], "float32")[..., None] for k in _ZOOMS]
        # The window of the image that is shown; what is left of a box is scaled from it to the image.
        (top, left), (tall, wide) = (
            [(n - 1) / 2 * (1 - z) for n, z in zip(sizes, zooms)],
            [n * z for n, z in zip(sizes, zooms)],
        )
        x1, y1, x2, y2 = tf.split(found["boxes"], 4, axis=-1)
        x1, x2 = (tf.minimum(tf.maximum(x, left), left + wide) - left for x in (x1, x2))
        y1, y2 = (tf.minimum(tf.maximum(y, top), top + tall) - top for y in (y1, y2))
        found["boxes"] = tf.concat([x1 / wide, y1 / tall, x2 / wide, y2 / tall], axis=-1)
        found = clipped(found, height, width, "rel_xyxy")
        return converted(found, "rel_xyxy", self.bounding_box_format, height, width)


_ZOOMS = ("height_zoom", "width_zoom")


class RandomShear(_Affine):
    """In training, shears each image: x becomes x + a y, y becomes y + b x; a and b have a random sign.

    Args:
        x_factor, y_factor: a and b are drawn from them; a number or two in [0, 1].
        interpolation, fill_mode, fill_value, seed: as of RandomRotation.
    """

    def __init__(
        self,
        x_factor: Any = 0.0,
        y_factor: Any = 0.0,
        interpolation: str = "bilinear",
        fill_mode: str = "reflect",
        fill_value: float = 0.0,
        data_format: Any = None,
        seed: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format, **kwargs)
        self.x_factor = _strict("x_factor", x_factor, 0.0)
        self.y_factor = _strict("y_factor", y_factor, 0.0)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        if not training:
            return None
        images = images_of(data)
        batch, kind = batch_of(images), self.compute_dtype
        sign = tf.where(self._drawn((batch, 1), seed=seed, dtype=kind) > 0.5, -1.0, 1.0)
        y, x = (self._drawn((batch, 1), factor, seed, kind) for factor in (self.y_factor, self.x_factor))
        return {"shear_factor": tf.concat([x, y], axis=1) * tf.cast(sign, kind), "input_shape": tuple(images.shape)}

    def _matrix(self, transformation: Any, height: int, width: int) -> Any:
        along_x, along_y = tf.unstack(tf.convert_to_tensor(transformation["shear_factor"]), axis=1)
        return _rows(1, along_x, 0, along_y, 1, 0)

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any, training: bool = True) -> Any:
        if not training:
            return bounding_boxes
        height, width = self._sizes(transformation["input_shape"])
        found = converted(bounding_boxes, self.bounding_box_format, "rel_xyxy", height, width)
        shear = tf.cast(transformation["shear_factor"], "float32")
        a, b = shear[:, None, :1], shear[:, None, 1:]
        x1, y1, x2, y2 = tf.split(found["boxes"], 4, axis=-1)
        x1, x2 = tf.where(a < 0, x1 - a * y1, x1 - a * y2), tf.where(a < 0, x2 - a * y2, x2 - a * y1)
        y1, y2 = tf.where(b > 0, y1 - b * x2, y1 - b * x1), tf.where(b > 0, y2 - b * x1, y2 - b * x2)
        found["boxes"] = tf.concat([x1, y1, x2, y2], axis=-1)
        found = clipped(found, height, width, "rel_xyxy")
        return converted(found, "rel_xyxy", self.bounding_box_format, height, width)


def _strict(name: str, factor: Any, low: float, open_end: bool = False) -> tuple[float, float]:
    """(lower, upper); what is given lies in [low, 1], or (low, 1] with `open_end`. One number stands for both signs."""
    if isinstance(factor, (tuple, list)) and len(factor) == 2 and factor[0] == -factor[1]:
        factor = factor[1]  # what a config says of one number
    given = factor if isinstance(factor, (tuple, list)) else (factor,)
    numbers = all(isinstance(f, (int, float)) for f in given)
    one = not isinstance(factor, (tuple, list))
    if (
        not numbers
        or len(given) != (1 if one else 2)
        or any(not low <= f <= 1 or (open_end and f == low) for f in given)
    ):
        raise ValueError(
            f"The `{name}` argument should be a number (or a list of two numbers) in the range "
            f"{'(' if open_end else '['}{low}, 1.0]. Received: {name}={factor}"
        )
    lower, upper = (-abs(factor), abs(factor)) if one else sorted(given)
    return lower, upper
