import numpy as np
import pytest

import gputape as tf
from gputape import keras
from gputape.keras import layers
from gputape.keras.backend import get_keras_mask, set_keras_mask

RANDOM = np.random.default_rng(0)
A, B, C = (RANDOM.normal(size=(2, 3, 4)).astype("float32") for _ in range(3))

CASES = {
    "add": A + B + C,
    "multiply": A * B * C,
    "average": (A + B + C) / 3,
    "maximum": np.maximum(np.maximum(A, B), C),
    "minimum": np.minimum(np.minimum(A, B), C),
    "concatenate": np.concatenate([A, B, C], -1),
}


@pytest.mark.parametrize("name", CASES)
def test_values(name):
    y = getattr(layers, name)([A, B, C])
    np.testing.assert_allclose(y, CASES[name], rtol=1e-6)
    symbols = [keras.Input((3, 4)) for _ in range(3)]
    assert getattr(layers, name)(symbols).shape == (None, *CASES[name].shape[1:])


def test_subtract_and_broadcasting():
    np.testing.assert_array_equal(layers.subtract([A, B]), A - B)
    np.testing.assert_allclose(layers.add([A, B[:, 0]]), A + B[:, :1], rtol=1e-6)
    assert layers.add([keras.Input((3, 1)), keras.Input((4,))]).shape == (None, 3, 4)
    for bad in ([A], [A, B, C]):
        with pytest.raises(ValueError, match="exactly 2"):
            layers.subtract(bad)


@pytest.mark.parametrize(
    "make, told",
    [
        (lambda: layers.add(A), "list of inputs"),
        (lambda: layers.add([A, A[:, :2]]), "incompatible shapes"),
        (lambda: layers.add([A, A[:1]]), "different batch sizes"),
        (lambda: layers.concatenate([A, A[:, :2]]), "matching shapes"),
        (lambda: layers.concatenate(A), "at least 1 input"),
        (lambda: layers.dot([A, A[:, :2]], axes=1), "Incompatible input shapes"),
        (lambda: layers.Dot(axes=(1, 2, 3)), "two elements"),
    ],
)
def test_refusals(make, told):
    with pytest.raises(ValueError, match=told):
        make()


def test_dot():
    b = RANDOM.normal(size=(2, 5, 3)).astype("float32")
    np.testing.assert_allclose(layers.dot([A, b], axes=(1, 2)), np.einsum("bij,bki->bjk", A, b), rtol=1e-5, atol=1e-6)
    rows = A[:, 0], B[:, 0]
    np.testing.assert_allclose(layers.dot(rows, axes=1)[:, 0], (rows[0] * rows[1]).sum(1), rtol=1e-5)
    cosine = (rows[0] * rows[1]).sum(1) / np.linalg.norm(rows[0], axis=1) / np.linalg.norm(rows[1], axis=1)
    np.testing.assert_allclose(layers.dot(rows, axes=-1, normalize=True)[:, 0], cosine, rtol=1e-5)


def masked(value, mask):
    x = tf.constant(value)
    set_keras_mask(x, tf.constant(mask))
    return x


def test_masks():
    first, second = [[True, True, False]] * 2, [[True, False, False]] * 2
    both = [masked(A, first), masked(B, second)]
    seen = np.array(first)[..., None], np.array(second)[..., None]
    either = np.array(first) | np.array(second)
    for name in ("add", "average", "subtract", "multiply", "maximum", "minimum"):
        assert get_keras_mask(getattr(layers, name)(both)).numpy().tolist() == either.tolist(), name
    product = np.where(seen[0], A, 1) * np.where(seen[1], B, 1) * either[..., None]
    np.testing.assert_allclose(layers.multiply(both), product, rtol=1e-6)
    largest = layers.maximum(both).numpy()
    np.testing.assert_array_equal(largest[:, 0], np.maximum(A, B)[:, 0])
    np.testing.assert_array_equal(largest[:, 1], A[:, 1])
    assert get_keras_mask(layers.concatenate(both, axis=1)).shape == (2, 6)
    assert get_keras_mask(layers.concatenate([both[0], tf.constant(B)], axis=1)).numpy()[0].tolist() == [
        *first[0], True, True, True
    ]  # fmt: skip
    assert get_keras_mask(layers.add([both[0], tf.constant(B)])) is None
    with pytest.raises(ValueError, match="same length"):
        layers.Add().compute_mask(both, [None])
