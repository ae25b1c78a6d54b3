"""Reductions: values against NumPy, gradients of two orders, the kernels, and what is refused."""

import ml_dtypes
import numpy as np
import pytest

import gputape as tf
from gputape import cuda
from gputape.ops import reduce as family
from gputape.testing import check_gradients, check_kernel
from tests.ops.declared import assert_value, declared, ids, named, on_devices

RNG = np.random.default_rng(0)
X = RNG.standard_normal((3, 4)).astype(np.float32)
X3 = RNG.standard_normal((2, 3, 4))
INTS = RNG.integers(-9, 9, (3, 4)).astype(np.int32)
B = np.array([[True, False], [True, True]])
HOLED = np.array([[1, 0, 3], [2, 5, 0]], np.float64)  # zeros
TIED = np.array([[1, 3, 3], [1, 0, 1]], np.float64)
INF = np.float32(np.inf)

VALUES = [
    ("reduce_sum sum_over", lambda: tf.reduce_sum(X), X.sum()),
    ("reduce_sum", lambda: tf.reduce_sum(X, 0), X.sum(0)),
    ("reduce_sum", lambda: tf.reduce_sum(X, [-1], keepdims=True), X.sum(1, keepdims=True)),
    ("reduce_sum", lambda: tf.reduce_sum(X3, (0, 2)), X3.sum((0, 2))),
    ("reduce_sum", lambda: tf.reduce_sum(X, []), X),
    ("reduce_sum", lambda: tf.reduce_sum(X, tf.constant(1)), X.sum(1)),
    ("reduce_sum", lambda: tf.reduce_sum(tf.transpose(X), 0), X.sum(1)),
    ("reduce_sum", lambda: tf.reduce_sum(INTS, 1), INTS.sum(1, dtype=np.int32)),
    ("reduce_sum", lambda: tf.reduce_sum(np.full(3, 100, np.int8)), np.int8(44)),
    ("reduce_sum", lambda: tf.reduce_sum(3.0), np.float32(3)),
    ("reduce_sum", lambda: tf.reduce_sum(np.zeros((0, 2), np.float32), 0), np.zeros(2, np.float32)),
    ("reduce_sum", lambda: tf.reduce_sum(tf.ones([5000], tf.float16)), np.float16(5000)),
    ("reduce_sum", lambda: tf.reduce_sum(tf.ones([4096], tf.bfloat16)), ml_dtypes.bfloat16(4096)),
    ("sum_to", lambda: family.sum_to(X3, shape=(3, 1)), X3.sum((0, 2))[:, None]),
    ("sum_to", lambda: family.sum_to(X3, shape=(2, 3, 4)), X3),
    ("sum_to", lambda: family.sum_to(X3, shape=()), X3.sum()),
    ("reduce_sum", lambda: tf.reduce_sum(X[:, None], 1), X),
    ("reduce_mean mean_over", lambda: tf.reduce_mean(X, 1), X.mean(1)),
    ("reduce_mean", lambda: tf.reduce_mean(np.array([-3, 0, 1, -5])), np.int64(-1)),
    ("reduce_mean", lambda: tf.reduce_mean(np.zeros(0, np.float32)), np.float32(np.nan)),
    ("reduce_mean", lambda: tf.reduce_mean(tf.ones([70000], tf.float16)), np.float16(1)),
    ("reduce_prod prod_over", lambda: tf.reduce_prod(X, 0), X.prod(0)),
    ("reduce_prod", lambda: tf.reduce_prod(np.zeros(0, np.float32)), np.float32(1)),
    ("reduce_max max_over", lambda: tf.reduce_max(X, 1), X.max(1)),
    ("reduce_max", lambda: tf.reduce_max(np.array([1, np.nan])), np.float64(np.nan)),
    ("reduce_max", lambda: tf.reduce_max(np.zeros((0, 2), np.float32), 0), np.full(2, -INF)),
    ("reduce_max", lambda: tf.reduce_max(np.zeros(0, np.int8)), np.int8(-128)),
    ("reduce_min min_over", lambda: tf.reduce_min(INTS, 0), INTS.min(0)),
    ("reduce_min", lambda: tf.reduce_min(np.zeros(0, np.uint8)), np.uint8(255)),
    ("reduce_min", lambda: tf.reduce_min(tf.cast(X, tf.bfloat16)), X.astype(ml_dtypes.bfloat16).min()),
    ("reduce_any any_over", lambda: tf.reduce_any(B, 1), B.any(1)),
    ("reduce_all all_over", lambda: tf.reduce_all(B, 0, keepdims=True), B.all(0, keepdims=True)),
    ("reduce_logsumexp logsumexp_over", lambda: tf.reduce_logsumexp(X, 1), np.log(np.exp(X).sum(1))),
    ("reduce_logsumexp", lambda: tf.reduce_logsumexp([1000.0, 1000.0]), np.float32(1000 + np.log(2))),
    ("reduce_logsumexp", lambda: tf.reduce_logsumexp([-INF, -INF]), -INF),
    ("reduce_logsumexp", lambda: tf.reduce_logsumexp([INF, 1.0]), INF),
]
GRADIENTS = [
    ("reduce_sum sum_over", lambda x: tf.reduce_sum(tf.exp(x), [0, 2]), X3),
    ("sum_to", lambda x: family.sum_to(tf.exp(x), shape=(3, 1)), X3),
    ("reduce_mean mean_over", lambda x: tf.reduce_mean(tf.exp(x), 1, keepdims=True), X3),
    ("reduce_prod prod_over", lambda x: tf.reduce_prod(x, [0, 2]), X3),
    ("reduce_max max_over", lambda x: tf.reduce_max(tf.exp(x), 1), X3),
    ("reduce_min min_over", lambda x: tf.reduce_min(tf.exp(x)), X3),
    ("reduce_logsumexp logsumexp_over", lambda x: tf.reduce_logsumexp(x, [0, 1]), X3),
    ("reduce_prod", lambda x: tf.reduce_prod(x, 0), RNG.standard_normal((3, 2)) + 1j),
]


