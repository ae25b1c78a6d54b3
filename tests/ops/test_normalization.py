"""The public normalizations: values against NumPy for any axes, gradients of two orders, and what is refused."""

import ml_dtypes
import numpy as np
import pytest

import gputape as tf
from gputape.ops import normalization as family
from gputape.testing import check_gradients, check_kernel

from .declared import assert_value, declared, ids, named

RNG = np.random.default_rng(0)
X = RNG.standard_normal((2, 3, 4))
IMAGE = RNG.standard_normal((1, 2, 2, 7)).astype(np.float32)
W, B = RNG.standard_normal(4), RNG.standard_normal(4)
V = RNG.random(4) + 0.5


def standard(x, axes, epsilon):
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + epsilon)


def response(x, radius, bias, alpha, beta):
    sums = [(x[..., max(c - radius, 0) : c + radius + 1] ** 2).sum(-1) for c in range(x.shape[-1])]
    return x / (bias + alpha * np.stack(sums, -1)) ** beta


W34, W3 = W * np.ones((3, 1)), np.array([1.0, -2, 3])
GROUPED = standard(X.reshape(2, 3, 2, 2), (1, 3), 1e-3).reshape(X.shape)
VALUES = [
    ("layer_norm", lambda: tf.nn.layer_norm(X), standard(X, 2, 1e-5)),
    ("layer_norm", lambda: tf.nn.layer_norm(X, W, B, epsilon=0.1), standard(X, 2, 0.1) * W + B),
    ("layer_norm", lambda: tf.nn.layer_norm(X, W34, axes=[1, 2]), standard(X, (1, 2), 1e-5) * W34),
    ("layer_norm", lambda: tf.nn.layer_norm(X, W3, axes=1), standard(X, 1, 1e-5) * W3[:, None]),
    ("layer_norm", lambda: tf.nn.layer_norm(X[:0]), X[:0]),
    ("layer_norm", lambda: tf.nn.layer_norm(tf.ones([2, 4096], tf.float16)), np.zeros((2, 4096), np.float16)),
    ("rms_norm", lambda: tf.nn.rms_norm(X, W), X / np.sqrt((X**2).mean(2, keepdims=True) + 1e-6) * W),
    ("rms_norm", lambda: tf.nn.rms_norm(X, axes=[0, 1]), X / np.sqrt((X**2).mean((0, 1)) + 1e-6)),
    ("batch_norm", lambda: tf.nn.batch_norm(X), (standard(X, (0, 1), 1e-3), X.mean((0, 1)), X.var((0, 1)))),
    (
        "batch_norm",
        lambda: tf.nn.batch_norm(X, W3, axis=1, epsilon=0.1),
        (standard(X, (0, 2), 0.1) * W3[:, None], X.mean((0, 2)), X.var((0, 2))),
    ),
    ("batch_norm", lambda: tf.nn.batch_norm(tf.ones([3, 2], tf.float16))[1:], (np.ones(2, "f4"), np.zeros(2, "f4"))),
    ("group_norm", lambda: tf.nn.group_norm(X, 2), GROUPED),
    ("group_norm", lambda: tf.nn.group_norm(X, 2, W, B), GROUPED * W + B),
    ("group_norm", lambda: tf.nn.group_norm(X, 3, axis=1), standard(X, 2, 1e-3)),
    ("batch_normalization", lambda: tf.nn.batch_normalization(X, B, V, None, None, 0.1), (X - B) / np.sqrt(V + 0.1)),
    ("batch_normalization", lambda: tf.nn.batch_normalization(X, B, V, W, W, 0), (X - B) / np.sqrt(V) * W + W),
    (
        "batch_normalization",
        lambda: tf.nn.batch_normalization(tf.ones([1, 2], tf.bfloat16), [0.5, 1.0], [1.0, 1.0], None, None, 0.0),
        np.array([[0.5, 0]], ml_dtypes.bfloat16),
    ),
    (
        "batch_norm_with_global_normalization",
        lambda: tf.nn.batch_norm_with_global_normalization(X, B, V, W, W, 0.1, False),
        (X - B) / np.sqrt(V + 0.1) + W,
    ),
    ("multiply_add", lambda: family.multiply_add(X, W, B), X * W + B),
    ("window_sum", lambda: family.window_sum([1.0, 2.0, 4.0, 8.0], radius=1), np.float32([3, 7, 14, 12])),
    ("window_sum", lambda: family.window_sum([1.0, 2.0], radius=9), np.float32([3, 3])),
    (
        "local_response_normalization",
        lambda: tf.nn.local_response_normalization(IMAGE, 2, 2.0, 0.5, 0.75),
        response(IMAGE, 2, 2.0, 0.5, 0.75).astype(np.float32),
    ),
    ("local_response_normalization", lambda: tf.nn.lrn(IMAGE), response(IMAGE, 5, 1, 1, 0.5).astype(np.float32)),
]
GRADIENTS = [
    ("layer_norm", lambda x, w, b: tf.nn.layer_norm(x, w, b, axes=1), (X, W3, W3)),
    ("rms_norm", lambda x: tf.nn.rms_norm(x, axes=(0, 2)), (X,)),
    ("batch_norm", lambda x, w: tf.nn.batch_norm(x, w, axis=1), (X[:, :, :2], W3)),
    ("group_norm", lambda x, w, b: tf.nn.group_norm(x, 2, w, b), (X[:, :2], W, B)),
    ("batch_normalization", lambda *args: tf.nn.batch_normalization(*args, 0.1), (X[0], B, V, W, W)),
    ("multiply_add", family.multiply_add, (X[0], W, B)),
    ("local_response_normalization", lambda x: tf.nn.lrn(x, 1), (IMAGE[:, :1, :1],)),
]


