"""Objects as dicts that JSON can hold, and back: Keras's config format, so files move between Keras and here.

An object becomes {"module", "class_name", "config", "registered_name"}. Public objects are found under Keras's own
public names, others must be registered. Nothing outside these two tables is ever called while a config is read.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import types
from collections.abc import Callable
from typing import Any

import numpy as np

import gputape as tf

from .backend import is_keras_tensor, standardize_dtype
from .lambdas import load_function, serialize_lambda
from .registration import (
    GLOBAL_CUSTOM_NAMES,
    GLOBAL_CUSTOM_OBJECTS,
    CustomObjectScope,
    ObjectSharingScope,
    SafeModeScope,
    custom_object_scope,
    enable_unsafe_deserialization,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    in_safe_mode,
    register_keras_serializable,
)
from .scopes import state

# Where public classes and functions are looked for, in the order in which an object's name is chosen.
_NAMESPACES = (
    "keras", "keras.layers", "keras.models", "keras.initializers", "keras.regularizers", "keras.constraints",
    "keras.activations", "keras.losses", "keras.metrics", "keras.optimizers", "keras.optimizers.schedules",
    "keras.callbacks", "keras.dtype_policies", "keras.random", "keras.ops",
)  # fmt: skip
# Modules whose functions a config may name by the bare name.
_BUILTIN_MODULES = ("activations", "constraints", "initializers", "losses", "metrics", "optimizers", "regularizers")
# What Keras writes under its root's name, and not under that of a module.
_ROOT_CLASSES = (
    "DTypePolicy",
    "FloatDTypePolicy",
    "Function",
    "InputSpec",
    "KerasTensor",
    "Model",
    "Sequential",
    "Variable",
)
# At the root and in these, only classes may be revived: their functions load files or change settings.
_CLASSES_ONLY = frozenset({"keras", "keras.models", "keras.callbacks", "keras.random"})


# -- public names


def _namespace(module: str) -> dict[str, Any]:
    """The names that belong to Keras's public module `module`; empty if there is none here."""
    if module not in _NAMESPACES:
        return {}
    try:
        found = importlib.import_module(f"gputape.{module}")
    except ModuleNotFoundError:
        return {}
    names = vars(found) if module != "keras" else {n: getattr(found, n) for n in _ROOT_CLASSES}
    return {k: v for k, v in names.items() if not k.startswith("_")}


def public_name(obj: Any) -> tuple[str, str] | None:
    """(module, name) under which Keras knows a class or function of this library; None for others."""
    return _public_name(obj) if getattr(obj, "__module__", "").startswith("gputape.") else None


@functools.cache
def _public_name(obj: Any) -> tuple[str, str] | None:
    name = getattr(obj, "__name__", "").rstrip("_")
    for module in _NAMESPACES:
        if _namespace(module).get(name) is obj:
            return module, name
    return None


# -- objects to dicts


def serialize_dict(obj: dict[str, Any]) -> dict[str, Any]:
    return {key: serialize_keras_object(value) for key, value in obj.items()}


def serialize_keras_object(obj: Any) -> Any:
    """A description of `obj` from which `deserialize_keras_object` makes it again.

    Plain values stay as they are; TypeError for an object that has no `get_config`.

    >>> from gputape import keras
    >>> keras.utils.serialize_keras_object(keras.layers.ReLU(max_value=6.0, name="clip"))["class_name"]
    'ReLU'
    """
    if isinstance(obj, tf.DType):
        return obj.name
    if hasattr(obj, "as_list"):  # a tf.TensorShape
        return obj.as_list() if obj.rank is not None else None
    if obj is None or isinstance(obj, (str, int, float, bool)):
        return obj.item() if isinstance(obj, np.generic) else obj
    if isinstance(obj, (list, tuple)):
        items = [serialize_keras_object(x) for x in obj]
        return tuple(items) if isinstance(obj, tuple) else items
    if isinstance(obj, dict):
        return serialize_dict(obj)
    special = _serialize_value(obj)
    if special is not None:
        return special[0]
    if isinstance(obj, types.FunctionType) and obj.__name__ == "<lambda>":
        return serialize_lambda(obj)
    config = _described(obj)
    for part in ("build_config", "compile_config"):
        if hasattr(obj, f"get_{part}"):
            made = getattr(obj, f"get_{part}")()
            if made is not None:
                config[part] = serialize_dict(made)
    _note_written(obj, config)
    return config


