"""Layers that move elements: flatten, reshape, permute, repeat, crop, pad, upsample."""

from __future__ import annotations

import math
from typing import Any

import gputape as tf

from ..backend import standardize_data_format
from ..symbolic import KerasTensor
from .input_spec import InputSpec
from .layer import Layer


def reshaped(shape: Any, target: Any, argument: str) -> tuple[int | None, ...]:
    """`target` with its -1 worked out for elements of `shape`, or None; ValueError if the counts differ."""
    if None in shape:
        return tuple(None if d == -1 else d for d in target)
    size, known = math.prod(shape), math.prod(d for d in target if d != -1)
    if (-1 not in target and size != known) or (-1 in target and (known == 0 or size % known)):
        raise ValueError(
            f"The total size of the tensor must be unchanged. Received: input_shape={tuple(shape)}, "
            f"{argument}={tuple(target)}"
        )
    return tuple(size // known if d == -1 else d for d in target)


def _pair(value: Any, argument: str, count: int = 2, positive: bool = False) -> tuple[int, ...]:
    """`value` as `count` integers, one integer standing for all; ValueError for anything else."""
    least, told = (1, "positive") if positive else (0, "non-negative")
    given = (value,) * count if isinstance(value, int) else value
    right = isinstance(given, (list, tuple)) and len(given) == count and all(isinstance(v, int) for v in given)
    if not right or any(v < least for v in given):
        raise ValueError(
            f"The `{argument}` argument must be a tuple of {count} {told} integers. Received: {argument}={value}"
        )
    return tuple(given)


def _pairs(value: Any, argument: str, count: int) -> tuple[tuple[int, ...], ...]:
    """`value` as `count` pairs, one per axis: from an integer, one integer per axis, or the pairs."""
    if isinstance(value, int):
        value = (value,) * count
    if not hasattr(value, "__len__") or len(value) != count:
        raise ValueError(
            f"`{argument}` should be either an int, a tuple of {count} ints, or a tuple of {count} tuples of 2 ints, "
            "and "
            f"cannot be negative: it should have {count} elements. Received: {argument}={value}."
        )
    return tuple(_pair(v, f"entry {k + 1} of {argument}") for k, v in enumerate(value))


class _SameDtype(Layer):
    """Layers that only move elements: the output has the input's dtype, integers included."""

    def compute_output_spec(self, inputs: Any) -> Any:
        return KerasTensor(self.compute_output_shape(tuple(inputs.shape)), dtype=inputs.dtype)


class Flatten(_SameDtype):
    """All axes but the first as one: (batch, a, b) to (batch, a * b); (batch,) to (batch, 1).

    >>> from gputape import keras
    >>> keras.layers.Flatten()(keras.Input((10, 64))).shape
    (None, 640)
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = standardize_data_format(data_format)
        self.input_spec = InputSpec(min_ndim=1)

    def call(self, inputs: Any) -> Any:
        shape = tuple(inputs.shape)
        if self.data_format == "channels_first" and len(shape) > 1:
            inputs = tf.transpose(inputs, (0, *range(2, len(shape)), 1))
        return tf.reshape(inputs, (shape[0], math.prod(shape[1:])))

    def compute_output_shape(self, input_shape: Any) -> Any:
        inner = input_shape[1:]
        return (input_shape[0], None if None in inner else math.prod(inner))


class Reshape(_SameDtype):
    """(batch, ...) to (batch, *target_shape); one -1 in `target_shape` is worked out.

    >>> from gputape import keras
    >>> keras.layers.Reshape((-1, 2, 2))(keras.Input((12,))).shape
    (None, 3, 2, 2)
    """

    def __init__(self, target_shape: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.target_shape = tuple(target_shape)
        if any(d < -1 for d in self.target_shape):
            raise ValueError(
                "Each dimension in `target_shape` must be a non-negative integer, or `-1` for a single unknown "
                "dimension. "
                f"Received: target_shape={self.target_shape}."
            )
        if self.target_shape.count(-1) > 1:
            raise ValueError(
                "There must be at most one unknown dimension (-1) in `target_shape`. "
                f"Received: target_shape={self.target_shape}."
            )
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        shape = tuple(inputs.shape)
        return tf.reshape(inputs, (shape[0], *reshaped(shape[1:], self.target_shape, "target_shape")))

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (input_shape[0], *reshaped(input_shape[1:], self.target_shape, "target_shape"))


class Permute(_SameDtype):
    """The axes in another order: `dims` are the input's axes, counted from 1, the batch axis stays first.

    >>> from gputape import keras
    >>> keras.layers.Permute((2, 1))(keras.Input((10, 64))).shape
    (None, 64, 10)
    """

    def __init__(self, dims: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dims = tuple(dims)
        if sorted(dims) != list(range(1, len(self.dims) + 1)):
            raise ValueError(
                "Invalid permutation argument `dims` for Permute Layer. The set of indices in `dims` must be "
                "consecutive and "
                f"start from 1. Received dims={dims}"
            )
        self.input_spec = InputSpec(ndim=len(self.dims) + 1)

    def call(self, inputs: Any) -> Any:
        return tf.transpose(inputs, (0, *self.dims))

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (input_shape[0], *[input_shape[d] for d in self.dims])


class RepeatVector(Layer):
    """(batch, features) to (batch, n, features), n times the same."""

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n = _positive("n", n)
        self.input_spec = InputSpec(ndim=2)

    def call(self, inputs: Any) -> Any:
        return tf.repeat(tf.expand_dims(inputs, 1), self.n, axis=1)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (input_shape[0], self.n, input_shape[1])


def _positive(argument: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"Expected an integer value for `{argument}`, got {type(value)}.")
    if value <= 0:
        raise ValueError(f"Argument `{argument}` should be a positive integer. Received: {argument}={value}")
    return value


class _Spatial(Layer):
    """What works on the axes between the batch and the channels, `rank` of them."""

    rank = 0

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = standardize_data_format(data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    @property
    def _first(self) -> int:
        """The first spatial axis."""
        return 2 if self.data_format == "channels_first" else 1

    def _sizes(self, shape: Any, change: Any) -> tuple[int | None, ...]:
        """`shape` with `change(size, k)` for the k-th spatial size, unless unknown."""
        sizes = list(shape)
        for k in range(self.rank):
            size = sizes[self._first + k]
            sizes[self._first + k] = None if size is None else change(size, k)
        return tuple(sizes)


class _Cropping(_Spatial):
    cropping: Any

    def compute_output_shape(self, input_shape: Any) -> Any:
        def cropped(size: int, k: int) -> int:
            left = size - sum(self._crops()[k])
            if left <= 0:
                raise ValueError(
                    "Values in `cropping` argument should be smaller than the corresponding spatial dimension of the "
                    "input: "
                    f"`cropping` parameter of `{type(self).__name__}` layer must be smaller than the input length. "
                    f"Received: input_shape={tuple(input_shape)}, cropping={self.cropping}"
                )
            return left

        return self._sizes(input_shape, cropped)

    def _crops(self) -> Any:
        return self.cropping

    def call(self, inputs: Any) -> Any:
        shape = tuple(inputs.shape)
        self.compute_output_shape(shape)
        key: list[slice] = [slice(None)] * len(shape)
        for k, (before, after) in enumerate(self._crops()):
            axis = self._first + k
            key[axis] = slice(before, shape[axis] - after)
        return inputs[tuple(key)]


class Cropping1D(_Cropping):
    """Takes `cropping[0]` steps off the start and `cropping[1]` off the end of (batch, steps, features)."""

    rank = 1
    _config_omits = ("data_format",)

    def __init__(self, cropping: Any = (1, 1), **kwargs: Any) -> None:
        super().__init__(data_format="channels_last", **kwargs)
        self.cropping = _pair(cropping, "cropping")

    def _crops(self) -> Any:
        return (self.cropping,)


class Cropping2D(_Cropping):
    """Takes rows and columns off images: `cropping` is ((top, bottom), (left, right)), two ints, or one."""

    rank = 2

    def __init__(self, cropping: Any = ((0, 0), (0, 0)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.cropping = _pairs(cropping, "cropping", 2)


class Cropping3D(_Cropping):
    """Takes planes off volumes: `cropping` is three pairs, three ints, or one."""

    rank = 3

    def __init__(self, cropping: Any = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.cropping = _pairs(cropping, "cropping", 3)


class _ZeroPadding(_Spatial):
    padding: Any

    def _paddings(self) -> Any:
        return self.padding

    def compute_output_shape(self, input_shape: Any) -> Any:
        return self._sizes(input_shape, lambda size, k: size + sum(self._paddings()[k]))

    def call(self, inputs: Any) -> Any:
        around = [(0, 0)] * (self.rank + 2)
        around[self._first : self._first + self.rank] = self._paddings()
        return tf.pad(inputs, around)


class ZeroPadding1D(_ZeroPadding):
    """Adds `padding[0]` zeros before and `padding[1]` after the steps of (batch, steps, features)."""

    rank = 1

    def __init__(self, padding: Any = 1, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.padding = _pair(padding, "padding")

    def _paddings(self) -> Any:
        return (self.padding,)


class ZeroPadding2D(_ZeroPadding):
    """Adds rows and columns of zeros: `padding` is ((top, bottom), (left, right)), two ints, or one.

    >>> from gputape import keras
    >>> keras.layers.ZeroPadding2D(((1, 0), (2, 2)))(keras.Input((4, 4, 3))).shape
    (None, 5, 8, 3)
    """

    rank = 2

    def __init__(self, padding: Any = (1, 1), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.padding = _pairs(padding, "padding", 2)


class ZeroPadding3D(_ZeroPadding):
    """Adds planes of zeros to volumes: `padding` is three pairs, three ints, or one."""

    rank = 3

    def __init__(self, padding: Any = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.padding = _pairs(padding, "padding", 3)


class _UpSampling(_Spatial):
    size: Any

    def _factors(self) -> Any:
        return self.size

    def compute_output_shape(self, input_shape: Any) -> Any:
        return self._sizes(input_shape, lambda size, k: size * self._factors()[k])

    def call(self, inputs: Any) -> Any:
        for k, factor in enumerate(self._factors()):
            inputs = tf.repeat(inputs, factor, axis=self._first + k)
        return inputs


class UpSampling1D(_UpSampling):
    """Every step of (batch, steps, features) `size` times.

    >>> from gputape import keras
    >>> keras.layers.UpSampling1D(3)(keras.Input((4, 2))).shape
    (None, 12, 2)
    """

    rank = 1
    _config_omits = ("data_format",)

    def __init__(self, size: int = 2, **kwargs: Any) -> None:
        super().__init__(data_format="channels_last", **kwargs)
        self.size = _positive("size", size)

    def _factors(self) -> Any:
        return (self.size,)


class UpSampling2D(_UpSampling):
    """Images `size` times as large, by repeating pixels, or "bilinear", "bicubic", "lanczos3", "lanczos5"."""

    rank = 2

    def __init__(
        self, size: Any = (2, 2), data_format: str | None = None, interpolation: str = "nearest", **kwargs: Any
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.size = _pair(size, "size", positive=True)
        self.interpolation = interpolation.lower()

    def call(self, inputs: Any) -> Any:
        if self.interpolation == "nearest":
            return super().call(inputs)
        shape = self.compute_output_shape(tuple(inputs.shape))
        if self.data_format == "channels_first":
            inputs = tf.transpose(inputs, (0, 2, 3, 1))
        resized = tf.image.resize(inputs, shape[self._first : self._first + 2], method=self.interpolation)
        resized = tf.cast(resized, inputs.dtype)
        return tf.transpose(resized, (0, 3, 1, 2)) if self.data_format == "channels_first" else resized


class UpSampling3D(_UpSampling):
    """Volumes `size` times as large, by repeating voxels."""

    rank = 3

    def __init__(self, size: Any = (2, 2, 2), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.size = _pair(size, "size", 3, positive=True)
