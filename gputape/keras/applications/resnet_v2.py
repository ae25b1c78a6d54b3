"""keras.applications.resnet_v2: ResNet50V2, ResNet101V2, ResNet152V2 and what goes with them."""

from __future__ import annotations

from typing import Any

from .imagenet_utils import decode_predictions as decode_predictions
from .imagenet_utils import preprocess_input as _preprocessed
from .residual import ResNet50V2 as ResNet50V2
from .residual import ResNet101V2 as ResNet101V2
from .residual import ResNet152V2 as ResNet152V2


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """Pixels from 0 to 255 as ResNetV2 expects them: from -1 to 1."""
    return _preprocessed(x, data_format, "tf")
