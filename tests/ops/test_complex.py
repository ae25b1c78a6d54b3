"""Parts of complex numbers: values, dtypes, gradients, errors."""

import numpy as np
import pytest

import gputape as tf
from gputape.ops import complex as family
from gputape.testing import check_gradients
from tests.ops.declared import declared

RNG = np.random.default_rng(0)
Z = RNG.standard_normal((2, 3)) + 1j * RNG.standard_normal((2, 3))


def test_every_op_is_here():
    assert declared(family) == {"conj", "real", "imag", "angle", "complex_from", "complex"}


@pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
@pytest.mark.parametrize("name", ["conj", "real", "imag", "angle"])
def test_values(name, dtype):
    z = Z.astype(dtype)
    made, expected = getattr(tf.math, name)(z).numpy(), getattr(np, name)(z)
    assert made.dtype == expected.dtype
    np.testing.assert_allclose(made, expected, rtol=1e-6)


def test_real_numbers():
    x = tf.constant([-1.0, 2.0])
    assert tf.math.conj(x).numpy().tolist() == tf.math.real(x).numpy().tolist() == [-1, 2]
    assert tf.math.imag(x).numpy().tolist() == [0, 0]
    np.testing.assert_allclose(tf.math.angle(x).numpy(), [np.pi, 0], rtol=1e-6)
    check_gradients(tf.math.real, np.array([1.0]))


@pytest.mark.parametrize("name", ["conj", "real", "imag", "angle", "abs"])
def test_gradients(name):
    check_gradients(getattr(tf.math, name), Z)


def test_complex():
    x, y = RNG.standard_normal((2, 3)), RNG.standard_normal(3)
    made = tf.complex(x, y)
    assert made.dtype == tf.complex128
    np.testing.assert_array_equal(made.numpy(), x + 1j * y)
    assert tf.complex(1.0, [2.0]).dtype == tf.complex64
    check_gradients(tf.complex, x, y)
    with pytest.raises(TypeError, match="float64 float32"):
        tf.complex(x, y.astype(np.float32))
    with pytest.raises(TypeError, match="int32"):
        tf.complex(1, 2)


def test_a_chain():
    check_gradients(lambda z: tf.math.real(tf.exp(z) * tf.math.conj(z) + tf.sign(z)), Z, order=1)
