"""tf.train.Example on the wire, and parsing it. TensorFlow's answers to more records stand in test_text.py."""

import numpy as np
import pytest

import gputape as tf
from gputape import protobuf

T = tf.train
# What TensorFlow's tf.train.Example writes for {"a": [-1, 300]}.
RECORDED = b"\n\x17\n\x15\n\x01a\x12\x10\x1a\x0e\n\x0c\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\xac\x02"


def example(**features):
    return T.Example(features=T.Features(feature=features))


def ints(*values):
    return T.Feature(int64_list=T.Int64List(value=values))


def test_the_bytes():
    assert example(a=ints(-1, 300)).SerializeToString() == RECORDED
    assert T.Example.FromString(RECORDED) == example(a=ints(-1, 300))
    unpacked = b"\n\x0b\n\t\n\x01a\x12\x04\x1a\x02\x08\x07"  # a single number that is not packed
    assert T.Example.FromString(unpacked).features.feature["a"].int64_list.value == [7]


@pytest.mark.parametrize("number", [0, 1, 127, 128, 2**31, 2**63 - 1, -1, -(2**63)])
def test_integers(number):
    assert T.Int64List.FromString(T.Int64List(value=[number]).SerializeToString()).value == [number]


def test_a_message_is_filled_and_copied():
    made = T.Example()
    assert not made.HasField("features") and made.SerializeToString() == b""
    made.features.feature["w"].float_list.value.extend([0.1, 2])
    made.features.feature["b"].bytes_list.value.append(b"x")
    copy = T.Example()
    copy.CopyFrom(made)
    assert copy == made and copy.features.feature["w"].float_list.value == [float(np.float32(0.1)), 2.0]
    assert copy.features.feature["w"].WhichOneof("kind") == "float_list" and copy.ByteSize() == len(
        copy.SerializeToString()
    )
    assert 'key: "w"' in repr(copy) and "value: 0.1\n" in repr(copy)
    copy.features.Clear()
    assert copy != made
    rows = T.SequenceExample()
    rows.feature_lists.feature_list["f"].feature.add().int64_list.value.append(3)
    assert T.SequenceExample.FromString(rows.SerializeToString()).feature_lists.feature_list["f"].feature[0] == ints(3)


def test_what_is_no_message():
    for data in (b"junk", RECORDED[:-1], b"\x0a\xff"):
        with pytest.raises(protobuf.DecodeError):
            T.Example.FromString(data)
    for call in (lambda: T.BytesList(value=["a"]), lambda: T.Int64List(value=[1.5]), lambda: T.FloatList(value=["1"])):
        with pytest.raises(TypeError):
            call()
    with pytest.raises(ValueError, match="range"):
        ints(2**63)
    with pytest.raises(ValueError, match='no "nope" field'):
        T.Example(nope=1)


def test_records_of_a_file_into_batches(tmp_path):
    path = str(tmp_path / "r")
    with tf.io.TFRecordWriter(path, "ZLIB") as writer:
        for k in range(3):
            writer.write(example(k=ints(k), v=ints(*range(k))).SerializeToString())
    table = {"k": tf.io.FixedLenFeature([], tf.int64), "v": tf.io.RaggedFeature(tf.int64)}
    (records,) = tf.data.TFRecordDataset(path, "ZLIB").map(lambda r: tf.strings.length(r)).batch(3)
    assert records.shape == (3,)
    parsed = tf.io.parse_example(
        np.array(list(tf.data.TFRecordDataset(path, "ZLIB").as_numpy_iterator()), object), table
    )
    assert parsed["k"].numpy().tolist() == [0, 1, 2] and parsed["v"].to_list() == [[], [0], [0, 1]]
    one = tf.data.TFRecordDataset(path, "ZLIB").map(lambda r: tf.io.parse_single_example(r, {"k": table["k"]}))
    assert [e["k"].numpy() for e in one] == [0, 1, 2]


@pytest.mark.parametrize(
    "features, error, text",
    [
        ({"b": tf.io.FixedLenFeature([], tf.int64)}, tf.errors.InvalidArgumentError, "b .*is required"),
        ({"a": tf.io.FixedLenFeature([], tf.float32)}, tf.errors.InvalidArgumentError, "Data types don't match"),
        ({"a": tf.io.FixedLenFeature([3], tf.int64)}, tf.errors.InvalidArgumentError, r"2, shape \[3\] has 3"),
        ({"a": tf.io.FixedLenFeature([], tf.int32)}, ValueError, "float32, int64 or string, not int32"),
        ({"a": 3}, TypeError, "no feature of tf.io"),
        ({}, ValueError, "empty"),
    ],
)
def test_errors(features, error, text):
    with pytest.raises(error, match=text):
        tf.io.parse_single_example(RECORDED, features)
