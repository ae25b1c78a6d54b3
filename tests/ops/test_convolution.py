"""Convolutions under TensorFlow's names: values and gradients as TensorFlow's (recorded), layouts, dtypes, errors."""

from pathlib import Path

import numpy as np
import pytest

import gputape as tf
from gputape.ops import convolution as family
from gputape.testing import check_gradients
from tests.ops.declared import declared
from tests.references.conv_cases import CASES, PADS, inputs

RECORDED = np.load(Path(__file__).parents[1] / "references" / "conv.npz")
Bad = tf.errors.InvalidArgumentError


@pytest.mark.parametrize("name", CASES)
def test_values_and_gradients_as_tensorflow(name):
    arrays = [tf.constant(a) for a in inputs(name)]
    with tf.GradientTape() as tape:
        tape.watch(arrays)
        y = CASES[name](tf, *arrays)
        total = tf.reduce_sum(y * tf.cos(tf.reshape(tf.range(tf.size(y), dtype=y.dtype), y.shape)))
    close = 1e-9 if RECORDED[name].dtype == np.float64 else 1e-5
    np.testing.assert_allclose(y.numpy(), RECORDED[name], rtol=close, atol=close)
    for k, g in enumerate(tape.gradient(total, arrays)):
        if f"{name} d{k}" in RECORDED:
            np.testing.assert_allclose(g.numpy(), RECORDED[f"{name} d{k}"], rtol=close, atol=close)


def test_all_names_are_tried():
    tried = {"convolution", "conv_transpose", "atrous_conv2d"}
    kinds = {"conv1d", "conv2d", "conv3d", "depthwise_conv2d", "separable_conv2d"}
    assert declared(family) == tried | kinds | {f"conv{n}d_transpose" for n in (1, 2, 3)}


def small(*shape):
    return np.random.default_rng(len(shape)).standard_normal(shape)


@pytest.mark.parametrize("padding", ["SAME", "VALID", PADS])
@pytest.mark.parametrize("strides, dilations", [(1, 1), ([2, 1], 1), (1, [1, 2])])
def test_second_order(padding, strides, dilations):
    x, w = small(1, 4, 5, 2), small(2, 3, 2, 2)
    check_gradients(lambda a, b: tf.nn.conv2d(a, b, strides, padding, dilations=dilations), x, w)


def test_second_order_of_the_others():
    x = small(1, 4, 3, 2)
    check_gradients(lambda a, b: tf.nn.depthwise_conv2d(a, b, [1, 1, 1, 1], "SAME"), x, small(2, 2, 2, 2))
    check_gradients(lambda a, b: tf.nn.conv2d(a, b, 1, "SAME"), x, small(2, 2, 1, 4))
    check_gradients(lambda a, b: tf.nn.conv2d_transpose(a, b, [1, 8, 6, 3], 2), x, small(2, 2, 3, 2))
    check_gradients(lambda a, b: tf.nn.convolution(a, b), small(1, 4, 2), small(2, 2, 2))


def test_channels_first_is_the_transpose_of_channels_last():
    x, w = small(2, 5, 6, 3), small(3, 3, 3, 4)
    first = tf.nn.conv2d(x.transpose(0, 3, 1, 2), w, 2, "SAME", data_format="NCHW")
    np.testing.assert_allclose(first.numpy().transpose(0, 2, 3, 1), tf.nn.conv2d(x, w, 2, "SAME").numpy())


def test_atrous_and_general_forms():
    x, w = small(1, 7, 7, 2), small(3, 3, 2, 2)
    dilated = tf.nn.conv2d(x, w, 1, "VALID", dilations=2).numpy()
    np.testing.assert_allclose(tf.nn.atrous_conv2d(x, w, 2, "VALID").numpy(), dilated)
    np.testing.assert_allclose(tf.nn.convolution(x, w, dilations=[2, 2]).numpy(), dilated)
    y = tf.nn.conv_transpose(x, small(2, 2, 3, 2), [1, 14, 14, 3], 2)
    assert tuple(y.shape) == (1, 14, 14, 3)


@pytest.mark.parametrize("dtype, tolerance", [("float16", 1e-2), ("bfloat16", 6e-2), ("float32", 1e-5)])
def test_dtypes(dtype, tolerance):
    x, w = small(1, 5, 5, 3), small(3, 3, 3, 2)
    y = tf.nn.conv2d(tf.cast(x, dtype), tf.cast(w, dtype), 1, "SAME")
    assert y.dtype == dtype
    np.testing.assert_allclose(tf.cast(y, "float64").numpy(), tf.nn.conv2d(x, w, 1, "SAME").numpy(), atol=tolerance * 5)


def test_empty_batch_and_strided_memory():
    assert tuple(tf.nn.conv2d(np.zeros((0, 4, 4, 1)), np.zeros((2, 2, 1, 3)), 1, "SAME").shape) == (0, 4, 4, 3)
    x = small(2, 4, 6, 5).transpose(0, 2, 3, 1)
    np.testing.assert_allclose(
        tf.nn.conv2d(x, small(2, 2, 4, 1), 1, "VALID").numpy(),
        tf.nn.conv2d(x.copy(), small(2, 2, 4, 1), 1, "VALID").numpy(),
    )


@pytest.mark.parametrize(
    "call, kind, told",
    [
        (lambda: tf.nn.conv2d(small(1, 4, 4, 3), small(2, 2, 2, 4), 1, "SAME"), Bad, "evenly divisible"),
        (lambda: tf.nn.conv2d(small(4, 4, 3), small(2, 2, 3, 4), 1, "SAME"), Bad, "must both have 4 axes"),
        (lambda: tf.nn.conv2d(small(1, 2, 2, 1), small(3, 3, 1, 1), 1, "VALID"), Bad, "does not fit"),
        (lambda: tf.nn.conv2d(small(1, 4, 4, 1), small(3, 3, 1, 1), 1, "HALF"), ValueError, "padding='HALF'"),
        (lambda: tf.nn.conv2d(small(1, 4, 4, 1), small(3, 3, 1, 1), [2, 1, 1, 1], "SAME"), Bad, "batch and channel"),
        (lambda: tf.nn.conv2d(small(1, 4, 4, 1), small(3, 3, 1, 1), 0, "SAME"), Bad, "positive"),
        (lambda: tf.nn.conv2d(small(1, 4, 4, 1), small(3, 3, 1, 1), 1, "SAME", "NWHC"), ValueError, "data_format"),
        (
            lambda: tf.nn.conv2d_transpose(small(1, 4, 4, 2), small(3, 3, 3, 2), [1, 5, 5, 3], 2),
            Bad,
            "asks for an input",
        ),
        (lambda: tf.nn.conv2d_transpose(small(1, 4, 4, 1), small(3, 3, 3, 2), [1, 8, 8, 3], 2), Bad, "do not fit"),
        (lambda: tf.nn.depthwise_conv2d(small(1, 4, 4, 3), small(2, 2, 2, 1), [1, 1, 1, 1], "SAME"), Bad, "channels"),
    ],
)
def test_errors(call, kind, told):
    with pytest.raises(kind, match=told):
        call()
