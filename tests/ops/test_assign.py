"""Assignments to Variables, whole and by rows; values as TensorFlow 2.21 gives them."""

import numpy as np
import pytest

import gputape as tf
from gputape import cuda
from gputape.ops import assign as family
from tests.ops.declared import declared

Invalid = tf.errors.InvalidArgumentError


def test_every_name_is_here():
    assert declared(family) == {"assign", "assign_add", "assign_sub", "combine_into"} | {row[0] for row in ROWS}


@pytest.mark.parametrize("dtype", [tf.float32, tf.float64, tf.float16, tf.bfloat16, tf.int32, tf.complex64])
def test_whole_values(dtype, device):
    v = tf.Variable(tf.constant([1, 2], dtype))
    assert v.assign([4, 5]) is v and v.numpy().tolist() == [4, 5]
    assert v.assign_add([1, 1]).numpy().tolist() == [5, 6]
    assert v.assign_sub(v).numpy().tolist() == [0, 0] and v.dtype == dtype


def test_memory_stays_unless_someone_holds_it():
    v = tf.Variable([1.0, 2.0])
    at = cuda.address(v._array)
    v.assign([3.0, 4.0])
    assert cuda.address(v._array) == at
    held = v.value()
    v.assign_add([1.0, 1.0])
    assert held.numpy().tolist() == [3, 4] and v.numpy().tolist() == [4, 5]


def test_a_variable_may_be_assigned_from_itself():
    v = tf.Variable([1.0, 2.0, 3.0])
    assert v.assign(v[::-1]).numpy().tolist() == [3, 2, 1]
    assert v.assign_add(v).numpy().tolist() == [6, 4, 2]


def test_flexible_shapes():
    v = tf.Variable([1.0, 2.0], shape=[None])
    old = v.value()
    assert v.assign([1.0, 2.0, 3.0]).numpy().tolist() == [1, 2, 3] and old.numpy().tolist() == [1, 2]
    assert v.assign(np.zeros(0, np.float32)).numpy().tolist() == [] and v.shape == tf.TensorShape([None])
    with pytest.raises(Invalid, match="shapes must be equal"):
        v.assign_add([1.0])


def test_strings_and_bools():
    assert tf.Variable(["a"]).assign(["b"]).numpy().tolist() == [b"b"]
    assert tf.Variable([True]).assign([False]).numpy().tolist() == [False]


# (method, values, rows, result), from TensorFlow; the variable holds [8, 2, 3]
ROWS = [
    ("scatter_update", [5.0, 6.0], [0, 0], [6, 2, 3]),
    ("scatter_add", [1.0, 2.0], [0, 0], [11, 2, 3]),
    ("scatter_sub", [1.0, 2.0], [0, 2], [7, 2, 1]),
    ("scatter_mul", [3.0, 2.0], [0, 0], [48, 2, 3]),
    ("scatter_div", [2.0, 2.0], [0, 0], [2, 2, 3]),
    ("scatter_max", [9.0, 3.0], [1, 1], [8, 9, 3]),
    ("scatter_min", [9.0, 1.0], [1, 1], [8, 1, 3]),
]


@pytest.mark.parametrize(("method", "values", "rows", "expected"), ROWS)
def test_rows(method, values, rows, expected, device):
    for dtype in (tf.float32, tf.bfloat16, tf.int32) if device == "cpu" else (tf.float32,):
        v = tf.Variable(tf.constant([8, 2, 3], dtype))
        getattr(v, method)(tf.IndexedSlices(tf.cast(values, dtype), tf.constant(rows)))
        assert v.numpy().tolist() == expected and v.dtype == dtype


def test_rows_of_matrices(device):
    v = tf.Variable(np.zeros((3, 2), np.float32))
    v.scatter_update(tf.IndexedSlices(tf.constant([[1.0, 2.0], [3.0, 4.0]]), tf.constant([2, 0], tf.int64)))
    assert v.numpy().tolist() == [[3, 4], [0, 0], [1, 2]]
    v.scatter_add(tf.IndexedSlices(1.0, tf.constant([1, 1])))
    assert v.numpy().tolist() == [[3, 4], [2, 2], [1, 2]]
    v.scatter_add(tf.IndexedSlices(tf.zeros((0, 2)), tf.constant([], tf.int32)))
    assert v.numpy().tolist() == [[3, 4], [2, 2], [1, 2]]


def test_points(device):
    v = tf.Variable([1.0, 2.0, 3.0])
    v.scatter_nd_update([[1]], [9.0])
    v.scatter_nd_add([[0], [0]], [1.0, 2.0])
    v.scatter_nd_sub([[2]], [1.0])
    assert v.numpy().tolist() == [4, 9, 2]


def test_functions_assign_every_time():
    v = tf.Variable([1.0, 2.0, 3.0])

    @tf.function
    def step(x):
        v.assign_add(x)
        v.scatter_sub(tf.IndexedSlices(x[:1], tf.constant([2])))
        return v * 1.0

    for k in range(1, 4):
        assert step(tf.ones(3)).numpy().tolist() == [1 + k, 2 + k, 3]


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda v: v.assign([1.0, 2.0, 3.0]), ValueError, "incompatible"),
        (lambda v: v.assign(1.0), ValueError, "incompatible"),
        (lambda v: v.assign(tf.constant([1, 2])), ValueError, "int32"),
        (lambda v: v.scatter_add(tf.IndexedSlices(tf.ones(2), tf.constant([0, 9]))), Invalid, r"indices\[1\] = 9"),
        (lambda v: v.scatter_add(tf.IndexedSlices(tf.ones(2), tf.constant([0, -1]))), Invalid, r"indices\[1\] = -1"),
        (lambda v: v.scatter_add(tf.IndexedSlices(tf.ones(3), tf.constant([0, 1]))), Invalid, r"must be \(2,\)"),
        (lambda v: v.scatter_add(tf.IndexedSlices(tf.constant([1]), tf.constant([0]))), ValueError, "int32"),
        (lambda v: v.scatter_add(tf.IndexedSlices(tf.ones(1), tf.constant([0.0]))), Invalid, "float32"),
    ],
)
def test_errors(call, error, words):
    with tf.device("/CPU:0"), pytest.raises(error, match=words):
        call(tf.Variable([1.0, 2.0]))
