"""How long an op over a whole sequence takes, forward and with its gradient, small and large: for lstm and gru."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import gputape as tf
from bench.timing import measure, report
from gputape import cuda

SIZES = [(32, 32, 64), (128, 64, 512)] if cuda.available() else [(32, 32, 64)]  # steps, batch, units


def sequences(name: str, run: Callable[..., Any], gates: int, moved: int) -> None:
    """Report `run(x, kernel, recurrent, bias, h)`, which gives h of all steps.

    moved: how many numbers of the state's size each step reads and writes.
    """
    for steps, batch, units in SIZES:
        x, h = tf.random.normal([steps, batch, units]), tf.zeros([batch, units])
        w, r = (tf.random.normal([units, gates * units]) / 8 for _ in range(2))
        b = tf.zeros([gates * units])

        def forward(x=x, w=w, r=r, b=b, h=h):
            return run(x, w, r, b, h)

        def backward(forward=forward, w=w, r=r):
            with tf.GradientTape() as tape:
                tape.watch([w, r])
                y = tf.reduce_sum(forward())
            return tape.gradient(y, [w, r])

        nbytes = moved * steps * batch * units * np.dtype(np.float32).itemsize
        report(f"{name} {steps} x {batch} x {units}", measure(forward), nbytes)
        report(f"{name} {steps} x {batch} x {units}, gradient", measure(backward), 3 * nbytes)
