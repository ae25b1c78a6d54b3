"""The three convolution ops: values against sums of shifted products, gradients of two orders, kernels in any thread order."""

import itertools

import ml_dtypes
import numpy as np
import pytest

from gputape import cuda
from gputape.ops import conv as family
from gputape.ops import window
from gputape.ops.window import Sliding
from gputape.testing import check_gradients, check_kernel
from tests.emulator.emulator import ORDERS, Emulator, unavailable

from .declared import declared, on_devices

DTYPES = [np.float64, np.float32, np.float16, ml_dtypes.bfloat16]
RNG = np.random.default_rng(0)
HALF = {"rtol": 2e-2, "atol": 5e-2}


def sums(x, w, how, groups=1):
    """The definition, element by element of the window."""
    out, per, filters = how.out(x.shape[1:-1]), w.shape[-2], w.shape[-1] // groups
    full = np.pad(x, [(0, 0), *how.padding, (0, 0)])
    y = np.zeros((len(x), *out, w.shape[-1]))
    for q in np.ndindex(*out):
        for k in np.ndindex(*how.window):
            at = tuple(a * s + b * d for a, s, b, d in zip(q, how.strides, k, how.dilations, strict=True))
            for g in range(groups):
                seen = full[(slice(None), *at, slice(g * per, (g + 1) * per))]
                mine = slice(g * filters, (g + 1) * filters)
                y[(slice(None), *q, mine)] += seen @ w[(*k, slice(None), mine)]
    return y


# n, spatial, channels of a group, filters of a group, groups, how
CASES = {
    "2d": (2, (5, 6), 3, 5, 1, Sliding((3, 2), (1, 1), ((1, 1), (0, 1)), (1, 1))),
    "1d": (2, (9,), 4, 1, 1, Sliding((3,), (2,), ((2, 0),), (1,))),
    "3d": (1, (3, 4, 5), 2, 3, 1, Sliding((2, 3, 2), (1, 2, 1), ((0, 1), (1, 1), (0, 0)), (1, 1, 2))),
    "one channel": (1, (7, 5), 1, 4, 1, Sliding((3, 3), (2, 2), ((1, 1), (1, 1)), (1, 1))),
    "groups": (2, (4, 4), 2, 3, 3, Sliding((3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1))),
    "dilated and strided": (1, (11, 10), 2, 2, 1, Sliding((3, 2), (2, 3), ((2, 2), (1, 2)), (2, 2))),
    "phases without taps": (1, (9, 7), 1, 2, 1, Sliding((2, 1), (4, 3), ((0, 0), (0, 0)), (2, 1))),
    "eights": (2, (5, 7), 8, 16, 1, Sliding((3, 3), (2, 1), ((1, 1), (1, 1)), (1, 1))),
    "eights in groups": (1, (6, 5), 16, 8, 2, Sliding((2, 3), (1, 2), ((0, 1), (1, 1)), (1, 1))),
    "several tiles": (3, (8, 8), 8, 72, 1, Sliding((3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1))),
    "plain": (2, (3, 4), 5, 4, 1, Sliding((1, 1), (1, 1), ((0, 0), (0, 0)), (1, 1))),
    "strided points": (2, (5, 4), 8, 8, 1, Sliding((1, 1), (2, 2), ((0, 0), (0, 0)), (1, 1))),
    "empty batch": (0, (4, 4), 3, 2, 1, Sliding((3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1))),
}
KERNELS = [name for name in CASES if name != "plain"]


def arrays(name, dtype=np.float64):
    n, spatial, per, filters, groups, how = CASES[name]
    shapes = (n, *spatial, per * groups), (*how.window, per, filters * groups), (n, *how.out(spatial), filters * groups)
    return (*[RNG.standard_normal(s).astype(dtype) for s in shapes], how, groups)


def test_all_names_are_tried():
    assert declared(family) == {"convolve", "convolve_input", "convolve_filter"}


@pytest.mark.parametrize("name", CASES)
def test_values_and_adjoints(device, name):
    x, w, dy, how, groups = arrays(name)
    y = family.convolve(x, w, how=how, groups=groups).numpy()
    np.testing.assert_allclose(y, sums(x, w, how, groups), rtol=1e-10, atol=1e-10)
    dx = family.convolve_input(dy, w, spatial=x.shape[1:-1], how=how, groups=groups).numpy()
    dw = family.convolve_filter(x, dy, how=how, groups=groups).numpy()
    assert dx.shape == x.shape and dw.shape == w.shape
    np.testing.assert_allclose((dx * x).sum(), (dy * y).sum(), rtol=1e-9)
    np.testing.assert_allclose((dw * w).sum(), (dy * y).sum(), rtol=1e-9)


