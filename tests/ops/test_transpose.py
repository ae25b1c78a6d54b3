"""Transposes: values, gradients, and the kernel for every kind of permutation."""

import itertools

import ml_dtypes
import numpy as np
import pytest

import gputape as tf
from gputape import cuda
from gputape.ops import transpose as family
from gputape.testing import check_gradients, check_kernel
from tests.ops.declared import assert_value, declared, ids, named, on_devices

X = np.random.default_rng(0).standard_normal((2, 3, 4)).astype(np.float32)
Z = X[0] + 1j * X[1]
Bad = tf.errors.InvalidArgumentError

VALUES = [
    ("transpose permute", lambda: tf.transpose(X), X.T),
    ("transpose", lambda: tf.transpose(X, [0, 2, 1]), X.transpose(0, 2, 1)),
    ("transpose", lambda: tf.transpose(X, [-1, 0, 1]), X.transpose(2, 0, 1)),
    ("transpose", lambda: tf.transpose(X, tf.constant([1, 0, 2])), X.transpose(1, 0, 2)),
    ("transpose", lambda: tf.transpose(Z, conjugate=True), Z.T.conj()),
    ("transpose", lambda: tf.transpose(X, conjugate=True), X.T),
    ("transpose", lambda: tf.transpose(3.0), np.float32(3)),
]


def test_table_is_complete():
    assert named(VALUES) == declared(family)


@pytest.mark.parametrize("names, call, expected", VALUES, ids=ids(VALUES))
def test_values(device, names, call, expected):
    assert_value(call(), expected)


def test_gradients():
    check_gradients(lambda x: tf.exp(tf.transpose(x, [2, 0, 1])), X.astype(float))


@on_devices
@pytest.mark.parametrize("perm", [p for p in itertools.permutations(range(3)) if p != (0, 1, 2)], ids=str)
@pytest.mark.parametrize("shape", [(2, 3, 4), (5, 33, 40), (3, 1, 5)], ids=str)
def test_kernel_on_all_permutations(device, shape, perm):
    x = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    if shape == (3, 1, 5) and [k for k in perm if k != 1] == [0, 2]:
        x = tf.constant(x)
        assert cuda.address(family.permute(x, perm=perm)._array) == cuda.address(x._array)  # nothing moves
    else:
        check_kernel(family.permute, x, perm=perm)


@on_devices
@pytest.mark.parametrize("dtype", ["bool", "float16", "float64", "complex64", "complex128", ml_dtypes.bfloat16])
@pytest.mark.parametrize("perm", [(1, 0, 2), (0, 2, 1)])
def test_kernel_on_all_sizes_of_elements(device, perm, dtype):
    check_kernel(family.permute, np.arange(3 * 5 * 16).reshape(3, 5, 16).astype(dtype), perm=perm)


@on_devices
def test_kernel_takes_what_memory_holds(device):
    x = np.arange(2 * 3 * 4 * 5 * 2, dtype=np.float32).reshape(2, 3, 4, 5, 2)
    check_kernel(family.permute, x, perm=(3, 1, 4, 0, 2))
    check_kernel(family.permute, x.transpose(4, 0, 1, 2, 3), perm=(1, 0, 2, 3, 4))  # not contiguous
    check_kernel(family.permute, x.reshape(-1)[1:49].reshape(3, 4, 4), perm=(1, 0, 2))  # not aligned
    assert family.permute.kernel_body(x[:0], perm=(1, 0, 2, 3, 4)).shape == (3, 0, 4, 5, 2)


@on_devices
def test_kernel_leaves_many_axes(device):
    x = np.arange(2**8).reshape([2] * 8)
    with cuda.count_launches() as counter:
        assert_value(family.permute(x, perm=(7, 5, 3, 1, 6, 4, 2, 0)), x.transpose(7, 5, 3, 1, 6, 4, 2, 0))
    assert not counter.launches


@pytest.mark.parametrize("perm", [[0, 1], [0, 0, 1], [0, 1, 3]])
def test_errors(perm):
    with pytest.raises(Bad, match="perm"):
        tf.transpose(X, perm)
