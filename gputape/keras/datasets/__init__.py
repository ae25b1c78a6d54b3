"""Data sets: one that ships with the package (digits), and Keras's, read from files on this machine.

Nothing is downloaded: where a file is missing, the error says which one to put where.
"""

from gputape.keras.datasets import (
    boston_housing,
    california_housing,
    cifar10,
    cifar100,
    digits,
    fashion_mnist,
    imdb,
    mnist,
    reuters,
)

__all__ = [
    "boston_housing", "california_housing", "cifar10", "cifar100", "digits", "fashion_mnist", "imdb", "mnist",
    "reuters",
]  # fmt: skip
