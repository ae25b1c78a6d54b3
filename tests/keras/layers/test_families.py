"""Convolutions, normalization, pools, recurrent layers and attention against values, gradients and configs of Keras."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

import gputape as tf
from gputape import keras

HERE = Path(__file__).parents[2] / "references"
_spec = importlib.util.spec_from_file_location("layers_cases", HERE / "layers_cases.py")
cases = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(cases)
RECORDED = np.load(HERE / "layers.npz")
CONFIGS = json.loads(str(RECORDED["configs"]))


def plain(config):
    return json.loads(json.dumps(config))


@pytest.mark.parametrize("name", cases.CASES)
def test_as_keras(name):
    found, config = cases.evaluate(keras, tf, name)
    wanted = {k.partition("/")[2]: RECORDED[k] for k in RECORDED.files if k.startswith(f"{name}/")}
    assert set(found) == set(wanted)
    # The gradient of a key's bias is exactly 0: what is found is rounding, of the size of the other gradients.
    atol = 1e-5 * max(1.0, *(np.abs(v).max() for v in wanted.values()))
    for key, value in wanted.items():
        np.testing.assert_allclose(found[key], value, rtol=2e-4, atol=atol, err_msg=f"{name}: {key}")
    assert plain(config) == CONFIGS[name]
    again = getattr(keras.layers, cases.CASES[name][0]).from_config(config)
    assert plain(again.get_config()) == plain(config)


def test_stateful_layers_go_on_and_reset():
    x = tf.constant(np.random.default_rng(0).normal(size=(2, 6, 3)).astype("float32"))
    whole = keras.layers.LSTM(4)
    y = whole(x).numpy()
    layer = keras.layers.LSTM(4, stateful=True)
    layer.build((2, 3, 3))
    layer.set_weights(whole.get_weights())
    for _ in range(2):
        layer(x[:, :3])
        np.testing.assert_allclose(layer(x[:, 3:]).numpy(), y, rtol=1e-5, atol=1e-6)
        layer.reset_state()


def test_bidirectional_is_its_two_layers():
    x = tf.constant(np.random.default_rng(1).normal(size=(2, 5, 3)).astype("float32"))
    layer = keras.layers.Bidirectional(keras.layers.GRU(4, return_sequences=True))
    y = layer(x).numpy()
    np.testing.assert_allclose(y[..., :4], layer.forward_layer(x).numpy(), rtol=1e-5)
    np.testing.assert_allclose(y[..., 4:], layer.backward_layer(x).numpy()[:, ::-1], rtol=1e-5)
    copy = keras.layers.Bidirectional.from_config(layer.get_config())
    copy.build((2, 5, 3))
    copy.set_weights(layer.get_weights())
    np.testing.assert_allclose(copy(x).numpy(), y, rtol=1e-6)


@pytest.mark.parametrize("inner", [lambda: keras.layers.Dense(2), lambda: keras.layers.LayerNormalization()])
def test_time_distributed_is_a_loop(inner):
    x = tf.constant(np.random.default_rng(2).normal(size=(2, 3, 4)).astype("float32"))
    layer = keras.layers.TimeDistributed(inner())
    y = layer(x).numpy()
    for t in range(3):
        np.testing.assert_allclose(y[:, t], layer.layer(x[:, t]).numpy(), rtol=1e-5, atol=1e-6)


def test_dropout_masks_stay_for_all_steps_and_change_between_calls():
    cell = keras.layers.SimpleRNNCell(
        4, activation="linear", kernel_initializer="ones", recurrent_initializer="zeros", dropout=0.5, seed=3
    )
    layer = keras.layers.RNN(cell, return_sequences=True)
    x = tf.constant(np.ones((1, 6, 64), "float32"))
    a, b = layer(x, training=True).numpy(), layer(x, training=True).numpy()
    assert np.ptp(a) == 0 and np.ptp(b) == 0 and not np.array_equal(a, b)
    np.testing.assert_allclose(layer(x).numpy(), 64.0)


def test_half_precision_statistics_do_not_overflow():
    x = tf.constant(np.full((4, 2), 300.0) * [[1], [2], [3], [4]], "float16")
    for layer in (
        keras.layers.BatchNormalization(dtype="float16"),
        keras.layers.LayerNormalization(axis=0, dtype="float16"),
    ):
        y = layer(x, training=True) if "batch" in layer.name else layer(x)
        assert y.dtype == tf.float16 and np.isfinite(y.numpy().astype("float32")).all()


def test_errors():
    with pytest.raises(ValueError, match="at least one time step"):
        keras.layers.GRU(2)(tf.zeros([2, 0, 3]))
    with pytest.raises(ValueError, match="multiple of the number of channels"):
        keras.layers.GroupNormalization(2).build((2, 3))
    with pytest.raises(ValueError, match="`output_padding` must be strictly less"):
        keras.layers.Conv1DTranspose(1, 2, output_padding=1)
    with pytest.raises(ValueError, match="batch size must be static"):
        keras.layers.LSTM(2, stateful=True).build((None, 3, 2))


@pytest.mark.parametrize(
    "layer", [keras.layers.MultiHeadAttention(2, 4), keras.layers.GroupQueryAttention(4, 2, 2)], ids=lambda x: x.name
)
def test_attention_of_projected_tensors_joins_causal_and_given_mask(layer):
    layer.build((1, 5, 8), (1, 5, 8))
    rng = np.random.default_rng(0)
    q, k, v = (tf.constant(rng.normal(size=(1, 5, 2, 4)).astype("float32")) for _ in range(3))
    given = np.ones((1, 5, 5), bool)
    given[:, 3, 1] = False
    joined, _ = layer._compute_attention(q, k, v, given, use_causal_mask=True)
    wanted, _ = layer._compute_attention(q, k, v, given & np.tril(np.ones((5, 5), bool)))
    alone, _ = layer._compute_attention(q, k, v, use_causal_mask=True)
    np.testing.assert_allclose(joined, wanted, atol=1e-6)
    assert not np.allclose(alone, joined)


def test_a_seed_is_the_last_of_simple_rnns_arguments_as_in_keras():
    layer = keras.layers.SimpleRNN(
        2, "tanh", True, *["glorot_uniform", "orthogonal", "zeros"], *[None] * 7, 0.0, 0.0, True
    )
    assert layer.return_sequences and layer(tf.zeros([1, 3, 2])).shape == (1, 3, 2)
