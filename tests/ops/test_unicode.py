"""Code points, characters and encodings."""

import numpy as np
import pytest

import gputape as tf
from gputape.ops import unicode as family
from tests.ops.declared import declared
from tests.ops.test_strings import Bad, texts

INVALID = texts(b"a\xffb", b"\xe6\x97", "é")


def test_all_are_here():
    assert declared(family) == {
        "unicode_decode", "unicode_decode_with_offsets", "unicode_split", "unicode_split_with_offsets", "unicode_encode",
        "unicode_transcode", "characters_of", "encoded",
    }  # fmt: skip


def test_decode():
    codes, offsets = tf.strings.unicode_decode_with_offsets(["é日", ""], "UTF-8")
    assert codes.to_list() == [[233, 26085], []] and codes.dtype == tf.int32
    assert offsets.to_list() == [[0, 2], []] and offsets.dtype == tf.int64
    assert tf.strings.unicode_decode(INVALID, "UTF-8").to_list() == [[97, 65533, 98], [65533], [233]]
    assert tf.strings.unicode_decode(INVALID, "UTF-8", errors="ignore").to_list() == [[97, 98], [], [233]]
    assert tf.strings.unicode_decode("\n", "UTF-8", replace_control_characters=True).numpy().tolist() == [65533]
    assert tf.strings.unicode_decode(b"\xe9", "latin-1").numpy().tolist() == [233]
    assert tf.strings.unicode_decode([["a"], ["bc"]], "UTF-8").shape.as_list() == [2, 1, None]


def test_split_and_encode_give_the_string_back():
    words = texts("naïve", "日本", "")
    parts = tf.strings.unicode_split(words, "UTF-8")
    assert parts.to_list()[1] == ["日".encode(), "本".encode()]
    assert tf.strings.reduce_join(parts, axis=1).numpy().tolist() == words.tolist()
    for encoding in family.OUTPUTS:
        there = tf.strings.unicode_transcode(words, "UTF-8", encoding)
        assert (
            tf.strings.unicode_encode(tf.strings.unicode_decode(there, encoding), "UTF-8").numpy().tolist()
            == words.tolist()
        )


def test_encode():
    assert tf.strings.unicode_encode([[97, -1], [0xD800, 98]], "UTF-8", replacement_char=63).numpy().tolist() == [
        b"a?",
        b"?b",
    ]
    assert tf.strings.unicode_encode([97, -1], "UTF-8", errors="ignore").numpy() == b"a"
    assert tf.strings.unicode_encode(np.zeros([2, 0], np.int32), "UTF-8").numpy().tolist() == [b"", b""]


def test_errors():
    for call, text in (
        (lambda: tf.strings.unicode_decode(INVALID, "UTF-8", errors="strict"), "Invalid formatting"),
        (lambda: tf.strings.unicode_decode("a", "nonsense"), "nonsense"),
        (lambda: tf.strings.unicode_decode("a", "UTF-8", errors="warn"), "errors='warn'"),
        (lambda: tf.strings.unicode_decode("a", "UTF-8", replacement_char=0xD800), "replacement_char"),
        (lambda: tf.strings.unicode_encode([0xD800], "UTF-8", errors="strict"), "surrogate"),
        (lambda: tf.strings.unicode_encode([97], "latin1"), "UTF-16-BE"),
        (lambda: tf.strings.unicode_encode([97.0], "UTF-8"), "int32"),
        (lambda: tf.strings.unicode_transcode("a", "UTF-8", "latin1"), "UTF-16-BE"),
    ):
        with pytest.raises(Bad, match=text):
            call()
