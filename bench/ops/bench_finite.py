"""What does a look for NaN and infinity cost, beside the bandwidth of a copy?"""

from __future__ import annotations

import numpy as np

from bench.timing import measure, report
from gputape import cuda
from gputape.numerics import not_finite
from gputape.ops.finite import note_not_finite

SIZE = 2**26 if cuda.available() else 2**20  # elements


def main() -> None:
    x = np.random.default_rng(0).random(SIZE, np.float32)
    if cuda.available():
        on_device, word = cuda.to_device(x), cuda.zeros(1, np.int32)
        report("note_not_finite", measure(lambda: note_not_finite(on_device, word, 0)), x.nbytes)
    else:
        report("not_finite in NumPy", measure(lambda: not_finite(x)), x.nbytes)


if __name__ == "__main__":
    main()