def test_tables_are_complete():
    assert named(VALUES) == declared(family)


@pytest.mark.parametrize("names, call, expected", VALUES, ids=ids(VALUES))
def test_values(device, names, call, expected):
    assert_value(call(), expected)


@pytest.mark.parametrize("names, f, x", GRADIENTS, ids=ids(GRADIENTS))
def test_gradients(names, f, x):
    check_gradients(f, x)


def gradient(f, x):
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    return tape.gradient(y, x).numpy()


def test_gradients_at_kinks():
    np.testing.assert_array_equal(gradient(tf.reduce_max, TIED), [[0, 0.5, 0.5], [0, 0, 0]])
    np.testing.assert_allclose(gradient(lambda x: tf.reduce_min(x, 1), TIED), [[1, 0, 0], [0, 1, 0]])
    np.testing.assert_array_equal(gradient(lambda x: tf.reduce_prod(x, 1), HOLED), [[0, 3, 0], [0, 0, 10]])
    assert np.isnan(gradient(tf.reduce_logsumexp, np.array([-np.inf, -np.inf]))).all()
    assert gradient(lambda x: tf.reduce_sum(x, 0), np.zeros((0, 2))).shape == (0, 2)


SHAPES = [
    ((5,), (0,)),
    ((3, 7), (1,)),
    ((3, 7), (0,)),
    ((2, 1500), (1,)),
    ((2, 70000), (1,)),
    ((700, 8), (0,)),
    ((9, 260), (0,)),
    ((4000, 3), (0,)),
    ((2, 5, 3, 4), (0, 2)),
    ((2, 3, 4), (0, 1, 2)),
    ((6, 2, 2), (1, 2)),
]