@pytest.mark.parametrize("name", ["1d", "groups", "phases without taps"])
def test_gradients(name):
    x, w, dy, how, groups = arrays(name)
    attrs = {"how": how, "groups": groups}
    check_gradients(lambda a, b: family.convolve(a, b, **attrs), x[:1], w)
    check_gradients(lambda a, b: family.convolve_input(a, b, spatial=x.shape[1:-1], **attrs), dy[:1], w)
    check_gradients(lambda a, b: family.convolve_filter(a, b, **attrs), x[:1], dy[:1])


@on_devices
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", KERNELS)
def test_kernels_against_meaning(device, name, dtype):
    x, w, dy, how, groups = arrays(name, dtype)
    near = HALF if np.dtype(dtype).itemsize == 2 else {"rtol": 1e-4, "atol": 1e-4} if dtype is np.float32 else {}
    check_kernel(family.convolve, x, w, how=how, groups=groups, **near)
    check_kernel(family.convolve_input, dy, w, spatial=x.shape[1:-1], how=how, groups=groups, **near)
    check_kernel(family.convolve_filter, x, dy, how=how, groups=groups, **near)


@pytest.mark.skipif(bool(unavailable()), reason=str(unavailable()))
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@pytest.mark.parametrize("name", ["2d", "groups", "eights"])
def test_no_races(name, dtype):
    x, w, dy, how, groups = arrays(name, dtype)
    with cuda.emulated(Emulator(ORDERS)):
        family.convolve.kernel_body(x, w, how=how, groups=groups)
        family.convolve_input.kernel_body(dy, w, spatial=x.shape[1:-1], how=how, groups=groups)
        family.convolve_filter.kernel_body(x, dy, how=how, groups=groups)


@on_devices
def test_which_kernel_takes_what(device):
    launched = {}
    for name, dtype in itertools.product(("2d", "eights"), (np.float16, np.float32)):
        x, w, dy, how, groups = arrays(name, dtype)
        with cuda.count_launches() as counter:
            family.convolve.run([cuda.to_device(x), cuda.to_device(w)], {"how": how, "groups": groups})
            family.convolve_filter.run([cuda.to_device(x), cuda.to_device(dy)], {"how": how, "groups": groups})
        launched[name, np.dtype(dtype).itemsize] = counter.launches
    assert launched["2d", 2] == ["conv_gather<__half, 1>", "conv_filter<__half>", "add_parts<__half>"]
    assert launched["eights", 2] == ["conv_gather_tensor<__half>", "conv_filter_tensor<__half>", "add_parts<__half>"]
    assert launched["eights", 4] == ["conv_gather<float, 4>", "conv_filter<float>", "add_parts<float>"]


@on_devices
def test_the_filter_gradient_in_parts(device, monkeypatch):
    monkeypatch.setattr(family, "LEAST", 7)
    for dtype in (np.float64, np.float16):
        x, _, dy, how, groups = arrays("eights", dtype)
        near = HALF if dtype is np.float16 else {}
        check_kernel(family.convolve_filter, x, dy, how=how, groups=groups, **near)


@on_devices
def test_memory_that_is_not_contiguous_and_no_output(device):
    x, w, dy, how, groups = arrays("2d", np.float32)
    turned = np.ascontiguousarray(x.transpose(2, 1, 0, 3)).transpose(2, 1, 0, 3)
    check_kernel(family.convolve, turned, w, how=how, groups=groups, rtol=1e-4, atol=1e-4)
    check_kernel(family.convolve_filter, turned, dy[:, :, ::-1], how=how, groups=groups, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("cache", [1, 40, 700, 10**6])
@pytest.mark.parametrize("name", ["2d", "3d", "one channel", "groups", "several tiles"])
def test_pieces_of_any_size(name, cache, monkeypatch):
    x, w, dy, how, groups = arrays(name)
    bodies = (
        lambda: family.convolve(x, w, how=how, groups=groups).numpy(),
        lambda: family.convolve_input(dy, w, spatial=x.shape[1:-1], how=how, groups=groups).numpy(),
        lambda: family.convolve_filter(x, dy, how=how, groups=groups).numpy(),
    )
    whole = [body() for body in bodies]
    monkeypatch.setattr(window, "CACHE", cache)
    monkeypatch.setattr(family, "most", lambda w: cache)
    for body, expected in zip(bodies, whole, strict=True):
        np.testing.assert_allclose(body(), expected, rtol=1e-10, atol=1e-12)
