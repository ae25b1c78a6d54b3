"""Decompositions: they give back the matrix, with gradients to second order, and TensorFlow's errors."""

import numpy as np
import pytest

import gputape as tf
from gputape.ops import decompositions as family
from gputape.testing import check_gradients, check_kernel
from tests.ops.declared import declared, on_devices

RNG = np.random.default_rng(0)
A = RNG.standard_normal((2, 3, 3))
C = RNG.standard_normal((3, 3)) + 1j * RNG.standard_normal((3, 3))
L = tf.linalg
Invalid = tf.errors.InvalidArgumentError


def normal(*shape):
    return RNG.standard_normal(shape)


def positive(a):
    return a @ L.adjoint(a) + 3 * tf.eye(3, dtype=a.dtype)


def same(made, expected, rtol=1e-9):
    np.testing.assert_allclose(made, expected, rtol=rtol, atol=rtol)


GRADIENTS = {
    "cholesky": (lambda a: L.cholesky(positive(a)), A),
    "cholesky complex": (lambda a: L.cholesky(positive(a)), C),
    "qr tall": (L.qr, normal(4, 3)),
    "qr wide": (L.qr, normal(2, 4)),
    "qr complex": (L.qr, C),
    "svd tall": (L.svd, normal(3, 2)),
    "svd wide": (L.svd, normal(2, 4)),
    "svd square": (L.svd, A),
    "svd full": (lambda a: L.svd(a, full_matrices=True), normal(3, 2)),
    "svd values": (lambda a: L.svd(a, compute_uv=False), normal(3, 2)),
    "eigh": (lambda a: L.eigh(a), A),
    "eigvalsh": (L.eigvalsh, A),
    "eig": (lambda a: [tf.abs(x) for x in L.eig(a)], A),
    "eigvals": (lambda a: tf.abs(L.eigvals(a)), C),
}


def test_every_name_is_here():
    inner = {"qr_factors", "singular_vectors", "singular_values"}
    assert declared(family) == {"cholesky", "qr", "svd", "eigh", "eigvalsh", "eig", "eigvals"} | inner


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients(name):
    check_gradients(*GRADIENTS[name])


def test_complex_singular_values_have_a_first_gradient():
    check_gradients(lambda a: L.svd(a, compute_uv=False), C, order=1)


@pytest.mark.parametrize("a", [A, C, np.zeros((2, 0, 0))], ids=["real", "complex", "empty"])
def test_they_give_back_the_matrix(a):
    h = a + a.conj().swapaxes(-1, -2)
    p = h @ h + np.eye(a.shape[-1])
    low = L.cholesky(p).numpy()
    same(low @ low.conj().swapaxes(-1, -2), p)
    q, r = L.qr(a)
    same((q @ r).numpy(), a)
    e, v = L.eigh(h)
    assert e.dtype == v.dtype
    same((v * e[..., None, :] @ L.adjoint(v)).numpy(), h)
    same(L.eigvalsh(h).numpy(), e.numpy())
    e, v = L.eig(a)
    assert e.dtype == v.dtype == tf.complex128
    same((tf.cast(a, tf.complex128) @ v).numpy(), (v * e[..., None, :]).numpy())
    same(L.eigvals(a).numpy(), e.numpy())


@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize("shape", [(2, 4, 3), (3, 5), (0, 3)])
def test_singular_values(shape, full):
    a = normal(*shape)
    s, u, v = L.svd(a, full_matrices=full)
    k = min(shape[-2:])
    same((u[..., :k] * s[..., None, :] @ L.adjoint(v[..., :k])).numpy(), a)
    assert u.shape[-1] == (shape[-2] if full else k)
    same(L.svd(a, compute_uv=False).numpy(), s.numpy())


def test_failures_are_nan_for_that_matrix_alone():
    made = L.cholesky(np.stack([-np.eye(2), 4 * np.eye(2)])).numpy()
    assert np.isnan(made[0]).all()
    same(made[1], 2 * np.eye(2))
    s = L.svd(np.stack([np.full((2, 2), np.nan), np.eye(2)]), compute_uv=False).numpy()
    assert np.isnan(s[0]).all()
    same(s[1], np.ones(2))


def test_equal_eigenvalues_have_finite_gradients():
    x = tf.constant(np.eye(3))
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.reduce_sum(L.eigh(x)[1])
    assert np.isfinite(tape.gradient(y, x).numpy()).all()


@pytest.mark.parametrize("f", [L.cholesky, L.eigh, L.eigvalsh, L.eig, L.eigvals])
def test_square_matrices_only(f):
    with pytest.raises(Invalid, match="square"):
        f(np.ones((2, 3)))


@pytest.mark.parametrize("f", [L.cholesky, L.qr, L.svd, L.eigh, L.eig])
def test_matrices_of_numbers_only(f):
    with pytest.raises(Invalid, match="rank >= 2"):
        f(np.ones(3))
    with pytest.raises(Invalid, match="allowed values"):
        f([[1, 2], [3, 4]])


def test_gradients_that_are_not_there():
    for f, a in ((lambda x: L.qr(x, True)[0], normal(4, 2)), (lambda x: L.svd(x, True)[1], normal(4, 2)), (L.svd, C)):
        x = tf.constant(a)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = f(x)
        with pytest.raises(NotImplementedError):
            tape.gradient(y, x)


@pytest.mark.parametrize("f", [lambda a: L.eigh(a)[1], lambda a: tf.abs(L.eig(a)[1]), lambda a: L.svd(a)[1]])
def test_second_gradients_in_float32_are_finite(f):
    x = tf.constant(A.astype(np.float32))
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reduce_sum(f(x))
        square = tf.reduce_sum(tape.gradient(y, x) ** 2)
    assert np.isfinite(outer.gradient(square, x).numpy()).all()


@on_devices
@pytest.mark.parametrize("shape", [(1, 1), (2, 3, 5, 5), (64, 64)])
def test_kernel_of_cholesky(device, shape):
    a = normal(*shape)
    a = a @ a.swapaxes(-1, -2) + np.eye(shape[-1])
    check_kernel(family.cholesky, a, rtol=1e-9)
    check_kernel(family.cholesky, a.astype("f"), rtol=1e-3, atol=1e-4)
    check_kernel(family.cholesky, a * np.where(np.arange(shape[-1]) == shape[-1] - 1, -1.0, 1.0))
