"""keras.remat: less memory for more computing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gputape as tf


def remat(f: Callable[..., Any]) -> Callable[..., Any]:
    """`f`, but a tape keeps only its inputs and computes the rest again when gradients are asked for.

    >>> import gputape as tf
    >>> from gputape import keras
    >>> x = tf.Variable(3.0)
    >>> with tf.GradientTape() as tape:
    ...     y = keras.remat(lambda x: tf.exp(tf.math.log(x)) ** 2)(x)
    >>> tape.gradient(y, x).numpy().round(4)
    np.float32(6.0)
    """
    return tf.recompute_grad(f)
