"""The table that `Model.summary` prints."""

from __future__ import annotations

import itertools
import math
import re
import shutil
from typing import Any

import gputape as tf

from .. import tree

_CORNERS = {"top": "┏┳┓", "head": "┡╇┩", "row": "├┼┤", "bottom": "└┴┘"}


def count_params(weights: Any) -> int:
    """The number of elements of the weights, each counted once."""
    return sum(math.prod(tuple(w.shape)) for w in {id(w): w for w in weights}.values())


def memory_size(weights: Any) -> int:
    """The bytes of the weights, each counted once."""
    unique = {id(w): w for w in weights}.values()
    return sum(math.prod(tuple(w.shape)) * tf.as_dtype(w.dtype).size for w in unique)


def readable_memory_size(size: float) -> str:
    """A number of bytes for people: 2048 as "2.00 KB"."""
    for unit in ("B", "KB", "MB", "GB", "TB"):
        if size < 1024:
            return f"{size:.2f} {unit}"
        size /= 1024
    return f"{size:.2f} PB"


def format_layer_shape(layer: Any) -> str:
    """The output shape of a layer's last call, or of the shape it was built with; "?" if neither is known."""
    nodes = layer._inbound_nodes
    told: Any
    if nodes:
        told = [_shape(x.shape) for x in nodes[-1].outputs]
    elif getattr(layer, "_build_shapes_dict", None):
        try:
            if hasattr(layer, "output_shape"):
                found = layer.output_shape
            else:
                found = layer.compute_output_shape(**layer._build_shapes_dict)
        except NotImplementedError:
            return "?"
        told = tree.map_shape_structure(_shape, found)
    else:
        return "?"
    if isinstance(told, str):
        return told
    return str(told[0] if isinstance(told, (list, tuple)) and len(told) == 1 else told).replace("'", "")


def _shape(shape: Any) -> str:
    return "(" + ", ".join(map(str, shape)) + ")"


def is_chain(model: Any) -> bool:
    """Whether every layer of a graph feeds the next and no other."""
    nodes: list[Any] = []
    for level in getattr(model, "_nodes_by_depth", {}).values():
        if len(level) > 1 or len(level[0].input_tensors) > 1:
            return False
        nodes += level
    kept = {id(n) for n in nodes}
    return all(sum(id(n) in kept for n in layer._inbound_nodes) <= 1 for layer in model.layers)


def layer_bounds(layers: Any, layer_range: Any) -> tuple[int, int]:
    """(first, one past the last) of the layers whose names match the two patterns; ValueError if none does."""
    if layer_range is None:
        return 0, len(layers)
    if len(layer_range) != 2:
        raise ValueError(
            "layer_range must be a list or tuple of length 2. Received: "
            f"layer_range = {layer_range} of length {len(layer_range)}"
        )
    if not all(isinstance(pattern, str) for pattern in layer_range):
        raise ValueError(f"layer_range should contain string type only. Received: {layer_range}")
    first, last = ([k for k, layer in enumerate(layers) if re.match(p, layer.name)] for p in layer_range)
    if not first or not last:
        raise ValueError(f"Passed layer_names do not match the layer names in the model. Received: {layer_range}")
    if min(first) > max(last):
        return min(last), max(first) + 1
    return min(first), max(last) + 1


def summary_rows(
    model: Any, layers: Any, expand_nested: bool, show_trainable: bool, connected: bool
) -> list[list[str]]:
    kept = {id(n) for level in getattr(model, "_nodes_by_depth", {}).values() for n in level}

    def connections(layer: Any) -> str:
        inbound = [x._keras_history for n in layer._inbound_nodes if id(n) in kept for x in n.input_tensors]
        return ", ".join(f"{h.operation.name}[{h.node_index}][{h.tensor_index}]" for h in inbound) or "-"

    def rows(layer: Any, level: int) -> list[list[str]]:
        name = ("   " * level + "└ " if level else "") + layer.name
        params = "0"
        if hasattr(layer, "built"):
            params = f"{layer.count_params():,}" if layer.built else "0 (unbuilt)"
        row = [f"{name} ({type(layer).__name__})", format_layer_shape(layer), params]
        if connected:
            row.append(connections(layer))
        if show_trainable:
            row.append(("Y" if layer.trainable else "N") if getattr(layer, "weights", None) else "-")
        inner = getattr(layer, "layers", ()) if expand_nested else ()
        return [row, *[r for x in inner for r in rows(x, level + 1)]]

    return [row for layer in layers for row in rows(layer, 0)]


