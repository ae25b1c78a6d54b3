"""How close do elementwise ops come to the bandwidth of a copy, flat, with one element, and broadcast?"""

from __future__ import annotations

import numpy as np

from bench.timing import measure, report
from gputape import cuda
from gputape.ops.cast import convert
from gputape.ops.erf import erf
from gputape.ops.math import add, clip, multiply
from gputape.ops.unary import exp, sigmoid, sigmoid_grad, sqrt, tanh

SIZE = 2**26 if cuda.available() else 2**20  # elements
COLS = 1024


def placed(array: np.ndarray) -> np.ndarray:
    return cuda.to_device(array) if cuda.available() else array


def main() -> None:
    for dtype in (np.float32, np.float16):
        x = placed(np.linspace(0.1, 0.9, SIZE).astype(dtype))
        for op in (sqrt, exp, tanh, sigmoid, erf):
            report(f"{op.name} {x.dtype}", measure(lambda op=op, x=x: op.run([x], {})), 2 * x.nbytes)
        for op in (add, multiply, sigmoid_grad):
            report(f"{op.name} {x.dtype}", measure(lambda op=op, x=x: op.run([x, x], {})), 3 * x.nbytes)
        report(f"multiply by a number {x.dtype}", measure(lambda x=x: multiply.run([x, 2.0], {})), 2 * x.nbytes)
        report(f"clip {x.dtype}", measure(lambda x=x: clip.run([x, 0.2, 0.8], {})), 2 * x.nbytes)
        rows = x.reshape(-1, COLS)
        report(f"add a row {x.dtype}", measure(lambda x=rows: add.run([x, x[0]], {})), 2 * x.nbytes)
        report(f"add a column {x.dtype}", measure(lambda x=rows: add.run([x, x[:, :1]], {})), 2 * x.nbytes)
    half, single = np.dtype(np.float16), np.dtype(np.float32)
    seconds = measure(lambda: convert.run([x], {"dtype": single, "source": half}))
    report("cast float16 to float32", seconds, 3 * x.nbytes)


if __name__ == "__main__":
    main()
