"""Clipping by norm: values, None and sparse entries, gradients of two orders."""

import numpy as np
import pytest

import gputape as tf
from gputape.ops import clip as family
from gputape.testing import check_gradients
from tests.ops.declared import assert_value, declared, ids, named

X = np.random.default_rng(0).standard_normal((3, 4)).astype(np.float32)
V = np.array([3, 4], np.float32)
NORM = np.linalg.norm(X)

VALUES = [
    ("clip_by_norm", lambda: tf.clip_by_norm(X, 1.0), X / NORM),
    ("clip_by_norm", lambda: tf.clip_by_norm(X, 100.0), X),
    ("clip_by_norm", lambda: tf.clip_by_norm(X, 0.1, axes=[1]), 0.1 * X / np.linalg.norm(X, axis=1, keepdims=True)),
    ("clip_by_norm", lambda: tf.clip_by_norm([0.0, 0.0], 1.0), np.zeros(2, np.float32)),
    ("clip_by_average_norm", lambda: tf.compat.v1.clip_by_average_norm(X, 0.1), X * 0.1 * min(12 / NORM, 10)),
    ("global_norm", lambda: tf.linalg.global_norm([V, None, [12.0]]), np.float32(13)),
    (
        "clip_by_global_norm",
        lambda: tf.clip_by_global_norm([V, [12.0]], 1.3),
        ([V / 10, np.float32([1.2])], np.float32(13)),
    ),
    ("clip_by_global_norm", lambda: tf.clip_by_global_norm([V], 9.0), ([V], np.float32(5))),
    (
        "clip_by_global_norm",
        lambda: tf.clip_by_global_norm([V], 1.0, use_norm=tf.constant(2.0)),
        ([V / 2], np.float32(2)),
    ),
    (
        "clip_by_global_norm",
        lambda: tf.clip_by_global_norm([np.float32([np.inf, 1])], 1.0)[0],
        [np.float32([np.nan] * 2)],
    ),
]


def test_table_is_complete():
    assert named(VALUES) == declared(family)


@pytest.mark.parametrize("names, call, expected", VALUES, ids=ids(VALUES))
def test_values(device, names, call, expected):
    assert_value(call(), expected)


def test_none_and_sparse_entries_stay_what_they_are():
    sparse = tf.IndexedSlices(tf.constant([[3.0], [4.0]]), tf.constant([0, 5]), (9, 1))
    (nothing, clipped), norm = tf.clip_by_global_norm([None, sparse], 1.0)
    assert nothing is None and norm.numpy() == 5
    assert isinstance(clipped, tf.IndexedSlices) and clipped.indices is sparse.indices
    np.testing.assert_allclose(clipped.values, [[0.6], [0.8]], rtol=1e-6)
    assert isinstance(tf.clip_by_norm(sparse, 1.0), tf.IndexedSlices)


@pytest.mark.parametrize("norm", [0.5, 50.0])
def test_gradients(norm):
    check_gradients(lambda x: tf.clip_by_norm(x, norm, axes=[1]), X.astype(float))
    check_gradients(lambda x, v: tf.clip_by_global_norm([x, v], norm)[0], X.astype(float), V.astype(float))
    check_gradients(lambda x: tf.compat.v1.clip_by_average_norm(x, norm / 12), X.astype(float))


def test_gradient_at_zero_is_finite():
    x = tf.zeros([2])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.clip_by_norm(x, 1.0)
    np.testing.assert_array_equal(tape.gradient(y, x), [1, 1])


def test_a_tensor_is_no_list():
    with pytest.raises(TypeError, match="should be a sequence"):
        tf.clip_by_global_norm(tf.constant(X), 1.0)
