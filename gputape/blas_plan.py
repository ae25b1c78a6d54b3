"""Row-major products in column-major terms: which operand comes first, which is transposed, and how batches lie in memory.

A row-major matrix is the transpose of a column-major one in the same memory, so y = x w is y' = w' x'. Everything here is
arithmetic on shapes and strides; blas.py hands the plan to cuBLASLt, ops/matmul.py to a kernel.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Matrix(NamedTuple):
    """A column-major matrix in memory: element (i, j) at i + j * ld; the next of a batch `stride` elements later."""

    rows: int
    cols: int
    ld: int
    stride: int


@dataclasses.dataclass(frozen=True, eq=False)
class Plan:
    """product = first second, where `turned` says which of the two is transposed first.

    batch: matrices per call. begins: for each call, where the three matrices begin, in elements of their arrays.
    """

    first: Matrix
    second: Matrix
    product: Matrix
    turned: tuple[bool, bool]
    batch: int
    begins: tuple[tuple[int, int, int], ...]

    @property
    def depth(self) -> int:
        """The number of terms of each sum."""
        return self.second.cols if self.turned[1] else self.second.rows


def layout(shape: Sequence[int], strides: Sequence[int]) -> tuple[int, bool] | None:
    """How the last two axes lie in memory, strides counted in elements: (ld, whether as the transposed matrix).

    None if they lie in neither way and must be copied.
    """
    (rows, cols), (down, across) = shape[-2:], strides[-2:]
    if across == 1 or cols == 1:
        down = cols if rows == 1 else down
        if down >= cols:
            return max(down, 1), False
    if down == 1 or rows == 1:
        across = rows if cols == 1 else across
        if across >= rows:
            return max(across, 1), True
    return None


@functools.lru_cache(4096)
def planned(
    a_shape: tuple[int, ...],
    a_strides: tuple[int, ...],
    b_shape: tuple[int, ...],
    b_strides: tuple[int, ...],
    itemsize: int,
    transpose_a: bool,
    transpose_b: bool,
) -> Plan | None:
    """The plan for a b, both transposed if it says so, into a new row-major array; leading axes broadcast.

    Strides in bytes, as arrays have them; no size may be 0. None if an operand must be copied first.
    """
    if any(stride % itemsize or stride < 0 for stride in (*a_strides, *b_strides)):
        return None
    a_strides, b_strides = (tuple(s // itemsize for s in strides) for strides in (a_strides, b_strides))
    of_a, of_b = layout(a_shape, a_strides), layout(b_shape, b_strides)
    if of_a is None or of_b is None:
        return None
    m, n = a_shape[-1 if transpose_a else -2], b_shape[-2 if transpose_b else -1]
    axes = _batch_axes(a_shape, a_strides, b_shape, b_strides, m * n)
    together = max(range(len(axes)), key=lambda k: axes[k][0], default=None)  # the axis that one call can cover
    count, of_first, of_second, of_product = axes.pop(together) if together is not None else (1, 0, 0, 0)
    corners = itertools.product(*[range(size) for size, *_ in axes])
    begins = [tuple(sum(i * axis[k] for i, axis in zip(at, axes)) for k in (1, 2, 3)) for at in corners]

    def operand(shape: tuple[int, ...], found: tuple[int, bool], stride: int) -> Matrix:
        ld, flipped = found
        rows, cols = shape[-2:]
        return Matrix(rows, cols, ld, stride) if flipped else Matrix(cols, rows, ld, stride)

    return Plan(
        operand(b_shape, of_b, of_first),
        operand(a_shape, of_a, of_second),
        Matrix(n, m, n, of_product),
        (transpose_b != of_b[1], transpose_a != of_a[1]),
        count,
        tuple(begins),  # type: ignore[arg-type]
    )


def _batch_axes(
    a_shape: tuple[int, ...],
    a_strides: tuple[int, ...],
    b_shape: tuple[int, ...],
    b_strides: tuple[int, ...],
    size: int,
) -> list[tuple[int, int, int, int]]:
    """The leading axes as (size, strides of b, a and the product), those merged that memory lets be one."""
    shape = np.broadcast_shapes(a_shape[:-2], b_shape[:-2])
    axes: list[tuple[int, int, int, int]] = []
    for k, count in zip(range(-3, -3 - len(shape), -1), reversed(shape)):
        steps = [
            strides[k] if len(given) >= -k and given[k] != 1 else 0
            for given, strides in ((b_shape, b_strides), (a_shape, a_strides))
        ]
        axis = (count, *steps, size)
        size *= count
        if count == 1:
            continue
        if axes and all(outer == inner * axes[-1][0] for outer, inner in zip(axis[1:], axes[-1][1:])):
            axes[-1] = (axes[-1][0] * count, *axes[-1][1:])
        else:
            axes.append(axis)
    return axes
