"""Functions of symbolic graphs by name: what a saved model writes for an op, and how it finds the op again."""

from __future__ import annotations

import importlib
import inspect
import operator
from typing import Any

import gputape as tf

from .scopes import to_snake_case
from .serialization import deserialize_keras_object

# Where functions of a graph are looked for by name: gputape's namespaces, then Keras's.
_MODULES = ("tf", "tf.math", "tf.nn", "tf.linalg", "tf.image", "tf.random", "tf.signal", "tf.bitwise", "tf.strings")


def _module(path: str) -> Any:
    if path == "operator":
        return operator
    if path.startswith("tf.keras."):
        return importlib.import_module("gputape" + path[2:])
    made: Any = tf
    for part in path.split(".")[1:]:
        made = getattr(made, part, None)
    return made


def function_path(function: Any) -> str:
    """The public path of a function, such as "tf.nn.relu" or "operator.add"; ValueError if it has none."""
    if getattr(function, "__module__", None) == "_operator":
        return f"operator.{function.__name__}"
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
    public = (module == "operator" and not name.startswith("_")) or module.startswith("tf.keras.") or module in _MODULES
    found = getattr(_module(module), name, None) if public else None
    if not callable(found):
        raise ValueError(f"Could not locate function {path!r} of a saved graph.")
    return found


def operation_class(name: str) -> Any:
    """Something with `from_config` for an op class of Keras's own files, "Add" for keras.ops.add; None if unknown."""
    ops = importlib.import_module("gputape.keras.ops")
    function: Any = getattr(ops, {"GetItem": "get_item"}.get(name, to_snake_case(name)), None)
    if function is None:
        return None

    from .symbolic import FunctionOperation

    class Revived(FunctionOperation):
        @classmethod
        def from_config(cls, config: dict[str, Any]) -> Any:
            config = dict(config)
            accepted = inspect.signature(function).parameters
            fixed = {k: deserialize_keras_object(v) for k, v in config.items() if k in accepted and k != "name"}
            return FunctionOperation(function, config.get("name"), **fixed)

    return Revived
