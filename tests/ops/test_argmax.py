"""argmax and its like: values with ties and NaN, the kernel, and what is refused."""

import ml_dtypes
import numpy as np
import pytest

import gputape as tf
from gputape.ops import argmax as family
from gputape.testing import check_kernel
from tests.ops.declared import assert_value, declared, ids, named, on_devices

X = np.random.default_rng(0).standard_normal((3, 4)).astype(np.float32)
NAN = np.array([[1, np.nan], [3, 4], [np.nan, np.nan]], np.float32)
P = np.array([[0.1, 0.5, 0.4], [0.2, 0.2, 0.6], [0.3, 0.3, 0.3], [1, np.inf, 0]], np.float32)

VALUES = [
    ("argmax argmax_along", lambda: tf.argmax(X, 1), X.argmax(1)),
    ("argmax", lambda: tf.argmax(X), X.argmax(0)),
    ("argmax", lambda: tf.argmax([2, 7, 7], output_type=tf.int32), np.int32(1)),
    ("argmax", lambda: tf.argmax(NAN, 1), np.array([0, 1, 0])),
    ("argmax", lambda: tf.argmax([False, True, True]), np.int64(1)),
    ("argmax", lambda: tf.argmax(tf.cast(X, tf.bfloat16), -1), X.argmax(1)),
    ("argmax", lambda: tf.argmax(np.zeros((0, 2)), 1), np.zeros(0, np.int64)),
    ("argmin argmin_along", lambda: tf.argmin(X, 0), X.argmin(0)),
    ("argmin", lambda: tf.argmin(NAN, 0), np.array([0, 1])),
    ("in_top_k among_best", lambda: tf.math.in_top_k([0, 1, 2, 0], P, 1), np.array([False, False, True, False])),
    ("in_top_k", lambda: tf.math.in_top_k([2, 1, 7, -1], P, 2), np.array([True, True, False, False])),
    ("in_top_k", lambda: tf.nn.in_top_k([1], [[1.0, 2.0]], 0), np.array([False])),
    ("is_non_decreasing", lambda: tf.math.is_non_decreasing([1, 1, 3]), np.bool_(True)),
    ("is_non_decreasing", lambda: tf.math.is_non_decreasing([[1, 4], [3, 4]]), np.bool_(False)),
    ("is_strictly_increasing", lambda: tf.math.is_strictly_increasing([1, 1, 3]), np.bool_(False)),
    ("is_strictly_increasing", lambda: tf.math.is_strictly_increasing([1.0]), np.bool_(True)),
]


def test_table_is_complete():
    assert named(VALUES) == declared(family)


@pytest.mark.parametrize("names, call, expected", VALUES, ids=ids(VALUES))
def test_values(device, names, call, expected):
    assert_value(call(), expected)


@on_devices
@pytest.mark.parametrize("shape, axis", [((5,), 0), ((3, 7), 1), ((3, 7), 0), ((2, 300), 1), ((2, 9, 5), 1)], ids=str)
@pytest.mark.parametrize(
    "op, dtype, index",
    [
        (family.argmax_along, "float32", np.int64),
        (family.argmin_along, "float64", np.int32),
        (family.argmax_along, "float16", np.int64),
        (family.argmax_along, ml_dtypes.bfloat16, np.int32),
        (family.argmin_along, "int32", np.int64),
        (family.argmax_along, "bool", np.int64),
    ],
)
def test_kernel_against_meaning(device, op, dtype, index, shape, axis):
    x = np.random.default_rng(1).integers(0, 9, shape).astype(dtype)  # with ties
    check_kernel(op, x, axis=axis, dtype=np.dtype(index))


@on_devices
def test_kernel_with_nan(device):
    check_kernel(family.argmax_along, NAN, axis=1, dtype=np.dtype(np.int64))
    check_kernel(family.argmin_along, NAN, axis=0, dtype=np.dtype(np.int64))


@pytest.mark.parametrize(
    "call, text",
    [
        (lambda: tf.argmax(X, 2), "axis = 2"),
        (lambda: tf.argmax(5.0), "axis = 0"),
        (lambda: tf.argmax(np.zeros((0, 2)), 0), "Reduction axis 0 is empty"),
        (lambda: tf.math.in_top_k([0], P, 1), "targets .1,., predictions .4, 3."),
    ],
)
def test_errors(call, text):
    with pytest.raises(tf.errors.InvalidArgumentError, match=text):
        call()
