"""Reductions of RaggedTensors: along axis 1 over each row, along axis 0 over the k-th values of all rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..registry import OPS, register
from ..tensor import Array, Tensor
from .dispatch import MEANINGS, ragged
from .partition import splits_of
from .ragged_tensor import RaggedTensor


def reduction(name: str, of_flat: str | None = None) -> Callable[..., Any]:
    """reduce_<name> of a RaggedTensor: along axis 1 over each row, along axis 0 over the rows' k-th values."""

    def reduce(input_tensor: Any, axis: Any = None, keepdims: Any = False, **others: Any) -> Any:
        dense, x = OPS["reduce_" + name], input_tensor
        if axis is None:
            made = dense(x.flat_values)
            return OPS["reshape"](made, [1] * len(x.shape)) if keepdims else made
        axes = sorted({int(a) % len(x.shape) for a in np.reshape(axis._array if isinstance(axis, Array) else axis, -1)})
        if len(axes) == len(x.shape):
            return reduce(x, None, keepdims)
        if len(axes) > 1 and name in ("mean", "std", "variance"):
            total = reduction("sum")(x, axes, keepdims)
            return OPS["divide"](total, reduction("sum")(OPS["ones_like"](x), axes, keepdims))
        for k in reversed(axes):
            x = along(x, k, keepdims) if isinstance(x, RaggedTensor) else dense(x, axis=k, keepdims=keepdims)
        return x

    def along(x: Any, axis: int, keepdims: Any) -> Any:
        if axis > 1:
            inner = x._values
            made = (
                along(inner, axis - 1, keepdims)
                if isinstance(inner, RaggedTensor)
                else OPS["reduce_" + name](inner, axis=axis - 1, keepdims=keepdims)
            )
            return x.with_values(made)
        if axis == 1:
            ids, count = np.repeat(np.arange(len(x)), x._row_lengths), len(x)
        else:
            ids, count = x.coordinates()[1] if x.ragged_rank == 1 else _column(x), int(x._row_lengths.max(initial=0))
        made = segments(x._values, ids, count)
        return OPS["expand_dims"](made, axis) if keepdims else made

    def segments(values: Any, ids: Any, count: int) -> Any:
        if not isinstance(values, RaggedTensor):
            return OPS["segment_of"](values, ids, count, name)
        column = np.arange(values._splits[-1]) - np.repeat(values._splits[:-1], values._row_lengths)
        widths = np.zeros(count, np.int64)
        np.maximum.at(widths, ids, values._row_lengths)
        starts = splits_of(widths)
        owner = np.repeat(ids, values._row_lengths)
        return RaggedTensor(segments(values._values, starts[owner] + column, int(starts[-1])), starts)

    return reduce


def _column(x: RaggedTensor) -> Any:
    """Where each value stands in its row."""
    return np.arange(x._splits[-1]) - np.repeat(x._splits[:-1], x._row_lengths)


def segment_of(values: Any, ids: Any, count: int, name: str) -> Any:
    """Rows of a dense tensor reduced by id; what has no row is what the reduction makes of nothing."""
    ids = Tensor(np.asarray(ids, np.int64))
    if name in ("any", "all"):
        flags = OPS["cast"](values if name == "any" else OPS["logical_not"](values), "int32")
        hit = OPS["greater"](OPS["unsorted_segment_sum"](flags, ids, count), 0)
        return hit if name == "any" else OPS["logical_not"](hit)
    if name != "mean":
        return OPS["unsorted_segment_" + name](values, ids, count)
    total = OPS["unsorted_segment_sum"](values, ids, count)
    number = np.bincount(ids._array, minlength=count).reshape(-1, *[1] * (values._array.ndim - 1))
    return OPS["divide"](total, Tensor(number.astype(values._array.dtype)))


register("segment_of", segment_of)
for _name in ("sum", "prod", "max", "min", "mean", "any", "all"):
    MEANINGS["reduce_" + _name] = reduction(_name)


@ragged("reduce_variance")
def reduce_variance(input_tensor: Any, axis: Any = None, keepdims: Any = False) -> Any:
    if axis is None:
        return OPS["reduce_variance"](input_tensor.flat_values)
    square, mean = (
        reduction("mean")(input_tensor * input_tensor, axis, keepdims),
        reduction("mean")(input_tensor, axis, keepdims),
    )
    return square - mean * mean


@ragged("reduce_std")
def reduce_std(input_tensor: Any, axis: Any = None, keepdims: Any = False) -> Any:
    return OPS["sqrt"](reduce_variance(input_tensor, axis, keepdims))
