"""Least squares, pseudo-inverse and rank, against NumPy."""

import numpy as np
import pytest

import gputape as tf
from gputape.ops import least_squares as family
from gputape.testing import check_gradients
from tests.ops.declared import assert_value, declared

RNG = np.random.default_rng(0)
TALL, WIDE = RNG.standard_normal((2, 4, 3)), RNG.standard_normal((2, 3))
LOW = np.outer([1.0, 2.0, 3.0], [1.0, -1.0])
L = tf.linalg


def test_every_name_is_here():
    assert declared(family) == {"lstsq", "matrix_rank", "pinv", "pseudo_inverse"}


@pytest.mark.parametrize("a", [TALL, WIDE, LOW, TALL[0] + 1j * TALL[1], np.zeros((2, 0))])
def test_pinv(a):
    assert_value(L.pinv(a), np.linalg.pinv(a))


def test_rcond_and_tol():
    a = np.diag([1.0, 0.1])
    assert_value(L.pinv(a, rcond=0.5), np.diag([1.0, 0.0]))
    assert L.matrix_rank(LOW).numpy() == 1
    assert L.matrix_rank(a, tol=0.5).numpy() == 1


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("a", [TALL[0], WIDE])
def test_lstsq(a, fast):
    b = RNG.standard_normal((len(a), 2))
    assert_value(L.lstsq(a, b, fast=fast), np.linalg.lstsq(a, b, rcond=None)[0])
    check_gradients(lambda x, y: L.lstsq(x, y, fast=fast), a, b)


def test_regularizer():
    b = RNG.standard_normal((4, 2))
    a = TALL[0]
    assert_value(L.lstsq(a, b, l2_regularizer=0.5), np.linalg.solve(a.T @ a + 0.5 * np.eye(3), a.T @ b))


def test_gradients():
    check_gradients(L.pinv, TALL)
    check_gradients(L.pinv, WIDE + 1j * WIDE[::-1])


def test_errors():
    with pytest.raises(TypeError, match="float"):
        L.pinv([[1, 2]])
    with pytest.raises(ValueError, match="2 dimensions"):
        L.pinv([1.0])
    with pytest.raises(tf.errors.InvalidArgumentError, match="rows"):
        L.lstsq(WIDE, np.ones((3, 1)))
