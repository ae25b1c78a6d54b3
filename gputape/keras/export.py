"""keras.export: what a model computes, in a folder that `tf.saved_model.load` brings back without its class."""

from __future__ import annotations

from typing import Any

import gputape

from . import tree

tf: Any = gputape


class ExportArchive:
    """A folder in the making: models are tracked, functions of theirs become endpoints, and `write_out` writes all.

    >>> import tempfile
    >>> import gputape as tf
    >>> from gputape import keras
    >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, kernel_initializer="ones")])
    >>> archive = keras.export.ExportArchive()
    >>> archive.track(model)
    >>> _ = archive.add_endpoint("serve", model.call, input_signature=[tf.TensorSpec([None, 3])])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     archive.write_out(folder, verbose=False)
    ...     loaded = tf.saved_model.load(folder)
    >>> loaded.serve(tf.ones([1, 3])).numpy()
    array([[3., 3.]], dtype=float32)
    """

    def __init__(self) -> None:
        self._module = tf.Module()
        self._module.tracked = []
        self._endpoints: dict[str, Any] = {}

    @property
    def variables(self) -> list[Any]:
        return [v for x in self._module.tracked for v in getattr(x, "variables", [x])]

    @property
    def trainable_variables(self) -> list[Any]:
        return [v for v in self.variables if v.trainable]

    @property
    def non_trainable_variables(self) -> list[Any]:
        return [v for v in self.variables if not v.trainable]

    def track(self, resource: Any) -> None:
        """Write the variables of `resource`, a layer, a model or a tf.Module. ValueError for a layer not built."""
        if hasattr(resource, "built") and not resource.built:
            raise ValueError("The layer provided has not yet been built. It must be built before export.")
        self._module.tracked = [*self._module.tracked, resource]

    def add_variable_collection(self, name: str, variables: Any) -> None:
        """Write `variables` and give the loaded object a list of them under `name`."""
        if not isinstance(variables, (list, tuple, set)):
            raise ValueError(f"Expected `variables` to be a list/tuple/set. Received instead: {type(variables)}")
        setattr(self._module, name, list(variables))

    def add_endpoint(self, name: str, fn: Any, input_signature: Any = None, **kwargs: Any) -> Any:
        """Make `fn` a method `name` of the loaded object; returns it as a tf.function.

        input_signature: TensorSpecs (or KerasTensors) of the arguments; not needed for a tf.function that has one or
        has been called. ValueError if the name is taken.
        """
        if name in self._endpoints:
            raise ValueError(f"Endpoint name '{name}' is already taken.")
        if not hasattr(fn, "python_function"):
            if input_signature is None:
                raise ValueError(
                    "If the `fn` argument provided is not a `tf.function`, you must provide an `input_signature`: a "
                    "list of the TensorSpecs of its arguments"
                )
            specs = [tree.map_structure(_spec, x) for x in input_signature]
            fn = tf.function(fn, input_signature=specs)
        self._endpoints[name] = fn
        setattr(self._module, name, fn)
        return fn

    def write_out(self, filepath: Any, options: Any = None, verbose: bool = True) -> None:
        """Write the folder `filepath`. ValueError if there is no endpoint."""
        if not self._endpoints:
            raise ValueError("No endpoints have been set yet. Call add_endpoint().")
        tf.saved_model.save(self._module, filepath, options=options)
        if verbose:
            print(f"Saved artifact at '{filepath}'. The following endpoints are available:\n")
            print("\n".join(f"* Endpoint '{name}'" for name in self._endpoints))


def export_model(
    model: Any,
    filepath: Any,
    format: str = "tf_saved_model",
    verbose: bool | None = None,
    input_signature: Any = None,
    **kwargs: Any,
) -> None:
    """Write what `model` computes in inference, with the endpoint `serve`; see Model.export."""
    if format != "tf_saved_model":
        raise ValueError(f"Unrecognized format={format}. Supported formats are: ['tf_saved_model'].")
    if not model.built:
        raise ValueError("The model provided has not yet been built. It must be built before export.")
    if input_signature is None:
        input_signature = _signature(model)
    archive = ExportArchive()
    archive.track(model)
    archive.add_endpoint("serve", lambda *xs: model(*xs, training=False), input_signature)
    archive.write_out(filepath, verbose=verbose is not False, **kwargs)


def _signature(model: Any) -> list[Any]:
    """The specs of the inputs that a model was built for, any number of samples at a time."""
    struct = getattr(model, "input", None) if hasattr(model, "inputs") and model.inputs else None
    if struct is not None:
        return [struct]
    shapes = model._build_shapes_dict or {}
    if list(shapes) != ["input_shape"]:
        raise ValueError(
            "export: the inputs of this model are not known: pass input_signature=[keras.InputSpec(shape=(None, ...))]"
        )
    return [tree.map_shape_structure(lambda s: tf.TensorSpec([None, *s[1:]], model.input_dtype), shapes["input_shape"])]


def _spec(x: Any) -> Any:
    """A TensorSpec of what tells a shape and a dtype."""
    if isinstance(x, tf.TensorSpec):
        return x
    return tf.TensorSpec(x.shape, x.dtype or "float32", name=getattr(x, "name", None))
