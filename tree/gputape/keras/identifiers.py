"""Names for objects: what `serialize`, `deserialize` and `get` of initializers, losses, metrics and the like share."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from .serialization import deserialize_keras_object, get_registered_object, serialize_keras_object


def classes_in(module: dict[str, Any], base: type) -> dict[str, Any]:
    """Every public name in `module`, the dict of a module, that stands for `base` or a class derived from it."""
    return {
        name: value
        for name, value in module.items()
        if not name.startswith("_") and inspect.isclass(value) and issubclass(value, base)
    }


def functions(kind: str, names: dict[str, Any]) -> tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]:
    """`serialize`, `deserialize` and `get` for objects of one kind, `names` being those that strings may name."""

    def serialize(value: Any) -> Any:
        return serialize_keras_object(value)

    def deserialize(config: Any, custom_objects: Any = None) -> Any:
        return deserialize_keras_object(config, module_objects=names, custom_objects=custom_objects)

    def get(identifier: Any) -> Any:
        if identifier is None:
            return None
        if isinstance(identifier, dict):
            made = deserialize(identifier)
        elif isinstance(identifier, str):
            made = names[identifier] if identifier in names else get_registered_object(identifier)
        else:
            made = identifier
        if not callable(made):
            raise ValueError(f"Could not interpret {kind} identifier: {identifier}")
        return made() if inspect.isclass(made) else made

    serialize.__doc__ = f"A JSON-ready description that `deserialize` turns into the {kind} again."
    deserialize.__doc__ = f"The {kind} that `serialize` described; `custom_objects` maps further names to objects."
    get.__doc__ = (
        f"The {kind} that `identifier` names: None, a string, a config dict, a class (which is instantiated) or a "
        f"callable; ValueError for anything else."
    )
    return serialize, deserialize, get
