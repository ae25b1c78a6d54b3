"""StringLookup and IntegerLookup: vocabularies, learning, errors, files. Their values are in test_preprocessing.py."""

import numpy as np
import pytest

import gputape as tf
from gputape import keras
from gputape.keras.layers import IntegerLookup, StringLookup


def test_the_vocabulary_is_sorted_by_count_then_by_token_descending():
    layer = StringLookup()
    layer.adapt([["b", "a"], ["b", "c"], ["é", "c"]])
    assert layer.get_vocabulary() == ["[UNK]", "c", "b", "é", "a"]
    assert layer.get_vocabulary(include_special_tokens=False) == ["c", "b", "é", "a"]
    assert layer.vocabulary_size() == 5 and all(type(t) is str for t in layer.get_vocabulary())
    numbers = IntegerLookup(mask_token=0, max_tokens=4)
    numbers.adapt([5, 0, -7, 5, -1, 2, 2, 9])
    assert numbers.get_vocabulary() == [0, -1, 5, 2] and type(numbers.get_vocabulary()[2]) is int


SOURCES = {
    "list": lambda: ["a", "b", "a"],
    "array": lambda: np.array(["a", "b", "a"]),
    "bytes": lambda: np.array([b"a", b"b", b"a"], object),
    "tensor": lambda: tf.constant([["a", "b"], ["a", "a"]]),
    "ragged": lambda: tf.ragged.constant([["a"], [], ["b", "a"]]),
    "dataset": lambda: tf.data.Dataset.from_tensor_slices(["a", "b", "a"]).batch(2),
    "elements": lambda: tf.data.Dataset.from_tensor_slices(["a", "b", "a"]),
    "generator": lambda: iter([["a"], ["b", "a"]]),
}


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_adapt_takes_every_source(source):
    layer = StringLookup()
    layer.adapt(source())
    assert layer.get_vocabulary() == ["[UNK]", "a", "b"]


def test_adapt_stops_after_steps_and_starts_anew():
    endless = tf.data.Dataset.from_tensor_slices([1, 2, 2, 3]).batch(2).repeat()
    layer = IntegerLookup()
    layer.adapt(endless, steps=3)
    assert layer.get_vocabulary() == [-1, 2, 1, 3]
    layer.adapt([8])
    assert layer.get_vocabulary() == [-1, 8]
    np.testing.assert_array_equal(layer([8, 2]), [1, 0])


def test_documents_for_tf_idf():
    layer = StringLookup(output_mode="tf_idf")
    layer.adapt([["a", "a", "b"], ["a", "c", "d"]])
    idf = dict(zip(layer.get_vocabulary(), np.asarray(layer.idf_weights)))
    assert idf["a"] == pytest.approx(np.log(1 + 2 / 3)) and idf["b"] == pytest.approx(np.log(2))
    assert idf["[UNK]"] == pytest.approx(np.mean([idf[t] for t in "abcd"]))


def test_special_tokens_in_a_vocabulary():
    for tokens in (["a", "b"], ["", "[UNK]", "a", "b"], np.array(["a", "b"]), tf.constant(["a", "b"])):
        layer = StringLookup(vocabulary=tokens, mask_token="")
        assert layer.get_vocabulary() == ["", "[UNK]", "a", "b"]
    np.testing.assert_array_equal(layer(["", "b", "?"]), [0, 3, 1])


def test_ragged_inputs():
    rows = tf.ragged.constant([["a", "z"], [], ["b"]])
    found = StringLookup(vocabulary=["a", "b"])(rows)
    assert found.to_list() == [[1, 0], [], [2]]
    counts = StringLookup(vocabulary=["a", "b"], output_mode="count")(rows)
    np.testing.assert_array_equal(counts, [[1, 1, 0], [0, 0, 0], [0, 0, 1]])
    one_hot = StringLookup(vocabulary=["a", "b"], output_mode="one_hot")(rows)
    assert one_hot.to_list() == [[[0, 1, 0], [1, 0, 0]], [], [[0, 0, 1]]]


def test_sparse_inputs_and_outputs():
    x = tf.SparseTensor([[0, 0], [0, 2], [1, 1]], ["b", "?", "b"], [2, 3])
    found = StringLookup(vocabulary=["a", "b"])(x)
    np.testing.assert_array_equal(found.values, [2, 0, 2])
    for mode, expected in (("count", [[1, 0, 1], [0, 0, 1]]), ("tf_idf", [[2, 0, 3], [0, 0, 3]])):
        weights = [2.0, 1.0, 3.0] if mode == "tf_idf" else None
        layer = StringLookup(vocabulary=["[UNK]", "a", "b"], output_mode=mode, idf_weights=weights, sparse=True)
        assert isinstance(layer(x), tf.SparseTensor)
        np.testing.assert_array_equal(tf.sparse.to_dense(layer(x)), expected)
    learned = StringLookup()
    learned.adapt(x)
    assert learned.get_vocabulary() == ["[UNK]", "b", "?"]


def test_there_and_back():
    words = ["a", "b", "c"]
    there, back = StringLookup(vocabulary=words), StringLookup(vocabulary=words, invert=True)
    assert back(there(["c", "?", "a"])).numpy().tolist() == [b"c", b"[UNK]", b"a"]
    latin = StringLookup(encoding="latin-1")
    latin.adapt(np.array(["é".encode("latin-1")], object))
    assert latin.get_vocabulary() == ["[UNK]", "é"]


