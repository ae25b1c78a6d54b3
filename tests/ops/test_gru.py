"""gru: bodies and kernels against the meaning, the meaning against plain NumPy, gradients, masks, errors."""

import numpy as np
import pytest

import gputape as tf
from gputape import cuda
from gputape.ops import gru as family
from gputape.testing import check_gradients

from .declared import assert_value, declared, named, on_devices
from .sequences import (
    DTYPES,
    NONE,
    RNG,
    SIZES,
    assert_a_masked_nan_stays_out,
    assert_bodies_are_the_meaning,
    assert_recorded_equals_eager,
    assert_the_order_of_threads_does_not_matter,
    mask_of,
    sigmoid,
)

OPS = family.gru_steps, family.gru_steps_grad


def operands(steps=4, batch=3, features=3, units=2, dtype=np.float64):
    shapes = (steps, batch, features), (features, 3 * units), (units, 3 * units), (3 * units,), (3 * units,)
    return [RNG.standard_normal(s).astype(dtype) for s in (*shapes, (batch, units))]


def run(*given):
    return [tf.nn.gru(*given)]


def plain(x, kernel, recurrent, bias, recurrent_bias, h, mask=None):
    hs = []
    for t, now in enumerate(x):
        parts = np.split(now @ kernel + bias, 3, axis=1), np.split(h @ recurrent + recurrent_bias, 3, axis=1)
        (pz, pr, pn), (qz, qr, qn) = parts
        z, r = sigmoid(pz + qz), sigmoid(pr + qr)
        new = z * h + (1 - z) * np.tanh(pn + r * qn)
        h = new if mask is None else np.where(mask[t][:, None], new, h)
        hs.append(h)
    return np.stack(hs)


def test_all_ops_are_tested_here():
    assert declared(family) == named([["gru gru_steps gru_steps_grad"]])


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("steps, batch, features, units", SIZES)
def test_values(device, steps, batch, features, units, masked):
    if device == "emulated" and steps > 100:
        pytest.skip("long sequences are for the NumPy body, which goes through them in pieces")
    given = operands(steps, batch, features, units)
    mask = mask_of(steps, batch) if masked else None
    assert_value(tf.nn.gru(*given, mask), plain(*given, mask), rtol=1e-9)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
def test_kernels_and_numpy_bodies_against_meaning(device, dtype, masked):
    assert_bodies_are_the_meaning(device, *OPS, [*operands(dtype=dtype), mask_of(4, 3) if masked else NONE])


@pytest.mark.parametrize("masked", [False, True])
def test_gradients(device, masked):
    given = operands(2, 2, 2, 1)
    mask = np.array([[True, False], [False, True]]) if masked else None
    check_gradients(lambda *a: tf.nn.gru(*a, mask), *given)


def test_a_masked_nan_stays_out(device):
    assert_a_masked_nan_stays_out(run, *operands(3, 2))


def test_strided_operands(device):
    given = operands()
    turned = [np.asfortranarray(a) for a in given]
    assert_value(tf.nn.gru(*turned), plain(*given), rtol=1e-9)


@on_devices
def test_a_step_is_a_product_and_a_kernel(device):
    with tf.GradientTape() as tape, cuda.count_launches() as counter:
        h = tf.constant(np.zeros((3, 2), np.float32))
        tape.watch(h)
        tape.gradient(tf.nn.gru(*operands(dtype=np.float32)[:5], h), h)
    for name in ("gru_step_forward<float>", "gru_step_backward<float>"):
        assert counter.launches.count(name) == 4


@on_devices
def test_the_order_of_threads_does_not_matter(device):
    assert_the_order_of_threads_does_not_matter(*OPS, [*operands(3, 33, 2, 9, np.float32), mask_of(3, 33)])


def test_recorded_equals_eager(device):
    assert_recorded_equals_eager(run, operands(dtype=np.float32))


@pytest.mark.parametrize("which, shape", [(0, (0, 3, 3)), (1, (3, 9)), (2, (2, 9)), (3, (7,)), (5, (2, 2))])
def test_errors(which, shape):
    given = operands()
    given[which] = np.zeros(shape)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"gru takes x \(steps, batch, features\)"):
        tf.nn.gru(*given)


def test_a_mask_of_another_shape():
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"mask \(4, 2\)"):
        tf.nn.gru(*operands(), np.ones((4, 2), bool))


def test_a_recurrent_bias_of_another_shape():
    given = operands()
    given[4] = np.zeros(5)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"recurrent_bias has shape \(5,\), it must be \(6,\)"):
        tf.nn.gru(*given)


def test_biases_may_be_left_out():
    x, kernel, recurrent, bias, _, h = operands()
    zeros = np.zeros_like(bias)
    assert_value(tf.nn.gru(x, kernel, recurrent, None, None, h), plain(x, kernel, recurrent, zeros, zeros, h), 1e-9)
