"""Pools whose windows have different sizes, so that an image shrinks by a factor that is no whole number."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .errors import InvalidArgumentError
from .op import public
from .random import _generator
from .registry import OPS
from .tensor import as_tensor


class FractionalPool(NamedTuple):
    """What fractional_max_pool and fractional_avg_pool return."""

    output: Any
    row_pooling_sequence: Any
    col_pooling_sequence: Any


def _ratios(name: str, pooling_ratio: Any) -> tuple[float, float]:
    given = [pooling_ratio] if isinstance(pooling_ratio, (int, float)) else list(pooling_ratio)
    if len(given) == 4:
        if (given[0], given[3]) != (1, 1):
            raise InvalidArgumentError(f"{name}: pooling_ratio={given} must be 1 for batch and channels")
        given = given[1:3]
    given = given * 2 if len(given) == 1 else given
    if len(given) != 2:
        raise ValueError(f"{name}: pooling_ratio={pooling_ratio} should be of length 1, 2 or 4")
    if min(given) < 1:
        raise ValueError(f"`pooling_ratio` should be >= 1.0. Received: pooling_ratio={pooling_ratio}")
    return float(given[0]), float(given[1])


def _reduced(x: Any, borders: Any, axis: int, most: int, overlapping: bool, how: str) -> Any:
    """`axis` of x reduced within the cells that `borders` separate, none of more than `most` elements."""
    size = int(x.shape[axis])
    begin, end = borders[:-1], OPS["minimum"](borders[1:] - (0 if overlapping else 1), size - 1)
    places = begin[:, None] + np.arange(most, dtype=np.int64)
    inside = places <= end[:, None]
    cells = OPS["gather"](x, OPS["minimum"](places, end[:, None]), axis=axis)
    if how == "max":
        return OPS["reduce_max"](cells, axis + 1)
    weights = OPS["cast"](inside, x.dtype)
    weights = weights / OPS["reduce_sum"](weights, 1, keepdims=True)
    return OPS["reduce_sum"](cells * OPS["reshape"](weights, [*inside.shape, *[1] * (3 - axis)]), axis + 1)


def _pool(
    name: str, how: str, value: Any, ratio: Any, pseudo_random: bool, overlapping: bool, seed: Any
) -> FractionalPool:
    x, ratios = as_tensor(value), _ratios(name, ratio)
    if len(x.shape) != 4:
        raise InvalidArgumentError(f"{name}: value {tuple(x.shape)} must have shape (n, h, w, c)")
    state = _generator(seed or None)._state
    borders = []
    y = x
    for axis, r in zip((1, 2), ratios, strict=True):
        size = x._array.shape[axis]
        count = int(size / r)
        if count < 1:
            raise InvalidArgumentError(f"{name}: pooling_ratio={ratio} leaves nothing of value {tuple(x.shape)}")
        drawn = OPS["draw_borders"](state, size=size, count=count, pseudo_random=bool(pseudo_random))
        y = _reduced(y, drawn, axis, -(-size // count) + bool(overlapping) + bool(pseudo_random), overlapping, how)
        borders.append(drawn)
    return FractionalPool(y, *borders)


@public
def fractional_max_pool(
    value: Any,
    pooling_ratio: Any,
    pseudo_random: bool = False,
    overlapping: bool = False,
    seed: Any = 0,
    name: str | None = None,
) -> FractionalPool:
    """The largest element of each cell of value (n, h, w, c): (output, row borders, column borders).

    Args:
        pooling_ratio: at least 1; a number, two, or four with 1 for batch and channels: the output is
            (n, int(h / ratio), int(w / ratio), c).
        pseudo_random: whether the borders follow from one random number, else from a random order of cell sizes.
        overlapping: whether neighbouring cells share the row or column at their border.
        seed: 0 (default): from the global generator.

    >>> import gputape as tf
    >>> tf.nn.fractional_max_pool(tf.ones([1, 6, 6, 1]), 1.5).output.shape
    TensorShape([1, 4, 4, 1])
    """
    return _pool("fractional_max_pool", "max", value, pooling_ratio, pseudo_random, overlapping, seed)


@public
def fractional_avg_pool(
    value: Any,
    pooling_ratio: Any,
    pseudo_random: bool = False,
    overlapping: bool = False,
    seed: Any = 0,
    name: str | None = None,
) -> FractionalPool:
    """The mean of each cell; arguments as `fractional_max_pool`."""
    return _pool("fractional_avg_pool", "mean", value, pooling_ratio, pseudo_random, overlapping, seed)


NAMES = {"tf.nn.fractional_max_pool": fractional_max_pool, "tf.nn.fractional_avg_pool": fractional_avg_pool}
