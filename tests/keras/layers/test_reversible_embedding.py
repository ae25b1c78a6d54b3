"""ReversibleEmbedding: there and back."""

from pathlib import Path

import numpy as np
import pytest

import gputape as tf
from gputape import keras

TABLE = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]], "float32")


def test_back_is_the_product_with_the_same_weights() -> None:
    layer = keras.layers.ReversibleEmbedding(3, 2, weights=TABLE)
    np.testing.assert_array_equal(layer(tf.constant([[2, 0]])), TABLE[[[2, 0]]])
    x = np.random.default_rng(0).normal(size=(4, 5, 2)).astype("float32")
    np.testing.assert_allclose(layer(x, reverse=True), x @ TABLE.T, rtol=1e-5)
    assert len(layer.weights) == 1


def test_untied_weights_of_their_own() -> None:
    layer = keras.layers.ReversibleEmbedding(3, 2, tie_weights=False)
    layer.build()
    layer.set_weights([TABLE, 10 * TABLE.T])
    np.testing.assert_allclose(layer(tf.ones([1, 2]), reverse=True), [[10.0, 50.0, 90.0]])


def test_the_cap_bounds_the_scores() -> None:
    layer = keras.layers.ReversibleEmbedding(3, 2, weights=100 * TABLE, logit_soft_cap=5)
    y = layer(tf.constant([[1.0, 1.0], [0.001, 0.0]]), reverse=True).numpy()
    assert y.max() <= 5
    np.testing.assert_allclose(y[1], 5 * np.tanh([0.0, 0.2 / 5, 0.4 / 5]), rtol=1e-5)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_the_product_in_another_dtype(dtype: str) -> None:
    layer = keras.layers.ReversibleEmbedding(3, 2, reverse_dtype=dtype)
    assert layer(tf.ones([1, 2]), reverse=True).dtype == dtype
    assert layer(keras.Input((2,)), reverse=True).dtype == dtype


def test_zero_is_masked_on_the_way_there_only() -> None:
    layer = keras.layers.ReversibleEmbedding(3, 2, mask_zero=True)
    y = layer(tf.constant([[0, 2]]))
    np.testing.assert_array_equal(y._keras_mask, [[False, True]])
    assert getattr(layer(tf.zeros([1, 2]), reverse=True), "_keras_mask", None) is None


@pytest.mark.parametrize("tied", [True, False])
def test_saved_and_loaded(tied: bool, tmp_path: Path) -> None:
    x = np.array([[1, 2, 0]])
    ids = keras.Input((3,), dtype="int32")
    layer = keras.layers.ReversibleEmbedding(4, 3, tie_weights=tied)
    model = keras.Model(ids, layer(layer(ids), reverse=True))
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again(x), model(x))
