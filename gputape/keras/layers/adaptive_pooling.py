"""Adaptive pools: as many windows as the output shall have, of about equal length, whatever the input's length."""

from __future__ import annotations

from typing import Any

from .. import ops
from .input_spec import InputSpec
from .layer import Layer
from .windows import standard_format


class BaseAdaptivePooling(Layer):
    """A pool into windows k = 0 .. m - 1 from floor(k n / m) to ceil((k + 1) n / m), n the input's length, m the output's.

    Args:
        output_size: m, an int or one for each spatial axis; TypeError for anything else, ValueError for another number
            of them.
        data_format: "channels_last" (default, or what `keras.config` says) or "channels_first"; ValueError otherwise.
    """

    rank: int
    _pool = ""

    def __init__(self, output_size: Any, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(output_size, (int, list, tuple)):
            raise TypeError(
                f"`output_size` must be an integer or {self.rank} integers. Received: output_size={output_size} (of type "
                f"{type(output_size).__name__})"
            )
        sizes = (output_size,) * self.rank if isinstance(output_size, int) else tuple(output_size)
        if len(sizes) != self.rank:
            raise ValueError(
                f"For {self.rank}D input, `output_size` must have length {self.rank}. Received: output_size={output_size}"
            )
        if any(not isinstance(n, int) or n < 1 for n in sizes):
            raise ValueError(f"`output_size` must be positive integers. Received: output_size={output_size}")
        self.output_size = sizes
        self.data_format = standard_format(data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        return getattr(ops, self._pool)(inputs, self.output_size, self.data_format)

    def compute_output_shape(self, input_shape: Any) -> Any:
        if self.data_format == "channels_last":
            return (input_shape[0], *self.output_size, input_shape[-1])
        return (*input_shape[:2], *self.output_size)


class AdaptiveAveragePooling1D(BaseAdaptivePooling):
    """The means of `output_size` windows over the steps of (batch, steps, channels)."""

    rank = 1
    _pool = "adaptive_average_pool"


class AdaptiveAveragePooling2D(BaseAdaptivePooling):
    """The means of `output_size` windows of (batch, height, width, channels).

    >>> from gputape import keras
    >>> keras.layers.AdaptiveAveragePooling2D((3, 2))(keras.Input((28, 30, 4))).shape
    (None, 3, 2, 4)
    """

    rank = 2
    _pool = "adaptive_average_pool"


class AdaptiveAveragePooling3D(BaseAdaptivePooling):
    """The means of `output_size` windows of (batch, d1, d2, d3, channels)."""

    rank = 3
    _pool = "adaptive_average_pool"


class AdaptiveMaxPooling1D(BaseAdaptivePooling):
    """The largest values of `output_size` windows over the steps of (batch, steps, channels)."""

    rank = 1
    _pool = "adaptive_max_pool"


class AdaptiveMaxPooling2D(BaseAdaptivePooling):
    """The largest values of `output_size` windows of (batch, height, width, channels)."""

    rank = 2
    _pool = "adaptive_max_pool"


class AdaptiveMaxPooling3D(BaseAdaptivePooling):
    """The largest values of `output_size` windows of (batch, d1, d2, d3, channels)."""

    rank = 3
    _pool = "adaptive_max_pool"
