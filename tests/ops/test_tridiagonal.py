"""Tridiagonal matrices, against the full ones."""

import numpy as np
import pytest

import gputape as tf
from gputape.ops import tridiagonal as family
from gputape.testing import check_gradients
from tests.ops.declared import assert_value, declared

RNG = np.random.default_rng(0)
D = RNG.standard_normal((3, 4)) + np.array([[0.0], [5.0], [0.0]])
FULL = np.diag(D[0, :-1], 1) + np.diag(D[1]) + np.diag(D[2, 1:], -1)
B = RNG.standard_normal((4, 2))
FORMS = [(D, "compact"), (FULL, "matrix"), ((D[0], D[1], D[2]), "sequence"), ((D[0, :-1], D[1], D[2, 1:]), "sequence")]
L = tf.linalg


def test_every_name_is_here():
    assert declared(family) == {"tridiagonal_matmul", "tridiagonal_solve", "eigh_tridiagonal"}


@pytest.mark.parametrize(("diagonals", "form"), FORMS)
def test_formats(diagonals, form):
    assert_value(L.tridiagonal_matmul(diagonals, B, form), FULL @ B)
    assert_value(L.tridiagonal_solve(diagonals, B, form), np.linalg.solve(FULL, B))
    assert_value(L.tridiagonal_solve(diagonals, B.T, form, transpose_rhs=True), np.linalg.solve(FULL, B))
    assert_value(L.tridiagonal_solve(diagonals, B[:, 0], form), np.linalg.solve(FULL, B[:, 0]))


def test_gradients():
    check_gradients(L.tridiagonal_matmul, D, B)
    check_gradients(L.tridiagonal_solve, D, B)


def test_eigenvalues():
    full = np.diag(D[1]) + np.diag(D[0, :-1], 1) + np.diag(D[0, :-1], -1)
    e = np.linalg.eigvalsh(full)
    assert_value(L.eigh_tridiagonal(D[1], D[0, :-1]), e)
    values, v = L.eigh_tridiagonal(D[1], D[0, :-1], eigvals_only=False)
    assert_value(full @ v.numpy(), v.numpy() * values.numpy())
    assert_value(L.eigh_tridiagonal(D[1], D[0, :-1], select="i", select_range=(1, 2)), e[1:3])
    assert_value(L.eigh_tridiagonal(D[1], D[0, :-1], select="v", select_range=(e[0], e[2])), e[1:3])


def test_errors():
    with pytest.raises(ValueError, match="compact"):
        L.tridiagonal_solve(D, B, "foo")
    with pytest.raises(ValueError, match="3, n"):
        L.tridiagonal_solve(FULL, B)
    with pytest.raises(NotImplementedError, match="perturb"):
        L.tridiagonal_solve(D, B, perturb_singular=True)
    with pytest.raises(ValueError, match="select"):
        L.eigh_tridiagonal([1.0], [], select="x")
