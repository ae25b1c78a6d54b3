"""Losses on scores: values against NumPy in float64, gradients of two orders, kernels, labels out of range, errors."""

import math

import ml_dtypes
import numpy as np
import pytest

import gputape as tf
from gputape import cuda
from gputape.ops import loss as family
from gputape.testing import check_gradients, check_kernel, compare

from .declared import assert_value, declared, ids, named

RNG = np.random.default_rng(0)
X = RNG.standard_normal((3, 5)).astype(np.float32)
P = RNG.dirichlet(np.ones(5), 3).astype(np.float32)
Z = RNG.random((3, 5)).astype(np.float32)
L = np.array([0, 4, 2], np.int32)
DTYPES = [np.float32, np.float64, np.float16, ml_dtypes.bfloat16]
dense, sparse = tf.nn.softmax_cross_entropy_with_logits, tf.nn.sparse_softmax_cross_entropy_with_logits
logistic, weighted = tf.nn.sigmoid_cross_entropy_with_logits, tf.nn.weighted_cross_entropy_with_logits


def log_p(x, axis=-1):
    x = x.astype(np.float64)
    return x - np.log(np.exp(x).sum(axis, keepdims=True))


def logistic_reference(z, x, q=1.0):
    z, x = z.astype(np.float64), x.astype(np.float64)
    return -q * z * np.log(1 / (1 + np.exp(-x))) - (1 - z) * np.log(1 - 1 / (1 + np.exp(-x)))


def stirling(z):
    return z * math.log(z) - z + 0.5 * math.log(2 * math.pi * z)


