"""All preprocessing layers: values against Keras, symbolic shapes, datasets, models, configs."""

import json
from pathlib import Path

import numpy as np
import pytest

import gputape as tf
from gputape import keras
from tests.references.preprocessing_cases import CASES, evaluate

EXPECTED = json.loads((Path(__file__).parents[2] / "references" / "preprocessing.json").read_text())
LOOKUPS = ("StringLookup", "IntegerLookup", "TextVectorization")


@pytest.mark.parametrize("name", CASES)
def test_values_are_keras(name):
    found, expected = evaluate(keras, name), EXPECTED[name]
    if CASES[name][0] in LOOKUPS and CASES[name][1].get("output_mode", "int") != "int":
        expected["dtype"] = "float32"  # what Keras announces for its symbolic output; its values are int64
    numbers = found.pop("values"), expected.pop("values")
    assert np.shape(numbers[0]) == np.shape(numbers[1])
    if all(isinstance(v, str) for v in numbers[1]):
        assert numbers[0] == numbers[1]
    else:
        np.testing.assert_allclose(*numbers, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found.pop("boundaries", ()), expected.pop("boundaries", ()), rtol=1e-6)
    assert found == expected


@pytest.mark.parametrize("name", CASES)
def test_symbolic_outputs_and_revived_layers_agree_with_values(name):
    kind, arguments, data, inputs = CASES[name]
    layer = getattr(keras.layers, kind)(**arguments)
    if data is not None:
        layer.adapt(np.array(data))
    arrays = tuple(map(np.array, inputs)) if kind == "HashedCrossing" else (np.array(inputs),)
    y = layer(arrays if kind == "HashedCrossing" else arrays[0])
    symbols = [
        keras.KerasTensor((None, *a.shape[1:]) if a.ndim else (), dtype=tf.constant(a).dtype.name) for a in arrays
    ]
    spec = layer.compute_output_spec(symbols if kind == "HashedCrossing" else symbols[0])
    assert spec.dtype == y.dtype.name and len(spec.shape) == y.ndim
    assert all(a in (None, b) for a, b in zip(spec.shape, y.shape, strict=True))
    if data is None:
        revived = type(layer).from_config(json.loads(json.dumps(layer.get_config())))
        assert revived.get_config() == layer.get_config()
        np.testing.assert_array_equal(revived(arrays if kind == "HashedCrossing" else arrays[0]), y)


MAKERS = {
    "Rescaling": (lambda: keras.layers.Rescaling(2.0), np.ones((4, 3), "uint8")),
    "Normalization": (lambda: keras.layers.Normalization(mean=1.0, variance=4.0), np.ones((4, 3), "float64")),
    "CategoryEncoding": (lambda: keras.layers.CategoryEncoding(3), np.ones((4, 2), "int64")),
    "Discretization": (lambda: keras.layers.Discretization([0.5], output_mode="count"), np.ones((4, 2), "float32")),
    "Hashing": (lambda: keras.layers.Hashing(9), np.array([["a"], ["b"], ["c"], ["d"]])),
    "IntegerLookup": (lambda: keras.layers.IntegerLookup(vocabulary=[1, 2]), np.array([[1], [2], [3], [1]])),
    "StringLookup": (lambda: keras.layers.StringLookup(vocabulary=["a", "c"]), np.array([["a"], ["b"], ["c"], ["d"]])),
    "TextVectorization": (
        lambda: keras.layers.TextVectorization(vocabulary=["a", "c"], output_sequence_length=3),
        np.array([["a c"], ["B"], [""], ["d a a a"]]),
    ),
}