def print_summary(
    model: Any,
    line_length: int | None = None,
    positions: Any = None,
    print_fn: Any = None,
    expand_nested: bool = False,
    show_trainable: bool = False,
    layer_range: Any = None,
) -> None:
    """Print (or hand to `print_fn`) the summary of a model; see Model.summary."""
    connected = hasattr(model, "_nodes_by_depth") and not is_chain(model)
    layers = model._operations if hasattr(model, "_nodes_by_depth") else model.layers
    if connected:
        width, positions = 108, positions or [0.3, 0.56, 0.74, 1.0]
        header = ["Layer (type)", "Output Shape", "Param #", "Connected to"]
    else:
        width, positions = 88, positions or [0.45, 0.80, 1.0]
        header = ["Layer (type)", "Output Shape", "Param #"]
    if show_trainable:
        width, positions, header = width + 12, [p * 0.9 for p in positions] + [1.0], [*header, "Trainable"]
    line_length = line_length or min(width, shutil.get_terminal_size().columns - 4)
    ends = [0, *[int(p * line_length) for p in positions]]
    widths = [b - a for a, b in itertools.pairwise(ends)]
    if min(widths) < 4:
        raise ValueError("Insufficient console width to print summary.")
    first, last = layer_bounds(layers, layer_range)
    rows = summary_rows(model, layers[first:last], expand_nested, show_trainable, connected)
    lines = [f'Model: "{model.name}"', *table(header, rows, _fitted(widths, line_length)), *totals(model)]
    text = "\n".join(lines) + "\n"
    if print_fn is None:
        print(text, end="")
    else:
        print_fn(text)


def _fitted(widths: list[int], line_length: int) -> list[int]:
    """The widths of the cells' text: the columns with two spaces and a rule each fit the line, all giving up alike."""
    excess = sum(widths) + 3 * len(widths) + 1 - line_length
    made = []
    for left, width in zip(range(len(widths), 0, -1), widths):
        less = round(excess / left)
        made.append(width - less)
        excess -= less
    return made


def table(header: list[str], rows: list[list[str]], widths: list[int]) -> list[str]:
    """The lines of a table with rules between the rows; cells wrap at spaces where they can."""
    aligned = ["<" if name not in ("Param #", "Trainable") else ">" if name == "Param #" else "^" for name in header]

    def rule(kind: str, bar: str) -> str:
        corners = _CORNERS[kind]
        return corners[0] + corners[1].join(bar * (w + 2) for w in widths) + corners[2]

    def lines(cells: list[str], bar: str) -> list[str]:
        wrapped = [_wrapped(cell, w) for cell, w in zip(cells, widths)]
        height = max(map(len, wrapped))
        padded = [parts + [""] * (height - len(parts)) for parts in wrapped]
        made = []
        for k in range(height):
            told = [f" {parts[k]:{align}{w}} " for parts, align, w in zip(padded, aligned, widths)]
            made.append(bar + bar.join(told) + bar)
        return made

    out = [rule("top", "━"), *lines(header, "┃"), rule("head", "━")]
    for k, row in enumerate(rows):
        out += [rule("row", "─")] if k else []
        out += lines(row, "│")
    return [*out, rule("bottom", "─")]


def _wrapped(text: str, width: int) -> list[str]:
    """The lines of a cell: broken between words, a word that is too long cut with an ellipsis."""
    lines = [""]
    for word in re.findall(r"\s*\S+\s*", text):
        if lines[-1] and len(lines[-1]) + len(word.rstrip()) > width:
            lines.append(word)
        else:
            lines[-1] += word
    lines = [line.rstrip() for line in lines]
    return [line if len(line) <= width else line[: width - 1] + "…" for line in lines]


def totals(model: Any) -> list[str]:
    """The lines below the table: how many parameters there are and what they occupy."""
    optimizer = model.optimizer if model.compiled and model.optimizer is not None and model.optimizer.built else None
    groups = {"Trainable": model.trainable_weights, "Non-trainable": model.non_trainable_weights}
    if optimizer is not None:
        groups["Optimizer"] = optimizer.variables
    groups = {"Total": [w for group in groups.values() for w in group], **groups}
    return [f" {k} params: {count_params(v):,} ({readable_memory_size(memory_size(v))})" for k, v in groups.items()]
