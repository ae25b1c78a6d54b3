"""keras.preprocessing: the old names for sequences and texts."""

import json

import numpy as np
import pytest

from gputape import keras

sequence, text = keras.preprocessing.sequence, keras.preprocessing.text


def test_a_generator_of_windows():
    data = np.arange(10).reshape(10, 1)
    made = sequence.TimeseriesGenerator(data, data * 10, length=4, sampling_rate=2, stride=2, batch_size=2)
    assert len(made) == 2
    x, y = made[0]
    assert x[..., 0].tolist() == [[0, 2], [2, 4]] and y[:, 0].tolist() == [40, 60]
    assert [y[:, 0].tolist() for _, y in made] == [[40, 60], [80]]
    backwards = sequence.TimeseriesGenerator(data, data, length=3, reverse=True, start_index=2, end_index=7)
    assert backwards[0][0][0, :, 0].tolist() == [4, 3, 2] and len(backwards[0][1]) == 3
    mixed = sequence.TimeseriesGenerator(data, data, length=3, shuffle=True, batch_size=64)[0]
    assert (mixed[0][:, -1] == mixed[1] - 1).all() and len(set(mixed[1][:, 0])) > 3
    with pytest.raises(ValueError, match="same length"):
        sequence.TimeseriesGenerator(data, data[1:], length=2)
    with pytest.raises(ValueError, match="disallowed"):
        sequence.TimeseriesGenerator(data, data, length=11)


def test_a_model_learns_from_a_generator():
    data = np.arange(40, dtype="float32") / 40
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.05), "mse")
    history = model.fit(sequence.TimeseriesGenerator(data, data, 3, batch_size=8), epochs=20, verbose=0)
    assert history.history["loss"][-1] < history.history["loss"][0]


def test_pairs_of_words():
    couples, labels = sequence.skipgrams([1, 2, 0, 3], 10, window_size=1, shuffle=False)
    assert couples[:2] == [[1, 2], [2, 1]] and labels == [1, 1, 0, 0]
    assert all(1 <= other < 10 for _, other in couples)
    couples, labels = sequence.skipgrams(list(range(1, 9)), 20, negative_samples=2.0, categorical=True, seed=1)
    assert len(couples) == len(labels) and sum(y == [0, 1] for y in labels) * 3 == len(labels)
    near = [c for c, y in zip(couples, labels) if y == [0, 1]]
    assert all(0 < abs(a - b) <= 4 for a, b in near)
    none, _ = sequence.skipgrams([1, 2], 3, sampling_table=np.zeros(3), negative_samples=0)
    assert none == []


def test_the_sampling_table_keeps_rare_words():
    table = sequence.make_sampling_table(1000, sampling_factor=1e-3)
    assert table.shape == (1000,) and (np.diff(table) >= 0).all() and table[-1] == 1
    np.testing.assert_allclose(table[2], np.sqrt(1e-3 * (2 * (np.log(2) + 0.577) + 0.5 - 1 / 24)))


TEXTS = ["The cat sat on the mat.", "A dog, a cat!"]


def fitted(**kwargs):
    tokenizer = text.Tokenizer(**kwargs)
    tokenizer.fit_on_texts(TEXTS)
    return tokenizer


def test_words_are_numbered_by_how_often_they_appear():
    tokenizer = fitted()
    assert tokenizer.word_index == {"the": 1, "cat": 2, "a": 3, "sat": 4, "on": 5, "mat": 6, "dog": 7}
    assert tokenizer.document_count == 2 and tokenizer.index_docs[2] == 2 and tokenizer.word_counts["the"] == 2
    assert tokenizer.texts_to_sequences(["the dog barks", ["The", "mat"]]) == [[1, 7], [1, 6]]
    assert tokenizer.sequences_to_texts([[7, 2, 99]]) == ["dog cat"]


def test_few_words_and_unknown_ones():
    few = fitted(num_words=3)
    assert few.texts_to_sequences(["the cat and the dog"]) == [[1, 2, 1]]
    unknown = fitted(num_words=4, oov_token="?")
    assert unknown.texts_to_sequences(["the cat and the dog"]) == [[2, 3, 1, 2, 1]]
    assert unknown.sequences_to_texts([[2, 6, 99]]) == ["the ? ?"]
    letters = fitted(char_level=True, lower=False)
    assert letters.texts_to_sequences(["at"])[0] == [letters.word_index["a"], letters.word_index["t"]]
    assert fitted(analyzer=lambda t: t.split())._words("a b") == ["a", "b"]


def test_matrices():
    tokenizer = fitted()
    assert tokenizer.texts_to_matrix(["the the cat"]).tolist() == [[0, 1, 1, 0, 0, 0, 0, 0]]
    assert tokenizer.texts_to_matrix(["the the cat"], "count").tolist() == [[0, 2, 1, 0, 0, 0, 0, 0]]
    np.testing.assert_allclose(tokenizer.texts_to_matrix(["the the cat"], "freq")[0, 1:3], [2 / 3, 1 / 3])
    weights = tokenizer.texts_to_matrix(["the the cat"], "tfidf")[0]
    np.testing.assert_allclose(weights[1:3], [(1 + np.log(2)) * np.log(2), np.log(1 + 2 / 3)])
    with pytest.raises(ValueError, match="mode"):
        tokenizer.texts_to_matrix(["a"], "wild")
    with pytest.raises(ValueError, match="num_words"):
        text.Tokenizer().sequences_to_matrix([[1]])
    with pytest.raises(ValueError, match="tfidf"):
        text.Tokenizer(num_words=3).sequences_to_matrix([[1]], "tfidf")


def test_a_tokenizer_comes_back_from_json():
    tokenizer = fitted(num_words=5, oov_token="?")
    tokenizer.fit_on_sequences([[1, 1, 2]])
    again = text.tokenizer_from_json(tokenizer.to_json())
    assert again.texts_to_sequences(TEXTS) == tokenizer.texts_to_sequences(TEXTS)
    assert again.get_config() == tokenizer.get_config() and json.loads(again.to_json())["class_name"] == "Tokenizer"
    np.testing.assert_array_equal(again.texts_to_matrix(TEXTS, "tfidf"), tokenizer.texts_to_matrix(TEXTS, "tfidf"))


def test_hashes_of_words():
    assert text.hashing_trick("a b a", 10, hash_function="md5") == text.hashing_trick("A, b a", 10, "md5")
    assert all(1 <= k < 4 for k in text.one_hot("one two three four five", 4))
    assert text.hashing_trick("x|y", 10, hash_function=lambda w: 3, analyzer=lambda t: t.split("|")) == [4, 4]
    assert text.text_to_word_sequence("A-b c", filters="-", lower=False) == ["A", "b", "c"]
