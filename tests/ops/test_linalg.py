"""Determinants, norms and cross products: values against NumPy, gradients to second order, TensorFlow's errors."""

import numpy as np
import pytest

import gputape as tf
from gputape.ops import linalg as family
from gputape.testing import check_gradients, check_kernel
from tests.ops.declared import assert_value, declared, ids, named, on_devices

RNG = np.random.default_rng(0)
A = RNG.standard_normal((2, 3, 3))
C = A[0] + 1j * A[1]
P = A @ A.swapaxes(1, 2) + np.eye(3)
V = RNG.standard_normal((2, 3))
LENGTHS = np.linalg.norm(V, axis=1, keepdims=True)
L = tf.linalg
Invalid = tf.errors.InvalidArgumentError

VALUES = [
    ("det", lambda: L.det(A), np.linalg.det(A)),
    ("det", lambda: L.det(np.zeros((2, 0, 0))), np.ones(2)),
    ("slogdet sign_and_log_det", lambda: L.slogdet(A), list(np.linalg.slogdet(A))),
    ("slogdet", lambda: L.slogdet(np.zeros((2, 2))), [0.0, -np.inf]),
    ("slogdet", lambda: L.slogdet(C), [np.linalg.slogdet(C)[0], np.linalg.slogdet(C)[1] + 0j]),
    ("logdet", lambda: L.logdet(P), np.linalg.slogdet(P)[1]),
    ("cross", lambda: L.cross(V, V[::-1]), np.cross(V, V[::-1])),
    ("norm", lambda: tf.norm(A), np.linalg.norm(A)),
    ("norm", lambda: tf.norm(V, axis=1, keepdims=True), np.linalg.norm(V, axis=1, keepdims=True)),
    ("norm", lambda: tf.norm(V, ord=np.inf, axis=0), abs(V).max(0)),
    ("norm", lambda: tf.norm(V, ord=3, axis=-1), (abs(V) ** 3).sum(-1) ** (1 / 3)),
    ("norm", lambda: tf.norm([1, -2], ord=1), np.int32(3)),
    ("norm", lambda: tf.norm(C), np.complex128(np.linalg.norm(C))),
    *[
        ("norm", lambda o=o, axis=axis: tf.norm(A, o, axis=axis), np.linalg.norm(A, "fro" if o == "fro" else o, axis))
        for o in ("fro", 1, 2, np.inf)
        for axis in ((-2, -1), (2, 0))
    ],
    ("normalize", lambda: L.normalize(V, axis=1), [V / LENGTHS, LENGTHS]),
]  # fmt: skip
GRADIENTS = [
    (L.det, A),
    (L.det, C),
    (lambda a: L.slogdet(a)[1], A),
    (lambda a: list(L.slogdet(a)), C),
    (lambda a: L.logdet(a @ L.adjoint(a) + tf.eye(3, dtype=a.dtype)), A),
    (L.cross, V, V[::-1] + 1),
    (tf.norm, A),
    (lambda a: tf.norm(a, 2, axis=(1, 2)), A),
    (lambda a: tf.norm(a, 3), A),
    (lambda a: tf.norm(a, 1, axis=(1, 2)), A),
    (lambda a: L.normalize(a, axis=-1), V),
]
ERRORS = [
    (lambda: L.det(np.ones((2, 3))), Invalid, "square"),
    (lambda: L.det(np.ones(3)), Invalid, "rank >= 2"),
    (lambda: L.cross(V, V[0]), Invalid, "same shape"),
    (lambda: L.cross([1.0], [1.0]), tf.errors.FailedPreconditionError, "3-element"),
    (lambda: tf.norm(V, "foo"), ValueError, "vector norm, got foo"),
    (lambda: tf.norm(V, "fro"), ValueError, "vector norm, got fro"),
    (lambda: tf.norm(V, -1), ValueError, "vector norm, got -1"),
    (lambda: tf.norm(V, 3, axis=[0, 1]), ValueError, "matrix norm"),
    (lambda: tf.norm(V, axis=[0, 0]), ValueError, "unique"),
    (lambda: tf.norm(V, axis=[0, 1, 1]), ValueError, "unique"),
]


def test_every_name_is_here():
    assert declared(family) == named(VALUES)


@pytest.mark.parametrize("row", VALUES, ids=ids(VALUES))
def test_values(row):
    assert_value(row[1](), row[2])


@pytest.mark.parametrize("row", GRADIENTS)
def test_gradients(row):
    check_gradients(*row)


def test_the_norm_of_zero_has_no_gradient():
    x = tf.constant([0.0, 0.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.norm(x)
    assert np.isnan(tape.gradient(y, x).numpy()).all()


@pytest.mark.parametrize(("call", "error", "words"), ERRORS)
def test_errors(call, error, words):
    with pytest.raises(error, match=words):
        call()


@on_devices
@pytest.mark.parametrize("shape", [(1, 1), (2, 3, 5, 5), (64, 64)])
def test_kernels_against_meaning(device, shape):
    a = RNG.standard_normal(shape) / 3
    for x in (a, np.zeros(shape), a.swapaxes(-1, -2)):
        check_kernel(family.det, x, rtol=1e-9)
        with np.errstate(divide="ignore"):
            check_kernel(family.sign_and_log_det, x, rtol=1e-9)
    check_kernel(family.det, a.astype("f"), rtol=1e-3)


@on_devices
def test_kernels_with_nan(device):
    a = np.diag([1.0, np.nan, -2.0])
    assert np.isnan(L.det(a).numpy())
    assert np.isnan(L.slogdet(a).log_abs_determinant.numpy())
