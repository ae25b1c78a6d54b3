"""The table of ops by name. Tensor's operators and the gradient rules find ops here without importing them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

OPS: dict[str, Callable[..., Any]] = {}


def register(name: str, op: Callable[..., Any]) -> None:
    """Add an op. A name is taken once: two ops of one name would hide each other."""
    if name in OPS:
        raise ValueError(f"op {name!r} is registered already, by {OPS[name]!r}")
    OPS[name] = op
