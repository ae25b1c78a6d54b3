"""Functional: the model of a graph of layers between symbolic inputs and outputs."""

from __future__ import annotations

import copy
import inspect
import warnings
from typing import Any

import gputape as tf

from .. import tree
from ..graph import Function, clone_graph_nodes, is_graph_input, make_node_key
from ..layers.input import InputLayer
from ..layers.input_spec import InputSpec
from ..layers.layer import Layer
from ..scopes import get_keras_mask, set_keras_mask, state
from ..serialization import deserialize_keras_object, serialize_keras_object
from ..symbolic import KerasHistory, KerasTensor, Node, Operation
from ..tracking import DotNotTrackScope
from .model import Model


class Functional(Function, Model):
    """What `keras.Model(inputs, outputs)` makes.

    Args:
        inputs, outputs: KerasTensors, or lists, tuples or dicts of them. Inputs may be any tensors of a graph: the
            model then is the part of the graph behind them.

    ValueError for inputs or outputs that are no KerasTensors, or outputs that do not depend on the inputs alone.
    """

    _keras_module = "keras.src.models.functional"

    def __init__(self, inputs: Any, outputs: Any, name: str | None = None, **kwargs: Any) -> None:
        for key, x in inputs.items() if isinstance(inputs, dict) else ():
            if isinstance(x, KerasTensor) and key != x.name:
                warnings.warn(
                    "When providing `inputs` as a dict, all keys in the dict must match the names of the corresponding "
                    f"tensors. Received key '{key}' mapping to value {x} which has name '{x.name}'. Change the "
                    "tensor name "
                    f"to '{key}' (via `Input(..., name='{key}')`)",
                    stacklevel=2,
                )
        for argument, value in (("inputs", inputs), ("outputs", outputs)):
            for x in tree.flatten(value):
                if not isinstance(x, KerasTensor):
                    raise ValueError(
                        f"All `{argument}` values must be KerasTensors. Received: {argument}={value} including "
                        "invalid value "
                        f"{x} of type {type(x)}"
                    )
        trainable = kwargs.pop("trainable", None)
        if not all(is_graph_input(x) for x in tree.flatten(inputs)):
            inputs, outputs = clone_graph_nodes(inputs, outputs)
        Model.__init__(self, name=name)
        with DotNotTrackScope():
            self._set_graph(inputs, outputs)
        self._set_layers()
        if trainable is not None:
            self.trainable = trainable
        self.build(None)
        self._convert_input_args = False
        self._allow_non_tensor_positional_args = True
        self.output_names = [x._keras_history.operation.name for x in self._outputs]

    def _set_layers(self) -> None:
        for layer in self.layers:
            self._tracker.track(layer)

    def build(self, input_shape: Any = None) -> None:
        """Nothing to do: the layers were built when they were called."""

    def _lock_state(self) -> None:
        """Functional models take new state at any time."""

    def _obj_type(self) -> str:
        return "Functional"

    @property
    def layers(self) -> list[Any]:
        return [operation for operation in self._operations if isinstance(operation, Layer)]

    @layers.setter
    def layers(self, _: Any) -> None:
        raise AttributeError("`Model.layers` attribute is reserved and should not be used. Please use another name.")

    @property
    def input(self) -> Any:
        """The symbolic inputs in the structure they were given in."""
        return self._inputs_struct

    @property
    def output(self) -> Any:
        return self._outputs_struct

    @property
    def input_names(self) -> list[str]:
        return [x._keras_history.operation.name for x in self._inputs]

    @property
    def input_shape(self) -> Any:
        shapes = [x.shape for x in self._inputs]
        return shapes[0] if len(shapes) == 1 else shapes

    @property
    def output_shape(self) -> Any:
        shapes = [x.shape for x in self._outputs]
        return shapes[0] if len(shapes) == 1 else shapes

    # -- calling
    def call(self, inputs: Any, training: Any = None, mask: Any = None, **kwargs: Any) -> Any:
        flat = self._standardize_inputs(inputs)
        if mask is not None:
            for x, m in zip(flat, tree.flatten(mask)):
                if m is not None:
                    set_keras_mask(x, m)
        handed_down = state.call.values if state.call is not None else {}
        told = {k: v for k, v in {"training": training, **kwargs}.items() if v is not None and handed_down.get(k) != v}
        if not told:
            outputs = self._run_through_graph(flat)
        else:
            outputs = self._run_through_graph(
                flat, call_fn=lambda op, *a, **kw: op(*a, **{**_accepted(op, told), **kw})
            )
        return outputs[0] if isinstance(outputs, (list, tuple)) and len(outputs) == 1 else outputs

    def compute_output_spec(self, inputs: Any, training: Any = None, mask: Any = None, **kwargs: Any) -> Any:
        return Function.compute_output_spec(self, inputs)

    def _standardize_inputs(self, inputs: Any) -> list[Any]:
        """The inputs as a flat list of tensors of the graph's dtypes and ranks."""
        refs = self._inputs
        if len(refs) == 1 and isinstance(inputs, tf.Tensor):
            x = inputs
            if x.dtype == refs[0].dtype and x.ndim == len(refs[0].shape):
                return [x]
        flat = tree.flatten(self._structured(inputs))
        return [self._standardize_input(k, x) for k, x in enumerate(flat)]

    def _structured(self, inputs: Any) -> Any:
        """`inputs` in the structure of the graph's; a dict may stand for a list by the names of its tensors."""
        struct = self._inputs_struct
        refs = self._inputs
        mismatch = False
        if isinstance(struct, (list, tuple)) and len(struct) == 1 and not tree.is_nested(inputs):
            return [inputs]
        if isinstance(inputs, dict) and not isinstance(struct, dict):
            names = [x.name for x in refs]
            if set(names) <= set(inputs):
                return [inputs[name] for name in names]
            mismatch = True
        elif isinstance(struct, dict) and not isinstance(inputs, dict):
            mismatch = list(struct) != sorted(struct)
        if mismatch or not _same_structure(inputs, struct):
            expected = tree.map_structure(lambda x: x.name, struct)
            received = tree.map_structure(lambda x: "None" if x is None else f"Tensor(shape={tuple(x.shape)})", inputs)
            told = (
                f"The structure of `inputs` doesn't match the expected structure.\nExpected: {expected}\n"
                f"Received: inputs={received}"
            )
            if isinstance(inputs, dict) and isinstance(struct, dict) and set(struct) < set(inputs):
                inputs = {k: inputs[k] for k in struct}
            if mismatch or len(tree.flatten(inputs)) != len(refs):
                raise ValueError(told)
            warnings.warn(told, stacklevel=2)
        return inputs

    def _standardize_input(self, k: int, x: Any) -> Any:
        ref = self._inputs[k]
        if x is None:
            return None
        if isinstance(x, tf.SparseTensor):
            x = tf.sparse.to_dense(tf.sparse.reorder(x))
        mask = get_keras_mask(x)
        if not isinstance(x, (tf.Tensor, tf.Variable, KerasTensor)):
            x = tf.convert_to_tensor(x)
        made = x if x.dtype == ref.dtype else tf.cast(x, ref.dtype)
        rank, wanted = len(made.shape), len(ref.shape)
        if rank == wanted + 1 and made.shape[-1] == 1:
            made = tf.squeeze(made, axis=-1)
        elif rank == wanted - 1 and ref.shape[-1] == 1:
            made = tf.expand_dims(made, axis=-1)
        elif rank != wanted:
            path = ".".join(map(str, tree.flatten_with_path(self._inputs_struct)[k][0]))
            raise ValueError(
                f"Invalid input shape for input {x} with name '{ref.name}' and path '{path}'. Expected shape "
                f"{ref.shape}, "
                f"but input has incompatible shape {tuple(x.shape)}"
            )
        if mask is not None and made is not x:
            set_keras_mask(made, mask)
        return made

    def _assert_input_compatibility(self, inputs: Any) -> None:
        for x, ref in zip(tree.flatten(inputs), self._inputs):
            if x is None and not getattr(ref._keras_history.operation, "optional", True):
                raise ValueError(
                    f"The input '{ref.name}' is not optional, but None was passed. Please provide a valid tensor."
                )
        Layer._assert_input_compatibility(self, inputs)

    @property
    def input_spec(self) -> Any:
        if self._input_spec is not None:
            return self._input_spec
        struct = self._inputs_struct
        if not isinstance(struct, dict):
            return [_input_spec(x) for x in self._inputs]
        if all(isinstance(x, KerasTensor) for x in struct.values()):
            return [_input_spec(struct[name], name) for name in sorted(struct)]
        return None

    @input_spec.setter
    def input_spec(self, value: Any) -> None:
        self._input_spec = value

    # -- configs
    def get_config(self) -> dict[str, Any]:
        if not functional_like(type(self)):
            return Model.get_config(self)
        reindexed: dict[str, int] = {}
        for operation in self._operations:
            kept = 1 if isinstance(operation, Functional) else 0  # in files, models start with a node of their own
            for k in range(len(operation._inbound_nodes)):
                key = make_node_key(operation, k)
                if key in self._nodes:
                    reindexed[key] = kept
                    kept += 1
        layers = []
        for operation in self._operations:
            nodes = [
                _serialize_node(node, self._nodes)
                for k, node in enumerate(operation._inbound_nodes)
                if make_node_key(operation, k) in self._nodes and node.input_tensors
            ]
            layer_config = serialize_keras_object(operation)  # changed in place: a layer met again notes it there
            layer_config.update(name=operation.name, inbound_nodes=nodes)
            layers.append(layer_config)

        def place(x: Any) -> list[Any]:
            operation, node_index, tensor_index = x._keras_history
            return [operation.name, reindexed[make_node_key(operation, node_index)], tensor_index]

        return copy.deepcopy(
            {
                "name": self.name,
                "trainable": self.trainable,
                "layers": layers,
                "input_layers": tree.map_structure(place, self._inputs_struct),
                "output_layers": tree.map_structure(place, self._outputs_struct),
            }
        )


