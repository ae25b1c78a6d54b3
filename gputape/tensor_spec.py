"""TensorSpec: the shape and dtype of a tensor without its values; and the specs of other kinds of values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .dtypes import DType, as_dtype, float32, int64
from .tensor_shape import Dims, TensorShape


class TypeSpec:
    """Base of the classes that describe values without having them. Reference: tf.TypeSpec."""

    __slots__ = ()

    @property
    def value_type(self) -> Any:
        """The class of the values that are described."""
        raise NotImplementedError(f"{type(self).__name__} must define `value_type`")

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
    def value_type(self) -> Any:
        from .tensor import Tensor

        return Tensor

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
        size = value.dense_shape
        kind = None if size is None else getattr(size, "dtype", value.indices.dtype)
        return cls(value.shape, value.dtype, value.indices.dtype, kind, value.indices.shape)

    @property
    def value_type(self) -> Any:
        from .tape import IndexedSlices

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
    if hasattr(value, "dense_shape") and hasattr(value, "indices") and type(value).__name__ == "IndexedSlices":
        return IndexedSlicesSpec.from_value(value)
    if hasattr(value, "_type_spec"):
        return value._type_spec
    if _is_tensor(value):
        return TensorSpec.from_tensor(value)
    raise TypeError(f"Could not build a TypeSpec for {value!r} of type {type(value).__name__}")


def _is_tensor(value: Any) -> bool:
    return hasattr(value, "shape") and hasattr(value, "dtype")
