"""TensorSpec: the shape and dtype of a tensor without its values."""

from __future__ import annotations

from typing import Any

from .dtypes import DType, as_dtype, float32
from .tensor_shape import TensorShape


class TensorSpec:
    """Describes a tensor: `shape` (None for unknown sizes), `dtype` (default float32), `name`. Reference: tf.TensorSpec.

    >>> import gputape as tf
    >>> tf.TensorSpec([None, 3], tf.int32).is_compatible_with(tf.zeros([5, 3], tf.int32))
    True
    """

    __slots__ = ("_dtype", "_name", "_shape")

    def __init__(self, shape: Any, dtype: Any = float32, name: str | None = None) -> None:
        self._shape, self._dtype, self._name = TensorShape(shape), as_dtype(dtype), name

    @property
    def shape(self) -> TensorShape:
        return self._shape

    @property
    def dtype(self) -> DType:
        return self._dtype

    @property
    def name(self) -> str | None:
        return self._name

    @classmethod
    def from_spec(cls, spec: Any, name: str | None = None) -> TensorSpec:
        return cls(spec.shape, spec.dtype, name or spec.name)

    @classmethod
    def from_tensor(cls, tensor: Any, name: str | None = None) -> TensorSpec:
        return cls(tensor.shape, tensor.dtype, name)

    def is_compatible_with(self, spec_or_tensor: Any) -> bool:
        """Whether dtype is equal and shapes agree where both are known."""
        other = spec_or_tensor
        return bool(self._dtype == other.dtype and self._shape.is_compatible_with(other.shape))

    def __eq__(self, other: object) -> bool:
        same = isinstance(other, TensorSpec) and tuple(self._shape) == tuple(other._shape)
        return same and self._dtype == other._dtype and self._name == other._name  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash((tuple(self._shape), self._dtype))

    def __repr__(self) -> str:
        return f"TensorSpec(shape={self._shape}, dtype={self._dtype!r}, name={self._name!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return TensorSpec, (tuple(self._shape), self._dtype, self._name)
