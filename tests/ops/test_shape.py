"""Shapes: asking for them, reshaping and broadcasting, and what is refused."""

import numpy as np
import pytest

import gputape as tf
from gputape.ops import shape as family
from gputape.testing import check_gradients
from tests.ops.declared import assert_value, declared, ids, named

X = np.random.default_rng(0).standard_normal((3, 4)).astype(np.float32)
V = X[0]
COLUMN = np.zeros((1, 2, 1), np.float32)
EMPTY = np.zeros((0, 3), np.float32)
Bad = tf.errors.InvalidArgumentError

VALUES = [
    ("shape", lambda: tf.shape(X), np.array([3, 4], np.int32)),
    ("shape", lambda: tf.shape(1.0, out_type=tf.int64), np.zeros(0, np.int64)),
    ("shape_n", lambda: tf.shape_n([X, V]), [np.array([3, 4], np.int32), np.array([4], np.int32)]),
    ("size", lambda: tf.size(X), np.int32(12)),
    ("rank", lambda: tf.rank(X), np.int32(2)),
    ("broadcast_static_shape", lambda: tf.broadcast_static_shape((2, 1), (3,)).as_list(), [2, 3]),
    ("broadcast_static_shape", lambda: tf.broadcast_static_shape((None, 1), (3, None)).as_list()[0], 3),
    ("broadcast_dynamic_shape", lambda: tf.broadcast_dynamic_shape([2, 1], [3]), np.array([2, 3], np.int32)),
    ("ensure_shape", lambda: tf.ensure_shape(X, [None, 4]), X),
    ("reshape view", lambda: tf.reshape(X, [2, -1]), X.reshape(2, 6)),
    ("reshape", lambda: tf.reshape(X, -1), X.reshape(-1)),
    ("reshape", lambda: tf.reshape(X, (tf.shape(X)[1], 3)), X.reshape(4, 3)),
    ("reshape", lambda: tf.reshape(X.T, [12]), X.T.reshape(12)),
    ("reshape", lambda: tf.reshape(EMPTY, [3, -1]), EMPTY.T),
    ("reshape", lambda: tf.reshape(EMPTY, [0, -1]), EMPTY),
    ("expand_dims", lambda: tf.expand_dims(X, -1), X[..., None]),
    ("expand_dims", lambda: tf.expand_dims(2.0, 0), np.float32([2])),
    ("squeeze", lambda: tf.squeeze(COLUMN), COLUMN[0, :, 0]),
    ("squeeze", lambda: tf.squeeze(COLUMN, [-1]), COLUMN[..., 0]),
    ("broadcast_to expanded", lambda: tf.broadcast_to(V, [3, 4]), np.broadcast_to(V, (3, 4))),
    ("broadcast_to", lambda: tf.broadcast_to(3, [2, 0]), np.zeros((2, 0), np.int32)),
    ("bitcast bits", lambda: tf.bitcast(V, tf.int32), V.view(np.int32)),
    ("bitcast", lambda: tf.bitcast(V, tf.uint8), V.view(np.uint8).reshape(4, 4)),
    ("bitcast", lambda: tf.bitcast(X.reshape(6, 2), tf.int64), X.view(np.int64).reshape(6)),
    ("identity_n", lambda: tf.identity_n([X, V]), [X, V]),
    ("unravel_index coordinates", lambda: tf.unravel_index([5, 2], [2, 3]), np.array([[1, 0], [2, 2]], np.int32)),
    ("unravel_index", lambda: tf.unravel_index(5, [2, 3]), np.array([1, 2], np.int32)),
]


def test_table_is_complete():
    assert named(VALUES) == declared(family)


@pytest.mark.parametrize("names, call, expected", VALUES, ids=ids(VALUES))
def test_values(device, names, call, expected):
    assert_value(call(), expected)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: tf.exp(tf.reshape(x, [2, 6])),
        lambda x: tf.exp(tf.expand_dims(x, 1)),
        lambda x: tf.exp(tf.squeeze(tf.reshape(x, [3, 1, 4]))),
        lambda x: tf.exp(tf.broadcast_to(x, [2, 3, 4])),
        lambda x: tf.exp(tf.broadcast_to(tf.reshape(x, [3, 1, 4]), [3, 2, 4])),
    ],
)
def test_gradients(f):
    check_gradients(f, X.astype(float))


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: tf.reshape(X, [5, 5]), Bad, "12 values, but the requested shape has 25.*.3, 4."),
        (lambda: tf.reshape(X, [7, -1]), Bad, "multiple of 7"),
        (lambda: tf.reshape(X, [-1, -1]), Bad, "only one may be -1"),
        (lambda: tf.reshape(X, [2.0, 6.0]), TypeError, "float"),
        (lambda: tf.reshape(X, tf.constant([2.0])), TypeError, "float32"),
        (lambda: tf.expand_dims(X, 3), Bad, "axis = 3"),
        (lambda: tf.squeeze(COLUMN, 1), Bad, "expected a dimension of 1, got 2"),
        (lambda: tf.broadcast_to(V, [3, 5]), Bad, "expanded.*.4,.*.3, 5."),
        (lambda: tf.ensure_shape(X, [None, 5]), Bad, "not compatible"),
        (lambda: tf.broadcast_static_shape((2, 2), (3,)), ValueError, "Incompatible shapes"),
        (lambda: tf.broadcast_dynamic_shape([2, 2], [3]), Bad, "Incompatible shapes"),
        (lambda: tf.unravel_index([6], [2, 3]), Bad, "out of bound"),
        (lambda: tf.bitcast(X[:, :3], tf.complex128), Bad, "last axis must have size 4"),
    ],
)
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_static_turns_everything_into_python_ints():
    assert family.static([tf.constant(2), np.int64(3), 4]) == (2, 3, 4)
    assert family.static(tf.constant([[1, 2]])) == ((1, 2),)
    assert family.static(tf.TensorShape([2, None])) == (2, None)
    assert type(family.static(np.int8(3))) is int
    with pytest.raises(TypeError):
        family.static(2.0)


def test_shapes_stay_on_the_host():
    assert isinstance(tf.shape(X)._array, np.ndarray)
