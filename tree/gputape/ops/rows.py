"""How kernels share out a matrix: a row to a warp or a block (kernels/rows.cuh), a column to a thread (columns.cuh)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

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
