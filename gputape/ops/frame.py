"""Signals cut into overlapping frames, and frames laid over each other and added: two adjoint ops."""

from __future__ import annotations

from typing import Any

from ..dtypes import accumulator
from ..errors import InvalidArgumentError
from ..op import op, public
from ..registry import OPS
from ..tensor import as_tensor
from .shape import axis_of, static


@op
def framed(xp, x, *, length, step):
    """x (..., n) -> (..., frames, length): the whole frames of `length` that begin every `step` elements."""
    count = max(0, 1 + (x.shape[-1] - length) // step)
    view = xp.lib.stride_tricks.as_strided(
        x, (*x.shape[:-1], count, length), (*x.strides[:-1], step * x.strides[-1], x.strides[-1])
    )
    return xp.ascontiguousarray(view)


@framed.gradient
def _(dy, x_shape, step):
    return overlapped(dy, step=step, size=x_shape[-1])


@op
def overlapped(xp, x, *, step, size):
    """x (..., frames, length) -> (..., size): the frames added up, each `step` elements behind the one before.

    The first `step` elements of all frames are one array in a row, the next `step` elements another: one sum for each.
    """
    *outer, count, length = x.shape
    wide = accumulator(x.dtype)
    y = xp.zeros((*outer, max(size, (count - 1) * step + length) + step), wide)
    for begin in range(0, length if count else 0, step):
        part = x[..., begin : begin + step]
        rows = y[..., begin : begin + count * step].reshape(*outer, count, step)
        rows[..., : part.shape[-1]] += part
        y[..., begin : begin + count * step] = rows.reshape(*outer, count * step)
    return xp.ascontiguousarray(y[..., :size]).astype(x.dtype, copy=False)


@overlapped.gradient
def _(dy, x_shape, step, size):
    count, length = x_shape[-2:]
    used = (count - 1) * step + length if count else 0
    dy = dy[..., :used] if used < size else OPS["pad"](dy, [[0, 0]] * (len(x_shape) - 2) + [[0, used - size]])
    return OPS["zeros"](x_shape, dy.dtype) if not count else framed(dy, length=length, step=step)


def _positive(name: str, what: str, value: Any) -> int:
    made = static(value)
    if isinstance(made, tuple):
        raise ValueError(f"{name}: {what}={value!r} must be a scalar")
    if made < 1:
        raise InvalidArgumentError(f"{name}: {what}={made} must be positive")
    return int(made)


@public
def frame(
    signal: Any,
    frame_length: Any,
    frame_step: Any,
    pad_end: bool = False,
    pad_value: Any = 0,
    axis: Any = -1,
    name: str | None = None,
) -> Any:
    """`axis` of `signal` cut into frames: it becomes two axes (frames, frame_length).

    Args:
        frame_step: from the beginning of one frame to that of the next.
        pad_end: whether frames may reach beyond the end, where they see `pad_value` (default 0).

    >>> import gputape as tf
    >>> tf.signal.frame([1, 2, 3, 4, 5], 3, 2).numpy()
    array([[1, 2, 3],
           [3, 4, 5]], dtype=int32)
    """
    x = as_tensor(signal)
    length, step = _positive("frame", "frame_length", frame_length), _positive("frame", "frame_step", frame_step)
    rank = len(x.shape)
    axis = axis_of("frame", axis, rank)
    order = [k for k in range(rank) if k != axis] + [axis]
    x = x if axis == rank - 1 else OPS["transpose"](x, order)
    size = x._array.shape[-1]
    if pad_end:
        missing = max(0, length + step * (-(-size // step) - 1) - size)
        x = OPS["pad"](x, [[0, 0]] * (rank - 1) + [[0, missing]], constant_values=pad_value)
        if not size:
            x = x[..., :0]
    y = framed(x, length=length, step=step)
    if axis == rank - 1:
        return y
    return OPS["transpose"](y, [*range(axis), rank - 1, rank, *range(axis, rank - 1)])


@public
def overlap_and_add(signal: Any, frame_step: Any, name: str | None = None) -> Any:
    """Frames (..., frames, length) added up into signals (..., (frames - 1) * frame_step + length).

    InvalidArgumentError if `frame_step` is not positive, ValueError for a signal of less than two axes.

    >>> import gputape as tf
    >>> tf.signal.overlap_and_add([[1, 2, 3], [10, 20, 30]], 2).numpy()
    array([ 1,  2, 13, 20, 30], dtype=int32)
    """
    x = as_tensor(signal)
    if len(x.shape) < 2:
        raise ValueError(f"overlap_and_add: signal {x.shape} must have at least two axes (..., frames, length)")
    step = _positive("overlap_and_add", "frame_step", frame_step)
    count, length = x._array.shape[-2:]
    return overlapped(x, step=step, size=max(0, (count - 1) * step + length))


NAMES = {"tf.signal.frame": frame, "tf.signal.overlap_and_add": overlap_and_add}
