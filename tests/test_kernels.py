"""What kernels/common.cuh gives to all kernels, and softmax.cu as the first user of it."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest

from gputape import cuda, sources
from tests.emulator import emulator
from tests.emulator.emulator import ORDERS, Emulator

pytestmark = pytest.mark.skipif(bool(emulator.unavailable()), reason=str(emulator.unavailable()))
FLOATS = [np.float64, np.float32, np.float16, ml_dtypes.bfloat16]

REAL = ["double", "float", "__half", "__nv_bfloat16"]
COMMON = cuda.Kernels(
    """
#include "common.cuh"

template <typename T, typename Op> __global__ void reduce(const T* x, T* y, i64 n) {
    Acc<T> a = Op::template identity<Acc<T>>();
    for (i64 i = thread_id(); i < n; i += thread_count()) a = Op()(a, Acc<T>(x[i]));
    a = block_reduce(a, Op());
    y[thread_id()] = T(a);
}

// A value and where it stands: the largest value, and the first place of it. 16 bytes travel through the shuffles.
struct At {
    double value;
    i64 index;
};
struct First {
    template <typename T> static __device__ T identity() { return {-INFINITY, 0x7fffffff}; }
    __device__ At operator()(At a, At b) const {
        return a.value > b.value || (a.value == b.value && a.index < b.index) ? a : b;
    }
};
__global__ void argmax(const double* x, i64* y, i64 n) {
    At best = First::identity<At>();
    for (i64 i = threadIdx.x; i < n; i += BLOCK) best = First()(best, At{x[i], i});
    best = block_reduce(best, First());
    if (threadIdx.x == 0) *y = best.index;
}
// Several reductions in a row use the same shared memory.
__global__ void moments(const float* x, float* y, i64 n) {
    for (i64 row = 0; row < 3; ++row) {
        float s = 0;
        for (i64 i = threadIdx.x; i < n; i += BLOCK) s += pow(x[i], float(row));
        s = block_reduce(s, Sum());
        if (threadIdx.x == 0) y[row] = s;
    }
}
template <typename T> __global__ void limits(T* y) {
    y[0] = Limits<T>::lowest();
    y[1] = Limits<T>::highest();
}
// Vectors where memory allows, the rest one by one.
template <typename T> __global__ void negate(const T* x, T* y, i64 n) {
    constexpr int size = vector_size<T>();
    const i64 vectors = aligned(x) && aligned(y) ? n / size : 0;
    for (i64 i = global_id(); i < vectors; i += global_count()) {
        Vec<T, size> v = load<size>(x + i * size);
        for (int k = 0; k < size; ++k) v[k] = T(-Acc<T>(v[k]));
        store(y + i * size, v);
    }
    for (i64 i = vectors * size + global_id(); i < n; i += global_count()) y[i] = T(-Acc<T>(x[i]));
}
"""
    + "".join(f"// instance reduce<{t}, {op}>\n" for t in REAL for op in ["Sum", "Product", "Max", "Min"])
    + "".join(f"// instance negate<{t}>\n" for t in REAL)
    + "".join(f"// instance limits<{t}>\n" for t in sources.C_NAMES.values() if "_" not in t)
    + "".join(f"// instance reduce<long long, {op}>\n" for op in ["Sum", "Max", "Min"])
    + "// instance argmax\n// instance moments\n"
)


# -- common.cuh


@pytest.mark.parametrize("block", [32, 64, 256, (8, 4), (4, 8, 4)])
@pytest.mark.parametrize("n", [0, 1, 31, 1000])
def test_a_block_reduces_to_the_same_value_in_every_thread(n, block):
    x = np.random.default_rng(0).integers(-9, 10, n).astype(np.int64)
    threads = int(np.prod(block))
    with cuda.emulated(Emulator(ORDERS)):
        for op, expected in {"Sum": x.sum(), "Max": x.max(initial=-(2**63)), "Min": x.min(initial=2**63 - 1)}.items():
            y = cuda.empty(threads, np.int64)
            COMMON.reduce[np.int64, op](grid=1, args=(x, y, np.int64(n)), block=block)
            assert y.tolist() == [expected] * threads


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("op, numpy_op", [("Sum", np.sum), ("Max", np.max), ("Min", np.min), ("Product", np.prod)])
def test_reductions_accumulate_wide_and_propagate_nan(op, numpy_op, dtype):
    x = np.random.default_rng(0).uniform(0.5, 1.5, 700).astype(dtype)
    with cuda.emulated(Emulator(ORDERS)):
        y = cuda.empty(256, dtype)
        COMMON.reduce[x.dtype, op](grid=1, args=(x, y, np.int64(x.size)))
        close(y, np.full(256, numpy_op(x.astype(np.float64))), dtype)
        for at in (0, 300, 699):
            z = x.copy()
            z[at] = np.nan
            COMMON.reduce[x.dtype, op](grid=1, args=(z, y, np.int64(x.size)))
            assert np.isnan(y).all()


def test_an_op_of_ones_own_over_a_struct():
    x = np.random.default_rng(0).integers(0, 20, 999).astype(np.float64)
    with cuda.emulated(Emulator(ORDERS)):
        y = cuda.empty(1, np.int64)
        COMMON.argmax(grid=1, args=(x, y, np.int64(x.size)))
    assert y[0] == x.argmax()


def test_reductions_follow_each_other():
    x = np.arange(1000, dtype=np.float32) / 1000
    with cuda.emulated(Emulator(ORDERS)):
        y = cuda.empty(3, np.float32)
        COMMON.moments(grid=1, args=(x, y, np.int64(x.size)))
    np.testing.assert_allclose(y, [1000, x.sum(), (x * x).sum()], rtol=1e-5)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64])
def test_limits_of_integers(dtype):
    with cuda.emulated(Emulator()):
        y = cuda.empty(2, dtype)
        COMMON.limits[np.dtype(dtype)](grid=1, args=(y,), block=1)
    assert y.tolist() == [np.iinfo(dtype).min, np.iinfo(dtype).max]


def test_limits_of_others():
    with cuda.emulated(Emulator()):
        for dtype, ends in {
            np.float32: [-np.inf, np.inf],
            np.float64: [-np.inf, np.inf],
            np.bool_: [False, True],
        }.items():
            y = cuda.empty(2, dtype)
            COMMON.limits[np.dtype(dtype)](grid=1, args=(y,), block=1)
            assert y.tolist() == ends


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("start, n", [(0, 0), (0, 1), (0, 64), (0, 77), (1, 77), (3, 64)])
def test_vectors_and_their_tails(start, n, dtype):
    x = np.arange(100).astype(dtype)
    with cuda.emulated(Emulator(ORDERS)):
        y = cuda.empty_like(x)
        COMMON.negate[x.dtype](grid=2, args=(x[start:], y[start:], np.int64(n)), block=32)
    np.testing.assert_array_equal(y[start : start + n].astype(np.float64), -x[start : start + n].astype(np.float64))
    assert np.isnan(y[:start]).all() and np.isnan(y[start + n :]).all()


# -- softmax.cu, by itself


def reference(x):
    """softmax in float64, and its logarithm."""
    with np.errstate(invalid="ignore", divide="ignore"):
        z = x.astype(np.float64)
        z = z - z.max(1, keepdims=True)
        s = np.exp(z).sum(1, keepdims=True)
        return np.exp(z) / s, z - np.log(s)


def close(made, expected, dtype):
    eps = float(ml_dtypes.finfo(dtype).eps)
    np.testing.assert_allclose(made.astype(np.float64), expected, rtol=8 * eps, atol=64 * eps)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (2, 256), (2, 1000), (0, 3)])
def test_softmax(shape, dtype):
    rng = np.random.default_rng(0)
    x, dy = (rng.normal(0, 3, shape).astype(dtype) for _ in range(2))
    kernels, cols = cuda.Kernels("softmax.cu"), np.int64(shape[1])
    expected, log_expected = reference(x) if shape[0] else (x, x)
    d = dy.astype(np.float64)
    with cuda.emulated(Emulator(ORDERS)):
        y, log_y, dx, log_dx = (cuda.empty_like(x) for _ in range(4))
        kernels.softmax_forward[x.dtype](grid=shape[0], args=(x, y, cols))
        kernels.log_softmax_forward[x.dtype](grid=shape[0], args=(x, log_y, cols))
        kernels.softmax_backward[x.dtype](grid=shape[0], args=(y, dy, dx, cols))
        kernels.log_softmax_backward[x.dtype](grid=shape[0], args=(log_y, dy, log_dx, cols))
    close(y, expected, dtype)
    close(log_y, log_expected, dtype)
    p = y.astype(np.float64)
    close(dx, p * (d - (p * d).sum(1, keepdims=True)), dtype)
    close(log_dx, d - np.exp(log_y.astype(np.float64)) * d.sum(1, keepdims=True), dtype)


@pytest.mark.parametrize("dtype", FLOATS)
def test_softmax_of_rows_that_are_not_finite(dtype):
    """-inf has probability 0; NaN, +inf, and -inf alone make the row NaN, as in NumPy. Nothing overflows otherwise."""
    inf, nan = np.inf, np.nan
    x = np.array([[0, -inf, 0], [nan, 0, 1], [inf, 0, 1], [-inf] * 3, [6e4, 6e4, -6e4]], dtype)
    with cuda.emulated(Emulator(ORDERS)):
        y, log_y = cuda.empty_like(x), cuda.empty_like(x)
        cuda.Kernels("softmax.cu").softmax_forward[x.dtype](grid=5, args=(x, y, np.int64(3)))
        cuda.Kernels("softmax.cu").log_softmax_forward[x.dtype](grid=5, args=(x, log_y, np.int64(3)))
    np.testing.assert_array_equal(y.astype(np.float64), [[0.5, 0, 0.5], [nan] * 3, [nan] * 3, [nan] * 3, [0.5, 0.5, 0]])
    assert log_y[0, 1] == -inf and np.isnan(log_y[1:4]).all() and np.isfinite(log_y[[0, 4], 0]).all()
