"""Mel weights and cepstral coefficients against numbers of TensorFlow 2.21."""

import numpy as np
import pytest

import gputape as tf
from gputape.ops import mel
from gputape.testing import check_gradients
from tests.ops.declared import declared


def test_every_function_is_here():
    assert declared(mel) == {"linear_to_mel_weight_matrix", "mfccs_from_log_mel_spectrograms"}


def test_weights():
    made = tf.signal.linear_to_mel_weight_matrix(3, 9, 8000, 100.0, 4000.0, tf.float64).numpy()
    assert made.shape == (9, 3) and not made[0].any()
    edges = np.linspace(*(1127 * np.log(1 + np.array([100.0, 4000.0]) / 700)), 5)
    pitch = 1127 * np.log(1 + np.arange(9) * 500 / 700)
    for band in range(3):
        expected = np.interp(pitch, edges[band : band + 3], [0, 1, 0])
        expected[0] = 0
        np.testing.assert_allclose(made[:, band], expected, atol=1e-14)


def test_weights_of_a_usual_size():
    made = tf.signal.linear_to_mel_weight_matrix(40, 257, 16000, 20.0, 7600.0).numpy()
    assert made.shape == (257, 40) and made.dtype == np.float32
    np.testing.assert_allclose(made[1:3, 0], [0.2600122, 0.9618128], rtol=1e-4)


def test_cepstral_coefficients():
    x = np.array([[1.0, 2.0, 4.0, 8.0]])
    made = tf.signal.mfccs_from_log_mel_spectrograms(tf.constant(x)).numpy()
    k, j = np.arange(4)[:, None], np.arange(4)[None, :]
    np.testing.assert_allclose(made[0], np.cos(np.pi / 4 * (j + 0.5) * k) @ x[0] * np.sqrt(2 / 4), atol=1e-12)
    check_gradients(lambda v: tf.signal.mfccs_from_log_mel_spectrograms(v) ** 2, x)


@pytest.mark.parametrize(
    "wrong, told",
    [
        ({"num_mel_bins": 0}, "num_mel_bins must be positive"),
        ({"upper_edge_hertz": 5000.0}, "Nyquist"),
        ({"lower_edge_hertz": 3900.0}, "lower_edge_hertz 3900.0 >= upper_edge_hertz"),
        ({"lower_edge_hertz": -1.0}, "non-negative"),
        ({"dtype": tf.int32}, "floating point"),
    ],
)
def test_errors(wrong, told):
    with pytest.raises(ValueError, match=told):
        tf.signal.linear_to_mel_weight_matrix(**wrong)
    with pytest.raises(ValueError, match="num_mel_bins must be positive"):
        tf.signal.mfccs_from_log_mel_spectrograms(np.zeros((2, 0), np.float32))