def _accepted(operation: Any, told: dict[str, Any]) -> dict[str, Any]:
    names = getattr(operation, "_call_context_args", ())
    return {k: v for k, v in told.items() if k in names}


def _same_structure(a: Any, b: Any) -> bool:
    try:
        tree.assert_same_paths(a, b)
    except ValueError:
        return False
    return True


def _input_spec(x: Any, name: str | None = None) -> InputSpec:
    layer = x._keras_history.operation
    shape = (None, *x.shape[1:]) if x.shape else ()
    optional = isinstance(layer, InputLayer) and layer.optional
    return InputSpec(shape=shape, allow_last_axis_squeeze=True, name=name or layer.name, optional=optional)


def functional_like(cls: Any) -> bool:
    """Whether a subclass is constructed as Functional is, or hands all arguments on."""
    specification = inspect.getfullargspec(cls.__init__)
    own = inspect.getfullargspec(Functional.__init__).args[1:]
    return specification.args[1:] == own or (specification.varargs is not None and specification.varkw is not None)


def _serialize_node(node: Node, own_nodes: Any) -> dict[str, Any]:
    """The arguments of a call; symbolic tensors by the place of their node among the nodes of this model."""

    def serialized(x: Any) -> Any:
        if not isinstance(x, KerasTensor):
            return x
        operation, node_index, tensor_index = x._keras_history
        others = sum(make_node_key(operation, k) not in own_nodes for k in range(node_index))
        history = x._keras_history
        x._keras_history = KerasHistory(operation, node_index - others, tensor_index)
        try:
            return serialize_keras_object(x)
        finally:
            x._keras_history = history

    return {
        "args": serialize_keras_object(tree.map_structure(serialized, node.arguments.args)),
        "kwargs": serialize_keras_object(tree.map_structure(serialized, node.arguments.kwargs)),
    }


