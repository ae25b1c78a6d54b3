"""keras.applications.vgg19: VGG19 and what goes with it."""

from __future__ import annotations

from typing import Any

from .imagenet_utils import decode_predictions as decode_predictions
from .imagenet_utils import preprocess_input as _preprocessed
from .vgg import VGG19 as VGG19


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """Pixels from 0 to 255 as VGG19 expects them: blue first, minus ImageNet's mean."""
    return _preprocessed(x, data_format, "caffe")
