"""A dense layer in one op: values, gradients of two orders, the library's epilogues, what is refused."""

import ml_dtypes
import numpy as np
import pytest

import gputape as tf
from gputape.ops import dense as family
from gputape.ops.bias_activation import BY_VALUE
from gputape.registry import OPS
from gputape.testing import check_gradients
from tests.ops.declared import assert_value, declared
from tests.test_blas import numpy_lt

RNG = np.random.default_rng(0)
X, W, B = RNG.standard_normal((5, 4)), RNG.standard_normal((4, 3)), RNG.standard_normal(3)
ACTIVATIONS = [None, *BY_VALUE]


def expected(x, w, b, activation):
    z = x @ w + b
    return z if activation is None else OPS[activation](z).numpy()


def test_table_is_complete():
    assert declared(family) == {"affine", "affine_grad", "dense"}


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_values_and_gradients(device, activation):
    assert_value(tf.nn.dense(X, W, B, activation), expected(X, W, B, activation))
    check_gradients(lambda x, w, b: tf.nn.dense(x, w, b, activation), X, W, B, order=2 if device == "cpu" else 1)


def test_any_rank(device):
    x = RNG.standard_normal((2, 5, 4))
    assert_value(tf.nn.dense(x, W), x @ W)
    assert_value(tf.nn.dense(X[0], W, B), X[0] @ W + B)
    assert_value(tf.nn.dense(X[:0], W, B), np.zeros((0, 3)))
    assert_value(tf.nn.dense(X[:, :0], W[:0], B, "relu"), np.tile(np.maximum(B, 0), (5, 1)))


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.complex128])
def test_dtypes(device, dtype):
    x, w, b = X.astype(dtype), W.astype(dtype), B.astype(dtype)
    wide = complex if dtype is np.complex128 else float
    y = tf.nn.dense(x, w, b)
    assert y.dtype == tf.as_dtype(dtype)
    np.testing.assert_allclose(y.numpy().astype(wide), x.astype(wide) @ w.astype(wide) + b.astype(wide), 0.05, 0.05)
    dw, db = family.affine_grad(x, y)
    assert dw.dtype == db.dtype == y.dtype
    np.testing.assert_allclose(dw.numpy().astype(wide), x.astype(wide).T @ y.numpy().astype(wide), 0.05, 0.05)


def test_a_step_is_three_products(monkeypatch, host):
    """The bias and its gradient ride in the launches of the products: any other launch would fail here."""
    x, w, b = (tf.constant(v) for v in (X, W, B))
    with numpy_lt(monkeypatch) as lt:
        with tf.GradientTape() as tape:
            tape.watch([x, w, b])
            y = tf.nn.dense(x, w, b)
        made = tape.gradient(y, [x, w, b], output_gradients=tf.constant(np.ones((5, 3))))
        assert lt.log.count("Matmul") == 3
    assert_value([y, *made], [X @ W + B, np.ones((5, 3)) @ W.T, X.T @ np.ones((5, 3)), np.full(3, 5.0)])


def test_relu_rides_too(monkeypatch, host):
    with numpy_lt(monkeypatch) as lt:
        y = tf.nn.dense(X, W, B, "relu")
        assert lt.log.count("Matmul") == 1
    assert_value(y, np.maximum(X @ W + B, 0))


def test_gradients_that_are_not_wanted_are_not_made(monkeypatch, host):
    w = tf.constant(W)
    with numpy_lt(monkeypatch) as lt:
        with tf.GradientTape() as tape:
            tape.watch(w)
            y = tf.nn.dense(X, w, B)
        assert_value(tape.gradient(y, w, output_gradients=tf.constant(np.ones((5, 3)))), X.T @ np.ones((5, 3)))
        assert lt.log.count("Matmul") == 2


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: tf.nn.dense(X, W, B, "gelu"), ValueError, "one of.*not 'gelu'"),
        (lambda: tf.nn.dense(X, W[:2], B), tf.errors.InvalidArgumentError, r"inputs \(5, 4\), kernel \(2, 3\)"),
        (lambda: tf.nn.dense(X, W, B[:2]), tf.errors.InvalidArgumentError, r"bias \(2,\)"),
        (lambda: tf.nn.dense(1.0, W, B), tf.errors.InvalidArgumentError, r"inputs \(\)"),
    ],
)
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call()
