"""keras.ops of frequencies against NumPy, and as steps of a model."""

import numpy as np
import pytest

from gputape import keras

RNG = np.random.default_rng(18)
REAL, IMAG = RNG.standard_normal((2, 2, 4, 6)).astype(np.float32)
PAIR = (REAL, IMAG)
Z = REAL + 1j * IMAG


def assert_pair(made, expected):
    np.testing.assert_allclose(made[0], np.real(expected), atol=1e-5)
    np.testing.assert_allclose(made[1], np.imag(expected), atol=1e-5)


def test_transforms():
    assert_pair(keras.ops.fft(PAIR), np.fft.fft(Z))
    assert_pair(keras.ops.fft2(PAIR), np.fft.fft2(Z))
    assert_pair(keras.ops.ifft2(PAIR), np.fft.ifft2(Z))
    for n in (None, 4, 9):
        assert_pair(keras.ops.rfft(REAL, n), np.fft.rfft(REAL, n))
        np.testing.assert_allclose(keras.ops.irfft(PAIR, n), np.fft.irfft(Z, n), atol=1e-5)


@pytest.mark.parametrize(
    "window, taper", [("hann", np.hanning(9)[:8]), (None, np.ones(12)), (np.arange(8.0), np.arange(8))]
)
@pytest.mark.parametrize("center", [True, False])
def test_stft(window, taper, center):
    x = RNG.standard_normal((2, 40)).astype(np.float32)
    made = keras.ops.stft(x, 8, 4, 12, window, center)
    seen = np.pad(x, [[0, 0], [6, 6]], "reflect") if center else x
    frames = np.stack([seen[:, s : s + 12] for s in range(0, seen.shape[1] - 11, 4)], 1)
    assert_pair(made, np.fft.rfft(frames * np.pad(taper, (12 - len(taper)) // 2), 12))


@pytest.mark.parametrize("window", ["hann", "hamming"])
def test_istft_undoes_stft(window):
    x = RNG.standard_normal((2, 64)).astype(np.float32)
    spectra = keras.ops.stft(x, 16, 4, 16, window)
    made = keras.ops.istft(spectra, 16, 4, 16, window=window)
    assert made.shape == x.shape
    np.testing.assert_allclose(made[:, 8:-8], x[:, 8:-8], atol=1e-5)
    assert keras.ops.istft(spectra, 16, 4, 16, length=50, window=window).shape == (2, 50)


def test_steps_of_a_model():
    x = keras.Input((40,))
    real, imag = keras.ops.stft(x, 8, 4, 8)
    model = keras.Model(x, keras.ops.sqrt(real**2 + imag**2))
    assert model.output.shape == (None, 11, 5)
    again = keras.Model.from_config(model.get_config())
    data = RNG.standard_normal((3, 40)).astype(np.float32)
    np.testing.assert_array_equal(model(data), again(data))


def test_errors():
    with pytest.raises(ValueError, match="should be a tuple of two tensors"):
        keras.ops.fft(REAL)
    with pytest.raises(ValueError, match="should have the same shape"):
        keras.ops.irfft((REAL, IMAG[0]))
    with pytest.raises(ValueError, match="rank >= 2"):
        keras.ops.fft2((REAL[0, 0], IMAG[0, 0]))
    with pytest.raises(TypeError, match="`float32` or `float64`"):
        keras.ops.stft(np.arange(8), 4, 2, 4)
    with pytest.raises(ValueError, match="must equal or larger"):
        keras.ops.stft(REAL, 4, 2, 2)
    with pytest.raises(ValueError, match="positive integer"):
        keras.ops.istft(PAIR, 4, 0, 4)
    with pytest.raises(ValueError, match="If a string is passed"):
        keras.ops.stft(REAL, 4, 2, 4, "blackman")
    with pytest.raises(ValueError, match="shape of `window`"):
        keras.ops.stft(REAL, 4, 2, 4, np.ones(5))
