"""Optionals: with a value, without, their specs, and those that iterators give."""

import pytest

import gputape as tf

Optional = tf.experimental.Optional


def test_with_and_without_a_value():
    some = Optional.from_value({"a": 1, "b": tf.constant([2.0])})
    assert some.has_value().numpy() and some.get_value()["a"].numpy() == 1
    assert some.element_spec == {"a": tf.TensorSpec([], tf.int32), "b": tf.TensorSpec([1], tf.float32)}
    none = Optional.empty(some.element_spec)
    assert not none.has_value().numpy() and none.element_spec == some.element_spec
    with pytest.raises(tf.errors.InvalidArgumentError, match="does not have a value"):
        none.get_value()
    assert "empty" in repr(none) and "2." in repr(some)


def test_specs():
    spec = tf.OptionalSpec(tf.TensorSpec([], tf.int32))
    assert tf.type_spec_from_value(Optional.from_value(1)) == spec and spec.value_type is Optional
    assert spec.is_compatible_with(Optional.from_value(2)) and not spec.is_compatible_with(Optional.from_value(2.0))
    assert repr(spec) == "OptionalSpec(TensorSpec(shape=(), dtype=tf.int32, name=None))"


def test_a_dataset_ends_without_a_value():
    iterator = iter(tf.data.Dataset.range(1))
    assert iterator.get_next_as_optional().get_value().numpy() == 0
    end = iterator.get_next_as_optional()
    assert not end.has_value().numpy() and end.element_spec == tf.TensorSpec([], tf.int64)
