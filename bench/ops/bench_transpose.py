"""How close do transposes come to the bandwidth of a copy: matrices, attention heads, images to channels first?"""

from __future__ import annotations

import numpy as np

from bench.timing import measure, report
from gputape import cuda
from gputape.ops.transpose import permute

SIDE = 8192 if cuda.available() else 1024
CASES = [
    ("matrix", (SIDE, SIDE), (1, 0)),
    ("heads", (SIDE // 64, 512, 16, 64), (0, 2, 1, 3)),
    ("channels first", (SIDE // 64, 64, 64, 64), (0, 3, 1, 2)),
    ("reversed", (SIDE // 64, 64, 64, 64), (3, 2, 1, 0)),
]


def main() -> None:
    for dtype in (np.float32, np.float16):
        for what, shape, perm in CASES:
            x = np.ones(shape, dtype)
            if cuda.available():
                x = cuda.to_device(x)
                seconds = measure(lambda x=x, perm=perm: permute.run([x], {"perm": perm}))
            else:  # NumPy's transpose moves nothing
                seconds = measure(lambda x=x, perm=perm: np.ascontiguousarray(x.transpose(perm)))
            report(f"transpose {what} {np.dtype(dtype).name}", seconds, 2 * x.nbytes)


if __name__ == "__main__":
    main()
