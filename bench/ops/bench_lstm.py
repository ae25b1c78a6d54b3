"""How long does a sequence take an LSTM, forward and with its gradient, small and large?"""

from __future__ import annotations

import numpy as np

import gputape as tf
from bench.timing import measure, report
from gputape import cuda

SIZES = [(32, 32, 64), (128, 64, 512)] if cuda.available() else [(32, 32, 64)]  # steps, batch, units


def main() -> None:
    for steps, batch, units in SIZES:
        x, h = tf.random.normal([steps, batch, units]), tf.zeros([batch, units])
        w, r, b = (
            tf.random.normal([units, 4 * units]) / 8,
            tf.random.normal([units, 4 * units]) / 8,
            tf.zeros([4 * units]),
        )

        def forward(x=x, w=w, r=r, b=b, h=h):
            return tf.nn.lstm(x, w, r, b, h, h)

        def backward(forward=forward, w=w, r=r):
            with tf.GradientTape() as tape:
                tape.watch([w, r])
                y = tf.reduce_sum(forward()[0])
            return tape.gradient(y, [w, r])

        nbytes = 9 * steps * batch * units * np.dtype(np.float32).itemsize
        report(f"lstm {steps} x {batch} x {units}", measure(forward), nbytes)
        report(f"lstm {steps} x {batch} x {units}, gradient", measure(backward), 3 * nbytes)


if __name__ == "__main__":
    main()
