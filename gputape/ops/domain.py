"""Which element types an op takes. A body under one of these decorators refuses all others, naming what to do.

NumPy would compute `exp` of integers in float64 and compare complex numbers; TensorFlow refuses, and so do we.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import dtypes
from ..errors import InvalidArgumentError


def taking(kinds: str, told: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator of a body: its arrays have one of these NumPy kinds ("V" is bfloat16). The first array is looked at."""

    def declare(body: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(body)
        def checked(xp: Any, x: Any, *rest: Any) -> Any:
            try:
                kind = x.dtype.kind
            except AttributeError:  # a Python number, so an array follows
                kind = next(y for y in rest if hasattr(y, "dtype")).dtype.kind
            if kind not in kinds:
                raise refusal(body.__name__.rstrip("_"), (x, *rest), told)
            return body(xp, x, *rest)

        return checked

    return declare


def refusal(name: str, arrays: tuple[Any, ...], told: str) -> InvalidArgumentError:
    given = next(dtypes.FROM_NUMPY[x.dtype].name for x in arrays if hasattr(x, "dtype"))
    return InvalidArgumentError(
        f"Value for attr 'T' of {given} is not in the list of allowed values: {name} takes {told}; "
        f"use tf.cast [Op:{name}]"
    )


numeric = taking("fVciu", "numbers: floating point, complex or integer")
numeric_or_bool = taking("fVciub", "numbers or bools")
real = taking("fViu", "real numbers: floating point or integer")
floating = taking("fVc", "floating point or complex numbers")
real_floating = taking("fV", "floating point numbers: float16, bfloat16, float32 or float64")
integer = taking("iu", "integers")
boolean = taking("b", "bool")


def in_float64(body: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator of a body over float64 arrays of one shape: arguments are widened and broadcast, results rounded."""

    @functools.wraps(body)
    def widened(xp: Any, *arrays: Any) -> Any:
        dtype = next(a.dtype for a in arrays if hasattr(a, "dtype"))
        made = body(xp, *xp.broadcast_arrays(*[xp.asarray(a).astype(np.float64) for a in arrays]))
        return xp.asarray(made).astype(dtype)

    return widened
