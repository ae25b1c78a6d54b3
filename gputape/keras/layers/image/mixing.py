"""MixUp, CutMix and RandomErasing: images blended with others, or with noise, in part."""

from __future__ import annotations

from typing import Any

import gputape as tf

from ... import random as keras_random
from .base import BaseImagePreprocessingLayer, PixelLayer, batch_of, images_of, interval, over_images


class MixUp(BaseImagePreprocessingLayer):
    """In training, blends each sample with another of its batch: w * own + (1 - w) * other, labels too.

    Args:
        alpha: w is drawn from the Beta distribution (alpha, alpha). Default 0.2.
        seed: an integer; default a random one.

    Boxes of both images are kept. Reference: Zhang et al. 2018.

    >>> import gputape as tf
    >>> from gputape import keras
    >>> made = keras.layers.MixUp()({"images": tf.ones((2, 4, 4, 3)), "labels": tf.eye(2)}, training=True)
    >>> tf.reduce_sum(made["labels"], -1).numpy()
    array([1., 1.], dtype=float32)
    """

    _USE_BASE_FACTOR = False

    def __init__(self, alpha: float = 0.2, data_format: Any = None, seed: Any = None, **kwargs: Any) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.alpha = alpha
        self.seed = seed
        self.generator = keras_random.SeedGenerator(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        batch = batch_of(images_of(data))
        seed = self._get_seed_generator() if seed is None else seed
        order = keras_random.shuffle(tf.range(batch, dtype="int64"), seed=seed)
        weight = keras_random.beta((batch,), self.alpha, self.alpha, seed=seed)
        return {"mix_weight": weight, "permutation_order": order}

    def _blended(self, x: Any, transformation: Any, rank: int) -> Any:
        x = tf.cast(x, self.compute_dtype)
        weight = tf.reshape(tf.cast(transformation["mix_weight"], x.dtype), [-1] + [1] * (rank - 1))
        return weight * x + (1 - weight) * tf.gather(x, transformation["permutation_order"])

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        return self._blended(images, transformation, 4) if training else images

    def transform_labels(self, labels: Any, transformation: Any, training: bool = True) -> Any:
        return self._blended(labels, transformation, 2) if training else labels

    def transform_segmentation_masks(self, segmentation_masks: Any, transformation: Any, training: bool = True) -> Any:
        return self._blended(segmentation_masks, transformation, 4) if training else segmentation_masks

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any, training: bool = True) -> Any:
        if not training:
            return bounding_boxes
        order = transformation["permutation_order"]
        both = {}
        for key in ("boxes", "labels"):
            own = tf.convert_to_tensor(bounding_boxes[key])
            both[key] = tf.concat([own, tf.gather(own, order)], axis=min(1, len(own.shape) - 1))
        return both


def _window(layer: Any, batch: int, length: int, part: Any, seed: Any) -> tuple[Any, Any]:
    """Start and end, within `length`, of windows of `part` of it, at random places."""
    size = tf.cast(part * length, layer.compute_dtype)
    start = layer._drawn((batch,), seed=seed, dtype=layer.compute_dtype) * (length - size)
    return start, start + size


def _within(layer: Any, shape: Any, xs: Any, ys: Any) -> Any:
    """Which pixels of images of `shape` lie between the x and the y of their image: bool, one channel."""
    inside: Any = True
    for axis, (start, end) in ((layer.width_axis, xs), (layer.height_axis, ys)):
        each = [1] * 4
        each[axis] = shape[axis]
        at = tf.reshape(tf.range(shape[axis], dtype=layer.compute_dtype), each)
        inside = (at >= over_images(start, at)) & (at < over_images(end, at)) & inside
    return inside


