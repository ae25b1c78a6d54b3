"""ConvLSTM as a loop over its cell, and as an LSTM; values and gradients of Keras are in test_families."""

from typing import Any

import numpy as np
import pytest

import gputape as tf
from gputape import keras
from gputape.keras.layers.conv_lstm import ConvLSTMCell


def inputs(*shape: int) -> Any:
    return tf.constant(np.random.default_rng(len(shape)).normal(size=shape).astype("float32"))


def test_with_images_of_one_pixel_it_is_lstm() -> None:
    x = inputs(2, 4, 3)
    lstm, layer = keras.layers.LSTM(5, return_sequences=True), keras.layers.ConvLSTM2D(5, 1, return_sequences=True)
    y = lstm(x)
    images = tf.reshape(x, [2, 4, 1, 1, 3])
    layer(images)
    layer.set_weights([w if w.ndim == 1 else w[None, None] for w in lstm.get_weights()])
    np.testing.assert_allclose(tf.reshape(layer(images), [2, 4, 5]), y, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_a_layer_is_a_loop_over_its_cell(data_format: str) -> None:
    x = inputs(2, 3, 6, 5, 4)
    layer = keras.layers.ConvLSTM2D(3, 2, strides=2, return_state=True, data_format=data_format)
    y, h, c = layer(x)
    states = layer.cell.get_initial_state(2)
    for t in range(3):
        output, states = layer.cell(x[:, t], states)
    for a, b in zip((y, h, c), (output, *states)):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_channels_first_is_channels_last_transposed() -> None:
    x = inputs(2, 3, 6, 4)
    last, first = (keras.layers.ConvLSTM1D(2, 3, data_format=f"channels_{k}") for k in ("last", "first"))
    y = last(x)
    first(tf.transpose(x, [0, 1, 3, 2]))
    first.set_weights(last.get_weights())
    np.testing.assert_allclose(tf.transpose(first(tf.transpose(x, [0, 1, 3, 2])), [0, 2, 1]), y, rtol=1e-5, atol=1e-6)


def test_dropout_masks_stay_for_all_steps() -> None:
    layer = keras.layers.ConvLSTM1D(2, 1, dropout=0.5, recurrent_dropout=0.5, seed=1, return_sequences=True)
    x = tf.ones([1, 4, 5, 8])
    a, b = layer(x, training=True).numpy(), layer(x, training=True).numpy()
    assert np.isfinite(a).all() and not np.array_equal(a, b)
    cell = ConvLSTMCell(1, 2, 1, dropout=0.5, recurrent_initializer="zeros", seed=1)
    cell.build((1, 5, 8))
    z = cell.project(x, training=True).numpy()
    np.testing.assert_array_equal(z, np.repeat(z[:, :1], 4, axis=1))


def test_states_go_on_from_batch_to_batch() -> None:
    x = inputs(2, 4, 5, 3)
    whole, layer = keras.layers.ConvLSTM1D(2, 2), keras.layers.ConvLSTM1D(2, 2, stateful=True)
    y = whole(x)
    layer(x)
    layer.set_weights(whole.get_weights())
    layer.reset_state()
    layer(x[:, :2])
    np.testing.assert_allclose(layer(x[:, 2:]), y, rtol=1e-5, atol=1e-6)


def test_it_learns() -> None:
    model = keras.Sequential([keras.Input((3, 6, 6, 1)), keras.layers.ConvLSTM2D(2, 3), keras.layers.Flatten()])
    model.add(keras.layers.Dense(1))
    model.compile("adam", "mse")
    rng = np.random.default_rng(0)
    history = model.fit(rng.normal(size=(8, 3, 6, 6, 1)), rng.normal(size=(8, 1)), epochs=5, verbose=0).history["loss"]
    assert history[-1] < history[0]


def test_errors() -> None:
    with pytest.raises(ValueError, match="`strides > 1` is not compatible"):
        keras.layers.ConvLSTM2D(1, 1, strides=2, dilation_rate=2)
    with pytest.raises(ValueError, match="'valid' or 'same'"):
        keras.layers.ConvLSTM2D(1, 1, padding="causal")
    with pytest.raises(ValueError, match="static input shapes"):
        keras.layers.ConvLSTM1D(1, 1)(keras.Input((3, None, 2)))
