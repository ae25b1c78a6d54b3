"""Optimizers: they hold slots for the variables they train and change both in one op per step."""

from __future__ import annotations

from typing import Any

from ..identifiers import classes_in, functions
from . import legacy, schedules
from .adagrad import Adadelta, Adagrad, Ftrl, RMSprop
from .adam import Adam, Adamax, AdamW, Nadam, ScheduleFreeAdamW
from .loss_scale import LossScaleOptimizer
from .matrix import Adafactor, Lamb, Muon
from .multi import MultiOptimizer, OptimizerMap
from .optimizer import Optimizer
from .sgd import SGD, Lion

_CLASSES = {**classes_in(globals(), Optimizer), "OptimizerMap": OptimizerMap}
_BY_LOWER_CASE = {name.lower(): value for name, value in _CLASSES.items()}
serialize, _deserialize, _get = functions("optimizer", {**_CLASSES, **_BY_LOWER_CASE})


def deserialize(config: Any, custom_objects: Any = None) -> Any:
    """The optimizer that `serialize` described; letter case does not matter in the names of built-in ones."""
    if config["class_name"].lower() in _BY_LOWER_CASE:
        config = {**config, "class_name": config["class_name"].lower()}
    return _deserialize(config, custom_objects)


def get(identifier: Any) -> Any:
    """The optimizer that `identifier` names: None, a string in any letter case, a config dict, a class or an optimizer.

    ValueError for anything else.

    >>> get("adam").__class__.__name__
    'Adam'
    """
    if isinstance(identifier, str) and identifier.lower() in _BY_LOWER_CASE:
        identifier = _BY_LOWER_CASE[identifier.lower()]
    made = deserialize(identifier) if isinstance(identifier, dict) else identifier
    if isinstance(made, str) or (isinstance(made, type) and issubclass(made, Optimizer)):
        made = _get(made)
    if made is None or isinstance(made, Optimizer):
        return made
    raise ValueError(f"Could not interpret optimizer identifier: {identifier}")


# fmt: off
__all__ = [
    "Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "Ftrl", "Lamb", "Lion", "LossScaleOptimizer",
    "MultiOptimizer", "Muon", "Nadam", "Optimizer", "OptimizerMap", "RMSprop", "SGD", "ScheduleFreeAdamW",
    "deserialize", "get", "legacy", "schedules", "serialize",
]
# fmt: on
