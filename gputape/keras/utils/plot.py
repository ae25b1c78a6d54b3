"""Pictures of models: boxes for layers, arrows for tensors. pydot and Graphviz draw them."""

from __future__ import annotations

import importlib
import os
from typing import Any

from ..models.functional import Functional
from ..models.sequential import Sequential
from ..models.summary import format_layer_shape

_MISSING = (
    'You must install pydot (`pip install "gputape[plot]"`) and Graphviz (https://graphviz.gitlab.io/download/) for '
    "`plot_model` to work."
)


def _pydot() -> Any:
    try:
        import pydot
    except ImportError:
        raise ImportError(_MISSING) from None
    return pydot


def _label(layer: Any, shapes: bool, dtype: bool, names: bool, activations: bool, trainable: bool) -> str:
    lines = [f"{layer.name} ({type(layer).__name__})" if names else type(layer).__name__]
    activation = getattr(layer, "activation", None) if activations else None
    if activation is not None:
        lines.append(f"activation: {getattr(activation, '__name__', type(activation).__name__)}")
    if shapes:
        lines.append(f"output: {format_layer_shape(layer)}")
    if dtype:
        lines.append(f"dtype: {layer.compute_dtype}")
    if trainable:
        lines.append(f"trainable: {layer.trainable}")
    return "\\n".join(lines)


def model_to_dot(
    model: Any,
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = True,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 200,
    subgraph: bool = False,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    **kwargs: Any,
) -> Any:
    """The graph of a model as a pydot.Dot (a pydot.Cluster if `subgraph`).

    Args:
        show_shapes, show_dtype, show_layer_names, show_layer_activations, show_trainable: what the boxes say.
        rankdir: "TB" from top to bottom, "LR" from left to right.
        expand_nested: whether models inside are drawn with their layers.

    ValueError for a model that is not built, ImportError without pydot.
    """
    if not model.built:
        raise ValueError(
            "This model has not yet been built. Build the model first by calling `build()` or by calling the model on "
            "a batch of data."
        )
    pydot = _pydot()
    graph = pydot.Cluster(model.name, label=model.name) if subgraph else pydot.Dot()
    graph.set("rankdir", rankdir)
    graph.set("dpi", dpi)
    graph.set_node_defaults(shape="record")
    options = (show_shapes, show_dtype, show_layer_names, show_layer_activations, show_trainable)
    if isinstance(model, Sequential) and model.built and getattr(model, "_functional", None):
        model = model._functional
    for layer in model.layers:
        if expand_nested and isinstance(layer, (Functional, Sequential)):
            inner = model_to_dot(layer, *options[:3], rankdir, True, dpi, True, *options[3:])
            graph.add_subgraph(inner)
        graph.add_node(pydot.Node(str(id(layer)), label=_label(layer, *options)))
    kept = {id(n) for nodes in getattr(model, "_nodes_by_depth", {}).values() for n in nodes}
    drawn = set()
    for layer in model.layers:
        for node in layer._inbound_nodes:
            if id(node) not in kept:
                continue
            for x in node.input_tensors:
                edge = (str(id(x._keras_history.operation)), str(id(layer)))
                if edge not in drawn:
                    drawn.add(edge)
                    graph.add_edge(pydot.Edge(*edge))
    return graph


def plot_model(model: Any, to_file: Any = "model.png", show_shapes: bool = False, **kwargs: Any) -> Any:
    """Draw a model into the file `to_file`, its ending being the format; the other arguments are model_to_dot's.

    In a notebook the picture is returned. ValueError for a model that is not built, ImportError without pydot or Graphviz.
    """
    graph = model_to_dot(model, show_shapes=show_shapes, **kwargs)
    ending = os.path.splitext(str(to_file))[1][1:] or "png"
    try:
        graph.write(str(to_file), format=ending)
    except (FileNotFoundError, OSError) as error:
        raise ImportError(_MISSING) from error
    try:
        display = importlib.import_module("IPython.display")
    except ImportError:
        return None
    return display.Image(filename=str(to_file)) if ending in ("png", "jpg", "jpeg") else None
