"""The error function and its kin against numbers of TensorFlow, inverses against each other, gradients, kernels."""

import math

import numpy as np
import pytest

import gputape as tf
from gputape.ops import erf
from gputape.testing import check_gradients
from tests.ops.declared import declared

RNG = np.random.default_rng(0)
# name: arguments and TensorFlow's values
VALUES = {
    "erf": ([-2, -0.3, 0, 1, 4], [-0.9953222650189528, -0.3286267594591274, 0, 0.8427007929497148, 0.9999999845827421]),
    "erfc": (
        [-2, -0.3, 0, 1, 10],
        [1.9953222650189528, 1.3286267594591274, 1, 0.15729920705028522, 2.0884875837625443e-45],
    ),
    "erfinv": (
        [-0.99, -0.3, 0, 1e-5, 0.9999],
        [-1.8213863677184496, -0.27246271472675443, 0, 8.862269254817653e-06, 2.75106390571208],
    ),
    "ndtri": ([1e-10, 0.3, 0.5, 0.999], [-6.361340902404056, -0.5244005127080409, 0, 3.090232306167813]),
    "erfcinv": ([1e-10, 0.3, 1, 1.9], [4.572824967389486, 0.7328690779592171, 0, -1.1630871536766738]),
}


def test_every_op_is_here():
    assert declared(erf) == set(VALUES)


@pytest.mark.parametrize("name", VALUES)
def test_values(name, device):
    x, expected = VALUES[name]
    np.testing.assert_allclose(getattr(tf.math, name)(np.array(x)).numpy(), expected, rtol=1e-12, atol=1e-15)
    single = getattr(tf.math, name)(np.array(x, np.float32))
    assert single.dtype == tf.float32
    np.testing.assert_allclose(single.numpy(), expected, rtol=2e-5, atol=1e-7)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_against_the_c_library(dtype):
    x = np.concatenate([RNG.uniform(-6, 6, 300), [0.0, -1.0, 1.0, 1e-30, 9.3]]).astype(dtype)
    tolerance = 1e-6 if dtype is np.float32 else 1e-13
    np.testing.assert_allclose(tf.math.erf(x).numpy(), [math.erf(v) for v in x], rtol=tolerance)
    np.testing.assert_allclose(tf.math.erfc(x).numpy(), [math.erfc(v) for v in x], rtol=60 * tolerance, atol=1e-38)


def test_ends():
    inf, nan = math.inf, math.nan
    x = np.array([-inf, inf, nan])
    np.testing.assert_array_equal(tf.math.erf(x).numpy(), [-1, 1, nan])
    np.testing.assert_array_equal(tf.math.erfc(x).numpy(), [2, 0, nan])
    np.testing.assert_array_equal(tf.math.erfinv(np.array([-1.0, 1, 1.5, nan])).numpy(), [-inf, inf, nan, nan])
    np.testing.assert_array_equal(tf.math.ndtri(np.array([0.0, 1, -0.5])).numpy(), [-inf, inf, nan])


def test_inverses():
    x = np.concatenate([RNG.uniform(-0.999, 0.999, 200), 10.0 ** RNG.uniform(-300, -1, 20)])
    np.testing.assert_allclose(tf.math.erf(tf.math.erfinv(x)).numpy(), x, rtol=1e-13)
    q = 10.0 ** RNG.uniform(-100, 0, 50)
    np.testing.assert_allclose(tf.math.erfc(tf.math.erfcinv(q)).numpy(), q, rtol=1e-10)


@pytest.mark.parametrize("name", VALUES)
def test_gradients(name):
    low, high = (0.1, 0.9) if "in" in name or name == "ndtri" else (-1.5, 1.5)
    check_gradients(getattr(tf.math, name), RNG.uniform(low, high, (2, 3)))


def test_half_types():
    x = np.linspace(-3, 3, 13).astype(np.float16)
    np.testing.assert_allclose(tf.math.erf(x).numpy(), [math.erf(v) for v in x], rtol=2e-3, atol=1e-4)
    assert tf.math.erfinv(tf.constant([0.5], tf.bfloat16)).dtype == tf.bfloat16
