"""Where the extrema are: argmax, argmin, and whether a class is among the k best."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import cuda
from ..dtypes import HALF, as_dtype
from ..errors import InvalidArgumentError
from ..op import op, public
from ..registry import OPS
from ..tensor import as_tensor
from .shape import axis_of, static

kernels = cuda.Kernels("argmax.cu", block=256)
MOST = 4096  # elements per output beyond which a warp for each is too little, if there are few outputs


def _found(xp, x, axis, dtype, search, last):
    """`search` along `axis`, NaN counting as `last`: TensorFlow finds a NaN only where there is nothing else."""
    if x.dtype.kind in "fV":
        x = x.astype(np.float32) if x.dtype in HALF else x
        if xp is not np or np.isnan(np.min(x, initial=np.inf)):
            x = xp.where(xp.isnan(x), x.dtype.type(last), x)
    return search(x, axis=axis).astype(dtype)


@op
def argmax_along(xp, x, *, axis, dtype):
    return _found(xp, x, axis, dtype, xp.argmax, -np.inf)


@argmax_along.kernel
def _(x, *, axis, dtype):
    return _located(x, axis, dtype, True)


@op
def argmin_along(xp, x, *, axis, dtype):
    return _found(xp, x, axis, dtype, xp.argmin, np.inf)


@argmin_along.kernel
def _(x, *, axis, dtype):
    return _located(x, axis, dtype, False)


def _located(x, axis, dtype, largest):
    outer, count, inner = math.prod(x.shape[:axis]), x.shape[axis], math.prod(x.shape[axis + 1 :])
    outputs = outer * inner
    if x.dtype.kind not in "biufV" or dtype.itemsize < 4 or not x.size or count > MOST * outputs:
        return NotImplemented
    lanes = 1 if inner > 1 else min(32, 1 << (count - 1).bit_length())
    y = cuda.empty((*x.shape[:axis], *x.shape[axis + 1 :]), dtype)
    args = (cuda.contiguous(x), y, np.int64(outputs), np.int64(count), np.int64(inner), np.int32(lanes))
    kernels.arg_extremum[x.dtype, dtype, largest](grid=-(-outputs * lanes // kernels.block), args=args)
    return y


def _along(search: Any, name: str, x: Any, axis: Any, output_type: Any) -> Any:
    x = as_tensor(x)
    k = axis_of(name, 0 if axis is None else axis, x._array.ndim)
    if not x._array.shape[k]:
        raise InvalidArgumentError(f"{name}: Reduction axis {k} is empty in shape {list(x._array.shape)} [Op:{name}]")
    return search(x, axis=k, dtype=as_dtype(output_type).numpy)


@public
def argmax(input: Any, axis: Any = None, output_type: Any = "int64", name: str | None = None) -> Any:
    """The index of the largest element along `axis` (default 0), the first of equal ones, NaN only if all are.

    output_type: default int64. InvalidArgumentError if the axis is empty.

    >>> import gputape as tf
    >>> tf.argmax([[1, 5, 2], [7, 0, 7]], axis=1).numpy()
    array([1, 0])
    """
    return _along(argmax_along, "ArgMax", input, axis, output_type)


@public
def argmin(input: Any, axis: Any = None, output_type: Any = "int64", name: str | None = None) -> Any:
    """The index of the smallest element along `axis`; see `argmax`."""
    return _along(argmin_along, "ArgMin", input, axis, output_type)


@op(mixed=("targets",))
def among_best(xp, targets, predictions, *, k):
    rows, classes = predictions.shape
    inside = (targets >= 0) & (targets < classes)
    mine = predictions[xp.arange(rows), xp.where(inside, targets, 0)] if classes else xp.zeros(rows, predictions.dtype)
    better = (predictions > mine[:, None]).sum(axis=1)
    return inside & xp.isfinite(mine) & xp.isfinite(predictions).all(axis=1) & (better < k)


@public
def in_top_k(targets: Any, predictions: Any, k: Any, name: str | None = None) -> Any:
    """Whether predictions[i, targets[i]] is among the `k` largest of row i; ties at the border count as in.

    targets (batch,) integers, predictions (batch, classes) floats; a bool tensor (batch,). False for targets out of
    range and for rows that are not finite.
    """
    t, p = as_tensor(targets), as_tensor(predictions)
    if p._array.ndim != 2 or t._array.shape != p._array.shape[:1]:
        raise InvalidArgumentError(
            f"in_top_k: predictions must be 2-dimensional and targets one per row: targets {t._array.shape}, "
            f"predictions {p._array.shape} [Op:InTopKV2]"
        )
    return among_best(t, p, k=static(k))


def _steps(name: str, x: Any) -> tuple[Any, Any]:
    flat = as_tensor(x)
    if not (flat.dtype.is_floating or flat.dtype.is_integer):
        raise TypeError(f"{name}: expected numeric, got {flat.dtype.name}")
    flat = OPS["reshape"](flat, [-1])
    return flat[:-1], flat[1:]


@public
def is_non_decreasing(x: Any, name: str | None = None) -> Any:
    """Whether the elements of `x`, in row-major order, never go down; a bool scalar."""
    before, after = _steps("is_non_decreasing", x)
    return OPS["reduce_all"](OPS["less_equal"](before, after))


@public
def is_strictly_increasing(x: Any, name: str | None = None) -> Any:
    """Whether every element of `x`, in row-major order, is larger than the one before; a bool scalar."""
    before, after = _steps("is_strictly_increasing", x)
    return OPS["reduce_all"](OPS["less"](before, after))


NAMES = {
    "tf.argmax": argmax,
    "tf.argmin": argmin,
    "tf.math.argmax": argmax,
    "tf.math.argmin": argmin,
    "tf.math.in_top_k": in_top_k,
    "tf.nn.in_top_k": in_top_k,
    "tf.math.is_non_decreasing": is_non_decreasing,
    "tf.math.is_strictly_increasing": is_strictly_increasing,
}
