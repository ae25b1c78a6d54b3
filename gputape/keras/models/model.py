"""Model: a layer that trains. Made from a graph (Functional), a list of layers (Sequential), or a subclass's `call`."""

from __future__ import annotations

import inspect
import json
import warnings
from typing import Any

import numpy as np

from ..layers.layer import Layer
from ..serialization import deserialize_keras_object, serialize_keras_object
from ..symbolic import is_default
from ..tracking import no_automatic_dependency_tracking
from ..training.trainer import Trainer
from .summary import print_summary


class Model(Trainer, Layer):
    """A layer with training and saving: `Model(inputs, outputs)` for a graph, or a subclass with `call`.

    >>> from gputape import keras
    >>> x = keras.Input((4,))
    >>> model = keras.Model(x, keras.layers.Dense(2)(x))
    >>> model.output_shape, model.count_params()
    ((None, 2), 10)
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        if cls is Model and functional_arguments(args, kwargs):
            from .functional import Functional

            return super().__new__(Functional, *args, **kwargs)
        return super().__new__(cls, *args, **kwargs)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if functional_arguments(args, kwargs):
            from .functional import Functional

            _become_functional(type(self))
            Functional.__init__(self, *args, **kwargs)
            return
        Trainer.__init__(self)
        Layer.__init__(self, *args, **kwargs)

    compile = no_automatic_dependency_tracking(Trainer.compile)

    def call(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(f"Model {type(self).__name__} does not have a `call()` method implemented.")

    def build(self, input_shape: Any = None) -> None:
        """Make the variables by running `call` once on zeros of this shape (or nest of shapes)."""
        if input_shape is None or not any(not layer.built for layer in self._layers):
            return
        if not self._build_by_run(input_shape):
            raise ValueError(
                f"Model '{self.name}' cannot be built automatically: its `call()` does not run on zeros of shape "
                f"{input_shape}. Call the model on data of the right dtype instead, or write a `build(input_shape)` "
                "method."
            )

    build._is_default = True  # type: ignore[attr-defined]

    # -- layers
    @property
    def layers(self) -> list[Any]:
        """The layers that are attributes of the model, or nodes of its graph."""
        return self._flatten_layers(include_self=False, recursive=False)

    @layers.setter
    def layers(self, _: Any) -> None:
        raise AttributeError("`Model.layers` attribute is reserved and should not be used. Please use another name.")

    def get_layer(self, name: str | None = None, index: int | None = None) -> Any:
        """The layer of this name, or at this place in `layers`; ValueError if there is none."""
        if index is not None and name is not None:
            raise ValueError(f"Provide only a layer name or a layer index. Received: index={index}, name={name}.")
        layers = self.layers
        if index is not None:
            if len(layers) <= index:
                raise ValueError(
                    f"Was asked to retrieve layer at index {index} but model only has {len(layers)} layers."
                )
            return layers[index]
        if name is None:
            raise ValueError("Provide either a layer name or layer index at `get_layer`.")
        for layer in layers:
            if layer.name == name:
                return layer
        raise ValueError(f"No such layer: {name}. Existing layers are: {[layer.name for layer in layers]}.")

    def summary(
        self,
        line_length: int | None = None,
        positions: Any = None,
        print_fn: Any = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Any = None,
    ) -> None:
        """Print the layers with their output shapes and numbers of parameters.

        Args:
            line_length: default 88 (108 with connections), or what the terminal has.
            positions: where columns end, as fractions of the line.
            print_fn: called with the text instead of printing it.
            expand_nested: whether to list the layers of models inside.
            show_trainable: whether to say which layers train.
            layer_range: names (or patterns) of the first and last layer to list.
        """
        print_summary(self, line_length, positions, print_fn, expand_nested, show_trainable, layer_range)

    # -- saving
    def save(self, filepath: Any, overwrite: bool = True, zipped: Any = None, **kwargs: Any) -> None:
        """Save architecture, weights and the optimizer's state to a `.keras` file; see keras.saving.save_model."""
        from .. import saving

        saving.save_model(self, filepath, overwrite=overwrite, zipped=zipped, **kwargs)

    def save_weights(self, filepath: Any, overwrite: bool = True, **kwargs: Any) -> None:
        """Save the weights to a `.weights.h5` file; see keras.saving.save_weights."""
        from .. import saving

        saving.save_weights(self, filepath, overwrite=overwrite, **kwargs)

    def load_weights(self, filepath: Any, skip_mismatch: bool = False, **kwargs: Any) -> None:
        """Load weights that `save_weights` or `save` wrote; see keras.saving.load_weights."""
        from .. import saving

        saving.load_weights(self, filepath, skip_mismatch=skip_mismatch, **kwargs)

    def export(self, filepath: Any, format: str = "tf_saved_model", **kwargs: Any) -> None:
        """Write what the model computes, without its class, for `tf.saved_model.load(filepath).serve(x)`.

        kwargs: `verbose`, and `input_signature`, a list of the TensorSpecs of call's arguments, for a model whose
        inputs are not known. ValueError for another format, and for a model that is not built.
        """
        from .. import export

        export.export_model(self, filepath, format, **kwargs)

    # -- configs
    def to_json(self, **kwargs: Any) -> str:
        """The config as JSON text, for `model_from_json`; `kwargs` go to json.dumps."""
        return json.dumps(serialize_keras_object(self), **kwargs)

    def build_from_config(self, config: Any) -> None:
        if not config:
            return
        try:
            if "input_shape" in config:
                built = self._build_from(config["input_shape"])
            else:
                built = self._build_from(**config["shapes_dict"])
        except Exception:
            built = False
        self.__dict__["_build_shapes_dict"] = config.get("shapes_dict", config)
        if not built:
            warnings.warn(
                f"Model '{self.name}' had a build config, but the model cannot be built automatically in "
                "`build_from_config(config)`. You should implement `def build_from_config(self, config)`, and you "
                "might "
                "also want to implement the method that generates the config at saving time, `def "
                "get_build_config(self)`. "
                "The method `build_from_config()` is meant to create the state of the model (i.e. its variables) upon "
                "deserialization.",
                stacklevel=2,
            )

    def _build_from(self, *shapes: Any, **named: Any) -> bool:
        if not is_default(self.build):
            self.build(*shapes, **named)
            return True
        return self._build_by_run(*shapes, **{k.removesuffix("_shape"): v for k, v in named.items()})

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """The model that `get_config` described."""
        from .functional import Functional, functional_from_config

        specification = inspect.getfullargspec(cls.__init__)
        graph = all(key in config for key in ("name", "layers", "input_layers", "output_layers"))
        free = specification.varargs == "args" and specification.varkw == "kwargs"
        own = specification.args[1:] == inspect.getfullargspec(Functional.__init__).args[1:]
        if graph and (cls in (Functional, Model) or own or free):
            return functional_from_config(cls, config, custom_objects=custom_objects)
        try:
            return super().from_config(config)
        except TypeError as error:
            raise TypeError(
                "Unable to revive model from config. When overriding the `get_config()` method, make sure that the "
                f"returned config contains all items used as arguments in the constructor to {cls}, which is the "
                "default "
                "behavior. You can override this default behavior by defining a `from_config(cls, config)` class "
                "method to "
                f"specify how to create an instance of {cls.__name__} from its config.\n\nReceived config={config}\n\n"
                f"Error encountered during deserialization: {error}"
            ) from error

    # -- all variables as a tree
    def get_state_tree(self, value_format: str = "backend_tensor") -> dict[str, Any]:
        """The values of all variables as nested dicts, by the parts of their paths.

        Args:
            value_format: "backend_tensor" or "numpy_array"; ValueError otherwise, or if two variables have one path.
        """
        readers = {"backend_tensor": lambda v: v.value, "numpy_array": np.array}
        if value_format not in readers:
            raise ValueError(
                "Invalid `value_format` argument. Expected one of {'numpy_array', 'backend_tensor'}. "
                f"Received: value_format={value_format}"
            )
        return {k: _nested(variables, readers[value_format]) for k, variables in self._state_groups().items()}

    def set_state_tree(self, state_tree: dict[str, Any]) -> None:
        """Assign values in the form of `get_state_tree`; ValueError for another group of variables."""
        groups = self._state_groups()
        for group, values in state_tree.items():
            if group not in groups:
                raise ValueError(f"Unknown variable name: {group}")
            flat = _flattened(values)
            for variable in groups[group]:
                if variable.path in flat:
                    variable.assign(flat[variable.path])

    def _state_groups(self) -> dict[str, list[Any]]:
        return {
            "trainable_variables": self.trainable_variables,
            "non_trainable_variables": self.non_trainable_variables,
            "optimizer_variables": list(self.optimizer.variables) if self.optimizer is not None else [],
            "metrics_variables": self.metrics_variables,
        }

    def _obj_type(self) -> str:
        return "Model"


