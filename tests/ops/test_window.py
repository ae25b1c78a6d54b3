"""Padding, output sizes and the views that convolutions and pools share."""

import numpy as np
import pytest

from gputape.errors import InvalidArgumentError
from gputape.ops import window
from gputape.ops.window import Sliding


def test_same_padding_puts_the_odd_row_after():
    assert window.pads("SAME", [5, 6], [2, 3], [1, 2], [1, 1], "NHWC", "op") == ((0, 1), (0, 1))
    assert window.pads("valid", [5], [2], [1], [1], "NWC", "op") == ((0, 0),)


def test_windows_are_a_view():
    x = np.arange(10.0).reshape(1, 5, 2)
    seen = Sliding((3,), (1,), ((0, 0),), (1,)).views(np, x, [3])
    np.testing.assert_array_equal(seen[0, 1], x[0, 1:4])
    assert np.shares_memory(seen, x)


def test_taps_see_every_element_once():
    how = Sliding((2,), (2,), ((0, 0),), (2,))
    seen = how.views(np, np.arange(7)[None, :, None], [3])
    assert [seen[tap].ravel().tolist() for tap in how.taps()] == [[0, 2, 4], [2, 4, 6]]


def test_padding_and_what_is_inside_of_it():
    how, x = Sliding((2,), (1,), ((1, 2),), (1,)), np.ones((1, 3, 1))
    full = how.padded(np, x, 7)
    assert full.ravel().tolist() == [7, 1, 1, 1, 7, 7]
    assert how.around([3]) == (6,) and how.size == 2
    np.testing.assert_array_equal(full[how.inner([3])], x)


def test_the_struct_puts_missing_axes_in_front():
    how = Sliding((2, 3), (1, 2), ((1, 0), (0, 1)), (1, 1))
    struct = how.struct(5, (7, 8), (7, 3))
    assert int(struct["images"]) == 5 and struct["in"].tolist() == [1, 7, 8] and struct["out"].tolist() == [1, 7, 3]
    assert struct["size"].tolist() == [1, 2, 3] and struct["before"].tolist() == [0, 1, 0]
    assert how.struct(2**20, (2**6, 2**6), (7, 3)) is None


@pytest.mark.parametrize("most", [1, 12, 25, 1000])
def test_tiles_cover_all_once(most):
    seen = np.zeros((3, 5), int)
    for at in window.tiles(3, (5, 4), 4, most):
        seen[at] += 1
    assert (seen == 1).all()


def test_sliding_from_the_arguments_of_tensorflow():
    how = window.sliding((3, 3), [1, 2, 1, 1], "SAME", None, (5, 5), "NHWC", "op")
    assert how == Sliding((3, 3), (2, 1), ((1, 1), (1, 1)), (1, 1))


def test_per_axis_forms():
    assert window.per_axis(2, 2, "NHWC", "strides", "op") == (2, 2)
    assert window.per_axis([1, 2, 3, 1], 2, "NHWC", "strides", "op") == (2, 3)
    assert window.per_axis([1, 1, 2, 3], 2, "NCHW", "strides", "op") == (2, 3)
    with pytest.raises(ValueError, match="length 1, 2 or 4"):
        window.per_axis([1, 2, 3], 2, "NHWC", "strides", "op")


def test_output_sizes_refuse_windows_that_do_not_fit():
    with pytest.raises(InvalidArgumentError, match="does not fit"):
        Sliding((4,), (1,), ((0, 0),), (1,)).out([2], "op")
