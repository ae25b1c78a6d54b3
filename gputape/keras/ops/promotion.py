"""Operands of keras.ops: tensors of the dtypes that Keras's promotion rules give."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gputape as tf

from ..backend import floatx, result_type, standardize_dtype


def tensor(x: Any, dtype: Any = None) -> Any:
    """`x` as a tensor, of `dtype` if that is given; Keras variables give their value."""
    if not tf.is_tensor(x) and hasattr(x, "value") and tf.is_tensor(x.value):
        x = x.value
    if not tf.is_tensor(x):
        x = tf.convert_to_tensor(x)
    return x if dtype is None or x.dtype == dtype else tf.cast(x, dtype)


def dtype_of(x: Any) -> Any:
    """What result_type takes: the dtype of an array, the type of a Python number."""
    if isinstance(x, bool):
        return "bool"
    return type(x) if isinstance(x, (int, float)) else standardize_dtype(x.dtype)


def together(*operands: Any, least: Any = None) -> list[Any]:
    """All operands as tensors of one dtype; `least`: a type that takes part, such as float for division."""
    known = [x if isinstance(x, (bool, int, float)) else tensor(x) for x in operands]
    dtype = result_type(*map(dtype_of, known), *([] if least is None else [least]))
    return [tensor(x, dtype) for x in known]


def floating(x: Any) -> Any:
    """`x` as a tensor of floats (or complex numbers): integers and bools become floatx."""
    x = tensor(x)
    return x if x.dtype.is_floating or x.dtype.is_complex else tf.cast(x, floatx())


def in_float32(function: Callable[[Any], Any], x: Any) -> Any:
    """`function` of floats; half types are computed in float32 and come back as they were."""
    x = floating(x)
    return tf.cast(function(tf.cast(x, "float32")), x.dtype) if x.dtype.size == 2 else function(x)


def axes_of(x: Any, axis: Any) -> list[int]:
    """The axes that `axis` (None for all, one, or several) means, counted from the front."""
    rank = len(x.shape)
    given = range(rank) if axis is None else [axis] if isinstance(axis, int) else axis
    return sorted(int(a) % rank for a in given)


def last(x: Any, axis: Any) -> tuple[Any, list[int]]:
    """`x` with the axes that `axis` means flattened into the last one, and those axes."""
    axes = axes_of(x, axis)
    kept = [a for a in range(len(x.shape)) if a not in axes]
    moved = tf.transpose(x, kept + axes)
    return tf.reshape(moved, [*[x.shape[a] for a in kept], -1 if x.shape.num_elements() else _size(x, axes)]), axes


def _size(x: Any, axes: list[int]) -> int:
    made = 1
    for a in axes:
        made *= x.shape[a]
    return made


def places(axis, rank):
    """`axis`, an int or several, as a list of axes counted from the front; ValueError for one that is not there."""
    places = [axis] if isinstance(axis, int) else list(axis)
    for a in places:
        if not -rank <= a < rank:
            raise ValueError(f"axis {a} is out of bounds for an array of {rank} dimensions")
    return [a % rank for a in places]
