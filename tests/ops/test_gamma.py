"""The gamma function and its kin against numbers of TensorFlow, identities, gradients, kernels."""

import math

import numpy as np
import pytest

import gputape as tf
from gputape.ops import gamma
from gputape.registry import OPS
from gputape.testing import check_gradients
from tests.ops.declared import declared

RNG = np.random.default_rng(0)
# name: arguments and TensorFlow's values
VALUES = {
    "lgamma": (
        [[-1.5, 0.1, 3.5, 50]],
        [0.8600470153764809, 2.2527126517342055, 1.2009736023470743, 144.56574394634487],
    ),
    "digamma": (
        [[-1.5, 0.1, 3.5, 50]],
        [0.7031566406452434, -10.423754940411076, 1.1031566406452433, 3.9019896734278925],
    ),
    "zeta": ([[1.5, 3, 10], [0.3, 2, 40]], [8.237761671459724, 0.2020569031595943, 4.735230645406126e-16]),
    "polygamma": (
        [[0, 1, 2, 5], [0.3, 2, 4, 1]],
        [-3.502524222200133, 0.6449340668482266, -0.0800397322451145, 122.08116743813383],
    ),
    "igamma": (
        [[0.5, 2, 10, 300], [0.2, 3, 4, 310]],
        [0.47291074313446185, 0.8008517265285442, 0.008132242796933857, 0.7224887541718061],
    ),
    "igammac": (
        [[0.5, 2, 10, 300], [0.2, 3, 4, 310]],
        [0.5270892568655381, 0.1991482734714558, 0.9918677572030662, 0.2775112458281939],
    ),
    "betainc": ([[0.5, 2, 10], [0.2, 3, 4], [0.1, 0.5, 0.9]], [0.10373796759530136, 0.6875, 0.9658392790770001]),
}


def test_every_op_is_here():
    assert declared(gamma) == {*VALUES, "igamma_grad_a", "lbeta"}


@pytest.mark.parametrize("name", VALUES)
def test_values(name, device):
    arguments, expected = VALUES[name]
    made = getattr(tf.math, name)(*[np.array(a, np.float64) for a in arguments])
    np.testing.assert_allclose(made.numpy(), expected, rtol=2e-12)
    single = getattr(tf.math, name)(*[np.array(a, np.float32) for a in arguments])
    assert single.dtype == tf.float32
    np.testing.assert_allclose(single.numpy(), expected, rtol=2e-5)


def test_against_the_c_library():
    x = np.concatenate([RNG.uniform(-5, 20, 200), 10.0 ** RNG.uniform(-8, 8, 50)])
    np.testing.assert_allclose(tf.math.lgamma(x).numpy(), [math.lgamma(v) for v in x], rtol=1e-11, atol=1e-13)


def test_recurrences():
    x = RNG.uniform(-3, 8, 100)
    np.testing.assert_allclose((tf.math.digamma(x + 1) - tf.math.digamma(x)).numpy(), 1 / x, rtol=1e-9, atol=1e-11)
    a, y = RNG.uniform(0.1, 30, (2, 100))
    np.testing.assert_allclose((tf.math.igamma(a, y) + tf.math.igammac(a, y)).numpy(), 1, rtol=1e-14)
    b, z = RNG.uniform(0.1, 30, 100), RNG.uniform(0, 1, 100)
    np.testing.assert_allclose((tf.math.betainc(a, b, z) + tf.math.betainc(b, a, 1 - z)).numpy(), 1, rtol=1e-12)
    np.testing.assert_allclose(tf.math.igamma(np.ones(50), y[:50]).numpy(), -np.expm1(-y[:50]), rtol=1e-13)


def test_ends():
    inf, nan = math.inf, math.nan

    def check(name, expected, *arguments):
        np.testing.assert_array_equal(getattr(tf.math, name)(*map(np.array, arguments)).numpy(), expected)

    check("lgamma", [inf, inf, inf, inf, nan], [0.0, -2.0, inf, -inf, nan])
    check("digamma", [nan, nan, inf, nan], [0.0, -2.0, inf, nan])
    check("zeta", [inf, nan, inf, nan], [1.0, 0.5, 2.0, 2.5], [2.0, 2.0, 0.0, -0.5])
    check("polygamma", [nan, nan], [-1.0, 0.5], [2.0, 2.0])
    check("igamma", [0, 1, 1, nan, nan, nan], [2.0, 2.0, 0.0, 0.0, -1.0, 1.0], [0.0, inf, 2.0, 0.0, 1.0, -1.0])
    check("igammac", [1, 0, 0, nan], [2.0, 2.0, 0.0, 0.0], [0.0, inf, 2.0, 0.0])
    check("betainc", [0, 1, nan, nan], [2.0, 2.0, -1.0, 2.0], [2.0, 2.0, 2.0, 2.0], [0.0, 1.0, 0.5, 1.5])


def test_gradients():
    x = RNG.uniform(0.5, 4, (2, 3))
    check_gradients(tf.math.lgamma, x)
    check_gradients(tf.math.digamma, x)
    check_gradients(lambda v: tf.math.polygamma(2.0, v), x)
    check_gradients(lambda v: tf.math.zeta(2.5, v), x)
    check_gradients(lambda v: tf.math.igamma(2.0, v), x)
    check_gradients(lambda v: tf.math.igammac(np.full((2, 3), 2.0), v), x, order=1)
    check_gradients(lambda v: tf.math.betainc(2.0, 3.0, v), RNG.uniform(0.1, 0.9, 4))
    check_gradients(tf.math.lbeta, x)


def test_gradients_by_the_order():
    a, x = RNG.uniform(0.3, 6, 8), RNG.uniform(0.1, 9, 8)
    check_gradients(tf.math.igamma, a, x, order=1)
    check_gradients(tf.math.igammac, a, x, order=1)
    check_gradients(lambda v: OPS["igamma_grad_a"](a, v), x, order=1)
    with tf.GradientTape() as outer:
        t = tf.constant(a)
        outer.watch(t)
        with tf.GradientTape() as inner:
            inner.watch(t)
            y = tf.math.igamma(t, x)
        g = inner.gradient(y, t)
    with pytest.raises(LookupError, match="IgammaGradA"):
        outer.gradient(g, t)


def test_shapes_and_types():
    x = np.ones((3, 1), np.float16)
    made = tf.math.igamma(x, np.ones((1, 2), np.float16))
    assert made.shape == (3, 2) and made.dtype == tf.float16
    assert tf.math.lbeta(np.ones((2, 3))).shape == (2,)
    assert tf.math.lgamma(np.zeros((0, 2))).shape == (0, 2)
    with pytest.raises(tf.errors.InvalidArgumentError, match="lgamma takes floating point"):
        tf.math.lgamma(tf.constant([1, 2]))
