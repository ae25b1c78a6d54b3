"""gather_nd, scatter_nd, tensor_scatter_nd_*: values against NumPy, gradients, kernels against their meaning."""

import ml_dtypes
import numpy as np
import pytest

import gputape as tf
from gputape import cuda
from gputape.ops import points as family
from gputape.ops.points import extreme_points, gather_points, scatter_points, update_points
from gputape.testing import check_gradients, check_kernel
from tests.ops.declared import declared, on_devices

RNG = np.random.default_rng(0)
X = RNG.standard_normal((3, 4, 5))
Invalid = tf.errors.InvalidArgumentError


def test_every_name_is_here():
    public = {"gather_nd", "scatter_nd", *[f"tensor_scatter_nd_{n}" for n in ("update", "add", "sub", "max", "min")]}
    assert declared(family) == public | {"gather_points", "scatter_points", "update_points", "extreme_points"}


GATHERS = [
    ([[2], [0], [2]], 0, lambda i: X[i[:, 0]]),
    ([[2, 3], [0, 0]], 0, lambda i: X[i[:, 0], i[:, 1]]),
    ([[[2, 3, 4]], [[0, 0, 1]]], 0, lambda i: X[i[..., 0], i[..., 1], i[..., 2]]),
    ([1, 2], 0, lambda i: X[1, 2]),
    (np.zeros((2, 0), np.int32), 0, lambda i: np.stack([X, X])),
    (np.zeros((0, 2), np.int32), 0, lambda i: np.zeros((0, 5))),
    ([[3], [0], [1]], 1, lambda i: X[np.arange(3), i[:, 0]]),
    ([[[3, 4]], [[0, 0]], [[1, 2]]], 1, lambda i: X[np.arange(3)[:, None], i[..., 0], i[..., 1]]),
]


@pytest.mark.parametrize(("indices", "batch_dims", "expected"), GATHERS)
def test_gather_nd(indices, batch_dims, expected, device):
    i = np.array(indices, np.int32)
    np.testing.assert_array_equal(tf.gather_nd(X, i, batch_dims=batch_dims).numpy(), expected(i))
    np.testing.assert_array_equal(tf.gather_nd(X, i.astype(np.int64), batch_dims).numpy(), expected(i))


@pytest.mark.parametrize(("indices", "batch_dims", "expected"), GATHERS)
def test_gather_nd_gradients(indices, batch_dims, expected):
    check_gradients(lambda x: tf.gather_nd(x, np.array(indices, np.int32), batch_dims), X)


def test_gather_nd_of_rows_has_indexed_slices():
    v = tf.Variable([[1.0], [2.0], [3.0]])
    with tf.GradientTape(persistent=True) as tape:
        y, z = tf.gather_nd(v, [[2], [2]]), tf.gather_nd(v, [[2, 0]])
    g = tape.gradient(y, v)
    assert isinstance(g, tf.IndexedSlices) and g.indices.numpy().tolist() == [2, 2]
    assert tape.gradient(z, v).numpy().tolist() == [[0], [0], [1]]


def test_scatter_nd(device):
    assert tf.scatter_nd([[0], [2], [0]], [1.0, 2.0, 3.0], [4]).numpy().tolist() == [4, 0, 2, 0]
    assert tf.scatter_nd([[0, 1]], [[1.0, 2.0]], [1, 3, 2]).numpy().tolist() == [[[0, 0], [1, 2], [0, 0]]]
    assert tf.scatter_nd([[[0], [1]], [[2], [0]]], [[1, 2], [3, 4]], tf.constant([3])).numpy().tolist() == [5, 2, 3]
    assert tf.scatter_nd(tf.zeros((0, 1), tf.int32), tf.zeros((0,)), [2]).numpy().tolist() == [0, 0]
    for dtype in (tf.float16, tf.bfloat16, tf.int64, tf.complex64):
        made = tf.scatter_nd([[1], [1]], tf.constant([1, 2], dtype), [2])
        assert made.dtype == dtype and made.numpy().tolist() == [0, 3]


POINTS = [([[0], [2]], (2, 4)), ([[0, 1], [2, 3], [1, 1]], (3,)), ([[[0]], [[1]]], (2, 1, 4))]


@pytest.mark.parametrize(("indices", "shape"), POINTS)
def test_gradients(indices, shape):
    x, u = RNG.standard_normal((3, 4)), RNG.standard_normal(shape)
    check_gradients(lambda u: tf.scatter_nd(indices, u, (3, 4)), u)
    check_gradients(lambda x, u: tf.tensor_scatter_nd_update(x, indices, u), x, u)
    check_gradients(lambda x, u: tf.tensor_scatter_nd_add(x, indices, u), x, u)
    check_gradients(lambda x, u: tf.tensor_scatter_nd_sub(x, indices, u), x, u)
    check_gradients(lambda x, u: tf.tensor_scatter_nd_max(x, indices, u), x, u)
    check_gradients(lambda x, u: tf.tensor_scatter_nd_min(x, indices, u), x, u)


