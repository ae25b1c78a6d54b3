"""Functions of one argument: values against NumPy, gradients to second order, kernels, dtypes, errors."""

import ml_dtypes
import numpy as np
import pytest

import gputape as tf
from gputape.ops import unary
from gputape.registry import OPS
from gputape.testing import RELATIVE, check_gradients
from tests.ops.declared import declared

RNG = np.random.default_rng(0)
ANY = (-2.0, 2.0)
INNER = (-0.9, 0.9)
POSITIVE = (0.2, 3.0)


def logistic(x):
    return 1 / (1 + np.exp(-x))


# name: (NumPy's function, where it is tested, whether complex numbers are taken)
FUNCTIONS = {
    "negative": (np.negative, ANY, True),
    "abs": (np.abs, POSITIVE, True),
    "square": (np.square, ANY, True),
    "reciprocal": (np.reciprocal, POSITIVE, True),
    "sqrt": (np.sqrt, POSITIVE, True),
    "rsqrt": (lambda x: 1 / np.sqrt(x), POSITIVE, True),
    "exp": (np.exp, ANY, True),
    "expm1": (np.expm1, ANY, True),
    "log": (np.log, POSITIVE, True),
    "log1p": (np.log1p, INNER, True),
    "tanh": (np.tanh, ANY, True),
    "sigmoid": (logistic, ANY, True),
    "softplus": (lambda x: np.log1p(np.exp(x)), ANY, False),
    "log_sigmoid": (lambda x: np.log(logistic(x)), ANY, False),
    "sign": (np.sign, POSITIVE, True),
}
ROUNDING = {"floor": np.floor, "ceil": np.ceil, "rint": np.rint, "round": np.round}
DERIVATIVES = {
    "reciprocal_grad": lambda y, dy: -dy * y**2,
    "sqrt_grad": lambda y, dy: dy / (2 * y),
    "rsqrt_grad": lambda y, dy: -0.5 * dy * y**3,
    "tanh_grad": lambda y, dy: dy * (1 - y**2),
    "sigmoid_grad": lambda y, dy: dy * y * (1 - y),
    "softplus_grad": lambda x, dy: dy * logistic(x),
}
HALF = [np.float16, ml_dtypes.bfloat16]


def function(name):
    return getattr(tf.math, name)


def close(made, expected):
    name = made.dtype.name
    wide = np.complex128 if made.dtype.kind == "c" else np.float64
    np.testing.assert_allclose(made.astype(wide), expected.astype(wide), rtol=RELATIVE[name], atol=RELATIVE[name] / 10)


def test_every_op_is_here():
    assert declared(unary) == {*FUNCTIONS, *ROUNDING, *DERIVATIVES}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_values(name, dtype, device):
    numpys, (low, high), _ = FUNCTIONS[name]
    if device == "emulated" and dtype is np.float64:
        pytest.skip("one dtype per functor: the templates are the same")
    for shape in ((), (0, 3), (5, 7), (2, 3, 4)):
        x = np.asarray(RNG.uniform(low, high, shape), dtype)
        made = function(name)(x)
        assert made.dtype == dtype and made.shape == shape
        close(np.asarray(made.numpy()), np.asarray(numpys(x.astype(np.float64))))


@pytest.mark.parametrize("dtype", HALF)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_half_types(name, dtype):
    numpys, (low, high), _ = FUNCTIONS[name]
    x = RNG.uniform(low, high, 50).astype(dtype)
    made = function(name)(x).numpy()
    assert made.dtype == dtype
    close(made, np.asarray(numpys(x.astype(np.float64))))


@pytest.mark.parametrize("dtype", [*HALF, np.float64])
@pytest.mark.parametrize("name", ["exp", "tanh"])
def test_kernels_of_other_types(name, dtype, device):
    x = RNG.uniform(-2, 2, (3, 11)).astype(dtype)
    close(function(name)(x).numpy(), FUNCTIONS[name][0](x.astype(np.float64)))


@pytest.mark.parametrize("name", [name for name, (*_, complexes) in FUNCTIONS.items() if complexes])
def test_complex_values_and_gradients(name):
    numpys = FUNCTIONS[name][0]
    z = RNG.uniform(0.3, 0.8, 5) + 1j * RNG.uniform(0.3, 0.8, 5)
    np.testing.assert_allclose(function(name)(z).numpy(), numpys(z), rtol=1e-12)
    check_gradients(function(name), z, order=1)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradients(name):
    low, high = FUNCTIONS[name][1]
    check_gradients(function(name), RNG.uniform(low, high, (2, 3)))


@pytest.mark.parametrize("name", DERIVATIVES)
def test_derivatives(name, device):
    y, dy = RNG.uniform(0.2, 0.9, (2, 3, 5))
    made = OPS[name](y.astype(np.float32), dy.astype(np.float32)).numpy()
    np.testing.assert_allclose(made, DERIVATIVES[name](y, dy), rtol=1e-5)
    if device == "cpu":
        check_gradients(OPS[name], y[:, :2], dy[:, :2], order=1)


@pytest.mark.parametrize("name", ROUNDING)
def test_rounding(name, device):
    x = np.array([-2.5, -1.5, -0.5, -0.2, 0.0, 0.5, 1.5, 2.5, 2.7, np.inf, np.nan], np.float32)
    np.testing.assert_array_equal(function(name)(x).numpy(), ROUNDING[name](x))
    with tf.GradientTape() as tape:
        v = tf.Variable(x)
        y = function(name)(v)
    assert tape.gradient(y, v) is None


def test_integers_stay_integers(device):
    x = np.array([-3, 0, 5], np.int32)
    for name, expected in (("negative", -x), ("abs", abs(x)), ("sign", np.sign(x)), ("square", x * x), ("round", x)):
        made = function(name)(x)
        assert made.dtype == tf.int32
        np.testing.assert_array_equal(made.numpy(), expected)


@pytest.mark.parametrize("name", ["exp", "sqrt", "log", "sigmoid", "softplus", "floor"])
def test_integers_are_refused(name, device):
    with pytest.raises(tf.errors.InvalidArgumentError, match=rf"int32.*{name} takes .*tf\.cast"):
        function(name)(tf.constant([1, 2]))


def test_ends():
    x = np.array([-np.inf, -200.0, 0.0, 200.0, np.inf, np.nan], np.float32)
    np.testing.assert_array_equal(tf.sigmoid(x).numpy(), np.array([0, 0, 0.5, 1, 1, np.nan], np.float32))
    np.testing.assert_array_equal(tf.math.softplus(x).numpy()[[0, 1, 3, 4, 5]], [0, 0, 200, np.inf, np.nan])
    half = np.array([-12.0, 12.0], np.float16)
    np.testing.assert_allclose(tf.sigmoid(half).numpy(), logistic(half.astype(np.float64)), rtol=1e-2)


def test_values_at_kinks():
    x = tf.constant([-1.0, 0.0, 2.0])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y, s = tf.abs(x), tf.sign(x)
    assert tape.gradient(y, x).numpy().tolist() == [-1, 0, 1]
    assert tape.gradient(s, x).numpy().tolist() == [0, 0, 0]


def test_arrays_with_strides(device):
    x = RNG.standard_normal((4, 6)).astype(np.float32)
    for view in (x.T, x[:, ::2], x[::-1]):
        np.testing.assert_allclose(tf.exp(view).numpy(), np.exp(view), rtol=2e-6)
