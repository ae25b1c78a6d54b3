"""keras.models: Model, Sequential, and making models from others."""

from __future__ import annotations

from typing import Any

from gputape.errors import unknown_name

from .clone import clone_model
from .model import Model, model_from_json
from .sequential import Sequential

__all__ = ["Model", "Sequential", "clone_model", "model_from_json"]


def __getattr__(name: str) -> Any:
    """load_model and save_model, which stand in keras.saving, above this package; and Functional, Keras's inner name."""
    if name == "Functional":
        from .functional import Functional

        return Functional
    if name in ("load_model", "save_model"):
        from .. import saving

        return getattr(saving, name)
    raise unknown_name(__name__, name, [*globals(), "load_model", "save_model"])
