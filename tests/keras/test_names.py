"""An unknown name of a Keras module is answered with the nearest one; keras.device and keras.remat."""

import pytest

import gputape as tf
from gputape import keras


@pytest.mark.parametrize(
    "module, name, near",
    [
        (keras, "Sequentail", "Sequential"),
        (keras.layers, "Dens", "Dense"),
        (keras.utils, "to_categoricals", "to_categorical"),
    ],
)
def test_the_nearest_name(module, name, near):
    with pytest.raises(AttributeError, match=f"no attribute '{name}'; did you mean '{near}'"):
        getattr(module, name)


def test_device():
    with keras.device("cpu"):
        assert "CPU" in tf.zeros(1).device
    with pytest.raises(ValueError, match="no device"), keras.device("disk:0"):
        pass


def test_remat():
    layer = keras.layers.Dense(3, activation="tanh")
    x = tf.ones([2, 2])
    layer(x)
    with tf.GradientTape() as plain, tf.GradientTape() as again:
        y, z = tf.reduce_sum(layer(x) ** 2), tf.reduce_sum(keras.remat(layer)(x) ** 2)
    for a, b in zip(plain.gradient(y, layer.weights), again.gradient(z, layer.weights), strict=True):
        assert (a.numpy() == b.numpy()).all()
