"""How long do attention and its gradient take, with and without the scores of all pairs in memory?"""

from __future__ import annotations

import numpy as np

import gputape as tf
from bench.timing import measure, report
from gputape import cuda

SIZES = (
    [(16, 1024, 16, 64), (4, 4096, 16, 128)] if cuda.available() else [(8, 128, 4, 32)]
)  # batch, length, heads, depth


def told_with_rate(told: str, seconds: float, nbytes: int, flops: int) -> None:
    report(told, seconds, nbytes)
    print(f"{'':<44} {flops / seconds / 1e12:10.1f} TFLOP/s", flush=True)


def main() -> None:
    for dtype in ("float32", "float16"):
        for batch, length, heads, depth in SIZES:
            x = tf.cast(tf.random.normal([batch, length, heads, depth]), dtype)
            flops = 4 * batch * heads * length**2 * depth  # of the products; 2.5 times as many in the gradient
            nbytes = 4 * batch * length * heads * depth * x.dtype.size

            def tiles(x=x):
                return tf.nn.dot_product_attention(x, x, x)

            def scores(x=x, depth=depth):
                weights = tf.nn.softmax(tf.einsum("btnh,bsnh->bnts", x, x) * np.float64(depth**-0.5).item())
                return tf.einsum("bnts,bsnh->btnh", weights, x)

            def backward(f, x=x):
                with tf.GradientTape() as tape:
                    tape.watch(x)
                    y = f()
                return tape.gradient(y, x)

            told = f"attention {batch} x {length} x {heads} x {depth} {dtype}"
            told_with_rate(told, measure(tiles), nbytes, flops)
            report(f"{told}, by scores", measure(scores), nbytes)
            told_with_rate(f"{told}, gradient", measure(lambda f=tiles: backward(f)), 3 * nbytes, flops * 7 // 2)
            report(f"{told}, gradient by scores", measure(lambda f=scores: backward(f)), 3 * nbytes)


if __name__ == "__main__":
    main()
