import numpy as np
import pytest

import gputape as tf
from gputape import keras
from gputape.keras import layers
from gputape.keras.backend import get_keras_mask

RANDOM = np.random.default_rng(0)


def test_dense_is_the_formula_for_any_rank():
    for shape in [(2, 3), (0, 3), (2, 5, 3), (2, 4, 5, 3)]:
        x = RANDOM.normal(size=shape).astype("float32")
        layer = layers.Dense(4, activation="tanh", bias_initializer="ones")
        y = layer(x)
        np.testing.assert_allclose(y, np.tanh(x @ layer.kernel.numpy() + 1), rtol=1e-5, atol=1e-6)
        assert layer.compute_output_shape((None, *shape[1:])) == (None, *shape[1:-1], 4) and y.shape == (*shape[:-1], 4)
    assert layers.Dense(1, use_bias=False)(x).shape[-1] == 1
    with pytest.raises(ValueError, match="units"):
        layers.Dense(0)
    with pytest.raises(ValueError, match="expected axis -1"):
        layer(np.ones((2, 7), "float32"))
    with pytest.raises(AttributeError, match="build"):
        _ = layers.Dense(1).kernel


@pytest.mark.parametrize(
    "equation, output_shape, bias_axes, shape, expected, kernel, bias",
    [
        ("ab,bc->ac", 64, "c", (None, 32), (None, 64), (32, 64), (64,)),
        ("abc,cd->abd", (None, 64), "d", (None, 32, 128), (None, 32, 64), (128, 64), (64,)),
        ("...x,xy->...y", 64, "y", (None, 32, 16, 8), (None, 32, 16, 64), (8, 64), (64,)),
        ("abc,cde->abde", (1, 3, 4), "de", (None, 1, 2), (None, 1, 3, 4), (2, 3, 4), (3, 4)),
        ("abc,cde->abde", (1, 3, 4), "bd", (None, 1, 2), (None, 1, 3, 4), (2, 3, 4), (1, 3, 1)),
        ("bc...,cd->bd...", 5, "d", (None, 3, 2, 2), (None, 5, 2, 2), (3, 5), (5, 1, 1)),
    ],
)
def test_einsum_dense(equation, output_shape, bias_axes, shape, expected, kernel, bias):
    layer = layers.EinsumDense(equation, output_shape=output_shape, bias_axes=bias_axes, bias_initializer="ones")
    assert layer(keras.Input(shape[1:])).shape == expected
    assert layer.kernel.shape == kernel and layer.bias.shape == bias
    x = RANDOM.normal(size=(2, *shape[1:])).astype("float32")
    y = np.einsum(equation, x, layer.kernel.numpy()) + layer.bias.numpy()
    np.testing.assert_allclose(layer(x), y, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "equation, output_shape, bias_axes, told",
    [
        ("abc,de,cd->abe", 5, None, "Invalid einsum equation"),
        ("ab,bc->cd", 5, None, "no corresponding dim"),
        ("ab,bc->a", (), "z", "did not have a match"),
        ("ab,bc->ac", 5, "z", "Bias dimension 'z'"),
    ],
)
def test_einsum_dense_refuses(equation, output_shape, bias_axes, told):
    with pytest.raises(ValueError, match=told):
        layers.EinsumDense(equation, output_shape, bias_axes=bias_axes).build((2, 3))


def test_embedding_looks_up_and_masks():
    layer = layers.Embedding(4, 2, mask_zero=True)
    y = layer(np.array([[3, 0], [1, 1]]))
    np.testing.assert_array_equal(y, layer.embeddings.numpy()[[[3, 0], [1, 1]]])
    assert get_keras_mask(y).numpy().tolist() == [[True, False], [True, True]]
    assert layers.Embedding(4, 2, weights=np.ones((4, 2)))(np.array(1)).numpy().tolist() == [1.0, 1.0]
    assert layer(keras.Input((7,), dtype="int32")).shape == (None, 7, 2)
    with pytest.raises(ValueError, match="`input_dim` must be a positive integer"):
        layers.Embedding(True, 2)
    with pytest.warns(UserWarning, match="input_length"):
        layers.Embedding(4, 2, input_length=3)


def test_masking():
    x = np.array([[[1.0, 0.0], [0.0, 0.0]]], "float32")
    y = layers.Masking()(x)
    assert get_keras_mask(y).numpy().tolist() == [[True, False]]
    y = layers.Masking(mask_value=1)(np.array([[[1, 1], [1, 2]]]))
    assert y.numpy().tolist() == [[[0, 0], [1, 2]]]


