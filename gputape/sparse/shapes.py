"""tf.sparse: places moved, joined, cut out and ordered; the values only follow them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..dtypes import as_dtype
from ..errors import InvalidArgumentError
from ..registry import OPS
from ..tensor import Tensor, as_tensor
from .sparse_tensor import SparseTensor, integers


def checked(name: str, value: Any) -> SparseTensor:
    if not isinstance(value, SparseTensor):
        raise TypeError(f"{name}: Input must be a SparseTensor, got {type(value).__name__}")
    return value


def picked(sp: SparseTensor, chosen: Any) -> Any:
    """The values with these numbers, or under this mask."""
    chosen = np.flatnonzero(chosen) if chosen.dtype == bool else chosen
    return OPS["gather"](sp.values, Tensor(chosen.astype(np.int64)))


def from_dense(tensor: Any, name: str | None = None) -> SparseTensor:
    """The elements of `tensor` that are not zero (not ""), in row-major order; gradients flow.

    >>> import gputape as tf
    >>> tf.sparse.from_dense([[1, 0], [0, 3]]).values.numpy()
    array([1, 3], dtype=int32)
    """
    x = as_tensor(tensor)
    array = x._read("the places of tf.sparse.from_dense")
    places = np.argwhere(array != (b"" if array.dtype == object else array.dtype.type(0)))
    return SparseTensor(places, OPS["gather_nd"](x, Tensor(places)), np.array(array.shape, np.int64))


def to_dense(sp_input: Any, default_value: Any = None, validate_indices: bool = True, name: str | None = None) -> Any:
    """The dense tensor; `default_value` (default zero or "") where no value stands.

    validate_indices: whether to demand row-major order without repetitions; InvalidArgumentError otherwise.
    """
    sp = checked("to_dense", sp_input)
    numbers, size = sp.numbers(), int(np.prod(sp._sizes))
    if validate_indices and (np.diff(numbers) <= 0).any():
        at = int(np.flatnonzero(np.diff(numbers) <= 0)[0]) + 1
        why = "repeated" if numbers[at] == numbers[at - 1] else "out of order"
        raise InvalidArgumentError(
            f"to_dense: indices[{at}] = {sp._places[at].tolist()} is {why}: use tf.sparse.reorder, or validate_indices=False"
        )
    default = as_tensor(OPS["zeros"]([], sp.dtype) if default_value is None else default_value, sp.values._array.dtype)
    place = np.full(size, len(numbers), np.int64)
    place[numbers] = np.arange(len(numbers))
    filled = OPS["concat"]([sp.values, OPS["reshape"](default, [1])], 0)
    return OPS["gather"](filled, Tensor(place.reshape(sp._sizes.tolist())))


def reorder(sp_input: Any, name: str | None = None) -> SparseTensor:
    """The same tensor with its places in row-major order.

    >>> import gputape as tf
    >>> tf.sparse.reorder(tf.SparseTensor([[1, 0], [0, 1]], [3, 4], [2, 2])).values.numpy()
    array([4, 3], dtype=int32)
    """
    sp = checked("reorder", sp_input)
    order = np.argsort(sp.numbers(), kind="stable")
    return SparseTensor(sp._places[order], picked(sp, order), sp._sizes)


def reshape(sp_input: Any, shape: Any, name: str | None = None) -> SparseTensor:
    """The same elements in row-major order in another shape, of which one size may be -1."""
    sp = checked("reshape", sp_input)
    sizes = integers(shape, "shape")
    size, known = int(np.prod(sp._sizes)), int(np.prod(sizes[sizes >= 0]))
    if (sizes < -1).any() or (sizes == -1).sum() > 1:
        raise InvalidArgumentError(f"reshape: shape {sizes.tolist()}: only one size may be -1")
    sizes = np.where(sizes < 0, size // max(known, 1), sizes)
    if int(np.prod(sizes)) != size:
        raise InvalidArgumentError(
            f"reshape: Input to reshape is a tensor with {size} dense values, but the requested shape {sizes.tolist()} has "
            f"{int(np.prod(sizes))}"
        )
    places = np.stack(np.unravel_index(sp.numbers(), sizes.tolist()), axis=1) if len(sizes) else sp._places[:, :0]
    return SparseTensor(places, sp.values, sizes)


def reset_shape(sp_input: Any, new_shape: Any = None) -> SparseTensor:
    """The same places in a larger shape; default the smallest that holds them all."""
    sp = checked("reset_shape", sp_input)
    if new_shape is None:
        return SparseTensor(sp._places, sp.values, sp._places.max(axis=0, initial=-1) + 1)
    sizes = integers(new_shape, "new_shape")
    if len(sizes) != len(sp._sizes) or (sizes < sp._sizes).any():
        raise InvalidArgumentError(f"reset_shape: new_shape {sizes.tolist()} must not be below {sp._sizes.tolist()}")
    return SparseTensor(sp._places, sp.values, sizes)


def transpose(sp_input: Any, perm: Any = None, name: str | None = None) -> SparseTensor:
    """The axes in the order `perm` (default reversed), places in row-major order."""
    sp = checked("transpose", sp_input)
    order = np.arange(len(sp._sizes))[::-1] if perm is None else integers(perm, "perm")
    return reorder(SparseTensor(sp._places[:, order], sp.values, sp._sizes[order]))


def expand_dims(sp_input: Any, axis: Any = None, name: str | None = None) -> SparseTensor:
    """With an axis of size 1 inserted at `axis` (default the last)."""
    sp = checked("expand_dims", sp_input)
    rank = len(sp._sizes)
    place = -1 if axis is None else int(axis)
    if not -rank - 1 <= place <= rank:
        raise ValueError(f"axis={place} must be within [{-rank - 1}, {rank}] for a SparseTensor of rank {rank}")
    place %= rank + 1
    return SparseTensor(np.insert(sp._places, place, 0, axis=1), sp.values, np.insert(sp._sizes, place, 1))


def slice_(sp_input: Any, start: Any, size: Any, name: str | None = None) -> SparseTensor:
    """What stands in the box from `start` of shape `size`, which may reach beyond the end."""
    sp = checked("slice", sp_input)
    begin = integers(start, "start")
    end = np.minimum(begin + integers(size, "size"), sp._sizes)
    inside = ((sp._places >= begin) & (sp._places < end)).all(axis=1)
    return SparseTensor(sp._places[inside] - begin, picked(sp, inside), np.maximum(end - begin, 0))


def split(sp_input: Any = None, num_split: Any = None, axis: Any = None, name: str | None = None) -> list[SparseTensor]:
    """`num_split` parts along `axis`; the first ones are larger by one if the size does not divide."""
    sp = checked("split", sp_input)
    if num_split is None or axis is None:
        raise ValueError("split: num_split and axis are required")
    k, count = int(axis) % len(sp._sizes), int(num_split)
    size, parts, begin = int(sp._sizes[k]), [], 0
    for i in range(count):
        width = size // count + (i < size % count)
        start, shape = np.zeros_like(sp._sizes), sp._sizes.copy()
        start[k], shape[k] = begin, width
        parts.append(slice_(sp, start, shape))
        begin += width
    return parts


def concat(axis: Any, sp_inputs: Any, expand_nonconcat_dims: bool = False, name: str | None = None) -> SparseTensor:
    """SparseTensors side by side along `axis`, in row-major order.

    expand_nonconcat_dims: whether the other sizes may differ; the largest is taken.
    """
    parts = [checked("concat", sp) for sp in sp_inputs]
    shapes = np.array([sp._sizes for sp in parts])
    k = int(axis) % shapes.shape[1]
    others = np.delete(shapes, k, axis=1)
    if not expand_nonconcat_dims and (others != others[0]).any():
        raise InvalidArgumentError(f"concat: along axis {k} the other sizes must agree: {shapes.tolist()}")
    offsets, sizes = np.cumsum(np.append(0, shapes[:-1, k])), shapes.max(axis=0)
    sizes[k] = shapes[:, k].sum()
    moved = [sp._places + np.eye(len(sizes), dtype=np.int64)[k] * n for sp, n in zip(parts, offsets)]
    return reorder(SparseTensor(np.concatenate(moved), OPS["concat"]([sp.values for sp in parts], 0), sizes))


def retain(sp_input: Any, to_retain: Any) -> SparseTensor:
    """The values where the bool vector `to_retain` holds."""
    sp = checked("retain", sp_input)
    kept = np.asarray(as_tensor(to_retain)._read("to_retain"))
    return SparseTensor(sp._places[kept], picked(sp, kept), sp._sizes)


def fill_empty_rows(sp_input: Any, default_value: Any, name: str | None = None) -> tuple[SparseTensor, Tensor]:
    """`default_value` at [row, 0, ...] in rows without a value, and a bool vector that tells these rows."""
    sp = checked("fill_empty_rows", sp_input)
    counts = np.bincount(sp._places[:, 0], minlength=int(sp._sizes[0]))
    empty = np.flatnonzero(counts == 0)
    added = np.zeros((len(empty), len(sp._sizes)), np.int64)
    added[:, 0] = empty
    filler = OPS["broadcast_to"](as_tensor(default_value, sp.values._array.dtype), [len(empty)])
    joined = SparseTensor(np.concatenate([sp._places, added]), OPS["concat"]([sp.values, filler], 0), sp._sizes)
    return reorder(joined), Tensor(counts == 0)


def to_indicator(sp_input: Any, vocab_size: Any, name: str | None = None) -> Any:
    """A bool tensor: true at [..., v] where the integer v is among the values along the last axis."""
    sp = checked("to_indicator", sp_input)
    values = sp.values._read("the values of tf.sparse.to_indicator").astype(np.int64)
    made = np.zeros((*sp._sizes[:-1].tolist(), int(vocab_size)), bool)
    made[(*sp._places[:, :-1].T, values)] = True
    return as_tensor(made)


def eye(num_rows: Any, num_columns: Any = None, dtype: Any = "float32", name: str | None = None) -> SparseTensor:
    """The identity matrix."""
    rows = int(num_rows)
    columns = rows if num_columns is None else int(num_columns)
    diagonal = np.arange(min(rows, columns), dtype=np.int64)
    ones = OPS["ones"]([len(diagonal)], as_dtype(dtype))
    return SparseTensor(np.stack([diagonal, diagonal], axis=1), ones, np.array([rows, columns]))


def mask(a: Any, mask_indices: Any, name: str | None = None) -> Any:
    """tf.IndexedSlices without the rows in `mask_indices`."""
    kept = ~np.isin(integers(a.indices, "indices"), integers(mask_indices, "mask_indices"))
    rows = Tensor(np.flatnonzero(kept))
    return type(a)(OPS["gather"](a.values, rows), OPS["gather"](a.indices, rows), a.dense_shape)
