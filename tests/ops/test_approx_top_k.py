"""approx_max_k and approx_min_k are exact."""

import numpy as np
import pytest

import gputape as tf
from gputape.ops import approx_top_k
from gputape.testing import check_gradients
from tests.ops.declared import declared

X = np.random.default_rng(14).permutation(24).reshape(2, 3, 4).astype(np.float64)


def test_every_function_is_here():
    assert declared(approx_top_k) == {"approx_max_k", "approx_min_k"}
    assert tf.math.approx_max_k is tf.nn.approx_max_k


@pytest.mark.parametrize("axis", [-1, 0, 1])
def test_values(axis):
    k = 2
    largest = np.flip(np.sort(X, axis), axis).take(range(k), axis)
    values, indices = tf.nn.approx_max_k(tf.constant(X), k, axis)
    np.testing.assert_array_equal(values, largest)
    assert indices.dtype == tf.int32
    np.testing.assert_array_equal(np.take_along_axis(X, indices.numpy(), axis), largest)
    np.testing.assert_array_equal(
        tf.nn.approx_min_k(tf.constant(X), k, axis).values, np.sort(X, axis).take(range(k), axis)
    )


def test_gradients():
    check_gradients(lambda x: tf.nn.approx_min_k(x, 2, 1).values ** 2, X / 24, atol=1e-5)
