"""The `.h5` files of Keras 2, which Keras 3 reads and writes too: whole models, and the weights of keras.applications.

A model's config and how it was compiled are JSON in attributes, the weights lie in a group for each layer.
"""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np

from .. import losses, metrics, optimizers
from ..serialization import deserialize_keras_object, serialize_keras_object
from .files import KERAS_VERSION, replacing
from .weights import h5_array, h5py

_OWN_WEIGHTS = "top_level_model_weights"


def save_legacy_model(model: Any, filepath: Any, include_optimizer: bool = True) -> None:
    """Write a Sequential or functional model to a `.h5` file, in a new folder if need be; NotImplementedError for another."""
    if model._obj_type() not in ("Functional", "Sequential"):
        raise NotImplementedError(
            "Saving the model to HDF5 format requires the model to be a Functional model or a Sequential model. It does "
            "not work for subclassed models. Consider saving to a `.keras` file, or `save_weights`."
        )
    config = {"class_name": type(model).__name__, "config": serialize_keras_object(model)["config"]}
    compiled = model.get_compile_config() if include_optimizer else {}
    os.makedirs(os.path.dirname(os.fspath(filepath)) or ".", exist_ok=True)
    with replacing(filepath) as file, h5py().File(file, "w") as h5:
        h5.attrs["backend"], h5.attrs["keras_version"] = "tensorflow", KERAS_VERSION
        h5.attrs["model_config"] = json.dumps(config)
        group = h5.create_group("model_weights")
        group.attrs["backend"], group.attrs["keras_version"] = "tensorflow", KERAS_VERSION
        group.attrs["layer_names"] = _texts([layer.name for layer in model.layers])
        for layer in model.layers:
            _write(group.create_group(layer.name), _ordered(layer))
        _write(group.create_group(_OWN_WEIGHTS), [*model._trainable_variables, *model._non_trainable_variables])
        if compiled.get("optimizer"):
            compiled["optimizer_config"] = compiled.pop("optimizer")
            h5.attrs["training_config"] = json.dumps(compiled)
            _write(h5.create_group("optimizer_weights"), model.optimizer.variables)


def load_legacy_model(filepath: Any, custom_objects: Any = None, compile: bool = True, safe_mode: bool = True) -> Any:
    """The model in a `.h5` file, compiled as it was, with the optimizer's state; ValueError if there is none."""
    with h5py().File(filepath, "r") as h5:
        if "model_config" not in h5.attrs:
            raise ValueError(
                f"No model config found in the file at {filepath}: it holds weights only, see load_weights"
            )
        model = deserialize_keras_object(json.loads(h5.attrs["model_config"]), custom_objects, safe_mode)
        told = json.loads(h5.attrs["training_config"]) if compile and "training_config" in h5.attrs else None
        state = _weights(h5["optimizer_weights"]) if told and "optimizer_weights" in h5 else []
    load_legacy_weights(model, str(filepath))
    if told:
        _compile(model, told, state, custom_objects)
    return model


def _compile(model: Any, told: dict[str, Any], state: list[Any], custom_objects: Any) -> None:
    """Compile as a file tells, with the optimizer's variables in `state`."""

    def made(config: Any, module: Any) -> Any:
        if isinstance(config, dict) and "class_name" in config:
            return module.deserialize(config, custom_objects)
        if isinstance(config, dict):
            return {name: made(part, module) for name, part in config.items()}
        return [made(part, module) for part in config] if isinstance(config, list) else config

    model.compile(
        optimizer=made(told["optimizer_config"], optimizers),
        loss=made(told.get("loss"), losses),
        metrics=made(told.get("metrics"), metrics),
        weighted_metrics=made(told.get("weighted_metrics"), metrics),
        loss_weights=told.get("loss_weights"),
    )
    model.optimizer.build(model.trainable_variables)
    variables = model.optimizer.variables
    if [tuple(v.shape) for v in variables] == [a.shape for a in state]:  # Keras 2's optimizers had others
        for variable, value in zip(variables, state):
            variable.assign(value)


def _ordered(layer: Any) -> list[Any]:
    return [*layer.trainable_weights, *layer.non_trainable_weights]


def _write(group: Any, weights: list[Any]) -> None:
    """Arrays, and the attribute that lists their names in order."""
    names: list[str] = []
    for weight in weights:
        names.append(weight.path if weight.path not in names else f"{weight.path}_{len(names)}")
        group.create_dataset(names[-1], data=np.asarray(weight))
    group.attrs["weight_names"] = _texts(names)


def _texts(names: list[str]) -> Any:
    return np.asarray(names, dtype=h5py().string_dtype()) if names else np.zeros(0)


def load_legacy_weights(model: Any, filepath: str, skip_mismatch: bool = False) -> None:
    """Read the weights of a model's layers, in their order, from groups that the attribute "layer_names" lists.

    ValueError if the layers with weights are not as many, or a layer's weights do not have the shapes in the file, unless
    `skip_mismatch` leaves such layers as they are.
    """
    with h5py().File(filepath, "r") as h5:
        group = h5 if "layer_names" in h5.attrs or "model_weights" not in h5 else h5["model_weights"]
        names = _names(group, "layer_names")
        if not names:
            raise ValueError(f"{filepath} holds no weights: the attribute 'layer_names' is not there.")
        stored = [(name, _weights(group[name])) for name in names]
        _assign(model, [(name, arrays) for name, arrays in stored if arrays], filepath, skip_mismatch)
        own = [*model._trainable_variables, *model._non_trainable_variables]
        if _OWN_WEIGHTS in group and own:
            for weight, array in zip(own, _weights(group[_OWN_WEIGHTS])):
                weight.assign(array)


def _names(group: Any, attribute: str) -> list[str]:
    """The strings of an attribute; long lists are cut into attribute0, attribute1 and so on."""
    found = group.attrs.get(attribute)
    parts = [found] if found is not None else []
    while not parts or f"{attribute}{len(parts)}" in group.attrs:
        part = group.attrs.get(f"{attribute}{len(parts)}")
        if part is None:
            break
        parts.append(part)
    return [n.decode() if isinstance(n, bytes) else str(n) for part in parts for n in part]


def _weights(group: Any) -> list[np.ndarray]:
    arrays = []
    for path in _names(group, "weight_names"):
        *folders, key = path.split("/")
        holder = group
        for folder in folders:
            holder = holder[folder]
        arrays.append(h5_array(holder, key))
    return arrays


def _assign(model: Any, stored: list[tuple[str, list[np.ndarray]]], filepath: str, skip_mismatch: bool) -> None:
    layers = [layer for layer in model.layers if layer.weights]
    if len(layers) != len(stored):
        raise ValueError(
            f"Layer count mismatch when loading weights from file. Model expected {len(layers)} layers, found "
            f"{len(stored)} saved layers in {filepath}."
        )
    for layer, (name, arrays) in zip(layers, stored):
        weights = _ordered(layer)
        wanted, found = [tuple(w.shape) for w in weights], [a.shape for a in arrays]
        if wanted == found:
            for weight, array in zip(weights, arrays):
                weight.assign(array)
        elif not skip_mismatch:
            raise ValueError(
                f"Layer {layer.name} has weights of the shapes {wanted}, but the file {filepath} has {found} for its "
                f"layer {name}."
            )
