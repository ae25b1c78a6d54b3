"""Pools: values and gradients as TensorFlow's are in test_conv's table; here second order, ties, layouts, errors."""

import numpy as np
import pytest

import gputape as tf
from gputape.ops import pool as family
from gputape.testing import check_gradients
from tests.ops.declared import declared

X = np.random.default_rng(3).permutation(2 * 5 * 4 * 2).reshape(2, 5, 4, 2) / 10


def test_all_names_are_tried():
    public = {f"{kind}_pool{n}" for kind in ("max", "avg") for n in ("", "1d", "2d", "3d")}
    assert declared(family) == public | {"pool_max", "pool_max_scatter", "pool_max_gather", "pool_sum", "pool_spread"}


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize("strides", [1, [2, 1]])
@pytest.mark.parametrize("pool", [tf.nn.max_pool2d, tf.nn.avg_pool2d])
def test_second_order(pool, strides, padding):
    check_gradients(lambda x: tf.square(pool(x, [2, 3], strides, padding)), X)


def test_of_equal_maxima_the_first_gets_the_gradient():
    x = tf.ones([1, 2, 2, 1])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.nn.max_pool2d(x, 2, 2, "VALID")
    np.testing.assert_array_equal(tape.gradient(y, x).numpy().ravel(), [1.0, 0.0, 0.0, 0.0])


def test_the_average_leaves_padding_out():
    np.testing.assert_array_equal(tf.nn.avg_pool2d(tf.ones([1, 3, 3, 1]), 2, 2, "SAME").numpy().ravel(), np.ones(4))


def test_layouts_and_general_forms():
    first = tf.nn.max_pool2d(X.transpose(0, 3, 1, 2), 2, 2, "SAME", data_format="NCHW")
    np.testing.assert_array_equal(first.numpy().transpose(0, 2, 3, 1), tf.nn.max_pool(X, 2, 2, "SAME").numpy())
    assert tuple(tf.nn.avg_pool(X[:, :, 0], 2, 2, "VALID").shape) == (2, 2, 2)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64", "int32"])
def test_dtypes(dtype):
    x = tf.cast(X * 10, dtype)
    made = tf.nn.max_pool2d(x, 2, 2, "VALID")
    assert made.dtype == dtype
    np.testing.assert_array_equal(
        tf.cast(made, "float64").numpy(), tf.nn.max_pool2d(tf.cast(x, "float64"), 2, 2, "VALID")
    )


def test_errors():
    with pytest.raises(tf.errors.InvalidArgumentError, match="must have 4 axes"):
        tf.nn.max_pool2d(X[0], 2, 2, "SAME")
    with pytest.raises(tf.errors.InvalidArgumentError, match="does not fit"):
        tf.nn.max_pool2d(X, 9, 1, "VALID")
    with pytest.raises(ValueError, match="padding"):
        tf.nn.avg_pool2d(X, 2, 2, "FULL")
