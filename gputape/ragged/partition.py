"""Row partitions as NumPy arrays, and the few things that Tensors and RaggedTensors do alike.

A RaggedTensor is known here by its `_splits`: the class stands above this module.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..dtypes import as_dtype
from ..errors import InvalidArgumentError
from ..registry import OPS
from ..tensor import Tensor, as_tensor, host_array


def check(holds: Any, message: str) -> None:
    if not holds:
        raise InvalidArgumentError(message)


def host(value: Any) -> Any:
    """Row partitions as an integer NumPy array: int64 for Python's numbers, otherwise of their own dtype."""
    if hasattr(value, "_read"):
        array = np.asarray(value._read("a row partition"))
    elif isinstance(value, (np.ndarray, np.generic)):
        array = np.asarray(value)
    else:
        array = np.asarray(
            host_array(value, "int64" if np.size(value) == 0 or np.asarray(value).dtype.kind in "iu" else None)
        )
    if array.dtype not in (np.int32, np.int64):
        raise ValueError(f"Row partitions must have dtype int32 or int64, not {array.dtype}")
    return array


def spans(starts: Any, lengths: Any) -> Any:
    """starts[0], starts[0] + 1, ... of lengths[0] numbers, then those of starts[1], and so on."""
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    return np.arange(total) + np.repeat(np.asarray(starts) - (ends - lengths), lengths)


def splits_of(lengths: Any, dtype: Any = np.int64) -> Any:
    """Row splits from row lengths: 0, and the running sum."""
    return np.concatenate([[0], np.cumsum(lengths)]).astype(dtype)


def take(values: Any, places: Any) -> Any:
    """The rows `places` of a Tensor or a RaggedTensor, in this order."""
    if hasattr(values, "_splits"):
        return values.rows(places)
    return OPS["gather"](values, Tensor(np.asarray(places, np.int64)))


def length(values: Any) -> int:
    """How many rows a Tensor or a RaggedTensor has."""
    return len(values._splits) - 1 if hasattr(values, "_splits") else int(values._array.shape[0])


def ragged_or_tensor(value: Any, dtype: Any = None) -> Any:
    """`value` itself if it is ragged, otherwise as a Tensor."""
    if hasattr(value, "_splits"):
        return value
    return as_tensor(value, None if dtype is None else as_dtype(dtype).numpy)
