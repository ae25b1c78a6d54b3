"""The config of a layer: its constructor's arguments, from its attributes or, for users' classes, as given."""

from __future__ import annotations

import functools
import inspect
from typing import Any

from .. import activations, constraints, initializers, regularizers, tree
from ..serialization import deserialize_keras_object, serialize_keras_object
from ..symbolic import is_default

_BASE = frozenset({"self", "name", "trainable", "dtype", "autocast", "activity_regularizer"})
_SERIALIZERS = {
    "activation": activations.serialize,
    "initializer": initializers.serialize,
    "regularizer": regularizers.serialize,
    "constraint": constraints.serialize,
}


def is_ours(cls: type) -> bool:
    return cls.__module__.startswith("gputape.keras")


@functools.cache
def argument_names(cls: Any) -> tuple[str, ...]:
    """The constructor's own arguments of the nearest class of this library."""
    nearest = next(c for c in cls.__mro__ if is_ours(c))
    parameters = inspect.signature(nearest.__init__).parameters.values()
    named = [p.name for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    return tuple(n for n in named if n not in _BASE and n not in getattr(nearest, "_config_omits", ()))


def serialized_argument(name: str, value: Any) -> Any:
    """An argument in the form that Keras writes it: by the serializer of its kind, which its name tells."""
    if value is None:
        return None
    serializer = _SERIALIZERS.get(name.rpartition("_")[2])
    if serializer is not None:
        return serializer(value)
    if isinstance(value, list):
        value = list(value)
    plain = all(x is None or isinstance(x, (str, int, float, bool)) for x in tree.flatten(value))
    return value if plain else serialize_keras_object(value)


def user_config(layer: Any, config: dict[str, Any]) -> dict[str, Any]:
    """`config`, with the arguments given to the constructor of a user's class that has no `get_config` of its own."""
    cls = type(layer)
    if is_ours(cls) or not is_default(layer.get_config) or not is_default(_nearest(cls).get_config):
        return config
    signature = inspect.signature(cls.__init__)
    args, kwargs = layer._init_arguments
    try:
        bound = signature.bind(layer, *args, **kwargs)
    except TypeError:
        raise _needs_get_config(cls, "non-serializable argument values") from None
    bound.apply_defaults()
    given = dict(list(bound.arguments.items())[1:])
    for p in signature.parameters.values():
        if p.kind is p.VAR_KEYWORD:
            given.update(given.pop(p.name, {}))
        elif p.kind is p.VAR_POSITIONAL and given.pop(p.name, ()):
            raise _needs_get_config(cls, "positional only or variadic positional arguments (e.g., `*args`)")
    given.pop("name", None)
    if not all(x is None or isinstance(x, (str, int, float, bool)) for x in tree.flatten(given)):
        raise _needs_get_config(cls, "non-serializable argument values")
    made = {"name": config["name"], **given}
    kinds = {p.kind for p in signature.parameters.values()}
    if "name" not in signature.parameters and inspect.Parameter.VAR_KEYWORD not in kinds:
        made.pop("name")
    return made


def _nearest(cls: type) -> Any:
    return next(c for c in cls.__mro__ if is_ours(c))


def _needs_get_config(cls: type, what: str) -> NotImplementedError:
    return NotImplementedError(
        f"Object {cls.__name__} was created by passing {what} in `__init__()`, and therefore the object must override "
        "`get_config()` in order to be serializable. Please implement `get_config()`:\n\n"
        "    def get_config(self):\n        config = super().get_config()\n        config.update({'arg1': self.arg1})\n"
        "        return config"
    )


def restored(config: Any, custom: Any, values: Any, slots: Any) -> Any:
    """A layer from its config, the values of its variables and those of its optimizer: what pickling writes."""
    made = deserialize_keras_object(config, custom_objects=custom, safe_mode=False)
    for v, value in zip(made.variables, values):
        v.assign(value)
    if slots is not None:
        made.optimizer.build(made.trainable_variables)
        for v, value in zip(made.optimizer.variables, slots):
            v.assign(value)
    return made
