"""Segments: values against loops, gradients of two orders, the kernel, and what is refused."""

import ml_dtypes
import numpy as np
import pytest

import gputape as tf
from gputape import cuda
from gputape.ops import segment as family
from gputape.testing import check_gradients, check_kernel
from tests.ops.declared import assert_value, declared, ids, named, on_devices

X = np.random.default_rng(0).standard_normal((3, 4)).astype(np.float32)
ZERO = np.zeros((1, 4), np.float32)
INTS = np.array([1, 2, 4], np.int32)
LOW = np.finfo(np.float32).min
Bad = tf.errors.InvalidArgumentError


def rows(f, empty=0.0):
    """f over rows 0 and 2, nothing, and row 1."""
    return np.stack([f(X[[0, 2]], 0), np.full(4, empty, np.float32), X[1]])


VALUES = [
    ("segment_sum segment_reduce", lambda: tf.math.segment_sum(X, [0, 0, 2]), np.stack([X[0] + X[1], ZERO[0], X[2]])),
    ("segment_sum", lambda: tf.math.segment_sum(X[:0], np.zeros(0, int)), X[:0]),
    ("segment_prod", lambda: tf.math.segment_prod(INTS, [0, 0, 2]), np.int32([2, 1, 4])),
    ("segment_max", lambda: tf.math.segment_max(INTS, [0, 0, 2]), np.int32([2, 0, 4])),
    ("segment_min", lambda: tf.math.segment_min(INTS, [1, 1, 1]), np.int32([0, 1])),
    ("segment_mean", lambda: tf.math.segment_mean(INTS, [0, 0, 0]), np.int32([2])),
    ("unsorted_segment_sum", lambda: tf.math.unsorted_segment_sum(X, [0, 2, 0], 3), rows(np.sum)),
    ("unsorted_segment_sum", lambda: tf.math.unsorted_segment_sum(X, [0, -1, 0], 1), X[[0, 2]].sum(0)[None]),
    (
        "unsorted_segment_sum",
        lambda: tf.math.unsorted_segment_sum([[1, 2], [3, 4]], [[0, 1], [1, 1]], 2),
        np.int32([1, 9]),
    ),
    ("unsorted_segment_prod", lambda: tf.math.unsorted_segment_prod(X, [0, 2, 0], 3), rows(np.prod, 1)),
    ("unsorted_segment_max", lambda: tf.math.unsorted_segment_max(X, [0, 2, 0], 3), rows(np.max, LOW)),
    ("unsorted_segment_min", lambda: tf.math.unsorted_segment_min(X, [0, 2, 0], 3), rows(np.min, -LOW)),
    ("unsorted_segment_mean", lambda: tf.math.unsorted_segment_mean(X, [0, 2, 0], 3), rows(np.mean)),
    (
        "unsorted_segment_sqrt_n",
        lambda: tf.math.unsorted_segment_sqrt_n(X, [0, 0, 0], 1),
        X.sum(0)[None] / np.float32(3**0.5),
    ),
    ("rows_of", lambda: family.rows_of(X, [2, -1]), np.stack([X[2], ZERO[0]])),
    ("dynamic_partition dealt", lambda: tf.dynamic_partition(X, [1, 0, 1], 3), [X[[1]], X[[0, 2]], X[:0]]),
    ("dynamic_partition", lambda: tf.dynamic_partition(5, 1, 2), [np.int32([]), np.int32([5])]),
    ("dynamic_stitch", lambda: tf.dynamic_stitch([[0, 2], [1]], [X[:2], X[2:]]), X[[0, 2, 1]]),
    ("dynamic_stitch", lambda: tf.dynamic_stitch([[0, 1], 1], [[1, 2], 3]), np.int32([1, 3])),
]
SEGMENTS = ["sum", "prod", "max", "min", "mean"]


def test_table_is_complete():
    assert named(VALUES) == declared(family)


@pytest.mark.parametrize("names, call, expected", VALUES, ids=ids(VALUES))
def test_values(device, names, call, expected):
    assert_value(call(), expected)


@pytest.mark.parametrize("how", SEGMENTS)
def test_gradients(how):
    x = X.astype(float)
    check_gradients(lambda x: tf.exp(getattr(tf.math, f"segment_{how}")(x, [0, 0, 2])), x)
    check_gradients(lambda x: tf.exp(getattr(tf.math, f"unsorted_segment_{how}")(x, [1, -1, 1], 2)[1:]), x)


def test_gradients_of_the_rest():
    x = X.astype(float)
    check_gradients(lambda x: tf.exp(tf.math.unsorted_segment_sqrt_n(x, [1, 0, 1], 2)), x)
    check_gradients(lambda x: tf.exp(family.rows_of(x, [2, -1, 2])), x)
    check_gradients(lambda x: [tf.exp(p) for p in tf.dynamic_partition(x, [1, 0, 1], 2)], x)
    check_gradients(lambda x: tf.exp(tf.dynamic_partition(x, [1, 0, 1], 2)[1]), x)
    check_gradients(lambda x: tf.exp(tf.dynamic_stitch([[0, 2], [1]], [x[:2], x[2:]])), x)


def test_gradient_shares_ties_and_survives_zeros():
    x = tf.constant([2.0, 2.0, 0.0, 3.0])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        top = tf.math.segment_max(x, [0, 0, 0, 1])
        product = tf.math.unsorted_segment_prod(x, [0, 0, 0, 1], 2)
    np.testing.assert_array_equal(tape.gradient(top, x), [0.5, 0.5, 0, 1])
    np.testing.assert_array_equal(tape.gradient(product, x), [0, 0, 4, 1])


@on_devices
@pytest.mark.parametrize("cols", [1, 3, 300])
@pytest.mark.parametrize(
    "how, dtype, empty",
    [
        ("sum", "float32", 0),
        ("max", "float16", -7),
        ("sum", ml_dtypes.bfloat16, 0),
        ("prod", "float64", 1),
        ("min", "int32", 7),
    ],
)
def test_kernel_against_meaning(device, how, dtype, empty, cols):
    rng = np.random.default_rng(2)
    x = rng.integers(1, 4, (40, cols)).astype(dtype)
    check_kernel(family.segment_reduce, x, rng.integers(-1, 5, 40), how=how, segments=7, empty=empty)


@on_devices
def test_kernel_reports_an_id_out_of_range(device):
    made = tf.math.unsorted_segment_sum(X, [0, 5, 0], 2)
    np.testing.assert_allclose(made.numpy(), [X[0] + X[2], ZERO[0]], rtol=1e-6)
    with pytest.raises(IndexError, match=r"segment_sum .position 1 "):
        cuda.check_errors()


@pytest.mark.parametrize(
    "call, text",
    [
        (lambda: tf.math.segment_sum(X, [1, 0, 2]), "not increasing"),
        (lambda: tf.math.segment_sum(X, [0, 0]), "segment_ids has shape .2,., data .3, 4."),
        (lambda: tf.math.unsorted_segment_sum(X, [2, 5, 2], 4), r"holds 5, which is not in .0, 4."),
        (lambda: tf.math.unsorted_segment_sum(X, [0, 1], 4), "does not start with"),
        (lambda: tf.dynamic_partition(X, [1, 0, 2], 2), r"partitions must be in .0, 2."),
        (lambda: tf.dynamic_stitch([[-1]], [[1]]), ">= 0"),
    ],
)
def test_errors(call, text, host):
    with pytest.raises(Bad, match=text):
        call()
