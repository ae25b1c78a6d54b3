"""Function: what lies between symbolic inputs and outputs, in the order in which it can be computed."""

from __future__ import annotations

import collections
from collections.abc import Callable
from typing import Any

from . import tree
from .layers.input import Input
from .symbolic import KerasTensor, Node, Operation


class Function(Operation):
    """The operations between `inputs` and `outputs` (KerasTensors or nests of them) as one operation.

    ValueError if either is empty, or an output does not depend on the inputs alone.

    >>> import gputape as tf
    >>> from gputape import keras
    >>> x = keras.Input((2,))
    >>> f = keras.Function(x, x * 2 + 1)
    >>> f(tf.constant([[1.0, 2.0]])).numpy()
    array([[3., 5.]], dtype=float32)
    """

    def __init__(self, inputs: Any, outputs: Any, name: str | None = None) -> None:
        Operation.__init__(self, name=name)
        self._set_graph(inputs, outputs)

    def _set_graph(self, inputs: Any, outputs: Any) -> None:
        self._inputs_struct = tree.map_structure(lambda x: x, inputs)
        self._outputs_struct = tree.map_structure(lambda x: x, outputs)
        self._inputs = tree.flatten(inputs)
        self._outputs = tree.flatten(outputs)
        for argument, flat in (("inputs", self._inputs), ("outputs", self._outputs)):
            if not flat:
                raise ValueError(
                    f"`{argument}` argument cannot be empty. Received:\ninputs={inputs}\noutputs={outputs}"
                )
        self._nodes, self._nodes_by_depth, self._operations, self._operations_by_depth = map_graph(
            self._inputs, self._outputs
        )
        # The nodes in the order of computation, those of inputs left out.
        depths = sorted(self._nodes_by_depth, reverse=True)
        self._order = [n for depth in depths for n in self._nodes_by_depth[depth] if not n.is_input]
        self._run_through_graph(
            [None] * len(self._inputs), call_fn=lambda op, *args, **kwargs: [None] * len(tree.flatten(op.output))
        )

    @property
    def operations(self) -> list[Any]:
        return self._operations[:]

    @property
    def inputs(self) -> list[Any]:
        """The symbolic inputs as a flat list."""
        return self._inputs

    @property
    def outputs(self) -> list[Any]:
        """The symbolic outputs as a flat list."""
        return self._outputs

    def compute_output_spec(self, inputs: Any) -> Any:
        self._assert_input_compatibility(inputs)
        if all(x.shape == ref.shape for x, ref in zip(tree.flatten(inputs), self._inputs) if x is not None):
            return tree.map_structure(lambda x: KerasTensor(x.shape, dtype=x.dtype), self._outputs_struct)
        return self._run_through_graph(inputs, operation_fn=lambda op: op.compute_output_spec)

    def compute_output_shape(self, input_shape: Any) -> Any:
        flat = tree.flatten(tree.map_shape_structure(lambda s: (KerasTensor(s),), input_shape))
        typed = [KerasTensor(x.shape, dtype=ref.dtype) for x, ref in zip(flat, self._inputs)]
        spec = self.compute_output_spec(tree.pack_sequence_as(self._inputs_struct, typed))
        return tree.map_structure(lambda x: x.shape, spec)

    def call(self, inputs: Any) -> Any:
        self._assert_input_compatibility(inputs)
        return self._run_through_graph(inputs)

    def _run_through_graph(
        self, inputs: Any, operation_fn: Callable[[Any], Any] = lambda op: op, call_fn: Callable[..., Any] | None = None
    ) -> Any:
        """The outputs for values of the inputs: each node calls `operation_fn(operation)` on its arguments."""
        values = {id(x): y for x, y in zip(self._inputs, tree.flatten(inputs))}
        for node in self._order:
            if not all(id(x) in values for x in node.input_tensors):
                continue
            args, kwargs = node.fill_in(values)
            function = operation_fn(node.operation)
            made = function(*args, **kwargs) if call_fn is None else call_fn(function, *args, **kwargs)
            for x, y in zip(node.outputs, tree.flatten(made)):
                values[id(x)] = y
        for k, x in enumerate(self._outputs):
            if id(x) not in values:
                path = ".".join(map(str, tree.flatten_with_path(self._outputs_struct)[k][0]))
                raise ValueError(f"Output with path `{path}` is not connected to `inputs`")
        return tree.pack_sequence_as(self._outputs_struct, [values[id(x)] for x in self._outputs])

    def _assert_input_compatibility(self, inputs: Any) -> None:
        try:
            tree.assert_same_structure(inputs, self._inputs_struct)
        except ValueError:
            raise ValueError(
                "Function was called with an invalid input structure. Expected input structure: "
                f"{self._inputs_struct}\n"
                f"Received input structure: {inputs}"
            ) from None
        for x, ref in zip(tree.flatten(inputs), self._inputs):
            if x is None:
                continue
            wrong = len(x.shape) != len(ref.shape)
            if wrong or any(None not in (a, b) and a != b for a, b in zip(x.shape, ref.shape)):
                raise ValueError(
                    f"{type(self).__name__} was passed incompatible inputs. For input '{ref.name}', expected shape "
                    f"{ref.shape}, but received instead a tensor with shape {tuple(x.shape)}."
                )


def make_node_key(operation: Any, node_index: int) -> str:
    return f"{id(operation)}_ib-{node_index}"


