"""How close does argmax come to the bandwidth of a copy, over rows of classes and over columns?"""

from __future__ import annotations

import numpy as np

from bench.timing import measure, report
from gputape import cuda
from gputape.ops.argmax import argmax_along

SIZE = 2**26 if cuda.available() else 2**20  # elements


def main() -> None:
    for what, cols, axis in (("rows of 10", 10, 1), ("rows of 1000", 1000, 1), ("columns of 1024", 1024, 0)):
        x = np.random.default_rng(0).random((SIZE // cols, cols), np.float32)
        x = cuda.to_device(x) if cuda.available() else x
        seconds = measure(lambda x=x, axis=axis: argmax_along.run([x], {"axis": axis, "dtype": np.dtype(np.int64)}))
        report(f"argmax {what}", seconds, x.nbytes)


if __name__ == "__main__":
    main()
