"""Pools: values and gradients as TensorFlow's are in test_conv's table; here second order, kernels, ties, layouts, errors."""

import ml_dtypes
import numpy as np
import pytest

import gputape as tf
from gputape import cuda
from gputape.ops import pool as family
from gputape.ops import window
from gputape.ops.window import Sliding
from gputape.testing import check_gradients, check_kernel
from tests.emulator.emulator import ORDERS, Emulator, unavailable

from .declared import declared, on_devices

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


# spatial, channels, how
CASES = {
    "2d": ((5, 6), 3, Sliding((2, 3), (2, 1), ((0, 1), (1, 1)), (1, 1))),
    "1d": ((9,), 8, Sliding((3,), (2,), ((1, 1),), (1,))),
    "3d": ((3, 4, 5), 1, Sliding((2, 2, 3), (1, 2, 2), ((0, 1), (0, 0), (1, 1)), (1, 1, 1))),
    "eights": ((6, 7), 16, Sliding((3, 3), (2, 2), ((0, 1), (1, 1)), (1, 1))),
    "gaps": ((7, 7), 5, Sliding((2, 2), (3, 3), ((0, 0), (0, 0)), (1, 1))),
}


def pooled(name, dtype, n=2):
    """x with few values, so that maxima are equal, y its maxima, dy and g."""
    spatial, channels, how = CASES[name]
    rng = np.random.default_rng(5)
    x = rng.integers(-3, 4, (n, *spatial, channels)).astype(dtype)
    y = family.pool_max.composed(x, how=how)
    return x, y, rng.standard_normal(y.shape).astype(dtype), rng.standard_normal(x.shape).astype(dtype), how


def run_all(call, name, dtype, n=2):
    x, y, dy, g, how = pooled(name, dtype, n)
    call(family.pool_max, x, how=how)
    if np.dtype(dtype).kind != "i":
        call(family.pool_max_scatter, x, y, dy, how=how)
        call(family.pool_max_gather, x, y, g, how=how)
        call(family.pool_sum, x, how=how)
        call(family.pool_spread, dy, spatial=x.shape[1:-1], how=how)


@on_devices
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, ml_dtypes.bfloat16, np.int32, np.int8])
@pytest.mark.parametrize("name", CASES)
def test_kernels_against_meaning(device, name, dtype):
    run_all(check_kernel, name, dtype)
    run_all(check_kernel, name, dtype, n=0)


@pytest.mark.skipif(bool(unavailable()), reason=str(unavailable()))
@pytest.mark.parametrize("name", ["2d", "eights"])
def test_no_races(name):
    arrays = pooled(name, np.float16)
    assert len(arrays) == 5
    with cuda.emulated(Emulator(ORDERS)):
        run_all(lambda op, *given, **attrs: op.kernel_body(*given, **attrs), name, np.float32)


@on_devices
def test_nan_wins_and_gets_no_gradient(device):
    x = np.array([[1, np.nan, 3, 4]], np.float32).reshape(1, 4, 1)
    how = Sliding((2,), (2,), ((0, 0),), (1,))
    y = family.pool_max(x, how=how)
    np.testing.assert_array_equal(y.numpy().ravel(), [np.nan, 4])
    dx = family.pool_max_scatter(x, y, np.ones((1, 2, 1), np.float32), how=how)
    np.testing.assert_array_equal(dx.numpy().ravel(), [0, 0, 0, 1])


@pytest.mark.parametrize("cache", [1, 300])
@pytest.mark.parametrize("name", ["2d", "3d"])
def test_pieces_of_any_size(name, cache, monkeypatch):
    made = []
    for most in (window.CACHE, cache):
        monkeypatch.setattr(window, "CACHE", most)
        run_all(lambda op, *given, **attrs: made.append(op(*given, **attrs).numpy()), name, np.float64)
    for whole, pieces in zip(made[:5], made[5:], strict=True):
        np.testing.assert_allclose(pieces, whole, atol=1e-12)
