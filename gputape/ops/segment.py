"""Reductions over segments: the rows of a tensor grouped by an id, and rows dealt out and put back.

Rows are added up segment by segment in their order, so sums are the same at every run, on the CPU and on the GPU.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from .. import cuda
from ..dtypes import accumulator
from ..errors import InvalidArgumentError
from ..op import op, public
from ..registry import OPS
from ..tensor import Tensor, as_tensor, placed
from .shape import static

kernels = cuda.Kernels("segment.cu", block=256)
REDUCTION = {"sum": "Sum", "prod": "Product", "max": "Max", "min": "Min"}
UFUNC = {"sum": "add", "prod": "multiply", "max": "maximum", "min": "minimum"}


def sorted_segments(xp, ids, segments):
    """The stable order of the ids, and where each of the segments 0, 1, ... begins in it; the last entry is the end."""
    order = xp.argsort(ids, kind="stable")
    return order, xp.searchsorted(ids[order], xp.arange(segments + 1))


@op(mixed=("segment_ids",))
def segment_reduce(xp, data, segment_ids, *, how, segments, empty):
    """Row i of the result is `how` (sum, prod, max, min) over the rows of `data` with id i, `empty` if there is none.

    segment_ids has the leading axes of `data`; rows with a negative id are left out.
    """
    if xp is not np:  # what the kernel leaves: complex numbers and nothing at all
        args = [cuda.to_host(a) for a in (data, segment_ids)]
        return xp.asarray(segment_reduce.body(np, *args, how=how, segments=segments, empty=empty))
    ids, rest = segment_ids.reshape(-1), data.shape[segment_ids.ndim :]
    rows = data.reshape(len(ids), math.prod(rest))
    y = xp.full((segments, rows.shape[1]), empty, accumulator(data.dtype))
    reduce = getattr(np, UFUNC[how])
    order, starts = sorted_segments(xp, ids, segments)
    if len(ids) and starts[-1] < len(ids):
        raise InvalidArgumentError(
            f"segment_{how}: segment_ids holds {ids[order[-1]]}, which is not in [0, {segments}), the range that "
            f"num_segments={segments} allows"
        )
    used = np.flatnonzero(np.diff(starts))
    if len(used):
        y[used] = reduce.reduceat(rows[order[: starts[-1]]].astype(y.dtype, copy=False), starts[used], axis=0)
    return y.reshape(segments, *rest).astype(data.dtype, copy=False)


@segment_reduce.kernel
def _(data, segment_ids, *, how, segments, empty):
    if data.dtype.kind not in "iufV" or not data.size:
        return NotImplemented
    xp = cuda.array_module(data)
    ids = segment_ids.reshape(-1)
    order, starts = sorted_segments(xp, ids, segments)
    y = cuda.empty((segments, *data.shape[segment_ids.ndim :]), data.dtype)
    sizes = [np.int64(v) for v in (len(ids), segments, data.size // len(ids))]
    order, starts = (xp.ascontiguousarray(a, np.int64) for a in (order, starts))
    args = (cuda.contiguous(data), order, starts, y, *sizes, accumulator(data.dtype).type(empty))
    grid = segments * -(-int(sizes[2]) // kernels.block)
    kernels.segment_reduce[REDUCTION[how], data.dtype](grid=grid, args=(*args, cuda.error_flag(f"segment_{how}")))
    return y


@segment_reduce.gradient
def _(dy, data, y, segment_ids, data_shape, how, segments):
    if how == "sum":
        return lambda: rows_of(dy, segment_ids), None
    if how == "prod":
        return lambda: _prod_gradient(dy, data, y, segment_ids, segments), None

    def shared():
        same = OPS["cast"](OPS["equal"](data, rows_of(y, segment_ids)), data.dtype)
        count = segment_reduce(same, segment_ids, how="sum", segments=segments, empty=1)
        return same * rows_of(OPS["divide"](dy, count), segment_ids)

    return shared, None


def _prod_gradient(dy, data, y, ids, segments):
    """dy times the product of the others in the segment; where one of them is zero, that is the product without it."""
    zero = OPS["equal"](data, data._array.dtype.type(0))
    zeros = segment_reduce(OPS["cast"](zero, data.dtype), ids, how="sum", segments=segments, empty=0)
    dy = OPS["select"](OPS["greater"](zeros, 1.0), OPS["zeros_like"](dy), dy)
    filled = OPS["select"](zero, OPS["ones_like"](data), data)
    others = rows_of(segment_reduce(filled, ids, how="prod", segments=segments, empty=1), ids)
    return rows_of(dy, ids) * OPS["select"](zero, others, rows_of(y, ids) / filled)


@op(mixed=("segment_ids",))
def rows_of(xp, x, segment_ids):
    """Row segment_ids[i] of `x` at i, zeros where the id is negative: the transpose of a segment sum."""
    inside = segment_ids >= 0
    y = x[xp.where(inside, segment_ids, 0)] if len(x) else xp.zeros((*segment_ids.shape, *x.shape[1:]), x.dtype)
    return xp.where(inside.reshape(inside.shape + (1,) * (x.ndim - 1)), y, y.dtype.type(0))


@rows_of.gradient
def _(dy, segment_ids, x_shape):
    return segment_reduce(dy, segment_ids, how="sum", segments=x_shape[0], empty=0), None


# -- sorted ids: as many rows as the last id says


def _sorted(name: str, how: str, data: Any, segment_ids: Any, empty: Any) -> Any:
    data, ids, segments = _checked(name, data, segment_ids)
    return segment_reduce(data, ids, how=how, segments=segments, empty=empty)


def _checked(name: str, data: Any, segment_ids: Any) -> tuple[Any, Any, int]:
    data, ids = as_tensor(data), as_tensor(segment_ids)
    if ids._array.ndim != 1 or ids._array.shape != data._array.shape[:1]:
        raise InvalidArgumentError(
            f"{name}: segment_ids should be a vector of the size of dimension 0 of data: segment_ids has shape "
            f"{ids._array.shape}, data {data._array.shape} [Op:{name}]"
        )
    host = ids._read(f"{name}: segment_ids decides how many rows there are")
    if host.size and (host[0] < 0 or (np.diff(host) < 0).any()):
        raise InvalidArgumentError(
            f"{name}: segment ids are not increasing, or negative; use tf.math.unsorted_{name} [Op:{name}]"
        )
    return data, ids, int(host[-1]) + 1 if host.size else 0


@public
def segment_sum(data: Any, segment_ids: Any, name: str | None = None) -> Any:
    """Row i is the sum of the rows of `data` whose id is i; `segment_ids` is 1-D, sorted, one per row; 0 for no rows.

    There are as many rows as the last id + 1, which is read from the device. InvalidArgumentError for unsorted ids.

    >>> import gputape as tf
    >>> tf.math.segment_sum([1, 2, 3], [0, 0, 2]).numpy()
    array([3, 0, 3], dtype=int32)
    """
    return _sorted("segment_sum", "sum", data, segment_ids, 0)


@public
def segment_prod(data: Any, segment_ids: Any, name: str | None = None) -> Any:
    """As `segment_sum`, with products; 1 for no rows."""
    return _sorted("segment_prod", "prod", data, segment_ids, 1)


@public
def segment_max(data: Any, segment_ids: Any, name: str | None = None) -> Any:
    """As `segment_sum`, with the largest element; 0 for no rows. Equal ones share the gradient."""
    return _sorted("segment_max", "max", data, segment_ids, 0)


@public
def segment_min(data: Any, segment_ids: Any, name: str | None = None) -> Any:
    """As `segment_sum`, with the smallest element; 0 for no rows. Equal ones share the gradient."""
    return _sorted("segment_min", "min", data, segment_ids, 0)


@public
def segment_mean(data: Any, segment_ids: Any, name: str | None = None) -> Any:
    """As `segment_sum`, with means; 0 for no rows."""
    return _mean(*_checked("segment_mean", data, segment_ids), lambda count: count)


def _mean(data: Any, ids: Any, segments: int, divisor: Any) -> Any:
    """Segment sums divided by `divisor(count)`; integers towards zero, as in TensorFlow."""
    total = segment_reduce(data, ids, how="sum", segments=segments, empty=0)
    kind = data.dtype if data.dtype.is_floating or data.dtype.is_complex else "float64"
    ones = OPS["ones_like"](ids, dtype=kind)
    count = divisor(segment_reduce(ones, ids, how="sum", segments=segments, empty=1))
    count = OPS["reshape"](count, [segments] + [1] * (total._array.ndim - 1))
    return OPS["cast"](OPS["divide"](OPS["cast"](total, kind), count), data.dtype)


# -- unsorted ids: `num_segments` rows


def _unsorted(how: str, data: Any, segment_ids: Any, num_segments: Any, empty: Any) -> Any:
    data, ids = _fitting(f"unsorted_segment_{how}", data, segment_ids)
    return segment_reduce(data, ids, how=how, segments=static(num_segments), empty=empty)


def _fitting(name: str, data: Any, segment_ids: Any) -> tuple[Any, Any]:
    data, ids = as_tensor(data), as_tensor(segment_ids)
    shape = ids._array.shape
    if data._array.shape[: len(shape)] != shape:
        raise InvalidArgumentError(
            f"{name}: data.shape = {data._array.shape} does not start with segment_ids.shape = {shape}"
        )
    return data, ids


@public
def unsorted_segment_sum(data: Any, segment_ids: Any, num_segments: Any, name: str | None = None) -> Any:
    """Row i of `num_segments` is the sum of the rows of `data` whose id is i; rows with negative ids are left out.

    segment_ids: in any order, integers of shape data.shape[:r]. InvalidArgumentError for an id >= num_segments.

    >>> import gputape as tf
    >>> tf.math.unsorted_segment_sum([1, 2, 3], [2, 0, 2], 3).numpy()
    array([2, 0, 4], dtype=int32)
    """
    return _unsorted("sum", data, segment_ids, num_segments, 0)


@public
def unsorted_segment_prod(data: Any, segment_ids: Any, num_segments: Any, name: str | None = None) -> Any:
    """As `unsorted_segment_sum`, with products; 1 for no rows."""
    return _unsorted("prod", data, segment_ids, num_segments, 1)


@public
def unsorted_segment_max(data: Any, segment_ids: Any, num_segments: Any, name: str | None = None) -> Any:
    """As `unsorted_segment_sum`, with the largest element; the dtype's lowest number for no rows."""
    data = as_tensor(data)
    return _unsorted("max", data, segment_ids, num_segments, data.dtype.min)


