"""Normalization of rows and columns: values, gradients of two orders, kernels; the statistics' exactness."""

import ml_dtypes
import numpy as np
import pytest

import gputape as tf
from gputape.ops import norm as family
from gputape.testing import check_gradients, check_kernel, compare

from .declared import assert_value, declared, ids, named

RNG = np.random.default_rng(0)
X = RNG.standard_normal((6, 4))
W, B, DY = RNG.standard_normal(4), RNG.standard_normal(4), RNG.standard_normal((6, 4))
DTYPES = [np.float32, np.float64, np.float16, ml_dtypes.bfloat16]
EPS = 1e-3


def layer_norm(x, w, b):
    return (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + EPS) * w + b


RMS = 1 / np.sqrt((X**2).mean(1) + EPS)
VALUES = [
    (
        "layer_norm_rows",
        lambda: family.layer_norm_rows(X, W, B, epsilon=EPS),
        (layer_norm(X, W, B), X.mean(1), 1 / np.sqrt(X.var(1) + EPS)),
    ),
    ("rms_norm_rows", lambda: family.rms_norm_rows(X, W, epsilon=EPS), (X * RMS[:, None] * W, RMS)),
    (
        "batch_norm_columns",
        lambda: family.batch_norm_columns(X, W, B, epsilon=EPS),
        ((X - X.mean(0)) / np.sqrt(X.var(0) + EPS) * W + B, X.mean(0), X.var(0)),
    ),
]
# Gradients of the outputs a user gets; of batch_norm_columns these are all three.
GRADIENTS = [
    (
        "layer_norm_rows layer_norm_rows_grad",
        lambda x, w, b: family.layer_norm_rows(x, w, b, epsilon=EPS)[0],
        (X, W, B),
    ),
    ("rms_norm_rows rms_norm_rows_grad", lambda x, w: family.rms_norm_rows(x, w, epsilon=EPS)[0], (X, W)),
    (
        "batch_norm_columns batch_norm_columns_grad",
        lambda x, w, b: family.batch_norm_columns(x, w, b, epsilon=EPS),
        (X, W, B),
    ),
]


def test_tables_are_complete():
    assert named(VALUES, GRADIENTS) == declared(family)


@pytest.mark.parametrize("names, call, expected", VALUES, ids=ids(VALUES))
def test_values(device, names, call, expected):
    assert_value(call(), expected)


@pytest.mark.parametrize("names, f, args", GRADIENTS, ids=ids(GRADIENTS))
def test_gradients(device, names, f, args):
    check_gradients(f, *args)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(3, 5), (2, 1), (9, 40), (2, 1100), (1200, 3)], ids=str)
def test_kernels_and_numpy_bodies_against_meaning(device, dtype, shape):
    wide = np.float64 if dtype is np.float64 else np.float32
    x, dy = RNG.standard_normal(shape).astype(dtype), RNG.standard_normal(shape).astype(dtype)
    w, b, dmean, dvariance = RNG.standard_normal((4, shape[1])).astype(wide)
    _, mean, rstd = family.layer_norm_rows.composed(x, w, b, epsilon=EPS)
    _, rms = family.rms_norm_rows.composed(x, w, epsilon=EPS)
    _, centre, variance = family.batch_norm_columns.composed(x, w, b, epsilon=EPS)
    cases = [
        (family.layer_norm_rows, x, w, b),
        (family.layer_norm_rows_grad, x, w, dy, mean, rstd),
        (family.rms_norm_rows, x, w),
        (family.rms_norm_rows_grad, x, w, dy, rms),
        (family.batch_norm_columns, x, w, b),
        (family.batch_norm_columns_grad, x, w, dy, dmean, dvariance, centre, variance),
    ]
    tolerance = {"rtol": 1e-4, "atol": 1e-4} if dtype is np.float32 else {"atol": 1e-5}  # sums of 1200 rows
    for op, *arrays in cases:
        if device == "cpu":
            compare(op.numpy_body(*arrays, epsilon=EPS), op.composed(*arrays, epsilon=EPS), what=op.name, **tolerance)
        else:
            check_kernel(op, *arrays, epsilon=EPS, **tolerance)


def test_what_is_not_contiguous(device):
    made = family.layer_norm_rows(X.T.copy().T, W[::-1], B[::-1], epsilon=EPS)
    assert_value(made[0], layer_norm(X, W[::-1], B[::-1]))


def test_variance_beside_a_large_mean(device):
    """The variance survives a mean ten thousand times its root, in float32."""
    x = (1e4 + RNG.standard_normal((4000, 2))).astype(np.float32)
    w, b = np.ones(2, np.float32), np.zeros(2, np.float32)
    _, mean, variance = family.batch_norm_columns(x, w, b, epsilon=EPS)
    np.testing.assert_allclose(mean.numpy(), x.astype(np.float64).mean(0), rtol=1e-6)
    np.testing.assert_allclose(variance.numpy(), x.astype(np.float64).var(0), rtol=1e-3)


def test_empty(device):
    w, b = np.ones(3, np.float32), np.zeros(3, np.float32)
    x = np.zeros((0, 3), np.float32)
    assert family.layer_norm_rows(x, w, b, epsilon=EPS)[0].shape == (0, 3)
    y, mean, _ = family.batch_norm_columns(x, w, b, epsilon=EPS)
    assert y.shape == (0, 3) and np.isnan(mean.numpy()).all()


def test_gradient_of_statistics_alone():
    """What the running averages see can be differentiated without y."""
    x = tf.constant(X)
    with tf.GradientTape() as tape:
        tape.watch(x)
        variance = family.batch_norm_columns(x, W, B, epsilon=EPS)[2]
    np.testing.assert_allclose(tape.gradient(variance, x).numpy(), 2 * (X - X.mean(0)) / 6, rtol=1e-9, atol=1e-12)
