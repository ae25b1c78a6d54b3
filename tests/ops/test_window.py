"""Padding, output sizes and the views that convolutions and pools share."""

import numpy as np
import pytest

from gputape.errors import InvalidArgumentError
from gputape.ops import window


def test_same_padding_puts_the_odd_row_after():
    assert window.pads("SAME", [5, 6], [2, 3], [1, 2], [1, 1], "NHWC", "op") == ((0, 1), (0, 1))
    assert window.pads("valid", [5], [2], [1], [1], "NWC", "op") == ((0, 0),)


def test_windows_are_a_view():
    x = np.arange(10.0).reshape(1, 5, 2)
    seen = window.windows(np, x, [3], [3], [1], [1])
    np.testing.assert_array_equal(seen[0, 1], x[0, 1:4])
    assert np.shares_memory(seen, x)


def test_shifts_see_every_position_once():
    full = np.arange(7)[None, :, None]
    seen = [full[cut].ravel().tolist() for _, cut in window.shifts([2], [3], [2], [2])]
    assert seen == [[0, 2, 4], [2, 4, 6]]


def test_per_axis_forms():
    assert window.per_axis(2, 2, "NHWC", "strides", "op") == (2, 2)
    assert window.per_axis([1, 2, 3, 1], 2, "NHWC", "strides", "op") == (2, 3)
    assert window.per_axis([1, 1, 2, 3], 2, "NCHW", "strides", "op") == (2, 3)
    with pytest.raises(ValueError, match="length 1, 2 or 4"):
        window.per_axis([1, 2, 3], 2, "NHWC", "strides", "op")


def test_output_sizes_refuse_windows_that_do_not_fit():
    with pytest.raises(InvalidArgumentError, match="does not fit"):
        window.output_sizes([2], [4], [1], ((0, 0),), [1], "op")
