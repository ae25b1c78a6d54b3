"""Tensors from nothing: values and dtypes, gradients where values go in, and what is refused."""

import numpy as np
import pytest

import gputape as tf
from gputape.ops import create as family
from gputape.testing import check_gradients
from tests.ops.declared import assert_value, declared, ids, named

Bad = tf.errors.InvalidArgumentError

VALUES = [
    ("zeros", lambda: tf.zeros([2, 3]), np.zeros((2, 3), np.float32)),
    ("zeros", lambda: tf.zeros(3, tf.bool), np.zeros(3, bool)),
    ("zeros", lambda: tf.zeros(tf.constant([2]), tf.bfloat16), np.zeros(2, tf.bfloat16.numpy)),
    ("zeros", lambda: tf.zeros([1], tf.string), np.array([b""], object)),
    ("ones", lambda: tf.ones((), tf.float16), np.float16(1)),
    ("fill", lambda: tf.fill([2, 1], 2.5), np.full((2, 1), 2.5, np.float32)),
    ("eye", lambda: tf.eye(2, 3, batch_shape=[2], dtype=tf.int32), np.stack([np.eye(2, 3, dtype=np.int32)] * 2)),
    ("range", lambda: tf.range(3), np.arange(3, dtype=np.int32)),
    ("range", lambda: tf.range(3, 1, -0.5), np.float32([3, 2.5, 2, 1.5])),
    ("range", lambda: tf.range(5, 0, -2, dtype=tf.int64), np.array([5, 3, 1])),
    ("range", lambda: tf.range(tf.constant(2, tf.int64)), np.array([0, 1])),
    ("linspace", lambda: tf.linspace(0.0, 1.0, 5), np.linspace(0, 1, 5, dtype=np.float32)),
    ("linspace", lambda: tf.linspace([0.0, 9.0], 10.0, 3, axis=-1), np.float32([[0, 5, 10], [9, 9.5, 10]])),
    ("linspace", lambda: tf.linspace(0, 4, 2), np.array([0.0, 4.0])),
    (
        "linspace",
        lambda: [tf.linspace(2.0, 3.0, 1), tf.linspace(2.0, 3.0, 0)],
        [np.float32([2]), np.zeros(0, np.float32)],
    ),
    ("meshgrid", lambda: tf.meshgrid([1, 2], [3, 4, 5]), [a.astype(np.int32) for a in np.meshgrid([1, 2], [3, 4, 5])]),
    ("meshgrid", lambda: tf.meshgrid([1.0], 2.0, indexing="ij"), [np.float32([[1]]), np.float32([[2]])]),
    ("sequence_mask", lambda: tf.sequence_mask([[1], [2]], dtype=tf.int8), np.int8([[[1, 0]], [[1, 1]]])),
    ("sequence_mask", lambda: tf.sequence_mask([3, -1], 2), np.array([[True, True], [False, False]])),
]


def test_table_is_complete():
    assert named(VALUES) == declared(family)


@pytest.mark.parametrize("names, call, expected", VALUES, ids=ids(VALUES))
def test_values(device, names, call, expected):
    assert_value(call(), expected)


def test_gradients():
    check_gradients(lambda x: tf.exp(tf.fill([2, 3], x)), np.float64(0.5))
    check_gradients(lambda a, b: tf.exp(tf.linspace(a, b, 4)), np.array([0.5, 1.0]), np.float64(2))
    check_gradients(lambda a, b: [tf.exp(t) for t in tf.meshgrid(a, b)], np.array([0.5, 1.0]), np.array([2.0]))


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: tf.zeros([-1]), Bad, "zeros: shape .-1."),
        (lambda: tf.range(5, 2), Bad, "Requires start <= limit"),
        (lambda: tf.range(1, 5, 0), Bad, "delta != 0"),
        (lambda: tf.linspace(0.0, 1.0, -1), Bad, "num must be"),
        (lambda: tf.meshgrid([1], indexing="zz"), ValueError, "indexing"),
        (lambda: tf.meshgrid([1], sparse=True), TypeError, "sparse"),
    ],
)
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call()