def topological_nodes(inputs: list[Any], outputs: list[Any]) -> tuple[list[Node], dict[Any, int]]:
    """The nodes that `outputs` need, each after those it depends on, and operations in the order of first sight.

    Inputs that some operation made are where the walk ends.
    """
    ordered: list[Node] = []
    finished: set[Node] = set()
    in_progress: set[Node] = set()
    first_seen: dict[Any, int] = {}
    given = {id(x) for x in inputs}
    # An explicit stack: graphs may be deeper than Python's recursion limit.
    stack = [(x, False) for x in reversed(outputs)]
    while stack:
        tensor, leaving = stack.pop()
        operation, node_index, _ = tensor._keras_history
        if operation is None:
            continue
        node = operation._inbound_nodes[node_index]
        if leaving:
            if node not in finished:
                finished.add(node)
                in_progress.discard(node)
                ordered.append(node)
            continue
        if node in finished:
            continue
        if not node.is_input and id(tensor) in given:
            finished.add(node)
            continue
        if node in in_progress:
            raise ValueError(f"Tensor {tensor} from operation '{operation.name}' is part of a cycle.")
        first_seen.setdefault(operation, len(first_seen))
        in_progress.add(node)
        stack.append((tensor, True))
        if not node.is_input:
            stack.extend((x, False) for x in reversed(_unseen(node, finished, in_progress)))
    return ordered, first_seen


def _unseen(node: Node, finished: set[Node], in_progress: set[Node]) -> list[Any]:
    """The inputs of `node` that other nodes still have to make, one tensor per node."""
    found: dict[Any, Any] = {}
    for x in node.input_tensors:
        operation, node_index, _ = x._keras_history
        if operation is not None:
            parent = operation._inbound_nodes[node_index]
            if parent not in finished:
                found.setdefault(parent, x)
    return list(found.values())


def map_graph(
    inputs: list[Any], outputs: list[Any]
) -> tuple[set[str], dict[int, list[Node]], list[Any], dict[int, list[Any]]]:
    """(keys of the nodes, nodes by depth, operations in order, operations by depth); depth 0 is the last.

    ValueError for a graph that needs tensors which are not among the inputs, and for two operations of one name.
    """
    ordered, first_seen = topological_nodes(inputs, outputs)
    keys = {make_node_key(n.operation, n.operation._inbound_nodes.index(n)) for n in ordered}
    in_graph = set(ordered)
    depth_of: dict[Node, int] = {}
    operation_depth: dict[Any, int] = {}
    for node in reversed(ordered):
        depth = max(depth_of.get(node, 0), operation_depth.get(node.operation, 0))
        depth_of[node] = operation_depth[node.operation] = depth
        for parent in node.parent_nodes:
            if parent in in_graph:
                depth_of[parent] = max(depth + 1, depth_of.get(parent, 0))
    for x in inputs:  # inputs that no output needs belong to the graph too
        operation, node_index, _ = x._keras_history
        if operation is not None and operation not in operation_depth:
            node = operation._inbound_nodes[node_index]
            if node.is_input:
                operation_depth[operation] = depth_of[node] = 0
                first_seen[operation] = -1
                keys.add(make_node_key(operation, node_index))
    nodes_by_depth: dict[int, list[Node]] = collections.defaultdict(list)
    for node, depth in depth_of.items():
        nodes_by_depth[depth].append(node)
    operations_by_depth: dict[int, list[Any]] = collections.defaultdict(list)
    for operation, depth in operation_depth.items():
        operations_by_depth[depth].append(operation)
    operations = []
    for depth in sorted(operations_by_depth, reverse=True):
        operations_by_depth[depth].sort(key=lambda op: first_seen[op])
        operations.extend(operations_by_depth[depth])
    _check_connected(inputs, nodes_by_depth)
    names = collections.Counter(operation.name for operation in operations)
    for name, count in names.items():
        if count > 1:
            raise ValueError(
                f'The name "{name}" is used {count} times in the model. All operation names should be unique.'
            )
    return keys, dict(nodes_by_depth), operations, dict(operations_by_depth)


def _check_connected(inputs: list[Any], nodes_by_depth: dict[int, list[Node]]) -> None:
    computable = {id(x) for x in inputs}
    done: list[str] = []
    for depth in sorted(nodes_by_depth, reverse=True):
        for node in nodes_by_depth[depth]:
            for x in node.input_tensors:
                if id(x) not in computable:
                    raise ValueError(
                        f"Graph disconnected: cannot find parent for tensor {x} at operation '{node.operation}'. The "
                        f"following previous operations were accessed without issue: {done}"
                    )
            done.append(node.operation.name)
            computable.update(id(x) for x in node.outputs)


def is_graph_input(x: Any) -> bool:
    operation, node_index, _ = x._keras_history
    return operation is not None and operation._inbound_nodes[node_index].is_input


def clone_graph_nodes(inputs: Any, outputs: Any) -> tuple[Any, Any]:
    """The graph between `inputs` and `outputs` again, on new inputs in the place of those that are none yet."""
    copies: dict[int, Any] = {}
    flat = tree.flatten(inputs)
    for x in flat:
        copies[id(x)] = x if is_graph_input(x) else Input(batch_shape=x.shape, dtype=x.dtype, name=f"{x.name}CLONE")

    def copied(x: Any) -> Any:
        if isinstance(x, KerasTensor) and id(x) not in copies:
            if is_graph_input(x):
                return x
            copies[id(x)] = KerasTensor(x.shape, dtype=x.dtype, name=f"{x.name}_clone")
        return copies[id(x)] if isinstance(x, KerasTensor) else x

    for node in topological_nodes(flat, tree.flatten(outputs))[0]:
        if not node.is_input:
            args, kwargs = (
                tree.map_structure(copied, node.arguments.args),
                tree.map_structure(copied, node.arguments.kwargs),
            )
            Node(node.operation, args, kwargs, [copied(x) for x in node.outputs])
    return tree.map_structure(copied, inputs), tree.map_structure(copied, outputs)
