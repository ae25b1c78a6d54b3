"""Matrices by rows and columns: how kernels share them out, and sums and maxima at which NumPy itself is slow.

A row goes to a warp or a block (kernels/rows.cuh), a column to a thread (kernels/columns.cuh).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..dtypes import accumulator

BLOCK = 256  # threads of a block
WARP = 32
CHUNKS = 128  # pieces of a column, at most


def by_rows(rows: int, cols: int) -> dict[str, Any]:
    """Grid and block for kernels that own rows: a warp for each short one, a block for each long one."""
    lanes = WARP if cols <= 4 * BLOCK else BLOCK
    together = BLOCK // lanes
    return {"grid": -(-rows // together), "block": (lanes, together)}


def by_columns(rows: int, cols: int) -> tuple[dict[str, Any], int, Any]:
    """Grid and block for kernels that own columns, the number of chunks of rows, and a chunk's length (an int64)."""
    width = min(WARP, 1 << max(cols - 1, 0).bit_length())
    height = BLOCK // width
    length = max(4 * height, -(-rows // CHUNKS))
    chunks = max(1, -(-rows // length))
    return {"grid": (-(-cols // width), chunks), "block": (width, height)}, chunks, np.int64(length)


def matrix(shape: tuple[int, ...]) -> tuple[int, int]:
    """The number of rows and the length of a row, the last axis."""
    return math.prod(shape[:-1]), shape[-1]


# -- on NumPy

SMALL = 1024  # elements, below which a call of NumPy's own costs least
_sum: Any = np.add.reduce  # half the cost of a small np.sum
COLUMN = 512  # rows of a block whose columns are added up by a product with ones
SHORT = 32  # NumPy spends a call's worth of time on every row: up to this length going column by column is faster


def row_max(x: Any) -> Any:
    """The maximum over the last axis, which stays with size 1; -inf where it is empty."""
    cols = x.shape[-1]
    if x.size < SMALL or not 0 < cols <= SHORT:
        return x.max(-1, keepdims=True, initial=-np.inf)
    top = x[..., :1].copy()
    for c in range(1, cols):
        np.maximum(top, x[..., c : c + 1], out=top)
    return top


def row_sum(x: Any) -> Any:
    """The sum of float32 or float64 over the last axis, which stays with size 1."""
    return x @ np.ones((x.shape[-1], 1), x.dtype) if x.shape[-1] <= SHORT else x.sum(-1, keepdims=True)


def row_dots(a: Any, b: Any) -> Any:
    """The sum of a * b over the last axis, which stays with size 1."""
    return np.einsum("...c,...c", a, b)[..., None]


def column_sums(a: Any) -> Any:
    """The sums of the columns of a matrix, or a stack of them, by blocks: nearly as exact as pairwise summation."""
    rows, cols = a.shape[-2:]
    whole = rows - rows % COLUMN
    sums = np.ones(rows - whole, a.dtype) @ a[..., whole:, :]
    if whole:
        blocks = a[..., :whole, :].reshape(*a.shape[:-2], -1, COLUMN, cols)
        sums += (np.ones(COLUMN, a.dtype) @ blocks).sum(-2)
    return sums


def added(x: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    """np.add.reduce, half types in float32, but fast where the last axis stays or axes between those that go."""
    plain = x.size < SMALL or len(axes) in (0, x.ndim) or axes[0] == x.ndim - len(axes)
    if plain or x.dtype.char not in "fd" or not x.flags.c_contiguous:
        return _sum(x, axes, accumulator(x.dtype), keepdims=keepdims)
    shape = [1 if k in axes else n for k, n in enumerate(x.shape) if keepdims or k not in axes]
    runs, inner = runs_of(x.shape, axes), 1
    for k in reversed(range(len(runs))):
        size, gone = runs[k]
        if gone:
            outer = math.prod([n for n, _ in runs[:k]])
            x = column_sums(x.reshape(outer, size, inner)) if inner > 1 else row_sum(x.reshape(outer, size))
        else:
            inner *= size
    return x.reshape(shape)


def runs_of(shape: tuple[int, ...], axes: tuple[int, ...]) -> list[tuple[int, bool]]:
    """(size, whether it goes) of adjacent axes that all go, or all stay, as one; axes of size 1 are nothing."""
    runs: list[tuple[int, bool]] = []
    for k, size in enumerate(shape):
        if size > 1:
            gone = k in axes
            if runs and runs[-1][1] == gone:
                size *= runs.pop()[0]
            runs.append((size, gone))
    return runs
