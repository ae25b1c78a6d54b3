"""What ops do with ragged arguments: the engine asks here when it meets a RaggedTensor.

Elementwise ops work on the flat values. Ops that know of axes have a meaning of their own, registered by `@ragged`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import nest
from ..errors import InvalidArgumentError, UnimplementedError
from ..op import Elementwise
from ..registry import OPS, register
from ..tensor import Tensor, as_tensor
from .build import joined, stack
from .partition import length, ragged_or_tensor, splits_of, take
from .ragged_tensor import RaggedTensor

MEANINGS: dict[str, Callable[..., Any]] = {}
# Ops that work on single elements or on inner axes, so that the partition of their first argument is that of the result.
FLAT = {
    "cast", "clip_by_value", "dropout", "ensure_shape", "identity", "one_hot", "ones_like", "round", "select",
    "stop_gradient", "zeros_like",
}  # fmt: skip


def ragged(name: str) -> Callable[[Any], Any]:
    """Decorator: what the op or public function `name` means for ragged arguments."""

    def add(function: Any) -> Any:
        MEANINGS[name] = function
        return function

    return add


def ragged_op(op: Any, args: Any, kwargs: Any) -> Any:
    """Run `op` on arguments among which there are RaggedTensors."""
    name = (getattr(op, "name", None) or op.__name__).rstrip("_")
    kwargs = {k: v for k, v in kwargs.items() if k != "name"}
    if name in MEANINGS:
        return MEANINGS[name](*args, **kwargs)
    if isinstance(op, Elementwise) or name in FLAT:
        operands = aligned(list(args)) if isinstance(op, Elementwise) else args
        return map_flat_values(op, *operands, **kwargs)
    raise TypeError(
        f"{name} does not take a RaggedTensor: make it dense with rt.to_tensor(), or apply the op to its values with "
        f"tf.ragged.map_flat_values(tf.{name}, rt)"
    )


register("ragged_op", ragged_op)


def map_flat_values(op: Any, *args: Any, **kwargs: Any) -> Any:
    """`op` with each RaggedTensor among the arguments replaced by its flat values, and the rows put back.

    All must have the same rows, and `op` must keep the first axis. Reference: tf.ragged.map_flat_values.

    >>> import gputape as tf
    >>> tf.ragged.map_flat_values(lambda x: x * 2, tf.ragged.constant([[1], [2, 3]]))
    <tf.RaggedTensor [[2], [4, 6]]>
    """
    found: list[RaggedTensor] = []

    def flat(x: Any) -> Any:
        if not isinstance(x, RaggedTensor):
            return x
        found.append(x)
        return x.flat_values

    args, kwargs = nest.map_structure(flat, args), nest.map_structure(flat, kwargs)
    if found:
        _same_rows("map_flat_values", found)
    made = op(*args, **kwargs)
    return found[0].with_flat_values(made) if found else made


def _same_rows(name: str, values: list[RaggedTensor]) -> None:
    first = values[0]
    for other in values[1:]:
        if first.ragged_rank != other.ragged_rank or any(
            not np.array_equal(a._array, b._array) for a, b in zip(first.nested_row_splits, other.nested_row_splits)
        ):
            raise InvalidArgumentError(
                f"{name}: Inputs have incompatible row_splits: {first.shape} with row lengths "
                f"{first._row_lengths.tolist()[:20]} and {other.shape} with {other._row_lengths.tolist()[:20]}"
            )


def aligned(operands: list[Any]) -> list[Any]:
    """Operands of an elementwise op with dense ones broadcast to the rows of the ragged ones."""
    lead = max(
        (p for p in operands if isinstance(p, RaggedTensor)),
        key=lambda p: (p.ragged_rank, len(p.shape), -len(p.row_splits)),
    )
    rank, deep = len(lead.shape), lead.ragged_rank
    lead = _widest([p for p in operands if isinstance(p, RaggedTensor)], lead)
    return [_onto(p, lead, rank, deep, lead.flat_values._array.dtype) for p in operands]


def _widest(values: list[RaggedTensor], lead: RaggedTensor) -> RaggedTensor:
    """The ragged operand whose rows the result has: not one that is to be broadcast."""
    same = [v for v in values if v.ragged_rank == lead.ragged_rank and len(v.shape) == len(lead.shape)]
    return max(same, key=lambda v: (len(v), length(v.flat_values)))


def _onto(operand: Any, lead: RaggedTensor, rank: int, deep: int, dtype: Any) -> Any:
    if isinstance(operand, RaggedTensor):
        try:
            _same_rows("broadcast", [lead, operand])
            return operand
        except InvalidArgumentError:
            if operand._row_lengths.max(initial=0) > 1 and len(operand) != 1:
                raise
            operand = operand.to_tensor()
    elif isinstance(operand, (bool, int, float, complex, str, bytes)):
        return operand
    x = as_tensor(operand, dtype)
    if x._array.ndim < rank - deep:
        return x
    if x._array.ndim > rank:
        raise InvalidArgumentError(
            f"a dense operand of shape {x._array.shape} does not fit a RaggedTensor of shape {lead.shape}"
        )
    x = OPS["reshape"](x, [1] * (rank - x._array.ndim) + list(x._array.shape))
    shape, places = x._array.shape, lead.coordinates()
    index = np.zeros((len(places[0]), deep + 1), np.int64)
    for axis, place in enumerate(places):
        if shape[axis] != 1:
            uniform = lead.shape[axis]
            if uniform != shape[axis] and (uniform is not None or not _full(lead, axis, shape[axis])):
                raise InvalidArgumentError(
                    f"Unable to broadcast: dimension size mismatch in dimension {axis}: a dense operand of shape {shape} "
                    f"and a RaggedTensor of shape {lead.shape}"
                )
            index[:, axis] = place
    return lead.with_flat_values(OPS["gather_nd"](x, Tensor(index)))


def _full(lead: RaggedTensor, axis: int, size: int) -> bool:
    """Whether all rows along a ragged axis have this length after all."""
    level: Any = lead
    for _ in range(axis - 1):
        level = level._values
    return bool((level._row_lengths == size).all())


# -- indexing


def ragged_getitem(x: RaggedTensor, key: Any) -> Any:
    """`rt[i]` is a row, `rt[a:b]` some rows, `rt[:, a:b]` a part of each row; an inner ragged axis takes no integer."""
    keys = list(key) if isinstance(key, tuple) else [key]
    if any(k is Ellipsis for k in keys):
        at = next(i for i, k in enumerate(keys) if k is Ellipsis)
        given = len([k for k in keys if k is not None]) - 1
        keys[at : at + 1] = [slice(None)] * max(0, len(x.shape) - given)
    return _indexed(x, keys)


register("ragged_getitem", ragged_getitem)


def _indexed(x: Any, keys: list[Any]) -> Any:
    if not keys:
        return x
    if not isinstance(x, RaggedTensor):
        return x[tuple(keys)]
    first, rest = keys[0], keys[1:]
    if first is None:
        return RaggedTensor.from_uniform_row_length(
            _indexed(x, rest), len(x) if not rest else length(_indexed(x, rest))
        )
    if isinstance(first, slice):
        chosen = range(len(x))[_plain(first)]
        rows = x if chosen == range(len(x)) else x.rows(np.asarray(chosen, np.int64))
        return _inside(rows, rest) if rest else rows
    row = int(first)
    if not -len(x) <= row < len(x):
        raise IndexError(f"Row key {row} out of bounds: the RaggedTensor has {len(x)} rows")
    row %= len(x)
    a, b = int(x._splits[row]), int(x._splits[row + 1])
    inner = x._values.rows(np.arange(a, b)) if isinstance(x._values, RaggedTensor) else x._values[a:b]
    return _indexed(inner, rest)


def _inside(x: RaggedTensor, keys: list[Any]) -> Any:
    """`x[:, *keys]`."""
    first, rest = keys[0], keys[1:]
    if first is None:
        return RaggedTensor.from_uniform_row_length(_inside(x, rest) if rest else x, 1)
    if not isinstance(first, slice):
        if x._uniform is None:
            raise ValueError("Cannot index into an inner ragged dimension.")
        size = x._uniform
        row = int(first) % size if -size <= int(first) < size else -1
        if row < 0:
            raise InvalidArgumentError(
                f"slice index {int(first)} of dimension 1 out of bounds: rows have {size} values"
            )
        return _indexed(take(x._values, x._splits[:-1] + row), [slice(None), *rest])
    if first != slice(None):
        first = _plain(first)
        chosen = [range(a, b)[first] for a, b in zip(x._splits[:-1].tolist(), x._splits[1:].tolist(), strict=True)]
        places = np.fromiter((p for c in chosen for p in c), np.int64)
        lengths = [len(c) for c in chosen]
        uniform = None if x._uniform is None else len(range(x._uniform)[first])
        x = RaggedTensor(take(x._values, places), splits_of(lengths, x._splits.dtype), uniform)
    return x.with_values(_indexed(x._values, [slice(None), *rest])) if rest else x


def _plain(s: slice) -> slice:
    return slice(*[None if v is None else int(v) for v in (s.start, s.stop, s.step)])


# -- shapes


@ragged("concat")
def concat(values: Any, axis: Any) -> Any:
    parts = [ragged_or_tensor(v) for v in (values if isinstance(values, (list, tuple)) else [values])]
    rank = len(parts[0].shape)
    place = int(axis)
    if not -rank <= place < rank:
        raise ValueError(f"concat: axis={place} out of bounds for rank {rank}")
    return joined(parts, place % rank)


MEANINGS["stack"] = stack


@ragged("expand_dims")
def expand_dims(input: Any, axis: Any) -> Any:
    rank = len(input.shape) + 1
    place = int(axis) + rank if int(axis) < 0 else int(axis)
    if not 0 <= place < rank:
        raise ValueError(f"expand_dims: axis={axis} out of bounds for rank {rank - 1}")
    if place == 0:
        return RaggedTensor.from_uniform_row_length(input, len(input))
    if place == 1:
        return RaggedTensor.from_uniform_row_length(input, 1)
    return input.with_values(OPS["expand_dims"](input._values, place - 1))


@ragged("gather")
def gather(params: Any, indices: Any, validate_indices: Any = None, axis: Any = None, batch_dims: Any = 0) -> Any:
    if isinstance(indices, RaggedTensor) and not batch_dims and axis in (None, 0):
        return indices.with_values(OPS["gather"](params, indices._values))
    if batch_dims or axis not in (None, 0):
        raise UnimplementedError(
            "gather from a RaggedTensor takes axis=0 and batch_dims=0: use rt.to_tensor() for others"
        )
    places = np.asarray(as_tensor(indices)._read("indices of ragged rows"))
    if places.size and not (places.min() >= 0 and places.max() < len(params)):
        raise InvalidArgumentError(f"gather: indices must be in [0, {len(params)}), the rows of params")
    if places.ndim == 0:
        return params[int(places)]
    made = params.rows(places.reshape(-1))
    for axis in range(places.ndim - 1, 0, -1):
        rows = int(np.prod(places.shape[:axis]))
        made = RaggedTensor(made, np.arange(rows + 1) * places.shape[axis])
    return made


@ragged("embedding_lookup")
def embedding_lookup(params: Any, ids: Any, max_norm: Any = None) -> Any:
    return map_flat_values(OPS["embedding_lookup"], params, ids, max_norm)


@ragged("reverse")
def reverse(tensor: Any, axis: Any) -> Any:
    made = tensor
    for k in sorted(int(a) % len(tensor.shape) for a in np.reshape(axis, -1)):
        if k == 0:
            made = made.rows(np.arange(len(made))[::-1])
        elif k == 1:
            order = np.repeat(made._splits[:-1] + made._splits[1:] - 1, made._row_lengths) - np.arange(made._splits[-1])
            made = RaggedTensor(take(made._values, order), made._splits, made._uniform)
        else:
            made = made.with_values(OPS["reverse"](made._values, [k - 1]))
    return made


@ragged("tile")
def tile(input: Any, multiples: Any) -> Any:
    times = np.asarray(as_tensor(multiples)._read("multiples of a RaggedTensor")).tolist()
    if len(times) != len(input.shape):
        raise ValueError(f"tile: multiples must be {len(input.shape)} numbers, one for each axis, got {times}")
    return _tiled(input, times)


def _tiled(x: Any, times: list[int]) -> Any:
    if not isinstance(x, RaggedTensor):
        return OPS["tile"](x, times)
    made = x.with_values(_tiled(x._values, [1, *times[2:]]))
    if times[1] != 1:
        rows = np.repeat(np.arange(len(made)), times[1])
        lengths = made._row_lengths * times[1]
        uniform = None if made._uniform is None else made._uniform * times[1]
        made = RaggedTensor(made.rows(rows)._values, splits_of(lengths, made._splits.dtype), uniform)
    return made.rows(np.tile(np.arange(len(made)), times[0])) if times[0] != 1 else made


@ragged("size")
def size(input: Any, out_type: Any = None) -> Any:
    return OPS["size"](input.flat_values, out_type)


@ragged("rank")
def rank(input: Any) -> Any:
    return Tensor(np.asarray(len(input.shape), np.int32))


@ragged("one_hot")
def one_hot(
    indices: Any, depth: Any, on_value: Any = None, off_value: Any = None, axis: Any = None, dtype: Any = None
) -> Any:
    return map_flat_values(lambda flat: OPS["one_hot"](flat, depth, on_value, off_value, None, dtype), indices)


@ragged("select")
def select(condition: Any, x: Any, y: Any) -> Any:
    made = aligned([condition, x, y])
    return map_flat_values(OPS["select"], *made)


MEANINGS["where"] = lambda condition, x, y: select(condition, x, y)
