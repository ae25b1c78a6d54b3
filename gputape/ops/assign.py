"""Writing into Variables. Each op is an effect: it runs again whenever a function that holds it does."""

from __future__ import annotations

from typing import Any

from .. import cuda
from ..op import Effect, effect
from ..registry import register


def _beside(target: Any, array: Any) -> Any:
    """`array` on the device of `target`."""
    return cuda.to_device(array) if cuda.is_device(target) else cuda.to_host(array)


class Assign(Effect):
    """Sets a Variable's value. One declared with unknown sizes moves to new memory when its size changes."""

    def perform(self, targets: tuple[Any, ...], arrays: list[Any], attrs: dict[str, Any]) -> Any:
        (variable,), (value,) = targets, arrays
        if variable._array.shape != value.shape:
            variable._array = _beside(variable._array, value).copy()
            return None
        return super().perform(targets, arrays, attrs)


@Assign
def assign(xp, targets, value):
    targets[0][...] = _beside(targets[0], value)


register("assign", assign)


@effect
def assign_add(xp, targets, delta):
    xp.add(targets[0], _beside(targets[0], delta), out=targets[0])


@effect
def assign_sub(xp, targets, delta):
    xp.subtract(targets[0], _beside(targets[0], delta), out=targets[0])