LSE = np.log(np.exp(X).sum(-1))
DENSE = -(P * log_p(X)).sum(-1).astype(np.float32)
SPARSE = -log_p(X)[np.arange(3), L].astype(np.float32)
SHARE = np.exp(log_p(X)).astype(np.float32)
ONE_HOT = np.eye(5, dtype=np.float32)[L]
VALUES = [
    ("softmax_cross_entropy_with_logits", lambda: dense(P, X), DENSE),
    ("softmax_cross_entropy_with_logits", lambda: dense(labels=P.T, logits=X.T, axis=0), DENSE),
    ("softmax_cross_entropy_with_logits", lambda: dense(P[None], X[None]), DENSE[None]),
    ("softmax_cross_entropy_with_logits", lambda: dense(P[0], X[0]), DENSE[0]),
    ("softmax_cross_entropy_with_logits", lambda: dense(P[:1], X[:1] * np.float32([[1]])), DENSE[:1]),
    ("softmax_cross_entropy_with_logits", lambda: dense([0, 1], [[0.0, 1000.0], [2000.0, 0.0]]), np.float32([0, 2000])),
    ("softmax_cross_entropy_with_logits", lambda: dense(np.zeros((0, 5)), X[:0]), np.zeros(0, np.float32)),
    ("softmax_cross_entropy_with_logits", lambda: dense(np.zeros((2, 0)), np.zeros((2, 0))), np.zeros(2)),
    ("cross_entropy_rows", lambda: family.cross_entropy_rows(P, X), (DENSE, LSE)),
    (
        "cross_entropy_rows_grad",
        lambda: family.cross_entropy_rows_grad(2 * P, X, np.float32([1, 2, 3]), LSE),
        2 * np.float32([[1], [2], [3]]) * (SHARE - P),
    ),
    ("sparse_softmax_cross_entropy_with_logits", lambda: sparse(L, X), SPARSE),
    ("sparse_softmax_cross_entropy_with_logits", lambda: sparse(labels=[[0, 4, 2]], logits=X[None]), SPARSE[None]),
    ("sparse_softmax_cross_entropy_with_logits", lambda: sparse(np.int64(4), X[1]), SPARSE[1]),
    ("sparse_softmax_cross_entropy_with_logits", lambda: sparse(L[:0], X[:0]), np.zeros(0, np.float32)),
    ("sparse_softmax_cross_entropy_with_logits", lambda: sparse([0], [[-np.inf, 1.0]]), np.float32([np.inf])),
    ("sparse_cross_entropy_rows", lambda: family.sparse_cross_entropy_rows(X, L), (SPARSE, LSE)),
    (
        "sparse_cross_entropy_rows_grad",
        lambda: family.sparse_cross_entropy_rows_grad(X, L, np.float32([1, 2, 3]), LSE),
        np.float32([[1], [2], [3]]) * (SHARE - ONE_HOT),
    ),
    ("sigmoid_cross_entropy_with_logits", lambda: logistic(Z, X), logistic_reference(Z, X).astype(np.float32)),
    ("logistic_loss", lambda: family.logistic_loss([1000.0, -1000.0], [1.0, 1.0]), np.float32([0, 1000])),
    (
        "logistic_loss_grad",
        lambda: family.logistic_loss_grad([0.0, -1e9], [1.0, 1.0], [2.0, 2.0]),
        np.float32([-1, -2]),
    ),
    ("weighted_cross_entropy_with_logits", lambda: weighted(Z, X, 3), logistic_reference(Z, X, 3).astype(np.float32)),
    ("weighted_cross_entropy_with_logits", lambda: weighted([1.0], [-1000.0], 0.5), np.float32([500])),
    ("log_poisson_loss", lambda: tf.nn.log_poisson_loss(Z, X), np.exp(X) - X * Z),
    (
        "log_poisson_loss",
        lambda: tf.nn.log_poisson_loss([0.0, 1.0, 3.0], [0.0, 0.0, 0.0], compute_full_loss=True),
        np.float32([1, 1, 1 + stirling(3)]),
    ),
    ("l2_loss", lambda: tf.nn.l2_loss(X), np.float32((X**2).sum() / 2)),
    ("l2_loss", lambda: tf.nn.l2_loss(np.zeros((0, 2))), np.float64(0)),
]
# Where labels do not add up to 1 the formula's own gradient is the right one.
GRADIENTS = [
    ("dense", lambda p, x: dense(p, x), (P[:2], X[:2])),
    ("dense, axis 0", lambda p, x: dense(p, x, axis=0), (Z[:2, :2], X[:2, :2])),
    ("dense, broadcast", lambda p, x: dense(p, x), (P[:1], X[:2])),
    ("sparse", lambda x: sparse(L[:2], x), (X[:2],)),
    ("logistic", lambda z, x: logistic(z, x), (Z[0], X[0])),
    ("logistic at 0", lambda x: logistic([0.0, 0.25, 1.0], x), (np.zeros(3),)),
    ("weighted", lambda z, x, q: weighted(z, x, q), (Z[0], X[0], np.float64(2.5))),
    ("weighted at 0", lambda x: weighted([0.0, 0.25, 1.0], x, 2.0), (np.zeros(3),)),
    ("poisson", lambda z, x: tf.nn.log_poisson_loss(z, x), (Z[0], X[0])),
    ("poisson, full", lambda z, x: tf.nn.log_poisson_loss(z, x, True), (np.array([0.5, 1.5, 4]), X[0, :3])),
    ("l2", tf.nn.l2_loss, (X[0],)),
]


def test_tables_are_complete():
    assert named(VALUES) == declared(family)


@pytest.mark.parametrize("names, call, expected", VALUES, ids=ids(VALUES))
def test_values(device, names, call, expected):
    assert_value(call(), expected)


@pytest.mark.parametrize("names, f, args", GRADIENTS, ids=ids(GRADIENTS))
def test_gradients(device, names, f, args):
    check_gradients(f, *args)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(3, 5), (1, 1), (9, 40), (2, 1100), (2, 3, 4)], ids=str)
