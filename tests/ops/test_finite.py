"""The kernel that looks for NaN and infinity: every dtype, every place, odd sizes; the earliest position stays."""

import ml_dtypes
import numpy as np
import pytest

from gputape import cuda
from gputape.ops.finite import note_not_finite
from tests.emulator import emulator


@pytest.fixture(autouse=True)
def emulation():
    if reason := emulator.unavailable():
        pytest.skip(reason)
    with cuda.emulated(emulator.Emulator()):
        yield


def noted(*arrays):
    """The position of the first array that is not finite; None if all are."""
    word = cuda.zeros(1, np.int32)
    for k, x in enumerate(arrays):
        note_not_finite(x, word, k)
    return cuda.FIRST - int(word[0]) if word[0] else None


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16, ml_dtypes.bfloat16, np.complex64, np.complex128])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_every_dtype(dtype, bad):
    good = np.full(517, 3, dtype)
    for place in (0, 255, 516):
        x = good.copy()
        x[place] = bad
        assert noted(good, x, good, x) == 1
    assert noted(good) is None


def test_largest_finite_numbers_are_finite():
    assert noted(np.full(5, np.finfo(np.float32).max, np.float32), np.full(5, -65504, np.float16)) is None


def test_empty_scalars_and_strides():
    assert noted(np.zeros((0, 3), np.float32), np.array(np.nan, np.float32)) == 1
    x = np.zeros((6, 7), np.float32)
    x[1, 2] = np.inf
    assert noted(x[::2], x[1::2]) == 1


def test_the_imaginary_part_counts():
    assert noted(np.array([1 + 1j * np.inf], np.complex64)) == 0
