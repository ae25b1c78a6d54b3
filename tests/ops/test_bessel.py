"""Modified Bessel functions against numbers of TensorFlow, their differential equation, gradients."""

import numpy as np
import pytest

import gputape as tf
from gputape.ops import bessel
from gputape.testing import check_gradients
from tests.ops.declared import declared

X = [-3, 0, 0.5, 10, 50]
VALUES = {
    "bessel_i0": [4.880792585865024, 1, 1.0634833707413238, 2815.7166284662544, 2.9325537838493355e20],
    "bessel_i0e": [0.24300035416182536, 1, 0.6450352704491502, 0.1278333371634286, 0.056561626647454184],
    "bessel_i1": [-3.9533702174026093, 0, 0.2578943053908962, 2670.988303701255, 2.9030785901035566e20],
    "bessel_i1e": [-0.19682671329730084, 0, 0.15642080318487162, 0.12126268138445552, 0.0559931238928954],
}


def test_every_op_is_here():
    assert declared(bessel) == set(VALUES)


@pytest.mark.parametrize("name", VALUES)
def test_values(name):
    f = getattr(tf.math, name)
    assert getattr(tf.math.special, name) is f
    np.testing.assert_allclose(f(np.array(X, np.float64)).numpy(), VALUES[name], rtol=1e-14)
    np.testing.assert_allclose(f(np.array(X[:4], np.float32)).numpy(), VALUES[name][:4], rtol=1e-6)
    assert f(np.zeros((0, 2), np.float16)).dtype == tf.float16


def test_both_ways_agree_where_they_meet():
    x = np.array([30 - 1e-9, 30 + 1e-9])
    for name in ("bessel_i0e", "bessel_i1e"):
        below, above = getattr(tf.math, name)(x).numpy()
        np.testing.assert_allclose(below, above, rtol=1e-10)


def test_small_and_large_and_nan():
    x = np.array([1e-20, 1e-5, 1e5, np.nan])
    np.testing.assert_allclose(tf.math.bessel_i1(x[:2]).numpy(), x[:2] / 2, rtol=1e-9)
    np.testing.assert_allclose(tf.math.bessel_i0e(x[2:]).numpy(), [1 / np.sqrt(2e5 * np.pi), np.nan], rtol=1e-5)


@pytest.mark.parametrize("name", VALUES)
def test_gradients(name):
    check_gradients(
        getattr(tf.math, name), np.array([-2.0, 0.4, 1.3, 35.0]) if name.endswith("e") else np.array([-2.0, 0.4])
    )


def test_slope_at_zero():
    x = tf.constant(0.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.math.bessel_i1(x)
    assert tape.gradient(y, x).numpy() == 0.5
