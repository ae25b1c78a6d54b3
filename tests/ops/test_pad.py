"""Slices, borders and rotations: values against NumPy, gradients of two orders, and what is refused."""

import numpy as np
import pytest

import gputape as tf
from gputape.ops import pad as family
from gputape.testing import check_gradients
from tests.ops.declared import assert_value, declared, ids, named

X = np.random.default_rng(0).standard_normal((3, 4)).astype(np.float32)
R = np.arange(24, dtype=np.int32).reshape(2, 3, 4)
TURNED = np.array([[0, 1, 2, 3], [5, 4, 6, 7], [11, 10, 9, 8]], np.int32)
Bad = tf.errors.InvalidArgumentError

VALUES = [
    ("slice part", lambda: tf.slice(X, [1, 0], [-1, 2]), X[1:, :2]),
    ("slice", lambda: tf.slice(X, [3, 0], [0, 4]), X[3:]),
    ("strided_slice", lambda: tf.strided_slice(X, [2, 3], [0, 0], [-1, -2]), X[2:0:-1, 3:0:-2]),
    ("strided_slice", lambda: tf.strided_slice(X, [1, 1], [2, 3], shrink_axis_mask=1), X[1, 1:3]),
    ("strided_slice", lambda: tf.strided_slice(X, [2, 1], [0, 3], begin_mask=1, end_mask=1), X[:, 1:3]),
    (
        "strided_slice",
        lambda: tf.strided_slice(R, [0, 0, 1], [0, 0, 2], ellipsis_mask=1, new_axis_mask=2),
        R[..., None, 1:2],
    ),
    ("pad padded", lambda: tf.pad(X, [[1, 2], [0, 1]]), np.pad(X, [(1, 2), (0, 1)])),
    ("pad", lambda: tf.pad([1], [[1, 0]], constant_values=7), np.int32([7, 1])),
    (
        "pad",
        lambda: tf.pad(X, [[1, 0], [0, 0]], constant_values=tf.constant(2.0)),
        np.pad(X, [(1, 0), (0, 0)], constant_values=2),
    ),
    ("pad mirrored", lambda: tf.pad(X, [[2, 1], [0, 3]], "REFLECT"), np.pad(X, [(2, 1), (0, 3)], "reflect")),
    ("pad", lambda: tf.pad(X, [[3, 1], [0, 4]], "symmetric"), np.pad(X, [(3, 1), (0, 4)], "symmetric")),
    ("folded", lambda: family.folded([1, 2, 3, 4], paddings=((1, 1),), edge=1), np.int32([2 + 4, 3 + 1])),
    ("reverse flipped", lambda: tf.reverse(X, [-1]), X[:, ::-1]),
    ("reverse", lambda: tf.reverse(X, []), X),
    ("roll rolled", lambda: tf.roll(X, [1, -2], [0, 1]), np.roll(X, (1, -2), (0, 1))),
    ("roll", lambda: tf.roll(X, 1, -1), np.roll(X, 1, 1)),
    ("reverse_sequence turned", lambda: tf.reverse_sequence(R[0], [1, 2, 4], seq_axis=1, batch_axis=0), TURNED),
]
GRADIENTS = [
    lambda x: tf.exp(tf.slice(x, [1, 0], [2, 3])),
    lambda x: tf.exp(tf.strided_slice(x, [0, 1], [3, 4], [2, 2])),
    lambda x: tf.exp(tf.pad(x, [[1, 2], [0, 1]])),
    lambda x: tf.exp(tf.pad(x, [[2, 1], [1, 3]], "REFLECT")),
    lambda x: tf.exp(tf.pad(x, [[3, 1], [1, 4]], "SYMMETRIC")),
    lambda x: tf.exp(tf.reverse(x, [0])),
    lambda x: tf.exp(tf.roll(x, [1, 2], [0, 1])),
    lambda x: tf.exp(tf.reverse_sequence(x, [1, 2, 4], 1, 0)),
]


def test_table_is_complete():
    assert named(VALUES) == declared(family)


@pytest.mark.parametrize("names, call, expected", VALUES, ids=ids(VALUES))
def test_values(device, names, call, expected):
    assert_value(call(), expected)


@pytest.mark.parametrize("f", GRADIENTS)
def test_gradients(f):
    check_gradients(f, X.astype(float))


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: tf.slice(X, [1, 1], [3, 1]), Bad, r"size.0. in .0, 2., but got 1 and 3"),
        (lambda: tf.slice(X, [1], [1]), Bad, "of size 2"),
        (lambda: tf.pad(X, [[1, 1]]), Bad, "2 rows"),
        (lambda: tf.pad(X, [[-1, 0], [0, 0]]), Bad, "non-negative"),
        (lambda: tf.pad(X, [[3, 0], [0, 0]], "REFLECT"), Bad, "less than the dimension size"),
        (lambda: tf.pad(X, [[4, 0], [0, 0]], "SYMMETRIC"), Bad, "no greater than"),
        (lambda: tf.pad(X, [[0, 0], [0, 0]], "EDGE"), ValueError, "mode"),
        (lambda: tf.reverse(X, [0, 0]), Bad, "duplicate"),
        (lambda: tf.roll(X, [1], [0, 1]), Bad, "same size"),
        (lambda: tf.roll(1.0, 1, 0), Bad, "1-D"),
        (lambda: tf.reverse_sequence(X, [1, 2], 1, 0), Bad, "seq_lengths .2,."),
    ],
)
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call()
