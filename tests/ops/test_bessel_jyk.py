"""Bessel functions against numbers of Cephes, Wronski's determinants, gradients, and where two ways meet."""

import numpy as np
import pytest

import gputape as tf
from gputape.ops import bessel_jyk
from gputape.testing import check_gradients
from tests.ops.declared import declared

X = [0.2, 1.0, 3.0, 4.9, 5.1, 30.0]
VALUES = {
    "bessel_j0": [
        0.9900249722395763,
        0.7651976865579665,
        -0.2600519549019335,
        -0.20973832758532618,
        -0.14433474706050067,
        -0.08636798358104031,
    ],
    "bessel_j1": [
        0.09950083263923604,
        0.44005058574493355,
        0.33905895852593654,
        -0.3146946710151907,
        -0.33709720201823185,
        -0.11875106261662305,
    ],
    "bessel_y0": [
        -1.081105322372115,
        0.08825696421567697,
        0.3768500100127906,
        -0.29205459424401364,
        -0.3216024491248595,
        -0.11729573168666398,
    ],
    "bessel_y1": [
        -3.323824988111847,
        -0.7812128213002888,
        0.3246744247918001,
        0.18124669204504856,
        0.11373644197749971,
        0.08442557066174713,
    ],
    "bessel_k0": [
        1.7527038555281451,
        0.42102443824070823,
        0.03473950438627925,
        0.004118936235515887,
        0.0033083102180174657,
        2.1324774964630563e-14,
    ],
    "bessel_k0e": [
        2.1407573233800403,
        1.1444630798068947,
        0.6977615980438517,
        0.5531310396037262,
        0.5426353518989783,
        0.22788666561625373,
    ],
    "bessel_k1": [
        4.775972543220471,
        0.6019072301972346,
        0.04015643112819419,
        0.004521169177299837,
        0.0036191814623178003,
        2.1677320018915495e-14,
    ],
    "bessel_k1e": [
        5.833386037186724,
        1.636153486263258,
        0.806563480128787,
        0.6071468127379164,
        0.5936250463138129,
        0.2316541293777118,
    ],
}
special = tf.math.special


def test_every_op_is_here():
    assert declared(bessel_jyk) == set(VALUES)


@pytest.mark.parametrize("name", VALUES)
def test_values(name):
    f = getattr(special, name)
    np.testing.assert_allclose(f(np.array(X)).numpy(), VALUES[name], rtol=2e-14)
    np.testing.assert_allclose(f(np.array(X, np.float32)).numpy(), VALUES[name], rtol=1e-5)
    assert f(np.zeros((0, 2), np.float16)).dtype == tf.float16
    assert f(np.ones(2, np.float32)).dtype == tf.float32


def test_wronskians():
    x = tf.constant(np.concatenate([np.logspace(-6, 4, 101), [1.9999, 2.0001, 4.9999, 5.0001]]))
    jy = special.bessel_j1(x) * special.bessel_y0(x) - special.bessel_j0(x) * special.bessel_y1(x)
    np.testing.assert_allclose(jy * x, np.full(105, 2 / np.pi), rtol=1e-13)
    ik = tf.math.bessel_i0e(x) * special.bessel_k1e(x) + tf.math.bessel_i1e(x) * special.bessel_k0e(x)
    np.testing.assert_allclose(ik * x, np.ones(105), rtol=1e-13)


def test_signs_and_limits():
    x = np.array([-3.0, -40.0])
    np.testing.assert_array_equal(special.bessel_j0(x), special.bessel_j0(-x))
    np.testing.assert_array_equal(special.bessel_j1(x), -special.bessel_j1(-x).numpy())
    edge = np.array([0.0, -1.0, np.inf, np.nan])
    np.testing.assert_array_equal(special.bessel_j0(edge)[::2], [1, 0])
    for name in VALUES:
        made = getattr(special, name)(edge).numpy()
        assert np.isnan(made[3]) and made[2] == 0
        if name[7] in "yk":
            np.testing.assert_array_equal(made[:2], [-np.inf] * 2 if name[7] == "y" else [np.inf] * 2)


@pytest.mark.parametrize("name", VALUES)
def test_gradients(name):
    check_gradients(getattr(special, name), np.array([0.4, 1.3, 3.0, 7.0]))


def test_slope_at_zero():
    x = tf.constant(0.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = special.bessel_j1(x)
    assert tape.gradient(y, x).numpy() == 0.5
