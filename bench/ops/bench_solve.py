"""What do kernels for many small matrices gain over CuPy's solvers, which take them one by one or with more launches?"""

from __future__ import annotations

import numpy as np

from bench.timing import measure, report
from gputape import cuda
from gputape.ops.solve import inverse, solve_general, solve_triangular

BATCH = 2**14 if cuda.available() else 2**8


def main() -> None:
    for n in (4, 16, 64):
        a = np.random.default_rng(0).random((BATCH, n, n), np.float32) + n * np.eye(n, dtype=np.float32)
        b = np.ones((BATCH, n, 4), np.float32)
        a, b = (cuda.to_device(x) if cuda.available() else x for x in (a, b))
        xp = cuda.array_module(a)
        runs = {
            "inverse": lambda a=a: inverse.run([a], {}),
            "bare inverse": lambda a=a, xp=xp: xp.linalg.inv(a),
            "solve": lambda a=a, b=b: solve_general.run([a, b], {"adjoint": False}),
            "bare solve": lambda a=a, b=b, xp=xp: xp.linalg.solve(a, b),
            "triangular": lambda a=a, b=b: solve_triangular.run([a, b], {"lower": True, "adjoint": False}),
        }
        for what, work in runs.items():
            report(f"{what} {BATCH} of {n} x {n}", measure(work), a.nbytes + 2 * b.nbytes)


if __name__ == "__main__":
    main()
