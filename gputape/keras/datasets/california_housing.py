"""California housing: 8 features of 20,640 blocks and the median price of houses (Pace and Barry 1997)."""

from __future__ import annotations

from typing import Any

from . import local

__all__ = ["load_data"]


def load_data(
    version: str = "large", path: str = "california_housing.npz", test_split: float = 0.2, seed: int = 113
) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """The blocks as `(x_train, y_train), (x_test, y_test)`: float32 arrays (samples, 8) and (samples,).

    Args:
        version: "large", or "small": the first 600 blocks; ValueError otherwise.

    Read from california_housing.npz in $GPUTAPE_HOME/datasets or ~/.keras/datasets; FileNotFoundError, which says what
    to put where, if it is not there. ValueError unless 0 <= test_split < 1.
    """
    if not 0 <= test_split < 1:
        raise ValueError(f"Invalid `test_split` argument: {test_split}. It must be between 0 and 1 (exclusive of 1).")
    if version not in ("small", "large"):
        raise ValueError(f"Argument `version` must be one of 'small', 'large'. Received: version={version}")
    data = local.arrays(local.found("california_housing", path, f"{local.STORE}california_housing.npz"))
    count = 600 if version == "small" else None
    return local.split(*local.mixed(data["x"][:count], data["y"][:count], seed), test_split)
