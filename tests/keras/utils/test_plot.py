"""Pictures of models: the graph that is handed to pydot, which stands here as a recorder."""

import sys
import types
from typing import Any

import pytest

from gputape import keras


class Graph:
    """What plot.py asks of pydot."""

    def __init__(self, *names: Any, **options: Any) -> None:
        self.names, self.options = names, options
        self.nodes: list[Any] = []
        self.edges: list[Any] = []
        self.inner: list[Any] = []
        self.add_node, self.add_edge, self.add_subgraph = self.nodes.append, self.edges.append, self.inner.append

    def set(self, name: str, value: Any) -> None:
        self.options[name] = value

    def set_node_defaults(self, **options: Any) -> None:
        pass

    def write(self, path: str, format: str) -> None:
        raise FileNotFoundError("dot")


@pytest.fixture
def pydot(monkeypatch: Any) -> None:
    module = types.ModuleType("pydot")
    module.Dot = module.Cluster = module.Node = module.Edge = Graph  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pydot", module)


def branched() -> Any:
    x = keras.Input((4,), name="x")
    h = keras.layers.Dense(3, "relu", name="h")(x)
    inner = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)], name="inner")
    return keras.Model(x, keras.layers.Concatenate(name="c")([inner(h), h]))


@pytest.mark.usefixtures("pydot")
def test_boxes_and_arrows() -> None:
    graph = keras.utils.model_to_dot(
        branched(), show_shapes=True, show_dtype=True, show_layer_activations=True, show_trainable=True, rankdir="LR"
    )
    labels = {n.names[0]: n.options["label"] for n in graph.nodes}
    arrows = {(labels[a].split()[0], labels[b].split()[0]) for a, b in (e.names for e in graph.edges)}
    assert arrows == {("x", "h"), ("h", "inner"), ("h", "c"), ("inner", "c")}
    (h,) = [text for text in labels.values() if text.startswith("h ")]
    assert h == "h (Dense)\\nactivation: relu\\noutput: (None, 3)\\ndtype: float32\\ntrainable: True"
    assert graph.options["rankdir"] == "LR"


@pytest.mark.usefixtures("pydot")
def test_models_inside() -> None:
    graph = keras.utils.model_to_dot(branched(), expand_nested=True)
    assert [len(inner.nodes) for inner in graph.inner] == [2]


@pytest.mark.usefixtures("pydot")
def test_graphviz_is_missing(tmp_path: Any) -> None:
    with pytest.raises(ImportError, match="Graphviz"):
        keras.utils.plot_model(branched(), tmp_path / "m.png")


def test_what_cannot_be_drawn(monkeypatch: Any) -> None:
    with pytest.raises(ValueError, match="not yet been built"):
        keras.utils.plot_model(keras.Sequential([keras.layers.Dense(1)]))
    monkeypatch.setitem(sys.modules, "pydot", None)
    with pytest.raises(ImportError, match="pip install"):
        keras.utils.plot_model(branched())
