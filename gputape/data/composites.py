"""Ragged and sparse tensors as parts of elements: they stay whole in a pipeline, and batches of them are like them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import cuda
from ..ragged.build import joined
from ..ragged.ragged_tensor import RaggedTensor
from ..ragged.spec import RaggedTensorSpec
from ..sparse.shapes import to_dense
from ..sparse.sparse_tensor import SparseTensor, SparseTensorSpec
from ..tensor import Tensor, as_tensor


class RaggedRow(np.ndarray[Any, Any]):
    """A dense row of a RaggedTensor: a batch of such rows is ragged again."""


COMPOSITES = (RaggedTensor, SparseTensor, RaggedRow)
SPECS = (RaggedTensorSpec, SparseTensorSpec)


def moved(x: Any, move: Callable[[Any], Any]) -> Any:
    """A ragged or sparse tensor whose values are where `move` takes an array."""
    if isinstance(x, RaggedTensor):
        return x.with_flat_values(Tensor(move(x.flat_values._array)))
    return x.with_values(Tensor(move(x.values._array)))


def on_host(x: Any) -> Any:
    """An element's part with its values on the host, where pipelines work."""
    return x if isinstance(x, RaggedRow) else moved(x, cuda.to_host)


class Rows:
    """The slices of a ragged or sparse tensor along its first axis, by number."""

    def __init__(self, x: Any) -> None:
        self.x = x
        if isinstance(x, SparseTensor):
            self._order = np.argsort(x._places[:, 0], kind="stable")
            self._ends = np.searchsorted(x._places[self._order, 0], np.arange(x._sizes[0] + 1))

    def __getitem__(self, k: int) -> Any:
        if isinstance(self.x, SparseTensor):
            chosen = self._order[self._ends[k] : self._ends[k + 1]]
            values = self.x.values._array[chosen]
            return SparseTensor(self.x._places[chosen, 1:], Tensor(values), self.x._sizes[1:])
        row = self.x[k]
        return row if isinstance(row, RaggedTensor) else row._array.view(RaggedRow)


def count(x: Any) -> int:
    return int(x._sizes[0]) if isinstance(x, SparseTensor) else len(x)


def gathered(x: Any, order: Any) -> Any:
    """The slices of `order`, a range or an array of numbers, as one tensor."""
    if isinstance(x, RaggedTensor):
        return x.rows(np.asarray(order, np.int64))
    rows = Rows(x)
    return stacked([rows[int(k)] for k in order]) if len(order) else SparseTensor([], [], [0, *x._sizes[1:]])


def stacked(parts: Any) -> Any:
    """The parts side by side along a new first axis."""
    if isinstance(parts[0], SparseTensor):
        places = [np.insert(p._places, 0, k, axis=1) for k, p in enumerate(parts)]
        values = np.concatenate([p.values._array for p in parts])
        sizes = np.max([p._sizes for p in parts], axis=0)
        return SparseTensor(np.concatenate(places), Tensor(values), [len(parts), *sizes])
    lengths = np.asarray([len(p) for p in parts], np.int64)
    if isinstance(parts[0], RaggedTensor):
        return RaggedTensor.from_row_lengths(joined(list(parts), 0), lengths)
    return RaggedTensor.from_row_lengths(Tensor(np.concatenate([np.asarray(p) for p in parts])), lengths)


def numpy(x: Any) -> Any:
    """The tensor as an array: of objects where rows differ in length, with the zeros where it is sparse."""
    if isinstance(x, SparseTensor):
        return to_dense(x).numpy()
    return x.numpy() if isinstance(x, RaggedTensor) else np.asarray(x)


def spec_of(x: Any) -> Any:
    if isinstance(x, RaggedRow):
        return RaggedTensorSpec([None, *x.shape[1:]], as_tensor(np.asarray(x)).dtype, 0)
    return (RaggedTensorSpec if isinstance(x, RaggedTensor) else SparseTensorSpec).from_value(x)


def reshaped(spec: Any, shape: list[Any]) -> Any:
    """The spec of tensors like those of `spec` with axes more or less in front, in all of shape `shape`."""
    if isinstance(spec, SparseTensorSpec):
        return SparseTensorSpec(shape, spec.dtype)
    return RaggedTensorSpec(shape, spec.dtype, spec.ragged_rank + len(shape) - spec.shape.rank, spec.row_splits_dtype)


def fits(spec: Any, value: Any) -> bool:
    """Whether an element's part is of that spec."""
    if not isinstance(value, COMPOSITES):
        return False
    found = spec_of(value)
    return type(found) is type(spec) and bool(spec.is_compatible_with(found))


def example(spec: Any, size: int) -> Any:
    """A tensor of this spec, without values where it is sparse; unknown sizes are `size`."""
    shape = [size if d is None else d for d in spec.shape.as_list()]
    if isinstance(spec, SparseTensorSpec):
        return SparseTensor([], Tensor(np.zeros(0, spec.dtype.numpy)), shape)
    dense = np.full(shape, b"", object) if spec.dtype == "string" else np.zeros(shape, spec.dtype.numpy)
    return ragged(dense, spec.ragged_rank)


def ragged(dense: Any, ragged_rank: int) -> Any:
    """An array as one whose first `ragged_rank` + 1 axes may differ in length from those of its neighbours in a batch."""
    if ragged_rank == 0:
        return np.asarray(dense).view(RaggedRow)
    return RaggedTensor.from_tensor(Tensor(np.asarray(dense)), ragged_rank=ragged_rank)
