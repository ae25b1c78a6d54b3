"""STFTSpectrogram against Fourier transforms of the frames, MelSpectrogram against its parts; configs; errors."""

import numpy as np
import pytest

import gputape as tf
from gputape import keras

RNG = np.random.default_rng(19)
X = RNG.standard_normal((2, 40, 3)).astype(np.float32)
SETTINGS = {"frame_length": 8, "frame_step": 4, "fft_length": 16}


def spectra(scaling):
    """(batch, frames, 9, channels), complex."""
    taper = np.hanning(8)
    taper = taper / {"density": np.sqrt(np.sum(taper**2)), "spectrum": np.sum(taper), None: 1}[scaling]
    frames = np.stack([X[:, s : s + 8] for s in range(0, 33, 4)], 1)
    return np.fft.rfft(frames * taper[:, None], 16, axis=2)


TOLD = {
    "real": np.real,
    "imag": np.imag,
    "magnitude": np.abs,
    "log": lambda z: np.log(np.maximum(np.abs(z), 1e-7)),
    "psd": lambda z: np.abs(z) ** 2 * np.array([1, *[2] * 7, 1])[:, None],
    "stft": lambda z: np.concatenate([z.real, z.imag], 2),
}


@pytest.mark.parametrize("mode", TOLD)
@pytest.mark.parametrize("scaling", ["density", "spectrum", None])
def test_modes(mode, scaling):
    layer = keras.layers.STFTSpectrogram(mode, **SETTINGS, scaling=scaling, expand_dims=True)
    expected = TOLD[mode](spectra(scaling))
    made = layer(X)
    np.testing.assert_allclose(made, expected, atol=2e-3 if mode == "log" else 1e-4)
    assert layer.compute_output_shape(X.shape) == made.shape
    assert len(layer.trainable_weights) == (1 if mode in ("real", "imag") else 2)


def test_angle():
    made = keras.layers.STFTSpectrogram("angle", **SETTINGS, expand_dims=True)(X).numpy()[:, :, 1:8]
    np.testing.assert_allclose(np.cos(made), np.cos(np.angle(spectra("density")))[:, :, 1:8], atol=1e-3)


@pytest.mark.parametrize("expand", [True, False])
def test_layouts(expand):
    last = keras.layers.STFTSpectrogram("psd", **SETTINGS, expand_dims=expand)
    first = keras.layers.STFTSpectrogram("psd", **SETTINGS, expand_dims=expand, data_format="channels_first")
    y, z = last(X).numpy(), first(X.transpose(0, 2, 1)).numpy()
    assert first.compute_output_shape((2, 3, 40)) == z.shape and last.compute_output_shape(X.shape) == y.shape
    np.testing.assert_allclose(z, y.transpose(0, 3, 1, 2) if expand else y.transpose(0, 2, 1), rtol=1e-5)
    alone = last.__class__.from_config(last.get_config())(X[..., 1:2]).numpy()
    np.testing.assert_allclose(y[..., 1] if expand else y[..., 9:18], alone[..., 0] if expand else alone, rtol=1e-5)


def test_training_and_models():
    model = keras.Sequential([keras.Input((None, 3)), keras.layers.STFTSpectrogram(padding="same", **SETTINGS)])
    assert model.output_shape == (None, None, 27)
    assert model.predict(X, verbose=0).shape == (2, 10, 27)
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(model(np.zeros_like(X)))
    assert all(np.isfinite(g).all() for g in tape.gradient(y, model.trainable_weights))
    frozen = keras.layers.STFTSpectrogram(trainable=False, **SETTINGS)
    frozen(X)
    assert len(frozen.trainable_weights) == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"mode": "spectrogram"}, {"scaling": "l2"}, {"padding": "causal"}, {"window": "unknown"},
        {"frame_length": 8, "frame_step": 9}, {"frame_length": 8, "frame_step": 0}, {"frame_length": 8, "fft_length": 4},
    ],
)  # fmt: skip
def test_arguments_that_are_refused(wrong):
    with pytest.raises(ValueError):
        keras.layers.STFTSpectrogram(**wrong)


def test_integers_are_refused():
    with pytest.raises(TypeError, match="Invalid input type"):
        keras.layers.STFTSpectrogram(**SETTINGS)(np.ones((1, 40, 1), np.int32))


MEL = {"fft_length": 32, "sequence_stride": 8, "num_mel_bins": 6, "sampling_rate": 100, "min_freq": 1.0}


def bands(x, exponent=2.0):
    power = np.abs(np.asarray(keras.ops.stft(x, 32, 8, 32)[0]) + 1j * np.asarray(keras.ops.stft(x, 32, 8, 32)[1]))
    weights = tf.signal.linear_to_mel_weight_matrix(6, 17, 100, 1.0, 50.0).numpy()
    return np.swapaxes(power**exponent @ weights, 1, 2)


@pytest.mark.parametrize("exponent", [1.0, 2.0])
def test_mel_bands(exponent):
    x = X[..., 0]
    layer = keras.layers.MelSpectrogram(**MEL, power_to_db=False, mag_exp=exponent)
    np.testing.assert_allclose(layer(x), bands(x, exponent), rtol=1e-4, atol=1e-5)
    assert layer.compute_output_shape(x.shape) == layer(x).shape == (2, 6, 6)


def test_decibels():
    x = X[..., 0]
    made = keras.layers.MelSpectrogram(**MEL, ref_power=2.0, top_db=10.0)(x)
    expected = 10 * np.log10(np.maximum(bands(x), 1e-10)) - 10 * np.log10(2.0)
    np.testing.assert_allclose(made, np.maximum(expected, expected.max() - 10), atol=1e-3)


def test_one_signal_and_config():
    layer = keras.layers.MelSpectrogram(**MEL)
    assert layer(X[0, :, 0]).shape == (6, 6)
    config = layer.get_config()
    assert (config["sequence_length"], config["max_freq"]) == (32, 50)
    again = keras.layers.MelSpectrogram.from_config(config)
    np.testing.assert_array_equal(layer(X[..., 0]), again(X[..., 0]))
    with pytest.raises(ValueError, match="greater than or equal to"):
        keras.layers.MelSpectrogram(fft_length=16, sequence_length=32)