@pytest.mark.parametrize(
    ("name", "updates", "expected"),
    [
        ("update", [7, 8], [8, 2, 3]),
        ("add", [7, 8], [16, 2, 3]),
        ("sub", [7, 8], [-14, 2, 3]),
        ("max", [7, 8], [8, 2, 3]),
        ("min", [-7, 8], [-7, 2, 3]),
    ],
)
def test_tensor_scatter_nd(name, updates, expected, device):
    """Both updates go to element 0; the tensor itself stays as it was."""
    f = getattr(tf, f"tensor_scatter_nd_{name}")
    for dtype in (tf.float32, tf.int32, tf.bfloat16, tf.float64) if device == "cpu" else (tf.float32,):
        x = tf.constant([1, 2, 3], dtype)
        made = f(x, [[0], [0]], updates)
        assert made.dtype == dtype and made.numpy().tolist() == expected and x.numpy().tolist() == [1, 2, 3]


def test_equal_maxima_share_the_gradient():
    """As TensorFlow: the tensor and both updates are equal, so each gets a third."""
    x, u = tf.constant([1.0, 2.0]), tf.constant([1.0, 1.0])
    with tf.GradientTape() as tape:
        tape.watch([x, u])
        y = tf.tensor_scatter_nd_max(x, [[0], [0]], u)
    dx, du = tape.gradient(y, [x, u])
    np.testing.assert_allclose(dx.numpy(), [1 / 3, 1], rtol=1e-6)
    np.testing.assert_allclose(du.numpy(), [1 / 3, 1 / 3], rtol=1e-6)


@on_devices
@pytest.mark.parametrize("dtype", [np.float32, np.float16, ml_dtypes.bfloat16, np.int32])
def test_kernels(dtype, device):
    x, indices = (RNG.standard_normal((5, 6, 3)) * 4).astype(dtype), RNG.integers(0, 5, (70, 2))
    u = (RNG.standard_normal((70, 3)) * 4).astype(dtype)
    loose = {"rtol": 1e-2, "atol": 1e-2} if np.dtype(dtype).itemsize == 2 else {}
    check_kernel(gather_points, x, indices)
    check_kernel(scatter_points, u, indices, shape=(5, 6, 3), **loose)
    check_kernel(update_points, x.astype(np.float32), u.astype(np.float32), indices)
    check_kernel(extreme_points, x.astype(np.float32), u.astype(np.float32), indices, how="maximum")
    check_kernel(extreme_points, x.astype(np.float32), u.astype(np.float32), indices, how="minimum")


@on_devices
def test_points_out_of_range_on_the_device(device):
    assert tf.gather_nd(tf.ones((2, 2)), [[1, 1], [0, 2]]).numpy().tolist() == [1, 0]
    assert tf.tensor_scatter_nd_update(tf.ones((2, 2)), [[0, -1]], [9.0]).numpy().tolist() == [[1, 1], [1, 1]]
    with pytest.raises(IndexError, match=r"gather .position 1"):
        cuda.check_errors()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: tf.gather_nd(X, [[0, 1], [5, 0]]), r"indices\[1\] = \[5, 0\] does not index into shape \[3, 4\]"),
        (lambda: tf.gather_nd(X, [0, 1, 2, 3]), "at most 3"),
        (lambda: tf.gather_nd(X, [[0.0]]), "float32"),
        (lambda: tf.gather_nd(X, [[0], [0]], batch_dims=1), "batch_dims=1"),
        (lambda: tf.scatter_nd([[0], [7]], [1.0, 2.0], [4]), r"\[7\] does not index into shape \[4\]"),
        (lambda: tf.scatter_nd([[0], [1]], [1.0, 2.0, 3.0], [4]), r"must be \(2,\)"),
        (lambda: tf.tensor_scatter_nd_update([1.0], [[-1]], [7.0]), "does not index"),
        (lambda: tf.tensor_scatter_nd_add(X, [[0], [0]], np.ones((2, 3))), r"must be \(2, 4, 5\)"),
        (lambda: tf.tensor_scatter_nd_max([1, 2], [[0]], tf.constant([1.0])), "use tf.cast"),
    ],
)
def test_errors(call, words):
    with tf.device("/CPU:0"), pytest.raises((Invalid, TypeError), match=words):
        call()
