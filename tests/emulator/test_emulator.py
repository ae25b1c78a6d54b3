"""The emulator finds the faults it promises to find: each test plants one, beside a kernel that is right."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import ml_dtypes
import numpy as np
import pytest

from gputape import cuda
from tests.emulator import emulator
from tests.emulator.emulator import ORDERS, EmulationError, Emulator

pytestmark = pytest.mark.skipif(bool(emulator.unavailable()), reason=str(emulator.unavailable()))

SOURCE = """
#include "common.cuh"
#include <cuda_pipeline_primitives.h>

// Each thread takes the value of its neighbour.
__global__ void rotate_right(const float* x, float* y) {
    __shared__ float row[BLOCK];
    row[threadIdx.x] = x[threadIdx.x];
    __syncthreads();
    y[threadIdx.x] = row[(threadIdx.x + 1) % BLOCK];
}
__global__ void rotate_without_barrier(const float* x, float* y) {
    __shared__ float row[BLOCK];
    row[threadIdx.x] = x[threadIdx.x];
    y[threadIdx.x] = row[(threadIdx.x + 1) % BLOCK];
}
__global__ void rotate_in_warp(const float* x, float* y) {
    GT_DYN_SMEM(float, row);
    row[threadIdx.x] = x[threadIdx.x];
    __syncwarp();
    y[threadIdx.x] = row[(threadIdx.x + 1) % WARP];
}

__global__ void diverge() {
    if (threadIdx.x < 7)
        __syncthreads();
    else
        __syncthreads();
}
__global__ void leave_a_lane_out(int* y) {
    if (threadIdx.x != 3) y[threadIdx.x] = __shfl_xor_sync(0xffffffffu, 1, 1);
    __syncthreads();
}
__global__ void speak_for_others(int* y) { y[threadIdx.x] = __ballot_sync(0xfffffffeu, true); }

__global__ void blocks_write_one_word(int* y) { *y = blockIdx.x; }
__global__ void blocks_count(int* y) { atomicAdd(y, 1); }

__global__ void read_unwritten(float* fixed, float* dynamic, int n) {
    __shared__ float part[4];
    GT_DYN_SMEM(float, row);
    for (int i = 0; i < 4; ++i) fixed[i] = part[i];
    for (int i = 0; i < n; ++i) dynamic[i] = row[i];
    part[0] = row[0] = 1;
}
template <int STILL_OPEN> __global__ void copy_later(const float4* x, float4* y) {
    __shared__ float4 row[BLOCK];
    __pipeline_memcpy_async(&row[threadIdx.x], x + threadIdx.x, 16);
    __pipeline_commit();
    __pipeline_wait_prior(STILL_OPEN);
    y[threadIdx.x] = row[threadIdx.x];
}

template <typename T> __global__ void scale(const T* x, T* y, Acc<T> factor, i64 n) {
    for (i64 i = global_id(); i < n; i += global_count()) y[i] = T(Acc<T>(x[i]) * factor);
}
struct Pair {
    float* y;
    int n;
};
__global__ void fill(Pair pair, const float* value) {
    if (threadIdx.x < pair.n) pair.y[threadIdx.x] = value ? *value : -1;
}
__global__ void copy_words(const unsigned int* x, uint2* y) { y[threadIdx.x] = {x[threadIdx.x], 0}; }
__global__ void store_misaligned(float* y) { store(y + 1, Vec<float, 4>{1, 2, 3, 4}); }
__global__ void beyond_shared(float* y, int n) {
    __shared__ float part[4];
    part[threadIdx.x % 4] = 1;
    __syncthreads();
    *y = part[n];
}

__global__ void all_warp_operations(int* y) {
    const int t = threadIdx.x, lane = t % WARP;
    int* const own = y + 8 * t;
    own[0] = __shfl_sync(0xffffffffu, t, 5);
    own[1] = __shfl_up_sync(0xffffffffu, t, 2);
    own[2] = __shfl_down_sync(0xffffffffu, t, 3, 8);
    own[3] = __shfl_xor_sync(0xffffffffu, t, 1);
    own[4] = __ballot_sync(0xffffffffu, lane % 2);
    own[5] = __any_sync(0xffffffffu, lane == 3) + 2 * __all_sync(0xffffffffu, lane < 31);
    own[6] = __syncthreads_count(t % 3 == 0);
    own[7] = __syncthreads_or(t == 63) + 2 * __syncthreads_and(t < 63);
}

