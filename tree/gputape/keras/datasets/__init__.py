"""Small real data that ships with the package: nothing is downloaded."""

from gputape.keras.datasets import digits

__all__ = ["digits"]
