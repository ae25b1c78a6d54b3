"""Bias and activation in one: values, gradients of two orders, the kernel, what the tape keeps, what is refused."""

import numpy as np
import pytest

import gputape as tf
from gputape.ops import bias_activation as family
from gputape.registry import OPS
from gputape.testing import check_gradients, check_kernel

from .declared import assert_value, declared

BIAS = np.array([1.0, -2, 0.5])
IN = np.array([[-1.53, 2.53, 0.03], [0.13, 0.23, 0.33]])


def test_tables_are_complete():
    assert declared(family) == {"bias_activation", "biased"}


@pytest.mark.parametrize("name", family.BY_VALUE)
def test_values_and_gradients(device, name):
    assert_value(tf.nn.bias_activation(IN, BIAS, name), OPS[name](IN + BIAS).numpy())
    check_gradients(lambda x, b: tf.nn.bias_activation(x, b, name), IN, BIAS)


@pytest.mark.parametrize("name", family.BY_VALUE)
def test_kernel_against_meaning(device, name):
    if device == "cpu":
        pytest.skip("kernels run on devices")
    x = np.linspace(-3, 8, 42, dtype=np.float32).reshape(2, 7, 3)
    check_kernel(family.biased, x, x[0, 0], activation=name)


def test_any_rank_and_dtype(device):
    assert_value(tf.nn.bias_activation(np.float16([1, 2]), [1.0, -3.0], "relu"), np.float16([2, 0]))
    assert_value(tf.nn.bias_activation(np.zeros((0, 2)), BIAS[:2], "tanh"), np.zeros((0, 2)))


ERRORS = [
    (lambda: tf.nn.bias_activation(IN, BIAS, "gelu"), ValueError, "one of.*relu.*not 'gelu'"),
    (lambda: tf.nn.bias_activation(IN, BIAS[:2], "relu"), tf.errors.InvalidArgumentError, r"bias has shape \(2,\)"),
    (lambda: tf.nn.bias_activation(1.0, 1.0, "relu"), tf.errors.InvalidArgumentError, "last axis"),
]


@pytest.mark.parametrize("call, error, text", ERRORS)
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call()
