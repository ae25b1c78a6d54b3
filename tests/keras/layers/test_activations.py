import numpy as np
import pytest

from gputape import keras
from gputape.keras import layers

X = np.array([[-3.0, -0.5, 0.0], [0.25, 1.0, 7.0]], "float32")

CASES = [
    (layers.ReLU(), np.maximum(X, 0)),
    (
        layers.ReLU(max_value=6.0, negative_slope=0.1, threshold=0.5),
        np.where(X >= 0.5, np.minimum(X, 6), 0.1 * (X - 0.5)),
    ),
    (layers.LeakyReLU(0.2), np.where(X >= 0, X, 0.2 * X)),
    (layers.ELU(0.5), np.where(X >= 0, X, 0.5 * np.expm1(X))),
    (layers.PReLU(alpha_initializer=keras.initializers.Constant(0.25)), np.where(X >= 0, X, 0.25 * X)),
    (layers.Softmax(), np.exp(X) / np.exp(X).sum(-1, keepdims=True)),
    (layers.Softmax(axis=(0, 1)), np.exp(X) / np.exp(X).sum()),
    (layers.Activation("sigmoid"), 1 / (1 + np.exp(-X))),
]


@pytest.mark.parametrize("layer, expected", CASES, ids=lambda value: getattr(value, "name", ""))
def test_values(layer, expected):
    np.testing.assert_allclose(layer(X), expected, rtol=1e-5, atol=1e-6)
    assert layer(keras.Input((3,), batch_size=2)).shape == (2, 3)


def test_softmax_with_a_mask():
    mask = np.array([[True, False, True], [False, False, False]])
    y = layers.Softmax()(X, mask=mask).numpy()
    kept = np.exp(X[0, [0, 2]])
    np.testing.assert_allclose(y[0, [0, 2]], kept / kept.sum(), rtol=1e-6)
    assert y[0, 1] == 0 and not y[1].any()
    with pytest.raises(ValueError, match="broadcastable"):
        layers.Softmax()(X, mask=np.ones((2, 2), bool))


def test_prelu_shares_along_axes():
    layer = layers.PReLU(shared_axes=[1, 2])
    layer.build((None, 5, 6, 3))
    assert layer.alpha.shape == (1, 1, 3)


@pytest.mark.parametrize("kwargs", [{"max_value": -1.0}, {"negative_slope": -1.0}, {"threshold": None}])
def test_relu_refuses(kwargs):
    with pytest.raises(ValueError, match="ReLU layer cannot be"):
        layers.ReLU(**kwargs)


def test_keras_2_spellings():
    with pytest.warns(UserWarning, match="alpha"):
        assert layers.LeakyReLU(alpha=0.1).negative_slope == 0.1
    with pytest.raises(ValueError, match="Leaky ReLU"):
        layers.LeakyReLU(None)
