"""Products, quotients and logarithms in which a zero wins: values, zeros against NaN, gradients, kernels."""

import numpy as np
import pytest

import gputape as tf
from gputape.ops import no_nan
from gputape.testing import check_gradients
from tests.ops.declared import declared

RNG = np.random.default_rng(0)
# name: the function where no argument is 0, and which argument wins if it is
FUNCTIONS = {
    "divide_no_nan": (np.divide, "y"),
    "multiply_no_nan": (np.multiply, "y"),
    "xlogy": (lambda x, y: x * np.log(y), "x"),
    "xlog1py": (lambda x, y: x * np.log1p(y), "x"),
    "xdivy": (np.divide, "x"),
}


def uniform(*shape):
    return RNG.uniform(0.3, 2.0, shape)


def test_every_op_is_here():
    assert declared(no_nan) == {*FUNCTIONS, "reciprocal_no_nan"}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_values(name, device):
    for a, b in [((2, 3), (2, 3)), ((2, 3), (3,)), ((), (4,)), ((0, 3), (3,))]:
        x, y = uniform(*a).astype(np.float32), uniform(*b).astype(np.float32)
        made = getattr(tf.math, name)(x, y)
        assert made.dtype == tf.float32
        np.testing.assert_allclose(made.numpy(), FUNCTIONS[name][0](x, y), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_zeros_win(name, device):
    zeros, others = np.zeros(4, np.float32), np.array([0, np.inf, -np.inf, np.nan], np.float32)
    x, y = (zeros, others) if FUNCTIONS[name][1] == "x" else (others, zeros)
    assert getattr(tf.math, name)(x, y).numpy().tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradients(name):
    f = getattr(tf.math, name)
    check_gradients(f, uniform(2, 3), uniform(2, 3))
    check_gradients(f, uniform(2, 1), uniform(3), order=1)
    check_gradients(lambda x: f(x, 1.7), uniform(3))
    check_gradients(lambda y: f(1.7, y), uniform(3))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradients_at_zero_are_finite(name):
    x, y = tf.constant([0.0, 0.0, 1.0]), tf.constant([0.0, 1.0, 0.0])
    with tf.GradientTape() as tape:
        tape.watch([x, y])
        z = getattr(tf.math, name)(x, y)
    dx, dy = (g.numpy() for g in tape.gradient(z, [x, y]))
    expected = {  # as TensorFlow has them
        "divide_no_nan": ([0, 1, 0], [0, 0, 0]),
        "multiply_no_nan": ([0, 1, 0], [0, 0, 1]),
        "xlogy": ([0, 0, -np.inf], [0, 0, np.inf]),
        "xlog1py": ([0, 0, 0], [0, 0, 1]),
        "xdivy": ([0, 0, np.inf], [0, 0, -np.inf]),
    }[name]
    np.testing.assert_array_equal(dx, expected[0])
    np.testing.assert_array_equal(dy, expected[1])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_complex_numbers(name):
    x, y = uniform(2, 3) + 1j * uniform(2, 3), uniform(3) + 1j * uniform(3)
    np.testing.assert_allclose(getattr(tf.math, name)(x, y).numpy(), FUNCTIONS[name][0](x, y), rtol=1e-12)
    check_gradients(getattr(tf.math, name), x[0], y, order=1)


def test_integers_and_reciprocals():
    assert tf.math.divide_no_nan(tf.constant([1, 2]), tf.constant([0, 4])).numpy().tolist() == [0, 0.5]
    assert tf.math.reciprocal_no_nan(tf.constant([0.0, 4.0, np.inf])).numpy().tolist() == [0, 0.25, 0]
    with pytest.raises(tf.errors.InvalidArgumentError, match="xlogy takes floating point"):
        tf.math.xlogy(tf.constant([1]), tf.constant([2]))


def test_half_types():
    x, y = uniform(9).astype(np.float16), uniform(9).astype(np.float16)
    for name, (numpys, _) in FUNCTIONS.items():
        made = getattr(tf.math, name)(x, y).numpy()
        assert made.dtype == np.float16
        np.testing.assert_allclose(made, numpys(x, y), rtol=4e-3, atol=1e-3)
