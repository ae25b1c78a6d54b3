"""What does the kernel for Cholesky factors of many small matrices gain over CuPy?"""

from __future__ import annotations

import numpy as np

from bench.timing import measure, report
from gputape import cuda
from gputape.ops.decompositions import cholesky

BATCH = 2**14 if cuda.available() else 2**8


def main() -> None:
    for n in (4, 16, 64):
        a = np.random.default_rng(0).random((BATCH, n, n), np.float32)
        a = a @ a.swapaxes(1, 2) + np.eye(n, dtype=np.float32)
        a = cuda.to_device(a) if cuda.available() else a
        xp = cuda.array_module(a)
        report(f"cholesky {BATCH} of {n} x {n}", measure(lambda a=a: cholesky.run([a], {})), 2 * a.nbytes)
        report(f"bare {BATCH} of {n} x {n}", measure(lambda a=a, xp=xp: xp.linalg.cholesky(a)), 2 * a.nbytes)


if __name__ == "__main__":
    main()
