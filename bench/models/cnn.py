"""Two convolutions, of 16 and 32 channels, with pools, on 28x28 images, and Dense(10)."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.models.training import Work, keras_works, torch_works

BATCHES = {64: 8, 256: 2}


def data() -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    return rng.random((512, 28, 28, 1), np.float32), rng.integers(0, 10, 512)


def build(keras: Any) -> Any:
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(10),
        ]
    )


def with_keras(keras: Any, tf: Any) -> dict[str, Work]:
    return keras_works(keras, lambda: build(keras), *data(), BATCHES)


def torch_model(torch: Any) -> Any:
    nn = torch.nn
    convolutions = [nn.Conv2d(1, 16, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*convolutions, nn.Flatten(), nn.Linear(800, 10))


def with_torch(torch: Any, mode: str) -> dict[str, Work]:
    x, y = data()
    images = x.transpose(0, 3, 1, 2)
    return torch_works(torch, mode, lambda: torch_model(torch), images, y, BATCHES)
