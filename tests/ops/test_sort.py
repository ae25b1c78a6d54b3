"""Sorting: stable in both directions, gradients that follow the elements."""

import numpy as np
import pytest

import gputape as tf
from gputape.ops import sort as family
from gputape.testing import check_gradients
from tests.ops.declared import assert_value, declared, ids, named

X = np.random.default_rng(0).standard_normal((3, 4)).astype(np.float32)
TIED = np.array([3, 1, 1, 2, 3], np.int32)
U = np.array([5, 255, 0], np.uint8)
Bad = tf.errors.InvalidArgumentError

VALUES = [
    ("sort best", lambda: tf.sort(X, 0), np.sort(X, 0)),
    ("sort", lambda: tf.sort(X, direction="DESCENDING"), -np.sort(-X)),
    ("sort", lambda: tf.sort(U, direction="DESCENDING"), np.uint8([255, 5, 0])),
    (
        "sort",
        lambda: tf.sort(tf.cast(X, tf.bfloat16)),
        np.sort(X.astype(tf.bfloat16.numpy).astype("f")).astype(tf.bfloat16.numpy),
    ),
    ("sort", lambda: tf.sort(X[:0], 0), X[:0]),
    ("argsort", lambda: tf.argsort(TIED), np.int32([1, 2, 3, 0, 4])),
    ("argsort", lambda: tf.argsort(TIED, direction="DESCENDING"), np.int32([0, 4, 3, 1, 2])),
    ("argsort", lambda: tf.argsort(X, 0), np.argsort(X, 0).astype(np.int32)),
    ("top_k", lambda: tf.math.top_k(TIED, 3), (np.int32([3, 3, 2]), np.int32([0, 4, 3]))),
    ("top_k", lambda: tf.nn.top_k(X, 1, index_type=tf.int64).indices, X.argmax(1)[:, None]),
    ("top_k", lambda: tf.math.top_k(X, 0)[0], X[:, :0]),
    ("picked", lambda: family.picked(X, [[3, 0]] * 3), X[:, [3, 0]]),
    ("put_back", lambda: family.put_back(X[:, :2], [[3, 0]] * 3, size=4)[:, 3], X[:, 0]),
    ("invert_permutation inverse_permutation", lambda: tf.math.invert_permutation([2, 0, 1]), np.int32([1, 2, 0])),
]


def test_table_is_complete():
    assert named(VALUES) == declared(family)


@pytest.mark.parametrize("names, call, expected", VALUES, ids=ids(VALUES))
def test_values(device, names, call, expected):
    assert_value(call(), expected)


def test_gradients():
    x = X.astype(float)
    check_gradients(lambda x: tf.exp(tf.sort(x, 0)), x)
    check_gradients(lambda x: tf.exp(tf.math.top_k(x, 2).values), x)
    check_gradients(lambda x: tf.exp(family.picked(x, [[3, 0]] * 3)), x)
    check_gradients(lambda x: tf.exp(family.put_back(x, [[3, 0, 5, 1]] * 3, size=6)), x)


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: tf.sort(X, direction="UP"), ValueError, "direction=UP"),
        (lambda: tf.sort(X, 2), Bad, "axis = 2"),
        (lambda: tf.sort(1.0), ValueError, "at least one axis"),
        (lambda: tf.math.top_k(X, 5), Bad, "at least k=5 columns. Had shape .3, 4."),
        (lambda: tf.math.invert_permutation([2, 2, 0]), Bad, "each of 0 to 2 once"),
        (lambda: tf.math.invert_permutation([[0]]), Bad, "1D"),
    ],
)
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call()