@public
def unsorted_segment_min(data: Any, segment_ids: Any, num_segments: Any, name: str | None = None) -> Any:
    """As `unsorted_segment_sum`, with the smallest element; the dtype's highest number for no rows."""
    data = as_tensor(data)
    return _unsorted("min", data, segment_ids, num_segments, data.dtype.max)


@public
def unsorted_segment_mean(data: Any, segment_ids: Any, num_segments: Any, name: str | None = None) -> Any:
    """As `unsorted_segment_sum`, with means; 0 for no rows."""
    data, ids = _fitting("unsorted_segment_mean", data, segment_ids)
    return _mean(data, ids, static(num_segments), lambda count: count)


@public
def unsorted_segment_sqrt_n(data: Any, segment_ids: Any, num_segments: Any, name: str | None = None) -> Any:
    """As `unsorted_segment_sum`, divided by the square root of the number of rows."""
    data, ids = _fitting("unsorted_segment_sqrt_n", data, segment_ids)
    return _mean(data, ids, static(num_segments), OPS["sqrt"])


# -- dealing out and putting back


@op(mixed=("partitions",), dynamic=True)
def dealt(xp, data, partitions, *, count):
    ids = partitions.reshape(-1)
    rows = data.reshape(len(ids), *data.shape[partitions.ndim :])
    order, starts = sorted_segments(xp, ids, count)
    if len(ids) and (starts[0] != 0 or starts[-1] != len(ids)):
        raise InvalidArgumentError(
            f"dynamic_partition: partitions must be in [0, {count}), not [{ids.min()}, {ids.max()}]"
        )
    ends = starts.tolist()
    return tuple([rows[order[a:b]] for a, b in itertools.pairwise(ends)])


