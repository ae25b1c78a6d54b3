"""keras.ops: Keras's functions of arrays, under Keras's names, signatures and promotion rules of dtypes.

Each takes tensors, NumPy arrays, Variables, Python numbers and lists, and keras.Input's symbolic tensors, of which it
makes a step of the model. Gradients flow through all of them.
"""

from __future__ import annotations

import sys as _sys
from types import ModuleType as _ModuleType
from typing import Any as _Any

from . import arrays as _arrays
from . import core as _core
from . import create as _create
from . import ctc as _ctc
from . import einops as _einops
from . import elementwise as _elementwise
from . import image as image
from . import math as _math
from . import matrices as _matrices
from . import networks as _networks
from . import order as _order
from . import reductions as _reductions
from . import spectra as _spectra
from .steps import operation as _operation

_FAMILIES: tuple[_Any, ...] = (_elementwise, _reductions, _create, _arrays, _order, _matrices, _math, _networks, _core)
_FAMILIES = (*_FAMILIES, _spectra, _ctc, _einops)
_PLAIN = {"is_tensor", "shape", "ndim", "dtype", "convert_to_numpy"}  # what they say needs no step of a model
_NAMES: dict[str, _Any] = {}
for _family in _FAMILIES:
    for _name, _function in _family.NAMES.items():
        _NAMES[_name] = _function if _name in _PLAIN else _operation(_function, _name)
globals().update(_NAMES)


def _space(name: str, names: _Any) -> _ModuleType:
    """The module keras.ops.<name> with these functions."""
    made = _ModuleType(f"{__name__}.{name}", f"The functions of keras.ops.{name}.")
    made.__dict__.update({n: _NAMES[n] for n in names})
    _sys.modules[made.__name__] = made
    return made


numpy = _space(
    "numpy",
    [
        *(n for f in (_elementwise, _reductions, _create, _arrays, _order) for n in f.NAMES),
        *("corrcoef", "cross", "dot", "einsum", "inner", "kron", "matmul", "ndim", "outer", "size", "slogdet"),
        *("tensordot", "vdot", "vectorize"),
    ],
)
nn = _space("nn", [*_networks.NAMES, "moments", "polar", "psnr"])
linalg = _space("linalg", [*_matrices.LINALG, "jvp"])

__all__ = sorted([*_NAMES, "image", "linalg", "nn", "numpy"])


def __getattr__(name: str) -> _Any:
    from difflib import get_close_matches

    near = get_close_matches(name, __all__, 1)
    raise AttributeError(
        f"module {__name__!r} has no attribute {name!r}" + (f"; did you mean {near[0]!r}?" if near else "")
    )


def __dir__() -> list[str]:
    return __all__
