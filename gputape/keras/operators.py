"""Python's operators on symbolic tensors and Keras variables: the functions of keras.ops that they stand for."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

# Method without its underscores: function. Those of ARITHMETIC have reflected forms too.
ARITHMETIC = {
    "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "true_divide", "floordiv": "floor_divide",
    "mod": "mod", "pow": "power", "matmul": "matmul", "and": "logical_and", "or": "logical_or", "xor": "logical_xor",
}  # fmt: skip
COMPARISONS = {"lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal", "ne": "not_equal"}
OF_ONE = {"neg": "negative", "abs": "absolute", "invert": "logical_not", "round": "round", "getitem": "get_item"}


def operator(name: str, reflected: bool = False) -> Callable[..., Any]:
    """The method that calls keras.ops.<name>, with its operands exchanged if `reflected`."""

    def call(self: Any, *others: Any) -> Any:
        function = getattr(importlib.import_module("gputape.keras.ops"), name)  # keras.ops imports symbolic tensors
        return function(*others, self) if reflected else function(self, *others)

    return call
