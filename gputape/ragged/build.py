"""Making RaggedTensors: from nested lists, ranges, masks, lists of tensors; and row partitions of other kinds."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..dtypes import as_dtype
from ..errors import InvalidArgumentError
from ..registry import OPS
from ..tensor import Tensor, as_tensor, host_array, placed
from .partition import host, length, ragged_or_tensor, spans, splits_of, take
from .ragged_tensor import RaggedTensor


def constant(
    pylist: Any,
    dtype: Any = None,
    ragged_rank: int | None = None,
    inner_shape: Any = None,
    name: str | None = None,
    row_splits_dtype: Any = "int64",
) -> Any:
    """A RaggedTensor from nested lists; a Tensor for a list without lists in it. Reference: tf.ragged.constant.

    dtype: default that of the values (float32 for empty lists). ragged_rank: how many axes are ragged; default all but
    the first. inner_shape: the shape of the innermost values, which are not ragged then. ValueError if the lists are
    not nested to one depth.

    >>> import gputape as tf
    >>> tf.ragged.constant([["a", "b"], [], ["c"]])
    <tf.RaggedTensor [[b'a', b'b'], [], [b'c']]>
    """
    pylist = _lists(pylist)
    if not isinstance(pylist, list):
        if ragged_rank:
            raise ValueError(f"Invalid pylist={pylist}: incompatible with ragged_rank={ragged_rank}")
        return OPS["reshape"](_dense([pylist], dtype), list(inner_shape or []))
    depth, scalars = _depth(pylist)
    inner = (
        None
        if inner_shape is None
        else tuple(inner_shape)
        if isinstance(inner_shape, (list, tuple))
        else (int(inner_shape),)
    )
    if ragged_rank is None:
        ragged_rank = max(0, depth - 1) if inner is None else max(0, depth - 1 - len(inner))
    if scalars is not None and ragged_rank >= depth:
        raise ValueError(f"Invalid pylist={pylist}: its depth of {depth} is too small for ragged_rank={ragged_rank}")
    parts = []
    level = pylist
    for _ in range(ragged_rank):
        if not all(isinstance(row, list) for row in level):
            raise ValueError(f"Invalid pylist={pylist}: scalar values found beside lists")
        parts.append(splits_of([len(row) for row in level], as_dtype(row_splits_dtype).numpy))
        level = [value for row in level for value in row]
    if inner is None and ragged_rank == depth - 1 and any(isinstance(v, list) for v in level):
        raise ValueError("all scalar values must have the same nesting depth")
    values: Any = _dense(level, dtype)
    if inner is not None:
        if not level:
            values = OPS["reshape"](values, [0, *inner])
        elif values._array.shape[1:] != inner:
            raise ValueError(f"Invalid pylist={pylist}: its inner shape is {values._array.shape[1:]}, not {inner}")
    elif ragged_rank < depth - 1 and not level:
        values = OPS["reshape"](values, [0] * (depth - ragged_rank))
    for splits in reversed(parts):
        values = RaggedTensor(values, splits)
    return values


def _lists(value: Any) -> Any:
    """Tuples and arrays as lists, all the way down."""
    if isinstance(value, (list, tuple)):
        return [_lists(v) for v in value]
    return value.tolist() if isinstance(value, np.ndarray) else value


def _depth(value: Any) -> tuple[int, int | None]:
    """How deep lists are nested, and how deep the scalars lie: None if there are none. ValueError if they differ."""
    if not isinstance(value, list):
        return 0, 0
    if not value:
        return 1, None
    found = [_depth(v) for v in value]
    depth, scalars = max(d for d, _ in found), {s for _, s in found if s is not None}
    if len(scalars) > 1:
        raise ValueError("all scalar values must have the same nesting depth")
    known = scalars.pop() if scalars else None
    if known is not None and known < depth:
        raise ValueError(f"Invalid pylist={value}: empty list nesting is greater than scalar value nesting")
    return depth + 1, None if known is None else known + 1


def _dense(values: list[Any], dtype: Any) -> Tensor:
    if dtype is None and not values:
        dtype = "float32"
    if dtype is not None and as_dtype(dtype) == "string" and not values:
        return Tensor(np.empty(0, object))
    return Tensor(placed(host_array(np.array(values, object) if _texts(values) else values, dtype)))


def _texts(values: list[Any]) -> bool:
    return bool(values) and all(isinstance(v, (bytes, str)) for v in values)


_WIDTH = [np.dtype(t) for t in (np.int32, np.int64, np.float32, np.float64)]


def ragged_range(
    starts: Any,
    limits: Any = None,
    deltas: Any = 1,
    dtype: Any = None,
    name: str | None = None,
    row_splits_dtype: Any = "int64",
) -> RaggedTensor:
    """Row i is the numbers starts[i], starts[i] + deltas[i], ... before limits[i]; scalars serve all rows.

    >>> import gputape as tf
    >>> tf.ragged.range([3, 5, 2])
    <tf.RaggedTensor [[0, 1, 2], [0, 1, 2, 3, 4], [0, 1]]>
    """
    if limits is None:
        starts, limits = 0, starts
    given = [as_tensor(v, None if dtype is None else as_dtype(dtype).numpy) for v in (starts, limits, deltas)]
    kind = as_dtype(dtype).numpy if dtype is not None else max((t._array.dtype for t in given), key=_WIDTH.index)
    first, last, step = np.broadcast_arrays(*[np.atleast_1d(t._read("a bound of tf.ragged.range")) for t in given])
    if first.ndim > 1:
        raise InvalidArgumentError(
            f"tf.ragged.range: starts, limits and deltas must be scalars or vectors, got {first.shape}"
        )
    if (step == 0).any():
        raise InvalidArgumentError("tf.ragged.range: Requires delta != 0")
    wide = np.float64 if kind.kind == "f" else np.int64
    first, last, step = (v.astype(wide) for v in (first, last, step))
    lengths = np.maximum(0, np.ceil((last - first) / step)).astype(np.int64)
    ordinal = spans(np.zeros(len(lengths), np.int64), lengths)
    values = (np.repeat(first, lengths) + ordinal * np.repeat(step, lengths)).astype(kind)
    return RaggedTensor(Tensor(placed(values)), splits_of(lengths, as_dtype(row_splits_dtype).numpy))


def stack(values: Any, axis: int = 0, name: str | None = None) -> Any:
    """Tensors and RaggedTensors of one rank, their sizes free, as one RaggedTensor with a new `axis`.

    >>> import gputape as tf
    >>> tf.ragged.stack([tf.constant([1, 2]), tf.constant([3])])
    <tf.RaggedTensor [[1, 2], [3]]>
    """
    parts = [ragged_or_tensor(v) for v in (values if isinstance(values, (list, tuple)) else [values])]
    rank = len(parts[0].shape)
    place = axis + rank + 1 if axis < 0 else axis
    if not 0 <= place <= rank:
        raise ValueError(f"axis={axis} out of bounds: expected {-rank - 1}<=axis<{rank + 1}")
    if rank == 0:
        return OPS["stack"](parts)
    if place == 0:
        lengths = [length(p) for p in parts]
        return RaggedTensor(joined(parts, 0), splits_of(lengths))
    return joined([OPS["expand_dims"](p, place) for p in parts], place)


def joined(values: list[Any], axis: int) -> Any:
    """Tensors and RaggedTensors side by side along `axis`."""
    deepest = max((v.ragged_rank for v in values if isinstance(v, RaggedTensor)), default=0)
    if deepest == 0:
        shapes = [v._array.shape for v in values]
        if len({(s[:axis], s[axis + 1 :]) for s in shapes}) == 1:
            return OPS["concat"](values, axis)
    rank = len(values[0].shape)
    if any(len(v.shape) != rank for v in values):
        raise ValueError(f"concat: the inputs must have one rank, not {[len(v.shape) for v in values]}")
    parts = [raised(v, max(deepest, 1)) for v in values]
    if axis == 0:
        inner = joined([p._values for p in parts], 0)
        return RaggedTensor(inner, splits_of(np.concatenate([p._row_lengths for p in parts]), parts[0]._splits.dtype))
    counts = {len(p) for p in parts}
    if len(counts) > 1:
        raise InvalidArgumentError(
            f"concat: along axis {axis} the inputs must have one number of rows, not {sorted(counts)}"
        )
    if axis == 1:
        rows, k = counts.pop(), len(parts)
        mixed = joined(parts, 0).rows(np.arange(rows * k).reshape(k, rows).T.reshape(-1))
        return RaggedTensor(mixed._values, mixed._splits[::k])
    if any(not np.array_equal(p._splits, parts[0]._splits) for p in parts):
        raise InvalidArgumentError(f"concat: along axis {axis} the rows of all inputs must have the same lengths")
    return parts[0].with_values(joined([p._values for p in parts], axis - 1))


def raised(value: Any, ragged_rank: int) -> Any:
    """`value` with at least this many ragged axes."""
    if ragged_rank == 0:
        return value
    if not isinstance(value, RaggedTensor):
        return RaggedTensor.from_tensor(value, ragged_rank=ragged_rank)
    return RaggedTensor(raised(value._values, ragged_rank - 1), value._splits, value._uniform)


def boolean_mask(data: Any, mask: Any, name: str | None = None) -> Any:
    """The values where `mask` is true, in the rows where they stood; `mask` has the leading axes of `data`.

    >>> import gputape as tf
    >>> tf.ragged.boolean_mask([[1, 2, 3], [4, 5, 6]], [[True, False, True], [False, False, True]])
    <tf.RaggedTensor [[1, 3], [6]]>
    """
    x, m = ragged_or_tensor(data), ragged_or_tensor(mask, "bool")
    if m.dtype != "bool":
        raise TypeError(f"boolean_mask: mask must be bool, not {m.dtype.name}")
    rank = len(m.shape)
    if rank == 0:
        raise ValueError("mask cannot be scalar.")
    if rank == 1:
        return take(x, np.flatnonzero(m._read("a mask")))
    x, m = raised(x, 1), raised(m, 1)
    if not np.array_equal(x._splits, m._splits):
        raise InvalidArgumentError("boolean_mask: data and mask must have rows of the same lengths")
    kept = boolean_mask(x._values, m._values)
    if isinstance(m._values, RaggedTensor) or rank > 2:
        return x.with_values(kept)
    chosen = np.cumsum(np.append(0, m._values._read("a mask")))
    return RaggedTensor(kept, chosen[x._splits].astype(x._splits.dtype))


def stack_dynamic_partitions(data: Any, partitions: Any, num_partitions: Any, name: str | None = None) -> RaggedTensor:
    """Row k is what of `data` has partition k, in order: partitions has the leading axes of `data`."""
    x = ragged_or_tensor(data)
    ids = host(partitions.flat_values if isinstance(partitions, RaggedTensor) else as_tensor(partitions))
    if isinstance(partitions, RaggedTensor):
        x = x.flat_values
    elif ids.ndim != 1:
        x = OPS["reshape"](x, [-1, *x._array.shape[ids.ndim :]])
    ids, count = ids.reshape(-1), int(host(num_partitions))
    if len(ids) and not (ids.min() >= 0 and ids.max() < count):
        raise InvalidArgumentError(f"stack_dynamic_partitions: partitions must be in [0, {count})")
    return RaggedTensor(take(x, np.argsort(ids, kind="stable")), splits_of(np.bincount(ids, minlength=count)))


def row_splits_to_segment_ids(splits: Any, name: str | None = None, out_type: Any = None) -> Tensor:
    """The row of each value: [0, 3, 3, 5] gives [0, 0, 0, 2, 2]."""
    given = host(splits)
    dtype = given.dtype if out_type is None else as_dtype(out_type).numpy
    return Tensor(np.repeat(np.arange(len(given) - 1, dtype=dtype), np.diff(given)))


def segment_ids_to_row_splits(
    segment_ids: Any, num_segments: Any = None, out_type: Any = None, name: str | None = None
) -> Tensor:
    """The reverse of `row_splits_to_segment_ids`; num_segments: default the last id + 1."""
    ids = host(segment_ids)
    dtype = ids.dtype if out_type is None else as_dtype(out_type).numpy
    return Tensor(splits_of(np.bincount(ids, minlength=0 if num_segments is None else int(host(num_segments))), dtype))
