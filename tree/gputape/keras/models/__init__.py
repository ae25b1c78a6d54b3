"""keras.models: Model, Sequential, and making models from others."""

from __future__ import annotations

from .clone import clone_model
from .model import Model, model_from_json
from .sequential import Sequential

__all__ = ["Model", "Sequential", "clone_model", "model_from_json"]
