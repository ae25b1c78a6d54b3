"""The ledger counts what kernels' headers say, and a training step is what the models' table tells."""

import math

import numpy as np
import pytest

import gputape as tf
from bench.launches import Ledger, launches
from gputape import cuda


def captured(f, *arrays):
    """What `f` launches on tensors of these arrays, (name, bytes, flops) each."""
    with tf.device("/CPU:0"), cuda.emulated(Ledger()) as ledger:
        tensors = [tf.constant(a) for a in arrays]
        f(*tensors)  # what is prepared once
        cuda.Graph(lambda: f(*tensors))
        return [tuple(e) for e in ledger.entries]


def zeros(*shape, dtype=np.float32):
    return np.zeros(shape, dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.float64])
def test_bytes_are_those_of_the_headers(dtype):
    x = zeros(6, 10, dtype=dtype)
    assert captured(tf.nn.softmax, x) == [("softmax_forward", 2 * x.nbytes, 0)]
    assert captured(tf.exp, x) == [("unary_forward", 2 * x.nbytes, 0)]


def test_a_product_tells_its_operations():
    assert captured(tf.matmul, zeros(6, 5), zeros(5, 7)) == [
        ("cublasLtMatmul", 4 * (6 * 5 + 5 * 7 + 6 * 7), 2 * 6 * 5 * 7)
    ]
    ((name, _, flops),) = captured(tf.matmul, zeros(3, 6, 5), zeros(3, 5, 7))
    assert (name, flops) == ("cublasLtMatmul", 3 * 2 * 6 * 5 * 7)


def test_a_convolution_and_its_gradients_tell_the_same_operations():
    x, w = zeros(2, 8, 9, 4), zeros(3, 3, 4, 5)

    def both(x, w):
        with tf.GradientTape() as tape:
            tape.watch([x, w])
            y = tf.nn.conv2d(x, w, 1, "VALID")
        return tape.gradient(y, [x, w])

    flops = [f for name, _, f in captured(both, x, w) if name.startswith("conv")]
    assert flops == [2 * 2 * 6 * 7 * 5 * 3 * 3 * 4] * 3


def test_views_launch_nothing():
    assert captured(lambda x: tf.reshape(x, [-1])[2:], zeros(3, 4)) == []


def test_a_training_step_moves_each_weight_once():
    entries = launches("mlp")
    weights = 784 * 128 + 128 + 128 * 10 + 10
    (update,) = [e for e in entries if e.name == "update"]
    assert 0 <= update.bytes - 7 * 4 * weights < 64  # w, m, v are read and written, g is read; and the step's numbers
    assert sum(e.name == "cublasLtMatmul" for e in entries) == 5
    assert math.isclose(sum(e.flops for e in entries), 2 * 32 * (2 * 784 * 128 + 3 * 128 * 10))
    assert len(entries) <= 22
    assert all(e.floor > 0 or e.bytes == 0 for e in entries)
