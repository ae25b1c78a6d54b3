"""What scripts of gradients need besides: parameters as one vector, plain optimizers, a check of gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...testing import check_gradients
from ..array import FUNCTIONS, host, wrap
from . import optimizers
from .optimizers import adam, rmsprop, sgd
from .vector import flatten


def check_grads(f: Callable[..., Any], modes: Any = ("rev",), order: int = 2) -> Callable[..., None]:
    """A function of example arguments that raises AssertionError if gradients of `f` differ from finite differences."""
    if "fwd" in modes:
        raise NotImplementedError("check_grads: there is no forward mode here, use modes=('rev',)")
    return lambda *args: check_gradients(
        lambda *xs: f(*[wrap(x) for x in xs]), *[host(FUNCTIONS["array"](a)) for a in args], order=order
    )


__all__ = ["adam", "check_grads", "flatten", "optimizers", "rmsprop", "sgd"]
