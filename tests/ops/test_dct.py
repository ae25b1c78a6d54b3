"""Discrete cosine transforms against their sums."""

import numpy as np
import pytest

import gputape as tf
from gputape.ops import dct
from gputape.testing import check_gradients
from tests.ops.declared import declared

RNG = np.random.default_rng(6)


def matrix(kind, n):
    """The transform as a matrix, by its definition."""
    k, j = np.arange(n)[:, None], np.arange(n)[None, :]
    if kind == 1:
        made = 2 * np.cos(np.pi * j * k / (n - 1))
        made[:, 0], made[:, -1] = 1, (-1.0) ** np.arange(n)
        return made
    if kind == 2:
        return 2 * np.cos(np.pi * (2 * j + 1) * k / (2 * n))
    if kind == 3:
        made = 2 * np.cos(np.pi * j * (2 * k + 1) / (2 * n))
        made[:, 0] = 1
        return made
    return 2 * np.cos(np.pi * (2 * j + 1) * (2 * k + 1) / (4 * n))


def test_every_function_is_here():
    assert declared(dct) == {"dct", "idct"}


@pytest.mark.parametrize("kind", [1, 2, 3, 4])
@pytest.mark.parametrize("n", [2, 5, 8])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_values(kind, n, dtype):
    x = RNG.standard_normal((3, n)).astype(dtype)
    made = tf.signal.dct(tf.constant(x), kind).numpy()
    assert made.dtype == dtype
    np.testing.assert_allclose(made, x @ matrix(kind, n).T, atol=1e-5 if dtype == np.float32 else 1e-12)


@pytest.mark.parametrize("kind", [2, 3, 4])
def test_orthogonal_transforms_are_inverse(kind):
    x = RNG.standard_normal((2, 6))
    y = tf.signal.dct(tf.constant(x), kind, norm="ortho")
    np.testing.assert_allclose(np.sum(y.numpy() ** 2, -1), np.sum(x**2, -1), rtol=1e-12)
    np.testing.assert_allclose(tf.signal.idct(y, kind, norm="ortho"), x, atol=1e-12)


@pytest.mark.parametrize("kind, factor", [(1, 10), (2, 12), (3, 12), (4, 12)])
def test_inverse_but_for_a_factor(kind, factor):
    x = RNG.standard_normal(6)
    np.testing.assert_allclose(tf.signal.idct(tf.signal.dct(tf.constant(x), kind), kind), factor * x, atol=1e-12)


def test_length():
    x = RNG.standard_normal(6)
    np.testing.assert_allclose(tf.signal.dct(tf.constant(x), n=4), matrix(2, 4) @ x[:4], atol=1e-12)
    np.testing.assert_allclose(tf.signal.dct(tf.constant(x), n=8), matrix(2, 8)[:, :6] @ x, atol=1e-12)


@pytest.mark.parametrize("kind", [1, 2, 3, 4])
def test_gradients(kind):
    check_gradients(lambda v: tf.signal.dct(v, kind) ** 2, RNG.standard_normal((2, 3)), atol=1e-4)


def test_errors():
    with pytest.raises(NotImplementedError, match="axis must be -1"):
        tf.signal.dct([1.0, 2.0], axis=0)
    with pytest.raises(ValueError, match="type must be 1, 2, 3 or 4"):
        tf.signal.dct([1.0, 2.0], 5)
    with pytest.raises(ValueError, match="not supported for the Type-I"):
        tf.signal.idct([1.0, 2.0], 1, norm="ortho")
    with pytest.raises(ValueError, match="Unknown normalization"):
        tf.signal.dct([1.0, 2.0], norm="other")
