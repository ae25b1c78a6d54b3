"""How close do running sums come to the bandwidth of a copy, along rows long and short and along columns?"""

from __future__ import annotations

import numpy as np

from bench.timing import measure, report
from gputape import cuda
from gputape.ops.scan import cumlogsumexp_along, cumsum_along

SIZE = 2**26 if cuda.available() else 2**20  # elements
CASES = [
    ("rows of 128", (SIZE // 128, 128), 1),
    ("rows of 4096", (SIZE // 4096, 4096), 1),
    ("one row", (1, SIZE), 1),
    ("columns of 1024", (1024, SIZE // 1024), 0),
    ("16 columns", (SIZE // 16, 16), 0),
]


def main() -> None:
    for op in (cumsum_along, cumlogsumexp_along):
        for what, shape, axis in CASES:
            x = np.random.default_rng(0).random(shape, np.float32)
            x = cuda.to_device(x) if cuda.available() else x
            attrs = {"axis": axis, "exclusive": False, "reverse": False}
            seconds = measure(lambda x=x, op=op, attrs=attrs: op.run([x], attrs))
            report(f"{op.name} {what}", seconds, 2 * x.nbytes)


if __name__ == "__main__":
    main()
