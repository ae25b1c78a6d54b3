"""The shapes of what functions return, found by running them on small tensors."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np

import gputape as tf

from . import tree
from .backend import standardize_dtype
from .scopes import StatelessScope, set_keras_mask
from .symbolic import KerasTensor

# What unknown sizes stand for while a function's output shape is looked for: (size of axis 0, size of other axes),
# twice. A size that differs between the runs is unknown. Later pairs serve functions that earlier ones do not suit.
_FILLS = (((2, 12), (3, 24)), ((12, 12), (24, 24)), ((2, 96), (3, 192)))


_inferring = threading.local()


class SymbolicScope(StatelessScope):
    """In the body, calls only serve to find shapes: nothing is recorded and no variable changes."""

    _reads = False  # what would have been assigned is of no interest

    def __enter__(self) -> SymbolicScope:
        super().__enter__()
        self._lifted = tf.init_scope()
        self._lifted.__enter__()
        _inferring.depth = getattr(_inferring, "depth", 0) + 1
        return self

    def __exit__(self, *exc: Any) -> None:
        _inferring.depth -= 1
        self._lifted.__exit__(*exc)
        super().__exit__(*exc)


def in_symbolic_scope() -> bool:
    return getattr(_inferring, "depth", 0) > 0


def compute_output_spec(fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """KerasTensors like what `fn` returns for tensors like the KerasTensors among the arguments.

    `fn` runs on zeros: once if all sizes are known, otherwise twice, with different sizes in the place of unknown ones.
    Where that fails it runs on identity matrices, and unknown sizes may be those that they would be broadcast to.
    """
    symbols = [x for x in tree.flatten((args, kwargs)) if isinstance(x, KerasTensor)]
    unknown = any(None in x.shape or hasattr(x, "_samples") for x in symbols)
    first_error: Exception | None = None
    empty: Any = None
    for fills, known, make in _attempts(symbols, unknown):
        try:
            with SymbolicScope():
                runs = [fn(*_filled(args, f, known, make), **_filled(kwargs, f, known, make)) for f in fills]
        except Exception as error:
            first_error = first_error or error
            continue
        leaves = [_spec(values, fills) for values in zip(*map(tree.flatten, runs))]
        found = tree.pack_sequence_as(runs[0], leaves)
        if not unknown or not any(isinstance(x, KerasTensor) and 0 in x.shape for x in leaves):
            return found
        empty = found  # a slice beyond the sizes tried? Larger ones may tell
    if empty is not None:
        return empty
    assert first_error is not None
    raise first_error


def _attempts(symbols: list[Any], unknown: bool) -> list[tuple[Any, dict[int, int], Callable[..., Any]]]:
    """What to try, in this order: sizes for unknown ones, those known from other tensors, and what makes the values."""
    if not unknown:
        return [(((1, 1),), {}, make) for make in (tf.zeros, _identities)]
    others = [{}, beside] if (beside := _sizes_from_the_end(symbols)) else [{}]
    return [*[(fills, {}, tf.zeros) for fills in _FILLS], *[(_FILLS[0], known, _identities) for known in others]]


def _identities(shape: list[int], dtype: Any) -> Any:
    """Identity matrices, which have inverses, where `shape` and `dtype` allow them; zeros elsewhere."""
    if len(shape) < 2 or not tf.as_dtype(dtype).is_floating:
        return tf.zeros(shape, dtype)
    return tf.eye(*shape[-2:], batch_shape=shape[:-2], dtype=dtype)


def _sizes_from_the_end(symbols: list[Any]) -> dict[int, int]:
    """The size that tensors have along an axis, counted from the end, where all that know it agree."""
    found: dict[int, set[int]] = {}
    for x in symbols:
        for k, d in enumerate(x.shape):
            if d not in (None, 1):
                found.setdefault(k - len(x.shape), set()).add(d)
    return {axis: sizes.pop() for axis, sizes in found.items() if len(sizes) == 1}


def _filled(structure: Any, fill: tuple[int, int], known: dict[int, int], make: Callable[..., Any]) -> Any:
    def sizes(shape: Any) -> list[int]:
        return [known.get(k - len(shape), fill[k > 0]) if d is None else d for k, d in enumerate(shape)]

    def value(x: Any) -> Any:
        if not isinstance(x, KerasTensor):
            return x
        samples = getattr(x, "_samples", {})
        if samples:
            return tf.constant(samples[fill])
        made = make(sizes(x.shape), x.dtype)
        mask = getattr(x, "_keras_mask", None)
        if isinstance(mask, KerasTensor):
            made = tf.identity(made)
            set_keras_mask(made, tf.ones(sizes(mask.shape), "bool"))
        return made

    return tree.map_structure(value, structure)


def _spec(values: tuple[Any, ...], fills: Any) -> Any:
    """One KerasTensor for the values that the runs gave; values that are no tensors stay as they are."""
    if not isinstance(values[0], (tf.Tensor, tf.Variable)):
        return values[0]
    shapes = [tuple(v.shape) for v in values]
    if len({len(s) for s in shapes}) > 1:
        raise ValueError(f"The number of dimensions of the output depends on sizes of the input: {shapes}")
    made = KerasTensor([d[0] if len(set(d)) == 1 else None for d in zip(*shapes)], standardize_dtype(values[0].dtype))
    # Small integer tensors are mostly shapes: what they would be is kept, for the functions that receive them.
    if len(values) > 1 and tf.as_dtype(values[0].dtype).is_integer and np.prod(shapes[0]) <= 16:
        arrays = [np.array(v) for v in values]
        if any(a.any() for a in arrays):
            made._samples = dict(zip(fills, arrays))
    return made
