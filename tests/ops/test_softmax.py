"""softmax and log_softmax: values against NumPy in float64, gradients of two orders, kernels, and what is refused."""

import ml_dtypes
import numpy as np
import pytest

import gputape as tf
from gputape import cuda
from gputape.ops import softmax as family
from gputape.testing import check_gradients, check_kernel, compare

from .declared import assert_value, declared, ids, named

RNG = np.random.default_rng(0)
X = RNG.standard_normal((3, 5)).astype(np.float32)
X3 = RNG.standard_normal((2, 4, 3))
INF, NAN = np.inf, np.nan
DTYPES = [np.float32, np.float64, np.float16, ml_dtypes.bfloat16]


def softmax(x, axis=-1):
    e = np.exp(x.astype(np.float64) - x.max(axis, keepdims=True).astype(np.float64))
    return (e / e.sum(axis, keepdims=True)).astype(x.dtype)


def log_softmax(x, axis=-1):
    return np.log(softmax(x.astype(np.float64), axis)).astype(x.dtype)


VALUES = [
    ("softmax softmax_along", lambda: tf.nn.softmax(X), softmax(X)),
    ("softmax", lambda: tf.nn.softmax(X, 0), softmax(X, 0)),
    ("softmax", lambda: tf.math.softmax(X3, axis=1), softmax(X3, 1)),
    ("softmax", lambda: tf.nn.softmax(X3, tf.constant(-3), name="p"), softmax(X3, 0)),
    ("softmax", lambda: tf.nn.softmax(tf.transpose(X)), softmax(X.T)),
    ("softmax", lambda: tf.nn.softmax([1000.0, 1000.0]), np.float32([0.5, 0.5])),
    ("softmax", lambda: tf.nn.softmax([-INF, 1.0]), np.float32([0, 1])),
    ("softmax", lambda: tf.nn.softmax(np.zeros((2, 0), np.float32)), np.zeros((2, 0), np.float32)),
    ("softmax", lambda: tf.nn.softmax(np.zeros((0, 2), np.float16), 0), np.zeros((0, 2), np.float16)),
    ("softmax", lambda: tf.nn.softmax(tf.ones([4096], tf.bfloat16)), np.full(4096, 2**-12, ml_dtypes.bfloat16)),
    ("log_softmax log_softmax_along", lambda: tf.nn.log_softmax(X), log_softmax(X)),
    ("log_softmax", lambda: tf.math.log_softmax(X3, 1), log_softmax(X3, 1)),
    ("log_softmax", lambda: tf.nn.log_softmax([[0.0, 1000.0], [-INF, 1.0]]), np.float32([[-1000, 0], [-INF, 0]])),
    ("log_softmax", lambda: tf.nn.log_softmax(np.zeros((0, 2))), np.zeros((0, 2))),
    ("softmax_grad", lambda: family.softmax_grad([0.25, 0.75], [1.0, 2.0], axis=0), np.float32([-0.1875, 0.1875])),
    ("log_softmax_grad", lambda: family.log_softmax_grad([0.0, -INF], [1.0, 2.0], axis=0), np.float32([-2, 2])),
]


def test_tables_are_complete():
    assert named(VALUES) == declared(family)


@pytest.mark.parametrize("names, call, expected", VALUES, ids=ids(VALUES))
def test_values(device, names, call, expected):
    assert_value(call(), expected)


@pytest.mark.parametrize("f", [tf.nn.softmax, tf.nn.log_softmax])
@pytest.mark.parametrize("axis", [0, 1])
def test_gradients(device, f, axis):
    check_gradients(lambda x: f(x, axis), X3[0])


def test_third_order():
    """The gradient of the gradient penalty: nothing but gradients of meanings from the second on."""

    def penalty(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.square(tf.nn.softmax(x))
        return tf.square(tape.gradient(y, x))

    check_gradients(penalty, X3[0, 0])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape, axis", [((3, 5), 1), ((4, 3), 0), ((1, 1), 1), ((2, 700), 1), ((2, 3, 2), 1)], ids=str)
def test_kernels_and_numpy_bodies_against_meaning(device, dtype, shape, axis):
    x, dy = RNG.standard_normal(shape).astype(dtype), RNG.standard_normal(shape).astype(dtype)
    y, log_y = softmax(x, axis), log_softmax(x, axis)
    # The meanings of half types round at every step.
    tolerance = {"rtol": 1e-2, "atol": 2e-3} if dtype is np.float16 else {}
    ops = [(family.softmax_along, x), (family.log_softmax_along, x)]
    ops += [(family.softmax_grad, y, dy), (family.log_softmax_grad, log_y, dy)]
    for op, *arrays in ops:
        if device == "cpu":
            compare(op.numpy_body(*arrays, axis=axis), op.composed(*arrays, axis=axis), what=op.name, **tolerance)
        else:
            check_kernel(op, *arrays, axis=axis, **tolerance)


def test_rows_without_an_answer_are_nan(device):
    for f in (tf.nn.softmax, tf.nn.log_softmax):
        made = f([[-INF, -INF], [NAN, 1.0], [1.0, NAN], [0.0, 1.0]]).numpy()
        assert np.isnan(made).tolist() == [[True, True]] * 3 + [[False, False]]


def test_a_gradient_is_one_launch(device):
    if device == "cpu":
        pytest.skip("launches are counted on devices")
    with tf.GradientTape() as tape, cuda.count_launches() as counter:
        x = tf.constant(X)
        tape.watch(x)
        tape.gradient(tf.nn.softmax(x), x)
    assert counter.launches == ["softmax_forward<float>", "softmax_backward<float>"]


@pytest.mark.parametrize("f", [tf.nn.softmax, tf.nn.log_softmax])
@pytest.mark.parametrize("x, axis, text", [(1.0, -1, "scalar"), (X, 2, r"\[-2, 2\)"), ([1, 2], -1, "int32.*tf.cast")])
def test_errors(f, x, axis, text):
    with pytest.raises(tf.errors.InvalidArgumentError, match=text):
        f(x, axis)
