"""IndexedSlices: rows of a tensor that is zero elsewhere."""

from __future__ import annotations

from typing import Any

from .registry import OPS
from .tensor_shape import TensorShape


class IndexedSlices:
    """A gradient that is zero but for some rows: `values[i]` belongs to row `indices[i]`; equal indices add up.

    The gradient of `tf.gather` and of embedding lookups; `tf.convert_to_tensor` makes it dense.
    """

    def __init__(self, values: Any, indices: Any, dense_shape: Any = None) -> None:
        self.values = values
        self.indices = indices
        self.dense_shape = dense_shape

    @property
    def dtype(self) -> Any:
        return self.values.dtype

    @property
    def shape(self) -> TensorShape:
        return TensorShape(None if self.dense_shape is None else [int(n) for n in self.dense_shape])

    @property
    def device(self) -> str:
        return self.values.device  # type: ignore[no-any-return]

    def __neg__(self) -> IndexedSlices:
        return IndexedSlices(-self.values, self.indices, self.dense_shape)

    def dense(self) -> Any:
        """The same as one Tensor, its zeros written out; ValueError without `dense_shape`."""
        if self.dense_shape is None:
            raise ValueError("IndexedSlices: the dense tensor's size is not known: give dense_shape")
        return OPS["scatter_rows"](self.values, self.indices, rows=int(self.dense_shape[0]))

    __gputape_tensor__ = dense

    def __repr__(self) -> str:
        return f"IndexedSlices(indices={self.indices}, values={self.values}, dense_shape={self.dense_shape})"


def densified(value: Any) -> Any:
    return value.dense() if isinstance(value, IndexedSlices) else value
