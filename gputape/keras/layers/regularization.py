"""Layers that act in training only: dropout and its family, noise; and ActivityRegularization."""

from __future__ import annotations

import math
from typing import Any

import gputape as tf

from .. import random as keras_random
from .. import regularizers
from .input_spec import InputSpec
from .layer import Layer


def _rate(rate: Any) -> Any:
    if not 0 <= rate <= 1:
        raise ValueError(
            f"Invalid value received for argument `rate`. Expected a float value between 0 and 1. Received: rate={rate}"
        )
    return rate


class Random(Layer):
    """A layer that changes its input in training only, drawing from a seed generator of its own."""

    def __init__(self, seed: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed = seed
        self.seed_generator = keras_random.SeedGenerator(seed)
        self.supports_masking = True
        self._build_at_init()

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


class Dropout(Random):
    """In training, sets inputs to zero with probability `rate` and scales the others by 1 / (1 - rate).

    Args:
        rate: between 0 and 1; ValueError otherwise.
        noise_shape: shape of the random choice, None for sizes of the input; broadcast over it.
        seed: an integer; default a random one.

    >>> import gputape as tf
    >>> from gputape import keras
    >>> keras.layers.Dropout(0.5)(tf.ones([2, 2])).numpy()
    array([[1., 1.],
           [1., 1.]], dtype=float32)
    """

    def __init__(self, rate: float, noise_shape: Any = None, seed: Any = None, **kwargs: Any) -> None:
        super().__init__(seed, **kwargs)
        self.rate = _rate(rate)
        self.noise_shape = self._checked(noise_shape)

    @staticmethod
    def _checked(noise_shape: Any) -> Any:
        if noise_shape is None:
            return None
        told = "Invalid value received for argument `noise_shape`. Expected"
        if not isinstance(noise_shape, (list, tuple)):
            raise ValueError(f"{told} a tuple or list of integers. Received: noise_shape={noise_shape}")
        for size in noise_shape:
            if size is not None and not isinstance(size, int):
                raise ValueError(f"{told} all elements to be integers or None. Received: noise_shape={noise_shape}")
            if size is not None and size <= 0:
                raise ValueError(
                    f"{told} all dimensions to be positive integers or None. Received: noise_shape={noise_shape}"
                )
        return tuple(noise_shape)

    def _noise(self, inputs: Any) -> Any:
        return self.noise_shape

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training or self.rate == 0:
            return inputs
        if self.rate == 1:
            return tf.zeros_like(inputs)
        return keras_random.dropout(inputs, self.rate, self._noise(inputs), seed=self.seed_generator)


class _SpatialDropout(Dropout):
    """Dropout of whole channels."""

    _config_omits = ("noise_shape",)
    _ndim = 0

    def __init__(self, rate: float, seed: Any = None, **kwargs: Any) -> None:
        super().__init__(rate, seed=seed, **kwargs)
        self.input_spec = InputSpec(ndim=self._ndim)


class SpatialDropout1D(_SpatialDropout):
    """Dropout of whole channels of (batch, steps, channels)."""

    _ndim = 3

    def __init__(
        self, rate: float, seed: Any = None, name: str | None = None, dtype: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(rate, seed=seed, name=name, dtype=dtype, **kwargs)

    def _noise(self, inputs: Any) -> Any:
        return (inputs.shape[0], 1, inputs.shape[2])


class _SpatialDropoutND(_SpatialDropout):
    def __init__(
        self,
        rate: float,
        data_format: str | None = None,
        seed: Any = None,
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        from .windows import standard_format

        super().__init__(rate, seed=seed, name=name, dtype=dtype, **kwargs)
        self.data_format = standard_format(data_format)

    def _noise(self, inputs: Any) -> Any:
        shape = tuple(inputs.shape)
        ones = (1,) * (len(shape) - 2)
        return (shape[0], *ones, shape[-1]) if self.data_format == "channels_last" else (*shape[:2], *ones)


class SpatialDropout2D(_SpatialDropoutND):
    """Dropout of whole channels of images."""

    _ndim = 4


class SpatialDropout3D(_SpatialDropoutND):
    """Dropout of whole channels of volumes."""

    _ndim = 5


class GaussianDropout(Random):
    """In training, multiplies by numbers of mean 1 and standard deviation sqrt(rate / (1 - rate))."""

    def __init__(self, rate: float, seed: Any = None, **kwargs: Any) -> None:
        super().__init__(seed, **kwargs)
        self.rate = _rate(rate)

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training or self.rate == 0:
            return inputs
        stddev = math.sqrt(self.rate / (1.0 - self.rate))
        return inputs * keras_random.normal(tuple(inputs.shape), 1.0, stddev, inputs.dtype, self.seed_generator)


class GaussianNoise(Random):
    """In training, adds numbers of mean 0 and standard deviation `stddev`."""

    def __init__(self, stddev: float, seed: Any = None, **kwargs: Any) -> None:
        super().__init__(seed, **kwargs)
        if not 0 <= stddev <= 1:
            raise ValueError(
                "Invalid value received for argument `stddev`. Expected a float value between 0 and 1. "
                f"Received: stddev={stddev}"
            )
        self.stddev = stddev

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training or self.stddev == 0:
            return inputs
        return inputs + keras_random.normal(tuple(inputs.shape), 0.0, self.stddev, inputs.dtype, self.seed_generator)


class AlphaDropout(Random):
    """Dropout that keeps mean and variance of SELU networks (Klambauer et al. 2017)."""

    def __init__(self, rate: float, noise_shape: Any = None, seed: Any = None, **kwargs: Any) -> None:
        super().__init__(seed, **kwargs)
        self.rate = _rate(rate)
        self.noise_shape = noise_shape

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training or self.rate == 0:
            return inputs
        low = -1.6732632423543772848170429916717 * 1.0507009873554804934193349852946
        shape = tuple(inputs.shape)
        if self.noise_shape is not None:
            shape = tuple(n if k is None else k for n, k in zip(shape, self.noise_shape))
        kept = tf.cast(keras_random.uniform(shape, seed=self.seed_generator) >= self.rate, inputs.dtype)
        a = ((1 - self.rate) * (1 + self.rate * low**2)) ** -0.5
        b = -a * low * self.rate
        return a * (inputs * kept + low * (1 - kept)) + b


class ActivityRegularization(Layer):
    """Adds l1 * sum|x| + l2 * sum x^2 of its input to the losses; the output is the input."""

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any) -> None:
        super().__init__(activity_regularizer=regularizers.L1L2(l1=l1, l2=l2), **kwargs)
        self.l1, self.l2 = l1, l2
        self.supports_masking = True
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        return inputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.pop("activity_regularizer", None)
        return config
