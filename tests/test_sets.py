"""Sets in the last axis and edit distances, against TensorFlow 2.21's answers."""

import numpy as np
import pytest

import gputape as tf

A, B = [[1, 2, 3], [4, 5, 5]], [[3, 1, 9], [7, 7, 7]]


def parts(made):
    return made.indices.numpy().tolist(), made.values.numpy().tolist(), made.dense_shape.numpy().tolist()


def test_intersection():
    assert parts(tf.sets.intersection(A, B)) == ([[0, 0], [0, 1]], [1, 3], [2, 2])


def test_union():
    places = [[0, 0], [0, 1], [0, 2], [0, 3], [1, 0], [1, 1], [1, 2]]
    assert parts(tf.sets.union(tf.sparse.from_dense(A), B)) == (places, [1, 2, 3, 9, 4, 5, 7], [2, 4])


def test_difference():
    assert parts(tf.sets.difference(A, B)) == ([[0, 0], [1, 0], [1, 1]], [2, 4, 5], [2, 2])
    assert parts(tf.sets.difference(A, B, aminusb=False)) == ([[0, 0], [1, 0]], [9, 7], [2, 1])


def test_strings_and_empty_sets():
    assert parts(tf.sets.intersection([["a"], ["b"]], [["b"], ["b"]])) == ([[1, 0]], [b"b"], [2, 1])
    assert parts(tf.sets.intersection([[1]], [[2]])) == ([], [], [1, 0])


def test_size():
    assert tf.sets.size(tf.sparse.from_dense([[1, 0, 1], [4, 5, 6], [0, 0, 0]])).numpy().tolist() == [1, 3, 0]
    with pytest.raises(TypeError, match="Expected `SparseTensor`"):
        tf.sets.size(tf.constant([[1]]))


def test_refusals():
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"Mismatched shapes \[1\] vs \[2\]"):
        tf.sets.union([[1]], [[1], [2]])
    with pytest.raises(TypeError, match="dtypes must be equal"):
        tf.sets.union([[1]], [[1.0]])
    with pytest.raises(tf.errors.InvalidArgumentError, match="at least 2 dimensions"):
        tf.sets.union([1], [1])


def test_edit_distance():
    said = tf.sparse.from_dense([["a", "b", "c", ""], ["a", "", "", ""], ["z", "", "", ""], [""] * 4])
    truth = tf.sparse.from_dense([["a", "c", "", ""], ["x", "y", "", ""], ["", "", "", ""], [""] * 4])
    np.testing.assert_array_equal(tf.edit_distance(said, truth), np.array([0.5, 1, np.inf, 0], "f4"))
    np.testing.assert_array_equal(tf.edit_distance(said, truth, normalize=False), np.array([1, 2, 1, 0], "f4"))
    with pytest.raises(TypeError, match="Truth must be a SparseTensor"):
        tf.edit_distance(said, [["a"]])
    with pytest.raises(tf.errors.InvalidArgumentError, match="one rank and dtype"):
        tf.edit_distance(said, tf.sparse.from_dense([[1]]))
