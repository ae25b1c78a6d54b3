"""Inputs of layers that are no floats. A layer casts float inputs itself; integers and bools are promoted where used."""

from __future__ import annotations

from typing import Any

import gputape as tf

from ..backend import result_type
from ..scopes import get_keras_mask, set_keras_mask


def floats(x: Any, dtype: Any) -> Any:
    """`x`; integers and bools as `dtype`, the dtype of the weights that they meet."""
    return tf.cast(x, dtype) if x.dtype.is_integer or x.dtype.is_bool else x


def alike(xs: Any) -> Any:
    """Tensors of one dtype, that of Keras's promotion: int64 and float32 are float32. Masks stay."""
    if len({x.dtype for x in xs}) < 2:
        return xs
    dtype = result_type(*[x.dtype for x in xs])
    return [_cast(x, dtype) for x in xs]


def _cast(x: Any, dtype: Any) -> Any:
    if x.dtype == dtype:
        return x
    y = tf.cast(x, dtype)
    mask = get_keras_mask(x)
    if mask is not None:
        set_keras_mask(y, mask)
    return y
