"""Activation functions: values against NumPy in float64, gradients of two orders and at the kinks, what is refused."""

import math

import ml_dtypes
import numpy as np
import pytest

import gputape as tf
from gputape.ops import activation as family
from gputape.testing import check_gradients, check_kernel, compare

from .declared import assert_value, declared, ids, named

RNG = np.random.default_rng(0)
X = np.array([-30, -3, -0.7, -1e-3, 0, 1e-3, 0.4, 2.5, 5.9, 6.1, 30])
SMOOTH = np.array([-2.1, -0.6, 0.3, 1.7, 7.2])  # away from the kinks
DY = RNG.standard_normal(11)
EXP = np.expm1(np.minimum(X, 0))
SIGMOID = 1 / (1 + np.exp(-X))
NORMAL = np.array([0.5 * math.erfc(-x / math.sqrt(2)) for x in X])
CUBIC = np.tanh(math.sqrt(2 / math.pi) * (X + 0.044715 * X**3))
DENSITY = np.exp(-0.5 * X**2) / math.sqrt(2 * math.pi)
ELU, SELU = np.where(X > 0, X, EXP), np.where(X > 0, 1.0507009873554805 * X, 1.7580993408473766 * EXP)
BIAS = np.array([1.0, -2, 0.5])
IN = np.array([[-1.5, 2.5, 0.0], [0.1, 0.2, 0.3]])

VALUES = [
    ("relu", lambda: tf.nn.relu(X), np.maximum(X, 0)),
    ("relu", lambda: tf.nn.relu(np.array([-2, 3], np.int8)), np.int8([0, 3])),
    ("relu_grad", lambda: family.relu_grad(X, DY), np.where(X > 0, DY, 0)),
    ("relu6", lambda: tf.nn.relu6(X), np.clip(X, 0, 6)),
    ("relu6_grad", lambda: family.relu6_grad(X, DY), np.where((X > 0) & (X < 6), DY, 0)),
    ("leaky_relu leaky", lambda: tf.nn.leaky_relu(X), np.where(X > 0, X, 0.2 * X)),
    ("leaky_relu", lambda: tf.nn.leaky_relu(X, alpha=3), np.where(X > 0, X, 3 * X)),
    ("leaky_relu", lambda: tf.nn.leaky_relu(np.array([-10, 10])), np.float32([-2, 10])),
    ("leaky_grad", lambda: family.leaky_grad(X, DY, 0.2), np.where(X > 0, DY, 0.2 * DY)),
    ("crelu", lambda: tf.nn.crelu(IN), np.maximum(np.concatenate([IN, -IN], 1), 0)),
    ("crelu", lambda: tf.nn.crelu(IN, axis=0), np.maximum(np.concatenate([IN, -IN], 0), 0)),
    ("elu", lambda: tf.nn.elu(X), ELU),
    ("elu_grad", lambda: family.elu_grad(ELU, DY), DY * np.where(X > 0, 1, np.exp(np.minimum(X, 0)))),
    ("selu", lambda: tf.nn.selu(X), SELU),
    (
        "selu_grad",
        lambda: family.selu_grad(SELU, DY),
        DY * np.where(X >= 0, 1.0507009873554805, 1.7580993408473766 * np.exp(np.minimum(X, 0))),
    ),
    ("softsign", lambda: tf.nn.softsign(X), X / (1 + abs(X))),
    ("softsign_grad", lambda: family.softsign_grad(X, DY), DY / (1 + abs(X)) ** 2),
    ("swish sigmoid_weighted", lambda: tf.nn.swish(X), X * SIGMOID),
    ("swish", lambda: tf.nn.silu(X, beta=2.0), X / (1 + np.exp(-2 * X))),
    ("swish", lambda: tf.nn.swish(IN, BIAS), IN / (1 + np.exp(-IN * BIAS))),
    ("sigmoid_weighted_grad", lambda: family.sigmoid_weighted_grad(X, DY), DY * SIGMOID * (1 + X * (1 - SIGMOID))),
    ("gelu normal_weighted", lambda: tf.nn.gelu(X), X * NORMAL),
    ("gelu", lambda: tf.nn.gelu(X, approximate=True), 0.5 * X * (1 + CUBIC)),
    (
        "normal_weighted_grad",
        lambda: family.normal_weighted_grad(X, DY, approximate=False),
        DY * (NORMAL + X * DENSITY),
    ),
]
GRADIENTS = [
    *[(f.__name__, f, (SMOOTH,)) for f in (tf.nn.relu, tf.nn.relu6, tf.nn.leaky_relu, tf.nn.elu, tf.nn.selu)],
    *[(f.__name__, f, (SMOOTH,)) for f in (tf.nn.softsign, tf.nn.swish, tf.nn.gelu)],
    ("crelu", tf.nn.crelu, (SMOOTH,)),
    ("gelu, tanh", lambda x: tf.nn.gelu(x, True), (SMOOTH,)),
    ("swish by beta", tf.nn.swish, (IN[:1], np.float64(1.5))),
]


