"""Hashes of strings, bit for bit. TensorFlow's numbers for strings of all lengths stand in tests/references/text.json."""

import numpy as np
import pytest

import gputape as tf
from gputape.ops import hash as family
from tests.ops.declared import assert_value, declared, ids, named
from tests.ops.test_strings import Bad, texts

VALUES = [
    ("to_hash_bucket_fast hash_bucket", lambda: tf.strings.to_hash_bucket_fast(["Hello", "2.x"], 3), np.int64([0, 2])),
    ("to_hash_bucket", lambda: tf.strings.to_hash_bucket(["Hello", "2.x"], 3), np.int64([2, 1])),
    ("to_hash_bucket_strong", lambda: tf.strings.to_hash_bucket_strong(["Hello", "TF"], 3, [1, 2]), np.int64([2, 0])),
    ("fingerprint fingerprints", lambda: tf.fingerprint(["a"]), np.uint8([[227, 117, 223, 182, 101, 66, 69, 179]])),
    (
        "to_hash_bucket_fast",
        lambda: tf.strings.to_hash_bucket_fast(tf.zeros([0, 2], tf.string), 3),
        np.zeros([0, 2], int),
    ),
]


def test_table_is_complete():
    assert named(VALUES) == declared(family)


@pytest.mark.parametrize("names, call, expected", VALUES, ids=ids(VALUES))
def test_values(names, call, expected):
    assert_value(call(), expected)


@pytest.mark.parametrize("of_rows", [family.farm, family.murmur, lambda rows: family.sip(rows, (3, 4))])
def test_a_batch_is_hashed_as_its_strings_are(of_rows):
    strings = [bytes(range(n)) for n in (0, 3, 7, 8, 16, 17, 33, 64, 65, 128, 200)] * 2
    together = family.hashed(strings, of_rows)
    assert together.tolist() == [int(family.hashed([s], of_rows)[0]) for s in strings]
    assert len(set(together.tolist())) == len(strings) // 2


def test_siphash_test_vector():
    """The example of the paper: key 00 01 ... 0f, message 00 01 ... 0e."""
    key = (0x0706050403020100, 0x0F0E0D0C0B0A0908)
    assert int(family.hashed([bytes(range(15))], lambda rows: family.sip(rows, key))[0]) == 0xA129CA6149BE45E5


def test_rows_and_strings_of_several_columns():
    numbers = np.int32([[1, 2], [3, 4]])
    assert_value(tf.fingerprint(numbers), tf.fingerprint(texts(*[row.tobytes() for row in numbers])).numpy())


def test_errors():
    for call, text in (
        (lambda: tf.strings.to_hash_bucket_fast("a", 0), "num_buckets=0"),
        (lambda: tf.strings.to_hash_bucket_strong("a", 2, [1]), "2 elements"),
        (lambda: tf.fingerprint(3), "at least one axis"),
        (lambda: tf.fingerprint(["a"], "md5"), "md5"),
    ):
        with pytest.raises(Bad, match=text):
            call()
