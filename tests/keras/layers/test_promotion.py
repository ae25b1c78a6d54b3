"""Integers and bools as inputs of layers: promoted as Keras promotes them."""

from typing import Any

import numpy as np
import pytest

import gputape as tf
from gputape import keras

WHOLE = np.array([[1, 0, 3, 4], [5, 6, 0, 8]])
LAYERS: list[Any] = [
    lambda x: keras.layers.Dense(2, kernel_initializer="ones")(x),
    lambda x: keras.layers.EinsumDense("ab,bc->ac", 3, kernel_initializer="ones")(x),
    lambda x: keras.layers.GlobalAveragePooling1D()(x[:, :, None]),
    lambda x: keras.layers.GlobalAveragePooling2D()(x[:, :, None, None]),
    *[
        lambda x, kind=kind: kind()([x, np.full((2, 4), 0.5, "float32")])
        for kind in (
            keras.layers.Add, keras.layers.Subtract, keras.layers.Multiply, keras.layers.Average, keras.layers.Maximum,
            keras.layers.Minimum, keras.layers.Concatenate,
        )
    ],
    lambda x: keras.layers.Dot(1)([x, np.full((2, 4), 0.5, "float32")]),
]  # fmt: skip


@pytest.mark.parametrize("dtype", ["int64", "int32", "uint8", "bool"])
@pytest.mark.parametrize("layer", LAYERS)
def test_as_if_they_were_floats(layer: Any, dtype: str) -> None:
    x = WHOLE.astype(dtype)
    y = layer(x)
    assert y.dtype == tf.float32
    np.testing.assert_array_equal(y, layer(x.astype("float32")))


def test_weights_of_a_half_type_decide() -> None:
    assert keras.layers.Dense(2, dtype="float16")(WHOLE).dtype == tf.float16


def test_integers_among_themselves_stay_integers() -> None:
    y = keras.layers.Add()([WHOLE.astype("int32"), WHOLE])
    assert y.dtype == tf.int64


def test_masks_survive_the_cast() -> None:
    whole, mask = tf.constant(WHOLE), tf.constant([[True, False], [True, True]])
    x = keras.layers.Masking()(tf.reshape(whole, [2, 2, 2]))
    assert x._keras_mask is not None
    y = keras.layers.Add()([keras.layers.Masking(0)(np.ones((2, 2, 2), "float64")), x])
    np.testing.assert_array_equal(y._keras_mask, tf.ones_like(mask))


def test_a_subclassed_model_learns_from_integers() -> None:
    class Linear(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = keras.layers.Dense(1)

        def call(self, x: Any) -> Any:
            return self.dense(x)

    model = Linear()
    model.compile("sgd", "mse")
    assert np.isfinite(model.fit(WHOLE % 2, WHOLE[:, :1], verbose=0).history["loss"]).all()
