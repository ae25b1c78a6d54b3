"""Tapering windows against NumPy's and their definitions."""

import numpy as np
import pytest

import gputape as tf
from gputape.ops import taper
from tests.ops.declared import declared

NAMES = {"hann_window", "hamming_window", "kaiser_window", "kaiser_bessel_derived_window", "vorbis_window"}


def test_every_function_is_here():
    assert declared(taper) == NAMES


@pytest.mark.parametrize("n", [1, 2, 5, 8])
def test_symmetric_windows_are_numpys(n):
    made = tf.signal.hann_window(n, periodic=False, dtype=tf.float64)
    np.testing.assert_allclose(made, np.hanning(n), atol=1e-15)
    made = tf.signal.hamming_window(n, periodic=False, dtype=tf.float64)
    np.testing.assert_allclose(made, np.hamming(n), atol=1e-15)
    np.testing.assert_allclose(tf.signal.kaiser_window(n, 7.0, tf.float64), np.kaiser(n, 7.0), rtol=1e-13)


def test_periodic_windows_leave_the_end_out():
    np.testing.assert_allclose(tf.signal.hann_window(8, dtype=tf.float64), np.hanning(9)[:-1], atol=1e-15)
    np.testing.assert_allclose(tf.signal.hann_window(7, dtype=tf.float64), np.hanning(7), atol=1e-15)


@pytest.mark.parametrize("f", [tf.signal.vorbis_window, tf.signal.kaiser_bessel_derived_window])
def test_squares_of_the_halves_add_up_to_one(f):
    made = f(12, dtype=tf.float64).numpy()
    np.testing.assert_allclose(made[:6] ** 2 + made[6:] ** 2, 1.0, rtol=1e-14)
    np.testing.assert_allclose(made, made[::-1], rtol=1e-14)
    # as TensorFlow 2.21 gives them
    first = {"vorbis_window": 0.026758599128758886, "kaiser_bessel_derived_window": 0.0049574684415261425}[f.__name__]
    np.testing.assert_allclose(made[0], first, rtol=1e-6)


@pytest.mark.parametrize("name", sorted(NAMES))
def test_types(name):
    f = getattr(tf.signal, name)
    assert f(4).dtype == tf.float32
    assert f(tf.constant(4), dtype=tf.bfloat16).dtype == tf.bfloat16
    with pytest.raises(ValueError, match="floating point"):
        f(4, dtype=tf.int32)
    with pytest.raises(ValueError, match="scalar"):
        f([4, 4])
