"""Running sums, products and log-sum-exps along an axis."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import cuda
from ..dtypes import accumulator
from ..op import op, public
from ..registry import OPS
from ..tensor import as_tensor
from .complex import conj
from .rows import by_rows
from .shape import axis_of

kernels = cuda.Kernels("scan.cu", block=256)
ROWS, ROW = 512, 4096  # with fewer rows, longer ones are cut into chunks: at least this long, at most 1024 to a row
COLUMNS, COLUMN = 2**16, 64  # with fewer columns, longer ones are cut, into as many pieces in all


def _scan(xp, x, axis, exclusive, reverse, running, first):
    """`running` along `axis` of `x`, from the end if `reverse`, shifted by one behind `first` if `exclusive`."""
    if not x.size:
        return x
    moved = xp.moveaxis(x, axis, -1)
    if reverse:
        moved = moved[..., ::-1]
    if exclusive:
        moved = xp.concatenate([xp.full((*moved.shape[:-1], 1), first, x.dtype), moved[..., :-1]], axis=-1)
    y = running(moved)
    return xp.moveaxis(y[..., ::-1] if reverse else y, -1, axis).astype(x.dtype, copy=False)


@op
def cumsum_along(xp, x, *, axis, exclusive, reverse):
    return _scan(xp, x, axis, exclusive, reverse, lambda v: xp.cumsum(v, axis=-1, dtype=accumulator(v.dtype)), 0)


@cumsum_along.kernel
def _(x, *, axis, exclusive, reverse):
    return _scanned("Sum", x, axis, exclusive, reverse)


@cumsum_along.gradient
def _(dy, axis, exclusive, reverse):
    return cumsum_along(dy, axis=axis, exclusive=exclusive, reverse=not reverse)


@op
def cumprod_along(xp, x, *, axis, exclusive, reverse):
    return _scan(xp, x, axis, exclusive, reverse, lambda v: xp.cumprod(v, axis=-1, dtype=accumulator(v.dtype)), 1)


@cumprod_along.kernel
def _(x, *, axis, exclusive, reverse):
    return _scanned("Product", x, axis, exclusive, reverse)


@cumprod_along.gradient
def _(dy, x, y, axis, exclusive, reverse):
    total = cumsum_along(conj(y) * dy, axis=axis, exclusive=exclusive, reverse=not reverse)
    return OPS["divide_no_nan"](total, conj(x))  # 0 where x is 0, as in TensorFlow


@op
def cumlogsumexp_along(xp, x, *, axis, exclusive, reverse):
    def running(v):
        """Doubling: after step s every element covers the 2 s elements that end at it."""
        y, step = v.astype(accumulator(v.dtype)), 1
        while step < y.shape[-1]:
            y = xp.concatenate([y[..., :step], xp.logaddexp(y[..., step:], y[..., :-step])], axis=-1)
            step *= 2
        return y

    return _scan(xp, x, axis, exclusive, reverse, running, -np.inf)


@cumlogsumexp_along.kernel
def _(x, *, axis, exclusive, reverse):
    return _scanned("LogSumExp", x, axis, exclusive, reverse) if x.dtype.kind in "fV" else NotImplemented


@cumlogsumexp_along.gradient
def _(dy, x, y, axis, exclusive, reverse):
    """dx[i] = sum over the j that saw i of dy[j] exp(x[i] - y[j]), positive and negative dy apart, in logarithms."""

    def part(d):
        positive = OPS["greater"](d, 0.0)
        safe = OPS["select"](positive, d, OPS["ones_like"](d))
        logs = OPS["select"](positive, OPS["log"](safe) - y, OPS["broadcast_to"](x._array.dtype.type(-np.inf), x.shape))
        return OPS["exp"](cumlogsumexp_along(logs, axis=axis, exclusive=exclusive, reverse=not reverse) + x)

    return part(dy) - part(-dy)


# -- kernels


def _scanned(operation, x, axis, exclusive, reverse):
    """By the kernels, if the numbers are real: along rows if the axis is the last, else along columns."""
    if x.dtype.kind not in "fiuV":
        return NotImplemented
    x = cuda.contiguous(x)
    outer, n, inner = math.prod(x.shape[:axis]), x.shape[axis], math.prod(x.shape[axis + 1 :])
    if not x.size:
        return cuda.empty_like(x)
    options = operation, bool(exclusive), bool(reverse)
    return _rows(*options, x, outer, n) if inner == 1 else _columns(*options, x, outer, n, inner)


def _rows(operation, exclusive, reverse, x, rows, n):
    y, length, carries = cuda.empty_like(x), n, None
    if rows < ROWS and n > ROW:
        length = max(ROW, -(-n // 1024))
        carries = cuda.empty((rows, -(-n // length)), accumulator(x.dtype))
        kernels.reduce_rows[operation, x.dtype](
            **by_rows(carries.size, length),
            args=(x, carries, *map(np.int64, (rows, n, length)), np.bool_(reverse)),
        )
        carries = _rows(operation, True, False, carries, *carries.shape)
    kernels.scan_rows[operation, x.dtype](
        **by_rows(rows * -(-n // length), length),
        args=(x, y, carries, *map(np.int64, (rows, n, length)), np.bool_(exclusive), np.bool_(reverse)),
    )
    return y


def _columns(operation, exclusive, reverse, x, outer, n, inner):
    y, columns, length, carries = cuda.empty_like(x), outer * inner, n, None
    blocks = -(-columns // kernels.block)
    if columns < COLUMNS and n > COLUMN:
        length = max(COLUMN, -(-n * columns // COLUMNS))
        carries = cuda.empty((-(-n // length), columns), accumulator(x.dtype))
        sizes = map(np.int64, (columns, n, inner, length))
        kernels.reduce_columns[operation, x.dtype]((blocks, len(carries)), (x, carries, *sizes, np.bool_(reverse)))
        carries = _columns(operation, True, False, carries, 1, *carries.shape)
    sizes = map(np.int64, (columns, n, inner, length))
    kernels.scan_columns[operation, x.dtype](
        (blocks, -(-n // length)), (x, y, carries, *sizes, np.bool_(exclusive), np.bool_(reverse))
    )
    return y


# -- under TensorFlow's names


def _along(scan: Any, name: str, x: Any, axis: Any, exclusive: Any, reverse: Any) -> Any:
    x = as_tensor(x)
    return scan(x, axis=axis_of(name, axis, x._array.ndim), exclusive=bool(exclusive), reverse=bool(reverse))


@public
def cumsum(x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None) -> Any:
    """The running sum along `axis`, in the shape of `x`.

    exclusive: element i is left out of its own sum. reverse: sums run from the end.

    >>> import gputape as tf
    >>> tf.cumsum([1, 2, 3]).numpy(), tf.cumsum([1, 2, 3], exclusive=True).numpy()
    (array([1, 3, 6], dtype=int32), array([0, 1, 3], dtype=int32))
    """
    return _along(cumsum_along, "Cumsum", x, axis, exclusive, reverse)


@public
def cumprod(x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None) -> Any:
    """The running product along `axis`; arguments as `cumsum`. At zeros its gradient is 0, as in TensorFlow."""
    return _along(cumprod_along, "Cumprod", x, axis, exclusive, reverse)


@public
def cumulative_logsumexp(
    x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None
) -> Any:
    """log(cumsum(exp(x))) along `axis` without overflow; arguments as `cumsum`."""
    return _along(cumlogsumexp_along, "CumulativeLogsumexp", x, axis, exclusive, reverse)


NAMES = {
    "tf.cumsum": cumsum,
    "tf.math.cumsum": cumsum,
    "tf.math.cumprod": cumprod,
    "tf.math.cumulative_logsumexp": cumulative_logsumexp,
}
