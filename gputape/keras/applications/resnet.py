"""keras.applications.resnet: ResNet50, ResNet101, ResNet152 and what goes with them."""

from __future__ import annotations

from typing import Any

from .imagenet_utils import decode_predictions as decode_predictions
from .imagenet_utils import preprocess_input as _preprocessed
from .residual import ResNet50 as ResNet50
from .residual import ResNet101 as ResNet101
from .residual import ResNet152 as ResNet152


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """Pixels from 0 to 255 as ResNet expects them: blue first, minus ImageNet's mean."""
    return _preprocessed(x, data_format, "caffe")
