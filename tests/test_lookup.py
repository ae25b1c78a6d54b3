"""Tables: what they find, and that recorded functions see them as they are. TensorFlow's answers: test_text.py."""

import pytest

import gputape as tf

L = tf.lookup


def test_static_table():
    table = L.StaticHashTable(L.KeyValueTensorInitializer(["a", "b"], [1.5, 2.5]), -1.0)
    assert table.lookup([["b"], ["z"]]).numpy().tolist() == [[2.5], [-1.0]]
    assert table["a"].numpy() == 1.5 and table.size().numpy() == 2
    assert table.lookup(tf.strings.split(["a b", "c"])).to_list() == [[1.5, 2.5], [-1.0]]
    assert [t.numpy().tolist() for t in table.export()] == [[b"a", b"b"], [1.5, 2.5]]


def test_text_file(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("cat\ndog\n")
    whole, number = L.TextFileIndex.WHOLE_LINE, L.TextFileIndex.LINE_NUMBER
    ids = L.StaticHashTable(L.TextFileInitializer(path, tf.string, whole, tf.int64, number), -1)
    words = L.StaticHashTable(L.TextFileInitializer(path, tf.int64, number, tf.string, whole), "?")
    assert words.lookup(ids.lookup(["dog", "cow"])).numpy().tolist() == [b"dog", b"?"]


def test_vocabulary_ids_are_those_of_the_hash():
    table = L.StaticVocabularyTable(L.KeyValueTensorInitializer(["a"], tf.constant([0], tf.int64)), 10)
    assert table.lookup(["a", "x"]).numpy().tolist() == [0, 1 + tf.strings.to_hash_bucket_fast("x", 10).numpy()]
    assert table.size().numpy() == 11


def test_mutable_table():
    table = L.experimental.MutableHashTable(tf.string, tf.int64, default_value=-1)
    table.insert(["a", "b"], [1, 2])
    table.insert("a", 9)
    table.remove(["b", "z"])
    assert table.lookup(["a", "b"]).numpy().tolist() == [9, -1]
    assert [t.numpy().tolist() for t in table.export()] == [[b"a"], [9]]


def test_a_recorded_function_sees_what_a_table_holds_now():
    table = L.experimental.MutableHashTable(tf.int64, tf.float32, default_value=0.0)

    @tf.function
    def seen(key, value):
        before = table.lookup(key)
        table.insert(key, value)
        return before, table.lookup(key)

    made = [[t.numpy().tolist() for t in seen(tf.constant([3], tf.int64), tf.constant([v]))] for v in (1.0, 2.0, 3.0)]
    assert made == [[[0.0], [1.0]], [[1.0], [2.0]], [[2.0], [3.0]]]
    assert seen.experimental_get_tracing_count() == 1


def test_dense_table():
    table = L.experimental.DenseHashTable(tf.int64, tf.int64, -1, empty_key=0, deleted_key=-1)
    table.insert([5], [7])
    table.remove([5])
    assert table.lookup([5]).numpy().tolist() == [-1] and table.size().numpy() == 0
    for call in (lambda: table.insert([0], [1]), lambda: table.lookup([-1])):
        with pytest.raises(tf.errors.InvalidArgumentError, match="not allowed"):
            call()


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda t: t.lookup(tf.constant([1])), TypeError, "must be string, received: int32"),
        (
            lambda t: t.insert(["a"], [1, 2]),
            tf.errors.InvalidArgumentError,
            r"Expected shape \[1\] for value, got \[2\]",
        ),
        (
            lambda t: L.StaticHashTable(L.KeyValueTensorInitializer(["a", "a"], [1, 2]), 0),
            tf.errors.FailedPreconditionError,
            "different value for same key",
        ),
        (lambda t: L.StaticHashTable(L.KeyValueTensorInitializer(["a"], [1]), "x"), TypeError, "default_value"),
        (lambda t: L.StaticVocabularyTable(None, 0), ValueError, "num_oov_buckets"),
        (lambda t: L.TextFileInitializer("f", tf.string, -2, tf.int32, -1), ValueError, "int64"),
        (
            lambda t: L.StaticHashTable(L.TextFileInitializer("/none", tf.string, -2, tf.int64, -1), 0),
            tf.errors.NotFoundError,
            "/none",
        ),
    ],
)
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call(L.experimental.MutableHashTable(tf.string, tf.int64, -1))