def _serialize_value(obj: Any) -> tuple[Any] | None:
    """The forms of values without a class of ours, in a tuple; None for all others."""
    if isinstance(obj, bytes):
        return ({"class_name": "__bytes__", "config": {"value": obj.decode("utf-8")}},)
    if isinstance(obj, slice):
        parts = {k: serialize_keras_object(getattr(obj, k)) for k in ("start", "stop", "step")}
        return ({"class_name": "__slice__", "config": parts},)
    if obj is Ellipsis:
        return ({"class_name": "__ellipsis__", "config": {}},)
    if is_keras_tensor(obj):
        history = getattr(obj, "_keras_history", None)
        if history:
            history = [history[0].name, *history[1:]]
        described = {"shape": obj.shape, "dtype": obj.dtype, "keras_history": history}
        return ({"class_name": "__keras_tensor__", "config": described},)
    if isinstance(obj, (tf.Tensor, tf.Variable)):
        values = {"value": np.asarray(obj).tolist(), "dtype": standardize_dtype(obj.dtype)}
        return ({"class_name": "__tensor__", "config": values},)
    if isinstance(obj, np.ndarray) and obj.ndim:
        values = {"value": obj.tolist(), "dtype": standardize_dtype(obj.dtype)}
        return ({"class_name": "__numpy__", "config": values},)
    return (obj.item(),) if isinstance(obj, (np.generic, np.ndarray)) else None


def _described(obj: Any) -> dict[str, Any]:
    is_function = isinstance(obj, types.FunctionType) or not hasattr(obj, "get_config")
    if not is_function:
        inner = obj.get_config()
        if not isinstance(inner, dict):
            raise TypeError(f"The `get_config()` method of {obj} should return a dict. It returned: {inner}")
        inner = serialize_dict(inner)
        named: Any = type(obj)
    elif hasattr(obj, "__name__"):
        inner, named = get_registered_name(obj).rstrip("_"), obj
    else:
        raise TypeError(
            f"Cannot serialize object {obj} of type {type(obj)}. To be serializable, a class must implement the "
            "`get_config()` method."
        )
    found = public_name(named) if named not in GLOBAL_CUSTOM_NAMES else None
    if is_function:
        module = "builtins" if found else obj.__module__
        return {"module": module, "class_name": "function", "config": inner, "registered_name": inner}
    if found:
        return {"module": found[0], "class_name": found[1], "config": inner, "registered_name": None}
    module = getattr(named, "_keras_module", named.__module__)
    return {
        "module": None if module == "__main__" else module,
        "class_name": named.__name__,
        "config": inner,
        "registered_name": get_registered_name(named),
    }


def _note_written(obj: Any, config: dict[str, Any]) -> None:
    if state.shared_objects is None:
        return
    written = state.shared_objects[0]
    if id(obj) in written:
        config["shared_object_id"] = written[id(obj)]["shared_object_id"] = id(obj)
    else:
        written[id(obj)] = config


# -- dicts to objects


def deserialize_keras_object(config: Any, custom_objects: Any = None, safe_mode: bool = True, **kwargs: Any) -> Any:
    """The object that `config` describes.

    Args:
        custom_objects: {name: class or function} beside those registered.
        safe_mode: refuse lambdas, whose code would run. Default True.
        module_objects: {name: class or function} for configs that are bare names.

    Raises TypeError for a class that is not known, ValueError for a lambda in safe mode.

    >>> from gputape import keras
    >>> config = keras.utils.serialize_keras_object(keras.layers.ReLU(max_value=6.0))
    >>> keras.utils.deserialize_keras_object(config).max_value
    6.0
    """
    safe_mode = safe_mode if state.safe_mode is None else state.safe_mode
    module_objects = kwargs.pop("module_objects", None)
    custom_objects = {**(custom_objects or {}), **state.custom_objects, **GLOBAL_CUSTOM_OBJECTS}
    if config is None:
        return None
    if isinstance(config, str) and custom_objects.get(config) is not None:
        return custom_objects[config]
    if isinstance(config, (list, tuple)):
        return [deserialize_keras_object(x, custom_objects, safe_mode) for x in config]
    if module_objects is not None:
        name = _name_in(config, custom_objects)
        if name is not None and name not in module_objects and not isinstance(config, dict):
            return config
        if name in module_objects:
            found = module_objects[name]
            if not inspect.isclass(found):
                return found
            inner = (config.get("config") if isinstance(config, dict) else None) or {}
            return _instance(found, {"class_name": name, "config": inner}, custom_objects, safe_mode)
    if isinstance(config, (str, int, float, bool)):
        return config
    if not isinstance(config, dict):
        raise TypeError(f"Could not parse config: {config}")
    if "class_name" not in config or "config" not in config:
        return {k: deserialize_keras_object(v, custom_objects, safe_mode) for k, v in config.items()}
    return _revived(config, custom_objects, safe_mode)