def test_tables_are_complete():
    assert named(VALUES) == declared(family)


@pytest.mark.parametrize("names, call, expected", VALUES, ids=ids(VALUES))
def test_values(device, names, call, expected):
    assert_value(call(), expected)


@pytest.mark.parametrize("names, f, args", GRADIENTS, ids=ids(GRADIENTS))
def test_gradients(names, f, args):
    check_gradients(f, *args)


def test_multiply_add_kernel(device):
    if device == "cpu":
        pytest.skip("kernels run on devices")
    x = IMAGE[0, 0]
    check_kernel(family.multiply_add, x, x, x)
    check_kernel(family.multiply_add, x, x[:, :1], x[0])


ERRORS = [
    (lambda: tf.nn.layer_norm(X, W[:3]), r"scale must have the shape \(4,\).*\(2, 3, 4\).*\(3,\)"),
    (lambda: tf.nn.layer_norm([1, 2]), "int32.*floating point"),
    (lambda: tf.nn.layer_norm(X, axes=3), "3 for input with 3"),
    (lambda: tf.nn.rms_norm(X, W[:1]), "scale must have the shape"),
    (lambda: tf.nn.batch_norm(X, offset=W3), "offset must have the shape"),
    (lambda: tf.nn.batch_norm(X, axis=-4), r"axis = -4 is not in \[-3, 3\)"),
    (lambda: tf.nn.group_norm(X, 3), "groups = 3 must divide"),
    (lambda: tf.nn.group_norm(X, 2, axis=0), "after the batch"),
    (lambda: tf.nn.batch_normalization([1], 0.0, 1.0, None, None, 0.1), "int32"),
    (lambda: tf.nn.lrn(X), "4-dimensional"),
    (lambda: tf.nn.lrn(IMAGE, -1), "depth_radius = -1"),
]


@pytest.mark.parametrize("call, text", ERRORS)
def test_errors(call, text):
    with pytest.raises(tf.errors.InvalidArgumentError, match=text):
        call()
