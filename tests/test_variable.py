"""Variable: assignment in all forms, shapes and dtypes that do not fit, sparse updates."""

import numpy as np
import pytest

import gputape as tf

ROWS = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]


def slices(*values, at):
    return tf.IndexedSlices(tf.constant(values), tf.constant(at), (3, 2))


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("assign", [10.0, 20.0]),
        ("assign_add", [11.0, 22.0]),
        ("assign_sub", [-9.0, -18.0]),
    ],
)
def test_assignment(method, expected):
    for value in ([10, 20], [10.0, 20.0], np.array([10, 20]), np.array([10.0, 20.0]), tf.Variable([10.0, 20.0])):
        v = tf.Variable([1.0, 2.0])
        assert getattr(v, method)(value) is v
        np.testing.assert_array_equal(v.numpy(), expected)
        assert getattr(v, method)(value, read_value=False) is None


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("update", [3.0, 4.0]),
        ("add", [5.0, 8.0]),
        ("sub", [-3.0, -4.0]),
        ("mul", [3.0, 16.0]),
        ("div", [1 / 3, 0.25]),
        ("max", [3.0, 4.0]),
        ("min", [1.0, 2.0]),
    ],
)
def test_scatter_with_equal_indices(how, expected):
    v = tf.Variable(ROWS)
    assert getattr(v, "scatter_" + how)(slices([1.0, 2.0], [3.0, 4.0], at=[0, 0])) is v
    np.testing.assert_allclose(v.numpy(), [expected, *ROWS[1:]], rtol=1e-6)


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("update", [5.0, 2.0, 1.0]),
        ("add", [6.0, 2.0, 4.0]),
        ("sub", [-4.0, 2.0, 2.0]),
        ("max", [5.0, 2.0, 3.0]),
        ("min", [1.0, 2.0, 1.0]),
    ],
)
def test_scatter_nd(how, expected):
    v = tf.Variable([1.0, 2.0, 3.0])
    getattr(v, "scatter_nd_" + how)([[0], [2]], [5.0, 1.0])
    np.testing.assert_array_equal(v.numpy(), expected)


def test_unknown_sizes():
    v = tf.Variable([1.0, 2.0], shape=tf.TensorShape([None]))
    assert v.shape.as_list() == [None]
    v.assign([1.0, 2.0, 3.0])
    assert v.numpy().shape == (3,)
    with pytest.raises(ValueError, match="value has shape"):
        v.assign([[1.0]])


def test_strings_and_booleans():
    assert tf.Variable(["a"]).assign(["b"]).numpy()[0] == b"b"
    assert not tf.Variable(True).assign(False).numpy()


def test_a_failed_assignment_changes_nothing():
    v = tf.Variable([1.0, 2.0])
    for bad in ([1.0, 2.0, 3.0], 1.0, tf.constant([1.0, 2.0], tf.float64), "x"):
        with pytest.raises((ValueError, TypeError)):
            v.assign(bad)
    np.testing.assert_array_equal(v.numpy(), [1.0, 2.0])


def test_formats():
    v = tf.Variable(1.5)
    assert f"{v:.2f}" == "1.50" and f"{v}" == repr(v)