def _name_in(config: Any, custom_objects: dict[str, Any]) -> str | None:
    """The bare name that a config means where names of one module are expected; None for custom objects."""
    if not isinstance(config, dict):
        return config if isinstance(config, str) else None
    if "class_name" not in config:
        raise ValueError(f"Unknown `config` as a `dict`, config={config}")
    inner = config.get("config")
    names = (config["class_name"], config.get("registered_name"), inner if isinstance(inner, str) else None)
    if any(n in custom_objects for n in names):
        return None
    if config["class_name"] == "function":
        return inner if config.get("module") == "builtins" else config.get("registered_name")
    if config.get("module", "_") is None:
        raise TypeError(
            f"Cannot deserialize object of type `{config['class_name']}`. If `{config['class_name']}` is a custom "
            "class, "
            "please register it using the `@keras.saving.register_keras_serializable()` decorator."
        )
    return config["class_name"]


def _revived(config: dict[str, Any], custom_objects: dict[str, Any], safe_mode: bool) -> Any:
    name, inner = config["class_name"], config["config"] if config["config"] is not None else {}
    if name in _SPECIAL:
        return _SPECIAL[name](inner, safe_mode)
    if name == "function":
        if not isinstance(inner, str):
            raise TypeError(
                f"Expected 'config' to be a non-null str for a function, got {type(inner)}. Full config: {config}"
            )
        return _found(inner, inner, config, custom_objects, "function")
    if not isinstance(inner, dict):
        raise TypeError(f"Expected 'config' to be a dict for {name}, got {type(inner)}. Full config: {config}")
    shared = state.shared_objects[1] if state.shared_objects is not None else {}
    if config.get("shared_object_id") in shared:
        return shared[config["shared_object_id"]]
    cls = _found(name, config.get("registered_name") or name, config, custom_objects, "class")
    if isinstance(cls, types.FunctionType):
        return cls
    made = _instance(cls, config, custom_objects, safe_mode)
    if "shared_object_id" in config:
        shared[config["shared_object_id"]] = made
    return made


def _instance(cls: Any, config: dict[str, Any], custom_objects: dict[str, Any], safe_mode: bool) -> Any:
    if not hasattr(cls, "from_config"):
        raise TypeError(
            f"Unable to reconstruct an instance of '{config['class_name']}' because the class is missing a "
            f"`from_config()` method. Full object config: {config}"
        )
    with CustomObjectScope(custom_objects), SafeModeScope(safe_mode):
        try:
            made = cls.from_config(config["config"] or {})
        except TypeError as error:
            if "could not be deserialized properly" in str(error):
                raise  # told already, of the object inside that is to blame
            raise TypeError(
                f"{cls} could not be deserialized properly. Please ensure that components that are Python object "
                "instances (layers, models, etc.) returned by `get_config()` are explicitly deserialized in the "
                "model's "
                f"`from_config()` method.\n\nconfig={config}.\n\nException encountered: {error}"
            ) from error
        if config.get("build_config") and not made.built:
            made.build_from_config(config["build_config"])
            made.built = True
        if config.get("compile_config"):
            made.compile_from_config(config["compile_config"])
            made.compiled = True
    return made


