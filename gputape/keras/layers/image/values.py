"""RandomInvert, Solarization and RandomPosterization."""

from __future__ import annotations

from typing import Any

import gputape as tf

from ... import random as keras_random
from .base import PixelLayer, batch_of, images_of, over_images, per_image, value_range_of


class RandomInvert(PixelLayer):
    """In training, replaces x by value_range[1] - x, in each image with a probability drawn from `factor`.

    >>> import gputape as tf
    >>> from gputape import keras
    >>> keras.layers.RandomInvert((1.0, 1.0))(tf.fill((1, 1, 1), 55.0), training=True).numpy().item()
    200.0
    """

    _USE_BASE_FACTOR = False
    _FACTOR_BOUNDS = (0, 1)

    def __init__(
        self,
        factor: Any = 1.0,
        value_range: Any = (0, 255),
        seed: Any = None,
        data_format: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self._set_factor(factor)
        self.value_range = value_range
        self.seed = seed
        self.generator = keras_random.SeedGenerator(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        return {"apply_inversion": self._chosen(batch_of(images_of(data)), seed)} if training else None

    def transform_images(self, images: Any, transformation: Any, training: bool = True) -> Any:
        if not training:
            return images
        images = tf.cast(images, self.compute_dtype)
        return tf.where(over_images(transformation["apply_inversion"], images), self.value_range[1] - images, images)


class Solarization(PixelLayer):
    """In training, adds a random number to images and inverts what is not below a random threshold.

    Args:
        addition_factor, threshold_factor: a number or two in [0, 1], parts of 255; one stands for (0, factor).
        value_range: the smallest and the largest value of images. Default (0, 255).
        seed: an integer; default a random one.
    """

    _USE_BASE_FACTOR = False

    def __init__(
        self,
        addition_factor: Any = 0.0,
        threshold_factor: Any = 0.0,
        value_range: Any = (0, 255),
        seed: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.seed = seed
        self.generator = keras_random.SeedGenerator(seed)
        self.addition_factor = self._checked("addition_factor", addition_factor)
        self.threshold_factor = self._checked("threshold_factor", threshold_factor)
        self.value_range = value_range_of(value_range)

    @staticmethod
    def _checked(name: str, factor: Any) -> tuple[float, float]:
        both = (0, factor) if isinstance(factor, (int, float)) else factor
        if isinstance(both, (tuple, list)) and len(both) == 2 and all(0 <= f <= 1 for f in both):
            lower, upper = sorted(both)
            return lower, upper
        raise ValueError(
            "The `addition_factor` and `threshold_factor` arguments should be a number (or a list of two numbers) in "
            f"the range [0, 1]. Received: {name}={factor}"
        )

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        if not training:
            return None
        shape = per_image(images_of(data))

        def drawn(factor: tuple[float, float]) -> Any:
            return self._drawn(shape, (factor[0], factor[1] * 255), seed, self.compute_dtype)

        return {"additions": drawn(self.addition_factor), "thresholds": drawn(self.threshold_factor)}

    def transform_images(self, images: Any, transformation: Any, training: bool = True) -> Any:
        images = tf.cast(images, self.compute_dtype)
        if not training or transformation is None:
            return images
        images = self._transform_value_range(images, self.value_range, (0, 255), self.compute_dtype)
        made = tf.clip_by_value(images + transformation["additions"], 0, 255)
        made = tf.where(made < transformation["thresholds"], made, 255 - made)
        return self._transform_value_range(made, (0, 255), self.value_range, self.compute_dtype)


class RandomPosterization(PixelLayer):
    """In training, keeps only the upper bits of values in [0, 255]; how many is drawn from `factor`, for each image.

    Args:
        factor: a number or two in [1, 8].
        value_range: the smallest and the largest value of images. Default (0, 255).
        seed: an integer; default a random one.
    """

    _USE_BASE_FACTOR = False
    _FACTOR_BOUNDS = (1, 8)

    def __init__(
        self, factor: Any, value_range: Any = (0, 255), data_format: Any = None, seed: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self._set_factor(factor)
        self.value_range = value_range_of(value_range)
        self.seed = seed
        self.generator = keras_random.SeedGenerator(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        batch = batch_of(images_of(data))
        low, high = self.factor
        if low == high:
            return {"shift_factor": tf.fill((batch,), tf.cast(8 - low, "uint8"))}
        seed = self._get_seed_generator() if seed is None else seed
        kept = keras_random.randint((batch,), low, high, "int32", seed)
        return {"shift_factor": tf.cast(8 - kept, "uint8")}

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        if not training:
            return images
        shift = over_images(transformation["shift_factor"], images)
        images = self._transform_value_range(images, self.value_range, (0, 255), self.compute_dtype)
        made = tf.cast(images, "uint8")
        made = tf.bitwise.left_shift(tf.bitwise.right_shift(made, shift), shift)
        made = tf.cast(made, self.compute_dtype)
        return self._transform_value_range(made, (0, 255), self.value_range, self.compute_dtype)
