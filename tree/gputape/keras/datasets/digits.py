"""The UCI handwritten digits: 1,797 images of 8 x 8 pixels. Source and licence: README.md beside this file."""

from importlib.resources import files
from typing import Any

import numpy as np

__all__ = ["load_data"]

TEST_SAMPLES = 360  # one fifth


def load_data() -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """The digits as `(x_train, y_train), (x_test, y_test)`, the same 1,437 and 360 samples in every process.

    Images are uint8 arrays of shape (samples, 8, 8) with values 0 (paper) to 16 (ink), labels uint8 arrays of shape
    (samples,) with values 0 to 9. Both parts are in random order and every call returns new arrays.

    >>> import gputape as tf
    >>> (x_train, y_train), (x_test, y_test) = tf.keras.datasets.digits.load_data()
    >>> x_train.shape, x_test.shape, y_train.shape
    ((1437, 8, 8), (360, 8, 8), (1437,))

    Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998.
    """
    with (files("gputape.keras.datasets") / "digits.npz").open("rb") as file, np.load(file) as data:
        images, labels = data["images"], data["labels"]
    # RandomState and not default_rng: NumPy promises that its stream never changes, so neither does the split.
    order = np.random.RandomState(0).permutation(len(images))
    test, train = order[:TEST_SAMPLES], order[TEST_SAMPLES:]
    return (images[train], labels[train]), (images[test], labels[test])
