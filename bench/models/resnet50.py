"""ResNet-50 on 224x224 images. For a GPU; the launches of a step anywhere."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.models.training import Work, keras_works, only_fit, torch_works

SIDE = 224
BATCHES = {32: 4}


def data(side: int = SIDE) -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    return rng.random((64, side, side, 3), np.float32), rng.integers(0, 1000, 64)


def build(keras: Any) -> Any:
    return keras.applications.ResNet50(weights=None, classifier_activation=None)


def with_keras(keras: Any, tf: Any) -> dict[str, Work]:
    return only_fit(keras_works(keras, lambda: build(keras), *data(), BATCHES))


def torch_model(torch: Any) -> Any:
    nn = torch.nn

    def convolved(n: int, filters: int, size: int, stride: int = 1) -> Any:
        return nn.Sequential(nn.Conv2d(n, filters, size, stride, size // 2), nn.BatchNorm2d(filters))

    class Block(nn.Module):
        def __init__(self, n: int, filters: int, stride: int) -> None:
            super().__init__()
            wide = 4 * filters
            self.path = nn.Sequential(
                convolved(n, filters, 1, stride), nn.ReLU(), convolved(filters, filters, 3), nn.ReLU(),
                convolved(filters, wide, 1),
            )  # fmt: skip
            self.short = nn.Identity() if n == wide else convolved(n, wide, 1, stride)

        def forward(self, x: Any) -> Any:
            return nn.functional.relu(self.path(x) + self.short(x))

    layers, n = [convolved(3, 64, 7, 2), nn.ReLU(), nn.MaxPool2d(3, 2, 1)], 64
    for filters, blocks in ((64, 3), (128, 4), (256, 6), (512, 3)):
        for k in range(blocks):
            layers.append(Block(n, filters, 2 if k == 0 and filters > 64 else 1))
            n = 4 * filters
    model = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2048, 1000))
    return model.to(memory_format=torch.channels_last)


def with_torch(torch: Any, mode: str) -> dict[str, Work]:
    x, y = data()
    images = x.transpose(0, 3, 1, 2)
    return only_fit(torch_works(torch, mode, lambda: torch_model(torch), images, y, BATCHES))
