"""gather, scatter by rows, one_hot: values against NumPy, gradients to second order, kernels against their meaning."""

import ml_dtypes
import numpy as np
import pytest

import gputape as tf
from gputape import cuda
from gputape.ops import index as family
from gputape.ops.index import combine_rows, device_combine_rows, gather_axis, one_hot_axis, scatter_axis
from gputape.registry import OPS
from gputape.testing import check_gradients, check_kernel
from tests.emulator import emulator
from tests.ops.declared import declared

RNG = np.random.default_rng(0)
X = RNG.standard_normal((3, 4, 5))


@pytest.fixture
def kernels():
    """Kernels in three orders of threads, which must give the same bits; or a GPU."""
    if cuda.available():
        yield
        return
    if reason := emulator.unavailable():
        pytest.skip(reason)
    with cuda.emulated(emulator.Emulator(orders=emulator.ORDERS)):
        yield


def test_every_name_is_here():
    inner, public = (
        {"gather_axis", "scatter_axis", "one_hot_axis"},
        {"gather", "batch_gather", "scatter_rows", "one_hot"},
    )
    assert declared(family) == inner | public | {"embedding_lookup"}


# (indices, options of tf.gather, the same in NumPy)
GATHERS = [
    ([2, 0, 2], {}, lambda i: X[i]),
    (1, {}, lambda i: X[i]),
    ([[0, 1], [2, 2]], {"axis": 1}, lambda i: X[:, i]),
    ([4, 0], {"axis": -1}, lambda i: X[:, :, i]),
    ([], {}, lambda i: X[i]),
    ([], {"axis": 2}, lambda i: X[:, :, i]),
    ([[0, 1], [3, 3], [2, 0]], {"batch_dims": 1}, lambda i: np.stack([x[k] for x, k in zip(X, i)])),
    ([[4], [0], [1]], {"batch_dims": 1, "axis": 2}, lambda i: np.stack([x[:, k] for x, k in zip(X, i)])),
    ([1, 3, 0], {"batch_dims": 1}, lambda i: np.stack([x[k] for x, k in zip(X, i)])),
    ([[0] * 4] * 3, {"batch_dims": 2}, lambda i: X[:, :, 0]),
    ([[0], [3], [2]], {"batch_dims": -1, "axis": -2}, lambda i: np.stack([x[k] for x, k in zip(X, i)])),
]


@pytest.mark.parametrize(("indices", "options", "expected"), GATHERS)
def test_gather(indices, options, expected, device):
    for dtype in (np.int32, np.int64, np.int16):
        i = np.array(indices, dtype)
        np.testing.assert_array_equal(tf.gather(tf.constant(X), i, **options).numpy(), expected(i))
        np.testing.assert_array_equal(tf.gather(X.T, i.reshape(-1)[:1] * 0).numpy(), X.T[i.reshape(-1)[:1] * 0])


@pytest.mark.parametrize(("indices", "options", "expected"), GATHERS)
def test_gather_gradients(indices, options, expected):
    check_gradients(lambda x: tf.gather(x, np.array(indices, np.int32), **options), X)


def test_gather_keeps_every_dtype(device):
    for dtype in (np.float16, ml_dtypes.bfloat16, np.int8, np.bool_, np.complex64, np.complex128, np.uint16):
        x = (X * 3).astype(dtype)
        made = tf.gather(x, [2, 2, 0], axis=1)
        assert made.numpy().dtype == x.dtype and made.numpy().tobytes() == x[:, [2, 2, 0]].tobytes()


def test_gather_strings():
    with tf.device("/CPU:0"):
        assert tf.gather(tf.constant(["a", "b"]), [1, 0]).numpy().tolist() == [b"b", b"a"]


def test_gradient_of_rows_is_indexed_slices():
    """As TensorFlow's: only along axis 0, the values in the order of the indices."""
    v = tf.Variable(np.ones((4, 2), np.float32))
    with tf.GradientTape(persistent=True) as tape:
        y = tf.gather(v, [[3, 0], [3, 1]]) * np.arange(8, dtype=np.float32).reshape(2, 2, 2)
        z = tf.gather(v, [1], axis=1)
    g = tape.gradient(y, v)
    assert isinstance(g, tf.IndexedSlices) and g.indices.numpy().tolist() == [3, 0, 3, 1]
    assert g.values.numpy().tolist() == [[0, 1], [2, 3], [4, 5], [6, 7]] and g.dense_shape.numpy().tolist() == [4, 2]
    assert g.dense().numpy().tolist() == [[2, 3], [6, 7], [0, 0], [4, 6]]
    assert tape.gradient(z, v).numpy().tolist() == [[0, 1]] * 4