@pytest.mark.parametrize("make, x", MAKERS.values(), ids=MAKERS)
def test_the_same_in_a_dataset_a_model_and_a_function(make, x, tmp_path):
    layer = make()
    expected = np.asarray(layer(x))
    data = tf.data.Dataset.from_tensor_slices(x).batch(3)
    np.testing.assert_array_equal(np.concatenate([np.asarray(y) for y in data.map(layer)]), expected)
    dtype = tf.constant(x).dtype.name
    model = keras.Sequential([keras.Input(x.shape[1:], dtype=dtype), layer])
    np.testing.assert_array_equal(model.predict(x, verbose=0), expected)
    np.testing.assert_array_equal(model.predict(data, verbose=0), expected)
    symbol = keras.Input(x.shape[1:], dtype=dtype)
    np.testing.assert_array_equal(keras.Model(symbol, layer(symbol))(x), expected)
    function = tf.function(lambda x: layer(x))
    for _ in range(3):
        np.testing.assert_array_equal(function(tf.constant(x)), expected)
    np.testing.assert_array_equal(function(tf.constant(x[::-1].copy())), expected[::-1])


@pytest.mark.parametrize("make, x", MAKERS.values(), ids=MAKERS)
def test_saved_with_a_model(make, x, tmp_path):
    pytest.importorskip("h5py")
    model = keras.Sequential([keras.Input(x.shape[1:], dtype=tf.constant(x).dtype.name), make()])
    expected = np.asarray(model(x))
    model.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(keras.saving.load_model(tmp_path / "model.keras")(x), expected)


def test_empty_batches():
    assert keras.layers.Rescaling(2)(np.zeros((0, 3))).shape == (0, 3)
    assert keras.layers.CategoryEncoding(4)(np.zeros((0, 3), "int32")).shape == (0, 4)
    assert keras.layers.CategoryEncoding(4, "one_hot")(np.zeros((0, 1), "int32")).shape == (0, 4)
    assert keras.layers.Discretization([1.0])(np.zeros((0, 3))).shape == (0, 3)
    assert keras.layers.Hashing(5)(np.zeros((0, 2), object)).shape == (0, 2)
    assert keras.layers.StringLookup(vocabulary=["a"])(np.zeros((0,), object)).shape == (0,)
    assert keras.layers.IntegerLookup(vocabulary=[1])(np.zeros((0, 2), "int64")).shape == (0, 2)
    assert keras.layers.TextVectorization(vocabulary=["a"])(np.zeros((0,), object)).shape == (0, 0)


def test_rows_that_are_not_contiguous_and_half_floats():
    x = np.arange(12, dtype="float16").reshape(3, 4).T[::2]
    np.testing.assert_array_equal(keras.layers.Discretization([2.5, 8.5])(x), np.digitize(x, [2.5, 8.5]))
    np.testing.assert_array_equal(keras.layers.Rescaling(2, dtype="bfloat16")(x).numpy().astype("float32"), x * 2)
    layer = keras.layers.Normalization(axis=None)
    layer.adapt(x)
    np.testing.assert_allclose(layer(x), (x.astype("float64") - x.mean()) / x.astype("float64").std(), rtol=1e-5)
    ids = np.array([[0, 9, 1], [1, 9, 2]])[:, ::2]
    np.testing.assert_array_equal(keras.layers.CategoryEncoding(3, "count")(ids), [[1, 1, 0], [0, 1, 1]])


def test_count_weights():
    layer = keras.layers.CategoryEncoding(4, "count")
    weights = [[0.5, 2.0], [1.0, 3.0]]
    np.testing.assert_array_equal(layer([[1, 1], [0, 9]], count_weights=weights), [[0, 2.5, 0, 0], [1, 0, 0, 0]])
    assert layer(keras.Input((2,), dtype="int32"), count_weights=keras.Input((2,))).shape == (None, 4)


def test_sparse_vectors():
    for layer, x in (
        (keras.layers.CategoryEncoding(4, "count", sparse=True), [[1, 1], [0, 9]]),
        (keras.layers.Discretization([1.0], output_mode="one_hot", sparse=True), [[0.5, 2.0]]),
        (keras.layers.Hashing(3, output_mode="multi_hot", sparse=True), [["a", "b"]]),
        (keras.layers.HashedCrossing(3, "one_hot", sparse=True), (np.array(["a", "b"]), np.array([1, 2]))),
        (keras.layers.TextVectorization(vocabulary=["a"], output_mode="count", sparse=True), ["a b a"]),
    ):
        y = layer(x)
        assert isinstance(y, tf.SparseTensor)
        dense = type(layer).from_config({**layer.get_config(), "sparse": False})
        np.testing.assert_array_equal(tf.sparse.to_dense(y), dense(x))
    bins = keras.layers.Hashing(3)
    sparse = tf.SparseTensor([[0, 1], [1, 0]], ["a", "b"], [2, 2])
    np.testing.assert_array_equal(bins(sparse).values, bins(["a", "b"]))
    assert bins(tf.ragged.constant([["a"], [], ["b", "a"]])).to_list() == [[bins("a")], [], [bins("b"), bins("a")]]