class CutMix(BaseImagePreprocessingLayer):
    """In training, replaces a rectangle of each image by that of another; labels are blended by area.

    Args:
        factor: the parameters of a Beta distribution, which decides about the area, are drawn from it; in [0, 1].
        seed: an integer; default a random one.

    Boxes raise NotImplementedError. Reference: Yun et al. 2019.
    """

    _USE_BASE_FACTOR = False
    _FACTOR_BOUNDS = (0, 1)

    def __init__(self, factor: Any = 1.0, seed: Any = None, data_format: Any = None, **kwargs: Any) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self._set_factor(factor)
        self.seed = seed
        self.generator = keras_random.SeedGenerator(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        shape = tuple(images_of(data).shape)
        if not training or len(shape) == 3:
            return None
        batch, (height, width) = shape[0], self._sizes(shape)
        seed = self._get_seed_generator() if seed is None else seed
        alpha = self._drawn((), self.factor, seed, self.compute_dtype) + 1e-6
        weight = keras_random.beta((batch,), alpha, alpha, seed=seed, dtype=self.compute_dtype)
        part = tf.sqrt(1 - weight)
        xs, ys = _window(self, batch, width, part, seed), _window(self, batch, height, part, seed)
        return {
            "batch_masks": _within(self, shape, xs, ys),
            "mix_weight": 1 - (xs[1] - xs[0]) * (ys[1] - ys[0]) / (width * height),
            "permutation_order": keras_random.shuffle(tf.range(batch), seed=seed),
        }

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        images = tf.cast(images, self.compute_dtype)
        if not training or transformation is None:
            return images
        other = tf.gather(images, transformation["permutation_order"])
        return tf.where(transformation["batch_masks"], other, images)

    def transform_labels(self, labels: Any, transformation: Any, training: bool = True) -> Any:
        if not training or transformation is None:
            return labels
        labels = tf.cast(labels, self.compute_dtype)
        weight = tf.reshape(tf.cast(transformation["mix_weight"], labels.dtype), (-1, 1))
        return weight * labels + (1 - weight) * tf.gather(labels, transformation["permutation_order"])

    def transform_segmentation_masks(self, segmentation_masks: Any, transformation: Any, training: bool = True) -> Any:
        return self.transform_images(segmentation_masks, transformation, training)


class RandomErasing(PixelLayer):
    """In training, fills a rectangle of each image, with a probability drawn from `factor`.

    Args:
        factor: a number or two in [0, 1].
        scale: the area of the rectangle, as a part of the image, is drawn from it; a number or two in [0, 1].
        fill_value: a number or three; None for normally distributed noise.
        value_range: what is filled in is cut to it. Default (0, 255).
        seed: an integer; default a random one.

    Reference: Zhong et al. 2020.
    """

    _USE_BASE_FACTOR = False
    _FACTOR_BOUNDS = (0, 1)

    def __init__(
        self,
        factor: Any = 1.0,
        scale: Any = (0.02, 0.33),
        fill_value: Any = None,
        value_range: Any = (0, 255),
        seed: Any = None,
        data_format: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self._set_factor(factor)
        self.scale = interval("scale", scale, self._FACTOR_BOUNDS)
        several = isinstance(fill_value, (tuple, list))
        if not (fill_value is None or isinstance(fill_value, (int, float)) or (several and len(fill_value) == 3)):
            raise ValueError(
                "The `fill_value` argument should be a number (or a list of three numbers) "
                f"Received: fill_value={fill_value}"
            )
        self.fill_value = fill_value
        self.value_range = value_range
        self.seed = seed
        self.generator = keras_random.SeedGenerator(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        if not training:
            return None
        images = images_of(data)
        batch, shape = batch_of(images), tuple(images.shape)
        height, width = self._sizes(shape)
        seed = self._get_seed_generator() if seed is None else seed
        part = tf.sqrt(self._drawn((batch, 2), self.scale, seed, self.compute_dtype))
        xs = _window(self, batch, width, part[:, 0], seed)
        ys = _window(self, batch, height, part[:, 1], seed)
        return {
            "apply_erasing": self._chosen(batch, seed),
            "batch_masks": _within(self, shape, xs, ys),
            "fill_value": self._filling(shape, seed),
        }

    def _filling(self, shape: Any, seed: Any) -> Any:
        if self.fill_value is None:
            value = keras_random.normal(shape, dtype=self.compute_dtype, seed=seed) * self.value_range[1]
        else:
            each = [1] * 4
            each[self.channel_axis] = -1
            value = tf.reshape(tf.cast(self.fill_value, self.compute_dtype), each)
        return tf.clip_by_value(value, *self.value_range)

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        images = tf.cast(images, self.compute_dtype)
        if not training:
            return images
        chosen = over_images(transformation["apply_erasing"], images)
        return tf.where(chosen & transformation["batch_masks"], transformation["fill_value"], images)
