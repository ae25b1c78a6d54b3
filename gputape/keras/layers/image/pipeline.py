"""Pipeline."""

from __future__ import annotations

from typing import Any

from ... import tree
from ...scopes import get_keras_mask
from ...serialization import deserialize_keras_object, serialize_keras_object
from ..layer import Layer


class Pipeline(Layer):
    """Layers one after the other, without the state of a model: for preprocessing.

    >>> import gputape as tf
    >>> from gputape import keras
    >>> layer = keras.layers.Pipeline([keras.layers.RandomFlip(), keras.layers.CenterCrop(2, 2)])
    >>> layer(tf.zeros((1, 4, 4, 3))).shape
    TensorShape([1, 2, 2, 3])
    """

    def __init__(self, layers: Any, name: str | None = None) -> None:
        super().__init__(name=name)
        self._pipeline_layers = layers
        self._convert_input_args = False
        self._allow_non_tensor_positional_args = True

    @property
    def layers(self) -> Any:
        return self._pipeline_layers

    def call(self, inputs: Any, training: bool = True, mask: Any = None) -> Any:
        for layer in self._pipeline_layers:
            kwargs: dict[str, Any] = {}
            if layer._call_has_mask_arg:
                kwargs["mask"] = mask
            if layer._call_has_training_arg and training is not None:
                kwargs["training"] = training
            inputs = layer(inputs, **kwargs)
            mask = tree.map_structure(get_keras_mask, inputs)
        return inputs

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, "layers": [serialize_keras_object(layer) for layer in self._pipeline_layers]}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        layers = config.get("layers")
        if not isinstance(layers, (list, tuple)):
            raise ValueError(
                "`Pipeline` config must contain a `layers` key mapping to a list of serialized layers. Received config "
                f"with layers={layers}."
            )
        return cls(**{**config, "layers": [deserialize_keras_object(layer) for layer in layers]})
