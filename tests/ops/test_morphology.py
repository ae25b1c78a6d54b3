"""Dilation, erosion and max pools with places against loops over the windows."""

import numpy as np
import pytest

import gputape as tf
from gputape.errors import InvalidArgumentError
from gputape.ops import morphology
from gputape.testing import check_gradients
from tests.ops.declared import declared

RNG = np.random.default_rng(12)
ONE = [1, 1, 1, 1]


def apart(*shape):
    return RNG.permutation(np.linspace(-2, 2, int(np.prod(shape)))).reshape(shape)


X, W = apart(2, 5, 6, 3), apart(2, 3, 3)


def test_every_op_is_here():
    assert declared(morphology) == {"dilation2d", "erosion2d", "largest", "max_pool_with_argmax"}


@pytest.mark.parametrize("rates", [(1, 1), (2, 1)])
@pytest.mark.parametrize("strides", [(1, 1), (2, 3)])
def test_dilation(rates, strides, device):
    made = tf.nn.dilation2d(tf.constant(X), W, [1, *strides, 1], "VALID", "NHWC", [1, *rates, 1]).numpy()
    expected = np.full((2, 5 - rates[0], 6 - 2 * rates[1], 3), -np.inf)
    for i in range(2):
        for j in range(3):
            seen = X[:, i * rates[0] :, j * rates[1] :][:, : expected.shape[1], : expected.shape[2]]
            expected = np.maximum(expected, seen + W[i, j])
    np.testing.assert_allclose(made, expected[:, :: strides[0], :: strides[1]], rtol=1e-12)


def test_padding_is_never_chosen():
    x = np.full((1, 3, 3, 1), -100.0, np.float32)
    made = tf.nn.dilation2d(x, np.zeros((3, 3, 1), np.float32), ONE, "SAME", "NHWC", ONE)
    np.testing.assert_array_equal(made, x)


def test_integers():
    x = tf.reshape(tf.range(16), [1, 4, 4, 1])
    made = tf.nn.dilation2d(x, tf.constant([[[-3], [2]]]), ONE, "VALID", "NHWC", ONE)
    assert made.dtype == tf.int32
    np.testing.assert_array_equal(made[..., 0], x.numpy()[:, :, 1:, 0] + 2)


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
def test_erosion_is_dilation_of_the_negative(padding):
    made = tf.nn.erosion2d(tf.constant(X), W, ONE, padding, "NHWC", ONE)
    expected = -tf.nn.dilation2d(tf.constant(-X), W[::-1, ::-1].copy(), ONE, padding, "NHWC", ONE)
    np.testing.assert_array_equal(made, expected)


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize("window, strides", [(2, 2), (3, 1), ([1, 2, 3, 1], [1, 1, 2, 1])])
@pytest.mark.parametrize("batched", [False, True])
def test_max_pool_with_argmax(padding, window, strides, batched, device):
    y, places = tf.nn.max_pool_with_argmax(tf.constant(X), window, strides, padding, include_batch_in_index=batched)
    np.testing.assert_array_equal(y, tf.nn.max_pool2d(tf.constant(X), window, strides, padding))
    flat = places.numpy() + (0 if batched else np.arange(2)[:, None, None, None] * (5 * 6 * 3))
    assert places.dtype == tf.int64
    np.testing.assert_array_equal(X.ravel()[flat], y)


def test_the_first_of_equals_and_the_type():
    made = tf.nn.max_pool_with_argmax(np.zeros((1, 2, 2, 1), np.float32), 2, 2, "VALID", output_dtype=tf.int32)
    assert made.argmax.dtype == tf.int32 and made.argmax.numpy().item() == 0
    assert tf.nn.max_pool_with_argmax(np.zeros((0, 2, 2, 1), np.float32), 2, 2, "VALID").output.shape == (0, 1, 1, 1)


def test_gradients():
    x, w = apart(1, 3, 3, 2), apart(2, 2, 2)
    check_gradients(lambda x, w: tf.nn.dilation2d(x, w, ONE, "SAME", "NHWC", ONE) ** 2, x, w)
    check_gradients(lambda x, w: tf.nn.erosion2d(x, w, ONE, "VALID", "NHWC", ONE) ** 2, x, w)
    check_gradients(lambda x: tf.nn.max_pool_with_argmax(x, 2, 1, "SAME").output ** 2, x)


def test_errors():
    for f in (tf.nn.dilation2d, tf.nn.erosion2d):
        with pytest.raises(ValueError, match="other than 'NHWC'"):
            f(X, W, ONE, "SAME", "NCHW", ONE)
        with pytest.raises(InvalidArgumentError, match=r"filters \(2, 3, 2\)"):
            f(X, W[..., :2], ONE, "SAME", "NHWC", ONE)
    with pytest.raises(ValueError, match="other than 'NHWC'"):
        tf.nn.max_pool_with_argmax(X, 2, 2, "SAME", "NCHW")