def functional_from_config(cls: Any, config: dict[str, Any], custom_objects: Any = None) -> Any:
    """A graph model from its config: all layers first, then their calls, each as soon as its inputs exist."""
    config = dict(config)
    layers: dict[str, Any] = {}
    waiting: dict[str, list[Any]] = {}
    for data in config.pop("layers"):
        layer = deserialize_keras_object(data, custom_objects=custom_objects)
        if not isinstance(layer, Operation):
            raise ValueError(
                f"Unexpected object from deserialization, expected a layer or operation, got a {type(layer)}"
            )
        layers[data["name"]] = layer
        waiting[data["name"]] = list(data["inbound_nodes"])
    while any(waiting.values()):
        progress = False
        for name, nodes in waiting.items():
            while nodes:
                try:
                    args, kwargs = _deserialize_node(nodes[0], layers)
                except IndexError:  # the call that makes an input is still to come
                    break
                layers[name](*args, **kwargs)
                del nodes[0]
                progress = True
        if not progress:
            raise ValueError(
                "Invalid Functional model configuration. The graph of the Functional model either has loops or "
                "disconnected "
                f"nodes. The following nodes failed to be resolved: { {k: v for k, v in waiting.items() if v} }"
            )

    def tensor(name: str, node_index: int, tensor_index: int) -> Any:
        node_index -= isinstance(layers[name], Functional)
        return layers[name]._inbound_nodes[node_index].outputs[tensor_index]

    def tensors(structure: Any) -> Any:
        if isinstance(structure, (list, tuple)) and len(structure) == 3 and isinstance(structure[0], str):
            return tensor(*structure)
        if isinstance(structure, dict):
            return {k: tensors(v) for k, v in structure.items()}
        return type(structure)([tensors(v) for v in structure])

    inputs, outputs = tensors(config.pop("input_layers")), tensors(config.pop("output_layers"))
    return cls(
        inputs=inputs, outputs=outputs, name=config.pop("name", None), trainable=config.pop("trainable", None), **config
    )


def _deserialize_node(data: Any, layers: dict[str, Any]) -> tuple[Any, Any]:
    """(args, kwargs) of a call; IndexError if an input is still to be made. Keras 2's form is a list of inputs."""

    def made(name: str, node_index: int, tensor_index: int) -> Any:
        if name not in layers:
            raise ValueError(f"Invalid Functional model configuration. Missing node: {name}. Unknown layer: {name}")
        nodes = layers[name]._inbound_nodes
        if len(nodes) <= node_index:
            raise IndexError(
                f"Layer node index out of bounds: {name} was called {len(nodes)} times, {node_index} is wanted"
            )
        return nodes[node_index].outputs[tensor_index]

    if isinstance(data, list):
        tensors = [made(*item[:3]) for item in data]
        return [tensors[0] if len(tensors) == 1 else tensors], data[-1][3] if data and len(data[-1]) == 4 else {}

    def revived(x: Any) -> Any:
        history = getattr(x, "_pre_serialization_keras_history", None) if isinstance(x, KerasTensor) else None
        return x if history is None else made(*history)

    args, kwargs = deserialize_keras_object(data["args"]), deserialize_keras_object(data["kwargs"])
    return tree.map_structure(revived, args), tree.map_structure(revived, kwargs)
