"""Statistics: values against NumPy, gradients of two orders."""

import numpy as np
import pytest

import gputape as tf
from gputape.ops import moments as family
from gputape.testing import check_gradients
from tests.ops.declared import assert_value, declared, ids, named

RNG = np.random.default_rng(0)
X = RNG.standard_normal((3, 4)).astype(np.float32)
Z = X + 1j * X[::-1]
W = np.abs(X)
MEAN = (W * X).sum(0) / W.sum(0)
V = np.array([1, 2, 3], np.float32)

VALUES = [
    (
        "reduce_euclidean_norm euclidean_norm_over",
        lambda: tf.math.reduce_euclidean_norm(X, 1),
        np.linalg.norm(X, axis=1),
    ),
    ("reduce_euclidean_norm", lambda: tf.math.reduce_euclidean_norm([3, 4]), np.int32(5)),
    (
        "reduce_euclidean_norm",
        lambda: tf.math.reduce_euclidean_norm(Z, 1),
        np.linalg.norm(Z, axis=1).astype("complex64"),
    ),
    ("reduce_variance", lambda: tf.math.reduce_variance(X, 0), X.var(0)),
    ("reduce_variance", lambda: tf.math.reduce_variance(Z, 0), Z.var(0)),
    ("reduce_std", lambda: tf.math.reduce_std(X, keepdims=True), X.std(keepdims=True)),
    ("count_nonzero", lambda: tf.math.count_nonzero([[0, 1], [2, 3]], 1), np.array([1, 2])),
    ("count_nonzero", lambda: tf.math.count_nonzero([True, False], dtype=tf.int32), np.int32(1)),
    ("count_nonzero", lambda: tf.math.count_nonzero(["", "a"]), np.int64(1)),
    ("zero_fraction", lambda: tf.nn.zero_fraction([0, 1, 2, 0]), np.float32(0.5)),
    ("moments", lambda: tf.nn.moments(X, [0]), (X.mean(0), X.var(0))),
    ("moments", lambda: tf.nn.moments(X, [0, 1], keepdims=True), (X.mean(keepdims=True), X.var(keepdims=True))),
    ("moments", lambda: tf.nn.moments(tf.fill([9999], np.float16(9)), 0), (np.float16(9), np.float16(0))),
    ("weighted_moments", lambda: tf.nn.weighted_moments(X, [0], W), (MEAN, (W * (X - MEAN) ** 2).sum(0) / W.sum(0))),
    (
        "sufficient_statistics",
        lambda: tf.nn.sufficient_statistics(X, [0])[:3],
        (np.float32(3), X.sum(0), (X**2).sum(0)),
    ),
    ("sufficient_statistics", lambda: tf.nn.sufficient_statistics(V, [0], shift=1.0), tuple(np.float32([3, 3, 5, 1]))),
    ("normalize_moments", lambda: tf.nn.normalize_moments(2.0, V, V, 1.0), (V / 2 + 1, V / 2 - V**2 / 4)),
    ("l2_normalize", lambda: tf.math.l2_normalize(X, 1), X / np.linalg.norm(X, axis=1, keepdims=True)),
    ("l2_normalize", lambda: tf.nn.l2_normalize([0.0, 0.0]), np.zeros(2, np.float32)),
]
GRADIENTS = [
    lambda x: tf.math.reduce_euclidean_norm(x, 1),
    lambda x: tf.math.reduce_variance(x, 0),
    lambda x: tf.math.reduce_std(x),
    lambda x: tf.nn.moments(x, [0]),
    lambda x: tf.nn.weighted_moments(x, [0], tf.exp(x)),
    lambda x: tf.math.l2_normalize(x, 1),
]


def test_table_is_complete():
    assert named(VALUES) == declared(family)


@pytest.mark.parametrize("names, call, expected", VALUES, ids=ids(VALUES))
def test_values(device, names, call, expected):
    assert_value(call(), expected, rtol=1e-4)


@pytest.mark.parametrize("f", GRADIENTS)
def test_gradients(f):
    check_gradients(f, X.astype(np.float64))


def test_integers_have_no_variance():
    with pytest.raises(TypeError, match="integer"):
        tf.math.reduce_variance([1, 2])
