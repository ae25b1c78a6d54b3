"""RandomElasticTransform."""

from __future__ import annotations

from typing import Any

import gputape as tf

from ... import ops
from ... import random as keras_random
from .base import BaseImagePreprocessingLayer, batch_of, images_of, interval, over_images


class RandomElasticTransform(BaseImagePreprocessingLayer):
    """In training, moves pixels by smooth random distances, in each image with a probability drawn from `factor`.

    Args:
        factor: a number or two in [0, 1].
        scale: the strength is drawn from it; a number or two in [0, 1].
        interpolation: "bilinear" or "nearest".
        fill_mode: for places outside: "reflect", "wrap", "constant" (`fill_value`), "mirror" or "nearest".
        value_range: results are cut to it. Default (0, 255).
        seed: an integer; default a random one.

    Reference: Simard, Steinkraus and Platt 2003.
    """

    _USE_BASE_FACTOR = False
    _FACTOR_BOUNDS = (0, 1)
    _FILL_MODES = ("constant", "nearest", "wrap", "mirror", "reflect")
    _INTERPOLATIONS = ("nearest", "bilinear")

    def __init__(
        self,
        factor: Any = 1.0,
        scale: Any = 1.0,
        interpolation: str = "bilinear",
        fill_mode: str = "reflect",
        fill_value: float = 0.0,
        value_range: Any = (0, 255),
        seed: Any = None,
        data_format: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self._set_factor(factor)
        self.scale = interval("scale", scale, self._FACTOR_BOUNDS)
        if interpolation not in self._INTERPOLATIONS:
            raise NotImplementedError(
                f"Unknown `interpolation` {interpolation}. Expected of one {self._INTERPOLATIONS}."
            )
        if fill_mode not in self._FILL_MODES:
            raise NotImplementedError(f"Unknown `fill_mode` {fill_mode}. Expected of one {self._FILL_MODES}.")
        self.interpolation, self.fill_mode, self.fill_value = interpolation, fill_mode, fill_value
        self.value_range = value_range
        self.seed = seed
        self.generator = keras_random.SeedGenerator(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        if not training or self.scale[1] == 0 or self.factor[1] == 0:
            return None
        chosen = self._chosen(batch_of(images_of(data)), seed)
        strength = self._drawn((), self.scale, seed, self.compute_dtype)
        # One seed for images and masks, so that both are bent alike.
        pair = keras_random.draw_seed(self._get_seed_generator() if seed is None else seed)
        return {"apply_transform": chosen, "distortion_factor": strength, "seed": pair}

    def _transform_images(self, images: Any, transformation: Any, interpolation: str) -> Any:
        if transformation is None:
            return images
        height, width = self._sizes(images.shape)
        strength = tf.cast(transformation["distortion_factor"], self.compute_dtype)
        bent = ops.image.elastic_transform(
            images,
            alpha=max(height, width) * 0.1 * strength,
            sigma=min(height, width) * 0.05 * strength,
            interpolation=interpolation,
            fill_mode=self.fill_mode,
            fill_value=self.fill_value,
            seed=transformation["seed"],
            data_format=self.data_format,
        )
        chosen = over_images(transformation["apply_transform"], images)
        return tf.clip_by_value(tf.where(chosen, bent, images), *self.value_range)

    def transform_labels(self, labels: Any, transformation: Any, training: bool = True) -> Any:
        return labels
