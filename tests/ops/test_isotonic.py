"""Isotonic regression against its definition: in order, and no vector in order is nearer."""

import numpy as np
import pytest

import gputape as tf
from gputape.ops import isotonic
from gputape.testing import check_gradients
from tests.ops.declared import declared

RNG = np.random.default_rng(13)


def test_every_op_is_here():
    assert declared(isotonic) == {"isotonic_regression", "isotonic_segments"}


def minmax(x):
    """max over i <= k of min over j >= k of the mean of x[i..j] is the increasing solution."""
    n = len(x)
    return [max(min(x[i : j + 1].mean() for j in range(k, n)) for i in range(k + 1)) for k in range(n)]


@pytest.mark.parametrize("decreasing", [True, False])
def test_values(decreasing):
    x = RNG.standard_normal((4, 9))
    y, segments = tf.nn.isotonic_regression(tf.constant(x), decreasing)
    expected = [minmax(row) if not decreasing else minmax(row[::-1])[::-1] for row in x]
    np.testing.assert_allclose(y, expected, rtol=1e-12)
    np.testing.assert_array_equal(np.diff(segments.numpy()) == 1, np.abs(np.diff(y.numpy())) > 1e-12)


@pytest.mark.parametrize("axis", [0, 1, 2, -2])
def test_axis(axis):
    x = RNG.standard_normal((3, 4, 5))
    y, segments = tf.nn.isotonic_regression(tf.constant(x), axis=axis)
    moved = tf.nn.isotonic_regression(tf.constant(np.moveaxis(x, axis, -1)))
    np.testing.assert_array_equal(np.moveaxis(y.numpy(), axis, -1), moved.output)
    np.testing.assert_array_equal(np.moveaxis(segments.numpy(), axis, -1), moved.segments)


def test_types():
    y, segments = tf.nn.isotonic_regression(tf.constant([[3, 1, 2], [1, 2, 3]]))
    assert (y.dtype, segments.dtype) == (tf.float64, tf.int32)
    assert y.numpy().tolist() == [[3, 1.5, 1.5], [2, 2, 2]]
    assert tf.nn.isotonic_regression(tf.constant([1.0], tf.float16)).output.dtype == tf.float16
    assert tf.nn.isotonic_regression(tf.zeros([0, 3])).output.shape == (0, 3)


def test_gradients():
    check_gradients(lambda x: tf.nn.isotonic_regression(x).output ** 2, RNG.standard_normal((2, 5)))
