"""Stacking, splitting and repeating: values against NumPy, gradients of two orders, and what is refused."""

import numpy as np
import pytest

import gputape as tf
from gputape.ops import join as family
from gputape.testing import check_gradients
from tests.ops.declared import assert_value, declared, ids, named

X = np.random.default_rng(0).standard_normal((3, 4)).astype(np.float32)
Y = X[:, :1]
Bad = tf.errors.InvalidArgumentError

VALUES = [
    ("stack stacked", lambda: tf.stack([X, X], 1), np.stack([X, X], 1)),
    ("stack", lambda: tf.stack([X, X], -1), np.stack([X, X], -1)),
    ("stack", lambda: tf.stack([tf.constant(1.5), 2]), np.float32([1.5, 2])),
    ("stack", lambda: tf.stack([1, 2.5]), np.float32([1, 2.5])),
    ("stack", lambda: tf.stack(X, 1), X.T),
    ("parallel_stack", lambda: tf.parallel_stack([X, X]), np.stack([X, X])),
    ("unstack unstacked", lambda: tf.unstack(X), list(X)),
    ("unstack", lambda: tf.unstack(X, 4, -1), list(X.T)),
    ("unstack", lambda: tf.unstack(X[:1]), [X[0]]),
    ("unstack", lambda: tf.unstack(X[:0]), []),
    ("concat joined", lambda: tf.concat([X, Y], -1), np.hstack([X, Y])),
    ("concat", lambda: tf.concat([X], 0), X),
    ("concat", lambda: tf.concat([[1.0], [2]], 0), np.float32([1, 2])),
    ("concat", lambda: tf.concat([X, X[:0]], 0), X),
    ("split pieces", lambda: tf.split(X, 2, 1), [X[:, :2], X[:, 2:]]),
    ("split", lambda: tf.split(X, [1, -1]), [X[:1], X[1:]]),
    ("split", lambda: tf.split(X, 1), [X]),
    ("tile tiled", lambda: tf.tile(X, [2, 3]), np.tile(X, (2, 3))),
    ("tile", lambda: tf.tile(X, [0, 1]), X[:0]),
    ("repeat", lambda: tf.repeat(X, 2, 1), np.repeat(X, 2, 1)),
    ("repeat", lambda: tf.repeat(X, [1, 0, 2], 0), np.repeat(X, [1, 0, 2], 0)),
    ("repeat", lambda: tf.repeat(3, 2), np.int32([3, 3])),
    ("repeat", lambda: tf.repeat(X, 2), np.repeat(X, 2)),
]
GRADIENTS = [
    lambda x, y: tf.exp(tf.stack([x, x + y], 1)),
    lambda x, y: [tf.exp(t) for t in tf.unstack(x * y, axis=1)[1:]],
    lambda x, y: [tf.exp(t) for t in tf.unstack(x[:1] * y[0])],
    lambda x, y: tf.exp(tf.concat([x, y, x], 1)),
    lambda x, y: [tf.exp(t) for t in tf.split(x * y, [1, 3], 1)],
    lambda x, y: [tf.exp(t) for t in tf.split(x * y, [3])],
    lambda x, y: tf.exp(tf.tile(x * y, [2, 3])),
    lambda x, y: tf.exp(tf.repeat(x * y, 3, 1)),
    lambda x, y: tf.exp(tf.repeat(x * y, [1, 0, 2], 0)),
]


def test_table_is_complete():
    assert named(VALUES) == declared(family)


@pytest.mark.parametrize("names, call, expected", VALUES, ids=ids(VALUES))
def test_values(device, names, call, expected):
    assert_value(call(), expected)


@pytest.mark.parametrize("f", GRADIENTS)
def test_gradients(f):
    check_gradients(f, X.astype(float), Y.astype(float))


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: tf.stack([tf.constant(X), Y]), Bad, r"values.0..shape = .3, 4. != values.1..shape = .3, 1."),
        (lambda: tf.stack([tf.constant(X)], 3), ValueError, "not in range"),
        (lambda: tf.stack([tf.constant(1), 2.5], 0), TypeError, "int32"),
        (lambda: tf.unstack(X, 2), Bad, "num=2"),
        (lambda: tf.unstack(1.0), ValueError, "shape"),
        (lambda: tf.unstack(X, axis=2), ValueError, "not in range"),
        (lambda: tf.concat([X, Y], 0), Bad, r"shape.0. = .3, 4. vs. shape.1. = .3, 1."),
        (lambda: tf.concat([X, X], 2), Bad, "axis = 2"),
        (lambda: tf.concat([], 0), Bad, "empty"),
        (lambda: tf.concat([1.0, 2.0], 0), Bad, "scalar"),
        (lambda: tf.concat([tf.constant([1]), tf.constant([1.0])], 0), Bad, "int32.*float"),
        (lambda: tf.split(X, 3, 1), Bad, "evenly divide"),
        (lambda: tf.split(X, [1, 1]), Bad, "must add up"),
        (lambda: tf.tile(X, [2]), Bad, "vector of length 2"),
        (lambda: tf.repeat(X, [1, 2], 0), Bad, "2 repeats for axis 0"),
    ],
)
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call()