def test_kernels_and_numpy_bodies_against_meaning(device, dtype, shape):
    x = (3 * RNG.standard_normal(shape)).astype(dtype)
    p = RNG.dirichlet(np.ones(shape[-1]), shape[:-1]).astype(dtype)
    d = RNG.standard_normal(shape[:-1]).astype(dtype)
    lse = family.cross_entropy_rows.composed(p, x)[1]
    cases = [(family.cross_entropy_rows, p, x), (family.cross_entropy_rows_grad, p, x, d, lse)]
    for kind in (np.int32, np.int64):
        labels = RNG.integers(0, shape[-1], shape[:-1]).astype(kind)
        cases += [(family.sparse_cross_entropy_rows, x, labels)]
        cases += [(family.sparse_cross_entropy_rows_grad, x, labels, d, lse)]
    for op, *arrays in cases:
        if device == "cpu":
            compare(op.numpy_body(*arrays), op.composed(*arrays), what=op.name)
        else:
            check_kernel(op, *arrays)


def test_elementwise_kernels(device):
    if device == "cpu":
        pytest.skip("kernels run on devices")
    check_kernel(family.logistic_loss, 9 * X, Z)
    check_kernel(family.logistic_loss_grad, 9 * X, Z, P)


@pytest.mark.parametrize("label", [-1, 5])
def test_labels_out_of_range(device, label):
    x = tf.constant(X)
    if device == "cpu":
        with pytest.raises(tf.errors.InvalidArgumentError, match=rf"label value of {label} .*\[0, 5\)"):
            sparse([0, label, 2], x)
        return
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = sparse([0, label, 2], x)
    grad = tape.gradient(loss, x)
    assert np.isnan(loss.numpy()).tolist() == [False, True, False]
    assert np.isnan(grad.numpy()).all(1).tolist() == [False, True, False]
    with pytest.raises(IndexError, match=r"sparse_softmax_cross_entropy_with_logits \(position 1"):
        cuda.check_errors()
    cuda.check_errors()


def test_half_types_are_summed_in_float32(device):
    x = np.zeros((1, 4096), np.float16)
    assert_value(sparse([7], x), np.float16([math.log(4096)]), rtol=1e-3)


ERRORS = [
    (lambda: sparse([0, 1], X), ValueError, r"labels.shape=\(2,\) and logits.shape=\(3, 5\)"),
    (lambda: sparse([[0], [1], [2]], X), ValueError, r"logits.shape.rank - 1.*tf.squeeze"),
    (lambda: sparse(0, 1.0), ValueError, "scalar"),
    (lambda: sparse(None, X), ValueError, "must be provided"),
    (lambda: sparse([0.0, 1.0, 2.0], X), tf.errors.InvalidArgumentError, "float32.*int32 or int64"),
    (lambda: sparse([0], np.zeros((1, 0))), tf.errors.InvalidArgumentError, "at least one class"),
    (lambda: sparse([0], [[1, 2]]), tf.errors.InvalidArgumentError, "int32.*floating point"),
    (
        lambda: dense(Z[:, :4], X),
        tf.errors.InvalidArgumentError,
        r"logits has shape \(3, 5\), labels has shape \(3, 4\)",
    ),
    (lambda: dense(P, X[:1]), tf.errors.InvalidArgumentError, "broadcastable"),
    (lambda: dense(P, X, axis=2), tf.errors.InvalidArgumentError, r"\[-2, 2\)"),
    (lambda: dense(1.0, 1.0), tf.errors.InvalidArgumentError, "scalar"),
    (lambda: logistic(Z[0], X), ValueError, r"same shape.*\(3, 5\) vs \(5,\)"),
    (lambda: logistic(Z), ValueError, "must be provided"),
    (lambda: logistic([1], [1]), tf.errors.InvalidArgumentError, "int32"),
    (lambda: weighted(Z[0], X, 1.0), ValueError, "same shape"),
    (lambda: tf.nn.log_poisson_loss(Z[0], X), ValueError, "`log_input` and `targets`"),
    (lambda: tf.nn.l2_loss([1, 2]), tf.errors.InvalidArgumentError, "int32.*l2_loss"),
]


@pytest.mark.parametrize("call, error, text", ERRORS)
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call()
