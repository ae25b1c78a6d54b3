"""Conversions between element types, and tensors like others: every pair of dtypes, limits, gradients, kernels."""

import ml_dtypes
import numpy as np
import pytest

import gputape as tf
from gputape.ops import cast
from gputape.registry import OPS
from gputape.testing import check_gradients, check_kernel
from tests.ops.declared import declared, on_devices

NAMES = "float16 bfloat16 float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64 bool complex64 complex128"
VALUES = [0, 1, 2, 3]
PAIRS = [f"float32 {to}" for to in ("float16", "bfloat16", "float64", "int32", "bool")]
PAIRS += [f"{source} float32" for source in ("float16", "bfloat16", "float64", "int32", "bool")]


def test_every_op_is_here():
    names = {"convert", "cast", "saturate_cast", "identity", "detach", "filled_like", "zeros_like", "ones_like"}
    assert declared(cast) == names


@pytest.mark.parametrize("to", NAMES.split())
def test_every_pair(to):
    for name in NAMES.split():
        x = tf.cast(VALUES, name)
        assert x.dtype == name
        y = tf.cast(x, to)
        assert y.dtype == to
        expected = [bool(v) for v in VALUES] if "bool" in (name, to) else VALUES
        assert tf.cast(y, tf.float64).numpy().tolist() == expected


def test_rounds_towards_zero_and_takes_real_parts():
    assert tf.cast([1.9, -1.9], tf.int32).numpy().tolist() == [1, -1]
    assert tf.cast(tf.constant([1.5 + 2j]), tf.float32).numpy().tolist() == [1.5]
    assert tf.cast(tf.constant([2j]), tf.int32).numpy().tolist() == [0]
    assert tf.cast([0.5, 0.0, np.nan], tf.bool).numpy().tolist() == [True, False, True]


def test_what_needs_no_work():
    x = tf.constant([1.0])
    assert tf.cast(x, "float32") is x
    assert tf.cast(1, tf.float32).dtype == tf.float32
    assert tf.cast(tf.constant([], tf.int32), tf.float32).shape == (0,)
    slices = tf.cast(tf.IndexedSlices(x, tf.constant([0]), (1,)), tf.float64)
    assert slices.values.dtype == tf.float64


def test_errors():
    with pytest.raises(TypeError, match="floaty"):
        tf.cast(1.0, "floaty")
    with pytest.raises(tf.errors.UnimplementedError, match="string to int32"):
        tf.cast(["1"], tf.int32)


def test_gradients():
    x = tf.Variable([1.0, 2.0])
    with tf.GradientTape(persistent=True) as tape:
        half = tf.cast(tf.cast(x, tf.float16) * 2, tf.float64)
        whole = tf.cast(tf.cast(x, tf.int32), tf.float32)
        both = tf.cast(tf.cast(x, tf.complex64), tf.float32)
    for y in (half, both):
        assert tape.gradient(y, x).dtype == tf.float32
    assert tape.gradient(half, x).numpy().tolist() == [2, 2]
    assert tape.gradient(whole, x) is None
    check_gradients(lambda x: tf.cast(tf.cast(x, tf.complex128) ** 2, tf.float64), np.array([0.5, -1.0]))


@on_devices
@pytest.mark.parametrize("pair", PAIRS)
def test_kernels(pair, device):
    source, dtype = (tf.as_dtype(name).dtype for name in pair.split())
    for shape in ((), (3, 5), (37,)):
        x = (np.random.default_rng(0).standard_normal(shape) * 9).astype(source)
        check_kernel(OPS["convert"], np.asarray(x), dtype=dtype, source=source)


def test_saturate_cast():
    def check(values, source, to, expected):
        made = tf.saturate_cast(tf.constant(values, source), to)
        assert made.dtype == to and made.numpy().tolist() == expected

    check([-5.0, 3.7, 300.0, np.inf], tf.float32, tf.uint8, [0, 3, 255, 255])
    check(
        [1e20, -1e20, np.inf], tf.float32, tf.int32, [2147483520, -(2**31), 2147483520]
    )  # the floats next to the limits
    check([-1, 70000], tf.int32, tf.int16, [-1, 32767])
    check([-1, 5], tf.int64, tf.uint64, [0, 5])
    check([2**40], tf.int64, tf.float32, [float(2**40)])
    check([1e300, -1e300], tf.float64, tf.float32, [float(np.finfo(np.float32).max), float(np.finfo(np.float32).min)])
    check([3 + 4j], tf.complex64, tf.uint8, [3])
    check([True], tf.bool, tf.int8, [1])


def test_identity_and_detach():
    x = tf.Variable([1.0, 2.0])
    before = tf.identity(x)
    x.assign([5.0, 6.0])
    assert before.numpy().tolist() == [1, 2]
    with tf.GradientTape() as tape:
        y = tf.identity(x) * tf.stop_gradient(x)
    assert tape.gradient(y, x).numpy().tolist() == [5, 6]
    check_gradients(tf.identity, np.ones(2))


@pytest.mark.parametrize(("make", "value"), [(tf.zeros_like, 0), (tf.ones_like, 1)])
def test_like(make, value, device):
    for x in (
        np.zeros((2, 3), np.float32),
        np.zeros((0, 2), np.int8),
        np.asarray(ml_dtypes.bfloat16(2)),
        [True, False],
    ):
        made = make(x)
        assert made.shape == np.shape(x) and made.dtype == np.asarray(x).dtype
        assert (made.numpy().astype(np.float64) == value).all()
    assert make([1, 2], dtype="float64").dtype == tf.float64


def test_zeros_like_strings():
    assert tf.zeros_like(tf.constant(["a", "b"])).numpy().tolist() == [b"", b""]
