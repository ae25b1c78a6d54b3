"""Fourier transforms against NumPy, which has them all; their gradients to second order; errors."""

import numpy as np
import pytest

import gputape as tf
from gputape.errors import InvalidArgumentError
from gputape.ops import fft
from gputape.registry import OPS
from gputape.testing import check_gradients
from tests.ops.declared import declared

RNG = np.random.default_rng(3)
REAL = RNG.standard_normal((2, 3, 4, 5))
COMPLEX = REAL + 1j * RNG.standard_normal(REAL.shape)
RANKS = {"": (-1,), "2d": (-2, -1), "3d": (-3, -2, -1)}
EVERY = {f"{kind}{rank}" for kind in ("fft", "ifft", "rfft", "irfft") for rank in (*RANKS, "nd")}


def test_every_op_is_here():
    inner = {"fourier", "fourier_of_real", "fourier_to_real"}
    assert declared(fft) == EVERY | {"fftshift", "ifftshift"} | inner


@pytest.mark.parametrize("rank", RANKS)
@pytest.mark.parametrize("kind", ["fft", "ifft", "rfft", "irfft"])
@pytest.mark.parametrize("single", [True, False])
def test_values(kind, rank, single, device):
    x = REAL if kind == "rfft" else COMPLEX
    x = x.astype({"f": np.float32, "c": np.complex64}[x.dtype.kind]) if single else x
    y = getattr(tf.signal, kind + rank)(tf.constant(x)).numpy()
    expected = getattr(np.fft, kind + "n")(x, axes=RANKS[rank])
    assert y.dtype.itemsize == (4 if single else 8) * (1 if kind == "irfft" else 2)
    np.testing.assert_allclose(y, expected, rtol=1e-4 if single else 1e-12, atol=1e-5 if single else 1e-12)


@pytest.mark.parametrize("n", [1, 2, 5, 8])
def test_lengths(n):
    np.testing.assert_allclose(tf.signal.rfft(tf.constant(REAL), [n]), np.fft.rfft(REAL, n), atol=1e-12)
    np.testing.assert_allclose(tf.signal.irfft(tf.constant(COMPLEX), [n]), np.fft.irfft(COMPLEX, n), atol=1e-12)
    made = tf.signal.rfft2d(tf.constant(REAL), [n, 3])
    np.testing.assert_allclose(made, np.fft.rfft2(REAL, (n, 3)), atol=1e-12)


@pytest.mark.parametrize("norm", [None, "ortho", "forward"])
@pytest.mark.parametrize("axes, sizes", [((1, 3), None), ((-1, 0), (4, 3)), (None, (6, 2)), (None, None)])
def test_any_axes(norm, axes, sizes):
    last = axes or (tuple(range(4)) if sizes is None else tuple(range(4 - len(sizes), 4)))
    for kind in ("fft", "ifft", "rfft", "irfft"):
        x = REAL if kind == "rfft" else COMPLEX
        y = getattr(tf.signal, kind + "nd")(tf.constant(x), sizes, axes, norm)
        np.testing.assert_allclose(y, getattr(np.fft, kind + "n")(x, sizes, last, norm), atol=1e-11)


def test_what_is_no_tensor_becomes_the_smaller_type():
    assert tf.signal.fft(np.ones(2)).dtype == tf.complex64
    assert tf.signal.rfft(np.ones(2)).dtype == tf.complex64
    assert tf.signal.irfft(np.ones(2)).dtype == tf.float32


@pytest.mark.parametrize("shape", [(0, 3), (3, 0)])
def test_empty(shape):
    assert tf.signal.fft(tf.zeros(shape, tf.complex64)).shape == shape
    assert tf.signal.rfft(tf.zeros(shape)).shape == ((0, 2) if shape[1] else (3, 0))


def test_not_contiguous():
    x = tf.constant(COMPLEX)[..., ::2]
    np.testing.assert_allclose(tf.signal.fft(x), np.fft.fft(COMPLEX[..., ::2]), atol=1e-12)


@pytest.mark.parametrize("size", [4, 5])
@pytest.mark.parametrize("norm", ["backward", "ortho", "forward"])
def test_gradients(size, norm):
    x = RNG.standard_normal((2, size))
    z = x + 1j * RNG.standard_normal(x.shape)
    axes = {"axes": (0, 1), "norm": norm}
    check_gradients(lambda v: OPS["fourier"](v, inverse=False, **axes) * v, z)
    check_gradients(lambda v: OPS["fourier"](v, inverse=True, **axes) * v, z)
    check_gradients(lambda v: tf.abs(OPS["fourier_of_real"](v, **axes)) ** 2, x, atol=1e-4)
    check_gradients(lambda v: OPS["fourier_to_real"](v, size=2 * size - 1, **axes) ** 2, z)
    check_gradients(lambda v: OPS["fourier_to_real"](v, size=2 * size - 2, **axes) ** 2, z)


def test_shifts():
    for axes in (None, 1, (0, -1)):
        np.testing.assert_array_equal(tf.signal.fftshift(tf.constant(REAL), axes), np.fft.fftshift(REAL, axes))
        np.testing.assert_array_equal(tf.signal.ifftshift(tf.constant(REAL), axes), np.fft.ifftshift(REAL, axes))
    check_gradients(lambda v: tf.signal.fftshift(v, 0) ** 2 * v, REAL[0, 0])


def test_errors():
    with pytest.raises(InvalidArgumentError, match="complex64 or complex128"):
        tf.signal.fft(tf.constant([1.0]))
    with pytest.raises(ValueError, match="requires tf"):
        tf.signal.rfft(tf.constant([1.0], tf.float16))
    with pytest.raises(InvalidArgumentError, match="rank of at least 2"):
        tf.signal.fft2d([1.0])
    with pytest.raises(InvalidArgumentError, match=r"must have shape \[1\]"):
        tf.signal.rfft([1.0], [5, 2])
    with pytest.raises(TypeError, match="not iterable"):
        tf.signal.rfft([1.0], 5)
    with pytest.raises(ValueError, match="norm='bad'"):
        tf.signal.fftnd(tf.constant(COMPLEX), norm="bad")


def test_inside_a_function():
    f = tf.function(lambda v: tf.signal.irfft(tf.signal.rfft(v)))
    for _ in range(2):
        np.testing.assert_allclose(f(tf.constant(REAL[..., :4])), REAL[..., :4], atol=1e-12)
