"""Programs whose numbers depend on sizes that are not known yet.

A recording is of exact shapes. To export a function for tensors of shape [None, 3] it is recorded several times, with
2, 3 and 5 rows, and what differs between the recordings is told as a formula of the number of rows: `merged` finds the
formula, `value` uses it. Unknown sizes of equal axes count as equal: all axes 0 are one size, all axes 1 another.

A formula is a polynomial of degree one in each size (rows * columns may occur, rows * rows not), found by finite
differences between recordings whose sizes differ by one, and checked against one more recording.
"""

from __future__ import annotations

import importlib
import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..dtypes import DType, as_dtype

_PACKAGE = __name__.partition(".")[0]
STEP = 3  # how far from the others the recording is that formulas are checked against


class Unequal(Exception):
    """Recordings differ in what no formula covers."""


class Sizes:
    """The unknown sizes of a signature: `axes` in order, and the sizes of each recording that is needed."""

    def __init__(self, axes: Sequence[int]) -> None:
        self.axes = sorted(axes)
        self.base = [2 if k == 0 else 16 + k for k in self.axes]
        corners = itertools.product((0, 1), repeat=len(self.axes))
        self.corners = [tuple(b + s for b, s in zip(self.base, corner, strict=True)) for corner in corners]
        self.checked = tuple(b + STEP for b in self.base)

    def recordings(self) -> list[dict[int, int]]:
        """{axis: size} for each recording; the last one is the check."""
        wanted = [*self.corners, self.checked] if self.axes else [()]
        return [dict(zip(self.axes, sizes, strict=True)) for sizes in wanted]

    def number(self, values: Sequence[Any]) -> Any:
        """One number of all recordings: itself, or a formula."""
        if all(v == values[0] or v is values[0] for v in values):
            return values[0]
        shape = (2,) * len(self.axes)
        table = np.array(values[:-1], dtype=object).reshape(shape)
        for axis in range(len(shape)):
            first, second = np.split(table, 2, axis)
            table = np.concatenate([first, second - first], axis)
        terms = [[list(at), table[at]] for at in np.ndindex(shape) if table[at]]
        formula = {"terms": terms, "base": self.base, "axes": self.axes}
        if evaluated(formula, dict(zip(self.axes, self.checked, strict=True))) != values[-1]:
            raise Unequal(f"a number that is {values[0]}, {values[1]} and {values[-1]} for growing sizes")
        return {"formula": formula}


def evaluated(formula: dict[str, Any], sizes: dict[int, int]) -> Any:
    offsets = [sizes[k] - b for k, b in zip(formula["axes"], formula["base"], strict=True)]
    return sum(
        factor * math.prod(o for o, used in zip(offsets, at, strict=True) if used) for at, factor in formula["terms"]
    )


# -- attributes and constants as JSON


