"""RandomHue, RandomSaturation, RandomGrayscale, RandomColorDegeneration and RandomColorJitter."""

from __future__ import annotations

from typing import Any

import gputape as tf

from ... import ops
from ... import random as keras_random
from .base import PixelLayer, batch_of, images_of, value_range_of
from .light import RandomBrightness, RandomContrast


class _InHSV(PixelLayer):
    """Changes one of hue, saturation and value of colour images."""

    def _changed(self, images: Any, channel: int, change: Any) -> Any:
        parts = tf.unstack(ops.image.rgb_to_hsv(images, data_format=self.data_format), axis=self.channel_axis)
        parts[channel] = change(parts[channel])
        return ops.image.hsv_to_rgb(tf.stack(parts, axis=self.channel_axis), data_format=self.data_format)


class RandomHue(_InHSV):
    """In training, turns the hue of each colour image: by up to half a circle times `factor`, one way or the other.

    Args:
        factor: a number or two in [0, 1].
        value_range: the smallest and the largest value of images. Default (0, 255).
        seed: an integer; default a random one.
    """

    _FACTOR_BOUNDS = (0, 1)

    def __init__(
        self, factor: Any, value_range: Any = (0, 255), data_format: Any = None, seed: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self._set_factor(factor)
        self.value_range = value_range
        self.seed = seed
        self.generator = keras_random.SeedGenerator(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        batch = batch_of(images_of(data))
        sign = tf.where(self._drawn((batch,), seed=seed) > 0.5, -1.0, 1.0)
        return {"factor": sign * self._drawn((batch,), self.factor, seed) * 0.5}

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        if not training:
            return images
        images = tf.cast(images, self.compute_dtype)
        images = self._transform_value_range(images, self.value_range, (0, 1), self.compute_dtype)
        turn = tf.reshape(tf.cast(transformation["factor"], images.dtype), (-1, 1, 1))
        made = self._changed(images, 0, lambda hue: tf.math.floormod(hue + turn, 1))
        return self._transform_value_range(tf.clip_by_value(made, 0, 1), (0, 1), self.value_range, self.compute_dtype)


class RandomSaturation(_InHSV):
    """In training, multiplies the saturation of each colour image by f / (1 - f), f drawn from `factor`.

    Args:
        factor: a number or two in [-1, 1]; up to 0 makes images grey, 0.5 leaves them as they are. One number stands
            for both signs, so give two.
        value_range: the saturation is cut to it. Default (0, 255).
        seed: an integer; default a random one.
    """

    def __init__(
        self, factor: Any, value_range: Any = (0, 255), data_format: Any = None, seed: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self._set_factor(factor)
        self.value_range = value_range_of(value_range)
        self.seed = seed
        self.generator = keras_random.SeedGenerator(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        drawn = self._drawn((batch_of(images_of(data)),), self.factor, seed)
        return {"factor": drawn / (1 - drawn + 1e-7)}

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        if not training:
            return images
        images = tf.cast(images, self.compute_dtype)
        factor = tf.reshape(tf.cast(transformation["factor"], images.dtype), (-1, 1, 1))
        return self._changed(images, 1, lambda s: tf.clip_by_value(s * factor, *self.value_range))


class RandomGrayscale(PixelLayer):
    """In training, makes each colour image grey with probability `factor`; it keeps its channels.

    >>> import gputape as tf
    >>> from gputape import keras
    >>> keras.layers.RandomGrayscale(1.0)(tf.constant([[[10.0, 20.0, 30.0]]]), training=True).numpy().round(2)
    array([[[18.15, 18.15, 18.15]]], dtype=float32)
    """

    _USE_BASE_FACTOR = False

    def __init__(self, factor: float = 0.5, data_format: Any = None, seed: Any = None, **kwargs: Any) -> None:
        super().__init__(data_format=data_format, **kwargs)
        if not 0 <= factor <= 1:
            raise ValueError(f"`factor` should be between 0 and 1. Received: factor={factor}")
        self.factor = factor
        self.seed = seed
        self.generator = keras_random.SeedGenerator(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        batch = batch_of(images_of(data))
        return self._drawn((batch, 1, 1, 1), seed=seed) < self.factor

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        if not training:
            return images
        if transformation is None:
            transformation = self.get_random_transformation(images)
        images = tf.cast(images, self.compute_dtype)
        grey = ops.image.rgb_to_grayscale(images, data_format=self.data_format)
        return tf.where(transformation, grey, images)


class RandomColorDegeneration(PixelLayer):
    """In training, brings each colour image nearer to grey: image + f * (grey - image), f drawn from `factor`.

    Args:
        factor: a number or two in [-1, 1].
        value_range: results are cut to it. Default (0, 255).
        seed: an integer; default a random one.
    """

    def __init__(
        self, factor: Any, value_range: Any = (0, 255), data_format: Any = None, seed: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self._set_factor(factor)
        self.value_range = value_range_of(value_range)
        self.seed = seed
        self.generator = keras_random.SeedGenerator(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        return {"factor": self._drawn((batch_of(images_of(data)), 1, 1, 1), self.factor, seed)}

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        if not training:
            return images
        images = tf.cast(images, self.compute_dtype)
        grey = ops.image.rgb_to_grayscale(images, data_format=self.data_format)
        made = images + tf.cast(transformation["factor"], images.dtype) * (grey - images)
        return tf.clip_by_value(made, *self.value_range)


class RandomColorJitter(PixelLayer):
    """In training, changes brightness, contrast, saturation and hue, in this order; those whose factor is given.

    Args:
        value_range: the smallest and the largest value of images. Default (0, 255).
        brightness_factor, contrast_factor, saturation_factor, hue_factor: as of the layers with these names.
        seed: an integer; default a random one.
    """

    _USE_BASE_FACTOR = False

    def __init__(
        self,
        value_range: Any = (0, 255),
        brightness_factor: Any = None,
        contrast_factor: Any = None,
        saturation_factor: Any = None,
        hue_factor: Any = None,
        seed: Any = None,
        data_format: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.value_range = value_range
        self.brightness_factor, self.contrast_factor = brightness_factor, contrast_factor
        self.saturation_factor, self.hue_factor = saturation_factor, hue_factor
        self.seed = seed
        self.generator = keras_random.SeedGenerator(seed)
        kinds = (
            (RandomBrightness, brightness_factor),
            (RandomContrast, contrast_factor),
            (RandomSaturation, saturation_factor),
            (RandomHue, hue_factor),
        )
        common = {"value_range": value_range, "seed": seed, "data_format": data_format, "dtype": self.dtype_policy}
        self._steps = [kind(factor, **common) for kind, factor in kinds if factor is not None]

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        if not training:
            return images
        images = tf.cast(images, self.compute_dtype)
        for layer in self._steps:
            drawn = layer.get_random_transformation(images, seed=self._get_seed_generator())
            images = layer.transform_images(images, drawn)
        return tf.cast(images, self.compute_dtype)