def test_rescaling_per_channel_of_channels_first(monkeypatch):
    monkeypatch.setattr("gputape.keras.backend.image_data_format", lambda: "channels_first")
    y = keras.layers.Rescaling([1.0, 2.0])(np.ones((1, 2, 3, 3)))
    np.testing.assert_array_equal(y[0, :, 0, 0], [1, 2])


@pytest.mark.parametrize(
    "make, told",
    [
        (lambda: keras.layers.CategoryEncoding(), "num_tokens must be set"),
        (lambda: keras.layers.CategoryEncoding(0), ">= 1"),
        (lambda: keras.layers.CategoryEncoding(3, "int"), "Unknown arg"),
        (lambda: keras.layers.CategoryEncoding(3)([1], count_weights=[1.0]), "count_weights"),
        (lambda: keras.layers.Discretization(), "either `num_bins`"),
        (lambda: keras.layers.Discretization([1.0], 3), "Both `num_bins`"),
        (lambda: keras.layers.Discretization(num_bins=-1), "greater than or equal to 0"),
        (lambda: keras.layers.Discretization([1.0], output_mode="tf_idf"), "Expected one of"),
        (lambda: keras.layers.Discretization([1.0]).adapt([1.0]), "Cannot adapt"),
        (lambda: keras.layers.Discretization(num_bins=2)([1.0]), "call `adapt"),
        (lambda: keras.layers.Hashing(0), "non-positive"),
        (lambda: keras.layers.Hashing(3, salt=[1, 2, 3]), "tuple of size 2"),
        (lambda: keras.layers.Hashing(3, dtype="float32"), "integer type"),
        (lambda: keras.layers.Hashing(3, sparse=True), "`sparse` may only be true"),
        (lambda: keras.layers.Discretization([1.0], sparse=True), "`sparse=True` may only be used"),
        (lambda: keras.layers.HashedCrossing(3)([1]), "at least two"),
        (lambda: keras.layers.HashedCrossing(3)(np.array(1)), "list or tuple"),
        (lambda: keras.layers.HashedCrossing(3)(([1.0], [2])), "integer or string"),
        (lambda: keras.layers.HashedCrossing(3)(([1, 2], [2])), "equal shape"),
        (lambda: keras.layers.HashedCrossing(3)(([[1, 2]], [[1, 2]])), "should have shape"),
        (lambda: keras.layers.HashedCrossing(3, "count"), "Expected one of"),
    ],
)
def test_errors_say_what_to_do(make, told):
    with pytest.raises(ValueError, match=told):
        make()


def test_boundaries_learned_from_batches_are_those_of_all_data():
    values = np.random.default_rng(1).normal(size=5000).astype("float32")
    layer = keras.layers.Discretization(num_bins=10)
    layer.adapt(tf.data.Dataset.from_tensor_slices(values).batch(512))
    wanted = np.quantile(values, np.linspace(0, 1, 11)[1:-1])
    shares = np.searchsorted(np.sort(values), layer.bin_boundaries) / len(values)
    np.testing.assert_allclose(shares, np.searchsorted(np.sort(values), wanted) / len(values), atol=0.02)
    layer.adapt((values[k : k + 100] for k in range(0, 5000, 100)), steps=2)
    assert np.mean(values[:200] < layer.bin_boundaries[4]) == pytest.approx(0.5, abs=0.05)
    revived = keras.layers.Discretization.from_config(layer.get_config())
    assert revived.bin_boundaries == layer.bin_boundaries and revived.num_bins == 10