@on_devices
@pytest.mark.parametrize("shape, axes", SHAPES, ids=str)
def test_kernel_on_all_shapes(device, shape, axes):
    check_kernel(
        family.sum_over, RNG.standard_normal(shape).astype("f"), axes=axes, keepdims=False, rtol=1e-4, atol=1e-4
    )


@on_devices
@pytest.mark.parametrize(
    "shape, axes", [((3, 7), (1,)), ((3, 8), (0,)), ((5, 3), (0,)), ((2, 5, 3, 4), (0, 2))], ids=str
)
@pytest.mark.parametrize(
    "op, dtype", [("sum", "float16"), ("max", "bfloat16"), ("prod", "float64"), ("min", "int32"), ("sum", "uint8")]
)
def test_kernel_on_all_dtypes(device, op, dtype, shape, axes):
    x = RNG.integers(1, 5, shape).astype(ml_dtypes.bfloat16 if dtype == "bfloat16" else dtype)
    check_kernel(getattr(family, f"{op}_over"), x, axes=axes, keepdims=False)


@on_devices
@pytest.mark.parametrize("op", [family.mean_over, family.prod_over, family.max_over, family.min_over])
def test_kernel_of_all_ops(device, op):
    check_kernel(op, RNG.standard_normal((3, 8)).astype("f"), axes=(1,), keepdims=True)
    check_kernel(op, RNG.standard_normal((3, 8)).astype("f"), axes=(0,), keepdims=False)


@on_devices
def test_kernels_take_what_memory_holds(device):
    x = RNG.standard_normal((6, 40)).astype(np.float32)
    check_kernel(family.sum_over, x.T, axes=(0,), keepdims=False)  # not contiguous
    check_kernel(family.sum_over, x.reshape(-1)[1:193].reshape(6, 32), axes=(0,), keepdims=False)  # not aligned
    check_kernel(family.sum_over, x.reshape(-1)[1:193].reshape(96, 2), axes=(0, 1), keepdims=False)
    check_kernel(family.sum_to, x[None], shape=(6, 1))
    x[2, 3] = np.nan
    check_kernel(family.max_over, x, axes=(1,), keepdims=False)
    check_kernel(family.min_over, x, axes=(0,), keepdims=False)


@on_devices
def test_kernel_sums_are_the_same_bits(device):
    x = RNG.standard_normal(70000).astype(np.float32)
    made = [family.sum_over(x, axes=(0,), keepdims=False).numpy() for _ in range(2)]
    assert made[0].tobytes() == made[1].tobytes()


@on_devices
def test_kernels_leave_the_rest(device):
    with cuda.count_launches() as counter:
        assert_value(tf.reduce_sum(np.array([1j, 2])), np.complex128(2 + 1j))
        assert_value(tf.reduce_mean(np.array([3, 4])), np.int64(3))
        assert_value(tf.reduce_max(np.zeros((0, 2))), np.float64(-np.inf))
    assert not counter.launches


@pytest.mark.parametrize(
    "call, error, text",
    [
        (
            lambda: tf.reduce_sum(X, 2),
            tf.errors.InvalidArgumentError,
            "Invalid reduction dimension .2 for input with 2",
        ),
        (lambda: tf.reduce_sum(X, [0, -2]), tf.errors.InvalidArgumentError, "duplicate dimension"),
        (lambda: tf.reduce_sum(B), tf.errors.InvalidArgumentError, "bool.*numbers"),
        (lambda: tf.reduce_max(np.array([1j])), tf.errors.InvalidArgumentError, "complex128.*real"),
        (lambda: tf.reduce_any(tf.constant(X)), tf.errors.InvalidArgumentError, "float32.*bools"),
        (lambda: tf.reduce_any([1, 0]), TypeError, "bool"),
        (lambda: tf.reduce_logsumexp(INTS), tf.errors.InvalidArgumentError, "int32"),
        (lambda: tf.reduce_sum(X, 1.5), TypeError, "float"),
    ],
)
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call()
