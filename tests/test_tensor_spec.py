"""TensorSpec describes tensors. Expected values are those of TensorFlow 2.21."""

import copy
import pickle

import numpy as np
import pytest

from gputape.dtypes import float32, int32, string
from gputape.tensor_shape import TensorShape
from gputape.tensor_spec import TensorSpec


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (([2, None],), "TensorSpec(shape=(2, None), dtype=tf.float32, name=None)"),
        ((None, int32, "x"), "TensorSpec(shape=<unknown>, dtype=tf.int32, name='x')"),
        (((), string), "TensorSpec(shape=(), dtype=tf.string, name=None)"),
        ((3, "int32"), "TensorSpec(shape=(3,), dtype=tf.int32, name=None)"),
        (([2], np.float64), "TensorSpec(shape=(2,), dtype=tf.float64, name=None)"),
    ],
)
def test_repr(arguments, text):
    spec = TensorSpec(*arguments)
    assert repr(spec) == str(spec) == text
    assert isinstance(spec.shape, TensorShape)
    for again in (copy.deepcopy(spec), pickle.loads(pickle.dumps(spec)), TensorSpec.from_spec(spec)):
        assert again == spec and hash(again) == hash(spec) and repr(again) == text


def test_attributes_cannot_be_set():
    spec = TensorSpec([2], int32, "x")
    assert (spec.shape, spec.dtype, spec.name) == ([2], int32, "x")
    for name in ("shape", "dtype", "name", "other"):
        with pytest.raises(AttributeError):
            setattr(spec, name, None)


@pytest.mark.parametrize(
    ("shape", "dtype", "error"), [([2], "nope", TypeError), ([2.5], int32, TypeError), ([-1], int32, ValueError)]
)
def test_bad_arguments(shape, dtype, error):
    with pytest.raises(error):
        TensorSpec(shape, dtype)


def test_equality():
    assert TensorSpec([2]) == TensorSpec((2,), "float32")
    different = [
        TensorSpec([3]),
        TensorSpec([None]),
        TensorSpec(None),
        TensorSpec([2], int32),
        TensorSpec([2], name="a"),
        3,
    ]
    assert all(TensorSpec([2]) != other for other in different)
    assert TensorSpec(None) != TensorSpec([]) and len({TensorSpec([2]), TensorSpec((2,)), TensorSpec(None)}) == 2


@pytest.mark.parametrize(
    ("spec", "other", "compatible"),
    [
        (TensorSpec([None, 2]), np.ones((1, 2), np.float32), True),
        (TensorSpec([None, 3]), np.ones((1, 2), np.float32), False),
        (TensorSpec([None, 2], int32), np.ones((1, 2), np.float32), False),
        (TensorSpec(None), np.ones((), np.float32), True),
        (TensorSpec([1, 2]), TensorSpec([None, 2]), True),
        (TensorSpec([2]), [1.0, 2.0], False),
        (TensorSpec([None]), "a", False),
    ],
)
def test_is_compatible_with(spec, other, compatible):
    assert spec.is_compatible_with(other) is compatible


def test_from_spec_and_tensor():
    named = TensorSpec([2], int32, "a")
    assert TensorSpec.from_spec(named) == named and TensorSpec.from_spec(named, "b").name == "b"
    assert TensorSpec.from_tensor(np.ones((1, 2), np.float32), "n") == TensorSpec([1, 2], float32, "n")
    with pytest.raises(ValueError, match="`tensor` should be a tensor, but got list"):
        TensorSpec.from_tensor([1.0])


def test_subtypes_and_supertypes():
    two, three, some = TensorSpec([2]), TensorSpec([3]), TensorSpec([None])
    assert two.is_subtype_of(some) and not some.is_subtype_of(two) and not two.is_subtype_of(TensorSpec([2], int32))
    assert not two.is_subtype_of(TensorSpec([2], name="a")) and not two.is_subtype_of(3)
    assert two.most_specific_compatible_type(three) == two.most_specific_common_supertype(iter([two, three])) == some
    assert two.most_specific_common_supertype([TensorSpec([2], int32)]) is None
    with pytest.raises(ValueError, match=r"both TensorSpec\(shape=\(2,\).*int32"):
        two.most_specific_compatible_type(TensorSpec([2], int32))
