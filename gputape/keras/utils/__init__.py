"""keras.utils: helpers for data, saving and models."""

from __future__ import annotations

from typing import Any

from gputape.errors import unknown_name

from .. import tree
from ..backend import clear_session, is_keras_tensor, standardize_dtype
from ..config import disable_interactive_logging, enable_interactive_logging, is_interactive_logging_enabled
from ..serialization import (
    CustomObjectScope,
    custom_object_scope,
    deserialize_keras_object,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
    serialize_keras_object,
)
from .numerical import normalize, to_categorical
from .progbar import Progbar
from .sequences import pad_sequences


def get_source_inputs(tensor: Any) -> list[Any]:
    """The input tensors from which a symbolic tensor is computed.

    >>> from gputape import keras
    >>> x = keras.Input((2,), name="x")
    >>> [t.name for t in keras.utils.get_source_inputs(keras.layers.ReLU()(x + 1))]
    ['x']
    """
    if not hasattr(tensor, "_keras_history"):
        return tensor
    operation, node_index, _ = tensor._keras_history
    if operation is None or operation._inbound_nodes[node_index].is_input:
        return [tensor]
    found = [x for t in operation._inbound_nodes[node_index].input_tensors for x in get_source_inputs(t)]
    return list({id(x): x for x in tree.flatten(found)}.values())


# Public names of modules that load when they are used.
_LATER = {
    "array_to_img": ".image_utils",
    "audio_dataset_from_directory": ".directories",
    "get_file": ".files",
    "image_dataset_from_directory": ".directories",
    "img_to_array": ".image_utils",
    "load_img": ".image_utils",
    "model_to_dot": ".plot",
    "plot_model": ".plot",
    "save_img": ".image_utils",
    "split_dataset": ".split",
    "text_dataset_from_directory": ".directories",
    "timeseries_dataset_from_array": ".timeseries",
    "FeatureSpace": ".feature_space",
    "PyDataset": "..training.data_adapter",
    "Sequence": "..training.data_adapter",
    "pack_x_y_sample_weight": "..training.data_adapter",
    "set_random_seed": ".seeding",
    "unpack_x_y_sample_weight": "..training.data_adapter",
}


def __getattr__(name: str) -> Any:
    import importlib

    if name == "bounding_boxes":
        return importlib.import_module(".bounding_boxes", __name__)
    if name in _LATER:
        return getattr(importlib.import_module(_LATER[name], __name__), name)
    raise unknown_name(__name__, name, __all__)


def __dir__() -> list[str]:
    return __all__


__all__ = [
    "CustomObjectScope", "Progbar", "bounding_boxes", "clear_session", "custom_object_scope",
    "deserialize_keras_object",
    "disable_interactive_logging", "enable_interactive_logging", "get_custom_objects", "get_registered_name",
    "get_registered_object", "get_source_inputs", "is_interactive_logging_enabled", "is_keras_tensor", "normalize",
    "pad_sequences", "register_keras_serializable", "serialize_keras_object", "standardize_dtype", "to_categorical",
    *_LATER,
]  # fmt: skip
