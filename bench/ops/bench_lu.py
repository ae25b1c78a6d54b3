"""What does the kernel for LU factors and determinants of many small matrices gain over CuPy?"""

from __future__ import annotations

import numpy as np

from bench.timing import measure, report
from gputape import cuda
from gputape.ops.linalg import det
from gputape.ops.lu import lu_factors

BATCH = 2**14 if cuda.available() else 2**8


def main() -> None:
    for n in (4, 16, 64):
        a = np.random.default_rng(0).random((BATCH, n, n), np.float32)
        a = cuda.to_device(a) if cuda.available() else a
        xp = cuda.array_module(a)
        runs = {
            "lu": lambda a=a: lu_factors.run([a], {"index_type": np.dtype(np.int32)}),
            "det": lambda a=a: det.run([a], {}),
            "bare det": lambda a=a, xp=xp: xp.linalg.det(a),
        }
        for what, work in runs.items():
            report(f"{what} {BATCH} of {n} x {n}", measure(work), a.nbytes)


if __name__ == "__main__":
    main()
