"""RaggedTensorSpec: what is known of a RaggedTensor without its values."""

from __future__ import annotations

from typing import Any

from ..dtypes import as_dtype
from ..tensor_shape import TensorShape
from .ragged_tensor import RaggedTensor


class RaggedTensorSpec:
    """The shape, dtype and nesting of a RaggedTensor without its values. Reference: tf.RaggedTensorSpec."""

    def __init__(
        self, shape: Any = None, dtype: Any = "float32", ragged_rank: int | None = None, row_splits_dtype: Any = "int64"
    ) -> None:
        self.shape, self.dtype, self.row_splits_dtype = TensorShape(shape), as_dtype(dtype), as_dtype(row_splits_dtype)
        if ragged_rank is None:
            if self.shape.rank is None:
                raise ValueError("Must specify ragged_rank or a shape with a known rank.")
            ragged_rank = self.shape.rank - 1
        self.ragged_rank = ragged_rank

    @property
    def value_type(self) -> type:
        return RaggedTensor

    @classmethod
    def from_value(cls, value: Any) -> RaggedTensorSpec:
        return cls(value.shape, value.dtype, value.ragged_rank, value._splits.dtype)

    def is_compatible_with(self, spec_or_value: Any) -> bool:
        other = self.from_value(spec_or_value) if isinstance(spec_or_value, RaggedTensor) else spec_or_value
        return (
            isinstance(other, RaggedTensorSpec)
            and (self.dtype, self.ragged_rank) == (other.dtype, other.ragged_rank)
            and self.shape.is_compatible_with(other.shape)
        )

    def most_specific_common_supertype(self, others: Any) -> RaggedTensorSpec | None:
        """The narrowest spec that describes what this one and all `others` do; None when dtypes or nestings differ."""
        others = list(others)
        kinds = {(type(s), s.dtype, s.__dict__.get("ragged_rank")) for s in (self, *others)}
        if len(kinds) > 1:
            return None
        shape = self.shape.most_specific_common_supertype(other.shape for other in others)
        return RaggedTensorSpec(shape, self.dtype, self.ragged_rank, self.row_splits_dtype)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RaggedTensorSpec) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((self.shape, self.dtype, self.ragged_rank))

    def __repr__(self) -> str:
        return f"RaggedTensorSpec({self.shape!r}, {self.dtype!r}, {self.ragged_rank}, {self.row_splits_dtype!r})"


setattr(RaggedTensor, "_type_spec", property(RaggedTensorSpec.from_value))  # noqa: B010 -- the class stands below