def test_the_size_of_vectors_is_fixed_by_the_first_call():
    layer = IntegerLookup(output_mode="count")
    layer.adapt([1, 2])
    layer.adapt([1, 2, 3])
    assert layer([1, 3]).shape == (4,)
    with pytest.raises(RuntimeError, match="vocabulary size cannot be changed"):
        layer.adapt([1])
    padded = IntegerLookup(output_mode="count", max_tokens=6, pad_to_max_tokens=True)
    padded.adapt([1, 2])
    assert padded([1]).shape == (6,)
    padded.adapt([1, 2, 3])
    assert padded([1]).shape == (6,)


def test_integers_are_looked_up_without_leaving_a_function():
    layer = IntegerLookup(vocabulary=[7, -2, 2**40], num_oov_indices=2)
    function = tf.function(lambda x: layer(x) + 1)
    for x in ([7, 3, 2**40], [4, -2, 5], [-2, -3, 7]):
        np.testing.assert_array_equal(function(tf.constant(x, "int64")), np.asarray(layer(x)) + 1)


def test_vocabulary_files(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("a\nb c\n\u2028\n", encoding="utf-8")
    layer = StringLookup(vocabulary=str(path))
    assert layer.get_vocabulary() == ["[UNK]", "a", "b c", "\u2028"]
    assert layer.get_config()["vocabulary"] is None
    path.write_text("3\n1\n")
    np.testing.assert_array_equal(IntegerLookup(vocabulary=path)([1, 2, 3]), [2, 0, 1])


@pytest.mark.parametrize("mode", ["int", "tf_idf"])
@pytest.mark.parametrize("pad", [False, True])
def test_a_learned_vocabulary_is_saved_with_the_model(tmp_path, mode, pad):
    pytest.importorskip("h5py")
    layer = StringLookup(output_mode=mode, max_tokens=8, pad_to_max_tokens=pad, name="words")
    layer.adapt(["b", "a", "", "b"])
    model = keras.Sequential([keras.Input((2,), dtype="string"), layer])
    x = np.array([["a", "?"], ["b", ""]])
    expected = np.asarray(model(x))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.get_layer("words").get_vocabulary() == ["[UNK]", "b", "a", ""]
    np.testing.assert_array_equal(loaded(x), expected)


def test_a_token_with_a_line_break_is_not_saved_in_a_file(tmp_path):
    layer = StringLookup()
    layer.adapt(["a\nb"])
    with pytest.raises(ValueError, match="one token per line"):
        layer.save_assets(str(tmp_path))


@pytest.mark.parametrize(
    "make, error, told",
    [
        (lambda: StringLookup(max_tokens=1), ValueError, "greater than 1"),
        (lambda: StringLookup(pad_to_max_tokens=True), ValueError, "must set `max_tokens`"),
        (lambda: StringLookup(num_oov_indices=-1), ValueError, "greater than or equal to 0"),
        (lambda: StringLookup(output_mode="onehot"), ValueError, "Expected one of"),
        (lambda: StringLookup(invert=True, output_mode="count"), ValueError, "must be `'int'`"),
        (lambda: StringLookup(sparse=True), ValueError, "`sparse` may only be true"),
        (lambda: StringLookup(idf_weights=[1.0]), ValueError, "idf_weights"),
        (lambda: StringLookup(vocabulary=["a"], output_mode="tf_idf"), ValueError, "must also be provided"),
        (lambda: StringLookup(salt="ab"), ValueError, "tuple of size 2"),
        (lambda: IntegerLookup(salt=1), ValueError, "oov_method='farmhash'"),
        (lambda: IntegerLookup(oov_method="sha"), ValueError, "Expected one of"),
        (lambda: IntegerLookup(vocabulary_dtype="int32"), ValueError, "int64"),
        (lambda: IntegerLookup(vocabulary=[1], tokens=2), ValueError, "Unrecognized keyword"),
        (lambda: StringLookup(vocabulary=["a", "b", "a"]), ValueError, r"repeated.*\['a'\]"),
        (lambda: StringLookup(vocabulary=[]), ValueError, "empty vocabulary"),
        (lambda: StringLookup(vocabulary=["a", "m"], mask_token="m"), ValueError, "reserved mask token"),
        (lambda: StringLookup(vocabulary=["a", "[UNK]"], invert=True), ValueError, "reserved OOV token"),
        (lambda: StringLookup(vocabulary=["a", "b"], max_tokens=2), ValueError, "larger than the maximum"),
        (lambda: StringLookup(vocabulary="no/such/file.txt"), ValueError, "does not exist"),
        (lambda: StringLookup(vocabulary=["a"]).adapt(["b"]), ValueError, "Cannot adapt"),
        (lambda: StringLookup(output_mode="tf_idf").set_vocabulary(["a"]), ValueError, "must be set"),
        (lambda: StringLookup(output_mode="tf_idf").set_vocabulary(["a"], [1.0, 2.0]), ValueError, "same length"),
        (lambda: StringLookup()(["a"]), tf.errors.FailedPreconditionError, "call `adapt`"),
        (lambda: StringLookup(output_mode="count")(["a"]), RuntimeError, "call `adapt`"),
        (
            lambda: StringLookup(vocabulary=["a"], num_oov_indices=0)(["a", "zz"]),
            tf.errors.InvalidArgumentError,
            "found OOV values.*zz",
        ),
        (lambda: IntegerLookup(vocabulary=[1], num_oov_indices=0)([5]), tf.errors.InvalidArgumentError, "5"),
    ],
)
def test_errors_say_what_to_do(make, error, told):
    with pytest.raises(error, match=told):
        make()