// Declared instances are compiled together.
// instance rotate_right
// instance rotate_without_barrier
// instance rotate_in_warp
// instance diverge
// instance leave_a_lane_out
// instance speak_for_others
// instance blocks_write_one_word
// instance blocks_count
// instance read_unwritten
// instance copy_later<0>
// instance copy_later<1>
// instance scale<float>
// instance scale<__half>
// instance fill
// instance copy_words
// instance beyond_shared
// instance all_warp_operations
"""
KERNELS = cuda.Kernels(SOURCE, block=64)
X = np.arange(64, dtype=np.float32)


def run(
    name: str, *args: object, grid: object = 1, block: object = None, smem: int = 0, orders: object = ORDERS
) -> None:
    with cuda.emulated(Emulator(orders)):
        getattr(KERNELS, name)(grid=grid, args=args, block=block, smem=smem)


# -- what is right gives what it should


def test_a_barrier_orders_threads():
    y = np.full(64, np.nan, np.float32)
    run("rotate_right", X, y)
    np.testing.assert_array_equal(y, np.roll(X, -1))


def test_a_warp_barrier_orders_lanes():
    y = np.full(32, np.nan, np.float32)
    run("rotate_in_warp", X, y, block=32, smem=128)
    np.testing.assert_array_equal(y, np.roll(X[:32], -1))


def test_warp_operations():
    y = np.zeros((64, 8), np.int32)
    run("all_warp_operations", y)
    t = np.arange(64)
    lane = t % 32
    np.testing.assert_array_equal(y[:, 0], t - lane + 5)
    np.testing.assert_array_equal(y[:, 1], np.where(lane < 2, t, t - 2))
    np.testing.assert_array_equal(y[:, 2], np.where(lane % 8 < 5, t + 3, t))
    np.testing.assert_array_equal(y[:, 3], t ^ 1)
    np.testing.assert_array_equal(y[:, 4].view(np.uint32), 0xAAAAAAAA)
    np.testing.assert_array_equal(y[:, 5], 1)
    np.testing.assert_array_equal(y[:, 6], 22)
    np.testing.assert_array_equal(y[:, 7], 1)


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16])
def test_half_types_round_as_numpy_does(dtype):
    """All 65536 values, scaled by factors that make every rounding and the way to zero and infinity happen."""
    x = np.arange(65536, dtype=np.uint16).view(dtype)
    for factor in np.float32([1, 1 / 3, 0.999, 2**-12, 3000]):
        y = np.empty_like(x)
        with cuda.emulated(Emulator()):
            KERNELS.scale[x.dtype](grid=3, args=(x, y, factor, np.int64(x.size)))
        with np.errstate(all="ignore"):
            expected = (x.astype(np.float32) * factor).astype(dtype)
        np.testing.assert_array_equal(y.astype(np.float32), expected.astype(np.float32))
        number = ~np.isnan(expected.astype(np.float32))
        np.testing.assert_array_equal(y.view(np.uint16)[number], expected.view(np.uint16)[number])


def test_structs_are_passed_by_value_and_none_is_a_null_pointer():
    y = np.zeros(8, np.float32)
    pair = np.zeros((), np.dtype([("y", np.uint64), ("n", np.int32)], align=True))
    pair["y"], pair["n"] = cuda.address(y), 5
    run("fill", pair, None)
    np.testing.assert_array_equal(y, [-1] * 5 + [0] * 3)


def test_every_block_runs_once_in_every_order():
    for order in ORDERS:
        y = np.zeros(1, np.int32)
        run("blocks_count", y, grid=(7, 5, 3), block=1, orders=[order])
        assert y[0] == 105


# -- what is wrong is found


def test_a_missing_barrier_is_a_race():
    y = np.zeros(64, np.float32)
    with pytest.raises(EmulationError, match=r"rotate_without_barrier: a race: array 1 .* forward and in reverse"):
        run("rotate_without_barrier", X, y)


def test_a_race_between_blocks_is_found():
    with pytest.raises(EmulationError, match="a race: array 0"):
        run("blocks_write_one_word", np.zeros(1, np.int32), grid=4, block=1)


def test_divergence_names_both_lines():
    line = SOURCE[: SOURCE.index("void diverge")].count("\n") + 1
    told = rf"thread \(7, 0, 0\): diverged: at __syncthreads in line {line + 4}, .* wait in line {line + 2}"
    with pytest.raises(EmulationError, match=told):
        run("diverge", orders=["forward"])


def test_a_lane_that_stays_away_is_a_deadlock():
    with pytest.raises(
        EmulationError, match=r"deadlock in block \(0, 0, 0\): 1 threads at __syncthreads .* 31 in warp"
    ):
        run("leave_a_lane_out", np.zeros(32, np.int32), block=32)


def test_a_lane_outside_its_mask_is_found():
    with pytest.raises(EmulationError, match="lane 0 is not in the mask fffffffe"):
        run("speak_for_others", np.zeros(32, np.int32), block=32)


def test_after_a_fault_the_next_launch_is_right():
    test_divergence_names_both_lines()
    test_a_barrier_orders_threads()


def test_shared_memory_starts_as_nan_in_every_block():
    if os.environ.get("GPUTAPE_SANITIZER") in ("address", "thread"):
        pytest.skip("sanitizers guard static shared memory instead of filling it")
    fixed, dynamic = np.zeros(4, np.float32), np.zeros(8, np.float32)
    run("read_unwritten", fixed, dynamic, np.int32(8), grid=2, block=1, smem=32)
    assert np.isnan(fixed).all() and np.isnan(dynamic).all()


def test_a_copy_that_is_not_waited_for_has_not_happened():
    x, y = np.arange(256, dtype=np.float32), np.zeros(256, np.float32)
    with cuda.emulated(Emulator()):
        KERNELS.copy_later[0](grid=1, args=(x, y))
        np.testing.assert_array_equal(y, x)
        KERNELS.copy_later[1](grid=1, args=(x, y))
    assert not np.array_equal(y, x)


@pytest.mark.parametrize(
    "arguments, told",
    [
        ((X, X, np.float64(2), np.int64(1)), "argument 2: the kernel takes float, not a float64"),
        ((X, X, np.float32(2), np.int32(1)), "argument 3: the kernel takes long long, not a int32"),
        (
            (X.astype(np.float64), X, np.float32(2), np.int64(1)),
            r"argument 0: the kernel takes float\*, not an array of float64",
        ),
        ((X, X, np.float32(2)), r"takes 4 arguments \(float\*, float\*, float, long long\), got 3"),
        ((X, np.int64(0), np.float32(2), np.int64(1)), r"argument 1: the kernel takes float\*, not a int64"),
        ((X, X, X, np.int64(1)), "argument 2: the kernel takes float, not an array of float32"),
    ],
)
def test_arguments_of_the_wrong_type_are_refused(arguments, told):
    with cuda.emulated(Emulator()), pytest.raises(TypeError, match=told):
        KERNELS.scale[np.float32](grid=1, args=arguments)


def test_bytes_may_be_moved_as_unsigned_words():
    y = np.zeros((32, 2), np.float32)
    run("copy_words", X, y, block=32)
    np.testing.assert_array_equal(y[:, 0], X[:32])


def test_launches_that_no_device_takes_are_refused():
    with pytest.raises(EmulationError, match=r"no device launches grid \(1, 70000, 1\)"):
        run("blocks_count", np.zeros(1, np.int32), grid=(1, 70000))
    with pytest.raises(EmulationError, match="300000 bytes of shared memory"):
        run("rotate_in_warp", X, X.copy(), block=32, smem=300000)


def test_compile_errors_name_the_line():
    kernels = cuda.Kernels('#include "common.cuh"\n\n__global__ void f(float* y) { atomicAdd(y, 1.f); }\n')
    with cuda.emulated(Emulator()), pytest.raises(RuntimeError, match=r"(?s)kernel\.cu:3:.*no float atomics"):
        kernels.f(grid=1, args=(X,))


# -- the sanitizers, each in a Python of its own

PLANTS = {
    "address": [
        ("scale[np.float32]", "X, np.zeros(60, np.float32), np.float32(2), np.int64(64)", "heap-buffer-overflow"),
        ("scale[np.float32]", "X, np.zeros(600, np.float32), np.float32(2), np.int64(601)", "heap-buffer-overflow"),
        ("beyond_shared", "X, np.int32(4)", "global-buffer-overflow"),
    ],
    "undefined": [("store_misaligned", "np.zeros(64, np.float32)", "misaligned address")],
    "thread": [("rotate_without_barrier", "X, X.copy()", "data race")],
}


def sanitized(sanitizer: str, kernel: str, args: str) -> subprocess.CompletedProcess[str]:
    code = (
        "import numpy as np\nfrom gputape import cuda\n"
        "from tests.emulator.test_emulator import KERNELS, X\nfrom tests.emulator.emulator import Emulator\n"
        f"with cuda.emulated(Emulator(sanitizer={sanitizer!r})):\n    KERNELS.{kernel}(grid=1, args=({args},))\n"
    )
    variables = {**os.environ, **emulator.environment(sanitizer), "PYTHONPATH": os.getcwd()}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=variables, check=False)


@pytest.mark.parametrize(
    "sanitizer, kernel, args, told", [(s, *plant) for s, plants in PLANTS.items() for plant in plants]
)
def test_a_sanitizer_finds(sanitizer, kernel, args, told):
    done = sanitized(sanitizer, kernel, args)
    assert done.returncode != 0 and told in done.stderr and re.search(r"(kernel\.cu|common\.cuh):\d+", done.stderr), (
        done.stderr[-2000:]
    )


@pytest.mark.parametrize("sanitizer", PLANTS)
def test_a_sanitizer_passes_what_is_right(sanitizer):
    done = sanitized(sanitizer, "rotate_right", "X, X.copy()")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_sanitizer_needs_its_environment(monkeypatch):
    monkeypatch.setenv("LD_PRELOAD", "")
    with pytest.raises(RuntimeError, match=r"LD_PRELOAD.*libasan\.so"):
        Emulator(sanitizer="address")
