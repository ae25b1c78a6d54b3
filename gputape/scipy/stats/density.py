"""What all densities share: each is stated by its logarithm."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gputape.numpy as np


def exponential(logarithm: Callable[..., Any]) -> Callable[..., Any]:
    """The density whose logarithm is given, of the same arguments."""

    def pdf(*args: Any, **kwargs: Any) -> Any:
        """The density: exp(logpdf) of the same arguments."""
        return np.exp(logarithm(*args, **kwargs))

    return pdf


__all__ = ["exponential"]
