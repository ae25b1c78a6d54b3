"""tf.train.Example and its parts: records of named lists, as TFRecord files hold them.

message BytesList { repeated bytes value = 1; }          message Feature { oneof kind { BytesList bytes_list = 1;
message FloatList { repeated float value = 1; }              FloatList float_list = 2; Int64List int64_list = 3; } }
message Int64List { repeated int64 value = 1; }          message Features { map<string, Feature> feature = 1; }
message Example { Features features = 1; }               message FeatureList { repeated Feature feature = 1; }
message FeatureLists { map<string, FeatureList> feature_list = 1; }
message SequenceExample { Features context = 1; FeatureLists feature_lists = 2; }
"""

from __future__ import annotations

from typing import Any, ClassVar

from .protobuf import Field, Message


class BytesList(Message):
    """Byte strings: `value` is a list of bytes."""

    FIELDS: ClassVar = {"value": Field(1, "bytes")}


class FloatList(Message):
    """Numbers of 32 bits: `value` is a list of floats."""

    FIELDS: ClassVar = {"value": Field(1, "float")}


class Int64List(Message):
    """Integers: `value` is a list of ints."""

    FIELDS: ClassVar = {"value": Field(1, "int64")}


class Feature(Message):
    """One of `bytes_list`, `float_list` and `int64_list`; WhichOneof("kind") tells which."""

    FIELDS: ClassVar = {
        "bytes_list": Field(1, "message", BytesList),
        "float_list": Field(2, "message", FloatList),
        "int64_list": Field(3, "message", Int64List),
    }
    ONEOF = "kind"


class Features(Message):
    """Features by name, in the dict `feature`."""

    FIELDS: ClassVar = {"feature": Field(1, "map", Feature)}


class Example(Message):
    """A record of features: `features.feature[name]`.

    >>> import gputape as tf
    >>> feature = {"age": tf.train.Feature(int64_list=tf.train.Int64List(value=[29]))}
    >>> record = tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString()
    >>> tf.train.Example.FromString(record).features.feature["age"].int64_list.value
    [29]
    """

    FIELDS: ClassVar = {"features": Field(1, "message", Features)}


class FeatureList(Message):
    """Features in a row, in the list `feature`."""

    FIELDS: ClassVar = {"feature": Field(1, "message", Feature, repeated=True)}


class FeatureLists(Message):
    """Rows of features by name, in the dict `feature_list`."""

    FIELDS: ClassVar = {"feature_list": Field(1, "map", FeatureList)}


class SequenceExample(Message):
    """A record of features that hold for a whole sequence (`context`) and of rows of features (`feature_lists`)."""

    FIELDS: ClassVar = {"context": Field(1, "message", Features), "feature_lists": Field(2, "message", FeatureLists)}


_MESSAGES = (BytesList, Example, Feature, FeatureList, FeatureLists, Features, FloatList, Int64List, SequenceExample)
NAMES: dict[str, Any] = {f"tf.train.{message.__name__}": message for message in _MESSAGES}