def test_scatter_rows(device):
    made = OPS["scatter_rows"](tf.ones((3, 2)), tf.constant([2, 0, 2]), rows=4)
    assert made.numpy().tolist() == [[1, 1], [0, 0], [2, 2], [0, 0]]
    assert OPS["scatter_rows"](tf.ones((0, 2)), tf.constant([], tf.int32), rows=2).numpy().tolist() == [[0, 0]] * 2
    check_gradients(lambda u: OPS["scatter_rows"](u, tf.constant([2, 0, 2]), rows=4), RNG.standard_normal((3, 2)))


def test_half_sums_accumulate_in_float32(device):
    for dtype in (np.float16, ml_dtypes.bfloat16):
        ones = tf.constant(np.concatenate([[2048.0], np.full(40, 0.25)]).astype(dtype)[:, None])
        made = OPS["scatter_rows"](ones, tf.zeros(41, tf.int32), rows=1)
        assert float(made.numpy()[0, 0]) == float(dtype(2058))


# (number of values, their width, rows): fewer and more than a chunk of 32 and a tile of 1024, numbers of 1 and 2 bytes
SIZES = [(1, 1, 1), (5, 3, 7), (100, 33, 3), (129, 1, 1), (1100, 2, 300), (70, 300, 2)]


DTYPES = ["float32", "float64", "float16", "bfloat16", "int32", "int64", "complex64"]


@pytest.mark.parametrize(
    ("size", "dtype"),
    [(size, "float32") for size in SIZES] + [(size, dtype) for size in SIZES[:4] for dtype in DTYPES[1:]],
)
def test_kernels(size, dtype, kernels):
    n, width, rows = size
    dtype = np.dtype(getattr(ml_dtypes, dtype, dtype))
    values, indices = (RNG.standard_normal((n, width)) * 4).astype(dtype), RNG.integers(0, rows, n)
    loose = {"rtol": 1e-2, "atol": 1e-2} if dtype.itemsize == 2 else {"rtol": 1e-4, "atol": 1e-4}
    check_kernel(scatter_axis, values, indices, shape=(rows, width), **loose)
    check_kernel(gather_axis, values, RNG.integers(0, n, rows + 9).astype(np.int32))
    check_kernel(gather_axis, values.T, RNG.integers(0, n, 9), axis=1)


