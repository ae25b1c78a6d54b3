"""tf.saved_model: objects with their variables and recorded functions, in a folder of this library's own format."""

from __future__ import annotations

from typing import Any

from .load import contains_saved_model, load
from .save import SERVING, save


class SaveOptions:
    """Accepted by `save`: there is one way to write."""

    def __init__(self, **kwargs: Any) -> None:
        vars(self).update(kwargs)


class LoadOptions(SaveOptions):
    """Accepted by `load`."""


NAMES: dict[str, Any] = {
    "tf.saved_model.save": save,
    "tf.saved_model.load": load,
    "tf.saved_model.contains_saved_model": contains_saved_model,
    "tf.saved_model.SaveOptions": SaveOptions,
    "tf.saved_model.LoadOptions": LoadOptions,
    "tf.saved_model.DEFAULT_SERVING_SIGNATURE_DEF_KEY": SERVING,
}
