"""tf.experimental.Optional: a value that may be missing, as at the end of a dataset."""

from __future__ import annotations

from typing import Any

from . import nest
from .errors import InvalidArgumentError
from .indexed_slices import type_spec_from_value
from .tensor import Array, constant, convert_to_tensor
from .tensor_spec import TypeSpec


class OptionalSpec(TypeSpec):
    """Describes an Optional by the spec of its value. Reference: tf.OptionalSpec."""

    __slots__ = ("_element_spec",)

    def __init__(self, element_spec: Any) -> None:
        self._element_spec = element_spec

    @property
    def value_type(self) -> Any:
        return Optional

    def is_compatible_with(self, spec_or_value: Any) -> bool:
        other = OptionalSpec.from_value(spec_or_value) if isinstance(spec_or_value, Optional) else spec_or_value
        return self == other

    @classmethod
    def from_value(cls, value: Optional) -> OptionalSpec:
        """The spec of an Optional."""
        return cls(value.element_spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, OptionalSpec) and self._element_spec == other._element_spec

    def __hash__(self) -> int:
        return hash(OptionalSpec)

    def __repr__(self) -> str:
        return f"OptionalSpec({self._element_spec!r})"


class Optional:
    """A nest of tensors, or none; made by `from_value` and `empty`. Reference: tf.experimental.Optional.

    >>> import gputape as tf
    >>> some = tf.experimental.Optional.from_value(tf.constant(3))
    >>> bool(some.has_value()), some.get_value().numpy()
    (True, np.int32(3))
    >>> bool(tf.experimental.Optional.empty(tf.TensorSpec([], tf.int32)).has_value())
    False
    """

    def __init__(self, element_spec: Any, *value: Any) -> None:
        self._element_spec, self._value = element_spec, value

    @staticmethod
    def empty(element_spec: Any) -> Optional:
        """An Optional without a value; `element_spec` says of what."""
        return Optional(element_spec)

    @staticmethod
    def from_value(value: Any) -> Optional:
        """An Optional of `value`, a nest of what can become tensors."""
        made = nest.map_structure(lambda v: v if isinstance(v, Array) else convert_to_tensor(v), value)
        return Optional(nest.map_structure(type_spec_from_value, made), made)

    @property
    def element_spec(self) -> Any:
        """The spec of the value, whether there is one or not."""
        return self._element_spec

    @property
    def _type_spec(self) -> OptionalSpec:
        return OptionalSpec(self._element_spec)

    def has_value(self, name: str | None = None) -> Any:
        """Whether there is a value, a bool scalar."""
        return constant(bool(self._value))

    def get_value(self, name: str | None = None) -> Any:
        """The value; InvalidArgumentError if there is none."""
        if not self._value:
            raise InvalidArgumentError("The given optional does not have a value. [Op:OptionalGetValue]")
        return self._value[0]

    def __repr__(self) -> str:
        return f"Optional({self._value[0]!r})" if self._value else f"Optional.empty({self._element_spec!r})"


NAMES = {"tf.experimental.Optional": Optional, "tf.OptionalSpec": OptionalSpec}