@dealt.gradient
def _(dys, partitions, data_shape):
    dys = OPS["concat"](dys, 0) if isinstance(dys, tuple) else dys
    order = OPS["argsort"](OPS["reshape"](partitions, [-1]))
    return OPS["reshape"](rows_of(dys, OPS["invert_permutation"](order)), data_shape), None


@public
def dynamic_partition(data: Any, partitions: Any, num_partitions: Any, name: str | None = None) -> Any:
    """The rows of `data` dealt out: list entry i holds those with partitions == i, in their order.

    partitions: integers of shape data.shape[:r]. InvalidArgumentError for numbers outside [0, num_partitions).
    """
    data, ids = _fitting("dynamic_partition", data, partitions)
    return list(dealt(data, ids, count=static(num_partitions)))


@public
def dynamic_stitch(indices: Any, data: Any, name: str | None = None) -> Any:
    """One tensor y with y[indices[m][i]] = data[m][i]; of equal indices the last wins, rows without one are zero.

    Its number of rows is the largest index + 1, which is read from the device.

    >>> import gputape as tf
    >>> tf.dynamic_stitch([[0, 2], [1]], [[10, 30], [20]]).numpy()
    array([10, 20, 30], dtype=int32)
    """
    ids = [as_tensor(i) for i in indices]
    parts = [_fitting("dynamic_stitch", d, i)[0] for d, i in zip(data, ids, strict=True)]
    flat = np.concatenate([i._read("dynamic_stitch: indices decide how many rows there are").reshape(-1) for i in ids])
    source = np.full(flat.max(initial=-1) + 1, -1)
    if flat.size and flat.min() < 0:
        raise InvalidArgumentError(f"dynamic_stitch: indices must be >= 0, not {flat.min()}")
    source[flat] = np.arange(len(flat))
    rest = parts[0]._array.shape[ids[0]._array.ndim :]
    rows = OPS["concat"]([OPS["reshape"](d, [i._array.size, *rest]) for d, i in zip(parts, ids, strict=True)], 0)
    return rows_of(rows, Tensor(placed(source)))


NAMES = {
    "tf.math.segment_sum": segment_sum,
    "tf.math.segment_prod": segment_prod,
    "tf.math.segment_max": segment_max,
    "tf.math.segment_min": segment_min,
    "tf.math.segment_mean": segment_mean,
    "tf.math.unsorted_segment_sum": unsorted_segment_sum,
    "tf.math.unsorted_segment_prod": unsorted_segment_prod,
    "tf.math.unsorted_segment_max": unsorted_segment_max,
    "tf.math.unsorted_segment_min": unsorted_segment_min,
    "tf.math.unsorted_segment_mean": unsorted_segment_mean,
    "tf.math.unsorted_segment_sqrt_n": unsorted_segment_sqrt_n,
    "tf.dynamic_partition": dynamic_partition,
    "tf.dynamic_stitch": dynamic_stitch,
}
