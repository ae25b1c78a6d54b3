"""Parts of tensors and borders around them: slice, pad, reverse, roll."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import InvalidArgumentError
from ..op import op, public
from ..registry import OPS
from ..tensor import Array, as_tensor
from .reduce import axes_of
from .shape import axis_of, static, static_shape


@op
def part(xp, x, *, begin, size):
    return x[tuple([slice(b, b + s) for b, s in zip(begin, size, strict=True)])]


@part.gradient
def _(dy, x_shape, begin, size):
    return padded(dy, paddings=tuple([(b, n - b - s) for b, s, n in zip(begin, size, x_shape, strict=True)]), value=0)


@public
def slice_(input_: Any, begin: Any, size: Any, name: str | None = None) -> Any:
    """The block of `input_` that starts at `begin` and has `size`; a size of -1 goes to the end.

    InvalidArgumentError if the block leaves the tensor.

    >>> import gputape as tf
    >>> tf.slice([1, 2, 3, 4], [1], [2]).numpy()
    array([2, 3], dtype=int32)
    """
    x = as_tensor(input_)
    old, start, sizes = x._array.shape, static_shape(begin), static_shape(size)
    if not len(start) == len(sizes) == len(old):
        raise InvalidArgumentError(
            f"slice: Expected begin and size arguments to be 1-D tensors of size {len(old)}, but got {list(start)} and "
            f"{list(sizes)} for input_ {old} [Op:Slice]"
        )
    sizes = tuple([n - b if s == -1 else s for b, s, n in zip(start, sizes, old, strict=True)])
    for k, (b, s, n) in enumerate(zip(start, sizes, old, strict=True)):
        if not (0 <= b <= n and 0 <= s <= n - b):
            raise InvalidArgumentError(
                f"slice: Expected begin[{k}] in [0, {n}] and size[{k}] in [0, {n - b}], but got {b} and {s}: input_ "
                f"has shape {old} [Op:Slice]"
            )
    return part(x, begin=start, size=sizes)


@public
def strided_slice(
    input_: Any,
    begin: Any,
    end: Any,
    strides: Any = None,
    begin_mask: int = 0,
    end_mask: int = 0,
    ellipsis_mask: int = 0,
    new_axis_mask: int = 0,
    shrink_axis_mask: int = 0,
    var: Any = None,
    name: str | None = None,
) -> Any:
    """`input_[begin:end:strides]`; bit k of a mask says how entry k is meant.

    begin_mask, end_mask: no bound there. ellipsis_mask: "...". new_axis_mask: a new axis. shrink_axis_mask: `begin[k]`
    is an index, and the axis goes away.
    """
    start, stop = static_shape(begin), static_shape(end)
    steps = (1,) * len(start) if strides is None else static_shape(strides)
    key: list[Any] = []
    for k, (b, e, s) in enumerate(zip(start, stop, steps, strict=True)):
        bit = 1 << k
        if ellipsis_mask & bit:
            key.append(Ellipsis)
        elif new_axis_mask & bit:
            key.append(None)
        elif shrink_axis_mask & bit:
            key.append(b)
        else:
            key.append(slice(None if begin_mask & bit else b, None if end_mask & bit else e, s))
    return OPS["getitem"](as_tensor(input_), tuple(key))


# -- borders


@op
def padded(xp, x, *, paddings, value):
    shape = [before + n + after for (before, after), n in zip(paddings, x.shape, strict=True)]
    y = xp.full(shape, value, x.dtype)
    y[tuple([slice(before, before + n) for (before, _), n in zip(paddings, x.shape, strict=True)])] = x
    return y


@padded.gradient
def _(dy, x_shape, paddings):
    return part(dy, begin=tuple([before for before, _ in paddings]), size=x_shape)


def _along(axis: int, key: slice) -> tuple[slice, ...]:
    return (slice(None),) * axis + (key,)


@op
def mirrored(xp, x, *, paddings, edge):
    """`x` with borders that mirror it; `edge`: 1 if the mirror stands on the last element (REFLECT), 0 if behind it."""
    for k, (before, after) in enumerate(paddings):
        if before or after:
            n = x.shape[k]
            left = x[_along(k, slice(edge, edge + before))][_along(k, slice(None, None, -1))]
            right = x[_along(k, slice(n - edge - after, n - edge))][_along(k, slice(None, None, -1))]
            x = xp.concatenate([left, x, right], axis=k)
    return x


@mirrored.gradient
def _(dy, paddings, edge):
    return folded(dy, paddings=paddings, edge=edge)


@op
def folded(xp, x, *, paddings, edge):
    """The borders of `x` added onto what they mirror: the transpose of `mirrored`."""
    for k, (before, after) in reversed(list(enumerate(paddings))):
        if before or after:
            n = x.shape[k] - before - after
            y = x[_along(k, slice(before, before + n))].copy()
            y[_along(k, slice(edge, edge + before))] += x[_along(k, slice(0, before))][_along(k, slice(None, None, -1))]
            y[_along(k, slice(n - edge - after, n - edge))] += x[_along(k, slice(before + n, None))][
                _along(k, slice(None, None, -1))
            ]
            x = y
    return x


@folded.gradient
def _(dy, paddings, edge):
    return mirrored(dy, paddings=paddings, edge=edge)


@public
def pad(tensor: Any, paddings: Any, mode: str = "CONSTANT", constant_values: Any = 0, name: str | None = None) -> Any:
    """`tensor` with paddings[k] = (before, after) elements added along axis k.

    mode: "CONSTANT" (`constant_values`, default 0), "REFLECT" (mirrored without the edge: at most size - 1) or
    "SYMMETRIC" (mirrored with the edge: at most size); ValueError for others.
    InvalidArgumentError if paddings do not fit.

    >>> import gputape as tf
    >>> tf.pad([1, 2, 3], [[1, 2]], "REFLECT").numpy()
    array([2, 1, 2, 3, 2, 1], dtype=int32)
    """
    x, given = as_tensor(tensor), static(paddings)
    old = x._array.shape
    if len(given) != len(old) or any(not isinstance(p, tuple) or len(p) != 2 for p in given):
        raise InvalidArgumentError(
            f"pad: paddings must have {len(old)} rows of 2 columns, as tensor has shape {old}, not {given} [Op:Pad]"
        )
    if any(p < 0 for pair in given for p in pair):
        raise InvalidArgumentError(f"pad: Paddings must be non-negative: {given} [Op:Pad]")
    kind = mode.upper()
    if kind == "CONSTANT":
        value = (
            constant_values._read("constant_values of tf.pad")
            if isinstance(constant_values, Array)
            else constant_values
        )
        return padded(
            x, paddings=given, value=value if isinstance(value, (int, float, complex)) else np.asarray(value).item()
        )
    if kind not in ("REFLECT", "SYMMETRIC"):
        raise ValueError(
            f"pad: `mode` expected to be one of 'CONSTANT', 'REFLECT', or 'SYMMETRIC'. Received `mode` = {mode}"
        )
    edge = int(kind == "REFLECT")
    for k, (pair, n) in enumerate(zip(given, old, strict=True)):
        if max(pair) > n - edge:
            raise InvalidArgumentError(
                f"pad: paddings must be {'less than' if edge else 'no greater than'} the dimension size: {pair} for "
                f"axis {k} of tensor {old}, mode={kind} [Op:MirrorPad]"
            )
    return mirrored(x, paddings=given, edge=edge)


# -- turning


@op
def flipped(xp, x, *, axes):
    return xp.flip(x, axes)


@flipped.gradient
def _(dy, axes):
    return flipped(dy, axes=axes)


@public
def reverse(tensor: Any, axis: Any, name: str | None = None) -> Any:
    """`tensor` with the order along each of `axis` (a list) reversed."""
    x = as_tensor(tensor)
    return flipped(x, axes=axes_of("ReverseV2", axis, x._array.ndim))


@op
def rolled(xp, x, *, shift, axes):
    return xp.roll(x, shift, axes)


@rolled.gradient
def _(dy, shift, axes):
    return rolled(dy, shift=tuple([-s for s in shift]), axes=axes)


@public
def roll(input: Any, shift: Any, axis: Any, name: str | None = None) -> Any:
    """`input` rotated by `shift` places along `axis` (both ints, or both lists): element i goes to i + shift."""
    x = as_tensor(input)
    if not x._array.ndim:
        raise InvalidArgumentError("roll: input must be 1-D or higher [Op:Roll]")
    shifts, axes = static_shape(shift), static_shape(axis)
    if len(shifts) != len(axes):
        raise InvalidArgumentError(f"roll: shift and axis must have the same size: {shifts} and {axes} [Op:Roll]")
    return rolled(x, shift=shifts, axes=tuple([axis_of("roll", k, x._array.ndim) for k in axes]))


@op(mixed=("lengths",))
def turned(xp, x, lengths, *, seq, batch):
    place = xp.arange(x.shape[seq]).reshape([-1 if k == seq else 1 for k in range(x.ndim)])
    lengths = lengths.reshape([-1 if k == batch else 1 for k in range(x.ndim)])
    source = xp.where(place < lengths, lengths - 1 - place, place)
    return xp.take_along_axis(x, xp.broadcast_to(source, x.shape), axis=seq)


@turned.gradient
def _(dy, lengths, seq, batch):
    return turned(dy, lengths, seq=seq, batch=batch), None


@public
def reverse_sequence(
    input: Any, seq_lengths: Any, seq_axis: Any = None, batch_axis: Any = None, name: str | None = None
) -> Any:
    """`input` with the first seq_lengths[i] elements along `seq_axis` reversed, i counting along `batch_axis`.

    Both axes are 0 by default. InvalidArgumentError unless there is one length per entry of the batch.
    """
    x, lengths = as_tensor(input), as_tensor(seq_lengths)
    seq = axis_of("reverse_sequence", seq_axis or 0, x._array.ndim)
    batch = axis_of("reverse_sequence", batch_axis or 0, x._array.ndim)
    if lengths._array.shape != (x._array.shape[batch],):
        raise InvalidArgumentError(
            f"reverse_sequence: Length of seq_lengths {lengths._array.shape} != input.dims({batch}): {x._array.shape}"
        )
    return turned(x, lengths, seq=seq, batch=batch)


NAMES = {
    "tf.slice": slice_,
    "tf.strided_slice": strided_slice,
    "tf.pad": pad,
    "tf.reverse": reverse,
    "tf.roll": roll,
    "tf.reverse_sequence": reverse_sequence,
}
