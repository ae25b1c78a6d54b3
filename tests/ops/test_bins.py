"""Counting and searching, against NumPy."""

import numpy as np
import pytest

import gputape as tf
from gputape.ops import bins as family
from tests.ops.declared import assert_value, declared, ids, named

Bad = tf.errors.InvalidArgumentError
I32 = np.int32
SPREAD = [-1.0, 0.0, 1.5, 2.0, 5.0, 15.0]

VALUES = [
    ("unique distinct", lambda: tf.unique([7, 3, 7, 1]), (I32([7, 3, 1]), I32([0, 1, 0, 2]))),
    ("unique", lambda: tf.unique(["b", "a", "b"]).y, np.array([b"b", b"a"], object)),
    ("unique", lambda: tf.unique(np.zeros(0)), (np.zeros(0), I32([]))),
    ("unique_with_counts", lambda: tf.unique_with_counts([7, 3, 7], out_idx=tf.int64).count, np.array([2, 1])),
    ("bincount counted", lambda: tf.math.bincount([1, 1, 3]), I32([0, 2, 0, 1])),
    ("bincount", lambda: tf.math.bincount([1, 1, 3], minlength=5), I32([0, 2, 0, 1, 0])),
    ("bincount", lambda: tf.math.bincount([1, 1, 3], maxlength=2, dtype=tf.int64), np.array([0, 2])),
    ("bincount", lambda: tf.math.bincount([1, 1, 3], weights=[1.0, 2.0, 0.5]), np.float32([0, 3, 0, 0.5])),
    ("bincount", lambda: tf.math.bincount([1, 1, 3], weights=[1, 2, 5], maxlength=2), I32([0, 3])),
    ("bincount", lambda: tf.math.bincount([[1, 1], [0, 2]], axis=-1), I32([[0, 2, 0], [1, 0, 1]])),
    (
        "bincount",
        lambda: tf.math.bincount([[1, 1], [0, 2]], weights=[[1, 2], [3, 4]], axis=-1),
        I32([[0, 3, 0], [3, 0, 4]]),
    ),
    ("bincount", lambda: tf.math.bincount([1, 1], binary_output=True), I32([0, 1])),
    ("bincount", lambda: tf.math.bincount([]), I32([])),
    ("histogram_fixed_width", lambda: tf.histogram_fixed_width(SPREAD, [0.0, 5.0], 5), I32([2, 1, 1, 0, 2])),
    (
        "histogram_fixed_width_bins binned",
        lambda: tf.histogram_fixed_width_bins(SPREAD, [0.0, 5.0], 5),
        I32([0, 0, 1, 2, 4, 4]),
    ),
    (
        "confusion_matrix",
        lambda: tf.math.confusion_matrix([1, 2, 1], [1, 0, 0]),
        I32([[0, 0, 0], [1, 1, 0], [1, 0, 0]]),
    ),
    (
        "confusion_matrix",
        lambda: tf.math.confusion_matrix([1, 0], [1, 0], 2, weights=[0.5, 2.0], dtype=tf.float32),
        np.float32([[2, 0], [0, 0.5]]),
    ),
    ("searchsorted places", lambda: tf.searchsorted([1, 3, 5], [0, 1, 4, 9]), I32([0, 0, 2, 3])),
    ("searchsorted", lambda: tf.searchsorted([1, 3, 5], [1, 5], side="right"), I32([1, 3])),
    ("searchsorted", lambda: tf.searchsorted([[1, 3], [2, 4]], [[3], [5]], out_type=tf.int64), np.array([[1], [2]])),
]


def test_table_is_complete():
    assert named(VALUES) == declared(family)


@pytest.mark.parametrize("names, call, expected", VALUES, ids=ids(VALUES))
def test_values(device, names, call, expected):
    assert_value(call(), expected)


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: tf.unique([[1]]), Bad, "1D"),
        (lambda: tf.math.bincount([-1, 2]), Bad, "non-negative, not -1"),
        (lambda: tf.math.bincount([1], axis=1), ValueError, "axis=1"),
        (lambda: tf.histogram_fixed_width([1.0], [5.0, 0.0], 5), Bad, "low < high"),
        (lambda: tf.histogram_fixed_width([1.0], [0.0, 5.0], 0), Bad, "nbins"),
        (lambda: tf.math.confusion_matrix([1, 5], [2, 2], 3), Bad, r"`labels` must be in .0, 3."),
        (lambda: tf.searchsorted([1], [1], side="x"), ValueError, "side"),
        (lambda: tf.searchsorted([[1, 3]], [[2], [3]]), Bad, "must match"),
    ],
)
def test_errors(call, error, text, host):
    with pytest.raises(error, match=text):
        call()
