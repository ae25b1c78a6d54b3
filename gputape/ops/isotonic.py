"""Isotonic regression: the nearest vector in order. Pool adjacent violators, Best and Chakravarti 1990."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..cuda import to_host
from ..op import op, public
from ..registry import OPS
from ..tensor import as_tensor
from .shape import axis_of


class IsotonicRegression(NamedTuple):
    """What `isotonic_regression` returns."""

    output: Any
    segments: Any


@op
def isotonic_segments(xp, x, *, decreasing):
    """The numbers of the runs of equal values in the solution for each row of x (rows, n), int32; on the host."""
    rows = np.asarray(to_host(x), np.float64) * (1 if decreasing else -1)
    return xp.asarray(np.array([_segments(row) for row in rows], np.int32).reshape(x.shape))


def _segments(row: Any) -> Any:
    """Runs of the nearest vector that does not increase: neighbours in the wrong order share their mean."""
    means: list[float] = []
    counts: list[int] = []
    for value in row.tolist():
        mean, count = value, 1
        while means and means[-1] <= mean:
            before, size = means.pop(), counts.pop()
            mean, count = (before * size + mean * count) / (size + count), size + count
        means.append(mean)
        counts.append(count)
    return np.repeat(np.arange(len(counts)), counts)


@public
def isotonic_regression(inputs: Any, decreasing: bool = True, axis: Any = -1) -> IsotonicRegression:
    """The vector nearest to `inputs` along `axis` that does not increase (or decrease): (output, segments).

    segments: int32, the numbers of the runs of equal values. Integers give float64. The gradient is that of the means.

    >>> import gputape as tf
    >>> made = tf.nn.isotonic_regression([3.0, 1.0, 2.0])
    >>> made.output.numpy(), made.segments.numpy()
    (array([3. , 1.5, 1.5], dtype=float32), array([0, 1, 1], dtype=int32))
    """
    x = as_tensor(inputs)
    x = x if x.dtype.is_floating else OPS["cast"](x, "float64")
    rank = len(x.shape)
    axis = axis_of("isotonic_regression", axis, rank)
    order = [k for k in range(rank) if k != axis] + [axis]
    back = [order.index(k) for k in range(rank)]
    moved = OPS["transpose"](x, order)
    shape = tuple(int(n) for n in moved.shape)
    n = shape[-1]
    rows = OPS["reshape"](moved, [int(np.prod(shape[:-1])), n])
    segments = isotonic_segments(rows, decreasing=bool(decreasing))
    count = len(rows._array) * n
    ids = OPS["cast"](segments, "int64") + np.arange(len(rows._array), dtype=np.int64)[:, None] * n
    flat = OPS["reshape"](ids, [count])
    means = OPS["unsorted_segment_mean"](OPS["reshape"](rows, [count]), flat, count)
    y = OPS["reshape"](OPS["gather"](means, flat), shape)
    return IsotonicRegression(OPS["transpose"](y, back), OPS["transpose"](OPS["reshape"](segments, shape), back))


NAMES = {"tf.nn.isotonic_regression": isotonic_regression}
