"""How close does a step of all parameters at once come to the bandwidth of a copy, for many arrays and for one?"""

from __future__ import annotations

import numpy as np

import gputape as tf
from bench.timing import measure, report
from gputape import cuda
from gputape.ops.update import adam, rmsprop, sgd

SIZE = 2**26 if cuda.available() else 2**20  # parameters
MODELS = {"1 array": [SIZE], "64 arrays": [SIZE // 64] * 64, "1000 arrays": [SIZE // 1000] * 1000}
CASES = [(sgd, 0, {}), (sgd, 1, {"momentum": 0.9}), (rmsprop, 1, {}), (adam, 2, {})]


def main() -> None:
    rate, iterations = tf.Variable(0.001), tf.Variable(0, dtype="int64")
    for dtype in ("float32", "bfloat16"):
        for what, sizes in MODELS.items():
            gradients = [tf.ones([n], dtype) for n in sizes]
            for op, slots, options in CASES:
                targets = [tf.Variable(tf.ones([n], dtype)) for _ in range(slots + 1) for n in sizes]
                seconds = measure(lambda: op(targets, rate, iterations, *gradients, **options))  # noqa: B023
                width = np.dtype(tf.as_dtype(dtype).as_numpy_dtype).itemsize
                report(f"{op.name} {slots} slots, {what}, {dtype}", seconds, (3 + 2 * slots) * width * sum(sizes))


if __name__ == "__main__":
    main()
