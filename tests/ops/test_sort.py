"""Sorting: stable in both directions, gradients that follow the elements."""

import ml_dtypes
import numpy as np
import pytest

import gputape as tf
from gputape.ops import sort as family
from gputape.testing import check_gradients, check_kernel
from tests.ops.declared import assert_value, declared, ids, named, on_devices

X = np.random.default_rng(0).standard_normal((3, 4)).astype(np.float32)
TIED = np.array([3, 1, 1, 2, 3], np.int32)
U = np.array([5, 255, 0], np.uint8)
Bad = tf.errors.InvalidArgumentError

VALUES = [
    ("sort best", lambda: tf.sort(X, 0), np.sort(X, 0)),
    ("sort", lambda: tf.sort(X, direction="DESCENDING"), -np.sort(-X)),
    ("sort", lambda: tf.sort(U, direction="DESCENDING"), np.uint8([255, 5, 0])),
    (
        "sort",
        lambda: tf.sort(tf.cast(X, tf.bfloat16)),
        np.sort(X.astype(tf.bfloat16.numpy).astype("f")).astype(tf.bfloat16.numpy),
    ),
    ("sort", lambda: tf.sort(X[:0], 0), X[:0]),
    ("argsort", lambda: tf.argsort(TIED), np.int32([1, 2, 3, 0, 4])),
    ("argsort", lambda: tf.argsort(TIED, direction="DESCENDING"), np.int32([0, 4, 3, 1, 2])),
    ("argsort", lambda: tf.argsort(X, 0), np.argsort(X, 0).astype(np.int32)),
    ("top_k", lambda: tf.math.top_k(TIED, 3), (np.int32([3, 3, 2]), np.int32([0, 4, 3]))),
    ("top_k", lambda: tf.nn.top_k(X, 1, index_type=tf.int64).indices, X.argmax(1)[:, None]),
    ("top_k", lambda: tf.math.top_k(X, 0)[0], X[:, :0]),
    ("picked", lambda: family.picked(X, [[3, 0]] * 3), X[:, [3, 0]]),
    ("put_back", lambda: family.put_back(X[:, :2], [[3, 0]] * 3, size=4)[:, 3], X[:, 0]),
    ("invert_permutation inverse_permutation", lambda: tf.math.invert_permutation([2, 0, 1]), np.int32([1, 2, 0])),
]


def test_table_is_complete():
    assert named(VALUES) == declared(family)


@pytest.mark.parametrize("names, call, expected", VALUES, ids=ids(VALUES))
def test_values(device, names, call, expected):
    assert_value(call(), expected)


def numbers(dtype, *shape):
    """With ties; zeros of both signs, NaN and infinities where there are any, the ends of the range otherwise."""
    dtype = np.dtype(dtype)
    x = RNG.integers(0, 200, shape)
    if dtype.kind in "fV":
        y = ((x - 100) / 8).astype(dtype)
        for k, value in enumerate([np.nan, -np.nan, np.inf, -np.inf, -0.0, 0.0]):
            y[x == k] = value
        return y
    y = x.astype(dtype)
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        y[x < 9], y[x > 190] = info.min, info.max
    return y


RNG = np.random.default_rng(1)
INDEX = np.dtype(np.int32)
REALS = ["float32", "float64", "float16", ml_dtypes.bfloat16]


@on_devices
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("dtype", [*REALS, "int32", "uint8", "bool", "int64"], ids=str)
def test_kernel_within_a_tile(device, dtype, descending):
    for shape, k in (((3, 7), 7), ((40, 100), 9), ((1, 1), 1), ((2, 2000), 2000), ((9, 2), 2)):
        check_kernel(family.best, numbers(dtype, *shape), k=k, dtype=INDEX, descending=descending)


@on_devices
@pytest.mark.parametrize("cols, k", [(5000, 3), (9000, 512), (2049, 1)])
def test_kernel_of_the_best_among_many(device, cols, k):
    for descending in (False, True):
        x = numbers("float32", 2, cols)
        check_kernel(family.best, x, k=k, dtype=np.dtype(np.int64), descending=descending)
        check_kernel(family.best, np.zeros_like(x), k=k, dtype=INDEX, descending=descending)


@on_devices
@pytest.mark.parametrize("dtype", ["float32", "float16", "int64"])
def test_kernel_of_long_rows(device, dtype):
    """A radix sort: digits that are all equal, tiles that are not full."""
    for descending in (False, True):
        check_kernel(family.best, numbers(dtype, 2, 2300), k=2300, dtype=INDEX, descending=descending)
    check_kernel(family.best, np.arange(2100)[::-1].astype(dtype)[None], k=600, dtype=INDEX, descending=False)


@on_devices
def test_kernel_of_views(device):
    check_kernel(family.best, X.T, k=3, dtype=INDEX, descending=True)
    check_kernel(family.best, X[:0], k=4, dtype=INDEX, descending=True)
    check_kernel(family.best, X, k=0, dtype=INDEX, descending=True)


def test_gradients():
    x = X.astype(float)
    check_gradients(lambda x: tf.exp(tf.sort(x, 0)), x)
    check_gradients(lambda x: tf.exp(tf.math.top_k(x, 2).values), x)
    check_gradients(lambda x: tf.exp(family.picked(x, [[3, 0]] * 3)), x)
    check_gradients(lambda x: tf.exp(family.put_back(x, [[3, 0, 5, 1]] * 3, size=6)), x)


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: tf.sort(X, direction="UP"), ValueError, "direction=UP"),
        (lambda: tf.sort(X, 2), Bad, "axis = 2"),
        (lambda: tf.sort(1.0), ValueError, "at least one axis"),
        (lambda: tf.math.top_k(X, 5), Bad, "at least k=5 columns. Had shape .3, 4."),
        (lambda: tf.math.invert_permutation([2, 2, 0]), Bad, "each of 0 to 2 once"),
        (lambda: tf.math.invert_permutation([[0]]), Bad, "1D"),
    ],
)
def test_errors(call, error, text, host):
    with pytest.raises(error, match=text):
        call()
