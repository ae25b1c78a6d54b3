"""MNIST: 70,000 handwritten digits, 28 x 28 pixels."""

from __future__ import annotations

from typing import Any

from . import local

__all__ = ["load_data"]


def load_data(path: str = "mnist.npz") -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """The digits as `(x_train, y_train), (x_test, y_test)`: uint8 arrays (60000, 28, 28) and (60000,), and 10,000.

    Read from mnist.npz, or from the four files train-images-idx3-ubyte.gz ... in a folder `mnist`, in
    $GPUTAPE_HOME/datasets or ~/.keras/datasets. FileNotFoundError, which says what to put where, if there are none.
    """
    file = local.find(path)
    if file is None:
        made = local.idx_files("mnist")
        if made is None:
            raise local.missing("mnist", path, f"{local.STORE}mnist.npz")
        return made
    data = local.arrays(file)
    return (data["x_train"], data["y_train"]), (data["x_test"], data["y_test"])
