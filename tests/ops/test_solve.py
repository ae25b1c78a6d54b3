"""Inverse and solvers: residuals, gradients to second order, TensorFlow's errors."""

import numpy as np
import pytest

import gputape as tf
from gputape.ops import solve as family
from gputape.testing import check_gradients, check_kernel
from tests.ops.declared import assert_value, declared, ids, named, on_devices

RNG = np.random.default_rng(0)
A = RNG.standard_normal((2, 3, 3)) + 3 * np.eye(3)
B = RNG.standard_normal((2, 3, 2))
BIG, RHS = np.tril(RNG.standard_normal((40, 40))) + 9 * np.eye(40), RNG.standard_normal((40, 3))
C = A + 1j * RNG.standard_normal((2, 3, 3))
L = tf.linalg
Invalid = tf.errors.InvalidArgumentError
TRIANGULAR = [(lower, adjoint) for lower in (True, False) for adjoint in (True, False)]

VALUES = [
    ("inv inverse", lambda: L.inv(A), np.linalg.inv(A)),
    ("inv", lambda: L.inv(C, adjoint=True), np.linalg.inv(C).conj().swapaxes(1, 2)),
    ("inv", lambda: L.inv(np.zeros((2, 0, 0))), np.zeros((2, 0, 0))),
    ("solve solve_general", lambda: L.solve(A, B), np.linalg.solve(A, B)),
    ("solve", lambda: L.solve(C[0], B + 0j, adjoint=True), np.linalg.solve(C[0].conj().T, B)),
    ("triangular_solve solve_triangular", lambda: L.triangular_solve(BIG, RHS), np.linalg.solve(BIG, RHS)),
    ("triangular_solve", lambda: L.triangular_solve(BIG.T, RHS, lower=False), np.linalg.solve(BIG.T, RHS)),
    ("cholesky_solve", lambda: L.cholesky_solve(BIG, RHS), np.linalg.solve(BIG @ BIG.T, RHS)),
    (
        "banded_triangular_solve",
        lambda: L.banded_triangular_solve([[2.0, 4.0], [9.0, 3.0]], [[2.0], [7.0]]),
        np.ones((2, 1), np.float32),
    ),
    (
        "banded_triangular_solve",
        lambda: L.banded_triangular_solve([[3.0, 9.0], [2.0, 4.0]], [[5.0], [4.0]], lower=False),
        np.ones((2, 1), np.float32),
    ),
]
ERRORS = [
    (lambda: L.inv(np.zeros((2, 2))), Invalid, "not invertible"),
    (lambda: L.inv(np.ones((2, 3))), Invalid, "square"),
    (lambda: L.inv([[1, 2], [3, 4]]), Invalid, "tf.cast"),
    (lambda: L.solve(np.zeros((2, 2)), np.eye(2)), Invalid, "not invertible"),
    (lambda: L.solve(np.eye(2), np.ones(2)), Invalid, "expand_dims"),
    (lambda: L.solve(np.eye(2), np.ones((3, 2))), Invalid, "2 rows"),
    (lambda: L.triangular_solve(np.eye(2), np.ones((3, 2))), Invalid, "2 rows"),
]


def test_every_name_is_here():
    assert declared(family) == named(VALUES)


@pytest.mark.parametrize("row", VALUES, ids=ids(VALUES))
def test_values(row):
    assert_value(row[1](), row[2])


@pytest.mark.parametrize(("lower", "adjoint"), TRIANGULAR)
def test_triangular_solve(lower, adjoint):
    made = L.triangular_solve(C, B + 0j, lower, adjoint)
    triangle = np.tril(C) if lower else np.triu(C)
    assert_value(made, np.linalg.solve(triangle.conj().swapaxes(1, 2) if adjoint else triangle, B))
    np.testing.assert_allclose(family.solve_triangular.body(np, C, B + 0j, lower=lower, adjoint=adjoint), made)
    check_gradients(lambda a, b: L.triangular_solve(a, b, lower, adjoint), A, B[0])


@pytest.mark.parametrize("adjoint", [True, False])
def test_gradients(adjoint):
    check_gradients(lambda a, b: L.solve(a, b, adjoint), A, B[0])
    check_gradients(lambda a: L.inv(a, adjoint), C[0])


SYSTEMS = [
    ((1, 1), (1, 1)),
    ((3, 5, 5), (5, 2)),
    ((2, 1, 7, 7), (3, 7, 40)),
    ((64, 64), (64, 1)),
    ((2, 33, 33), (2, 33, 3)),
]


@on_devices
@pytest.mark.parametrize("dtype, rtol", [(np.float64, 1e-9), (np.float32, 2e-3)])
@pytest.mark.parametrize("of_a, of_b", SYSTEMS, ids=str)
def test_kernels_against_meaning(device, of_a, of_b, dtype, rtol):
    a, b = RNG.standard_normal(of_a), RNG.standard_normal(of_b).astype(dtype)
    a, triangular = a.astype(dtype), (a + 3 * np.sqrt(of_a[-1]) * np.eye(of_a[-1])).astype(dtype)
    check_kernel(family.inverse, triangular, rtol=rtol, atol=rtol)
    for adjoint in (False, True):
        check_kernel(family.solve_general, a, b, adjoint=adjoint, rtol=rtol, atol=100 * rtol)
        for lower in (False, True):
            check_kernel(family.solve_triangular, triangular, b, lower=lower, adjoint=adjoint, rtol=rtol, atol=rtol)


@on_devices
def test_kernels_exchange_rows(device):
    a = np.eye(6)[[3, 5, 0, 2, 1, 4]] * np.arange(1.0, 7)
    check_kernel(family.inverse, a)
    check_kernel(family.solve_general, a[:, ::-1].T, np.ones((6, 2)), adjoint=False)


@on_devices
def test_kernels_on_singular_matrices(device):
    """NaN, where the CPU raises; a zero on the diagonal of a triangle gives infinities, as on the CPU."""
    assert np.isnan(L.inv(np.ones((2, 3, 3))).numpy()).any((1, 2)).all()
    assert np.isnan(L.solve(np.zeros((2, 2)), np.ones((2, 1))).numpy()).all()
    assert np.isinf(L.triangular_solve(np.zeros((1, 1)), np.ones((1, 1))).numpy())


@on_devices
def test_gradients_through_kernels(device):
    check_gradients(L.solve, A, B, order=1)
    check_gradients(lambda a, b: L.triangular_solve(a, b, False, True), A, B[0], order=1)


def test_a_zero_on_the_diagonal_gives_infinity():
    assert np.isinf(L.triangular_solve([[0.0]], [[1.0]]).numpy())


@pytest.mark.parametrize(("call", "error", "words"), ERRORS)
def test_errors(call, error, words, host):
    with pytest.raises(error, match=words):
        call()
