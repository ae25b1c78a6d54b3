"""Do two fresh processes train to the same bits? Exit status 1 if not.

Run: python -m bench.determinism. Each process trains a small convolutional net with dropout by `fit`, and prints a hash of
its weights and of the losses.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys

import numpy as np


def trained() -> str:
    """The hash of a training that always starts the same."""
    from gputape import keras

    keras.utils.set_random_seed(0)
    (x, y), _ = keras.datasets.digits.load_data()
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(8, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.3),
            layers.Dense(10),
        ]
    )
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    history = model.fit(x[:512, ..., None] / np.float32(16), y[:512], epochs=2, verbose=0)
    bits = hashlib.sha256(np.array(history.history["loss"]).tobytes())
    for weight in model.get_weights():
        bits.update(weight.tobytes())
    return bits.hexdigest()


def main() -> None:
    command = [sys.executable, "-c", "from bench.determinism import trained; print(trained())"]
    hashes = [subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() for _ in range(2)]
    print("\n".join(hashes))
    sys.exit(hashes[0] != hashes[1])


if __name__ == "__main__":
    main()
