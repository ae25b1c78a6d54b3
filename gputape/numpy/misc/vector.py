"""Parameters as one vector."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ... import nest
from ..array import FUNCTIONS, asarray


def flatten(value: Any) -> tuple[Any, Callable[[Any], Any]]:
    """A nest of arrays as one vector, and the function that makes such a nest of a vector. Both have gradients.

    >>> from gputape.numpy.misc import flatten
    >>> vector, unflatten = flatten({"b": 3.0, "w": [1.0, 2.0]})
    >>> vector
    array([3., 1., 2.])
    >>> unflatten(vector * 2)
    {'b': array(6.), 'w': [array(2.), array(4.)]}
    """
    leaves = [asarray(x) for x in nest.flatten(value)]
    shapes = [x.shape for x in leaves]
    ends = [0]
    for x in leaves:
        ends.append(ends[-1] + x.size)

    def unflatten(vector: Any) -> Any:
        v = asarray(vector)
        parts = [v[a:b].reshape(s) for a, b, s in zip(ends[:-1], ends[1:], shapes, strict=True)]
        return nest.pack_sequence_as(value, parts)

    empty = FUNCTIONS["zeros"](0)
    return (FUNCTIONS["concatenate"]([x.reshape(-1) for x in leaves]) if leaves else empty), unflatten


__all__ = ["flatten"]
