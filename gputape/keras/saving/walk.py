"""The parts of a model that have state, each with its path in a weights file: Keras's own paths.

A part is found through the attributes of the object that holds it, in alphabetic order with private ones last, and
written where it is met first. Inside lists and dicts it is called after its class, since names of layers change from
one model to the next.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

from ..layers import Layer
from ..optimizers import Optimizer
from ..scopes import to_snake_case


def walk(model: Any, skip: Any = ()) -> Iterator[tuple[str, Any]]:
    """(path, part) for the model itself, at "", and all that it holds, each once; without those in `skip`.

    >>> from gputape import keras
    >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2), keras.layers.Dense(1)])
    >>> [path for path, _ in walk(model)]
    ['', 'layers/dense', 'layers/dense_1']
    """
    yield from _walk_part("", model, {id(x): x for x in skip})


# `seen` holds what it knows by identity, so that no later object takes the identity of a list some property made.
def _walk_part(path: str, part: Any, seen: dict[int, Any]) -> Iterator[tuple[str, Any]]:
    if id(part) in seen:
        return
    seen[id(part)] = part
    yield path, part
    for name, value in _attributes(part):
        yield from _walk_value(f"{path}/{name}".lstrip("/"), value, seen)


def _walk_value(path: str, value: Any, seen: dict[int, Any]) -> Iterator[tuple[str, Any]]:
    if isinstance(value, (Layer, Optimizer)):
        yield from _walk_part(path, value, seen)
    elif isinstance(value, (list, tuple, dict)) and id(value) not in seen:
        seen[id(value)] = value
        used: dict[str, int] = {}
        for item in value.values() if isinstance(value, dict) else value:
            if isinstance(item, (Layer, Optimizer)):
                name = to_snake_case(type(item).__name__)
            elif isinstance(item, (list, tuple, dict)):
                name = "container"
            else:
                continue
            count = used[name] = used.get(name, -1) + 1
            yield from _walk_value(f"{path}/{name}_{count}" if count else f"{path}/{name}", item, seen)


def _attributes(part: Any) -> Iterator[tuple[str, Any]]:
    kind = part._obj_type() if isinstance(part, Layer) else "Optimizer"
    if kind in ("Functional", "Sequential"):
        yield "layers", part.layers
    for name in sorted(dir(part), key=lambda n: "~" + n if n.startswith("_") else n):
        if name.startswith("__") or name in _base_names(kind):
            continue
        try:
            value = getattr(part, name)
        except Exception:  # a property that has no value yet holds no state
            continue
        yield name, value


@functools.cache
def _base_names(kind: str) -> frozenset[str]:
    """Attributes that every object of the kind has: bookkeeping, through which nothing is saved."""
    names = dir(Optimizer(learning_rate=1.0)) if kind == "Optimizer" else dir(Layer())
    return frozenset(
        [*names, *{"Functional": ("operations", "_operations"), "Sequential": ("_functional",)}.get(kind, ())]
    )
