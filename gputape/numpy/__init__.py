"""NumPy's names and rules over gputape's tensors, and gradients of functions: `import gputape.numpy as np`.

Arrays are float64 by default, dtypes mix as in NumPy, slices are views. They live on the GPU if there is one.

>>> import gputape.numpy as np
>>> from gputape.numpy import grad
>>> def tanh(x):
...     return (1.0 - np.exp(-2 * x)) / (1.0 + np.exp(-2 * x))
>>> print(f"{grad(tanh)(1.0):.6f}")
0.419974
"""

from __future__ import annotations

from typing import Any

import numpy as _numpy

from ..errors import unknown_name as _unknown_name
from . import elementwise, fft, gradient_products, gradients, linalg, products, random, reductions, shapes
from .array import FUNCTIONS as _FUNCTIONS
from .array import ndarray
from .gradient_products import *  # noqa: F403 (what its __all__ says)
from .gradients import *  # noqa: F403 (what its __all__ says)

# Of NumPy itself: numbers, dtypes, and tools that take no arrays.
_OTHERS = """
    pi e euler_gamma inf nan newaxis float16 float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64 complex64
    complex128 bool_ integer floating number finfo iinfo dtype isscalar result_type errstate set_printoptions
    get_printoptions s_ c_ r_ ndindex ndenumerate testing broadcast_shapes issubdtype
"""
globals().update({_name: getattr(_numpy, _name) for _name in _OTHERS.split()})
globals().update(_FUNCTIONS, fft=fft, linalg=linalg, ndarray=ndarray, random=random)
__all__ = sorted(
    {
        *_FUNCTIONS,
        *_OTHERS.split(),
        *gradients.__all__,
        *gradient_products.__all__,
        "fft",
        "linalg",
        "ndarray",
        "random",
    }
)
del elementwise, gradient_products, gradients, products, reductions, shapes  # loading them declared their functions


def __getattr__(name: str) -> Any:
    raise _unknown_name(__name__, name, __all__)
