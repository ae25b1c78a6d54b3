"""TensorSpec: the shape and dtype of a tensor without its values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .dtypes import DType, as_dtype, float32
from .tensor_shape import Dims, TensorShape


class TypeSpec:
    """Base of the classes that describe values without having them. Reference: tf.TypeSpec."""

    __slots__ = ()

    def is_compatible_with(self, spec_or_value: Any) -> bool:
        raise NotImplementedError(f"{type(self).__name__} must define `is_compatible_with`")


class TensorSpec(TypeSpec):
    """Describes a tensor: `shape` (None for unknown sizes or an unknown rank), `dtype` (default float32), `name`.

    Equal when all three are. TypeError for what is no shape or no dtype, ValueError for a negative dimension. Anything
    with a shape and a dtype counts as a tensor here. Reference: tf.TensorSpec.

    >>> import gputape as tf
    >>> spec = tf.TensorSpec([None, 3], tf.int32)
    >>> spec
    TensorSpec(shape=(None, 3), dtype=tf.int32, name=None)
    >>> spec.is_compatible_with(tf.TensorSpec([5, 3], "int32")), spec.is_compatible_with(tf.TensorSpec([5, 3]))
    (True, False)
    """

    __slots__ = ("_dtype", "_name", "_shape")

    def __init__(self, shape: Dims, dtype: Any = float32, name: str | None = None) -> None:
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
        """The TensorSpec of another spec, under `name` or, by default, under the same name."""
        return cls(spec.shape, spec.dtype, name or spec.name)

    @classmethod
    def from_tensor(cls, tensor: Any, name: str | None = None) -> TensorSpec:
        """The spec of `tensor`. ValueError for a value that has no shape or dtype, such as a list.

        >>> import gputape as tf
        >>> tf.TensorSpec.from_tensor(tf.constant([1.0, 2.0]), "x")
        TensorSpec(shape=(2,), dtype=tf.float32, name='x')
        """
        if not _is_tensor(tensor):
            raise ValueError(f"TensorSpec.from_tensor: `tensor` should be a tensor, but got {type(tensor).__name__}")
        return cls(tensor.shape, tensor.dtype, name)

    def is_compatible_with(self, spec_or_tensor: Any) -> bool:
        """Whether the dtype is equal and the shapes agree where both are known; False for what is no spec or tensor."""
        other = spec_or_tensor
        return _is_tensor(other) and bool(self._dtype == other.dtype and self._shape.is_compatible_with(other.shape))

    def is_subtype_of(self, other: Any) -> bool:
        """Whether every tensor that this spec describes is described by the spec `other` too; names must be equal."""
        return self._alike(other) and self._shape.is_subtype_of(other.shape)

    def most_specific_common_supertype(self, others: Iterable[Any]) -> TensorSpec | None:
        """The narrowest spec that describes what this one and all `others` do; None when a dtype or a name differs.

        >>> import gputape as tf
        >>> tf.TensorSpec([2, 3]).most_specific_common_supertype([tf.TensorSpec([4, 3])])
        TensorSpec(shape=(None, 3), dtype=tf.float32, name=None)
        """
        others = list(others)
        if not all(map(self._alike, others)):
            return None
        shape = self._shape.most_specific_common_supertype(other.shape for other in others)
        return TensorSpec(shape, self._dtype, self._name)

    def most_specific_compatible_type(self, other: Any) -> TensorSpec:
        """The narrowest spec that describes what both do. ValueError when the dtype or the name differs."""
        spec = self.most_specific_common_supertype([other])
        if spec is None:
            raise ValueError(f"No TensorSpec is compatible with both {self} and {other}: dtype and name must be equal")
        return spec

    def _alike(self, other: Any) -> bool:
        return isinstance(other, TensorSpec) and (self._dtype, self._name) == (other._dtype, other._name)

    def __eq__(self, other: object) -> bool:
        return self._alike(other) and self._shape == other._shape  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash((self._shape, self._dtype))

    def __repr__(self) -> str:
        return f"TensorSpec(shape={self._shape}, dtype={self._dtype!r}, name={self._name!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return TensorSpec, (self._shape, self._dtype, self._name)


def _is_tensor(value: Any) -> bool:
    return hasattr(value, "shape") and hasattr(value, "dtype")
