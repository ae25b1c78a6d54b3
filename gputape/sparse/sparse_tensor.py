"""SparseTensor: the values of a tensor that are not zero, and where they stand.

The places are a NumPy array on the host, as shapes are; gradients flow through the values. A recorded function cannot
hold places that change from call to call, so making a SparseTensor inside one tells it to run eagerly.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..dtypes import DType, as_dtype
from ..errors import InvalidArgumentError
from ..record import state
from ..registry import OPS, register
from ..tensor import Array, Tensor, as_tensor, host_array
from ..tensor_shape import TensorShape


def integers(value: Any, what: str) -> Any:
    """Places or sizes as an int64 NumPy array."""
    array = value._read(what) if isinstance(value, Array) else host_array(value)
    array = np.asarray(array)
    if array.size and array.dtype.kind not in "iu":
        raise TypeError(f"{what} must be integers, not {array.dtype}")
    return array.astype(np.int64)


class SparseTensor:
    """`values[k]` stands at `indices[k]`, all else is zero. Reference: tf.sparse.SparseTensor.

    Args:
        indices: the places, of shape (n, rank), int64. Most ops want them in row-major order: see tf.sparse.reorder.
        values: shape (n,), any dtype.
        dense_shape: the shape of the tensor, (rank,).

    Raises ValueError if the three do not fit.

    >>> import gputape as tf
    >>> sp = tf.SparseTensor(indices=[[0, 0], [1, 2]], values=[1, 2], dense_shape=[2, 3])
    >>> tf.sparse.to_dense(sp).numpy()
    array([[1, 0, 0],
           [0, 0, 2]], dtype=int32)
    """

    __array_priority__ = 100.0

    def __init__(self, indices: Any, values: Any, dense_shape: Any) -> None:
        self._places, self._sizes = integers(indices, "indices"), integers(dense_shape, "dense_shape")
        self._values = as_tensor(values)
        if self._places.size == 0 and self._places.ndim < 2:
            self._places = self._places.reshape(0, len(self._sizes))
        places, count = self._places.shape, self._values._array.shape
        if len(places) != 2 or len(count) != 1 or places[0] != count[0] or (places[1],) != self._sizes.shape:
            raise ValueError(
                f"SparseTensor: indices must be (n, rank), values (n,), dense_shape (rank,); got indices {places}, "
                f"values {count}, dense_shape {self._sizes.shape}"
            )
        for recorder in state.stack:
            reasons = getattr(recorder, "reasons", None)
            if reasons is not None:
                reasons.append("it makes a SparseTensor")

    @classmethod
    def from_value(cls, sparse_tensor_value: Any) -> SparseTensor:
        """A SparseTensor from anything with indices, values and dense_shape."""
        return cls(sparse_tensor_value.indices, sparse_tensor_value.values, sparse_tensor_value.dense_shape)

    @property
    def indices(self) -> Tensor:
        return Tensor(self._places)

    @property
    def values(self) -> Any:
        return self._values

    @property
    def dense_shape(self) -> Tensor:
        return Tensor(self._sizes)

    @property
    def dtype(self) -> DType:
        return self._values.dtype

    @property
    def shape(self) -> TensorShape:
        return TensorShape(self._sizes.tolist())

    def get_shape(self) -> TensorShape:
        return self.shape

    @property
    def _type_spec(self) -> SparseTensorSpec:
        return SparseTensorSpec.from_value(self)

    def with_values(self, new_values: Any) -> SparseTensor:
        """The same places with other values."""
        return SparseTensor(self._places, new_values, self._sizes)

    def numbers(self) -> Any:
        """Each place as one number, counted in row-major order. InvalidArgumentError for places outside the shape."""
        if self._places.size and not ((self._places >= 0) & (self._places < self._sizes)).all():
            bad = int(np.flatnonzero(((self._places < 0) | (self._places >= self._sizes)).any(axis=1))[0])
            raise InvalidArgumentError(
                f"indices[{bad}] = {self._places[bad].tolist()} is out of bounds: need 0 <= index < {self._sizes.tolist()}"
            )
        strides = np.append(np.cumprod(self._sizes[:0:-1])[::-1], 1) if len(self._sizes) else np.ones(0, np.int64)
        return self._places @ strides.astype(np.int64)

    def __repr__(self) -> str:
        return f"SparseTensor(indices={self.indices!s}, values={self.values!s}, dense_shape={self.dense_shape!s})"

    def __gputape_op__(self, op: Any, args: Any, kwargs: Any) -> Any:
        """What `op` does with sparse arguments."""
        return OPS["sparse_op"](op, args, kwargs)

    def __neg__(self) -> Any:
        return self.with_values(-self._values)

    def __mul__(self, other: Any) -> Any:
        return OPS["sparse_scaled"](self, other, "multiply")

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Any:
        return OPS["sparse_scaled"](self, other, "divide")


class SparseTensorSpec:
    """The shape and dtype of a SparseTensor without its values. Reference: tf.SparseTensorSpec."""

    def __init__(self, shape: Any = None, dtype: Any = "float32") -> None:
        self.shape, self.dtype = TensorShape(shape), as_dtype(dtype)

    @property
    def value_type(self) -> type:
        return SparseTensor

    @classmethod
    def from_value(cls, value: SparseTensor) -> SparseTensorSpec:
        return cls(value.shape, value.dtype)

    def is_compatible_with(self, spec_or_value: Any) -> bool:
        return (
            isinstance(spec_or_value, (SparseTensor, SparseTensorSpec))
            and self.dtype == spec_or_value.dtype
            and self.shape.is_compatible_with(spec_or_value.shape)
        )

    def most_specific_common_supertype(self, others: Any) -> SparseTensorSpec | None:
        """The narrowest spec that describes what this one and all `others` do; None when dtypes differ."""
        others = list(others)
        if not all(isinstance(s, SparseTensorSpec) and s.dtype == self.dtype for s in others):
            return None
        return SparseTensorSpec(self.shape.most_specific_common_supertype(other.shape for other in others), self.dtype)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SparseTensorSpec) and (self.shape, self.dtype) == (other.shape, other.dtype)

    def __hash__(self) -> int:
        return hash((self.shape, self.dtype))

    def __repr__(self) -> str:
        return f"SparseTensorSpec({self.shape!r}, {self.dtype!r})"


register("sparse_tensor", SparseTensor)
