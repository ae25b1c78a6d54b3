"""Running sums, products and log-sum-exps: values against NumPy, gradients of two orders."""

import itertools

import ml_dtypes
import numpy as np
import pytest

import gputape as tf
from gputape.ops import scan as family
from gputape.testing import check_gradients, check_kernel
from tests.ops.declared import assert_value, declared, ids, named, on_devices

X = np.random.default_rng(0).standard_normal((3, 5))
BEFORE = np.hstack([np.zeros((3, 1)), X[:, :-1].cumsum(1)])

VALUES = [
    ("cumsum cumsum_along", lambda: tf.cumsum(X), X.cumsum(0)),
    ("cumsum", lambda: tf.cumsum(X, -1, reverse=True), X[:, ::-1].cumsum(1)[:, ::-1]),
    ("cumsum", lambda: tf.cumsum(X, 1, exclusive=True), BEFORE),
    ("cumsum", lambda: tf.cumsum([1, 2, 3], exclusive=True, reverse=True), np.array([5, 3, 0], np.int32)),
    ("cumsum", lambda: tf.cumsum(np.zeros((2, 0)), 1, exclusive=True), np.zeros((2, 0))),
    ("cumsum", lambda: tf.cumsum(tf.ones([3000], tf.float16))[-1], np.float16(3000)),
    ("cumprod cumprod_along", lambda: tf.math.cumprod(X, 1), X.cumprod(1)),
    ("cumprod", lambda: tf.math.cumprod([2, 3, 4], exclusive=True), np.array([1, 2, 6], np.int32)),
    (
        "cumulative_logsumexp cumlogsumexp_along",
        lambda: tf.math.cumulative_logsumexp(X, 1),
        np.log(np.exp(X).cumsum(1)),
    ),
    ("cumulative_logsumexp", lambda: tf.math.cumulative_logsumexp([999.0, 999.0]), np.float32([999, 999 + np.log(2)])),
    (
        "cumulative_logsumexp",
        lambda: tf.math.cumulative_logsumexp([1.0, 2.0], exclusive=True),
        np.float32([-np.inf, 1]),
    ),
]


def test_table_is_complete():
    assert named(VALUES) == declared(family)


@pytest.mark.parametrize("names, call, expected", VALUES, ids=ids(VALUES))
def test_values(device, names, call, expected):
    assert_value(call(), expected)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("exclusive", [False, True])
def test_gradients(exclusive, reverse):
    for scan in (tf.cumsum, tf.math.cumprod):
        check_gradients(lambda x, f=scan: tf.exp(f(x, 1, exclusive, reverse)), X)
    check_gradients(lambda x: tf.exp(tf.math.cumulative_logsumexp(x, 1, exclusive, reverse)), X)


SCANS = [family.cumsum_along, family.cumprod_along, family.cumlogsumexp_along]
KINDS = [(family.cumsum_along, t) for t in ("float64", "float16", ml_dtypes.bfloat16)] + [(s, "float32") for s in SCANS]


@on_devices
@pytest.mark.parametrize("scan, dtype", KINDS)
@pytest.mark.parametrize(
    "shape, axis", [((3, 7), 1), ((7, 3), 0), ((2, 300, 3), 1), ((2, 1500), 1), ((5,), 0)], ids=str
)
def test_kernel_against_meaning(device, scan, dtype, shape, axis):
    """Along rows by warps and by blocks, along columns in one chunk and in several."""
    x = np.random.default_rng(1).uniform(0.8, 1.2, shape).astype(dtype)
    for exclusive, reverse in itertools.product([False, True], repeat=2):
        check_kernel(
            scan, x, axis=axis, exclusive=exclusive, reverse=reverse, rtol=4e-5 if dtype == "float32" else None
        )


@on_devices
@pytest.mark.parametrize("scan", SCANS, ids=lambda scan: scan.name)
@pytest.mark.parametrize("shape, axis", [((2, 4200), 1), ((200, 2), 0)], ids=str)
def test_kernel_in_chunks(device, scan, shape, axis):
    x = np.random.default_rng(1).uniform(0.99, 1.01, shape)
    for exclusive, reverse in itertools.product([False, True], repeat=2):
        check_kernel(scan, x, axis=axis, exclusive=exclusive, reverse=reverse, rtol=1e-10)


@on_devices
@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64])
def test_kernel_of_integers(device, dtype):
    x = np.random.default_rng(1).integers(0, 100, (3, 40)).astype(dtype)
    for scan in SCANS[:2]:
        check_kernel(scan, x, axis=1, exclusive=False, reverse=True)
        check_kernel(scan, x[:, ::2].T, axis=1, exclusive=True, reverse=False)


@on_devices
def test_kernel_of_what_is_not_finite(device):
    inf, nan = np.inf, np.nan
    x = np.array([[-inf, -inf, 1, inf, inf, 2], [1, nan, 2, -inf, inf, 3], [-inf, 3, -inf, -inf, 1, 1]], np.float32)
    for scan in SCANS:
        for axis, exclusive, reverse in itertools.product([0, 1], [False, True], [False, True]):
            with np.errstate(all="ignore"):  # the meaning's
                check_kernel(scan, x, axis=axis, exclusive=exclusive, reverse=reverse)


def test_gradient_of_a_product_with_zero_is_tensorflows():
    x = tf.constant([2.0, 0.0, 3.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.math.cumprod(x)
    np.testing.assert_array_equal(tape.gradient(y, x), [1, 0, 0])


def test_errors():
    with pytest.raises(tf.errors.InvalidArgumentError, match="axis = 2"):
        tf.cumsum(X, 2)
    with pytest.raises(tf.errors.InvalidArgumentError, match="axis = 0"):
        tf.cumsum(5.0)
