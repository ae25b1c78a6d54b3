"""Arguments that describe a layer's weights: those of `kernel` are kernel_initializer, kernel_regularizer and so on."""

from __future__ import annotations

from typing import Any

from .. import constraints, initializers, regularizers

_PARTS = {"initializer": initializers.get, "regularizer": regularizers.get, "constraint": constraints.get}


def passed_on(arguments: dict[str, Any], *own: str) -> dict[str, Any]:
    """What a constructor hands to its parent's: of its `locals()` all but self, kwargs and what starts as in `own`."""
    return {k: v for k, v in arguments.items() if k not in ("self", "kwargs", "__class__") and not k.startswith(own)}


def describe(layer: Any, arguments: dict[str, Any], *kinds: str) -> None:
    """Set layer.<kind>_initializer, _regularizer and _constraint for each kind from the arguments of these names."""
    for kind in kinds:
        for part, get in _PARTS.items():
            setattr(layer, f"{kind}_{part}", get(arguments[f"{kind}_{part}"]))


def add_described(layer: Any, kind: str, shape: Any, name: str | None = None, **kwargs: Any) -> Any:
    """A weight of the layer with the initializer, regularizer and constraint of its kind; `name` is the kind by default.

    `kwargs` go to `add_weight`: what stands there goes before the description.
    """
    described = {part: getattr(layer, f"{kind}_{part}") for part in _PARTS}
    return layer.add_weight(name=name or kind, shape=shape, **{**described, **kwargs})
