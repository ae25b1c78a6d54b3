"""Images changed at random, for training: tf.image.random_* draw anew at every call, stateless_random_* by their seed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .errors import InvalidArgumentError
from .op import public
from .random import stateless_uniform, uniform
from .registry import OPS
from .tensor import as_tensor

Draw = Callable[..., Any]  # (shape, minval, maxval, dtype) -> numbers


def _drawing(seed: Any) -> Draw:
    return lambda shape, low, high, dtype: uniform(shape, low, high, dtype, seed=seed)


def _seeded(seed: Any) -> Draw:
    return lambda shape, low, high, dtype: stateless_uniform(shape, seed, low, high, dtype)


def _between(name: str, lower: float, upper: float) -> None:
    if upper <= lower:
        raise ValueError(f"{name}: upper must be > lower, got lower={lower}, upper={upper}")
    if lower < 0:
        raise ValueError(f"{name}: lower must be non-negative, got lower={lower}")


def _at_most(name: str, max_delta: float, limit: float = float("inf")) -> None:
    if max_delta < 0:
        raise ValueError(f"{name}: max_delta must be non-negative, got {max_delta}")
    if max_delta > limit:
        raise ValueError(f"{name}: max_delta must be <= {limit}, got {max_delta}")


def _cropped(name: str, draw: Draw, value: Any, size: Any) -> Any:
    value = as_tensor(value)
    sizes = [int(n) for n in (size.numpy() if hasattr(size, "numpy") else size)]
    shape = tuple(value.shape)
    if len(sizes) != len(shape) or any(n > m for n, m in zip(sizes, shape, strict=True)):
        raise InvalidArgumentError(f"{name}: Need value.shape >= size, got value.shape={shape}, size={sizes}")
    for axis, (n, m) in enumerate(zip(sizes, shape, strict=True)):
        if n < m:
            first = draw([], 0, m - n + 1, "int32")
            value = OPS["gather"](value, first + OPS["range"](n), axis=axis)
    return value


def _flipped(draw: Draw, image: Any, flip: str) -> Any:
    image = as_tensor(image)
    batch = tuple(image.shape)[:-3]  # each image of a batch for itself
    chance = draw([*batch, 1, 1, 1], 0.0, 1.0, "float32")
    return OPS["where"](chance < 0.5, OPS[flip](image), image)


def _shifted(name: str, draw: Draw, image: Any, adjust: str, max_delta: float, limit: float = float("inf")) -> Any:
    _at_most(name, max_delta, limit)
    return OPS[adjust](image, draw([], -max_delta, max_delta, "float32"))


def _scaled(name: str, draw: Draw, image: Any, adjust: str, lower: float, upper: float) -> Any:
    _between(name, lower, upper)
    return OPS[adjust](image, draw([], lower, upper, "float32"))


@public
def random_crop(value: Any, size: Any, seed: Any = None, name: str | None = None) -> Any:
    """A part of `value` of shape `size`, at a random place; InvalidArgumentError if it is larger than `value`.

    >>> import gputape as tf
    >>> tf.image.random_crop(tf.ones([5, 5, 3]), [2, 4, 3]).shape
    TensorShape([2, 4, 3])
    """
    return _cropped("random_crop", _drawing(seed), value, size)


@public
def stateless_random_crop(value: Any, size: Any, seed: Any, name: str | None = None) -> Any:
    """`random_crop` as a pure function of `seed`, two integers."""
    return _cropped("stateless_random_crop", _seeded(seed), value, size)


@public
def random_flip_left_right(image: Any, seed: Any = None) -> Any:
    """Half of the images, shape (height, width, channels) or a batch of these, with their columns reversed."""
    return _flipped(_drawing(seed), image, "flip_left_right")


@public
def stateless_random_flip_left_right(image: Any, seed: Any) -> Any:
    """`random_flip_left_right` as a pure function of `seed`, two integers."""
    return _flipped(_seeded(seed), image, "flip_left_right")


@public
def random_flip_up_down(image: Any, seed: Any = None) -> Any:
    """Half of the images, shape (height, width, channels) or a batch of these, with their rows reversed."""
    return _flipped(_drawing(seed), image, "flip_up_down")


@public
def stateless_random_flip_up_down(image: Any, seed: Any) -> Any:
    """`random_flip_up_down` as a pure function of `seed`, two integers."""
    return _flipped(_seeded(seed), image, "flip_up_down")


@public
def random_brightness(image: Any, max_delta: float, seed: Any = None) -> Any:
    """adjust_brightness by a number in [-max_delta, max_delta); ValueError for a negative max_delta."""
    return _shifted("random_brightness", _drawing(seed), image, "adjust_brightness", max_delta)


@public
def stateless_random_brightness(image: Any, max_delta: float, seed: Any) -> Any:
    """`random_brightness` as a pure function of `seed`, two integers."""
    return _shifted("stateless_random_brightness", _seeded(seed), image, "adjust_brightness", max_delta)


@public
def random_hue(image: Any, max_delta: float, seed: Any = None) -> Any:
    """adjust_hue by a number in [-max_delta, max_delta); ValueError unless 0 <= max_delta <= 0.5."""
    return _shifted("random_hue", _drawing(seed), image, "adjust_hue", max_delta, 0.5)


@public
def stateless_random_hue(image: Any, max_delta: float, seed: Any) -> Any:
    """`random_hue` as a pure function of `seed`, two integers."""
    return _shifted("stateless_random_hue", _seeded(seed), image, "adjust_hue", max_delta, 0.5)


@public
def random_contrast(image: Any, lower: float, upper: float, seed: Any = None) -> Any:
    """adjust_contrast by a factor in [lower, upper); ValueError unless 0 <= lower < upper."""
    return _scaled("random_contrast", _drawing(seed), image, "adjust_contrast", lower, upper)


@public
def stateless_random_contrast(image: Any, lower: float, upper: float, seed: Any) -> Any:
    """`random_contrast` as a pure function of `seed`, two integers."""
    return _scaled("stateless_random_contrast", _seeded(seed), image, "adjust_contrast", lower, upper)


@public
def random_saturation(image: Any, lower: float, upper: float, seed: Any = None) -> Any:
    """adjust_saturation by a factor in [lower, upper); ValueError unless 0 <= lower < upper."""
    return _scaled("random_saturation", _drawing(seed), image, "adjust_saturation", lower, upper)


@public
def stateless_random_saturation(image: Any, lower: float, upper: float, seed: Any) -> Any:
    """`random_saturation` as a pure function of `seed`, two integers."""
    return _scaled("stateless_random_saturation", _seeded(seed), image, "adjust_saturation", lower, upper)


_PUBLIC = (
    random_crop, random_flip_left_right, random_flip_up_down, random_brightness, random_hue, random_contrast,
    random_saturation, stateless_random_crop, stateless_random_flip_left_right, stateless_random_flip_up_down,
    stateless_random_brightness, stateless_random_hue, stateless_random_contrast, stateless_random_saturation,
)  # fmt: skip
NAMES: dict[str, Any] = {f"tf.image.{f.__name__}": f for f in _PUBLIC}
