"""matmul, matvec, bias_add: values against NumPy in float64, gradients to second order, TensorFlow's errors."""

import ml_dtypes
import numpy as np
import pytest

import gputape as tf
from gputape.ops import matmul as family
from gputape.testing import check_gradients, check_kernel
from tests.ops.declared import declared, on_devices

RNG = np.random.default_rng(0)
emulated = pytest.mark.parametrize("device", ["emulated"], indirect=True)


def normal(*shape):
    return RNG.standard_normal(shape)


def check(name, x, y, **options):
    """`tf.<name>` against NumPy."""
    a = np.swapaxes(x, -1, -2) if options.get("transpose_a") or options.get("adjoint_a") else x
    b = np.swapaxes(y, -1, -2) if options.get("transpose_b") or options.get("adjoint_b") else y
    a, b = np.conj(a) if options.get("adjoint_a") else a, np.conj(b) if options.get("adjoint_b") else b
    made = tf.matmul(x, y, **options)
    assert made.dtype == x.dtype
    np.testing.assert_allclose(made.numpy(), a @ b, rtol=1e-12, atol=1e-12, err_msg=name)


SHAPES = [((3, 4), (4, 5)), ((2, 3, 4), (4, 5)), ((3, 4), (2, 4, 5)), ((2, 1, 3, 4), (5, 4, 2)), ((1, 1), (1, 1))]
EMPTY = [((0, 3), (3, 2)), ((3, 0), (0, 2)), ((2, 0, 3), (3, 2)), ((0, 2, 3), (3, 2)), ((0, 2, 3), (0, 3, 2))]


def test_every_name_is_here():
    assert declared(family) == {"multiply_matrices", "matmul", "matvec", "bias_add"}


@pytest.mark.parametrize(("a", "b"), SHAPES + EMPTY)
def test_values(a, b, device):
    x, y = normal(*a), normal(*b)
    check("plain", x, y)
    check("transpose_b", x, np.swapaxes(y, -1, -2), transpose_b=True)
    check("transpose_a", np.swapaxes(x, -1, -2).copy(), y, transpose_a=True)
    check("both", np.swapaxes(x, -1, -2), np.swapaxes(y, -1, -2), transpose_a=True, transpose_b=True)


def test_values_complex():
    x, y = normal(4, 3) + 1j * normal(4, 3), normal(5, 4) + 1j * normal(5, 4)
    check("adjoints", x, y, adjoint_a=True, adjoint_b=True)
    check("one of each", x, y, adjoint_a=True, transpose_b=True)


INTEGERS = [np.int8, np.uint8, np.int16, np.int32, np.int64, np.uint64]


@emulated  # on a GPU cuBLASLt takes them: tests/test_blas.py
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", ml_dtypes.bfloat16])
@pytest.mark.parametrize("transpose_a, transpose_b", [(False, False), (False, True), (True, False), (True, True)])
def test_kernel_against_meaning(device, dtype, transpose_a, transpose_b):
    """More than a tile and less than one, batches, and sums of more terms than a step takes."""
    for m, k, n, batch in ((65, 17, 70, ()), (1, 40, 3, ()), (5, 3, 2, (3,))):
        a = normal(*batch, *((k, m) if transpose_a else (m, k))).astype(dtype)
        b = normal(*batch, *((n, k) if transpose_b else (k, n))).astype(dtype)
        check_kernel(family.multiply_matrices, a, b, transpose_a=transpose_a, transpose_b=transpose_b)


@on_devices
@pytest.mark.parametrize("dtype", INTEGERS)
def test_kernel_of_integers(device, dtype):
    """They wrap around, as in NumPy."""
    info = np.iinfo(dtype)
    a, b = (RNG.integers(info.min, info.max, shape, dtype, endpoint=True) for shape in ((2, 1, 5, 4), (3, 4, 6)))
    check_kernel(family.multiply_matrices, a, b)


@emulated
def test_kernel_of_views(device):
    x = normal(8, 6, 4)
    for view in (x[::2, :, 1:], x.transpose(1, 2, 0), x[:, ::-1], np.broadcast_to(x[0], (3, 6, 4))):
        check_kernel(family.multiply_matrices, view, view, transpose_b=True)


@pytest.mark.parametrize("transpose_a", [False, True])
@pytest.mark.parametrize("transpose_b", [False, True])
@pytest.mark.parametrize(("a", "b"), SHAPES[:4])
def test_gradients(a, b, transpose_a, transpose_b):
    x, y = normal(*a), normal(*b)
    x, y = np.swapaxes(x, -1, -2) if transpose_a else x, np.swapaxes(y, -1, -2) if transpose_b else y
    check_gradients(lambda p, q: tf.matmul(p, q, transpose_a=transpose_a, transpose_b=transpose_b), x, y)