def test_lambda():
    def scaled(x, factor, training=None):
        return x * factor if training else x

    layer = layers.Lambda(scaled, arguments={"factor": 3.0})
    assert float(layer(tf.constant(2.0), training=True)) == 6.0
    assert layers.Lambda(lambda x: x[:, :2], output_shape=(2,))(keras.Input((5,))).shape == (None, 2)
    assert layers.Lambda(lambda x: tf.reduce_sum(x, 1))(keras.Input((5,))).shape == (None,)
    config = layers.Lambda(lambda x: x + 1.0).get_config()
    with pytest.raises(ValueError, match="safe_mode"):
        layers.Lambda.from_config(config)
    assert float(layers.Lambda.from_config(config, safe_mode=False)(tf.constant(2.0))) == 3.0


def test_identity_and_wrapper():
    nest = {"a": keras.Input((2,), dtype="int32"), "b": [keras.Input((3,))]}
    assert layers.Identity()(nest)["a"].dtype == "int32"

    class Twice(layers.Wrapper):
        def call(self, x):
            return self.layer(self.layer(x))

    layer = Twice(layers.Dense(3, kernel_initializer="identity"))
    np.testing.assert_array_equal(layer(np.eye(3, dtype="float32")), np.eye(3))
    assert len(layer.weights) == 2
    again = Twice.from_config(layer.get_config())
    assert again.layer.units == 3 and again.layer is not layer.layer
    with pytest.raises(ValueError, match="isn't a supported layer"):
        layers.Wrapper("dense")


@pytest.mark.parametrize(
    "layer, x",
    [
        (layers.Dense(4), np.ones((2, 3), "float32")),
        (layers.EinsumDense("ab,bc->ac", 4, bias_axes="c"), np.ones((2, 3), "float32")),
        (layers.Embedding(5, 4), np.array([1, 2])),
    ],
    ids=["dense", "einsum", "embedding"],
)
def test_lora(layer, x):
    with pytest.raises(ValueError, match="isn't yet built"):
        layer.enable_lora(2)
    before = layer(x)
    layer.enable_lora(2, lora_alpha=4)
    np.testing.assert_array_equal(layer(x), before)
    target = layer._lora_target
    a, b = getattr(layer, f"lora_{target}_a"), getattr(layer, f"lora_{target}_b")
    b.assign(np.ones(b.shape))
    frozen = getattr(layer, f"_{target}")
    assert not frozen.trainable and any(v is a for v in layer.trainable_variables)
    np.testing.assert_allclose(getattr(layer, target), frozen.numpy() + 2 * a.numpy() @ b.numpy(), rtol=1e-6)
    store = {}
    layer.save_own_variables(store)
    after = np.array(layer(x))
    layer.load_own_variables(store)
    np.testing.assert_allclose(layer(x), after, rtol=1e-6)
    with pytest.raises(ValueError, match="already enabled"):
        layer.enable_lora(2)


LAYERS = [
    layers.Dense(3, activation="relu", kernel_regularizer="l2"),
    layers.EinsumDense("ab,bc->ac", 4, activation="gelu"),
    layers.Embedding(3, 4, mask_zero=True),
    layers.Masking(mask_value=-1.0),
    layers.Flatten(),
    layers.Reshape((3, -1)),
    layers.Permute((2, 1)),
    layers.RepeatVector(3),
    layers.Cropping1D(2),
    layers.Cropping2D(((1, 2), (3, 4))),
    layers.Cropping3D(1),
    layers.ZeroPadding1D((1, 2)),
    layers.ZeroPadding2D(2, data_format="channels_first"),
    layers.ZeroPadding3D((1, 2, 3)),
    layers.UpSampling1D(2),
    layers.UpSampling2D((2, 3), interpolation="bilinear"),
    layers.UpSampling3D(2),
    layers.Concatenate(axis=1),
    layers.Dot(axes=(1, 2), normalize=True),
    layers.Maximum(),
    layers.ReLU(6.0, 0.1, 0.5),
    layers.LeakyReLU(0.2),
    layers.PReLU(shared_axes=[1]),
    layers.Softmax(axis=(1, 2)),
    layers.ELU(0.3),
    layers.Activation("tanh"),
]


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.name)
def test_every_argument_is_in_the_config(layer):
    config = layers.serialize(layer)
    again = layers.deserialize(config)
    assert type(again) is type(layer) and layers.serialize(again) == config
    with pytest.raises(ValueError, match=r"not a `keras.layers.Layer`"):
        layers.deserialize(keras.initializers.serialize(keras.initializers.Zeros()))
