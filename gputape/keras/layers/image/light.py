"""RandomBrightness and RandomContrast."""

from __future__ import annotations

from typing import Any

import gputape as tf

from ... import random as keras_random
from .base import PixelLayer, images_of, per_image, value_range_of


class RandomBrightness(PixelLayer):
    """In training, adds a random number to each image: `factor` of the width of `value_range`. Results are cut to it.

    Args:
        factor: a number or two in [-1, 1].
        value_range: the smallest and the largest value of images. Default (0, 255).
        seed: an integer; default a random one.

    >>> import gputape as tf
    >>> from gputape import keras
    >>> layer = keras.layers.RandomBrightness((0.5, 0.5), value_range=(0, 1))
    >>> layer(tf.fill((1, 1, 2, 1), 0.25), training=True).numpy().reshape(-1)
    array([0.75, 0.75], dtype=float32)
    """

    def __init__(self, factor: Any, value_range: Any = (0, 255), seed: Any = None, **kwargs: Any) -> None:
        super().__init__(factor=factor, **kwargs)
        self.seed = seed
        self.generator = keras_random.SeedGenerator(seed)
        self.value_range = value_range_of(value_range)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        shape = per_image(images_of(data))
        if not training:
            return {"rgb_delta": tf.zeros(shape)}
        low, high = self.value_range
        return {"rgb_delta": self._drawn(shape, self.factor, seed) * (high - low)}

    def transform_images(self, images: Any, transformation: Any, training: bool = True) -> Any:
        if not training:
            return images
        images = tf.cast(images, self.compute_dtype)
        return tf.clip_by_value(images + tf.cast(transformation["rgb_delta"], images.dtype), *self.value_range)


class RandomContrast(PixelLayer):
    """In training, brings values away from the mean of their image and channel, or nearer: (x - mean) * f + mean.

    Args:
        factor: f is drawn between 1 - lower and 1 + upper; one number or two in [0, 1], one stands for (0, factor).
        value_range: results are cut to it. Default (0, 255).
        seed: an integer; default a random one.
    """

    _FACTOR_BOUNDS = (0, 1)

    def __init__(self, factor: Any, value_range: Any = (0, 255), seed: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._set_factor(factor)
        self.value_range = value_range
        self.seed = seed
        self.generator = keras_random.SeedGenerator(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        shape = per_image(images_of(data))
        if not training:
            return {"contrast_factor": tf.zeros(shape)}
        low, high = 1.0 - self.factor[0], 1.0 + self.factor[1]
        return {"contrast_factor": self._drawn(shape, (low, high), seed, self.compute_dtype)}

    def transform_images(self, images: Any, transformation: Any, training: bool = True) -> Any:
        if not training:
            return images
        images = tf.cast(images, self.compute_dtype)
        mean = tf.reduce_mean(images, [self.height_axis, self.width_axis], keepdims=True)
        made = (images - mean) * tf.cast(transformation["contrast_factor"], images.dtype) + mean
        return tf.clip_by_value(made, *self.value_range)
