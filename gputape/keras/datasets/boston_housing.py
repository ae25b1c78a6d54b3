"""Boston housing: 13 features of 506 districts and the median price of houses (Harrison and Rubinfeld 1978).

One feature supposes that the colour of people's skin bears on prices; choose california_housing where you can.
"""

from __future__ import annotations

from typing import Any

from . import local

__all__ = ["load_data"]


def load_data(
    path: str = "boston_housing.npz", test_split: float = 0.2, seed: int = 113
) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """The districts as `(x_train, y_train), (x_test, y_test)`: float64 arrays (samples, 13) and (samples,).

    Read from boston_housing.npz in $GPUTAPE_HOME/datasets or ~/.keras/datasets; FileNotFoundError, which says what to
    put where, if it is not there. ValueError unless 0 <= test_split < 1.
    """
    if not 0 <= test_split < 1:
        raise ValueError(f"Invalid `test_split` argument: {test_split}. It must be between 0 and 1 (exclusive of 1).")
    data = local.arrays(local.found("boston_housing", path, f"{local.STORE}boston_housing.npz"))
    return local.split(*local.mixed(data["x"], data["y"], seed), test_split)
