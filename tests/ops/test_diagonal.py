"""Diagonals, bands and transposes: values, gradients to second order, TensorFlow's errors."""

import numpy as np
import pytest

import gputape as tf
from gputape.ops import diagonal as family
from gputape.testing import check_gradients
from tests.ops.declared import assert_value, declared, ids, named

RNG = np.random.default_rng(0)
A = RNG.standard_normal((2, 3, 4))
N = np.arange(1, 7.0).reshape(2, 3)
L = tf.linalg
Invalid = tf.errors.InvalidArgumentError

VALUES = [
    ("diag put_diagonals", lambda: L.diag([1, 2], k=1), np.array([[0, 1, 0], [0, 0, 2], [0, 0, 0]], np.int32)),
    ("diag", lambda: L.diag([1.0, 2.0], num_cols=3, padding_value=9.0), np.float32([[1, 9, 9], [9, 2, 9]])),
    ("diag", lambda: L.diag([[9.0, 8.0], [7.0, 0.0]], k=(-1, 0)), np.float32([[9, 0], [7, 8]])),
    ("diag_part take_diagonals", lambda: L.diag_part(N, k=(-1, 1)), np.array([[2.0, 6.0], [1.0, 5.0], [4.0, 0.0]])),
    (
        "diag_part",
        lambda: L.diag_part(N.T, k=(-2, 0), padding_value=-1.0),
        np.array([[1.0, 5.0], [2.0, 6.0], [3.0, -1.0]]),
    ),
    ("diag_part", lambda: L.diag_part(N, k=(1, 2), align="LEFT_LEFT"), np.array([[3.0, 0.0], [2.0, 6.0]])),
    ("set_diag replace_diagonals", lambda: L.set_diag(N, [0.0, 0.0]), np.array([[0.0, 2.0, 3.0], [4.0, 0.0, 6.0]])),
    ("band_part keep_band", lambda: L.band_part(A, 1, 0), np.tril(np.triu(A, -1))),
    ("band_part", lambda: L.band_part(A[:, ::-1, ::2], -1, 1), np.tril(A[:, ::-1, ::2], 1)),
    ("tensor_diag", lambda: L.tensor_diag(N), np.diag(N.ravel()).reshape(2, 3, 2, 3)),
    ("tensor_diag_part", lambda: L.tensor_diag_part(np.diag(N.ravel()).reshape(2, 3, 2, 3)), N),
    ("trace", lambda: L.trace(A), np.trace(A, axis1=1, axis2=2)),
    ("matrix_transpose", lambda: L.matrix_transpose(A), A.swapaxes(1, 2)),
    ("adjoint", lambda: L.adjoint(A + 2j), (A - 2j).swapaxes(1, 2)),
    ("diag", lambda: L.diag(np.zeros((2, 0))), np.zeros((2, 0, 0))),
    ("diag_part", lambda: L.diag_part(np.zeros((0, 3, 2))), np.zeros((0, 2))),
]
GRADIENTS = [
    lambda a: L.diag(a, k=(-1, 1), align="LEFT_RIGHT", num_rows=4) ** 2,
    lambda a: L.diag_part(a, k=(-1, 1)) ** 2,
    lambda a: L.set_diag(a, L.diag_part(a) ** 2) ** 2,
    lambda a: L.band_part(a, 0, 1) ** 2,
    lambda a: L.trace(a) ** 2,
    lambda a: L.tensor_diag(a) ** 2,
    lambda a: L.adjoint(a) ** 2,
]
ERRORS = [
    (lambda: L.diag(1.0), Invalid, "at least 1-dim"),
    (lambda: L.diag([1.0, 2.0], num_rows=1), Invalid, "rows is too small"),
    (lambda: L.diag([1.0, 2.0], num_rows=3, num_cols=4), Invalid, "not consistent"),
    (lambda: L.diag([1.0], align="foo"), Invalid, "align"),
    (lambda: L.diag_part([1.0]), Invalid, "at least 2-dim"),
    (lambda: L.diag_part(N, k=5), Invalid, "out of bound: 5"),
    (lambda: L.diag_part(N, k=(1, 0)), Invalid, "must not be larger"),
    (lambda: L.set_diag(N, [1.0, 2.0, 3.0]), Invalid, "longests diagonal"),
    (lambda: L.band_part(N, 3, 0), Invalid, "num_lower"),
    (lambda: L.tensor_diag(1.0), Invalid, "rank 1"),
    (lambda: L.tensor_diag_part(N), Invalid, "do not match"),
    (lambda: L.matrix_transpose([1.0]), ValueError, "rank >= 2"),
]


def test_every_name_is_here():
    assert declared(family) == named(VALUES)


@pytest.mark.parametrize("row", VALUES, ids=ids(VALUES))
def test_values(row, device):
    assert_value(row[1](), row[2])


@pytest.mark.parametrize("f", GRADIENTS)
def test_gradients(f):
    check_gradients(f, RNG.standard_normal((2, 3, 3)))


@pytest.mark.parametrize(("call", "error", "words"), ERRORS)
def test_errors(call, error, words):
    with pytest.raises(error, match=words):
        call()
