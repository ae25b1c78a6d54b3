"""LU factors and what is computed from them."""

import numpy as np
import pytest

import gputape as tf
from gputape.ops import lu as family
from gputape.testing import check_gradients
from tests.ops.declared import assert_value, declared

RNG = np.random.default_rng(0)
A = RNG.standard_normal((2, 3, 3))
B = RNG.standard_normal((2, 3, 2))
C = A[0] + 1j * A[1]
L = tf.linalg


def test_every_name_is_here():
    assert declared(family) == {"lu", "lu_factors", "lu_reconstruct", "lu_solve", "lu_matrix_inverse"}


@pytest.mark.parametrize("a", [A, C, np.zeros((0, 2, 2)), np.zeros((0, 0))], ids=["real", "complex", "none", "empty"])
def test_they_give_back_the_matrix(a):
    factors = L.lu(a, output_idx_type=tf.int64)
    assert factors.p.dtype == tf.int64
    assert np.all(abs(np.tril(factors.lu.numpy(), -1)) <= 1)
    assert_value(L.lu_reconstruct(*factors), a)
    if a.size:
        assert_value(L.lu_matrix_inverse(*factors), np.linalg.inv(a))


def test_solve():
    assert_value(L.lu_solve(*L.lu(A), B), np.linalg.solve(A, B))
    assert_value(L.lu_solve(*L.lu(A), B[0]), np.linalg.solve(A, B[0][None]))


def test_gradients():
    check_gradients(lambda a: L.lu(a).lu, A)
    check_gradients(lambda a: L.lu(a).lu, C)
    check_gradients(lambda a, b: L.lu_solve(*L.lu(a), b), A, B)


def test_errors():
    with pytest.raises(tf.errors.InvalidArgumentError, match="not invertible"):
        L.lu(np.zeros((2, 2)))
    with pytest.raises(tf.errors.InvalidArgumentError, match="square"):
        L.lu(np.ones((2, 3)))