@pytest.mark.parametrize("options", [{}, {"adjoint_a": True}, {"adjoint_b": True}, {"transpose_a": True}])
def test_gradients_complex(options):
    x, y = normal(3, 3) + 1j * normal(3, 3), normal(3, 3) + 1j * normal(3, 3)
    check_gradients(lambda p, q: tf.matmul(p, q, **options), x, y, order=1)


def test_gradients_of_the_others():
    check_gradients(tf.linalg.matvec, normal(2, 3, 4), normal(4))
    check_gradients(tf.nn.bias_add, normal(2, 3), normal(3))
    check_gradients(lambda x, b: tf.nn.bias_add(x, b, data_format="NCHW"), normal(2, 3, 2, 2), normal(3))


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16])
def test_half_types_accumulate_in_float32(dtype):
    """4096 ones and then small numbers: in half precision the sum would stand still."""
    x = np.concatenate([np.full(2048, 1.0), np.full(2048, 2.0**-7)]).astype(dtype)[None]
    made = tf.matmul(x, np.ones((4096, 1), dtype))
    assert made.dtype == tf.as_dtype(dtype) and float(made.numpy()[0, 0]) == float(dtype(2048 + 16))


def test_integers():
    assert tf.matmul([[1, 2]], [[3], [4]]).dtype == tf.int32
    small = tf.constant([[100, 100]], tf.int8)
    wide = tf.matmul(small, small, transpose_b=True, output_type=tf.int32)
    assert (wide.dtype, wide.numpy().tolist()) == (tf.int32, [[20000]])


def test_dense_layers_take_one_product():
    """A batch of matrices times one matrix is one product, and so is its gradient: no sum over the batch."""
    w = tf.Variable(normal(4, 5))
    with tf.GradientTape() as tape:
        y = tf.matmul(normal(2, 3, 4), w)
        seen = [node.op.name for node in tape._nodes]
    assert seen == ["multiply_matrices", "view"] and tape.gradient(y, w).shape == (4, 5)


def test_matvec():
    np.testing.assert_allclose(tf.linalg.matvec([[1.0, 2.0], [3.0, 4.0]], [1.0, -1.0]).numpy(), [-1, -1])
    np.testing.assert_allclose(
        tf.linalg.matvec([[1.0, 2.0], [3.0, 4.0]], [1.0, -1.0], transpose_a=True).numpy(), [-2, -2]
    )
    assert tf.linalg.matvec(normal(2, 1, 3, 4), normal(5, 4)).shape == (2, 5, 3)


def test_bias_add():
    assert tf.nn.bias_add(tf.zeros((1, 2, 3)), [1.0, 2.0], data_format="NCW").numpy().tolist() == [[[1] * 3, [2] * 3]]
    assert tf.nn.bias_add(tf.zeros((1, 2, 2)), [1.0, 2.0], "NHWC").numpy().tolist() == [[[1, 2], [1, 2]]]


def test_operator_takes_the_dtype_of_the_tensor():
    x = tf.constant(normal(2, 2))
    assert (x @ [[1, 0], [0, 1]]).dtype == tf.float64 and ([[1, 0], [0, 1]] @ x).dtype == tf.float64


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: tf.matmul(normal(3, 4), normal(3, 4)), tf.errors.InvalidArgumentError, r"\(3, 4\).*columns of a, 4"),
        (lambda: tf.matmul(normal(3, 4), normal(3, 4), transpose_a=True, transpose_b=True), ValueError, "transposed"),
        (lambda: tf.matmul(normal(3, 4), normal(4)), tf.errors.InvalidArgumentError, "b has shape .*matvec"),
        (lambda: tf.matmul(normal(2, 3, 4), normal(3, 4, 5)), tf.errors.InvalidArgumentError, "batch dimensions"),
        (lambda: tf.matmul([[True]], [[True]]), tf.errors.InvalidArgumentError, "bool"),
        (lambda: tf.matmul(tf.constant(normal(1, 1)), tf.ones((1, 1))), tf.errors.InvalidArgumentError, "use tf.cast"),
        (lambda: tf.matmul([[1.0]], [[1.0]], transpose_a=True, adjoint_a=True), ValueError, "Only one of"),
        (lambda: tf.nn.bias_add(normal(2, 3), normal(2)), tf.errors.InvalidArgumentError, r"must be \(3,\)"),
        (lambda: tf.nn.bias_add(normal(3), normal(3)), tf.errors.InvalidArgumentError, "at least 2D"),
        (lambda: tf.nn.bias_add(normal(2, 3), normal(3), "XX"), ValueError, "data_format"),
    ],
)
def test_errors(call, error, words):
    with pytest.raises(error, match=words):
        call()
