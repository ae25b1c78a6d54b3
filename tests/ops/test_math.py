"""Arithmetic of several arguments: values and errors against NumPy and TensorFlow, gradients, broadcasting, kernels."""

import ml_dtypes
import numpy as np
import pytest

import gputape as tf
from gputape.ops import math
from gputape.registry import OPS
from gputape.testing import check_gradients
from tests.ops.declared import declared

RNG = np.random.default_rng(0)


# name: NumPy's function of two arguments
FUNCTIONS = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "floordiv": lambda x, y: np.floor(x / y),
    "floormod": np.mod,
    "truncatediv": lambda x, y: np.trunc(x / y),
    "truncatemod": np.fmod,
    "pow": np.power,
    "squared_difference": lambda x, y: (x - y) ** 2,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "atan2": np.arctan2,
    "nextafter": np.nextafter,
}
STEPS = {"floordiv", "truncatediv"}  # constant almost everywhere: no gradient
INTEGERS = ["add", "subtract", "multiply", "floormod", "maximum", "minimum", "squared_difference", "truncatemod"]
OTHERS = {"clip", "clip_by_value", "add_all", "add_n", "accumulate_n", "scalar_mul", "polyval"}
SHAPES = [((2, 3), (2, 3)), ((2, 3), (3,)), ((2, 1, 3), (4, 1)), ((), (2, 3)), ((5,), (1,)), ((0, 3), (1, 3))]


def uniform(*shape):
    return RNG.uniform(0.3, 2.0, shape)


def test_every_op_is_here():
    assert declared(math) == {*FUNCTIONS, *OTHERS}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_values(name, device):
    for a, b in SHAPES:
        x, y = uniform(*a).astype(np.float32), uniform(*b).astype(np.float32)
        made = OPS[name](x, y)
        expected = FUNCTIONS[name](x, y)
        assert made.dtype == tf.float32 and made.shape == expected.shape
        np.testing.assert_allclose(made.numpy(), expected, rtol=2e-6, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.float64])
@pytest.mark.parametrize("name", ["add", "multiply", "divide", "maximum"])
def test_other_floats(name, dtype):
    x, y = uniform(3, 4).astype(dtype), uniform(4).astype(dtype)
    made = OPS[name](x, y).numpy()
    assert made.dtype == dtype
    expected = FUNCTIONS[name](x.astype(np.float64), y.astype(np.float64))
    np.testing.assert_allclose(made.astype(np.float64), expected, rtol={2: 1e-2, 8: 1e-15}[made.itemsize])


@pytest.mark.parametrize("name", sorted(set(FUNCTIONS) - STEPS - {"nextafter"}))
def test_gradients(name):
    check_gradients(OPS[name], uniform(2, 3), uniform(2, 3))
    check_gradients(OPS[name], uniform(2, 1), uniform(3), order=1)
    check_gradients(lambda x: OPS[name](x, 1.7), uniform(3))
    check_gradients(lambda y: OPS[name](1.7, y), uniform(3))


@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "divide", "pow", "squared_difference"])
def test_complex_numbers(name):
    x, y = uniform(2, 3) + 1j * uniform(2, 3), uniform(3) + 1j * uniform(3)
    expected = (x - y) * np.conj(x - y) if name == "squared_difference" else FUNCTIONS[name](x, y)
    np.testing.assert_allclose(OPS[name](x, y).numpy(), expected, rtol=1e-12)
    if name != "squared_difference":  # its gradient is TensorFlow's, which is that of real numbers
        check_gradients(OPS[name], x[0], y, order=1)


@pytest.mark.parametrize("dtype", [np.int8, np.int32, np.int64, np.uint8])
@pytest.mark.parametrize("name", INTEGERS)
def test_integers(name, dtype, device):
    if device == "emulated" and dtype is not np.int32:
        pytest.skip("one dtype per functor: the templates are the same")
    x, y = RNG.integers(1, 9, (3, 4)).astype(dtype), RNG.integers(1, 5, 4).astype(dtype)
    made = OPS[name](x, y)
    assert made.dtype == dtype
    np.testing.assert_array_equal(made.numpy(), FUNCTIONS[name](x, y))


def test_division_of_integers(device):
    x, y = tf.constant([7, -7, 6, -6]), tf.constant([2, 2, -3, -3])
    assert tf.math.floordiv(x, y).numpy().tolist() == [3, -4, -2, 2]
    assert tf.truncatediv(x, y).numpy().tolist() == [3, -3, -2, 2]
    assert tf.math.floormod(x, y).numpy().tolist() == [1, 1, 0, 0]
    assert tf.truncatemod(x, y).numpy().tolist() == [1, -1, 0, 0]
    assert (x / y).dtype == tf.float64 and tf.divide(np.int8(1), np.int8(2)).dtype == tf.float32
    assert (x / 2).numpy().tolist() == [3.5, -3.5, 3.0, -3.0]
    if device == "cuda":
        return  # where nobody is told of a zero
    for op in (tf.math.floordiv, tf.math.floormod, tf.truncatediv, tf.truncatemod):
        with pytest.raises(tf.errors.InvalidArgumentError, match="division by zero"):
            op(x, 0)


def test_powers(host):
    assert tf.pow(tf.constant([2, 3]), 2).numpy().tolist() == [4, 9]
    with pytest.raises(tf.errors.InvalidArgumentError, match="negative integer powers"):
        tf.pow(tf.constant([2, 3]), -1)
    x, y = tf.constant([0.0, -2.0, 4.0]), tf.constant([2.0, 2.0, 0.5])
    with tf.GradientTape() as tape:
        tape.watch([x, y])
        z = x**y
    dx, dy = tape.gradient(z, [x, y])
    np.testing.assert_allclose(dx.numpy(), [0, -4, 0.25])
    np.testing.assert_allclose(dy.numpy(), [0, 0, 2 * np.log(4)], rtol=1e-6)


