"""The checks check: wrong gradients and wrong kernels are found."""

import numpy as np
import pytest

import gputape as tf
from gputape import cuda
from gputape.registry import OPS
from gputape.testing import check_gradients, check_kernel, compare


@tf.custom_gradient
def wrong_at_1(x):
    return x**3.0, lambda dy: dy * x


@tf.custom_gradient
def slope(x):
    return 3.0 * x * x, lambda dy: dy * 6.0


@tf.custom_gradient
def wrong_at_2(x):
    return x**3.0, lambda dy: dy * slope(x)


def test_a_right_gradient_passes():
    check_gradients(lambda x, y: tf.exp(x) * y, np.array([0.5, -1.0]), np.array([2.0, 3.0]), order=3)
    check_gradients(lambda z: z * z, np.array([1 + 2j]))


@pytest.mark.parametrize("f, order", [(wrong_at_1, 1), (wrong_at_2, 2)])
def test_a_wrong_gradient_is_found(f, order):
    with pytest.raises(AssertionError, match=f"order {order}, argument 0"):
        check_gradients(f, np.array([0.7, 1.3]))


def test_integers_are_passed_on_and_something_must_be_differentiable():
    check_gradients(lambda x, i: tf.gather(x, i), np.array([1.0, 2.0]), np.array([1, 1, 0]))
    with pytest.raises(ValueError, match="no argument"):
        check_gradients(lambda i: i, np.array([1, 2]))


def test_compare_looks_at_dtypes_shapes_and_values():
    compare(np.float32([1.0]), np.float32([1.0 + 1e-6]))
    compare((np.array([1]), np.float64([np.nan])), (np.array([1]), np.float64([np.nan])))
    for made in (np.float64([1.0]), np.float32([[1.0]]), np.float32([1.001])):
        with pytest.raises(AssertionError):
            compare(made, np.float32([1.0]))
    with pytest.raises(AssertionError, match="2 outputs, expected 1"):
        compare((np.ones(1), np.ones(1)), np.ones(1))


def test_check_kernel_wants_a_kernel_and_a_device(monkeypatch):
    monkeypatch.setattr(cuda, "available", lambda: False)
    with pytest.raises(AssertionError, match="needs a GPU"):
        check_kernel(OPS["exp"], np.float32([1.0]))


def test_check_kernel_finds_a_wrong_kernel(device, monkeypatch):
    if device == "cpu":
        pytest.skip("kernels run on a GPU or under the emulator")
    exp = OPS["exp"]
    check_kernel(exp, np.float32([1.0, 2.0]))
    monkeypatch.setattr(exp, "kernel_body", lambda x: OPS["sin"].kernel_body(x))
    with pytest.raises(AssertionError, match="exp output 0"):
        check_kernel(exp, np.float32([1.0, 2.0]))
    monkeypatch.setattr(exp, "kernel_body", lambda x: np.exp(x))
    with pytest.raises(AssertionError, match="no kernel was launched"):
        check_kernel(exp, np.float32([1.0, 2.0]))
