"""keras.applications: known networks for images, with Keras's layers, names and weight files.

Each has a module with `preprocess_input` and `decode_predictions` beside it, loaded when it is first used.
"""

from __future__ import annotations

import importlib
from typing import Any

from gputape.errors import unknown_name

# Name of a network: its module.
_NETWORKS = {
    "VGG16": "vgg16", "VGG19": "vgg19", "MobileNetV2": "mobilenet_v2", "Xception": "xception",
    "InceptionV3": "inception_v3",
    **{f"ResNet{n}": "resnet" for n in (50, 101, 152)},
    **{f"ResNet{n}V2": "resnet_v2" for n in (50, 101, 152)},
    **{f"DenseNet{n}": "densenet" for n in (121, 169, 201)},
    **{f"EfficientNetB{n}": "efficientnet" for n in range(8)},
}  # fmt: skip
_MODULES = sorted({*_NETWORKS.values(), "imagenet_utils", "resnet50"})

__all__ = [*_NETWORKS, *_MODULES]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    if name in _NETWORKS:
        return getattr(importlib.import_module(f"{__name__}.{_NETWORKS[name]}"), name)
    raise unknown_name(__name__, name, __all__)


def __dir__() -> list[str]:
    return __all__
