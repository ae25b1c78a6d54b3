"""LSTM(64) over 32 steps of 32 features, and Dense(10)."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.models.training import Work, keras_works, torch_works

TIME, FEATURES, UNITS = 32, 32, 64
BATCHES = {32: 16, 256: 4}


def data() -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    return rng.standard_normal((512, TIME, FEATURES), np.float32), rng.integers(0, 10, 512)


def build(keras: Any) -> Any:
    layers = keras.layers
    return keras.Sequential([keras.Input((TIME, FEATURES)), layers.LSTM(UNITS), layers.Dense(10)])


def with_keras(keras: Any, tf: Any) -> dict[str, Work]:
    return keras_works(keras, lambda: build(keras), *data(), BATCHES)


def torch_model(torch: Any) -> Any:
    nn = torch.nn

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.recurrent, self.head = nn.LSTM(FEATURES, UNITS, batch_first=True), nn.Linear(UNITS, 10)

        def forward(self, x: Any) -> Any:
            return self.head(self.recurrent(x)[0][:, -1])

    return Model()


def with_torch(torch: Any, mode: str) -> dict[str, Work]:
    return torch_works(torch, mode, lambda: torch_model(torch), *data(), BATCHES)
