// The ground that every kernel file stands on. `#include "common.cuh"` is replaced by this text (gputape/sources.py).
//
//   numbers     Acc<T>, the type to accumulate T in; Limits<T>::lowest(), highest(); INFINITY, NAN
//   positions   thread_id(), global_id(), global_count(): 64-bit where an index can pass 2^31
//   vectors     Vec<T, N>, vector_size<T>(), aligned(p), load<N>(p), store(p, v): 16 bytes at a time
//   reductions  warp_reduce(x, op), block_reduce(x, op) with Sum, Product, Max, Min, Or, or an op of your own
//   shared      GT_DYN_SMEM(T, name): the dynamic shared memory of the launch
//   errors      report_index(flag, position): an index from data is out of range
//
// Three compilers read it: NVRTC at run time and in the tests, g++ for the emulator in tests/emulator. So no host headers,
// no inline PTX, no printf. There are no float atomics, here or in any kernel: every sum has one order, and so the same
// bits in every run. BLOCK is the number of threads in a block, stated in Python: Kernels("softmax.cu", block=256).
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#ifndef INFINITY  // NVRTC has no <math.h>
#define INFINITY __int_as_float(0x7f800000)
#endif
#ifndef NAN
#define NAN __int_as_float(0x7fffffff)
#endif

using i64 = long long;
constexpr int WARP = 32;

// ---- numbers

// Half types accumulate in float, all others in themselves. T(a) rounds an Acc<T> a back to nearest even.
template <typename T> struct Accumulator { using type = T; };
template <> struct Accumulator<__half> { using type = float; };
template <> struct Accumulator<__nv_bfloat16> { using type = float; };
template <typename T> using Acc = typename Accumulator<T>::type;

// The ends of the values of T, where maxima and minima start.
template <typename T> struct Limits {
    static constexpr T half_range = T(1) << (sizeof(T) * 8 - 2);
    static __device__ T lowest() { return T(-1) < T(0) ? T(-half_range - half_range) : T(0); }
    static __device__ T highest() { return T(-1) < T(0) ? T(half_range - 1 + half_range) : T(-1); }
};
template <> struct Limits<bool> {
    static __device__ bool lowest() { return false; }
    static __device__ bool highest() { return true; }
};
template <> struct Limits<float> {
    static __device__ float lowest() { return -INFINITY; }
    static __device__ float highest() { return INFINITY; }
};
template <> struct Limits<double> {
    static __device__ double lowest() { return -INFINITY; }
    static __device__ double highest() { return INFINITY; }
};

template <typename T> __device__ __forceinline__ bool is_nan(T x) { return x != x; }

// ---- positions

// This thread's place in its block, whatever the shape of the block; and the block's number of threads.
__device__ __forceinline__ int thread_id() {
    return threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
}
__device__ __forceinline__ int thread_count() { return blockDim.x * blockDim.y * blockDim.z; }

// This thread's place in a grid of x alone, and the number of threads in it, for loops over n elements with any grid:
//     for (i64 i = global_id(); i < n; i += global_count())
__device__ __forceinline__ i64 global_id() { return i64(blockIdx.x) * blockDim.x + threadIdx.x; }
__device__ __forceinline__ i64 global_count() { return i64(gridDim.x) * blockDim.x; }

// ---- vectors

// N values that are loaded and stored at once.
template <typename T, int N> struct alignas(sizeof(T) * N) Vec {
    T v[N];
    __device__ T& operator[](int k) { return v[k]; }
    __device__ const T& operator[](int k) const { return v[k]; }
};

// As many T as 16 bytes hold, the widest access there is.
template <typename T> __device__ constexpr int vector_size() { return 16 / sizeof(T); }

// Whether 16-byte accesses may start at p: arrays do, slices of arrays need not.
__device__ __forceinline__ bool aligned(const void* p) { return reinterpret_cast<unsigned long long>(p) % 16 == 0; }

template <int N, typename T> __device__ __forceinline__ Vec<T, N> load(const T* p) {
    return *reinterpret_cast<const Vec<T, N>*>(p);
}
template <int N, typename T> __device__ __forceinline__ void store(T* p, const Vec<T, N>& v) {
    *reinterpret_cast<Vec<T, N>*>(p) = v;
}

// ---- reductions

// An op is associative and commutative, and knows the value that changes nothing. NaN wins every comparison.
struct Sum {
    template <typename T> static __device__ T identity() { return T(0); }
    template <typename T> __device__ T operator()(T a, T b) const { return a + b; }
};
struct Product {
    template <typename T> static __device__ T identity() { return T(1); }
    template <typename T> __device__ T operator()(T a, T b) const { return a * b; }
};
struct Max {
    template <typename T> static __device__ T identity() { return Limits<T>::lowest(); }
    template <typename T> __device__ T operator()(T a, T b) const { return a > b || is_nan(a) ? a : b; }
};
struct Min {
    template <typename T> static __device__ T identity() { return Limits<T>::highest(); }
    template <typename T> __device__ T operator()(T a, T b) const { return a < b || is_nan(a) ? a : b; }
};
struct Or {
    template <typename T> static __device__ T identity() { return T(0); }
    template <typename T> __device__ T operator()(T a, T b) const { return a | b; }
};

// The x of lane `lane_id ^ mask`, for a T of any size.
template <typename T> __device__ __forceinline__ T shuffle_xor(T x, int mask) {
    constexpr int words = (sizeof(T) + sizeof(int) - 1) / sizeof(int);
    int word[words] = {};
    memcpy(word, &x, sizeof(T));
#pragma unroll
    for (int k = 0; k < words; ++k) word[k] = __shfl_xor_sync(0xffffffffu, word[k], mask);
    memcpy(&x, word, sizeof(T));
    return x;
}

// Reduce over the warp; every lane gets the same bits. All lanes must take part.
template <typename T, typename Op> __device__ __forceinline__ T warp_reduce(T x, Op op) {
#pragma unroll
    for (int mask = WARP / 2; mask > 0; mask /= 2) x = op(x, shuffle_xor(x, mask));
    return x;
}

// Reduce over the block; every thread gets the same bits. All threads must take part; their number is a multiple of 32.
template <typename T, typename Op> __device__ __forceinline__ T block_reduce(T x, Op op) {
    __shared__ T parts[WARP];
    const int warp = thread_id() / WARP, lane = thread_id() % WARP;
    x = warp_reduce(x, op);
    __syncthreads();  // the parts of the call before have been read
    if (lane == 0) parts[warp] = x;
    __syncthreads();
    return warp_reduce(lane < thread_count() / WARP ? parts[lane] : Op::template identity<T>(), op);
}

// ---- shared memory

// T* name, the dynamic shared memory that the launch asked for with smem=bytes. Its contents are undefined.
#ifndef GT_DYN_SMEM
#define GT_DYN_SMEM(T, name)                                      \
    extern __shared__ __align__(16) unsigned char gt_dyn_smem[]; \
    T* const name = reinterpret_cast<T*>(gt_dyn_smem)
#endif

// ---- errors

// The index at `position` of the indices is out of range: the kernel must not use it, and gives zeros. `flag` comes from
// cuda.error_flag(); the first bad position stays in it, in whatever order threads run, until Python has raised IndexError.
__device__ __forceinline__ void report_index(int* flag, i64 position) {
    constexpr int first = 0x7fffffff;
    atomicMax(flag, position < first ? first - int(position) : 1);
}
