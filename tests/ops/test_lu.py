"""LU factors and what is computed from them."""

import numpy as np
import pytest

import gputape as tf
from gputape.ops import lu as family
from gputape.testing import check_gradients, check_kernel
from tests.ops.declared import assert_value, declared, on_devices

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


@on_devices
@pytest.mark.parametrize("index", [np.int32, np.int64])
def test_kernel_against_meaning(device, index):
    for shape in ((1, 1), (2, 3, 5, 5), (64, 64)):
        a = RNG.standard_normal(shape)
        check_kernel(family.lu_factors, a, index_type=np.dtype(index), rtol=1e-9)
        check_kernel(family.lu_factors, a.astype("f"), index_type=np.dtype(index), rtol=1e-2, atol=1e-3)


@on_devices
def test_kernel_of_singular_matrices(device):
    """L is NaN below a pivot of zero, where the CPU raises."""
    made = family.lu_factors(np.zeros((2, 2)), index_type=np.dtype(np.int32))[0].numpy()
    np.testing.assert_array_equal(made, [[0, 0], [np.nan, 0]])


def test_solve():
    assert_value(L.lu_solve(*L.lu(A), B), np.linalg.solve(A, B))
    assert_value(L.lu_solve(*L.lu(A), B[0]), np.linalg.solve(A, B[0][None]))


def test_gradients():
    check_gradients(lambda a: L.lu(a).lu, A)
    check_gradients(lambda a: L.lu(a).lu, C)
    check_gradients(lambda a, b: L.lu_solve(*L.lu(a), b), A, B)


def test_errors(host):
    with pytest.raises(tf.errors.InvalidArgumentError, match="not invertible"):
        L.lu(np.zeros((2, 2)))
    with pytest.raises(tf.errors.InvalidArgumentError, match="square"):
        L.lu(np.ones((2, 3)))
