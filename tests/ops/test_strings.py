"""Strings one by one, cut and joined. More of TensorFlow's answers stand in tests/test_text.py."""

import numpy as np
import pytest

import gputape as tf
from gputape.ops import strings as family
from tests.ops.declared import assert_value, declared, ids, named

Bad = tf.errors.InvalidArgumentError
WORDS = np.array([["Ab ", "c"], ["dÉ", ""]], object)


def texts(*values):
    made = np.empty(len(values), object)
    made[:] = [v.encode() if isinstance(v, str) else v for v in values]
    return made


VALUES = [
    ("on_host", lambda: family.on_host([1, 2]), np.int32([1, 2])),
    ("string_lower per_string", lambda: tf.strings.lower(WORDS[0]), texts("ab ", "c")),
    ("string_lower", lambda: tf.strings.lower(WORDS[1], "utf-8"), texts("dé", "")),
    ("string_upper", lambda: tf.strings.upper(WORDS)[1], texts("DÉ", "")),
    ("string_strip", lambda: tf.strings.strip([" a\tb\n"]), texts("a\tb")),
    ("string_length", lambda: tf.strings.length(WORDS.T), np.int32([[3, 3], [1, 0]])),
    ("string_length", lambda: tf.strings.length(texts(b"a\0", b"\0"), "UTF8_CHAR"), np.int32([2, 1])),
    ("substr substrings", lambda: tf.strings.substr(["hello", "hi"], -2, 9), texts("lo", "hi")),
    ("substr", lambda: tf.strings.substr("日本語", 1, -1, "UTF8_CHAR")[None], texts("本語")),
    ("string_join joined_strings", lambda: tf.strings.join([WORDS[0], "x"], "-"), texts("Ab -x", "c-x")),
    ("string_join", lambda: tf.strings.join([tf.zeros([0], tf.string), "x"]), texts()),
    ("reduce_join reduced_strings", lambda: tf.strings.reduce_join(WORDS, 0, separator="+"), texts("Ab +dÉ", "c+")),
    (
        "unsorted_segment_join segments_joined",
        lambda: tf.strings.unsorted_segment_join(["a", "b", "c"], [2, 0, 2], 3, "."),
        texts("b", "", "a.c"),
    ),
]


def test_table_is_complete():
    assert named(VALUES) == declared(family)


@pytest.mark.parametrize("names, call, expected", VALUES, ids=ids(VALUES))
def test_values(names, call, expected):
    assert_value(call(), expected)


def test_bytes_of_all_kinds_stay_what_they_are():
    odd = [b"a\0", b"\xff", "é"]
    assert tf.strings.join([odd, ""]).numpy().tolist() == [b"a\0", b"\xff", b"\xc3\xa9"]
    assert tf.strings.length(b"a\0\0").numpy() == 3


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: tf.strings.lower(tf.constant(1)), Bad, "string_lower: input is int32, it must be string"),
        (lambda: tf.strings.lower(1), TypeError, "tf.as_string"),
        (lambda: tf.strings.lower("a", "latin-1"), Bad, "utf-8"),
        (lambda: tf.strings.length("a", "CHAR"), Bad, "UTF8_CHAR"),
        (lambda: tf.strings.substr(["abc"], 4, 1), Bad, "pos 4 out of range for string b'abc' at index 0"),
        (lambda: tf.strings.substr("abc", [1, 2], 1), Bad, r"same shape, got: \[2\] vs. \[\]"),
        (lambda: tf.strings.join([["a"], ["b", "c"]]), Bad, r"\[1\] vs. \[2\]"),
        (lambda: tf.strings.reduce_join(["a"], 1), tf.errors.OutOfRangeError, "dimension 1"),
        (lambda: tf.strings.unsorted_segment_join(["a"], [3], 2), Bad, r"\[0, 2\)"),
    ],
)
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_a_recorded_function_works_on_new_strings():
    shout = tf.function(lambda x: tf.strings.join([tf.strings.upper(x), "!"]))
    assert [shout(tf.constant([w])).numpy().tolist() for w in ("a", "b")] == [[b"A!"], [b"B!"]]
    assert shout.experimental_get_tracing_count() == 1
    assert "2 ops replayed" in shout.report()
