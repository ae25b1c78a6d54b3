"""Conjugate gradients find the solution, sooner with a preconditioner, and refuse operators that they cannot take."""

import numpy as np
import pytest

import gputape as tf

solve = tf.linalg.experimental.conjugate_gradient
RNG = np.random.default_rng(0)
BASE = RNG.normal(size=(2, 6, 6))
SPD = BASE @ np.swapaxes(BASE, 1, 2) + np.diag(10.0 ** np.arange(6))
RHS = RNG.normal(size=(2, 6))
GOOD = {"is_self_adjoint": True, "is_positive_definite": True}
OPERATOR = tf.linalg.LinearOperatorFullMatrix(SPD, **GOOD)


def test_solution():
    made = solve(OPERATOR, RHS, tol=1e-12, max_iter=50)
    np.testing.assert_allclose(made.x, np.linalg.solve(SPD, RHS[..., None])[..., 0], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(made.r, RHS - (SPD @ made.x.numpy()[..., None])[..., 0], atol=1e-8)
    assert made.gamma.shape == (2,)


def test_preconditioner_and_start():
    diagonal = tf.linalg.LinearOperatorDiag(1 / np.diagonal(SPD, axis1=1, axis2=2), **GOOD)
    plain, helped = (int(solve(OPERATOR, RHS, p, tol=1e-6, max_iter=50).i) for p in (None, diagonal))
    assert 0 < helped < plain
    start = np.linalg.solve(SPD, RHS[..., None])[..., 0]
    assert int(solve(OPERATOR, RHS, x=start).i) == 0
    assert int(solve(OPERATOR, RHS, max_iter=2).i) == 2


def test_refusals():
    plain = tf.linalg.LinearOperatorFullMatrix(SPD)
    with pytest.raises(ValueError, match="Operator is expected to be self-adjoint"):
        solve(plain, RHS)
    with pytest.raises(ValueError, match="Preconditioner is expected"):
        solve(OPERATOR, RHS, plain)
