"""Max and average pools over windows, and over whole axes (the global ones)."""

from __future__ import annotations

from typing import Any

import gputape as tf

from .input_spec import InputSpec
from .layer import Layer
from .promotion import floats
from .windows import conv_output_length, normalized, standard_format, tf_format


class BasePooling(Layer):
    """A pool over windows of `rank` spatial axes; subclasses say how many, and which.

    Args:
        pool_size: the window, an int or one for each spatial axis. Default 2.
        strides: the way from one window to the next; default `pool_size`.
        padding: "valid" (default): no window beyond the edges; "same": ceil(n / stride) of them.
        data_format: "channels_last" (default, or what `keras.config` says) or "channels_first".

    ValueError for other values.
    """

    rank: int
    _pool: Any = None

    def __init__(
        self,
        pool_size: Any = 2,
        strides: Any = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        rank = self.rank
        self.pool_size = normalized(pool_size, rank, "pool_size")
        self.strides = normalized(self.pool_size if strides is None else strides, rank, "strides", allow_zero=True)
        self.padding = padding.lower()
        if self.padding not in ("valid", "same"):
            raise ValueError(f"The `padding` argument must be 'valid' or 'same'. Received: padding={padding}")
        self.data_format = standard_format(data_format)
        self.input_spec = InputSpec(ndim=rank + 2)
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        form = tf_format(self.data_format, self.rank)
        return type(self)._pool(inputs, list(self.pool_size), list(self.strides), self.padding.upper(), form)

    def compute_output_shape(self, input_shape: Any) -> Any:
        last = self.data_format == "channels_last"
        spatial = input_shape[1:-1] if last else input_shape[2:]
        sizes = tuple(
            conv_output_length(n, k, self.padding, s) for n, k, s in zip(spatial, self.pool_size, self.strides)
        )
        if any(n is not None and n <= 0 for n in sizes):
            raise ValueError(
                f"Computed output size would be negative. Received: `inputs.shape={tuple(input_shape)}` and "
                f"`pool_size={self.pool_size}`"
            )
        return (input_shape[0], *sizes, input_shape[-1]) if last else (*input_shape[:2], *sizes)


def _max(inputs: Any, window: Any, strides: Any, padding: str, form: str) -> Any:
    return tf.nn.max_pool(inputs, window, strides, padding, form)


def _average(inputs: Any, window: Any, strides: Any, padding: str, form: str) -> Any:
    return tf.nn.avg_pool(inputs, window, strides, padding, form)


class MaxPooling1D(BasePooling):
    """The largest value of each window of (batch, steps, channels)."""

    rank = 1
    _pool = staticmethod(_max)


class MaxPooling2D(BasePooling):
    """The largest value of each window of (batch, height, width, channels).

    >>> from gputape import keras
    >>> keras.layers.MaxPooling2D()(keras.Input((28, 28, 3))).shape
    (None, 14, 14, 3)
    """

    rank = 2
    _pool = staticmethod(_max)


class MaxPooling3D(BasePooling):
    """The largest value of each window of (batch, d1, d2, d3, channels)."""

    rank = 3
    _pool = staticmethod(_max)


class AveragePooling1D(BasePooling):
    """The mean of each window of (batch, steps, channels)."""

    rank = 1
    _pool = staticmethod(_average)


class AveragePooling2D(BasePooling):
    """The mean of each window of (batch, height, width, channels)."""

    rank = 2
    _pool = staticmethod(_average)


class AveragePooling3D(BasePooling):
    """The mean of each window of (batch, d1, d2, d3, channels)."""

    rank = 3
    _pool = staticmethod(_average)


class BaseGlobalPooling(Layer):
    """A pool over all of the spatial axes; `keepdims` keeps them with size 1."""

    rank: int
    _reduce: Any = None

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = standard_format(data_format)
        self.keepdims = keepdims
        self.input_spec = InputSpec(ndim=self.rank + 2)
        self._build_at_init()

    @property
    def _axes(self) -> list[int]:
        first = 1 if self.data_format == "channels_last" else 2
        return list(range(first, first + self.rank))

    def call(self, inputs: Any) -> Any:
        return type(self)._reduce(inputs, axis=self._axes, keepdims=self.keepdims)

    def compute_output_shape(self, input_shape: Any) -> Any:
        kept = [1 if k in self._axes else n for k, n in enumerate(input_shape) if self.keepdims or k not in self._axes]
        return tuple(kept)


class GlobalMaxPooling1D(BaseGlobalPooling):
    """The largest value over the steps of (batch, steps, channels)."""

    rank = 1
    _reduce = staticmethod(lambda x, axis, keepdims: tf.reduce_max(x, axis=axis, keepdims=keepdims))


class GlobalMaxPooling2D(BaseGlobalPooling):
    """The largest value over height and width."""

    rank = 2
    _reduce = GlobalMaxPooling1D._reduce


class GlobalMaxPooling3D(BaseGlobalPooling):
    """The largest value over the three spatial axes."""

    rank = 3
    _reduce = GlobalMaxPooling1D._reduce


class GlobalAveragePooling1D(BaseGlobalPooling):
    """The mean over the steps of (batch, steps, channels); masked steps are left out."""

    rank = 1

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(data_format, keepdims, **kwargs)
        self.supports_masking = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        axis = self._axes[0]
        if mask is None:
            return tf.reduce_mean(floats(inputs, self.compute_dtype), axis=axis, keepdims=self.keepdims)
        weights = tf.expand_dims(tf.cast(mask, inputs.dtype), 2 if axis == 1 else 1)
        total = tf.reduce_sum(inputs * weights, axis=axis, keepdims=self.keepdims)
        return total / tf.reduce_sum(weights, axis=axis, keepdims=self.keepdims)

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        return None


class GlobalAveragePooling2D(BaseGlobalPooling):
    """The mean over height and width."""

    rank = 2
    _reduce = staticmethod(lambda x, axis, keepdims: tf.reduce_mean(x, axis=axis, keepdims=keepdims))

    def call(self, inputs: Any) -> Any:
        return super().call(floats(inputs, self.compute_dtype))


class GlobalAveragePooling3D(GlobalAveragePooling2D):
    """The mean over the three spatial axes."""

    rank = 3


MaxPool1D, MaxPool2D, MaxPool3D = MaxPooling1D, MaxPooling2D, MaxPooling3D
AvgPool1D, AvgPool2D, AvgPool3D = AveragePooling1D, AveragePooling2D, AveragePooling3D
GlobalMaxPool1D, GlobalMaxPool2D, GlobalMaxPool3D = GlobalMaxPooling1D, GlobalMaxPooling2D, GlobalMaxPooling3D
GlobalAvgPool1D, GlobalAvgPool2D = GlobalAveragePooling1D, GlobalAveragePooling2D
GlobalAvgPool3D = GlobalAveragePooling3D
