"""How close do the cross-entropies come to the bandwidth of reading scores once, and of writing their gradient once?"""

from __future__ import annotations

import numpy as np

from bench.timing import measure, report
from gputape import cuda
from gputape.ops import loss as family

SIZE = 2**26 if cuda.available() else 2**20  # elements


def main() -> None:
    rng = np.random.default_rng(0)
    for cols in (10, 1000, 50_000):
        rows = SIZE // cols
        arrays = [rng.standard_normal((rows, cols), np.float32), rng.integers(0, cols, rows), np.ones(rows, np.float32)]
        x, labels, dy = [cuda.to_device(a) if cuda.available() else a for a in arrays]
        p = abs(x)
        _, lse = family.sparse_cross_entropy_rows.run([x, labels], {})
        for op, inputs, passes in (
            (family.sparse_cross_entropy_rows, [x, labels], 1),
            (family.sparse_cross_entropy_rows_grad, [x, labels, dy, lse], 2),
            (family.cross_entropy_rows, [p, x], 2),
            (family.cross_entropy_rows_grad, [p, x, dy, lse], 3),
        ):
            seconds = measure(lambda op=op, inputs=inputs: op.run(inputs, {}))
            report(f"{op.name} of {cols} classes", seconds, passes * x.nbytes)


if __name__ == "__main__":
    main()
