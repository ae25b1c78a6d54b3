"""How fast are convolutions, forward and backward, beside the GEMM of the same number of operations?"""

from __future__ import annotations

import numpy as np

import gputape as tf
from bench.timing import measure

SHAPES = [  # batch, side, channels, filters, window
    (64, 28, 1, 16, 3),
    (64, 14, 16, 32, 3),
    (16, 32, 64, 64, 3),
    (16, 32, 64, 64, 1),
]


def main() -> None:
    side = 1024
    square = tf.random.normal([side, side])
    peak = 2 * side**3 / measure(lambda: tf.matmul(square, square))
    print(f"GEMM {peak / 1e9:.1f} GFLOP/s")
    for n, h, c, o, k in SHAPES:
        x, w = tf.random.normal([n, h, h, c]), tf.Variable(tf.random.normal([k, k, c, o]))
        flops = 2 * n * h * h * k * k * c * o

        def backward(x=x, w=w) -> None:  # type: ignore[no-untyped-def]
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = tf.nn.conv2d(x, w, 1, "SAME")
            tape.gradient(y, [x, w])

        forward = measure(lambda x=x, w=w: tf.nn.conv2d(x, w, 1, "SAME"))
        both = measure(backward)
        told = f"conv2d {n}x{h}x{h}x{c} -> {o}, {k}x{k}"
        print(
            f"{told:40} forward {forward * 1e3:8.2f} ms {flops / forward / peak:6.1%} of GEMM, "
            f"with backward {both * 1e3:8.2f} ms {3 * flops / both / peak:6.1%}"
        )


if __name__ == "__main__":
    np.random.seed(0)
    main()
