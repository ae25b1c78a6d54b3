"""IndexedSlices: rows of a tensor that is zero elsewhere; and its spec."""

from __future__ import annotations

from typing import Any

import numpy as np

from .dtypes import DType, as_dtype, float32, int64
from .registry import OPS
from .tensor import Array, as_tensor
from .tensor_shape import Dims, TensorShape
from .tensor_spec import TensorSpec, TypeSpec


class IndexedSlices:
    """A gradient that is zero but for some rows: `values[i]` belongs to row `indices[i]`; equal indices add up.

    The gradient of `tf.gather` and of embedding lookups; `tf.convert_to_tensor` makes it dense.
    """

    __slots__ = ("__weakref__", "_size", "indices", "values")

    def __init__(self, values: Any, indices: Any, dense_shape: Any = None) -> None:
        self.values = values
        self.indices = indices
        self._size = dense_shape  # as it was given: sizes that Python knows are never read from a tensor

    @property
    def dense_shape(self) -> Any:
        """The dense tensor's shape as a tensor, int32 unless given as one; None if it is not known."""
        if self._size is None or isinstance(self._size, Array):
            return self._size
        return as_tensor(np.array([int(n) for n in self._size], np.int32))

    @property
    def dtype(self) -> Any:
        return self.values.dtype

    @property
    def shape(self) -> TensorShape:
        return TensorShape(None if self._size is None else [int(n) for n in self._size])

    @property
    def device(self) -> str:
        return self.values.device  # type: ignore[no-any-return]

    def __neg__(self) -> IndexedSlices:
        return IndexedSlices(-self.values, self.indices, self._size)

    def dense(self) -> Any:
        """The same as one Tensor, its zeros written out; ValueError without `dense_shape`."""
        if self._size is None:
            raise ValueError("IndexedSlices: the dense tensor's size is not known: give dense_shape")
        return OPS["scatter_rows"](self.values, self.indices, rows=int(self._size[0]))

    __gputape_tensor__ = dense

    def __repr__(self) -> str:
        return f"IndexedSlices(indices={self.indices}, values={self.values}, dense_shape={self._size})"


def densified(value: Any) -> Any:
    return value.dense() if isinstance(value, IndexedSlices) else value


class IndexedSlicesSpec(TypeSpec):
    """Describes tf.IndexedSlices: the shape and dtype of the dense tensor, and those of its parts.

    >>> import gputape as tf
    >>> tf.IndexedSlicesSpec([3, 2])
    IndexedSlicesSpec(TensorShape([3, 2]), tf.float32, tf.int64, None, TensorShape([None]))
    """

    __slots__ = ("_parts",)

    def __init__(
        self,
        shape: Dims = None,
        dtype: Any = float32,
        indices_dtype: Any = int64,
        dense_shape_dtype: Any = None,
        indices_shape: Dims = None,
    ) -> None:
        self._parts = (
            TensorShape(shape),
            as_dtype(dtype),
            as_dtype(indices_dtype),
            None if dense_shape_dtype is None else as_dtype(dense_shape_dtype),
            TensorShape([None] if indices_shape is None else indices_shape),
        )

    @classmethod
    def from_value(cls, value: Any) -> IndexedSlicesSpec:
        """The spec of a tf.IndexedSlices."""
        size = value._size
        kind = None if size is None else getattr(size, "dtype", value.indices.dtype)
        return cls(value.shape, value.dtype, value.indices.dtype, kind, value.indices.shape)

    @property
    def value_type(self) -> Any:
        return IndexedSlices

    @property
    def shape(self) -> TensorShape:
        return self._parts[0]

    @property
    def dtype(self) -> DType:
        return self._parts[1]

    def is_compatible_with(self, spec_or_value: Any) -> bool:
        other = spec_or_value
        if not isinstance(other, IndexedSlicesSpec):
            if not isinstance(other, self.value_type):
                return False
            other = IndexedSlicesSpec.from_value(other)
        return self.dtype == other.dtype and self.shape.is_compatible_with(other.shape)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IndexedSlicesSpec) and self._parts == other._parts

    def __hash__(self) -> int:
        return hash(self._parts)

    def __repr__(self) -> str:
        return f"IndexedSlicesSpec({', '.join(map(repr, self._parts))})"


def type_spec_from_value(value: Any) -> Any:
    """The spec of a tensor, of tf.IndexedSlices, or of a value that has one of its own; TypeError for others.

    >>> import gputape as tf
    >>> tf.type_spec_from_value(tf.constant([1.0]))
    TensorSpec(shape=(1,), dtype=tf.float32, name=None)
    """
    if isinstance(value, IndexedSlices):
        return IndexedSlicesSpec.from_value(value)
    if hasattr(value, "_type_spec"):
        return value._type_spec
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return TensorSpec.from_tensor(value)
    raise TypeError(f"Could not build a TypeSpec for {value!r} of type {type(value).__name__}")
