"""Functions of symbolic graphs by name: what a saved model writes for an op, and how it finds the op again."""

from __future__ import annotations

import importlib
from typing import Any

import gputape as tf

# Where functions of a graph are looked for by name: gputape's namespaces, then Keras's.
_MODULES = ("tf", "tf.math", "tf.nn", "tf.linalg", "tf.image", "tf.random", "tf.signal", "tf.bitwise", "tf.strings")


def _module(path: str) -> Any:
    if path.startswith("tf.keras."):
        return importlib.import_module("gputape" + path[2:])
    made: Any = tf
    for part in path.split(".")[1:]:
        made = getattr(made, part, None)
    return made


def function_path(function: Any) -> str:
    """The public path of a function, such as "tf.nn.relu"; ValueError if it has none."""
    for path in (*_MODULES, "tf.keras.ops", "tf.keras.ops.image", "tf.keras.activations"):
        try:
            names = vars(_module(path)) if _module(path) is not None else {}
        except ModuleNotFoundError:
            names = {}
        for name, value in names.items():
            if value is function and not name.startswith("_"):
                return f"{path}.{name}"
    raise ValueError(
        f"{function!r} is no public function, so a model that uses it cannot be saved: put it into a layer."
    )


def function_at(path: str) -> Any:
    """The function at a public path; ValueError if there is none."""
    module, _, name = path.rpartition(".")
    public = module.startswith("tf.keras.") or module in _MODULES
    found = getattr(_module(module), name, None) if public else None
    if not callable(found):
        raise ValueError(f"Could not locate function {path!r} of a saved graph.")
    return found
