import numpy as np
import pytest

import gputape as tf
from gputape import keras

X = np.random.default_rng(0).normal(5.0, 3.0, (30, 4))


def normalized(x, axis=0):
    return (x - x.mean(axis)) / x.std(axis)


class Batches(keras.utils.PyDataset):
    def __len__(self):
        return 3

    def __getitem__(self, index):
        return X[index * 10 : index * 10 + 10], np.zeros(10)


SOURCES = {
    "array": lambda: X,
    "float32": lambda: X.astype("float32"),
    "tensor": lambda: tf.constant(X),
    "batches": lambda: [X[:7], X[7:8], X[8:]],
    "generator": lambda: (X[k : k + 8] for k in range(0, 30, 8)),
    "pairs": lambda: [(X[:20], np.zeros(20)), (X[20:], np.zeros(10))],
    "dataset": lambda: tf.data.Dataset.from_tensor_slices(X).batch(7),
    "rows": lambda: tf.data.Dataset.from_tensor_slices(X),
    "labels": lambda: tf.data.Dataset.from_tensor_slices((X, np.arange(30))).batch(9),
    "pydataset": Batches,
}


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_every_source_gives_the_same_statistics(source):
    layer = keras.layers.Normalization()
    layer.adapt(source())
    assert layer.mean.shape == (1, 4) and layer.built
    np.testing.assert_allclose(layer.mean[0], X.mean(0), rtol=1e-5)
    np.testing.assert_allclose(layer.variance[0], X.var(0), rtol=1e-5)
    np.testing.assert_allclose(layer(X), normalized(X), rtol=1e-4, atol=1e-5)


def test_statistics_far_from_zero_keep_their_digits():
    far = [np.float64([[1e6], [1e6 + 1]]), np.float64([[1e6 + 2]])]
    layer = keras.layers.Normalization(dtype="float64")
    layer.adapt(far)
    assert float(layer.variance[0, 0]) == pytest.approx(2 / 3, rel=1e-9)


def test_adapting_again_replaces_and_functions_see_it():
    layer = keras.layers.Normalization()
    layer.adapt(X)
    function = tf.function(layer)
    function(tf.constant(X))
    function(tf.constant(X))
    layer.adapt(X * 2)
    np.testing.assert_allclose(function(tf.constant(X * 2)), normalized(X), rtol=1e-4, atol=1e-5)


def test_axes():
    x = np.random.default_rng(1).normal(size=(6, 2, 5, 3))
    layer = keras.layers.Normalization(axis=(1, -1))
    layer.adapt(x)
    assert layer.mean.shape == (1, 2, 1, 3) and [w.shape for w in layer.weights] == [(2, 3), (2, 3), ()]
    mean, std = x.mean((0, 2), keepdims=True), x.std((0, 2), keepdims=True)
    np.testing.assert_allclose(layer(x), (x - mean) / std, rtol=1e-3, atol=1e-5)
    given = keras.layers.Normalization(axis=(1, 2), mean=np.arange(5.0), variance=np.ones(5))
    given.build((None, 2, 5, 3))
    assert given.mean.shape == (1, 2, 5, 1) and not given.weights
    np.testing.assert_array_equal(given.mean[0, :, :, 0], [np.arange(5)] * 2)


def test_constant_features_and_invert():
    layer = keras.layers.Normalization()
    layer.adapt(np.ones((3, 2)))
    np.testing.assert_array_equal(layer(np.ones((1, 2))), [[0, 0]])
    back = keras.layers.Normalization(mean=[1.0, 2.0], variance=[4.0, 9.0], invert=True)
    np.testing.assert_array_equal(back([[1.0, 1.0]]), [[3, 5]])


def test_saved_and_loaded(tmp_path):
    pytest.importorskip("h5py")
    model = keras.Sequential([keras.Input((4,)), keras.layers.Normalization(), keras.layers.Dense(2)])
    model.layers[0].adapt(X)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(X), model(X))
    assert loaded.layers[0].get_config() == model.layers[0].get_config()


@pytest.mark.parametrize(
    "make, error, told",
    [
        (lambda: keras.layers.Normalization(mean=1.0), ValueError, "both `mean` and `variance`"),
        (lambda: keras.layers.Normalization(mean=[1.0], variance=1.0), ValueError, "same shape"),
        (lambda: keras.layers.Normalization(mean=[[1.0]], variance=[[1.0]]), ValueError, "rank of `mean`"),
        (lambda: keras.layers.Normalization(axis=2).build((2, 2)), ValueError, "in the range"),
        (lambda: keras.layers.Normalization(axis=1).build((2, None)), ValueError, "known shape"),
        (lambda: keras.layers.Normalization().adapt([]), ValueError, "empty iterable"),
        (lambda: keras.layers.Normalization().adapt(np.ones((0, 3))), ValueError, "only empty batches"),
        (lambda: keras.layers.Normalization().adapt([1, 2]), TypeError, "`.shape`"),
        (lambda: keras.layers.Normalization().adapt([X, X[:, :2]]), ValueError, "incompatible shape"),
        (lambda: keras.layers.Normalization(mean=1.0, variance=1.0).adapt(X), ValueError, "Cannot adapt"),
    ],
)
def test_errors_say_what_to_do(make, error, told):
    with pytest.raises(error, match=told):
        make()
