"""Arguments that describe weights: one path for all layers."""

import numpy as np
import pytest

from gputape import keras

FAMILIES = [
    (keras.layers.Dense(2, kernel_regularizer="l2", bias_constraint="non_neg"), (3, 4), "kernel"),
    (keras.layers.Conv2D(2, 3, kernel_regularizer="l2"), (1, 5, 5, 2), "kernel"),
    (keras.layers.Conv1DTranspose(2, 3, kernel_regularizer="l2"), (1, 5, 2), "kernel"),
    (keras.layers.DepthwiseConv1D(3, depthwise_regularizer="l2"), (1, 5, 2), "kernel"),
    (keras.layers.SeparableConv1D(2, 3, pointwise_regularizer="l2"), (1, 5, 2), "pointwise_kernel"),
    (keras.layers.LSTM(2, recurrent_regularizer="l2"), (1, 3, 2), "recurrent_kernel"),
    (keras.layers.LayerNormalization(gamma_regularizer="l2"), (1, 3), "gamma"),
    (keras.layers.Embedding(4, 2, embeddings_regularizer="l2"), (1, 3), "embeddings"),
    (keras.layers.ConvLSTM1D(2, 2, kernel_regularizer="l2"), (1, 2, 4, 2), "kernel"),
]


@pytest.mark.parametrize(("layer", "shape", "name"), FAMILIES, ids=lambda x: getattr(x, "name", None))
def test_the_regularizer_is_that_of_its_weight(layer: keras.layers.Layer, shape: tuple[int, ...], name: str) -> None:
    layer.build(shape)
    (weight,) = [v for v in layer.weights if v.name == name]
    assert [v.name for v in layer.weights if v.regularizer is not None] == [name]
    np.testing.assert_allclose(sum(layer.losses), 0.01 * np.square(weight.numpy()).sum(), rtol=1e-5)


def test_window_layers_take_their_size_by_position() -> None:
    assert keras.layers.MaxPooling3D((1, 2, 3), 2, "same").get_config()["strides"] == (2, 2, 2)
    assert keras.layers.Conv1D(4, 3, 2, "causal").get_config()["kernel_size"] == (3,)
    assert keras.layers.DepthwiseConv2D(3, 2, "same", 4).get_config()["depth_multiplier"] == 4


def test_the_long_names_are_the_same_classes() -> None:
    names = ("Conv1D", "Conv2D", "Conv3D", "Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose", "SeparableConv2D")
    for name in names:
        assert getattr(keras.layers, name.replace("Conv", "Convolution")) is getattr(keras.layers, name)
