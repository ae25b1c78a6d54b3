"""The look at one array for NaN and infinity that leaves the answer on the device: kernels/finite.cu."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..cuda import Kernels, contiguous

kernels = Kernels("finite.cu", block=256)
MOST_BLOCKS = 1024
_PARTS = {"complex64": np.float32, "complex128": np.float64}


def note_not_finite(x: Any, word: Any, position: int) -> None:
    """Note `position` in `word`, an int32 on the device, if an element of the floats `x` is NaN or infinite.

    `word` keeps the smallest position noted since it was 0, as report_index of common.cuh does: it holds
    `cuda.FIRST - position`.
    """
    x = contiguous(x).reshape(-1)
    x = x.view(_PARTS.get(x.dtype.name, x.dtype))
    grid = min(-(-x.size // kernels.block), MOST_BLOCKS)
    kernels.note_not_finite[x.dtype](grid, (x, word, np.int64(position), np.int64(x.size)))
