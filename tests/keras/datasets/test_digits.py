"""keras.datasets.digits: the shipped images are the source's, and the split is the same everywhere."""

import hashlib

import numpy as np

from gputape.keras.datasets import digits


def test_shapes_dtypes_and_ranges():
    (x_train, y_train), (x_test, y_test) = digits.load_data()
    assert x_train.shape == (1437, 8, 8) and y_train.shape == (1437,)
    assert x_test.shape == (360, 8, 8) and y_test.shape == (360,)
    assert {array.dtype for array in (x_train, y_train, x_test, y_test)} == {np.dtype("uint8")}
    assert x_train.min() == 0 and x_train.max() == 16
    assert np.array_equal(np.unique(y_test), np.arange(10)) and np.array_equal(np.unique(y_train), np.arange(10))


def test_the_parts_together_are_the_source():
    """Images and labels, sorted so that the split does not matter, hash to what the source's file hashes to."""
    (x_train, y_train), (x_test, y_test) = digits.load_data()
    rows = [x.tobytes() + bytes([y]) for x, y in zip(np.concatenate([x_train, x_test]), [*y_train, *y_test])]
    assert (
        hashlib.sha256(b"".join(sorted(rows))).hexdigest()
        == "f67d6a29d0e1f70e7f0cd9dcf25816b694881f4b8f27f5cc1db59551f0499fb8"
    )


def test_every_call_gives_the_same_split_in_new_arrays():
    (first, _), (_, y_first) = digits.load_data()
    assert y_first[:10].tolist() == [2, 8, 2, 6, 6, 7, 1, 9, 8, 5]
    first[:] = 0
    (second, _), (_, y_second) = digits.load_data()
    assert second.any() and np.array_equal(y_first, y_second)
