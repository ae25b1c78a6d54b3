"""keras.applications.vgg16: VGG16 and what goes with it."""

from __future__ import annotations

from typing import Any

from .imagenet_utils import decode_predictions as decode_predictions
from .imagenet_utils import preprocess_input as _preprocessed
from .vgg import VGG16 as VGG16


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """Pixels from 0 to 255 as VGG16 expects them: blue first, minus ImageNet's mean."""
    return _preprocessed(x, data_format, "caffe")
