"""Comparisons, logic, bits and choices: values, tensor equality, gradients that stop NaN, kernels, errors."""

import ml_dtypes
import numpy as np
import pytest

import gputape as tf
from gputape.ops import compare
from gputape.registry import OPS
from gputape.testing import check_gradients
from tests.ops.declared import declared

RNG = np.random.default_rng(0)
RELATIONS = ["equal", "not_equal", "less", "less_equal", "greater", "greater_equal"]
LOGIC = ["logical_and", "logical_or", "logical_xor"]
BITS = {"bitwise_and": np.bitwise_and, "bitwise_or": np.bitwise_or, "bitwise_xor": np.bitwise_xor}
PREDICATES = {"is_nan": np.isnan, "is_inf": np.isinf, "is_finite": np.isfinite}
OTHERS = {"logical_not", "bitwise_invert", "left_shift", "right_shift", "tensor_equals", "tensor_not_equals"}


def test_every_op_is_here():
    names = {*RELATIONS, *LOGIC, *BITS, *PREDICATES, *OTHERS, "chosen", "masked", "unmasked", "select"}
    assert declared(compare) == names


@pytest.mark.parametrize("name", RELATIONS)
def test_relations(name, device):
    for x in (np.array([1.0, 2.0, np.nan, np.inf], np.float32), np.arange(4, dtype=np.int32)):
        for y in (x, x[::-1], x[:1], np.asarray(2, x.dtype)):
            made = OPS[name](x, y)
            assert made.dtype == tf.bool
            np.testing.assert_array_equal(made.numpy(), getattr(np, name)(x, y))


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.float64])
def test_other_types(dtype):
    x, y = np.array([1, 2, 3], dtype), np.array([3, 2, 1], dtype)
    assert tf.less(x, y).numpy().tolist() == [True, False, False]
    assert tf.equal(x, y).numpy().tolist() == [False, True, False]


def test_complex_numbers_and_strings_are_equal_or_not():
    assert tf.equal(tf.constant([1j, 2.0]), tf.constant([1j, 1.0])).numpy().tolist() == [True, False]
    assert tf.equal(tf.constant(["a", "b"]), "a").numpy().tolist() == [True, False]
    assert (tf.constant([True]) == tf.constant([False])).numpy().tolist() == [False]
    with pytest.raises(tf.errors.InvalidArgumentError, match="takes real numbers"):
        tf.less(tf.constant(1j), tf.constant(2j))


def test_equality_of_tensors():
    x = tf.constant([1.0, 2.0])
    assert (x == x).numpy().tolist() == [True, True]
    assert (x == tf.constant([1.0, 2.0, 3.0])).numpy() == np.False_ and (
        x != np.ones(3, np.float32)
    ).numpy() == np.True_
    assert (x == None) is False and (x != None) is True  # noqa: E711
    with pytest.raises(tf.errors.InvalidArgumentError, match="cannot broadcast"):
        tf.equal(x, tf.constant([1.0, 2.0, 3.0]))
    with pytest.raises(tf.errors.InvalidArgumentError, match="is int32"):
        x == tf.constant([1, 2])  # noqa: B015


@pytest.mark.parametrize("name", LOGIC)
def test_logic(name, device):
    x, y = np.array([True, True, False, False]), np.array([True, False, True, False])
    np.testing.assert_array_equal(OPS[name](x, y).numpy(), getattr(np, name)(x, y))
    np.testing.assert_array_equal(OPS[name](tf.constant(x), True).numpy(), getattr(np, name)(x, True))
    with pytest.raises(tf.errors.InvalidArgumentError, match="takes bool"):
        OPS[name](tf.constant([1]), tf.constant([1]))


def test_not_and_predicates(device):
    assert tf.logical_not([True, False]).numpy().tolist() == [False, True]
    x = np.array([0.0, np.nan, np.inf, -np.inf], np.float32)
    for name, numpys in PREDICATES.items():
        np.testing.assert_array_equal(getattr(tf.math, name)(x).numpy(), numpys(x))


@pytest.mark.parametrize("name", BITS)
def test_bits(name, device):
    x, y = RNG.integers(-99, 99, (3, 5)).astype(np.int32), RNG.integers(-99, 99, 5).astype(np.int32)
    np.testing.assert_array_equal(getattr(tf.bitwise, name)(x, y).numpy(), BITS[name](x, y))
    np.testing.assert_array_equal(tf.bitwise.invert(x).numpy(), ~x)
    with pytest.raises(tf.errors.InvalidArgumentError, match="takes integers"):
        getattr(tf.bitwise, name)(tf.constant(1.0), tf.constant(1.0))


def test_shifts(device):
    x = tf.constant([-8, 5, 1])
    assert tf.bitwise.left_shift(x, [1, 0, 31]).numpy().tolist() == [-16, 5, -(2**31)]
    assert tf.bitwise.right_shift(x, 1).numpy().tolist() == [-4, 2, 0]
    assert tf.bitwise.right_shift(x, [100, -1, 0]).numpy().tolist() == [-1, 5, 1]  # counts are limited to 0 ... 31
    assert tf.bitwise.left_shift(np.array([255], np.uint8), 4).numpy().tolist() == [240]


def test_select(device):
    c, x, y = np.array([True, False, True]), np.arange(3, dtype=np.float32), -np.arange(3, dtype=np.float32)
    select = OPS["select"]
    np.testing.assert_array_equal(select(c, x, y).numpy(), np.where(c, x, y))
    np.testing.assert_array_equal(select(c, x, 7.0).numpy(), [0, 7, 2])
    np.testing.assert_array_equal(select(c, tf.constant(x), 0).numpy(), [0, 0, 2])
    np.testing.assert_array_equal(select(c, 0, tf.constant(x)).numpy(), [0, 1, 0])
    np.testing.assert_array_equal(select(c[:, None], x, np.float32(1)).numpy(), np.where(c[:, None], x, 1))
    with pytest.raises(tf.errors.InvalidArgumentError, match="must be bool"):
        select(x, x, y)


def test_gradients_of_choices():
    c = np.array([True, False, True])
    check_gradients(lambda x, y: OPS["select"](c, x, y) ** 2, RNG.standard_normal(3), RNG.standard_normal((2, 3)))
    check_gradients(lambda x: OPS["masked"](x, c) ** 2, RNG.standard_normal(3))
    check_gradients(lambda x: OPS["unmasked"](x, c) ** 2, RNG.standard_normal((2, 3)))
    x = tf.constant([0.0, 4.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = OPS["select"](x > 0, tf.sqrt(x) * x, tf.zeros_like(x))
    assert tape.gradient(y, x).numpy()[1] == 3


def test_comparisons_cut_gradients():
    x = tf.Variable([1.0])
    with tf.GradientTape() as tape:
        y = tf.cast(x > 0, tf.float32)
    assert tape.gradient(y, x) is None
