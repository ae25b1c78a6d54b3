"""Writing into Variables: whole values, and rows by index. Each op is an effect: it runs again with its function."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

from .. import cuda
from ..errors import InvalidArgumentError
from ..op import Effect, effect
from ..registry import OPS, register
from ..tensor import as_tensor
from .index import as_matrix, check_range, combine_rows, device_combine_rows, integers


def _beside(target: Any, array: Any) -> Any:
    """`array` on the device of `target`."""
    if type(array) is type(target):
        return array
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


def _same_shape(name: str, target: Any, delta: Any) -> None:
    if target.shape != delta.shape:
        raise InvalidArgumentError(
            f"{name}: Cannot update variable with shape {list(target.shape)} using a Tensor with shape "
            f"{list(delta.shape)}, shapes must be equal. [Op:{name}]"
        )


@effect
def assign_add(xp, targets, delta):
    _same_shape("assign_add", targets[0], delta)
    target = targets[0]
    target += _beside(target, delta)


@effect
def assign_sub(xp, targets, delta):
    _same_shape("assign_sub", targets[0], delta)
    target = targets[0]
    target -= _beside(target, delta)


# -- rows


@effect
def combine_into(xp, targets, indices, updates, *, how):
    """Combine the rows `updates` into a Variable, in order; how: as in combine_rows, or "divide"."""
    target = targets[0]
    indices, updates = _beside(target, indices), _beside(target, updates)
    module = cuda.array_module(target)
    check_range(module, indices, target.shape[0])
    _combine(functools.partial(combine_rows, module), target, indices, updates, how)


@combine_into.kernel
def _(targets, indices, updates, *, how):
    if not (cuda.emulating or cuda.is_device(targets[0])):
        return NotImplemented
    return _combine(device_combine_rows, targets[0], cuda.to_device(indices), cuda.to_device(updates), how)


def _combine(combine: Any, target: Any, indices: Any, updates: Any, how: str) -> None:
    rows = indices.reshape(-1)
    updates = updates.reshape(rows.size, math.prod(target.shape[1:]))
    if how != "divide":
        combine(as_matrix(target, 0), rows, updates, how)
        return
    divisor = cuda.array_module(target).ones_like(target)
    combine(as_matrix(divisor, 0), rows, updates, "multiply")
    if target.dtype.kind in "iu":
        target //= divisor
    else:
        target /= divisor


def _scatter(name: str, how: str) -> Callable[..., None]:
    """The function `name(variable, indices, updates)` that combines `updates` into the rows `indices` of `variable`."""

    def scatter(variable: Any, indices: Any, updates: Any) -> None:
        indices, updates = integers(name, indices), as_tensor(updates, variable._array.dtype)
        shape = (*indices._array.shape, *variable._array.shape[1:])
        if not updates._array.ndim:  # one value for all elements of the rows
            updates = OPS["broadcast_to"](updates, shape)
        if updates._array.shape != shape:
            raise InvalidArgumentError(
                f"{name}: updates has shape {updates._array.shape}, it must be {shape}: indices {indices._array.shape} "
                f"and a row of variable {variable._array.shape} each, or a scalar [Op:{name}]"
            )
        if updates.dtype != variable.dtype:
            raise ValueError(
                f"{name}: updates is {updates.dtype.name}, variable {variable.name} is {variable.dtype.name}: "
                f"use tf.cast"
            )
        if name == "scatter_sub":
            updates = OPS["negative"](updates)
        combine_into(variable, indices, updates, how=how)

    return scatter


for _name, _how in (
    ("scatter_update", "update"),
    ("scatter_add", "add"),
    ("scatter_sub", "add"),
    ("scatter_mul", "multiply"),
    ("scatter_div", "divide"),
    ("scatter_max", "maximum"),
    ("scatter_min", "minimum"),
):
    register(_name, _scatter(_name, _how))
