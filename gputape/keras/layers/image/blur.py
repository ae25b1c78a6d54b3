"""RandomSharpness and RandomGaussianBlur."""

from __future__ import annotations

from typing import Any

import numpy as np

import gputape as tf

from ... import ops
from ... import random as keras_random
from .base import PixelLayer, batch_of, images_of, interval, over_images, value_range_of


class RandomSharpness(PixelLayer):
    """In training, brings each image nearer to a smoothed one, or farther from it: image + (1 - 2 f) (smooth - image).

    Args:
        factor: f is drawn from it; a number or two in [0, 1]. 0 gives the smoothed image, 0.5 the image itself.
        value_range: results are cut to it. Default (0, 255).
        seed: an integer; default a random one.
    """

    _USE_BASE_FACTOR = False
    _FACTOR_BOUNDS = (0, 1)

    def __init__(
        self, factor: Any, value_range: Any = (0, 255), data_format: Any = None, seed: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self._set_factor(factor)
        self.value_range = value_range_of(value_range)
        self.seed = seed
        self.generator = keras_random.SeedGenerator(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        return {"factor": self._drawn((batch_of(images_of(data)),), self.factor, seed)}

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        images = tf.cast(images, self.compute_dtype)
        if not training:
            return images
        factor = over_images(tf.cast(transformation["factor"] * 2, images.dtype), images)
        window = np.full((3, 3), 1 / 13)
        window[1, 1] = 5 / 13
        last = self.data_format == "channels_last"
        x = images if last else tf.transpose(images, [0, 2, 3, 1])
        window = np.repeat(window[:, :, None, None], x.shape[-1], axis=2)
        smooth = tf.nn.depthwise_conv2d(x, tf.cast(window, x.dtype), [1, 1, 1, 1], "SAME")
        smooth = smooth if last else tf.transpose(smooth, [0, 3, 1, 2])
        return tf.clip_by_value(images + (1 - factor) * (smooth - images), *self.value_range)


class RandomGaussianBlur(PixelLayer):
    """In training, blurs images, each with a probability drawn from `factor`.

    Args:
        factor: a number or two in [0, 1].
        kernel_size: width and height of the window, odd. Default 3.
        sigma: the standard deviations are drawn from it; a number or two in [0, 1].
        value_range: results are cut to it. Default (0, 255).
        seed: an integer; default a random one.
    """

    _USE_BASE_FACTOR = False
    _FACTOR_BOUNDS = (0, 1)

    def __init__(
        self,
        factor: Any = 1.0,
        kernel_size: Any = 3,
        sigma: Any = 1.0,
        value_range: Any = (0, 255),
        data_format: Any = None,
        seed: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self._set_factor(factor)
        sizes = (kernel_size,) * 2 if isinstance(kernel_size, (int, float)) else kernel_size
        if not isinstance(sizes, (tuple, list)) or len(sizes) != 2 or any(size % 2 == 0 for size in sizes):
            raise ValueError(f"kernel_size must be an odd number. Received: kernel_size={kernel_size}")
        self.kernel_size = tuple(sizes)
        self.sigma = interval("sigma", sigma, self._FACTOR_BOUNDS)
        self.value_range = value_range
        self.seed = seed
        self.generator = keras_random.SeedGenerator(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        if not training:
            return None
        chosen = self._chosen(batch_of(images_of(data)), seed)
        return {
            "should_apply_blur": chosen,
            "blur_factor": self._drawn((2,), self.sigma, seed, self.compute_dtype) + 1e-6,
        }

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        images = tf.cast(images, self.compute_dtype)
        if not training or transformation is None:
            return images
        blurred = ops.image.gaussian_blur(
            images, self.kernel_size, transformation["blur_factor"], data_format=self.data_format
        )
        made = tf.where(over_images(transformation["should_apply_blur"], images), blurred, images)
        return tf.clip_by_value(made, *self.value_range)
