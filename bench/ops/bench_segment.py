"""How fast are deterministic segment sums: the gradient of an embedding, and the pooling of graph nodes?"""

from __future__ import annotations

import numpy as np

from bench.timing import measure, report
from gputape import cuda
from gputape.ops.segment import segment_reduce

ROWS = 2**18 if cuda.available() else 2**14


def main() -> None:
    rng = np.random.default_rng(0)
    for what, segments, cols in (("embedding", 50_000, 256), ("graphs", 64, 128), ("scalars", 1000, 1)):
        arrays = [np.ones((ROWS, cols), np.float32), rng.integers(0, segments, ROWS)]
        arrays = [cuda.to_device(a) if cuda.available() else a for a in arrays]
        attrs = {"how": "sum", "segments": segments, "empty": 0}
        seconds = measure(lambda arrays=arrays, attrs=attrs: segment_reduce.run(arrays, attrs))
        report(f"segment_sum {what}", seconds, (ROWS + segments) * cols * 4)


if __name__ == "__main__":
    main()
