"""DType: names, limits, and who may become whom."""

import copy
import pickle

import ml_dtypes
import numpy as np
import pytest

import gputape as tf
from gputape import dtypes


@pytest.mark.parametrize("dtype", dtypes.ALL)
def test_names_lead_back(dtype):
    assert tf.as_dtype(dtype.name) is dtype and tf.as_dtype(dtype) is dtype
    assert pickle.loads(pickle.dumps(dtype)) is dtype and copy.deepcopy(dtype) is dtype
    assert repr(dtype) == f"tf.{dtype.name}" and str(dtype) == f"<dtype: '{dtype.name}'>"
    if dtype != tf.string:
        assert tf.as_dtype(dtype.as_numpy_dtype) is dtype and tf.as_dtype(np.dtype(dtype.as_numpy_dtype)) is dtype
        assert np.dtype(dtype) == dtype.as_numpy_dtype and dtype.size == np.dtype(dtype).itemsize


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (float, "float32"),
        (int, "int32"),
        (bool, "bool"),
        (complex, "complex128"),
        (str, "string"),
        ("half", "float16"),
        ("double", "float64"),
        ("<i8", "int64"),
        (ml_dtypes.bfloat16, "bfloat16"),
        (np.dtype("S3"), "string"),
    ],
)
def test_other_peoples_names(given, expected):
    assert tf.as_dtype(given) == expected


@pytest.mark.parametrize("bad", [None, "float33", object(), [1], np.datetime64])
def test_what_is_no_dtype(bad):
    with pytest.raises(TypeError, match="to a TensorFlow DType"):
        tf.as_dtype(bad)


def test_equality():
    assert tf.float32 == "float32" == tf.float32 and tf.float32 == np.float32 and tf.float32 != tf.float64
    assert tf.float32 != None and tf.float32 != "text" and tf.float32 != object()  # noqa: E711
    assert len({tf.float32, tf.as_dtype("float32"), "float32"}) == 1


@pytest.mark.parametrize("dtype", [d for d in dtypes.ALL if d.is_integer or d.is_floating])
def test_limits(dtype):
    info = (np.iinfo if dtype.is_integer else ml_dtypes.finfo)(dtype.as_numpy_dtype)
    assert (dtype.min, dtype.max) == (info.min, info.max) == dtype.limits


def test_limits_of_others():
    assert (tf.bool.min, tf.bool.max) == (False, True)
    for dtype in (tf.string, tf.complex64):
        with pytest.raises(TypeError, match="Cannot find max"):
            dtype.max  # noqa: B018


def test_kinds():
    assert tf.bfloat16.is_floating and not tf.bfloat16.is_integer and tf.uint8.is_unsigned and tf.uint8.is_integer
    assert tf.bool.is_bool and not tf.bool.is_integer and tf.complex64.is_complex and not tf.complex64.is_floating
    assert tf.complex128.real_dtype == tf.float64 and tf.int32.real_dtype == tf.int32


def test_accumulators():
    assert dtypes.accumulator(np.dtype("float16")) == np.float32
    assert dtypes.accumulator(tf.bfloat16.numpy) == np.float32
    assert dtypes.accumulator(np.dtype("float64")) == np.float64


@pytest.mark.parametrize(
    ("wanted", "given", "holds"),
    [
        ("float32", "int64", True),
        ("float32", "float64", True),
        ("bfloat16", "int32", True),
        ("complex64", "float64", True),
        ("int32", "float32", False),
        ("float32", "complex64", False),
        ("float32", "bool", False),
        ("bool", "int32", False),
    ],
)
def test_what_becomes_what_unasked(wanted, given, holds):
    assert dtypes.compatible(np.dtype(tf.as_dtype(wanted)), np.dtype(tf.as_dtype(given))) is holds
