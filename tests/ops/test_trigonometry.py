"""Functions of angles and their inverses: values against NumPy, gradients to second order, kernels, half types."""

import ml_dtypes
import numpy as np
import pytest

import gputape as tf
from gputape.ops import trigonometry
from gputape.testing import RELATIVE, check_gradients
from tests.ops.declared import declared

RNG = np.random.default_rng(0)
ANY = (-2.0, 2.0)
INNER = (-0.9, 0.9)
# name: (NumPy's function, where it is tested)
FUNCTIONS = {
    "sin": (np.sin, ANY),
    "cos": (np.cos, ANY),
    "tan": (np.tan, (-1.0, 1.0)),
    "asin": (np.arcsin, INNER),
    "acos": (np.arccos, INNER),
    "atan": (np.arctan, ANY),
    "sinh": (np.sinh, ANY),
    "cosh": (np.cosh, ANY),
    "asinh": (np.arcsinh, ANY),
    "acosh": (np.arccosh, (1.2, 3.0)),
    "atanh": (np.arctanh, INNER),
}


def arguments(name, *shape):
    return RNG.uniform(*FUNCTIONS[name][1], shape)


def test_every_op_is_here():
    assert declared(trigonometry) == set(FUNCTIONS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_values(name, device):
    for shape in ((), (0, 3), (5, 7)):
        x = np.asarray(arguments(name, *shape), np.float32)
        made = getattr(tf, name)(x)
        assert made.dtype == tf.float32 and made.shape == shape
        np.testing.assert_allclose(made.numpy(), FUNCTIONS[name][0](x.astype(np.float64)), rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.float64])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_other_types(name, dtype):
    x = arguments(name, 50).astype(dtype)
    made = getattr(tf.math, name)(x).numpy()
    assert made.dtype == dtype
    tolerance = RELATIVE[made.dtype.name]
    expected = FUNCTIONS[name][0](x.astype(np.float64))
    np.testing.assert_allclose(made.astype(np.float64), expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradients(name):
    check_gradients(getattr(tf, name), arguments(name, 2, 3))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_complex_numbers(name):
    z = RNG.uniform(0.3, 0.8, 5) + 1j * RNG.uniform(0.3, 0.8, 5)
    np.testing.assert_allclose(getattr(tf, name)(z).numpy(), FUNCTIONS[name][0](z), rtol=1e-12)
    check_gradients(getattr(tf, name), z, order=1)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_integers_are_refused(name):
    with pytest.raises(tf.errors.InvalidArgumentError, match=f"{name} takes floating point"):
        getattr(tf, name)(tf.constant([1, 2]))
