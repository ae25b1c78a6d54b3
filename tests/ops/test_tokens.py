"""Strings taken apart into rows of pieces, and n-grams of the pieces."""

import numpy as np
import pytest

import gputape as tf
from gputape.ops import tokens as family
from tests.ops.declared import declared
from tests.ops.test_strings import texts


def test_all_are_here():
    assert declared(family) == {"string_split", "string_bytes_split", "ngrams", "string_pieces", "grams"}


def test_split():
    assert tf.strings.split(["a b", ""]).to_list() == [[b"a", b"b"], []]
    assert tf.strings.split(["a,b", ""], ",").to_list() == [[b"a", b"b"], [b""]]
    assert tf.strings.split("a b c", maxsplit=1).numpy().tolist() == [b"a", b"b c"]
    deep = tf.strings.split([["a b"], ["c"]])
    assert deep.to_list() == [[[b"a", b"b"]], [[b"c"]]] and deep.shape.as_list() == [2, 1, None]
    assert tf.strings.split(tf.strings.split(["a-b c"]), "-").to_list() == [[[b"a", b"b"], [b"c"]]]
    assert tf.strings.split(tf.zeros([0], tf.string)).shape.as_list() == [0, None]


def test_bytes_split():
    assert tf.strings.bytes_split(texts("ab", "", b"\0\xff")).to_list() == [[b"a", b"b"], [], [b"\0", b"\xff"]]


def test_ngrams():
    assert tf.strings.ngrams([["a", "b", "c"]], [1, 2], "_").numpy().tolist() == [[b"a", b"b", b"c", b"a_b", b"b_c"]]
    ragged = tf.ragged.constant([["a", "b"], [], ["c"]])
    assert tf.strings.ngrams(ragged, 2, pad_values=("<", ">")).to_list() == [
        [b"< a", b"a b", b"b >"],
        [b"< >"],
        [b"< c", b"c >"],
    ]
    assert tf.strings.ngrams(ragged, 2, preserve_short_sequences=True).to_list() == [[b"a b"], [], [b"c"]]
    for call in (lambda: tf.strings.ngrams("a", 2), lambda: tf.strings.ngrams(["a"], 0)):
        with pytest.raises(ValueError):
            call()


def test_a_recorded_function_runs_anew_where_pieces_differ():
    lengths = tf.function(lambda x: tf.strings.split(x).row_lengths())
    assert lengths(tf.constant(["a b"])).numpy().tolist() == [2]
    assert lengths(tf.constant(["a b c"])).numpy().tolist() == [3]
    assert "runs eagerly" in lengths.report()
    rows = tf.function(lambda x: tf.RaggedTensor.from_row_lengths(x * 2, [1, 1]))
    assert [rows(tf.constant([v, 0])).to_list() for v in (1, 2)] == [[[2], [0]], [[4], [0]]]


def test_padding_for_a_model():
    ids = tf.strings.to_hash_bucket_fast(tf.strings.split(["the cat", "a"]), 50).to_tensor(shape=[None, 3])
    assert ids.shape == (2, 3) and ids.dtype == tf.int64 and ids.numpy()[1, 1:].tolist() == [0, 0]
    assert np.array_equal(ids[0, :2], tf.strings.to_hash_bucket_fast(["the", "cat"], 50))
