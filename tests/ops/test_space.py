"""Blocks of pixels moved into channels and batches, against loops over them."""

import numpy as np
import pytest

import gputape as tf
from gputape.ops import space as family
from gputape.testing import check_gradients
from tests.ops.declared import assert_value, declared, ids, named

X = np.random.default_rng(0).standard_normal((2, 4, 6, 4)).astype(np.float32)
BLOCKS = np.concatenate([X[:, i::2, j::2] for i in range(2) for j in range(2)], axis=-1)
BATCH = np.concatenate([X[:, i::2, j::3] for i in range(2) for j in range(3)], axis=0)
Bad = tf.errors.InvalidArgumentError


def first(x):
    return np.moveaxis(x, -1, 1)


VALUES = [
    ("space_to_depth", lambda: tf.nn.space_to_depth(X, 2), BLOCKS),
    ("space_to_depth", lambda: tf.nn.space_to_depth(first(X), 2, data_format="NCHW"), first(BLOCKS)),
    ("depth_to_space", lambda: tf.nn.depth_to_space(BLOCKS, 2), X),
    ("depth_to_space", lambda: tf.nn.depth_to_space(first(BLOCKS), 2, data_format="NCHW"), first(X)),
    ("space_to_batch", lambda: tf.space_to_batch(X, [2, 3], [[0, 0], [0, 0]]), BATCH),
    (
        "space_to_batch_nd",
        lambda: tf.space_to_batch_nd(X[:, :, :3], [2, 3], [[0, 0], [0, 3]])[:2, :, 1:],
        np.zeros((2, 2, 1, 4), "f"),
    ),
    ("space_to_batch", lambda: tf.space_to_batch(X, 2, [[0, 0], [0, 0]])[2:4], X[:, ::2, 1::2]),
    ("batch_to_space", lambda: tf.batch_to_space(BATCH, [2, 3], [[1, 0], [0, 2]]), X[:, 1:, :-2]),
    (
        "required_space_to_batch_paddings",
        lambda: tf.required_space_to_batch_paddings([5, 4], [2, 3], [[1, 0], [0, 1]]),
        (np.int32([[1, 0], [0, 2]]), np.int32([[0, 0], [0, 1]])),
    ),
]


def test_table_is_complete():
    assert named(VALUES) == declared(family)


@pytest.mark.parametrize("names, call, expected", VALUES, ids=ids(VALUES))
def test_values(device, names, call, expected):
    assert_value(call(), expected)


def test_gradients():
    x = X[:1, :2, :4].astype(float)
    check_gradients(lambda x: tf.exp(tf.nn.space_to_depth(x, 2)), x)
    check_gradients(lambda x: tf.exp(tf.space_to_batch(x, [2, 3], [[0, 0], [1, 1]])), x[..., :1])


@pytest.mark.parametrize(
    "call, text",
    [
        (lambda: tf.nn.space_to_depth(X, 3), "divisible by block_size: 3"),
        (lambda: tf.nn.depth_to_space(X, 3), "divisible by: 9"),
        (lambda: tf.nn.space_to_depth(X[0], 2), "rank should be 4"),
        (lambda: tf.nn.space_to_depth(X, 2, data_format="CHWN"), "data_format"),
        (lambda: tf.space_to_batch(X, [3, 2], [[0, 0], [0, 0]]), "not divisible by block_shape"),
        (lambda: tf.space_to_batch(X, [2, 2], [[0, 0]]), "one pair"),
        (lambda: tf.batch_to_space(X, [3, 2], [[0, 0], [0, 0]]), "not divisible by product"),
        (lambda: tf.batch_to_space(BATCH, [2, 3], [[4, 4], [0, 0]]), "crops"),
    ],
)
def test_errors(call, text):
    with pytest.raises(Bad, match=text):
        call()
