"""Counting: unique values, histograms, confusion matrices, and where values fall in a sorted sequence."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

import numpy as np

from ..dtypes import as_dtype
from ..errors import InvalidArgumentError
from ..op import op, public
from ..registry import OPS
from ..tensor import as_tensor
from .segment import segment_reduce
from .shape import static

Unique = namedtuple("Unique", ["y", "idx"])
UniqueWithCounts = namedtuple("UniqueWithCounts", ["y", "idx", "count"])


@op(dynamic=True)
def distinct(xp, x, *, dtype):
    """The different values in order of appearance, which of them each element is, and how often each appears."""
    _, first, inverse, counts = xp.unique(x, return_index=True, return_inverse=True, return_counts=True)
    order = xp.argsort(first)
    place = xp.empty_like(order)
    place[order] = xp.arange(len(order))
    return x[first[order]], place[inverse.reshape(-1)].astype(dtype), counts[order].astype(dtype)


def _vector(name: str, x: Any) -> Any:
    x = as_tensor(x)
    if x._array.ndim != 1:
        raise InvalidArgumentError(f"{name} expects a 1D vector, not shape {x._array.shape} [Op:Unique]")
    return x


@public
def unique(x: Any, out_idx: Any = "int32", name: str | None = None) -> Unique:
    """(y, idx): the different values of the 1-D `x` in order of appearance, and idx with y[idx] == x.

    >>> import gputape as tf
    >>> y, idx = tf.unique([7, 3, 7])
    >>> y.numpy(), idx.numpy()
    (array([7, 3], dtype=int32), array([0, 1, 0], dtype=int32))
    """
    return Unique(*distinct(_vector("unique", x), dtype=as_dtype(out_idx).numpy)[:2])


@public
def unique_with_counts(x: Any, out_idx: Any = "int32", name: str | None = None) -> UniqueWithCounts:
    """(y, idx, count): as `unique`, and how often each value appears."""
    return UniqueWithCounts(*distinct(_vector("unique_with_counts", x), dtype=as_dtype(out_idx).numpy))


# -- histograms


@op
def counted(xp, x, *, size, dtype):
    """How often each of 0 ... size - 1 appears in each row of a matrix; other numbers are not counted."""
    rows = x.shape[0]
    inside = (x >= 0) & (x < size)
    flat = (x.astype(np.int64) + size * xp.arange(rows)[:, None])[inside]
    return xp.bincount(flat, minlength=rows * size).reshape(rows, size).astype(dtype)


@public
def bincount(
    arr: Any,
    weights: Any = None,
    minlength: Any = None,
    maxlength: Any = None,
    dtype: Any = "int32",
    name: str | None = None,
    axis: Any = None,
    binary_output: bool = False,
) -> Any:
    """How often each integer 0, 1, ... appears in `arr`, or the sum of the `weights` that belong to it.

    The length is the largest value + 1, at least `minlength`, at most `maxlength` (larger values are not counted); it
    is read from the device unless both are equal. dtype: default int32, that of `weights` if given. axis: None counts
    all of `arr`, -1 each row of a matrix by itself. binary_output: 1 for every value that appears.
    InvalidArgumentError for negative values.

    >>> import gputape as tf
    >>> tf.math.bincount([1, 1, 3]).numpy()
    array([0, 2, 0, 1], dtype=int32)
    """
    x = as_tensor(arr)
    least = 0 if minlength is None else static(minlength)
    most = None if maxlength is None else static(maxlength)
    if most is not None and least == most:
        length = most
    else:
        host = x._read("bincount: its values decide the length of the result")
        if host.size and host.min() < 0:
            raise InvalidArgumentError(f"bincount: Input `arr` must all be non-negative, not {host.min()}")
        length = max(least, int(host.max(initial=-1)) + 1)
        length = length if most is None else min(length, most)
    if axis not in (None, 0, -1):
        raise ValueError(f"Unsupported value for argument axis={axis}. Only 0 and -1 are currently supported.")
    rows = OPS["reshape"](x, [1, -1]) if axis != -1 or x._array.ndim < 2 else x
    if weights is None or binary_output:
        made = counted(rows, size=length, dtype=as_dtype(dtype).numpy)
        if binary_output:
            made = OPS["minimum"](made, 1)
    else:
        made = _weighted(rows, OPS["reshape"](as_tensor(weights), rows._array.shape), length)
    return made if axis == -1 and x._array.ndim > 1 else OPS["reshape"](made, [-1])


def _weighted(x: Any, weights: Any, length: int) -> Any:
    count = x._array.shape[0]
    offsets = OPS["reshape"](
        OPS["range"](0, count * length, length, dtype=x.dtype) if length else [0] * count, [count, 1]
    )
    ids = OPS["select"](OPS["less"](x, length), x + offsets, OPS["negative"](OPS["ones_like"](x)))
    sums = segment_reduce(weights, ids, how="sum", segments=count * length, empty=0)
    return OPS["reshape"](sums, [count, length])


@public
def histogram_fixed_width_bins(
    values: Any, value_range: Any, nbins: Any = 100, dtype: Any = "int32", name: str | None = None
) -> Any:
    """The bin of each value, of `nbins` equal ones over `value_range` = [low, high]; outer bins take what is outside.

    InvalidArgumentError unless low < high and nbins > 0.
    """
    x = as_tensor(values)
    bounds = as_tensor(value_range, x._array.dtype)
    count = static(nbins)
    if count <= 0:
        raise InvalidArgumentError(f"histogram_fixed_width_bins: nbins must be positive, got {count}")
    return binned(x, bounds, nbins=count, dtype=as_dtype(dtype).numpy)


@op
def binned(xp, values, value_range, *, nbins, dtype):
    if xp is np and not value_range[0] < value_range[1]:
        raise InvalidArgumentError(
            f"histogram_fixed_width_bins: value_range must be [low, high] with low < high, not {value_range}"
        )
    wide = values.astype(np.float64)
    low, high = value_range[0].astype(np.float64), value_range[1].astype(np.float64)
    place = xp.floor((wide - low) / (high - low) * nbins)
    return xp.clip(place, 0, nbins - 1).astype(dtype)


@public
def histogram_fixed_width(
    values: Any, value_range: Any, nbins: Any = 100, dtype: Any = "int32", name: str | None = None
) -> Any:
    """How many values fall into each bin of `histogram_fixed_width_bins`, a 1-D tensor of length `nbins`."""
    places = histogram_fixed_width_bins(values, value_range, nbins)
    return OPS["reshape"](
        counted(OPS["reshape"](places, [1, -1]), size=static(nbins), dtype=as_dtype(dtype).numpy), [-1]
    )


@public
def confusion_matrix(
    labels: Any,
    predictions: Any,
    num_classes: Any = None,
    weights: Any = None,
    dtype: Any = "int32",
    name: str | None = None,
) -> Any:
    """Entry (i, j) counts (or sums the `weights` of) the samples of class i that were predicted as j.

    num_classes: default the largest class + 1, read from the device. InvalidArgumentError for classes outside it.
    """
    t, p = (OPS["reshape"](OPS["cast"](as_tensor(v), "int64"), [-1]) for v in (labels, predictions))
    a, b = (v._read("confusion_matrix: the classes decide its size") for v in (t, p))
    if a.shape != b.shape:
        raise InvalidArgumentError(
            f"confusion_matrix: labels {a.shape} and predictions {b.shape} must have one entry per sample"
        )
    count = max(a.max(initial=-1), b.max(initial=-1)) + 1 if num_classes is None else static(num_classes)
    for what, v in (("labels", a), ("predictions", b)):
        if v.size and (v.min() < 0 or v.max() >= count):
            raise InvalidArgumentError(
                f"confusion_matrix: `{what}` must be in [0, {count}), not [{v.min()}, {v.max()}]"
            )
    w = (
        OPS["ones_like"](t, dtype=dtype)
        if weights is None
        else OPS["cast"](OPS["reshape"](as_tensor(weights), [-1]), dtype)
    )
    sums = segment_reduce(w, t * int(count) + p, how="sum", segments=int(count) ** 2, empty=0)
    return OPS["reshape"](sums, [int(count), int(count)])


# -- searching


@op
def places(xp, sorted_sequence, values, *, side, dtype):
    if sorted_sequence.ndim == 1:
        return xp.searchsorted(sorted_sequence, values, side=side).astype(dtype)
    rows, wanted = sorted_sequence.reshape(-1, sorted_sequence.shape[-1]), values.reshape(-1, values.shape[-1])
    found = [xp.searchsorted(r, v, side=side) for r, v in zip(rows, wanted, strict=True)]
    return (xp.stack(found) if found else xp.zeros(values.shape)).reshape(values.shape).astype(dtype)


@public
def searchsorted(
    sorted_sequence: Any, values: Any, side: str = "left", out_type: Any = "int32", name: str | None = None
) -> Any:
    """Where each of `values` would go in the last axis of `sorted_sequence` to keep it sorted; leading axes are equal.

    side: "left" (default: before equal elements) or "right" (behind them); ValueError for others. InvalidArgumentError
    if the leading axes differ.
    """
    x, v = as_tensor(sorted_sequence), as_tensor(values)
    if side not in ("left", "right"):
        raise ValueError(f"Argument `side` must be either 'right' or 'left'. Received: `side` = '{side}'.")
    if not x._array.ndim or x._array.shape[:-1] != v._array.shape[:-1]:
        raise InvalidArgumentError(
            f"searchsorted: Leading dim_size of both tensors must match: sorted_sequence {x._array.shape}, "
            f"values {v._array.shape}"
        )
    return places(x, v, side=side, dtype=as_dtype(out_type).numpy)


NAMES = {
    "tf.unique": unique,
    "tf.unique_with_counts": unique_with_counts,
    "tf.math.bincount": bincount,
    "tf.histogram_fixed_width": histogram_fixed_width,
    "tf.histogram_fixed_width_bins": histogram_fixed_width_bins,
    "tf.math.confusion_matrix": confusion_matrix,
    "tf.searchsorted": searchsorted,
}
