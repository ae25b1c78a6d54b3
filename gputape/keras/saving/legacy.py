"""Weights in the `.h5` files that Keras 2 wrote, such as those of keras.applications: read, never written."""

from __future__ import annotations

from typing import Any

import numpy as np

from .weights import h5_array, h5py


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
        weights = [*layer.trainable_weights, *layer.non_trainable_weights]
        wanted, found = [tuple(w.shape) for w in weights], [a.shape for a in arrays]
        if wanted == found:
            for weight, array in zip(weights, arrays):
                weight.assign(array)
        elif not skip_mismatch:
            raise ValueError(
                f"Layer {layer.name} has weights of the shapes {wanted}, but the file {filepath} has {found} for its "
                f"layer {name}."
            )
