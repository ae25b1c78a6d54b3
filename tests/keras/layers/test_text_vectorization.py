"""TextVectorization: what test_preprocessing.py leaves out."""

import numpy as np
import pytest

import gputape as tf
from gputape import keras
from gputape.keras.layers import TextVectorization


def test_adapt_takes_datasets_and_generators():
    texts = ["foo bar", "Bar, baz", "bar"]
    for data in (
        texts,
        np.array(texts),
        iter([texts[:1], texts[1:]]),
        tf.data.Dataset.from_tensor_slices(texts).batch(2),
    ):
        layer = TextVectorization()
        layer.adapt(data)
        assert layer.get_vocabulary() == ["", "[UNK]", "bar", "foo", "baz"]
        assert layer.get_vocabulary(include_special_tokens=False) == ["bar", "foo", "baz"]
        assert layer.vocabulary_size() == 5
    layer.adapt(tf.data.Dataset.from_tensor_slices(texts).batch(1), steps=1)
    assert layer.get_vocabulary() == ["", "[UNK]", "foo", "bar"]


def test_functions_for_standardize_and_split():
    layer = TextVectorization(
        standardize=lambda x: tf.strings.regex_replace(x, "-", "|"),
        split=lambda x: tf.strings.split(x, sep="|"),
        vocabulary=["a", "b c"],
    )
    np.testing.assert_array_equal(layer(["b c-a", "a|x"]), [[3, 2], [2, 1]])


@keras.saving.register_keras_serializable("tests")
def shout(x):
    return tf.strings.upper(x)


def test_configs_and_files(tmp_path):
    pytest.importorskip("h5py")
    layer = TextVectorization(standardize=shout, ngrams=(1, 2), name="text")
    layer.adapt(["a b", "b"])
    model = keras.Sequential([keras.Input((), dtype="string"), layer])
    expected = np.asarray(model(np.array(["a b c"])))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(np.array(["a b c"])), expected)
    assert loaded.get_layer("text").get_vocabulary() == ["", "[UNK]", "B", "A B", "A"]
    assert loaded.get_layer("text").get_config() == layer.get_config()


def test_tf_idf_weights_are_saved(tmp_path):
    pytest.importorskip("h5py")
    layer = TextVectorization(output_mode="tf_idf", max_tokens=9, pad_to_max_tokens=True)
    layer.adapt(["a b", "b"])
    model = keras.Sequential([keras.Input((1,), dtype="string"), layer])
    expected = np.asarray(model(np.array([["a a z"]])))
    model.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(keras.saving.load_model(tmp_path / "model.keras")(np.array([["a a z"]])), expected)


def test_ragged_output():
    layer = TextVectorization(vocabulary=["a", "b"], ragged=True)
    assert layer(["a b c", "", "b"]).to_list() == [[2, 3, 1], [], [3]]
    cut = TextVectorization(vocabulary=["a", "b"], ragged=True, output_sequence_length=2)
    assert cut(["a b c", "b"]).to_list() == [[2, 3], [3]]


def test_a_model_learns_from_texts():
    texts = np.array(["good film", "bad film", "good good", "bad", "so good", "bad bad film"])
    labels = np.array([1, 0, 1, 0, 1, 0])
    layer = TextVectorization(output_sequence_length=3)
    layer.adapt(texts)
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.layers.Embedding(layer.vocabulary_size(), 4),
            keras.layers.GlobalAveragePooling1D(),
            keras.layers.Dense(1, "sigmoid"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.1), "binary_crossentropy", metrics=["accuracy"])
    data = tf.data.Dataset.from_tensor_slices((texts, labels)).batch(3).map(lambda x, y: (layer(x), y))
    model.fit(data, epochs=20, verbose=0)
    whole = keras.Sequential([keras.Input((), dtype="string"), layer, model])
    assert ((whole.predict(texts, verbose=0)[:, 0] > 0.5) == labels).all()


@pytest.mark.parametrize(
    "make, told",
    [
        (lambda: TextVectorization(standardize="upper"), "Expected one of"),
        (lambda: TextVectorization(split="comma"), "Expected one of"),
        (lambda: TextVectorization(ngrams="2"), "`ngrams` must be"),
        (lambda: TextVectorization(output_mode="floats"), "Expected one of"),
        (lambda: TextVectorization(output_mode="count", output_sequence_length=2), "output_sequence_length"),
        (lambda: TextVectorization(output_sequence_length=2.5), "an integer"),
        (lambda: TextVectorization(output_mode="count", ragged=True), "ragged"),
        (lambda: TextVectorization(output_mode="count", sparse=True, ragged=True), "ragged"),
        (lambda: TextVectorization(vocabulary=["a"])([["a", "b"]]), "last shape dimension must be 1"),
        (lambda: TextVectorization(vocabulary=["a"]).adapt(["b"]), "Cannot adapt"),
    ],
)
def test_errors_say_what_to_do(make, told):
    with pytest.raises(ValueError, match=told):
        make()
