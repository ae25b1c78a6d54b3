"""How many operations a second do matrix products reach, and how much of a small one is overhead of ours?"""

from __future__ import annotations

import ml_dtypes
import numpy as np

from bench.timing import measure
from gputape import cuda, device
from gputape.ops.matmul import matmul
from gputape.tensor import constant

SIDE = 8192 if cuda.available() else 1024
CASES = [
    ("square", (SIDE, SIDE), (SIDE, SIDE)),
    ("dense layer", (256, 784), (784, 128)),
    ("dense on 3 axes", (64, 128, 512), (512, 512)),
    ("attention heads", (64, 128, 64), (64, 64, 128)),
    ("tiny", (8, 8), (8, 8)),
]


def main() -> None:
    with device("/GPU:0" if cuda.available() else "/CPU:0"):
        for dtype in (np.float32, ml_dtypes.bfloat16):
            for what, a, b in CASES:
                x, y = constant(np.ones(a, dtype)), constant(np.ones(b, dtype))
                ours = measure(lambda x=x, y=y: matmul(x, y))
                bare = measure(lambda x=x._array, y=y._array: x @ y) if x.dtype == "float32" else float("nan")
                speed = 2 * np.prod(a) * b[-1] / ours / 1e9
                print(
                    f"matmul {what} {x.dtype.name}: {ours * 1e6:9.1f} us ({bare * 1e6:.1f} bare), {speed:9.1f} GFLOP/s"
                )


if __name__ == "__main__":
    main()
