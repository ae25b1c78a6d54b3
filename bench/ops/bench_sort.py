"""How long do sorting and top_k take, beside reading what they sort once? And beside CuPy or NumPy?"""

from __future__ import annotations

import numpy as np

from bench.timing import measure, report
from gputape import cuda
from gputape.ops.sort import best

SIZE = 2**24 if cuda.available() else 2**18  # elements
CASES = [
    ("sort rows of 100", 100, 100),
    ("sort rows of 2048", 2048, 2048),
    ("sort one row", SIZE, SIZE),
    ("top 5 of 1000", 1000, 5),
    ("top 50 of 50257", 50257, 50),
]


def main() -> None:
    for what, cols, k in CASES:
        x = np.random.default_rng(0).random((SIZE // cols, cols), np.float32)
        x = cuda.to_device(x) if cuda.available() else x
        attrs = {"k": k, "dtype": np.dtype(np.int32), "descending": True}
        report(what, measure(lambda x=x, attrs=attrs: best.run([x], attrs)), x.nbytes)
        report(f"{what}, bare argsort", measure(lambda x=x: x.argsort(axis=-1)), x.nbytes)


if __name__ == "__main__":
    main()