def merged(values: Sequence[Any], sizes: Sizes, arrays: list[Any]) -> Any:
    """One value of all recordings as JSON; arrays go to `arrays`. Raises Unequal, or TypeError for foreign objects."""
    first = values[0]
    if any(type(v) is not type(first) for v in values):
        raise Unequal(f"{values[0]!r} and {values[-1]!r}")
    if type(first) in (int, float):
        return sizes.number(values)
    if isinstance(first, tuple) and hasattr(first, "_fields") and type(first).__module__.startswith(_PACKAGE + "."):
        parts = [merged(v, sizes, arrays) for v in zip(*values, strict=True)]
        return {"named": [type(first).__module__, type(first).__name__, parts]}
    if isinstance(first, (tuple, list)) and not hasattr(first, "_fields"):
        if len({len(v) for v in values}) > 1:
            raise Unequal(f"{values[0]!r} and {values[-1]!r}")
        kind = "tuple" if isinstance(first, tuple) else "list"
        return {kind: [merged(v, sizes, arrays) for v in zip(*values, strict=True)]}
    if isinstance(first, dict):
        return {"dict": [[key, merged([v[key] for v in values], sizes, arrays)] for key in first]}
    if isinstance(first, slice):
        return {"slice": [merged([getattr(v, p) for v in values], sizes, arrays) for p in ("start", "stop", "step")]}
    if isinstance(first, (np.ndarray, np.generic)):
        return _array(values, sizes, arrays)
    if any(v != first for v in values):
        raise Unequal(f"{values[0]!r} and {values[-1]!r}")
    if first is None or isinstance(first, (bool, str)):
        return first
    if first is Ellipsis:
        return {"ellipsis": True}
    if isinstance(first, complex):
        return {"complex": [first.real, first.imag]}
    if isinstance(first, np.dtype):
        return {"dtype": as_dtype(first).name}
    if isinstance(first, DType):
        return {"DType": first.name}
    if first is len or getattr(first, "__objclass__", None) is bytes:  # what ops on strings do with each
        return {"bytes": "__len__" if first is len else first.__name__}
    raise TypeError(f"{first!r} of type {type(first).__name__} cannot be saved")


def _array(values: Sequence[Any], sizes: Sizes, arrays: list[Any]) -> Any:
    first = np.asarray(values[0])
    if all(np.shape(v) == first.shape and _same(np.asarray(v), first) for v in values):
        arrays.append(first)
        return {"array": len(arrays) - 1}
    shape = merged([tuple(np.shape(v)) for v in values], sizes, arrays)
    if all(v.size and _same(v, np.full_like(v, v.flat[0])) and v.flat[0] == first.flat[0] for v in values):
        arrays.append(first.reshape(-1)[:1].reshape(()))
        return {"filled": len(arrays) - 1, "shape": shape}
    if all(_same(v, np.arange(v.size).reshape(v.shape).astype(v.dtype)) for v in values):
        return {"counted": as_dtype(first.dtype).name, "shape": shape}
    raise Unequal(f"a constant of shape {first.shape} whose values depend on sizes")


def _named(module: str, name: str) -> Any:
    """A named tuple of this library by name: nothing else is ever imported for a file."""
    found = getattr(importlib.import_module(module), name, None) if module.startswith(_PACKAGE + ".") else None
    if not (isinstance(found, type) and issubclass(found, tuple) and hasattr(found, "_fields")):
        raise ValueError(f"a saved model names {module}.{name}, which is no named tuple of this library")
    return found


def _same(a: Any, b: Any) -> bool:
    return bool(a.tobytes() == b.tobytes() if a.dtype.kind != "O" else (a == b).all())


def value(saved: Any, sizes: dict[int, int], arrays: list[Any]) -> Any:
    """What `merged` saved, for these sizes."""
    if not isinstance(saved, dict):
        return saved
    if "filled" in saved:
        return np.full(value(saved["shape"], sizes, arrays), arrays[saved["filled"]])
    if "counted" in saved:
        shape = value(saved["shape"], sizes, arrays)
        return np.arange(math.prod(shape)).reshape(shape).astype(as_dtype(saved["counted"]).numpy)
    ((kind, content),) = saved.items()
    if kind == "formula":
        return evaluated(content, sizes)
    if kind in ("tuple", "list", "slice"):
        parts = [value(v, sizes, arrays) for v in content]
        return slice(*parts) if kind == "slice" else tuple(parts) if kind == "tuple" else parts
    if kind == "named":
        module, name, parts = content
        return _named(module, name)(*[value(v, sizes, arrays) for v in parts])
    if kind == "dict":
        return {key: value(v, sizes, arrays) for key, v in content}
    if kind == "ellipsis":
        return Ellipsis
    if kind == "complex":
        return complex(*content)
    if kind == "bytes":
        return getattr(bytes, content)
    if kind == "dtype":
        return as_dtype(content).numpy
    return as_dtype(content) if kind == "DType" else arrays[content]
