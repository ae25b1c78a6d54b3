"""Python functions as text, for lambdas in saved models. Reading them back runs foreign code."""

from __future__ import annotations

import base64
import importlib
import marshal
import types
import warnings
from typing import Any

import numpy as np

import gputape as tf


def dump_function(function: Any) -> tuple[str, Any, Any]:
    """(code, defaults, closure) of a Python function, the code as text."""
    code = base64.encodebytes(marshal.dumps(function.__code__)).decode("ascii")
    closure = tuple(c.cell_contents for c in function.__closure__) if function.__closure__ else None
    return code, function.__defaults__, closure


def load_function(code: Any, defaults: Any = None, closure: Any = None) -> Any:
    """The function that `dump_function` described. It runs foreign code: only outside of safe mode."""
    if isinstance(code, (tuple, list)):
        code, defaults, closure = code
    cells = tuple(types.CellType(c) for c in closure) if closure is not None else None
    made = marshal.loads(base64.decodebytes(code.encode("ascii")))
    scope = {"__builtins__": __builtins__, "np": np, "tf": tf, "keras": importlib.import_module("gputape.keras")}
    return types.FunctionType(made, scope, made.co_name, tuple(defaults) if defaults else None, cells)


def serialize_lambda(obj: Any) -> dict[str, Any]:
    """The config of a lambda, and a warning that loading it needs trust."""
    warnings.warn(
        "The object being serialized includes a `lambda`. This is unsafe. In order to reload the object, you will "
        "have to "
        "pass `safe_mode=False` to the loading function. Please avoid using `lambda` in the future, and use named "
        "Python "
        f"functions instead. This is the `lambda` being serialized: {obj!r}",
        stacklevel=4,
    )
    return {"class_name": "__lambda__", "config": {"value": dump_function(obj)}}