def _nested(variables: list[Any], read: Any) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for v in variables:
        *parents, name = v.path.split("/")
        place = made
        for part in parents:
            place = place.setdefault(part, {})
        if name in place:
            raise ValueError(
                f"The following variable path is found twice in the model: '{v.path}'. `get_state_tree()` can only "
                "be called "
                "when all variable paths are unique. Make sure to give unique names to your layers (and other objects)."
            )
        place[name] = read(v)
    return made


def _flattened(nested: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in nested.items():
        flat.update(_flattened(value, f"{prefix}{key}/") if isinstance(value, dict) else {f"{prefix}{key}": value})
    return flat


def model_from_json(json_string: str, custom_objects: Any = None) -> Any:
    """The model whose `to_json` is `json_string`, without its weights.

    >>> from gputape import keras
    >>> text = keras.Sequential([keras.layers.Dense(2, name="out")]).to_json()
    >>> [layer.name for layer in keras.models.model_from_json(text).layers]
    ['out']
    """
    return deserialize_keras_object(json.loads(json_string), custom_objects=custom_objects)


def functional_arguments(args: Any, kwargs: Any) -> bool:
    """Whether a constructor was called with inputs and outputs."""
    return len(args) == 2 or (len(args) == 1 and "outputs" in kwargs) or ("inputs" in kwargs and "outputs" in kwargs)


def _become_functional(cls: Any) -> Any:
    """Put Functional in the place of Model among the bases of a user's class."""
    from .functional import Functional

    if cls is Model:
        return Functional
    if cls is object or issubclass(cls, Functional) or not issubclass(cls, Model):
        return cls
    cls.__bases__ = tuple(_become_functional(base) for base in cls.__bases__)
    return cls
