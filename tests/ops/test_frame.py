"""Frames against slices, overlap_and_add as their adjoint, gradients, errors."""

import numpy as np
import pytest

import gputape as tf
from gputape.errors import InvalidArgumentError
from gputape.ops import frame
from gputape.registry import OPS
from gputape.testing import check_gradients
from tests.ops.declared import declared

RNG = np.random.default_rng(5)
X = RNG.standard_normal((2, 13))
STEPS = [(5, 2), (4, 4), (3, 5), (13, 1), (7, 3), (20, 3)]


def test_every_op_is_here():
    assert declared(frame) == {"frame", "framed", "overlap_and_add", "overlapped"}


@pytest.mark.parametrize("length, step", STEPS)
def test_frames_are_slices(length, step, device):
    made = tf.signal.frame(tf.constant(X), length, step).numpy()
    starts = range(0, 13 - length + 1, step)
    expected = np.stack([X[:, s : s + length] for s in starts], 1) if starts else np.zeros((2, 0, length))
    np.testing.assert_array_equal(made, expected)
    padded = np.pad(X, [[0, 0], [0, length]], constant_values=7.0)
    expected = np.stack([padded[:, s : s + length] for s in range(0, 13, step)], 1)
    np.testing.assert_array_equal(tf.signal.frame(tf.constant(X), length, step, True, 7.0), expected)


def test_any_axis_and_type():
    x = RNG.integers(0, 9, (4, 3, 5))
    made = tf.signal.frame(tf.constant(x), 2, 1, axis=1).numpy()
    np.testing.assert_array_equal(made, np.stack([x[:, 0:2], x[:, 1:3]], 1))
    assert tf.signal.frame(tf.zeros([0], tf.float16), 2, 1, True).shape == (0, 2)
    assert tf.signal.frame(["a", "b", "c"], 2, 1).numpy().tolist() == [[b"a", b"b"], [b"b", b"c"]]


@pytest.mark.parametrize("step", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("dtype", [np.float64, np.float16, np.int32])
def test_overlap_and_add(step, dtype, device):
    x = RNG.integers(-9, 9, (2, 4, 5)).astype(dtype)
    expected = np.zeros((2, 3 * step + 5), dtype)
    for k in range(4):
        expected[:, k * step : k * step + 5] += x[:, k]
    made = tf.signal.overlap_and_add(tf.constant(x), step).numpy()
    assert made.dtype == dtype
    np.testing.assert_array_equal(made, expected)


@pytest.mark.parametrize("length, step", STEPS)
def test_gradients(length, step):
    check_gradients(lambda v: tf.signal.frame(v, length, step, True) ** 2, X[:1])
    check_gradients(lambda v: tf.signal.frame(v, length, step) ** 2, X[:1])
    check_gradients(lambda v: tf.signal.overlap_and_add(v, step) ** 2, RNG.standard_normal((2, 3, 4)))


@pytest.mark.parametrize("size", [3, 6, 9])
def test_overlapped_of_any_size(size):
    check_gradients(lambda v: OPS["overlapped"](v, step=2, size=size) ** 2, RNG.standard_normal((3, 2)))


def test_errors():
    with pytest.raises(InvalidArgumentError, match="frame_step=0 must be positive"):
        tf.signal.frame(X, 2, 0)
    with pytest.raises(ValueError, match="two axes"):
        tf.signal.overlap_and_add([1.0], 2)
    with pytest.raises(ValueError, match="must be a scalar"):
        tf.signal.frame(X, [2], 1)
