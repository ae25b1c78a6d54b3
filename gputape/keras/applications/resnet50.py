"""keras.applications.resnet50: ResNet50 and what goes with it."""

from __future__ import annotations

from .resnet import ResNet50 as ResNet50
from .resnet import decode_predictions as decode_predictions
from .resnet import preprocess_input as preprocess_input
