"""Short-time transforms against loops over frames, their inverses, gradients, and gradients of a real loss."""

import numpy as np
import pytest

import gputape as tf
from gputape.ops import stft
from gputape.testing import check_gradients
from tests.ops.declared import declared

RNG = np.random.default_rng(7)
X = RNG.standard_normal((2, 24))


def test_every_function_is_here():
    assert declared(stft) == {"stft", "inverse_stft", "inverse_stft_window_fn", "mdct", "inverse_mdct"}


@pytest.mark.parametrize("length, step, size", [(6, 2, None), (8, 8, 16), (7, 3, 5)])
@pytest.mark.parametrize("pad_end", [False, True])
def test_stft(length, step, size, pad_end):
    taper = np.hanning(length + 1 - length % 2)[:length]
    x = np.pad(X, [[0, 0], [0, length]]) if pad_end else X
    stop = 24 if pad_end else 24 - length + 1
    frames = np.stack([x[:, s : s + length] * taper for s in range(0, stop, step)], 1)
    made = tf.signal.stft(tf.constant(X), length, step, size, pad_end=pad_end)
    np.testing.assert_allclose(made, np.fft.rfft(frames, size or 8), atol=1e-12)


@pytest.mark.parametrize("taper", [tf.signal.hann_window, tf.signal.hamming_window])
@pytest.mark.parametrize("step", [2, 3, 4])
def test_inverse_stft(taper, step):
    spectra = tf.signal.stft(tf.constant(X), 8, step, window_fn=taper)
    back = tf.signal.inverse_stft(spectra, 8, step, window_fn=tf.signal.inverse_stft_window_fn(step, taper)).numpy()
    np.testing.assert_allclose(back[:, 8:16], X[:, 8:16], atol=1e-12)


def test_frame_lengths_that_are_not_the_transforms():
    spectra = tf.constant(RNG.standard_normal((3, 5)) + 0j)
    plain = np.fft.irfft(spectra.numpy(), 8)
    short = tf.signal.inverse_stft(spectra, 6, 6, 8, window_fn=None).numpy().reshape(3, 6)
    np.testing.assert_allclose(short, plain[:, :6], atol=1e-12)
    long = tf.signal.inverse_stft(spectra, 10, 10, 8, window_fn=None).numpy().reshape(3, 10)
    np.testing.assert_allclose(long, np.pad(plain, [[0, 0], [0, 2]]), atol=1e-12)


@pytest.mark.parametrize("norm", [None, "ortho"])
@pytest.mark.parametrize("taper", [tf.signal.vorbis_window, tf.signal.kaiser_bessel_derived_window, None])
def test_mdct_and_back(norm, taper):
    y = tf.signal.mdct(tf.constant(X), 8, taper, norm=norm)
    assert y.shape == (2, 5, 4)
    back = tf.signal.inverse_mdct(y, taper, norm=norm).numpy()
    np.testing.assert_allclose(back[:, 4:-4], X[:, 4:-4], atol=1e-12)


def test_mdct_by_its_sum():
    x = RNG.standard_normal(8)
    k, j = np.arange(4)[:, None], np.arange(8)[None, :]
    expected = 2 * np.cos(np.pi / 4 * (j + 0.5 + 2) * (k + 0.5)) @ (x * tf.signal.vorbis_window(8, tf.float64).numpy())
    np.testing.assert_allclose(tf.signal.mdct(tf.constant(x), 8)[0], expected, atol=1e-12)


def test_gradients():
    check_gradients(lambda v: tf.abs(tf.signal.stft(v, 4, 2)) ** 2, X[0, :8], atol=1e-4)
    check_gradients(lambda v: tf.signal.mdct(v, 8) ** 2, X[0, :12], atol=1e-4)
    check_gradients(lambda v: tf.signal.inverse_mdct(v) ** 2, X[0, :8].reshape(2, 4), atol=1e-4)


def test_inside_a_function():
    f = tf.function(lambda v: tf.abs(tf.signal.stft(v, 8, 4)))
    first = f(tf.constant(X)).numpy()
    np.testing.assert_array_equal(f(tf.constant(X)), first)
    np.testing.assert_allclose(f(tf.constant(2 * X)), 2 * first, rtol=1e-12)


def test_errors():
    with pytest.raises(ValueError, match="multiple of 4"):
        tf.signal.mdct(X, 6)
