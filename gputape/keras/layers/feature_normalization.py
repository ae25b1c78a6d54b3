"""Normalization: features shifted and scaled to mean 0 and variance 1 of the data that `adapt` saw."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

import gputape as tf

from .. import backend
from .data_layer import DataLayer, batches, is_batch


class Normalization(DataLayer):
    """y = (x - mean) / max(sqrt(variance), epsilon), with a mean and a variance per feature that do not train.

    Args:
        axis: int, ints or None: the axes with a mean and variance for each index. Default -1, the last; None for
            one mean and variance of everything.
        mean, variance: numbers, or arrays that broadcast to the sizes of `axis`; without them `adapt` learns both.
        invert: y = x * max(sqrt(variance), epsilon) + mean instead. Default False.

    epsilon is `keras.config.epsilon()`. ValueError if only one of `mean` and `variance` is given or their shapes
    differ, or, when it is built, if `axis` is out of range or its size not known.

    >>> from gputape import keras
    >>> layer = keras.layers.Normalization()
    >>> layer.adapt(tf.constant([[0.0, 7.0], [2.0, 9.0]]))
    >>> layer([[0.0, 8.0]]).numpy()
    array([[-1.,  0.]], dtype=float32)
    """

    def __init__(
        self, axis: Any = -1, mean: Any = None, variance: Any = None, invert: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.axis = () if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
        if (mean is None) != (variance is None):
            raise ValueError(
                "When setting values directly, both `mean` and `variance` must be set. Received: "
                f"mean={mean} and variance={variance}"
            )
        if np.shape(mean) != np.shape(variance):
            raise ValueError(
                "When setting values directly, `mean` and `variance` must have the same shape. Received: mean shape "
                f"{np.shape(mean)} and variance shape {np.shape(variance)}"
            )
        if len(np.shape(mean)) > len(self.axis):
            raise ValueError(
                f"The rank of `mean` must be less than or equal to the number of axes ({len(self.axis)}). Received: "
                f"mean shape {np.shape(mean)} for axis {self.axis}"
            )
        self.input_mean, self.input_variance, self.invert = mean, variance, invert
        self.supports_masking = True
        self._features: tuple[int, ...] = ()  # of the input's shape, 1 where `axis` does not point
        self._build_input_shape: Any = None

    def build(self, input_shape: Any) -> None:
        if input_shape is None:
            return
        ndim = len(input_shape)
        if any(not -ndim <= a < ndim for a in self.axis):
            raise ValueError(
                f"All `axis` values must be in the range [-ndim, ndim). Received inputs with ndim={ndim}, while "
                f"axis={self.axis}"
            )
        keep = sorted({a % ndim for a in self.axis})
        for a in keep:
            if input_shape[a] is None:
                raise ValueError(
                    f"All `axis` values to be kept must have a known shape. Received axis={self.axis}, "
                    f"inputs.shape={input_shape}, with unknown axis at index {a}"
                )
        self._build_input_shape = tuple(input_shape)
        self._keep_axis = tuple(keep)
        self._reduce_axis = tuple(a for a in range(ndim) if a not in keep)
        self._features = tuple(input_shape[a] if a in keep else 1 for a in range(ndim))
        if self.input_mean is not None:
            return
        sizes = tuple(input_shape[a] for a in keep)
        self.adapt_mean = self.add_weight(shape=sizes, initializer="zeros", trainable=False, name="mean")
        self.adapt_variance = self.add_weight(shape=sizes, initializer="ones", trainable=False, name="variance")
        # Part of Keras's files; not used.
        self.count = self.add_weight(shape=(), initializer="zeros", dtype="int64", trainable=False, name="count")

    @property
    def mean(self) -> Any:
        """The mean in a shape that broadcasts against inputs; None until the layer is built."""
        return self._statistic(self.input_mean, "adapt_mean")

    @property
    def variance(self) -> Any:
        """The variance in a shape that broadcasts against inputs; None until the layer is built."""
        return self._statistic(self.input_variance, "adapt_variance")

    def _statistic(self, given: Any, learned: str) -> Any:
        if self._build_input_shape is None:
            return None
        sizes = [self._features[a] for a in self._keep_axis]
        value = getattr(self, learned) if given is None else tf.broadcast_to(tf.convert_to_tensor(given), sizes)
        return tf.cast(tf.reshape(value, self._features), self.compute_dtype)

    # -- learning
    def adapt(self, data: Any) -> None:
        """Set mean and variance to those of the data, and build the layer.

        data: an array or tensor; or a Dataset, PyDataset, list or generator of batches, which may be tuples whose
        first part counts. A Dataset's elements of one axis are samples, and are collected to batches.
        ValueError for data of another shape than the layer was built for, and for no data at all.
        """
        if self.input_mean is not None:
            raise ValueError("Cannot adapt a Normalization layer that was given `mean` and `variance`.")
        first = next(map(_features_of, batches(data)), None) if isinstance(data, tf.data.Dataset) else None
        if first is not None and len(first.shape) == 1:
            data = data.batch(128)
        source = map(_features_of, batches(data))
        first = next(source, None)
        if first is None:
            raise ValueError(
                "adapt() received an empty iterable (no batches). Expected at least one batch, e.g. layer.adapt([x])."
            )
        if not is_batch(first):
            raise TypeError(
                "adapt() expects an iterable that yields arrays or tensors with a `.shape` attribute, not "
                f"{type(first).__name__}."
            )
        if not self.built:
            self.build(tuple(first.shape))
        mean, variance = self._moments(itertools.chain([first], source))
        self.adapt_mean.assign(mean)
        self.adapt_variance.assign(variance)

    def _moments(self, source: Any) -> tuple[Any, Any]:
        """Mean and variance of all batches, merged one by one (Chan, Golub and LeVeque, 1979)."""
        mean: Any = 0.0
        variance: Any = 0.0
        count = 0
        for batch in source:
            self._check_shape(tuple(batch.shape))
            x = tf.convert_to_tensor(batch)
            x = x if x.dtype.is_floating and x.dtype.size >= 4 else tf.cast(x, self.variable_dtype)
            size = math.prod(x.shape[a] for a in self._reduce_axis)
            if not size:
                continue
            its_mean, its_variance = (tf.cast(v, "float64") for v in tf.nn.moments(x, list(self._reduce_axis)))
            count += size
            share = size / count
            apart = its_mean - mean
            mean = mean + apart * share
            variance = variance * (1 - share) + its_variance * share + tf.square(apart) * share * (1 - share)
        if not count:
            raise ValueError("adapt() received only empty batches: mean and variance need at least one value.")
        return tf.cast(mean, self.variable_dtype), tf.cast(variance, self.variable_dtype)

    def _check_shape(self, shape: tuple[int, ...]) -> None:
        built = self._build_input_shape
        if len(shape) != len(built) or any(shape[a] != built[a] for a in self._keep_axis):
            raise ValueError(
                f"The layer was built with input_shape={built}, but adapt() is being called with data with an "
                f"incompatible shape, data.shape={shape}"
            )

    # -- calling
    def call(self, inputs: Any) -> Any:
        if self._build_input_shape is None:
            raise ValueError("You must call `.build(input_shape)` on the layer before using it.")
        x = tf.cast(tf.convert_to_tensor(inputs), self.compute_dtype)
        deviation = tf.maximum(tf.sqrt(self.variance), tf.constant(backend.epsilon(), self.compute_dtype))
        return x * deviation + self.mean if self.invert else (x - self.mean) / deviation

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        given = {"mean": self.input_mean, "variance": self.input_variance}
        listed = {name: None if value is None else np.asarray(value).tolist() for name, value in given.items()}
        return {**self._base_config(), "axis": self.axis, "invert": self.invert, **listed}


def _features_of(batch: Any) -> Any:
    """x of a batch that may be (x, y) or (x, y, sample_weight)."""
    return batch[0] if isinstance(batch, (tuple, list)) else batch