def _found(name: str, registered: str, config: dict[str, Any], custom_objects: dict[str, Any], kind: str) -> Any:
    custom = get_registered_object(registered, custom_objects)
    if custom is not None:
        return custom
    module = config.get("module") or ""
    if module == "builtins" and kind == "function":
        places = [f"keras.{m}" for m in _BUILTIN_MODULES]
    elif "module" not in config and kind == "class":  # Keras 2's files name the class only
        places = [m for m in _NAMESPACES if m != "keras"]
        if name == "Functional":
            return _internal(name, "")
    elif module.startswith("keras.src.ops.") and _internal(name, module):  # Add there is not the layer Add
        return _internal(name, module)
    elif module in ("keras", "gputape.keras") or module.startswith(("keras.", "gputape.keras.")):
        public = module.removeprefix("gputape.")
        places = [public] if public in _NAMESPACES else [m for m in _NAMESPACES if m != "keras"]
    else:
        places = []
    for place in places:
        found = _namespace(place).get(name)
        if inspect.isclass(found) if kind == "class" or place in _CLASSES_ONLY else callable(found):
            if config.get("registered_name") not in (None, "", name, config["class_name"]):
                raise ValueError(
                    f"`registered_name={config['registered_name']!r}` was provided in the config, but '{place}.{name}' "
                    "resolved to a Keras built-in and does not use registered names. Remove the `registered_name` "
                    "field from "
                    f"the config. Full object config: {config}"
                )
            return found
    for custom_name in custom_objects if module == "builtins" else ():  # Keras up to 3.6 wrote no package
        if custom_name.endswith(f">{name}"):
            return custom_objects[custom_name]
    if module.startswith(("keras.", "gputape.keras.")) and kind == "class":
        found = _internal(name, module)
        if found is not None:
            return found
    raise TypeError(
        f"Could not locate {kind} '{name}'. Make sure custom classes and functions are decorated with "
        "`@keras.saving.register_keras_serializable()`. If they are already decorated, make sure they are all "
        "imported so "
        f"that the decorator is run before trying to load them. Full object config: {config}"
    )


def _internal(name: str, module: str) -> Any:
    """Classes that files name though they are not public: functional models, and the ops of their graphs."""
    if name == "Functional":
        return importlib.import_module("gputape.keras.models.functional").Functional
    if name == "FunctionOperation":
        return importlib.import_module("gputape.keras.symbolic").FunctionOperation
    if name == "FeatureSpace" or module.endswith(".feature_space"):
        return getattr(importlib.import_module("gputape.keras.utils.feature_space"), name, None)
    return importlib.import_module("gputape.keras.ops.steps").step_class(name) if ".ops." in module else None


def _keras_tensor(inner: dict[str, Any], safe_mode: bool) -> Any:
    made = importlib.import_module("gputape.keras.symbolic").KerasTensor(inner["shape"], dtype=inner["dtype"])
    made._pre_serialization_keras_history = inner["keras_history"]
    return made


def _lambda(inner: dict[str, Any], safe_mode: bool) -> Any:
    if safe_mode:
        raise ValueError(
            "Requested the deserialization of a Python lambda. This carries a potential risk of arbitrary code "
            "execution "
            "and thus it is disallowed by default. If you trust the source of the artifact, you can override this "
            "error by "
            "passing `safe_mode=False` to the loading function, or calling "
            "`keras.config.enable_unsafe_deserialization()`."
        )
    return load_function(inner["value"])


_SPECIAL: dict[str, Callable[[Any, bool], Any]] = {
    "__keras_tensor__": _keras_tensor,
    "__tensor__": lambda inner, _: tf.convert_to_tensor(inner["value"], dtype=inner["dtype"]),
    "__numpy__": lambda inner, _: np.array(inner["value"], dtype=tf.as_dtype(inner["dtype"]).numpy),
    "__bytes__": lambda inner, _: inner["value"].encode("utf-8"),
    "__ellipsis__": lambda inner, _: Ellipsis,
    "__slice__": lambda inner, safe: slice(
        *[deserialize_keras_object(inner[k], safe_mode=safe) for k in ("start", "stop", "step")]
    ),
    "__lambda__": _lambda,
}

__all__ = [
    "GLOBAL_CUSTOM_NAMES", "GLOBAL_CUSTOM_OBJECTS", "CustomObjectScope", "ObjectSharingScope", "SafeModeScope",
    "custom_object_scope", "deserialize_keras_object", "enable_unsafe_deserialization", "get_custom_objects",
    "get_registered_name", "get_registered_object", "in_safe_mode", "load_function", "public_name",
    "register_keras_serializable", "serialize_dict", "serialize_keras_object",
]  # fmt: skip
