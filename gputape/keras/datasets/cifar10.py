"""CIFAR-10: 60,000 colour pictures of 10 classes, 32 x 32 pixels."""

from __future__ import annotations

from typing import Any

from .cifar import batches, joined

__all__ = ["load_data"]


def load_data() -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """The pictures as `(x_train, y_train), (x_test, y_test)`: uint8 arrays (50000, 32, 32, 3), (50000, 1), and 10,000.

    Read from cifar-10-python.tar.gz, or the folder cifar-10-batches-py that it unpacks to, in $GPUTAPE_HOME/datasets or
    ~/.keras/datasets. FileNotFoundError, which says what to put where, if there is neither.
    """
    names = [*(f"data_batch_{k}" for k in range(1, 6)), "test_batch"]
    *train, test = batches("cifar10", "cifar-10-python.tar.gz", "cifar-10-batches-py", names, "labels")
    return joined(train), test
