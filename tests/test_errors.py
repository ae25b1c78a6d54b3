"""The exceptions carry TensorFlow's codes and both its spellings; the texts name what would have worked."""

import copy
import inspect
import pickle

import pytest

from gputape import errors

CLASSES = [c for _, c in inspect.getmembers(errors, inspect.isclass) if issubclass(c, errors.OpError)]
CODES = {  # what TensorFlow 2.21 gives
    "CancelledError": 1,
    "UnknownError": 2,
    "InvalidArgumentError": 3,
    "DeadlineExceededError": 4,
    "NotFoundError": 5,
    "AlreadyExistsError": 6,
    "PermissionDeniedError": 7,
    "ResourceExhaustedError": 8,
    "FailedPreconditionError": 9,
    "AbortedError": 10,
    "OutOfRangeError": 11,
    "UnimplementedError": 12,
    "InternalError": 13,
    "UnavailableError": 14,
    "DataLossError": 15,
    "UnauthenticatedError": 16,
}


def test_codes_are_those_of_tensorflow():
    assert {c.__name__: c.error_code for c in CLASSES if c is not errors.OpError} == CODES
    constants = {name: value for name, value in vars(errors).items() if name.isupper()}
    assert sorted(constants.values()) == list(range(17))
    assert all(
        c.error_code == constants[_upper(c.__name__.removesuffix("Error"))] for c in CLASSES if c.__name__ in CODES
    )


def _upper(name: str) -> str:
    return "".join("_" + c if c.isupper() else c for c in name).strip("_").upper()


@pytest.mark.parametrize("kind", CLASSES)
def test_both_constructors(kind):
    short, long = kind("text"), kind("node", "op", "text")
    assert str(short) == str(long) == short.message == long.message == "text"
    assert (short.node_def, short.op) == (None, None) and (long.node_def, long.op) == ("node", "op")
    assert str(kind()) == ""


@pytest.mark.parametrize("kind", CLASSES)
def test_copies_and_pickles(kind):
    for error in (kind("text"), kind(None, "op", "text")):
        for again in (copy.copy(error), pickle.loads(pickle.dumps(error))):
            assert type(again) is kind and str(again) == "text" and again.op == error.op


def test_base_class_takes_the_code():
    assert errors.OpError(None, None, "text", errors.ABORTED).error_code == 10
    assert errors.OpError("text").error_code == errors.UNKNOWN


def test_builtin_classes():
    with pytest.raises(ValueError, match="bad"):
        raise errors.InvalidArgumentError("bad")
    with pytest.raises(NotImplementedError, match="later"):
        raise errors.UnimplementedError(None, None, "later")
    # An IndexError from __getitem__ would end a loop silently.
    assert not issubclass(errors.OutOfRangeError, LookupError)
    assert issubclass(errors.OperatorNotAllowedInGraphError, TypeError)


def test_nearest():
    names = ["reduce_mean", "reduce_sum", "GradientTape"]
    assert errors.nearest("reduce_men", names) == "reduce_mean"
    assert errors.nearest("gradienttape", iter(names)) == "GradientTape"
    assert errors.nearest("qqq", names) is None and errors.nearest("x", []) is None


def test_unknown_name():
    error = errors.unknown_name("gputape.nn", "sofmax", ["softmax", "relu"])
    assert isinstance(error, AttributeError)
    assert str(error) == "module 'gputape.nn' has no attribute 'sofmax'; did you mean 'softmax'?"
    assert str(errors.unknown_name("gputape", "qqq", ["softmax"])) == "module 'gputape' has no attribute 'qqq'"


def test_missing_extra():
    error = errors.missing_extra("h5py", "files")
    assert isinstance(error, ImportError) and error.name == "h5py"
    assert str(error) == 'h5py is not installed; install it with: pip install "gputape[files]"'
