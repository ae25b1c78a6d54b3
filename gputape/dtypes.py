"""Element types under TensorFlow's names, and the rules that map other people's names to them.

A `DType` is a string (`tf.float32 == "float32"`), so it goes wherever NumPy or Keras 3 expects a dtype name. It has
TensorFlow's attributes (`as_numpy_dtype`, `is_floating`, `max`, ...) besides.
"""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np


class DType(str):
    """An element type. Instances are singletons: `tf.as_dtype("float32") is tf.float32`.

    >>> import gputape as tf
    >>> tf.float32, tf.float32 == "float32", tf.float32.as_numpy_dtype
    (tf.float32, True, <class 'numpy.float32'>)
    """

    numpy: np.dtype[Any]

    def __new__(cls, name: str, dtype: Any) -> DType:
        self = str.__new__(cls, name)
        self.numpy = np.dtype(dtype)
        return self

    @property
    def name(self) -> str:
        """The bare name, such as "float32"."""
        return str.__str__(self)

    @property
    def as_numpy_dtype(self) -> type:
        """The NumPy scalar type; `object` for tf.string."""
        return np.object_ if self == "string" else self.numpy.type

    @property
    def dtype(self) -> np.dtype[Any]:
        """The NumPy dtype, so that `np.dtype(tf.bfloat16)` works."""
        return self.numpy

    @property
    def base_dtype(self) -> DType:
        return self

    @property
    def real_dtype(self) -> DType:
        return {"complex64": float32, "complex128": float64}.get(self.name, self)

    @property
    def is_floating(self) -> bool:
        return self in FLOATING

    @property
    def is_complex(self) -> bool:
        return self.numpy.kind == "c"

    @property
    def is_integer(self) -> bool:
        return self.numpy.kind in "iu"

    @property
    def is_numeric(self) -> bool:
        """Whether numbers: neither bool nor string."""
        return self.is_integer or self.is_floating or self.is_complex

    @property
    def is_unsigned(self) -> bool:
        return self.numpy.kind == "u"

    @property
    def is_bool(self) -> bool:
        return self.numpy.kind == "b"

    @property
    def is_numpy_compatible(self) -> bool:
        return True

    @property
    def is_quantized(self) -> bool:
        return False

    @property
    def size(self) -> int:
        """Bytes per element; 1 for tf.string, as TensorFlow says."""
        return 1 if self == "string" else self.numpy.itemsize

    @property
    def min(self) -> Any:
        return self._limit("min")

    @property
    def max(self) -> Any:
        return self._limit("max")

    @property
    def limits(self) -> tuple[Any, Any]:
        return self.min, self.max

    def _limit(self, which: str) -> Any:
        if self.is_bool:
            return which == "max"
        if self.is_integer:
            return int(getattr(np.iinfo(self.numpy), which))
        if self.is_floating:
            return self.as_numpy_dtype(getattr(ml_dtypes.finfo(self.numpy), which))
        raise TypeError(f"Cannot find {which} value of {self!r}.")

    def is_compatible_with(self, other: Any) -> bool:
        return self == as_dtype(other)

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if isinstance(other, str):
            return str.__eq__(self, other)
        if other is None:
            return False
        try:
            return self is as_dtype(other)
        except TypeError:
            return False

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = str.__hash__

    def __repr__(self) -> str:
        return "tf." + self.name

    def __str__(self) -> str:
        return f"<dtype: '{self.name}'>"

    def __reduce__(self) -> tuple[Any, ...]:
        return as_dtype, (self.name,)


float16 = half = DType("float16", np.float16)
bfloat16 = DType("bfloat16", ml_dtypes.bfloat16)
float32 = DType("float32", np.float32)
float64 = double = DType("float64", np.float64)
int8 = DType("int8", np.int8)
int16 = DType("int16", np.int16)
int32 = DType("int32", np.int32)
int64 = DType("int64", np.int64)
uint8 = DType("uint8", np.uint8)
uint16 = DType("uint16", np.uint16)
uint32 = DType("uint32", np.uint32)
uint64 = DType("uint64", np.uint64)
bool_ = DType("bool", np.bool_)
complex64 = DType("complex64", np.complex64)
complex128 = DType("complex128", np.complex128)
string = DType("string", np.object_)

ALL: tuple[DType, ...] = (float16, bfloat16, float32, float64, int8, int16, int32, int64, uint8, uint16, uint32, uint64)
ALL = (*ALL, bool_, complex64, complex128, string)
FLOATING = frozenset({"float16", "bfloat16", "float32", "float64"})
HALF = frozenset({float16.numpy, bfloat16.numpy})
# Gradients flow through these and no others.
DIFFERENTIABLE = frozenset(d.numpy for d in ALL if d.is_floating or d.is_complex)
FROM_NUMPY: dict[np.dtype[Any], DType] = {d.numpy: d for d in ALL}
_BY_NAME: dict[str, DType] = {d.name: d for d in ALL} | {
    "half": float16,
    "float": float32,
    "double": float64,
    "int": int32,
    "bool_": bool_,
    "str": string,
}
_BY_TYPE: dict[Any, DType] = {float: float32, int: int32, bool: bool_, complex: complex128, str: string, bytes: string}


def as_dtype(value: Any) -> DType:
    """The DType that `value` names: a DType, a name, a NumPy dtype or scalar type, or a Python type.

    Raises TypeError, as TensorFlow does, for anything else.

    >>> import gputape as tf
    >>> tf.as_dtype("half"), tf.as_dtype(np.int64), tf.as_dtype(float)
    (tf.float16, tf.int64, tf.float32)
    """
    if type(value) is DType:
        return value
    try:
        found = _BY_NAME.get(value) or _BY_TYPE.get(value)
        if found is None and value is not None:
            dtype = np.dtype(value)
            found = string if dtype.kind in "SU" else FROM_NUMPY.get(dtype)
    except TypeError:
        found = None
    if found is None:
        raise TypeError(f"Cannot convert the argument `type_value`: {value!r} to a TensorFlow DType.")
    return found


def accumulator(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype in which reductions over `dtype` add up: float32 for the half types, `dtype` itself otherwise."""
    return float32.numpy if dtype in HALF else dtype


def compatible(wanted: np.dtype[Any], given: np.dtype[Any]) -> bool:
    """Whether a NumPy array or Python value of dtype `given` may be turned into `wanted` without being asked.

    TensorFlow's rule for operands that are not tensors: integers become any number, floats become floats or complex.
    """
    if wanted == given:
        return True
    rank = {"b": 0, "u": 1, "i": 1, "f": 2, "V": 2, "c": 3}
    w, g = rank.get(wanted.kind, -1), rank.get(given.kind, -1)
    return w > 0 and 0 < g <= w
