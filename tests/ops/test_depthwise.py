"""The three depthwise ops: as convolutions of as many groups as channels, gradients of two orders, kernels."""

import ml_dtypes
import numpy as np
import pytest

from gputape import cuda
from gputape.ops import conv, window
from gputape.ops import depthwise as family
from gputape.ops.window import Sliding
from gputape.testing import check_gradients, check_kernel
from tests.emulator.emulator import ORDERS, Emulator, unavailable

from .declared import declared, on_devices

DTYPES = [np.float64, np.float32, np.float16, ml_dtypes.bfloat16]
RNG = np.random.default_rng(0)
HALF = {"rtol": 2e-2, "atol": 5e-2}

# n, spatial, channels, filters for each, how
CASES = {
    "2d": (2, (5, 6), 3, 1, Sliding((3, 2), (1, 1), ((1, 1), (0, 1)), (1, 1))),
    "1d": (1, (9,), 5, 2, Sliding((3,), (2,), ((2, 0),), (1,))),
    "3d": (1, (3, 4, 5), 2, 3, Sliding((2, 3, 2), (1, 2, 1), ((0, 1), (1, 1), (0, 0)), (1, 1, 2))),
    "eights": (2, (6, 5), 16, 1, Sliding((3, 3), (2, 1), ((1, 0), (1, 1)), (1, 2))),
    "eights twice": (2, (4, 5), 8, 2, Sliding((3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1))),
    "many pixels": (3, (20, 21), 4, 1, Sliding((2, 2), (1, 1), ((0, 1), (0, 1)), (1, 1))),
    "empty batch": (0, (4, 4), 3, 2, Sliding((3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1))),
}


def arrays(name, dtype=np.float64):
    n, spatial, channels, repeat, how = CASES[name]
    shapes = (n, *spatial, channels), (*how.window, channels * repeat), (n, *how.out(spatial), channels * repeat)
    return (*[RNG.standard_normal(s).astype(dtype) for s in shapes], how)


def sizes(x):
    return {"spatial": x.shape[1:-1], "channels": x.shape[-1]}


def test_all_names_are_tried():
    assert declared(family) == {"depthwise", "depthwise_input", "depthwise_filter"}


@pytest.mark.parametrize("name", CASES)
def test_as_a_convolution_in_groups(device, name):
    x, w, dy, how = arrays(name)
    groups = {"how": how, "groups": x.shape[-1]}
    grouped = np.expand_dims(w, -2)
    y = family.depthwise(x, w, how=how).numpy()
    np.testing.assert_allclose(y, conv.convolve(x, grouped, **groups).numpy(), atol=1e-12)
    dx = family.depthwise_input(dy, w, how=how, **sizes(x)).numpy()
    expected = conv.convolve_input(dy, grouped, spatial=x.shape[1:-1], **groups)
    np.testing.assert_allclose(dx, expected.numpy(), atol=1e-12)
    dw = family.depthwise_filter(x, dy, how=how).numpy()
    np.testing.assert_allclose(dw, conv.convolve_filter(x, dy, **groups).numpy().reshape(w.shape), atol=1e-11)


@pytest.mark.parametrize("name", ["1d", "2d"])
def test_gradients(name):
    x, w, dy, how = arrays(name)
    check_gradients(lambda a, b: family.depthwise(a, b, how=how), x[:1], w)
    check_gradients(lambda a, b: family.depthwise_input(a, b, how=how, **sizes(x)), dy[:1], w)
    check_gradients(lambda a, b: family.depthwise_filter(a, b, how=how), x[:1], dy[:1])


@on_devices
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", CASES)
def test_kernels_against_meaning(device, name, dtype):
    x, w, dy, how = arrays(name, dtype)
    near = HALF if np.dtype(dtype).itemsize == 2 else {"rtol": 1e-4, "atol": 1e-4} if dtype is np.float32 else {}
    check_kernel(family.depthwise, x, w, how=how, **near)
    check_kernel(family.depthwise_input, dy, w, how=how, **sizes(x), **near)
    check_kernel(family.depthwise_filter, x, dy, how=how, **near)


@pytest.mark.skipif(bool(unavailable()), reason=str(unavailable()))
@pytest.mark.parametrize("name", ["3d", "many pixels"])
def test_no_races(name):
    x, w, dy, how = arrays(name, np.float32)
    with cuda.emulated(Emulator(ORDERS)):
        family.depthwise.kernel_body(x, w, how=how)
        family.depthwise_input.kernel_body(dy, w, how=how, **sizes(x))
        family.depthwise_filter.kernel_body(x, dy, how=how)


@pytest.mark.parametrize("cache", [1, 200, 10**6])
@pytest.mark.parametrize("name", ["2d", "3d", "eights twice"])
def test_pieces_of_any_size(name, cache, monkeypatch):
    x, w, dy, how = arrays(name)
    bodies = (
        lambda: family.depthwise(x, w, how=how).numpy(),
        lambda: family.depthwise_input(dy, w, how=how, **sizes(x)).numpy(),
        lambda: family.depthwise_filter(x, dy, how=how).numpy(),
    )
    whole = [body() for body in bodies]
    monkeypatch.setattr(window, "CACHE", cache)
    for body, expected in zip(bodies, whole, strict=True):
        np.testing.assert_allclose(body(), expected, rtol=1e-10, atol=1e-12)
