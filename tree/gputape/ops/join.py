"""Putting tensors together and taking them apart along an axis, and repeating them."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from ..errors import InvalidArgumentError
from ..op import op, public
from ..registry import OPS
from ..tensor import Array, SymbolicInput, as_tensor
from .shape import axis_of, expanded, static, static_shape, view


def _alike(values: Any) -> Any:
    """Tensors from a list whose Python values take the dtype of its tensors, or that of its first value."""
    for v in values:
        if hasattr(type(v), "__gputape_op__"):
            raise SymbolicInput(v)
    hint = next((v._array.dtype for v in values if isinstance(v, Array)), None)
    made = []
    for v in values:
        made.append(as_tensor(v, hint))
        hint = hint or made[0]._array.dtype
    return made


@op
def stacked(xp, *xs, axis):
    return xp.stack(xs, axis=axis)


@stacked.gradient
def _(dy, axis):
    return tuple(OPS["unstack"](dy, axis=axis))


@public
def stack(values: Any, axis: Any = 0, name: str = "stack") -> Any:
    """Tensors of one shape as one tensor with a new `axis`: shape (..., len(values), ...).

    InvalidArgumentError if the shapes differ.

    >>> import gputape as tf
    >>> tf.stack([[1, 2], [3, 4]], axis=1).numpy()
    array([[1, 3],
           [2, 4]], dtype=int32)
    """
    if isinstance(values, (Array, np.ndarray)):
        values = OPS["unstack"](values)
    if not any(isinstance(v, Array) or hasattr(type(v), "__gputape_op__") for v in values) and axis == 0:
        return as_tensor(list(values))
    xs = _alike(values)
    for k, x in enumerate(xs):
        if x._array.shape != xs[0]._array.shape:
            raise InvalidArgumentError(
                f"stack: Shapes of all inputs must match: values[0].shape = {list(xs[0]._array.shape)} != "
                f"values[{k}].shape = {list(x._array.shape)} [Op:Pack]"
            )
    rank = xs[0]._array.ndim
    k = static(axis)
    if not -rank - 1 <= k <= rank:
        raise ValueError(f"Argument `axis` = {k} not in range [{-rank - 1}, {rank + 1}): values have rank {rank}")
    return stacked(*xs, axis=k % (rank + 1))


@op
def unstacked(xp, x, *, axis):
    return tuple([x[(slice(None),) * axis + (k,)] for k in range(x.shape[axis])])


@unstacked.gradient
def _(dys, axis):
    return stacked(*_all(dys), axis=axis)


def _all(dys: Any) -> Any:
    """The gradients of all outputs; the engine hands over a bare one where there is only one."""
    return dys if isinstance(dys, tuple) else (dys,)


@public
def unstack(value: Any, num: Any = None, axis: Any = 0, name: str = "unstack") -> Any:
    """The slices of `value` along `axis`, a list of tensors of rank one less.

    InvalidArgumentError if there are not `num` of them, ValueError for an axis out of range.
    """
    x = as_tensor(value)
    if not x._array.ndim:
        raise ValueError("unstack: value must have at least one axis, not shape ()")
    rank = x._array.ndim
    if not -rank <= static(axis) < rank:
        raise ValueError(f"Argument `axis` = {static(axis)} not in range [{-rank}, {rank})")
    k = static(axis) % rank
    count = x._array.shape[k]
    if num is not None and static(num) != count:
        raise InvalidArgumentError(
            f"unstack: axis {k} of value {x._array.shape} has size {count}, not num={static(num)} [Op:Unpack]"
        )
    if not count:
        return []
    return list(unstacked(x, axis=k))


@op
def joined(xp, *xs, axis):
    return xp.concatenate(xs, axis=axis)


@joined.gradient
def _(dy, xs_shapes, axis):
    ends = list(itertools.accumulate(s[axis] for s in xs_shapes))

    def part(shape: Any, end: int) -> Any:
        begin = [0] * len(shape)
        begin[axis] = end - shape[axis]
        return lambda: OPS["part"](dy, begin=tuple(begin), size=tuple(shape))

    return tuple([part(s, e) for s, e in zip(xs_shapes, ends, strict=True)])


@public
def concat(values: Any, axis: Any, name: str = "concat") -> Any:
    """Tensors end to end along an existing `axis`; all other sizes must agree (InvalidArgumentError).

    >>> import gputape as tf
    >>> tf.concat([[[1, 2]], [[3, 4]]], 0).shape
    TensorShape([2, 2])
    """
    if isinstance(values, Array) or not isinstance(values, (list, tuple)):
        values = [values]
    xs = _alike(values)
    if not xs:
        raise InvalidArgumentError("concat: values is empty: at least one tensor is needed [Op:ConcatV2]")
    if len(xs) == 1:
        return OPS["identity"](xs[0])
    shapes = [x._array.shape for x in xs]
    rank = len(shapes[0])
    if not rank:
        raise InvalidArgumentError("concat: values[0] is a scalar: use tf.stack to join scalars [Op:ConcatV2]")
    k = axis_of("ConcatOp : Expected concatenating dimensions in range: concat", axis, rank)
    for n, s in enumerate(shapes):
        if len(s) != rank or s[:k] + s[k + 1 :] != shapes[0][:k] + shapes[0][k + 1 :]:
            raise InvalidArgumentError(
                f"ConcatOp : Dimension {k} in both shapes must be equal or all others must match: shape[0] = "
                f"{list(shapes[0])} vs. shape[{n}] = {list(s)} for axis {k} [Op:ConcatV2]"
            )
    return joined(*xs, axis=k)


@op
def pieces(xp, x, *, sizes, axis):
    ends = list(itertools.accumulate(sizes))
    return tuple([x[(slice(None),) * axis + (slice(e - s, e),)] for s, e in zip(sizes, ends, strict=True)])


@pieces.gradient
def _(dys, axis):
    dys = _all(dys)
    return joined(*dys, axis=axis) if len(dys) > 1 else dys[0]


@public
def split(value: Any, num_or_size_splits: Any, axis: Any = 0, num: Any = None, name: str = "split") -> Any:
    """`value` cut along `axis` into that many equal parts, or into parts of the given sizes (one may be -1).

    InvalidArgumentError if the axis cannot be cut so.
    """
    x = as_tensor(value)
    k = axis_of("split", axis, x._array.ndim)
    length = x._array.shape[k]
    wanted = static(num_or_size_splits)
    if not isinstance(wanted, tuple):
        if wanted < 1 or length % wanted:
            raise InvalidArgumentError(
                f"split: Number of ways to split should evenly divide the split dimension, but got split_dim {k} "
                f"(size = {length}) and num_split {wanted}: value has shape {x._array.shape} [Op:Split]"
            )
        sizes = [length // wanted] * wanted
    else:
        known = sum(s for s in wanted if s >= 0)
        sizes = [length - known if s == -1 else s for s in wanted]
        if wanted.count(-1) > 1 or sum(sizes) != length or min(sizes, default=0) < 0:
            raise InvalidArgumentError(
                f"split: sizes {list(wanted)} must add up to the size of axis {k} of value {x._array.shape}, and only "
                f"one may be -1 [Op:SplitV]"
            )
    return list(pieces(x, sizes=tuple(sizes), axis=k))


@public
def parallel_stack(values: Any, name: str = "parallel_stack") -> Any:
    """`tf.stack(values)`, in TensorFlow without waiting for all values."""
    return stack(values)


# -- repeating


@op
def tiled(xp, x, *, multiples):
    return xp.tile(x, multiples)


@tiled.gradient
def _(dy, x_shape, multiples):
    pairs = tuple(itertools.chain.from_iterable(zip(multiples, x_shape, strict=True)))
    summed = OPS["sum_over"](view(dy, shape=pairs), axes=tuple(range(0, len(pairs), 2)), keepdims=False)
    return summed


@public
def tile(input: Any, multiples: Any, name: str | None = None) -> Any:
    """`input` laid out multiples[k] times along axis k. InvalidArgumentError unless there is one multiple per axis.

    >>> import gputape as tf
    >>> tf.tile([1, 2], [2]).numpy()
    array([1, 2, 1, 2], dtype=int32)
    """
    x, counts = as_tensor(input), static_shape(multiples)
    if len(counts) != x._array.ndim or min(counts, default=0) < 0:
        raise InvalidArgumentError(
            f"tile: Expected multiples argument to be a vector of length {x._array.ndim} of sizes >= 0, but got "
            f"{list(counts)}: input has shape {x._array.shape} [Op:Tile]"
        )
    return tiled(x, multiples=counts)


@public
def repeat(input: Any, repeats: Any, axis: Any = None, name: str | None = None) -> Any:
    """Each element of `input` repeated `repeats` times along `axis` (None: of the flattened input).

    repeats: an int, or one per element along the axis. InvalidArgumentError if the numbers do not fit.
    """
    x, counts = as_tensor(input), static(repeats)
    if axis is None:
        x, axis = view(x, shape=(x._array.size,)), 0
    if not x._array.ndim:
        x = view(x, shape=(1,))
    old = x._array.shape
    k = axis_of("repeat", axis, len(old))
    if isinstance(counts, tuple) and len(counts) == 1:
        counts = counts[0]
    if not isinstance(counts, tuple):
        wide = expanded(view(x, shape=(*old[: k + 1], 1, *old[k + 1 :])), shape=(*old[: k + 1], counts, *old[k + 1 :]))
        return view(wide, shape=(*old[:k], old[k] * counts, *old[k + 1 :]))
    if len(counts) != old[k] or min(counts) < 0:
        raise InvalidArgumentError(
            f"repeat: {len(counts)} repeats for axis {k} of input {old}: need one >= 0 per element"
        )
    return OPS["gather"](x, np.repeat(np.arange(old[k]), counts), axis=k)


NAMES = {
    "tf.stack": stack,
    "tf.unstack": unstack,
    "tf.concat": concat,
    "tf.split": split,
    "tf.parallel_stack": parallel_stack,
    "tf.tile": tile,
    "tf.repeat": repeat,
}
