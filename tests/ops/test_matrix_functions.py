"""Exponential, logarithm and square root of matrices."""

import numpy as np
import pytest

import gputape as tf
from gputape.ops import matrix_functions as family
from gputape.testing import check_gradients
from tests.ops.declared import assert_value, declared

RNG = np.random.default_rng(0)
A = RNG.standard_normal((2, 3, 3))
P = A @ A.swapaxes(1, 2) + np.eye(3) + 0.3 * A
C = P[0] + 0.5j * A[1]
L = tf.linalg


def of_eigenvalues(f, a):
    e, v = np.linalg.eig(a)
    return v * f(e)[..., None, :] @ np.linalg.inv(v)


def test_every_name_is_here():
    assert declared(family) == {"expm", "logm", "sqrtm"}


@pytest.mark.parametrize("scale", [0.01, 1.0, 20.0])
def test_expm(scale):
    assert_value(L.expm(scale * A), of_eigenvalues(np.exp, scale * A).real.astype(A.dtype), rtol=1e-9)
    assert_value(L.expm(scale * C), of_eigenvalues(np.exp, scale * C), rtol=1e-9)


def test_a_matrix_of_a_batch_is_as_alone():
    both = np.stack([A[0], 1000 * A[1]])
    assert np.array_equal(L.expm(both).numpy()[0], L.expm(both[:1]).numpy()[0])


def test_roots_and_logarithms():
    assert_value(L.sqrtm(P), of_eigenvalues(np.sqrt, P).real.astype(P.dtype), rtol=1e-8)
    assert_value(L.logm(C), of_eigenvalues(np.log, C), rtol=1e-8)
    assert_value(L.expm(L.logm(P + 0j)), P + 0j, rtol=1e-8)


def test_where_there_is_no_root():
    made = L.sqrtm(np.stack([np.zeros((2, 2)), -np.eye(2), 4 * np.eye(2)])).numpy()
    assert np.isnan(made[:2]).all()
    np.testing.assert_allclose(made[2], 2 * np.eye(2))


@pytest.mark.parametrize("f", [L.expm, L.sqrtm])
@pytest.mark.parametrize("a", [P, C], ids=["real", "complex"])
def test_gradients(f, a):
    check_gradients(f, a / 4)


def test_gradient_of_the_logarithm():
    check_gradients(L.logm, C, order=1)


def test_sizes_and_dtypes():
    assert L.expm(np.zeros((2, 0, 0))).shape == (2, 0, 0)
    assert L.expm(np.zeros((0, 2, 2))).shape == (0, 2, 2)
    assert L.expm([[1.0]]).dtype == tf.float32
    assert np.isnan(L.expm([[np.nan]]).numpy())


def test_errors():
    with pytest.raises(tf.errors.InvalidArgumentError, match="square"):
        L.expm(np.ones((2, 3)))
    with pytest.raises(tf.errors.InvalidArgumentError, match="complex64"):
        L.logm(np.eye(2))
