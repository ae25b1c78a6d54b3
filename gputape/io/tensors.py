"""tf.io.serialize_tensor and parse_tensor: tensors as TensorProto messages.

message TensorProto {                                        message TensorShapeProto {
  DataType dtype = 1; TensorShapeProto tensor_shape = 2;       message Dim { int64 size = 1; }
  bytes tensor_content = 4; repeated bytes string_val = 8;     repeated Dim dim = 2;
  and further lists of values, by dtype                      }
}
"""

from __future__ import annotations

import base64
from typing import Any

import ml_dtypes
import numpy as np

from ..cuda import to_host
from ..dtypes import FROM_NUMPY, as_dtype
from ..errors import InvalidArgumentError
from ..op import op, public
from ..ops.strings import OBJECT, packed, text
from ..protobuf import BYTES, VARINT, DecodeError, field, fields, read_varints, signed
from ..tensor import as_tensor, placed

NUMBERS = {
    "float32": 1, "float64": 2, "int32": 3, "uint8": 4, "int16": 5, "int8": 6, "string": 7, "complex64": 8, "int64": 9,
    "bool": 10, "bfloat16": 14, "uint16": 17, "complex128": 18, "float16": 19, "uint32": 22, "uint64": 23,
}  # fmt: skip
BY_NUMBER = {number: as_dtype(name) for name, number in NUMBERS.items()}
# The lists of values that may stand for tensor_content: field numbers, and what their numbers are.
LISTS = {5: "<f4", 6: "<f8", 7: "int", 9: "<f4", 10: "int", 11: "int", 12: "<f8", 13: "half", 16: "int", 17: "int"}


def to_proto(array: Any) -> bytes:
    """An array as the bytes of a TensorProto."""
    dims = b"".join([field(2, BYTES, field(1, VARINT, n) if n else b"") for n in array.shape])
    head = field(1, VARINT, NUMBERS[FROM_NUMPY[array.dtype].name]) + field(2, BYTES, dims)
    if array.dtype == OBJECT:
        return head + b"".join([field(8, BYTES, v) for v in array.ravel().tolist()])
    return head + field(4, BYTES, np.ascontiguousarray(array).tobytes()) if array.size else head


def from_proto(data: bytes) -> Any:
    """The array that the bytes of a TensorProto hold. DecodeError if they hold none."""
    dtype, shape, content, strings, numbers = None, [], None, [], []
    for number, kind, value in fields(data):
        if number == 1 and kind == VARINT:
            dtype = BY_NUMBER.get(value)
        elif number == 2 and kind == BYTES:
            shape = [next((v for n, _, v in fields(dim) if n == 1), 0) for n, _, dim in fields(value) if n == 2]
        elif number == 4 and kind == BYTES:
            content = value
        elif number == 8 and kind == BYTES:
            strings.append(value)
        elif number in LISTS and kind == BYTES and LISTS[number].startswith("<"):
            numbers += np.frombuffer(value, LISTS[number]).tolist()
        elif number in LISTS:
            found = [value] if kind == VARINT else read_varints(value)
            numbers += found if LISTS[number] == "half" else [signed(v) for v in found]
    if dtype is None:
        raise DecodeError("no dtype")
    size = int(np.prod(shape))
    if dtype == "string":
        return packed(strings + [b"" if not strings else strings[-1]] * (size - len(strings)), shape)
    if content is not None:
        return np.frombuffer(content, dtype.numpy).reshape(shape)
    if not numbers:
        return np.zeros(shape, dtype.numpy)
    made = _typed(numbers, dtype)
    return np.append(made, np.repeat(made[-1:], size - len(made))).astype(dtype.numpy).reshape(shape)


def _typed(numbers: list[Any], dtype: Any) -> Any:
    """A list of values as an array; the last one stands for all that would follow."""
    if dtype.is_complex:
        return np.array(numbers).view(np.complex128).astype(dtype.numpy)
    if dtype in ("float16", "bfloat16"):
        return np.array(numbers, np.uint16).view(np.float16 if dtype == "float16" else ml_dtypes.bfloat16)
    return np.array(numbers).astype(dtype.numpy)


@op
def tensor_bytes(xp: Any, tensor: Any) -> Any:
    return packed([to_proto(to_host(tensor))], ())


@public
def serialize_tensor(tensor: Any, name: str | None = None) -> Any:
    """A tensor as a scalar string, a TensorProto, which `parse_tensor` reads.

    >>> import gputape as tf
    >>> tf.io.parse_tensor(tf.io.serialize_tensor([1, 2]), tf.int32).numpy()
    array([1, 2], dtype=int32)
    """
    return tensor_bytes(as_tensor(tensor))


@op(dynamic=True)  # type: ignore[untyped-decorator]
def parsed_tensor(xp: Any, serialized: Any, *, dtype: Any) -> Any:
    data = serialized.item()
    try:
        made = from_proto(data)
    except (DecodeError, ValueError):
        told = base64.b64encode(data).decode()
        raise InvalidArgumentError(
            f"parse_tensor: Could not parse `serialized` as TensorProto, base64: {told}"
        ) from None
    if made.dtype != dtype.numpy:
        raise InvalidArgumentError(
            f"parse_tensor: Type mismatch between parsed tensor ({FROM_NUMPY[made.dtype].name}) and dtype ({dtype.name})"
        )
    return placed(made)


@public
def parse_tensor(serialized: Any, out_type: Any, name: str | None = None) -> Any:
    """The tensor of dtype `out_type` in a scalar string that `serialize_tensor` made."""
    return parsed_tensor(text(serialized, "parse_tensor"), dtype=as_dtype(out_type))


NAMES: dict[str, Any] = {"tf.io.parse_tensor": parse_tensor, "tf.io.serialize_tensor": serialize_tensor}
