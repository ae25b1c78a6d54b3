"""keras.ops: Keras's functions of arrays, under Keras's names, signatures and promotion rules of dtypes.

Each takes tensors, NumPy arrays, Variables, Python numbers and lists, and keras.Input's symbolic tensors, of which it
makes a step of the model. Gradients flow through all of them.
"""

from __future__ import annotations

from types import ModuleType as _ModuleType
from typing import Any as _Any

from ..symbolic import operation as _operation
from . import arrays as _arrays
from . import core as _core
from . import create as _create
from . import elementwise as _elementwise
from . import image as image
from . import linalg as _matrices
from . import math as _math
from . import nn as _networks
from . import order as _order
from . import reductions as _reductions

_FAMILIES = (_elementwise, _reductions, _create, _arrays, _order, _matrices, _math, _networks, _core)
_PLAIN = {"is_tensor", "shape", "ndim", "dtype", "convert_to_numpy"}  # what they say needs no step of a model
_NAMES: dict[str, _Any] = {}
for _family in _FAMILIES:
    for _name, _function in _family.NAMES.items():
        _NAMES[_name] = _function if _name in _PLAIN else _operation(_function)
globals().update(_NAMES)


def _space(name: str, names: _Any) -> _ModuleType:
    """The module keras.ops.<name> with these functions."""
    made = _ModuleType(f"{__name__}.{name}", f"The functions of keras.ops.{name}.")
    made.__dict__.update({n: _NAMES[n] for n in names})
    return made


numpy = _space("numpy", [n for f in (_elementwise, _reductions, _create, _arrays, _order) for n in f.NAMES])
nn = _space("nn", _networks.NAMES)
linalg = _space("linalg", _matrices.LINALG)

__all__ = sorted([*_NAMES, "image", "linalg", "nn", "numpy"])


def __getattr__(name: str) -> _Any:
    from difflib import get_close_matches

    near = get_close_matches(name, __all__, 1)
    raise AttributeError(
        f"module {__name__!r} has no attribute {name!r}" + (f"; did you mean {near[0]!r}?" if near else "")
    )


def __dir__() -> list[str]:
    return __all__
