"""How close do embeddings come to copy bandwidth: gather, its gradient with few and many equal ids; one_hot?"""

from __future__ import annotations

import numpy as np

from bench.timing import measure, report
from gputape import cuda
from gputape.ops.index import gather_axis, one_hot_axis, scatter_axis

N = 2**17 if cuda.available() else 2**13
VOCABULARY, WIDTH, CLASSES = 50_000, 512, 1000


def main() -> None:
    rng = np.random.default_rng(0)
    place = cuda.to_device if cuda.available() else np.asarray
    options = {"axis": 0, "batch_dims": 0}
    for dtype in (np.float32, np.float16):
        table, values = place(np.ones((VOCABULARY, WIDTH), dtype)), place(np.ones((N, WIDTH), dtype))
        spread = rng.integers(0, VOCABULARY, N)
        for what, ids in (("all ids", spread), ("half padding", np.where(rng.random(N) < 0.5, 0, spread))):
            ids = place(ids)
            down, up = [table, ids], [values, ids]
            seconds = measure(lambda a=down: gather_axis.run(a, {**options, "sparse": True}))
            report(f"gather {what} {table.dtype}", seconds, 2 * values.nbytes + ids.nbytes)
            seconds = measure(lambda a=up, shape=table.shape: scatter_axis.run(a, {**options, "shape": shape}))
            report(f"scatter {what} {table.dtype}", seconds, values.nbytes + 2 * table.nbytes)
    labels, on, off = (
        place(a) for a in (rng.integers(0, CLASSES, N), np.ones((), np.float32), np.zeros((), np.float32))
    )
    seconds = measure(lambda: one_hot_axis.run([labels, on, off], {"depth": CLASSES, "axis": 1}))
    report("one_hot float32", seconds, N * CLASSES * 4)


if __name__ == "__main__":
    main()
