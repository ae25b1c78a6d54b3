"""Bidirectional: a recurrent layer run over the steps in both directions."""

from __future__ import annotations

from typing import Any

import gputape as tf

from .. import tree
from ..serialization import deserialize_keras_object, serialize_keras_object
from .layer import Layer

_MODES = ("sum", "mul", "ave", "concat", None)


class Bidirectional(Layer):
    """Runs copies of `layer` forwards and backwards over the steps and merges the outputs.

    Args:
        layer: a recurrent layer, such as RNN, LSTM or GRU.
        merge_mode: "concat" (default), "sum", "mul", "ave", or None for both outputs.
        weights: the starting values of the weights, those of the forward layer first.
        backward_layer: default a copy of `layer` that goes backwards.

    ValueError for other modes, for arguments that are no layers, and for layers that do not fit each other.

    >>> import gputape as tf
    >>> from gputape import keras
    >>> keras.layers.Bidirectional(keras.layers.LSTM(4))(tf.zeros([2, 5, 3])).shape
    TensorShape([2, 8])
    """

    _config_omits = ("layer", "weights", "backward_layer")

    def __init__(
        self,
        layer: Any,
        merge_mode: str | None = "concat",
        weights: Any = None,
        backward_layer: Any = None,
        **kwargs: Any,
    ) -> None:
        if not isinstance(layer, Layer):
            raise ValueError(
                f"Please initialize `Bidirectional` layer with a `keras.layers.Layer` instance. Received: {layer}"
            )
        if backward_layer is not None and not isinstance(backward_layer, Layer):
            raise ValueError(f"`backward_layer` need to be a `keras.layers.Layer` instance. Received: {backward_layer}")
        if merge_mode not in _MODES:
            raise ValueError(
                f"Invalid merge mode. Received: {merge_mode}. Merge mode should be one of "
                '{"sum", "mul", "ave", "concat", None}'
            )
        super().__init__(**kwargs)
        self.forward_layer = _copy(layer, "forward_")
        if backward_layer is None:
            backward_layer = _copy(layer, "backward_", go_backwards=True)
        self.backward_layer = backward_layer
        self._check_layers()
        for made in (self.forward_layer, self.backward_layer):
            if getattr(made, "zero_output_for_mask", None) is not None:
                made.zero_output_for_mask = made.return_sequences  # masked steps stand where the other direction starts
            if hasattr(layer, "use_cudnn"):
                made.use_cudnn = layer.use_cudnn  # no part of the config
        self.merge_mode = merge_mode
        self._starting_weights = weights
        self.stateful = layer.stateful
        self.return_sequences = layer.return_sequences
        self.return_state = layer.return_state
        self.supports_masking = True
        self.input_spec = layer.input_spec

    def _check_layers(self) -> None:
        forward, backward = self.forward_layer, self.backward_layer
        if forward.go_backwards == backward.go_backwards:
            raise ValueError(
                "Forward layer and backward layer should have different `go_backwards` value. Received: "
                f"forward_layer.go_backwards {forward.go_backwards}, backward_layer.go_backwards={backward.go_backwards}"
            )
        for name in ("stateful", "return_sequences", "return_state"):
            a, b = getattr(forward, name), getattr(backward, name)
            if a != b:
                raise ValueError(
                    "Forward layer and backward layer are expected to have the same value for attribute "
                    f'"{name}", got "{a}" for forward layer and "{b}" for backward layer'
                )

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        for layer in (self.forward_layer, self.backward_layer):
            if not layer.built:
                layer.build(sequences_shape)
                layer.built = True
        if self._starting_weights:
            half = len(self._starting_weights) // 2
            self.forward_layer.set_weights(self._starting_weights[:half])
            self.backward_layer.set_weights(self._starting_weights[half:])

    def call(self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool | None = None) -> Any:
        layers = (self.forward_layer, self.backward_layer)
        states: list[Any] = [None, None]
        if initial_state is not None:
            half = len(initial_state) // 2
            states = [initial_state[:half], initial_state[half:]]
        outputs = []
        for layer, state in zip(layers, states):
            given: dict[str, Any] = {} if state is None else {"initial_state": state}
            if layer._call_has_training_arg:
                given["training"] = training
            if layer._call_has_mask_arg:
                given["mask"] = mask
            outputs.append(layer(sequences, **given))
        y, y_back = (x[0] if self.return_state else x for x in outputs)
        final = (*outputs[0][1:], *outputs[1][1:]) if self.return_state else ()
        y, y_back = tf.cast(y, self.compute_dtype), tf.cast(y_back, self.compute_dtype)
        if self.return_sequences:
            y_back = tf.reverse(y_back, [1])
        if self.merge_mode is None:
            return (y, y_back, *final)
        output = self._merged(y, y_back)
        return (output, *final) if self.return_state else output

    def _merged(self, y: Any, y_back: Any) -> Any:
        if self.merge_mode == "concat":
            return tf.concat([y, y_back], axis=-1)
        if self.merge_mode == "mul":
            return y * y_back
        return (y + y_back) / 2 if self.merge_mode == "ave" else y + y_back

    def compute_output_shape(self, sequences_shape: Any, initial_state_shape: Any = None) -> Any:
        shape = self.forward_layer.compute_output_shape(sequences_shape)
        shape, states = (shape[0], shape[1:]) if self.return_state else (shape, ())
        if self.merge_mode is None:
            return (shape, shape, *states, *states)
        if self.merge_mode == "concat":
            shape = (*shape[:-1], 2 * shape[-1])
        return (shape, *states, *states) if self.return_state else tuple(shape)

    def compute_mask(self, _: Any, mask: Any) -> Any:
        mask = tree.flatten(mask)[0]
        output_mask = mask if self.return_sequences else None
        outputs = [output_mask] if self.merge_mode is not None else [output_mask, output_mask]
        if self.return_state:
            return [*outputs, *[None] * (2 * len(tree.flatten(self.forward_layer.state_size)))]
        return outputs if self.merge_mode is None else output_mask

    def reset_state(self) -> None:
        """Set the states of stateful layers to zero."""
        if not self.stateful:
            raise AttributeError("Layer must be stateful.")
        self.forward_layer.reset_state()
        self.backward_layer.reset_state()

    def reset_states(self) -> None:
        """Another name of `reset_state`."""
        self.reset_state()

    @property
    def states(self) -> Any:
        """The states of the forward and the backward layer; None unless both are stateful and built."""
        a, b = self.forward_layer.states, self.backward_layer.states
        return tuple(a) + tuple(b) if a and b else None

    def get_config(self) -> dict[str, Any]:
        layers = {"layer": self.forward_layer, "backward_layer": self.backward_layer}
        return {**super().get_config(), **{k: serialize_keras_object(v) for k, v in layers.items()}}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        config = dict(config)
        for key in ("layer", "backward_layer"):
            if config.get(key) is not None:
                config[key] = deserialize_keras_object(config[key], custom_objects=custom_objects)
        return cls(**config)


def _copy(layer: Any, prefix: str, **changes: Any) -> Any:
    """A new layer of the same config, named after it."""
    described = serialize_keras_object(layer)
    name = prefix + layer.name.removeprefix(prefix)
    described["config"] = {**described["config"], **changes, "name": name}
    return deserialize_keras_object(described)
