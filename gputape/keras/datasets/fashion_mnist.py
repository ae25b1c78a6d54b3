"""Fashion-MNIST: 70,000 pictures of clothes, 28 x 28 pixels (Xiao, Rasul and Vollgraf 2017)."""

from __future__ import annotations

from typing import Any

from . import local

__all__ = ["load_data"]


def load_data() -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """The pictures as `(x_train, y_train), (x_test, y_test)`: uint8 arrays (60000, 28, 28) and (60000,), and 10,000.

    Read from the four files train-images-idx3-ubyte.gz ... in a folder `fashion-mnist` in $GPUTAPE_HOME/datasets,
    ~/.keras/datasets or /usr/share/datasets (Debian: apt install dataset-fashion-mnist). FileNotFoundError, which says
    what to put where, if there are none.
    """
    made = local.idx_files("fashion-mnist")
    if made is None:
        name = f"{local.IDX_FILES[0]}.gz"
        raise local.missing("fashion_mnist (four files)", f"fashion-mnist/{name}", f"{local.STORE}{name}")
    return made
