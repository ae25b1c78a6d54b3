"""Names for users' classes and functions, by which configs find them again, and how far configs are trusted."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from .scopes import state

GLOBAL_CUSTOM_OBJECTS: dict[str, Any] = {}
GLOBAL_CUSTOM_NAMES: dict[Any, str] = {}


class CustomObjectScope:
    """`with custom_object_scope({"MyLayer": MyLayer}):` makes names known to deserialization in the body."""

    def __init__(self, custom_objects: dict[str, Any] | None) -> None:
        self.custom_objects = custom_objects or {}

    def __enter__(self) -> CustomObjectScope:
        self._outer, state.custom_objects = state.custom_objects, dict(self.custom_objects)
        return self

    def __exit__(self, *exc: Any) -> None:
        state.custom_objects = self._outer


custom_object_scope = CustomObjectScope


def get_custom_objects() -> dict[str, Any]:
    """The table of registered objects, open to changes."""
    return GLOBAL_CUSTOM_OBJECTS


def register_keras_serializable(package: str = "Custom", name: str | None = None) -> Callable[[Any], Any]:
    """Decorator: make a class (with `get_config`) or function known to deserialization as "package>name".

    >>> from gputape import keras
    >>> @keras.utils.register_keras_serializable("example")
    ... def double(x):
    ...     return 2 * x
    >>> keras.utils.get_registered_name(double)
    'example>double'
    """

    def register(obj: Any) -> Any:
        if inspect.isclass(obj) and not hasattr(obj, "get_config"):
            raise ValueError("Cannot register a class that does not have a get_config() method.")
        registered = f"{package}>{name or obj.__name__}"
        GLOBAL_CUSTOM_OBJECTS[registered] = obj
        GLOBAL_CUSTOM_NAMES[obj] = registered
        return obj

    return register


def get_registered_name(obj: Any) -> str:
    """The name under which `obj` is registered, or its own."""
    registered = GLOBAL_CUSTOM_NAMES.get(obj)
    return obj.__name__ if registered is None else registered


def get_registered_object(name: str, custom_objects: Any = None, module_objects: Any = None) -> Any:
    """The object known as `name` in the scope, the register, or the given tables; None if there is none."""
    for table in (state.custom_objects, GLOBAL_CUSTOM_OBJECTS, custom_objects or {}, module_objects or {}):
        if name in table:
            return table[name]
    return None


class SafeModeScope:
    """In the body, configs with Python code (lambdas) are refused (`safe_mode=True`) or run."""

    def __init__(self, safe_mode: bool | None = True) -> None:
        self.safe_mode = safe_mode

    def __enter__(self) -> None:
        self._outer, state.safe_mode = state.safe_mode, self.safe_mode

    def __exit__(self, *exc: Any) -> None:
        state.safe_mode = self._outer


def enable_unsafe_deserialization() -> None:
    """Let this thread revive lambdas from configs, whose code runs: only for files you trust."""
    state.safe_mode = False


def in_safe_mode() -> bool | None:
    return state.safe_mode


class ObjectSharingScope:
    """In the body, an object that is met twice is written once and revived as one."""

    def __enter__(self) -> None:
        self._outer, state.shared_objects = state.shared_objects, ({}, {})

    def __exit__(self, *exc: Any) -> None:
        state.shared_objects = self._outer
