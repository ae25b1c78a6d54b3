"""Which element types an op takes. An op whose body is under one of these decorators refuses all others.

NumPy would compute `exp` of integers in float64 and compare complex numbers; TensorFlow refuses, and so do we.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from .. import dtypes
from ..errors import InvalidArgumentError

F = TypeVar("F", bound=Callable[..., Any])


def taking(kinds: str, told: str) -> Callable[[F], F]:
    """Decorator of a body: its first array must have one of these NumPy kinds ("V" is bfloat16); the op checks it."""

    def declare(body: F) -> F:
        body.kinds, body.kinds_told = kinds, told  # type: ignore[attr-defined]
        return body

    return declare


def refusal(name: str, arrays: tuple[Any, ...], told: str) -> InvalidArgumentError:
    """The error of a function that refuses its argument's dtype in the words of an op."""
    given = next(dtypes.FROM_NUMPY[x.dtype].name for x in arrays if hasattr(x, "dtype"))
    return InvalidArgumentError(
        f"Value for attr 'T' of {given} is not in the list of allowed values: {name} takes {told}; "
        f"use tf.cast [Op:{name}]"
    )


numeric = taking("fVciu", "numbers: floating point, complex or integer")
numeric_or_text = taking("fVciuO", "numbers or strings")
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
