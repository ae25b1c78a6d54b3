"""Networks whose layers and outputs are recorded from Keras; read by make_applications.py and the test."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import numpy as np

SMALL = {"weights": None, "include_top": True, "classes": 3}
# Network: arguments beside these, and the side of its images.
CASES: dict[str, tuple[dict[str, Any], int]] = {
    "VGG16": ({"include_top": False, "pooling": "avg"}, 32),
    "VGG19": ({"include_top": False, "pooling": "max"}, 32),
    "ResNet50": ({}, 32),
    "ResNet50V2": ({"include_top": False, "pooling": "max"}, 32),
    "ResNet101V2": ({}, 32),
    "MobileNetV2": ({"alpha": 0.35}, 96),
    "DenseNet121": ({}, 32),
    "Xception": ({}, 71),
    "InceptionV3": ({}, 75),
    "EfficientNetB0": ({}, 33),
    "EfficientNetB2": ({}, 32),
}


def build(keras: Any, name: str) -> Any:
    arguments, side = CASES[name]
    return getattr(keras.applications, name)(**{**SMALL, **arguments, "input_shape": (side, side, 3)})


def described(model: Any) -> list[str]:
    """The layers in their order, each with its class, its name (of those that have one) and its weights' shapes."""
    rows = []
    for layer in model.layers:
        kind = type(layer).__name__
        stem = re.sub(r"(?<!^)(?=[A-Z][a-z]|(?<=[a-z])[A-Z0-9])", "_", kind).lower().replace("_", "")
        given = "" if layer.name.replace("_", "").startswith(stem[:8]) else layer.name
        rows.append(f"{kind} {given} {[tuple(w.shape) for w in layer.weights]}")
    return rows


def digest(model: Any) -> str:
    return hashlib.sha256("\n".join(described(model)).encode()).hexdigest()


def output(model: Any, name: str) -> Any:
    """What the model makes of a fixed image with fixed weights."""
    values = []
    for k, w in enumerate(model.get_weights()):
        wave = np.cos(np.arange(w.size, dtype="float32") * np.float32(1.7) + k).reshape(w.shape)
        flat = w.ndim < 2
        values.append(1 + 0.1 * wave if flat else wave * np.float32(np.sqrt(3 / np.prod(w.shape[:-1]))))
    model.set_weights(values)
    side = CASES[name][1]
    image = np.cos(np.arange(side * side * 3, dtype="float32")).reshape(1, side, side, 3)
    return np.asarray(model(image, training=False))[0, :8]