def test_gradients_at_ties_and_nan():
    x, y = tf.constant([1.0, 2.0, np.nan]), tf.constant([1.0, 3.0, 0.0])
    for op, expected in ((tf.maximum, [[1, 0, 0], [0, 1, 1]]), (tf.minimum, [[1, 1, 0], [0, 0, 1]])):
        with tf.GradientTape() as tape:
            tape.watch([x, y])
            z = op(x, y)
        assert [g.numpy().tolist() for g in tape.gradient(z, [x, y])] == expected
    assert np.isnan(tf.maximum(x, y).numpy()[2]) and np.isnan(tf.minimum(y, x).numpy()[2])


def test_clip_by_value(device):
    t = np.array([-3.0, -1.0, 0.5, 1.0, 4.0], np.float32)
    for low, high in ((-1, 1), (-1.0, 1.0), (np.float32(-1), t * 0 + 1), (t * 0 - 1, 1.0)):
        np.testing.assert_array_equal(tf.clip_by_value(t, low, high).numpy(), [-1, -1, 0.5, 1, 1])
    assert tf.clip_by_value([1, 5], 2, 3).numpy().tolist() == [2, 3]
    slices = tf.IndexedSlices(tf.constant([[5.0]]), tf.constant([1]), (3, 1))
    assert tf.clip_by_value(slices, 0.0, 2.0).values.numpy().tolist() == [[2.0]]
    with pytest.raises(ValueError, match=r"clip_by_value.*\(5,\).*\(2, 5\)"):
        tf.clip_by_value(t, np.zeros((2, 5), np.float32), 1.0)


def test_clip_by_value_gradients():
    t, low, high = np.array([-3.0, -0.5, 0.5, 4.0]), np.array(-1.0), np.array([1.0, 1.0, 0.2, 2.0])
    check_gradients(tf.clip_by_value, t, low, high)
    x = tf.constant([-1.0, 1.0, np.nan])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.clip_by_value(x, -1.0, 1.0)
    assert tape.gradient(y, x).numpy().tolist() == [1, 1, 0]


def test_sums_of_many():
    xs = [uniform(2, 3) for _ in range(3)]
    np.testing.assert_allclose(tf.add_n(xs).numpy(), sum(xs))
    np.testing.assert_allclose(tf.math.accumulate_n(xs, shape=(2, 3), tensor_dtype=tf.float64).numpy(), sum(xs))
    check_gradients(lambda x, y: tf.add_n([x, y, x]), *xs[:2])
    with pytest.raises(ValueError, match="at least one"):
        tf.add_n([])
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"\(2,\) != \(3,\)"):
        tf.add_n([np.ones(2), np.ones(3)])
    with pytest.raises(ValueError, match="shape"):
        tf.math.accumulate_n(xs, shape=(3, 2))
    with pytest.raises(TypeError, match="float32"):
        tf.math.accumulate_n(xs, tensor_dtype=tf.float32)


def test_scalar_mul_and_polyval():
    np.testing.assert_array_equal(tf.scalar_mul(2.0, tf.constant([1.0, 3.0])).numpy(), [2, 6])
    with pytest.raises(ValueError, match="0-D"):
        tf.scalar_mul(tf.constant([1.0]), tf.constant([1.0, 3.0]))
    check_gradients(lambda x, c: tf.math.polyval([c, 2.0, c], x), uniform(3), uniform())
    assert tf.math.polyval([], tf.constant([1.0])).numpy().tolist() == [0]
    with pytest.raises(ValueError, match="list"):
        tf.math.polyval(3.0, 1.0)


def test_errors_teach():
    x, y = tf.ones_like(np.zeros((2, 3), np.float32)), tf.ones_like(np.zeros(4, np.float32))
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"add cannot broadcast x \[2, 3\] and y \[4\]"):
        x + y
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"x is float32, y is int32; use tf\.cast"):
        x * tf.constant([1, 2, 3])
    with pytest.raises(tf.errors.InvalidArgumentError, match="takes real numbers"):
        tf.maximum(tf.constant(1j), tf.constant(2j))
    with pytest.raises(TypeError, match="Cannot convert"):
        tf.constant([1, 2]) * 2.5


def test_python_numbers(device):
    x = tf.constant([1.0, 2.0, 4.0])
    for made, expected in ((x + 1, [2, 3, 5]), (1 - x, [0, -1, -3]), (8 / x, [8, 4, 2]), (x // 2, [0, 1, 2])):
        assert made.dtype == tf.float32
        assert made.numpy().tolist() == expected
    half = tf.cast(x, tf.bfloat16) * 0.5
    assert half.dtype == tf.bfloat16 and tf.cast(half, tf.float32).numpy().tolist() == [0.5, 1, 2]
    assert tf.constant([True, True]).numpy().tolist() == (tf.constant([True, True]) * True).numpy().tolist()


def test_strings_are_joined_by_add():
    a = tf.constant(["a", "b"])
    assert (a + a).numpy().tolist() == [b"aa", b"bb"] and tf.add(a, "c").numpy().tolist() == [b"ac", b"bc"]
    double = tf.function(lambda x: x + x)
    assert [double(tf.constant("ab")).numpy() for _ in range(2)] == [b"abab", b"abab"]
    with pytest.raises(tf.errors.InvalidArgumentError, match="string"):
        a * a
