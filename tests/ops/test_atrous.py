"""Windows with holes against windows over every other pixel."""

import numpy as np
import pytest

import gputape as tf
from gputape.ops import atrous
from gputape.testing import check_gradients
from tests.ops.declared import declared

RNG = np.random.default_rng(10)
X = RNG.standard_normal((2, 6, 7, 3))


def test_every_function_is_here():
    assert declared(atrous) == {"atrous_conv2d_transpose", "pool", "with_space_to_batch"}


@pytest.mark.parametrize("kind, reduce", [("MAX", np.max), ("AVG", np.mean)])
@pytest.mark.parametrize("rates", [(1, 1), (2, 2), (1, 3)])
def test_pools_with_holes(kind, reduce, rates):
    made = tf.nn.pool(tf.constant(X), [2, 2], kind, dilations=rates).numpy()
    a, b = rates
    height, width = 6 - a, 7 - b
    taps = [X[:, i * a : i * a + height, j * b : j * b + width] for i in (0, 1) for j in (0, 1)]
    np.testing.assert_allclose(made, reduce(taps, axis=0), rtol=1e-12)


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
def test_plain_pools(padding):
    x = tf.constant(X)
    np.testing.assert_array_equal(
        tf.nn.pool(x, [2, 3], "MAX", [2, 1], padding), tf.nn.max_pool2d(x, [2, 3], [2, 1], padding)
    )
    np.testing.assert_array_equal(
        tf.nn.pool(x[:, :, 0], [2], "AVG", [2], padding), tf.nn.avg_pool1d(x[:, :, 0], 2, 2, padding)
    )
    first = tf.nn.pool(tf.transpose(x, [0, 3, 1, 2]), [2, 2], "MAX", padding=padding, data_format="NCHW")
    np.testing.assert_array_equal(tf.transpose(first, [0, 2, 3, 1]), tf.nn.max_pool2d(x, 2, 1, padding))


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize("rates", [[2, 3], [1, 2]])
def test_with_space_to_batch_is_a_dilated_convolution(padding, rates):
    w = RNG.standard_normal((3, 2, 3, 4))

    def convolve(x, num_spatial_dims, padding):
        assert num_spatial_dims == 2
        return tf.nn.conv2d(x, w, 1, padding)

    made = tf.nn.with_space_to_batch(tf.constant(X), rates, padding, convolve, filter_shape=[3, 2])
    np.testing.assert_allclose(made, tf.nn.conv2d(tf.constant(X), w, 1, padding, dilations=rates), atol=1e-12)


@pytest.mark.parametrize("padding, shape", [("SAME", (2, 6, 7, 4)), ("VALID", (2, 10, 9, 4))])
def test_atrous_transpose_is_the_adjoint(padding, shape):
    w = tf.constant(RNG.standard_normal((3, 2, 4, 3)))
    big = tf.constant(RNG.standard_normal(shape))
    made = tf.nn.atrous_conv2d_transpose(tf.constant(X), w, shape, 2, padding)
    down = tf.nn.atrous_conv2d(big, w, 2, padding)
    np.testing.assert_allclose(np.sum(made.numpy() * big.numpy()), np.sum(down.numpy() * X), rtol=1e-10)


def test_gradients():
    x = RNG.permutation(np.linspace(-1, 1, 15)).reshape(1, 5, 3, 1)
    check_gradients(lambda v: tf.nn.pool(v, [2, 2], "MAX", dilations=[2, 1]) ** 2, x)


@pytest.mark.parametrize(
    "arguments, told",
    [
        (([2, 2], "LEAST"), "2-D LEAST pooling is not supported"),
        (([2], "MAX"), "must have rank 3"),
        (([2, 2], "MAX", [2, 2], "VALID", None, [2, 2]), "not supported in conjunction"),
        (([2, 2], "MAX", None, "SAME", None, [2, 2]), "'SAME' padding is not implemented"),
    ],
)
def test_errors(arguments, told):
    with pytest.raises(ValueError, match=told):
        tf.nn.pool(X, *arguments)
    with pytest.raises(ValueError, match="needs filter_shape"):
        tf.nn.with_space_to_batch(X, [2, 2], "SAME", None)
