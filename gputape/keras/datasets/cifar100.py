"""CIFAR-100: 60,000 colour pictures of 100 classes in 20 groups, 32 x 32 pixels."""

from __future__ import annotations

from typing import Any

from .cifar import batches

__all__ = ["load_data"]


def load_data(label_mode: str = "fine") -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """The pictures as `(x_train, y_train), (x_test, y_test)`: uint8 arrays (50000, 32, 32, 3), (50000, 1), and 10,000.

    Args:
        label_mode: "fine" (100 classes) or "coarse" (20); ValueError otherwise.

    Read from cifar-100-python.tar.gz, or the folder cifar-100-python that it unpacks to, in $GPUTAPE_HOME/datasets or
    ~/.keras/datasets. FileNotFoundError, which says what to put where, if there is neither.
    """
    if label_mode not in ("fine", "coarse"):
        raise ValueError(f'`label_mode` must be one of `"fine"`, `"coarse"`. Received: label_mode={label_mode}.')
    names, key = ["train", "test"], f"{label_mode}_labels"
    train, test = batches("cifar100", "cifar-100-python.tar.gz", "cifar-100-python", names, key)
    return train, test
