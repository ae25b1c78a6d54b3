"""Named integrals against numbers of Cephes, their gradients, their symmetries, and where two ways meet."""

import numpy as np
import pytest

import gputape as tf
from gputape.ops import integrals
from gputape.testing import check_gradients
from tests.ops.declared import declared

X = [0.2, 1.0, 1.8, 5.0, 9.0, 50.0]
VALUES = {
    "dawsn": [
        0.19475103336802793,
        0.5380795069127684,
        0.3467727691148723,
        0.10213407442427686,
        0.05590504672435046,
        0.010002001201201684,
    ],
    "expint": [
        -0.8217605879024001,
        1.895117816355937,
        4.249867557487933,
        40.18527535580317,
        1037.8782907170894,
        1.058563689713169e20,
    ],
    "fresnel_cos": [
        0.19992105759445308,
        0.779893400376823,
        0.33363292722155713,
        0.5636311887040122,
        0.5353661274681198,
        0.49999918943072796,
    ],
    "fresnel_sin": [
        0.004187609161656763,
        0.4382591473903547,
        0.45093876926758303,
        0.49919138191711687,
        0.4998610456296849,
        0.49363380258593875,
    ],
    "spence": [
        1.0747946000082482,
        0.0,
        -0.6797815878346817,
        -2.3699397969983655,
        -3.6856760007574065,
        -9.197761709530997,
    ],
}
special = tf.math.special


def test_every_op_is_here():
    assert declared(integrals) == set(VALUES)


@pytest.mark.parametrize("name", VALUES)
def test_values(name):
    f = getattr(special, name)
    np.testing.assert_allclose(f(np.array(X)).numpy(), VALUES[name], rtol=1e-14)
    np.testing.assert_allclose(f(np.array(X[:-1], np.float32)).numpy(), VALUES[name][:-1], rtol=1e-5)
    assert f(np.zeros((0, 2), np.float16)).dtype == tf.float16


@pytest.mark.parametrize("name, place", [("dawsn", 7), ("expint", 40), ("fresnel_cos", 1.75), ("fresnel_sin", 1.75)])
def test_both_ways_agree_where_they_meet(name, place):
    below, above = getattr(special, name)(np.array([np.nextafter(place, 0), np.nextafter(place, 100)])).numpy()
    np.testing.assert_allclose(below, above, rtol=3e-14)


@pytest.mark.parametrize("name", ["dawsn", "fresnel_cos", "fresnel_sin"])
def test_odd_functions(name):
    f = getattr(special, name)
    np.testing.assert_array_equal(f(-np.array(X)).numpy(), -f(np.array(X)).numpy())
    edge = f(np.array([0.0, 1e-20, np.inf, np.nan])).numpy()
    assert edge[0] == 0 and np.isnan(edge[3])
    assert edge[2] == (0 if name == "dawsn" else 0.5)
    if name != "fresnel_sin":
        np.testing.assert_allclose(edge[1], 1e-20, rtol=1e-15)


def test_spence_mirrored():
    """Euler: spence(x) + spence(1 - x) = pi**2 / 6 - log(x) log(1 - x)."""
    x = np.linspace(0.01, 0.99, 50)
    both = special.spence(x) + special.spence(1 - x)
    np.testing.assert_allclose(both, np.pi**2 / 6 - np.log(x) * np.log(1 - x), rtol=1e-13)
    np.testing.assert_allclose(special.spence(np.array([0.0, 1.0, -1.0])), [np.pi**2 / 6, 0, np.nan], rtol=1e-15)


def test_expint_at_its_ends():
    np.testing.assert_array_equal(special.expint(np.array([0.0, -1.0, np.inf])), [-np.inf, np.nan, np.inf])


@pytest.mark.parametrize("name", VALUES)
def test_gradients(name):
    check_gradients(getattr(special, name), np.array([0.3, 1.4, 2.6]))


def test_slope_of_spence_at_one():
    x = tf.constant(1.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = special.spence(x)
    assert tape.gradient(y, x).numpy() == -1
