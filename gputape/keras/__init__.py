"""gputape.keras: Keras's layers, models, training and the rest, on gputape's public functions.

Keras 3's names and, beside them, Keras 2's spellings. Modules load when they are first used.
"""

from __future__ import annotations

import importlib as _importlib
from typing import Any as _Any

_MODULES = (
    "activations", "applications", "backend", "callbacks", "config", "constraints", "datasets", "distribution",
    "dtype_policies", "export", "initializers", "layers", "losses", "metrics", "mixed_precision", "models", "ops", "optimizers",
    "preprocessing", "random", "regularizers", "saving", "tree", "utils",
)  # fmt: skip

# Public name: the module that has it.
_NAMES = {
    # symbolic tensors, variables, scopes
    "Function": "graph",
    "KerasTensor": "symbolic",
    "Operation": "symbolic",
    "StatelessScope": "scopes",
    "SymbolicScope": "inference",
    "Variable": "variable",
    "device": "devices",
    "name_scope": "scopes",
    "remat": "rematerialization",
    # layers and models
    "Input": "layers",
    "InputSpec": "layers",
    "Layer": "layers",
    "Model": "models",
    "Sequential": "models",
    # dtypes
    "DTypePolicy": "dtype_policies",
    "FloatDTypePolicy": "dtype_policies",
    # bases of the other families
    "Initializer": "initializers",
    "Loss": "losses",
    "Metric": "metrics",
    "Optimizer": "optimizers",
    "Regularizer": "regularizers",
}

__version__ = "3.15.0"  # the version of Keras whose API this is

__all__ = sorted([*_MODULES, *_NAMES, "version"])


def version() -> str:
    """The version of Keras whose API this is."""
    return __version__


def __getattr__(name: str) -> _Any:
    if name in _MODULES:
        return _importlib.import_module(f"{__name__}.{name}")
    if name in _NAMES:
        value = getattr(_importlib.import_module(f"{__name__}.{_NAMES[name]}"), name)
        globals()[name] = value
        return value
    from gputape.errors import unknown_name

    raise unknown_name(__name__, name, [n for n in __all__ if n != name])


def __dir__() -> list[str]:
    return __all__
