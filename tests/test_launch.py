"""Packing a kernel's parameters: what the driver reads at the addresses it is given."""

import ctypes
import threading

import ml_dtypes
import numpy as np
import pytest

from gputape import cuda, launch
from gputape.ops.functor import AXES

SCALARS = [
    np.bool_(True),
    np.int8(-3),
    np.int32(-5),
    np.uint32(7),
    np.int64(-(2**40)),
    np.uint64(2**63),
    np.float16(1.5),
]
SCALARS += [np.longlong(-6), np.float32(np.pi), np.float64(np.pi), ml_dtypes.bfloat16(2.5)]


def read(parameters, k, like):
    """The k-th parameter, as a kernel with that type would see it."""
    memory = ctypes.string_at(parameters[k], np.asarray(like).nbytes)
    return np.frombuffer(memory, np.asarray(like).dtype)[0]


def test_every_type_is_read_as_it_was_given():
    axes = np.zeros(1, AXES)
    axes["size"], axes["count"] = np.arange(6), 3
    arguments = (2**47 + 1, *SCALARS, axes, 0, np.bool_(False), 3)
    layout = launch.Layout(arguments)
    parameters = layout.fill(arguments)
    for k, a in enumerate(arguments):
        like = np.uint64(a) if type(a) is int else a
        assert read(parameters, k, like).tobytes() == np.asarray(like).tobytes()
        alignment = 8 if type(a) is int else np.asarray(a).dtype.alignment
        assert parameters[k] % alignment == 0


def test_a_layout_serves_further_values():
    layout = launch.Layout((1, np.int32(2)))
    for address, number in ((5, -6), (2**60, 7)):
        parameters = layout.fill((address, np.int32(number)))
        assert (read(parameters, 0, np.uint64(0)), read(parameters, 1, np.int32(0))) == (address, number)


class Driver:
    """Keeps what launches would read."""

    def __init__(self):
        self.seen = []

    def cuLaunchKernel(self, function, *launched):
        *size, smem, stream, parameters, _ = launched
        self.seen.append((size, smem, stream, int(read(parameters, 0, np.int64(0)))))
        return 0


def test_threads_do_not_mix(monkeypatch):
    driver = Driver()
    monkeypatch.setattr(launch, "driver", lambda: driver)
    launcher = launch.Launcher("f", 1, None)

    def work(value):
        for _ in range(200):
            launcher((2, 3), (32,), (np.int64(value),), 0, 5)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert sorted(v for *_, v in driver.seen) == sorted([0, 1, 2, 3] * 200)
    assert driver.seen[0][:3] == ([2, 3, 1, 32, 1, 1], 0, 5)


def test_a_thread_is_made_ready_before_its_first_launch(monkeypatch):
    done = []
    monkeypatch.setattr(launch, "driver", Driver)
    launcher = launch.Launcher("f", 1, None, lambda: done.append(threading.get_ident()))
    for _ in range(2):
        launcher((1,), (1,), (np.int64(1),), 0, 0)
    thread = threading.Thread(target=launcher, args=((1,), (1,), (np.int64(1),), 0, 0))
    thread.start()
    thread.join()
    assert len(done) == len(set(done)) == 2 and done[0] == threading.get_ident()


def test_on_a_gpu():
    if not cuda.available():
        pytest.skip("needs a GPU")
    source = """
template <typename T> __global__ void filled(T* y, T a, bool b, int n) { if (threadIdx.x < n) y[threadIdx.x] = b ? a : T(0); }
"""
    kernels = cuda.Kernels('#include "common.cuh"\n' + source, 32)
    for scalar in SCALARS[1:]:
        dtype = np.asarray(scalar).dtype
        y = cuda.zeros((5,), dtype)
        kernels.filled[dtype](1, (y, scalar, np.bool_(True), np.int32(5)))
        np.testing.assert_array_equal(cuda.to_host(y), np.full(5, scalar))
    with pytest.raises(launch.LaunchError, match="returned error"):
        kernels.filled[np.float32](
            (1, 2**20), (cuda.zeros((5,), np.float32), np.float32(1), np.bool_(True), np.int32(5))
        )
