"""Numbers in print, and strings read as numbers."""

import numpy as np
import pytest

import gputape as tf
from gputape.ops import string_numbers as family
from tests.ops.declared import assert_value, declared, ids, named
from tests.ops.test_strings import Bad, texts

VALUES = [
    ("as_string shown", lambda: tf.as_string([3.14159, np.nan], precision=2), texts("3.14", "nan")),
    ("as_string", lambda: tf.as_string([True, False]), texts("true", "false")),
    (
        "as_string",
        lambda: tf.as_string(tf.constant([-7, 2**60], tf.int64), width=4, fill="0"),
        texts("-007", str(2**60)),
    ),
    ("as_string", lambda: tf.as_string(tf.cast([1.5], tf.bfloat16), shortest=True), texts("1.5")),
    ("string_to_number", lambda: tf.strings.to_number([" 5", "-1e1"]), np.float32([5, -10])),
    ("string_to_number", lambda: tf.strings.to_number([["12"]], tf.int64), np.int64([[12]])),
    ("string_format formatted", lambda: tf.strings.format("{}|{}", ([1, 2], "s"))[None], texts('[1 2]|"s"')),
]


def test_table_is_complete():
    assert named(VALUES) == declared(family)


@pytest.mark.parametrize("names, call, expected", VALUES, ids=ids(VALUES))
def test_values(names, call, expected):
    assert_value(call(), expected)


def test_there_and_back():
    x = np.random.default_rng(0).standard_normal(20)
    assert_value(tf.strings.to_number(tf.as_string(x, precision=17, scientific=True), tf.float64), x, rtol=1e-15)


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: tf.as_string([1], precision=2), Bad, "precision not supported for datatype int32"),
        (lambda: tf.as_string([1.0], fill="x"), Bad, 'not supported: "x"'),
        (lambda: tf.as_string([1.0], scientific=True, shortest=True), Bad, "both"),
        (lambda: tf.strings.to_number("1_0"), Bad, "could not correctly convert string: 1_0"),
        (lambda: tf.strings.to_number("3000000000", tf.int32), Bad, "3000000000"),
        (lambda: tf.strings.to_number("3", tf.uint8), Bad, "out_type=uint8"),
        (lambda: tf.strings.format("{} {}", [1]), ValueError, "expects 2 tensors, but the inputs only has 1"),
    ],
)
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call()
