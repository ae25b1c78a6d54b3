"""Twenty steps of float16 training, for a library with TensorFlow's names: Keras records them, the test repeats them.

The scale doubles after every three good steps; one batch is so large that its gradients overflow.
"""

from __future__ import annotations

from typing import Any

import numpy as np

STEPS, OVERFLOW = 20, 13


def dense(tf: Any) -> Any:
    """A small perceptron with Adam."""
    layers = tf.keras.layers
    inner = [tf.keras.Input((6,)), layers.Dense(8, activation="tanh"), layers.Dense(3, dtype="float32")]
    return tf.keras.Sequential(inner), tf.keras.optimizers.Adam(0.01)


def conv(tf: Any) -> Any:
    """A small convolutional network with momentum."""
    layers = tf.keras.layers
    inner = [tf.keras.Input((6, 6, 2)), layers.Conv2D(4, 3, activation="relu"), layers.GlobalAveragePooling2D()]
    return tf.keras.Sequential([*inner, layers.Dense(3, dtype="float32")]), tf.keras.optimizers.SGD(0.1, momentum=0.9)


CASES = {"dense": dense, "conv": conv}


def prepared(tf: Any, name: str) -> tuple[Any, Any, Any, Any]:
    """A model with fixed weights under mixed_float16, its optimizer, and STEPS batches of x and y."""
    before = tf.keras.mixed_precision.global_policy()
    tf.keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        model, inner = CASES[name](tf)
    finally:
        tf.keras.mixed_precision.set_global_policy(before)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(STEPS, 5, *model.input_shape[1:])).astype(np.float32)
    x[OVERFLOW] *= 30000
    y = rng.integers(0, 3, (STEPS, 5))
    model.set_weights([(rng.normal(size=w.shape) * 0.3).astype(np.float32) for w in model.get_weights()])
    optimizer = tf.keras.optimizers.LossScaleOptimizer(inner, initial_scale=2.0**12, dynamic_growth_steps=3)
    return model, optimizer, x, y


def seen(loss: Any, model: Any, optimizer: Any) -> list[Any]:
    """What is compared after each step: loss, scale, good steps, steps done, weights."""
    weights = [np.round(w.astype(np.float64), 7).ravel().tolist() for w in model.get_weights()]
    return [
        float(loss),
        float(optimizer.dynamic_scale.numpy()),
        int(optimizer.step_counter.numpy()),
        int(optimizer.iterations.numpy()),
        weights,
    ]


def trained(tf: Any, name: str) -> list[list[Any]]:
    """`seen` of each step of compile and train_on_batch."""
    model, optimizer, x, y = prepared(tf, name)
    model.compile(optimizer, loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return [seen(model.train_on_batch(x[k], y[k]), model, optimizer) for k in range(STEPS)]