@pytest.mark.parametrize("how", ["add", "multiply", "maximum", "minimum", "update"])
def test_combine_kernels(how, kernels):
    xp = np if cuda.emulating else cuda.array_module(cuda.zeros(1, np.float32))
    for n, width, rows in SIZES[:4]:
        x, values = RNG.standard_normal((rows, width)), RNG.standard_normal((n, width))
        x, values, indices = x.astype(np.float32), values.astype(np.float32), RNG.integers(0, rows, n)
        made, expected = xp.asarray(x.copy()), x.astype(np.float64)
        device_combine_rows(made, xp.asarray(indices), xp.asarray(values), how)
        for i, v in zip(indices, values):
            expected[i] = v if how == "update" else getattr(np, how)(expected[i], v)
        np.testing.assert_allclose(cuda.to_host(made), expected, rtol=1e-4, atol=1e-5)
        combine_rows(np, x, indices, values, how)
        np.testing.assert_allclose(x, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("dtype", [np.bool_, np.float16, np.float32, np.float64, np.complex128])
def test_one_hot_kernel(axis, dtype, kernels):
    on, off = np.asarray(1, dtype), np.asarray(0, dtype)
    for indices in (np.array([[1, 2, 0], [0, 9, -1]], np.int32), np.array([[300]]), np.zeros((0, 2), np.int64)):
        check_kernel(one_hot_axis, indices, on, off, depth=301, axis=axis)


def test_indices_out_of_range_on_the_device(kernels):
    """Nothing outside is touched: zeros are read, nothing is written, and the next check tells."""
    cuda.check_errors()
    assert tf.gather(tf.ones((3, 2)), [0, 3, -1]).numpy().tolist() == [[1, 1], [0, 0], [0, 0]]
    with pytest.raises(IndexError, match=r"gather .position 1"):
        cuda.check_errors()
    made = OPS["scatter_rows"](tf.ones((3, 1)), tf.constant([7, 1, -2]), rows=2)
    assert made.numpy().tolist() == [[0], [1]]
    with pytest.raises(IndexError, match=r"scatter .position 0"):
        cuda.check_errors()


def test_embedding_lookup():
    table = tf.Variable([[3.0, 4.0], [0.3, 0.4], [6.0, 8.0]])
    assert tf.nn.embedding_lookup(table, [[2], [0]]).shape == (2, 1, 2)
    np.testing.assert_allclose(
        tf.nn.embedding_lookup(table, [0, 1], max_norm=1.0).numpy(), [[0.6, 0.8], [0.3, 0.4]], rtol=1e-6
    )
    parts = [table, tf.constant([[9.0, 9.0]])]
    assert tf.nn.embedding_lookup(parts, [3]).numpy().tolist() == [[9, 9]]


def test_batch_gather():
    made = tf.compat.v1.batch_gather([[1, 2], [3, 4]], [[1, 1], [0, 1]])
    assert made.numpy().tolist() == [[2, 2], [3, 4]]


ONE_HOTS = [
    ([0, 2, -1, 5], 3, {}, [[1, 0, 0], [0, 0, 1], [0, 0, 0], [0, 0, 0]], tf.float32),
    ([[0, 1]], 3, {"axis": 0, "on_value": 5, "off_value": 1}, [[[5, 1]], [[1, 5]], [[1, 1]]], tf.int32),
    ([[1, 2], [0, 5]], 2, {"axis": 1}, [[[0, 0], [1, 0]], [[1, 0], [0, 0]]], tf.float32),
    (1, 3, {}, [0, 1, 0], tf.float32),
    ([0], 2, {"on_value": True, "off_value": False}, [[True, False]], tf.bool),
    ([0], 2, {"on_value": 3}, [[3, 0]], tf.int32),
    ([1], 2, {"off_value": -1.0}, [[-1, 1]], tf.float32),
    ([0], 2, {"dtype": tf.bfloat16}, [[1, 0]], tf.bfloat16),
    ([0], 2, {"on_value": 2, "dtype": tf.float64}, [[2, 0]], tf.float64),
    ([1], 0, {}, [[]], tf.float32),
    (np.zeros(0, np.int32), 3, {}, np.zeros((0, 3)).tolist(), tf.float32),
]


@pytest.mark.parametrize(("indices", "depth", "options", "expected", "dtype"), ONE_HOTS)
def test_one_hot(indices, depth, options, expected, dtype, device):
    made = tf.one_hot(indices, depth, **options)
    assert made.dtype == dtype and made.numpy().tolist() == expected


Invalid = tf.errors.InvalidArgumentError


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: tf.gather(X, [0, 3]), Invalid, r"indices\[1\] = 3 is not in \[0, 3\)"),
        (lambda: tf.gather(X, [[0, -1]]), Invalid, r"indices\[0, 1\] = -1 is not in"),
        (lambda: tf.gather(X, [0.0]), Invalid, "float32"),
        (lambda: tf.gather(X, [0], axis=3), Invalid, "no axis 3"),
        (lambda: tf.gather(1.0, [0]), Invalid, "no axis 0"),
        (lambda: tf.gather(X, [[0], [0]], batch_dims=1), Invalid, "batch_dims"),
        (lambda: tf.gather(X, [0, 0, 0], batch_dims=2), Invalid, "batch_dims"),
        (lambda: tf.nn.embedding_lookup(X, [7]), Invalid, "7 is not in"),
        (lambda: tf.one_hot([0], -1), Invalid, "non-negative"),
        (lambda: tf.one_hot([0], 2, axis=3), Invalid, "axis"),
        (lambda: tf.one_hot([0.0], 2), Invalid, "float32"),
        (lambda: tf.one_hot([0], 2, on_value=1.0, dtype=tf.int32), TypeError, "int32"),
        (lambda: tf.one_hot([0], 2, on_value=3, off_value=1.0), TypeError, "off_value"),
        (lambda: tf.one_hot([0], 2, dtype=tf.bool), TypeError, "bool"),
    ],
)
def test_errors(call, error, words):
    with tf.device("/CPU:0"), pytest.raises(error, match=words):
        call()
