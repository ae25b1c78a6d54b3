"""clone_model: the same architecture with new layers, and so with new weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import tree
from ..layers.input import Input, InputLayer
from ..serialization import deserialize_keras_object, serialize_keras_object
from ..symbolic import KerasTensor
from .functional import Functional, functional_like
from .sequential import Sequential


def clone_model(
    model: Any,
    input_tensors: Any = None,
    clone_function: Callable[[Any], Any] | None = None,
    call_function: Callable[..., Any] | None = None,
    recursive: bool = False,
    **kwargs: Any,
) -> Any:
    """A model like `model` made of new layers.

    Args:
        input_tensors: KerasTensors to build upon; default new ones.
        clone_function: layer -> layer to put in its place; default: from its config.
        call_function: (layer, *args, **kwargs) -> outputs; default: call the layer. Not for Sequential.
        recursive: whether models inside are cloned layer by layer.

    ValueError for arguments that the kind of model does not take.

    >>> from gputape import keras
    >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    >>> keras.models.clone_model(model).output_shape
    (None, 2)
    """
    cache = kwargs.pop("cache", None)
    if kwargs:
        raise ValueError(f"Unexpected keyword argument(s): {tuple(kwargs.keys())}")
    if isinstance(model, (Sequential, Functional)):
        if isinstance(model, Sequential) and call_function is not None:
            raise ValueError(
                "`call_function` argument is not supported with Sequential models.  In a Sequential model, layers "
                "aren't "
                "called at model-construction time (they're merely listed). Use `call_function` with Functional "
                "models only. "
                f"Received model of type '{type(model).__name__}', with call_function={call_function}"
            )
        clone = _cached(clone_function, call_function, recursive, {} if cache is None else cache)
        if isinstance(model, Sequential):
            return _clone_sequential(model, clone, input_tensors)
        return _clone_functional(model, clone, input_tensors, call_function)
    if clone_function or input_tensors:
        raise ValueError(
            "Arguments `clone_function` and `input_tensors` are only supported for Sequential models or Functional "
            "models. "
            f"Received model of type '{type(model).__name__}', with clone_function={clone_function} and "
            f"input_tensors={input_tensors}"
        )
    if call_function is not None:
        raise ValueError(
            "Argument `call_function` is only supported for Functional models. Received model of type "
            f"'{type(model).__name__}', with call_function={call_function}"
        )
    config = serialize_keras_object(model)
    return deserialize_keras_object(config, custom_objects={type(model).__name__: type(model)})


def _cached(clone_function: Any, call_function: Any, recursive: bool, cache: dict[int, Any]) -> Callable[[Any], Any]:
    """`clone_function` that clones a layer used twice once, and enters models if `recursive`."""
    function = clone_function or (lambda layer: type(layer).from_config(layer.get_config()))

    def clone(layer: Any) -> Any:
        if id(layer) not in cache:
            if recursive and isinstance(layer, (Sequential, Functional)):
                called = None if isinstance(layer, Sequential) else call_function
                cache[id(layer)] = clone_model(
                    layer, clone_function=function, call_function=called, recursive=True, cache=cache
                )
            else:
                cache[id(layer)] = function(layer)
        return cache[id(layer)]

    return clone


def _compiled_like(clone: Any, model: Any) -> Any:
    if model.compiled:
        clone.compile_from_config(model.get_compile_config())
    return clone


def _clone_sequential(model: Any, clone: Callable[[Any], Any], input_tensors: Any) -> Any:
    layers = [clone(layer) for layer in model.layers]
    first = model._layers[0] if isinstance(model._layers[0], InputLayer) else None
    name = first.name if first is not None else None
    optional = first.optional if first is not None else False
    if input_tensors is not None:
        if isinstance(input_tensors, (list, tuple)):
            if len(input_tensors) != 1:
                raise ValueError("Argument `input_tensors` must contain a single tensor.")
            input_tensors = input_tensors[0]
        if not isinstance(input_tensors, KerasTensor):
            raise ValueError(
                f"Argument `input_tensors` must be a KerasTensor. Received invalid value: input_tensors={input_tensors}"
            )
        layers.insert(0, Input(tensor=input_tensors, name=name, optional=optional))
    elif first is not None:
        layers.insert(0, Input(batch_shape=first.batch_shape, dtype=first.dtype, name=name, optional=optional))
    return _compiled_like(Sequential(layers, name=model.name, trainable=model.trainable), model)


def _clone_functional(model: Any, clone: Callable[[Any], Any], inputs: Any, call_function: Any) -> Any:
    if inputs is None:
        inputs = tree.map_structure(lambda x: Input(batch_shape=x.shape, dtype=x.dtype, name=x.name), model.input)
    else:
        if not all(isinstance(x, KerasTensor) for x in tree.flatten(inputs)):
            raise ValueError(
                f"All entries in `input_tensors` must be KerasTensors. Received invalid values: inputs_tensors={inputs}"
            )
        try:
            tree.assert_same_structure(inputs, model.input)
        except ValueError as error:
            raise ValueError(
                f"`input_tensors` must have the same structure as model.input\nReference structure: {model.input}\n"
                f"Received structure: {inputs}"
            ) from error
    outputs = model._run_through_graph(inputs, operation_fn=clone, call_fn=call_function)
    cls = type(model) if functional_like(type(model)) else Functional
    return _compiled_like(cls(inputs, outputs, name=model.name), model)
