"""How close do sums and extrema come to the bandwidth of a copy, over all axes, rows and columns?"""

from __future__ import annotations

import numpy as np

from bench.timing import measure, report
from gputape import cuda
from gputape.ops.reduce import max_over, sum_over

SIZE = 2**26 if cuda.available() else 2**20  # elements
CASES = [
    ("all", (SIZE,), (0,)),
    ("rows of 10", (SIZE // 10, 10), (1,)),
    ("rows of 4096", (SIZE // 4096, 4096), (1,)),
    ("columns of 4096", (SIZE // 4096, 4096), (0,)),
    ("columns of 3", (SIZE // 3, 3), (0,)),
    ("middle", (64, SIZE // 4096, 64), (1,)),
]


def main() -> None:
    for dtype in (np.float32, np.float16):
        for what, shape, axes in CASES:
            x = np.ones(shape, dtype)
            x = cuda.to_device(x) if cuda.available() else x
            for op in (sum_over, max_over):
                seconds = measure(lambda op=op, x=x, axes=axes: op.run([x], {"axes": axes, "keepdims": False}))
                report(f"{op.name} {what} {np.dtype(dtype).name}", seconds, x.nbytes)


if __name__ == "__main__":
    main()
