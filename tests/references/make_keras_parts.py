"""Records what Keras gives for the cases of tests/keras/parts_cases.py, in keras_parts.npz beside this file.

Needs Keras 3 with TensorFlow; run it again only when the cases change: python tests/references/make_keras_parts.py
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))


def main() -> None:
    import keras
    import tensorflow as tf

    from tests.keras import parts_cases as cases

    recorded: dict[str, Any] = {}

    def keep(kind: str, name: str, values: list[Any]) -> None:
        for k, value in enumerate(values):
            recorded[f"{kind}/{name}/{k}"] = np.asarray(value)

    for name in cases.OPTIMIZERS:
        keep("optimizer", name, cases.run_optimizer(keras, name, tf.constant))
    for name, (kind, options) in cases.SCHEDULES.items():
        schedule = getattr(keras.optimizers.schedules, kind)(**options)
        keep("schedule", name, [[float(schedule(step)) for step in cases.STEPS]])
    for name in cases.LOSSES:
        keep("loss", name, cases.run_loss(keras, name))
    for name in cases.METRICS:
        keep("metric", name, cases.run_metric(keras, name))
    for name, (kind, options) in cases.ACTIVATIONS.items():
        x = tf.constant(cases.input_of(name))
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = getattr(keras.activations, kind)(x, **options)
            total = tf.reduce_sum(y * y)
        keep("activation", name, [y, tape.gradient(total, x)])
    for name, (kind, options) in cases.CONSTRAINTS.items():
        keep("constraint", name, [getattr(keras.constraints, kind)(**options)(cases.ROWS)])
    for name, (kind, options) in cases.REGULARIZERS.items():
        keep("regularizer", name, [getattr(keras.regularizers, kind)(**options)(tf.constant(cases.ROWS))])
    for name, options in cases.STFT.items():
        keep("stft", name, [keras.initializers.STFT(**options)((6, 1, 5))])
    np.savez_compressed(HERE / "keras_parts.npz", **recorded)


if __name__ == "__main__":
    main()
