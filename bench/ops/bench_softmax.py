"""How close do softmax and its gradient come to the bandwidth of a copy, for short rows and long ones?"""

from __future__ import annotations

import numpy as np

from bench.timing import measure, report
from gputape import cuda
from gputape.ops.softmax import log_softmax_along, log_softmax_grad, softmax_along, softmax_grad

SIZE = 2**26 if cuda.available() else 2**20  # elements


def main() -> None:
    for dtype in (np.float32, np.float16):
        for cols in (10, 1024, 32768):
            x = np.ones((SIZE // cols, cols), dtype)
            x = cuda.to_device(x) if cuda.available() else x
            for op, arrays in ((softmax_along, 1), (softmax_grad, 2), (log_softmax_along, 1), (log_softmax_grad, 2)):
                seconds = measure(lambda op=op, x=x, n=arrays: op.run([x] * n, {"axis": 1}))
                report(f"{op.name} rows of {cols} {np.dtype(dtype).name}", seconds, (arrays + 1) * x.nbytes)


if __name__ == "__main__":
    main()