def test_tables_are_complete():
    assert named(VALUES) == declared(family)


@pytest.mark.parametrize("names, call, expected", VALUES, ids=ids(VALUES))
def test_values(device, names, call, expected):
    assert_value(call(), expected, rtol=1e-6)


@pytest.mark.parametrize("names, f, args", GRADIENTS, ids=ids(GRADIENTS))
def test_gradients(names, f, args):
    check_gradients(f, *args)


# Recorded from TensorFlow: the gradient at -0.0, 0.0, 6.0, -inf and inf.
KINKS = [
    (tf.nn.relu, [0, 0, 1, 0, 1]),
    (tf.nn.relu6, [0, 0, 0, 0, 0]),
    (tf.nn.leaky_relu, [0.2, 0.2, 1, 0.2, 1]),
    (tf.nn.elu, [1, 1, 1, 0, 1]),
    (tf.nn.selu, [1.050701, 1.050701, 1.050701, 0, 1.050701]),
    (tf.nn.softsign, [1, 1, 1 / 49, 0, 0]),
]


@pytest.mark.parametrize("f, expected", KINKS)
def test_gradients_at_kinks(device, f, expected):
    x = tf.constant([-0.0, 0.0, 6.0, -np.inf, np.inf])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    np.testing.assert_allclose(tape.gradient(y, x).numpy(), np.float32(expected), rtol=1e-6)


@pytest.mark.parametrize("f", [tf.nn.relu, tf.nn.leaky_relu, tf.nn.elu, tf.nn.gelu])
def test_nan_stays(device, f):
    assert np.isnan(f([np.nan]).numpy()).all()


def test_second_gradient_of_relu_is_zero_and_not_none():
    x = tf.constant([-1.0, 2.0])
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = tf.nn.relu(x)
        dx = inner.gradient(y, x)
    assert outer.gradient(dx, x).numpy().tolist() == [0, 0]


@pytest.mark.parametrize("dtype", [np.float32, np.float16, ml_dtypes.bfloat16])
@pytest.mark.parametrize("f", [row[1] for row in GRADIENTS[:9]], ids=[row[0] for row in GRADIENTS[:9]])
def test_dtypes(device, f, dtype):
    x = (4 * RNG.standard_normal((3, 7))).astype(dtype)
    made, expected = f(x).numpy(), f(x.astype(np.float64)).numpy()
    compare(made, expected.astype(dtype), what=str(f))


def test_kernels_against_meaning(device):
    """Each op that has a kernel, contiguous and broadcast, with a tail behind the vectors of 16 bytes."""
    if device == "cpu":
        pytest.skip("kernels run on devices")
    x, dy = (4 * RNG.standard_normal((2, 7, 3))).astype(np.float32)
    for op in (family.relu, family.relu6, family.elu, family.selu, family.softsign, family.sigmoid_weighted):
        check_kernel(op, x)
    for op in (family.relu_grad, family.relu6_grad, family.elu_grad, family.selu_grad, family.softsign_grad):
        check_kernel(op, x, dy)
    check_kernel(family.sigmoid_weighted_grad, x, dy)
    check_kernel(family.relu, x.astype(np.int32))
    check_kernel(family.leaky, x, 0.3)
    check_kernel(family.leaky_grad, x, dy, 0.3)
    for approximate in (False, True):
        check_kernel(family.normal_weighted, x, approximate=approximate)
        check_kernel(family.normal_weighted_grad, x, dy, approximate=approximate)


def test_empty_and_scalars(device):
    assert tf.nn.elu(np.zeros((0, 2), np.float32)).shape == (0, 2)
    assert_value(tf.nn.swish(0.0), np.float32(0))
    assert_value(tf.nn.relu(IN.T[::2]), np.maximum(IN.T[::2], 0))


ERRORS = [
    (lambda: tf.nn.relu(np.array([True])), tf.errors.InvalidArgumentError, "bool.*relu takes real numbers"),
    (lambda: tf.nn.elu([1, 2]), tf.errors.InvalidArgumentError, "int32.*elu"),
    (lambda: tf.nn.leaky_relu([1.0], tf.constant(0.1)), TypeError, "float for argument 'alpha'"),
    (lambda: tf.nn.leaky_relu(np.array([1j])), tf.errors.InvalidArgumentError, "complex128"),
    (lambda: tf.nn.gelu([1, 2]), ValueError, "floating point tensor.*tf.int32"),
    (lambda: tf.nn.crelu(IN, axis=2), tf.errors.InvalidArgumentError, "axis"),
]


@pytest.mark.parametrize("call, error, text", ERRORS)
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call()
