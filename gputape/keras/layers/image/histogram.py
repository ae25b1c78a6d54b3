"""AutoContrast and Equalization."""

from __future__ import annotations

from typing import Any

import gputape as tf

from .base import PixelLayer, value_range_of


class AutoContrast(PixelLayer):
    """Stretches the values of each image and channel over the whole `value_range`; a channel of one value stays.

    It acts in inference too.

    >>> import gputape as tf
    >>> from gputape import keras
    >>> image = tf.reshape([10.0, 20.0, 30.0], (1, 3, 1))
    >>> keras.layers.AutoContrast()(image).numpy().reshape(-1)
    array([  0. , 127.5, 255. ], dtype=float32)
    """

    _USE_BASE_FACTOR = False

    def __init__(self, value_range: Any = (0, 255), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.value_range = value_range_of(value_range)

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        images = tf.cast(images, self.compute_dtype)
        axes = [self.height_axis, self.width_axis]
        least, most = (f(images, axes, keepdims=True) for f in (tf.reduce_min, tf.reduce_max))
        low, high = self.value_range
        flat = most == least
        made = (images - least) * ((high - low) / tf.where(flat, tf.ones_like(most), most - least)) + low
        return tf.where(flat, images, tf.clip_by_value(made, low, high))


class Equalization(PixelLayer):
    """Evens out how often values appear: x becomes the part of values that are at most x, for each channel.

    As in Keras, the images of a batch share one histogram; the layer acts in training only.

    Args:
        value_range: the smallest and the largest value of images. Default (0, 255).
        bins: of the histogram. Default 256.
    """

    _USE_BASE_FACTOR = False

    def __init__(self, value_range: Any = (0, 255), bins: int = 256, data_format: Any = None, **kwargs: Any) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.bins = bins
        self.value_range = value_range_of(value_range)

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        if not training:
            return images
        images = tf.cast(images, self.compute_dtype)
        x = self._transform_value_range(images, self.value_range, (0, 255), self.compute_dtype)
        channels = [self._equalized(part) for part in tf.unstack(x, axis=self.channel_axis)]
        made = tf.stack(channels, axis=self.channel_axis)
        return self._transform_value_range(made, (0, 255), self.value_range, self.compute_dtype)

    def _equalized(self, channel: Any) -> Any:
        bins = tf.cast(tf.clip_by_value(channel * ((self.bins - 1) / 255), 0, self.bins - 1), "int32")
        counts = tf.math.bincount(tf.reshape(bins, (-1,)), minlength=self.bins, maxlength=self.bins)
        total = tf.cast(tf.cumsum(counts), "float32")
        least = tf.reduce_min(tf.where(total > 0, total, total[-1]))
        table = tf.round((total - least) * 255 / tf.maximum(total[-1] - least, 1))
        made = tf.cast(tf.gather(tf.clip_by_value(table, 0, 255), bins), channel.dtype)
        several = tf.math.count_nonzero(counts) > 1
        return tf.where(several, made, channel)
