"""Records what TensorFlow gives for convolutions and pools in conv.npz. Needs TensorFlow; run by hand."""

from pathlib import Path

import numpy as np
import tensorflow as tf

from tests.references.conv_cases import CASES, inputs

made = {}
for name, call in CASES.items():
    # TensorFlow pools volumes in float32 at most.
    arrays = [tf.constant(a, tf.float32 if name.startswith(("max3d", "avg3d")) else tf.float64) for a in inputs(name)]
    with tf.GradientTape() as tape:
        tape.watch(arrays)
        y = call(tf, *arrays)
        total = tf.reduce_sum(y * tf.cos(tf.reshape(tf.range(tf.size(y), dtype=y.dtype), y.shape)))
    made[name] = y.numpy()
    try:
        grads = tape.gradient(total, arrays)
    except tf.errors.InvalidArgumentError:  # TensorFlow has no gradient of dilated convolutions on the CPU
        continue
    made |= {f"{name} d{k}": g.numpy() for k, g in enumerate(grads)}
np.savez_compressed(Path(__file__).parent / "conv.npz", **made)
