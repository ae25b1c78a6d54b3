"""How close do activation functions come to the bandwidth of a copy, forward and backward?"""

from __future__ import annotations

import numpy as np

from bench.timing import measure, report
from gputape import cuda
from gputape.ops import activation as family
from gputape.ops.bias_activation import biased

SIZE = 2**26 if cuda.available() else 2**20  # elements
OPS = [
    (family.relu, 1, {}),
    (family.relu_grad, 2, {}),
    (family.elu, 1, {}),
    (family.sigmoid_weighted, 1, {}),
    (family.sigmoid_weighted_grad, 2, {}),
    (family.normal_weighted, 1, {"approximate": False}),
    (family.normal_weighted_grad, 2, {"approximate": False}),
    (family.normal_weighted, 1, {"approximate": True}),
]


def main() -> None:
    x = np.random.default_rng(0).standard_normal(SIZE, np.float32)
    x = cuda.to_device(x) if cuda.available() else x
    for op, arrays, attrs in OPS:
        seconds = measure(lambda op=op, n=arrays, attrs=attrs: op.run([x] * n, attrs))
        report(f"{op.name} {attrs or ''}", seconds, (arrays + 1) * x.nbytes)
    rows = x.reshape(-1, 1024)
    seconds = measure(lambda: biased.run([rows, rows[0]], {"activation": "relu"}))
    report("bias and relu", seconds, 2 * x.nbytes)


if __name__ == "__main__":
    main()
