"""Sequential: a stack of layers, each called on what the one before returned."""

from __future__ import annotations

import copy
import inspect
from typing import Any

import gputape as tf

from .. import tree
from ..backend import standardize_shape
from ..layers.input import InputLayer
from ..layers.layer import Layer
from ..scopes import get_keras_mask
from ..serialization import deserialize_keras_object, serialize_keras_object
from .functional import Functional
from .model import Model


class Sequential(Model):
    """A model of layers in a row. It is built as soon as the input's shape is known, at the latest by the first call.

    Args:
        layers: the layers, the first of which may be `keras.Input(shape)`.

    >>> from gputape import keras
    >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), keras.layers.Dense(1)])
    >>> model.output_shape, len(model.weights)
    ((None, 1), 4)
    """

    def __init__(self, layers: Any = None, trainable: bool = True, name: str | None = None) -> None:
        super().__init__(trainable=trainable, name=name)
        self.__dict__["_layers"] = []  # the stack, and only that: layers in other attributes do not belong to it
        self._functional: Any = None
        for layer in layers or []:
            self.add(layer, rebuild=False)
        if layers:
            self._maybe_rebuild()

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "_functional":  # the same layers once more, as a graph
            self.__dict__[name] = value
        else:
            super().__setattr__(name, value)

    def add(self, layer: Any, rebuild: bool = True) -> None:
        """Put `layer` on top; ValueError for what is no layer, a name in use, or a second input."""
        if not self._layers and getattr(layer, "_input_shape_arg", None) is not None:
            self.add(InputLayer(shape=layer._input_shape_arg))
        origin = getattr(layer, "_keras_history", (None,))[0]
        if isinstance(origin, InputLayer):
            layer = origin
        if not isinstance(layer, Layer):
            raise ValueError(
                f"Only instances of `keras.Layer` can be added to a Sequential model. Received: {layer} (of type "
                f"{type(layer)})"
            )
        if any(other.name == layer.name and other is not layer for other in self._layers):
            raise ValueError(
                f"All layers added to a Sequential model should have unique names. Name '{layer.name}' is already "
                "the name of "
                "a layer in this model. Update the `name` argument to pass a unique name."
            )
        if isinstance(layer, InputLayer) and self._layers and isinstance(self._layers[0], InputLayer):
            raise ValueError(
                f"Sequential model '{self.name}' has already been configured to use input shape "
                f"{self._layers[0].batch_shape}. You cannot add a different Input layer to it."
            )
        self._layers.append(layer)
        self._changed(rebuild)

    def pop(self, rebuild: bool = True) -> Any:
        """Take the last layer off and return it."""
        layer = self._layers.pop()
        self._changed(rebuild)
        return layer

    def _changed(self, rebuild: bool) -> None:
        self.built = False
        self._functional = None
        if rebuild:
            self._maybe_rebuild()

    def _maybe_rebuild(self) -> None:
        self.built = False
        self._functional = None
        if len(self._layers) > 1:
            first = self._layers[0]
            if isinstance(first, InputLayer):
                self.build(first.batch_shape)
            elif hasattr(first, "input_shape"):
                self.build(first.input_shape)

    def _lock_state(self) -> None:
        """Layers may be added and taken off at any time."""

    def _obj_type(self) -> str:
        return "Sequential"

    def build(self, input_shape: Any = None) -> None:
        try:
            shape = standardize_shape(input_shape)
        except (ValueError, TypeError):
            return  # not a single input: the layers are called one by one
        if shape and tf.inside_function():  # in a recorded step the batch is one of many sizes
            shape = (None, *shape[1:])
        if not self._layers:
            raise ValueError(
                f"Sequential model {self.name} cannot be built because it has no layers. Call `model.add(layer)`."
            )
        first = self._layers[0]
        if not isinstance(first, InputLayer):
            first = InputLayer(batch_shape=shape, dtype=first.compute_dtype)
            self._layers.insert(0, first)
        elif first.batch_shape != shape:
            raise ValueError(
                f"Sequential model '{self.name}' has already been configured to use input shape {first.batch_shape}. "
                "You "
                f"cannot build it with input_shape {shape}"
            )
        inputs = x = first.output
        for layer in self._layers[1:]:
            try:
                x = layer(x)
            except NotImplementedError:
                return  # its output shape cannot be known before it is called
            except TypeError:
                _check_arguments(layer)
                raise
        self._functional = Functional(inputs=inputs, outputs=x)

    def call(self, inputs: Any, training: Any = None, mask: Any = None, **kwargs: Any) -> Any:
        if self._functional:
            return self._functional.call(inputs, training=training, mask=mask, **kwargs)
        outputs = inputs
        for layer in self.layers:
            told = {k: v for k, v in {"training": training, **kwargs}.items() if v is not None}
            told = {k: v for k, v in told.items() if k in layer._call_context_args}
            if layer._call_has_mask_arg:
                told["mask"] = mask
            outputs = layer(outputs, **told)
            mask = tree.map_structure(get_keras_mask, outputs)
        return outputs

    @property
    def layers(self) -> list[Any]:
        """The layers, without the InputLayer at the bottom."""
        return self._layers[1:] if self._layers and isinstance(self._layers[0], InputLayer) else self._layers[:]

    @layers.setter
    def layers(self, _: Any) -> None:
        raise AttributeError(
            "`Sequential.layers` attribute is reserved and should not be used. Use `add()` and `pop()` to change the "
            "layers in "
            "this model."
        )

    def compute_output_spec(self, inputs: Any, training: Any = None, mask: Any = None, **kwargs: Any) -> Any:
        if self._functional:
            return self._functional.compute_output_spec(inputs, training=training, mask=mask, **kwargs)
        for layer in self.layers:
            told = {} if training is None or not layer._call_has_training_arg else {"training": training}
            inputs = layer.compute_output_spec(inputs, **told)
        return inputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        if self._functional:
            return self._functional.compute_output_shape(input_shape)
        for layer in self.layers:
            input_shape = layer.compute_output_shape(input_shape)
        return input_shape

    def _of_graph(self, attribute: str) -> Any:
        if self._functional:
            return getattr(self._functional, attribute)
        raise AttributeError(f"Sequential model '{self.name}' has no defined {attribute.replace('_', ' ')} yet.")

    @property
    def input_shape(self) -> Any:
        return self._of_graph("input_shape")

    @property
    def output_shape(self) -> Any:
        return self._of_graph("output_shape")

    @property
    def inputs(self) -> Any:
        return self._of_graph("inputs")

    @property
    def outputs(self) -> Any:
        return self._of_graph("outputs")

    @property
    def input(self) -> Any:
        return self._of_graph("input")

    @property
    def output(self) -> Any:
        return self._of_graph("output")

    @property
    def input_dtype(self) -> str:
        layers = self._layers
        return layers[0].dtype if layers and isinstance(layers[0], InputLayer) else super().input_dtype

    def get_config(self) -> dict[str, Any]:
        config = {**self._base_config(), "layers": [copy.deepcopy(serialize_keras_object(x)) for x in self._layers]}
        if self._functional is not None:
            config["build_input_shape"] = self._layers[0].batch_shape
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        if "name" not in config:
            raise ValueError(
                "A Sequential model configuration must be a dictionary containing the 'name' and 'layers' keys. "
                f"Received: config={config}"
            )
        model = cls(name=config["name"])
        for layer_config in config["layers"]:
            model.add(deserialize_keras_object(layer_config, custom_objects=custom_objects))
        shape = config.get("build_input_shape")
        if not model._functional and isinstance(shape, (tuple, list)) and shape:
            model.build(shape)
        return model


def _check_arguments(layer: Any) -> None:
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    positional = [p for p in inspect.signature(layer.call).parameters.values() if p.kind in kinds]
    required = [p for p in positional if p.default is inspect.Parameter.empty]
    if not positional:
        raise ValueError(
            "Layers added to a Sequential model should have a single positional argument, the input tensor. Layer "
            f"{type(layer).__name__} has no positional arguments."
        )
    if len(required) > 1:
        raise ValueError(
            "Layers added to a Sequential model can only have a single required positional argument, the input "
            "tensor. Layer "
            f"{type(layer).__name__} has multiple required positional arguments: {required}"
        )
