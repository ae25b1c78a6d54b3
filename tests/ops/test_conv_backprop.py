"""The adjoints of depthwise_conv2d are its gradients."""

import numpy as np
import pytest

import gputape as tf
from gputape.errors import InvalidArgumentError
from gputape.ops import conv_backprop
from gputape.testing import check_gradients
from tests.ops.declared import declared

RNG = np.random.default_rng(11)
X, W = RNG.standard_normal((2, 6, 5, 3)), RNG.standard_normal((3, 2, 3, 2))
NAMES = ("depthwise_conv2d_backprop_input", "depthwise_conv2d_backprop_filter")


def test_every_function_is_here():
    assert declared(conv_backprop) == set(NAMES)


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize(
    "strides, dilations", [([1, 1, 1, 1], [1, 1, 1, 1]), ([1, 2, 2, 1], [1] * 4), ([1] * 4, [1, 2, 2, 1])]
)
@pytest.mark.parametrize("data_format", ["NHWC", "NCHW"])
def test_they_are_the_gradients(padding, strides, dilations, data_format):
    x, w, hops = tf.constant(X), tf.constant(W), dilations[1:3]
    if data_format == "NCHW":
        x = tf.transpose(x, [0, 3, 1, 2])
        strides, dilations = ([s[0], s[3], s[1], s[2]] for s in (strides, dilations))
    with tf.GradientTape() as tape:
        tape.watch([x, w])
        y = tf.nn.depthwise_conv2d(x, w, strides, padding, data_format, hops)
    dy = tf.constant(RNG.standard_normal(y.shape))
    dx, dw = tape.gradient(y, [x, w], output_gradients=dy)
    how = (strides, padding, data_format, dilations)
    np.testing.assert_allclose(tf.nn.depthwise_conv2d_backprop_input(x.shape, w, dy, *how), dx, atol=1e-12)
    np.testing.assert_allclose(tf.nn.depthwise_conv2d_backprop_filter(x, W.shape, dy, *how), dw, atol=1e-12)


def test_gradients():
    x, w, dy = X[:1, :3, :3, :1], W[:2, :2, :1], RNG.standard_normal((1, 2, 2, 2))
    how = ([1] * 4, "VALID")
    check_gradients(lambda w, dy: tf.nn.depthwise_conv2d_backprop_input([1, 3, 3, 1], w, dy, *how), w, dy)
    check_gradients(lambda x, dy: tf.nn.depthwise_conv2d_backprop_filter(x, [2, 2, 1, 2], dy, *how), x, dy)


def test_errors():
    with pytest.raises(InvalidArgumentError, match=r"out_backprop .* must have shape \(n, 6, 5, 6\)"):
        tf.nn.depthwise_conv2d_backprop_input([2, 6, 5, 3], W, np.zeros((2, 6, 4, 6)), [1] * 4, "SAME")
    with pytest.raises(InvalidArgumentError, match="must have 4 sizes"):
        tf.nn.depthwise_conv2d_backprop_filter(X, [3, 2], np.zeros((2, 6, 5, 6)), [1] * 4, "SAME")
