// Running reductions over the threads of a row, which a warp or a block owns (rows.cuh).
#include "rows.cuh"

// The x of another lane, for a T of any size: move(word) shuffles one word of it.
template <typename T, typename Move> __device__ __forceinline__ T shuffled(T x, Move move) {
    constexpr int words = (sizeof(T) + sizeof(int) - 1) / sizeof(int);
    int word[words] = {};
    memcpy(word, &x, sizeof(T));
#pragma unroll
    for (int k = 0; k < words; ++k) word[k] = move(word[k]);
    memcpy(&x, word, sizeof(T));
    return x;
}
template <typename T> __device__ __forceinline__ T shuffle_up(T x, int delta) {
    return shuffled(x, [=](int word) { return __shfl_up_sync(0xffffffffu, word, delta); });
}
template <typename T> __device__ __forceinline__ T shuffle_from(T x, int lane) {
    return shuffled(x, [=](int word) { return __shfl_sync(0xffffffffu, word, lane); });
}

// The reduction over the lanes before this one; `total` is that over all lanes. All must take part.
template <typename T, typename Op> __device__ __forceinline__ T warp_scan(T x, Op op, T& total) {
    const int lane = thread_id() % WARP;
#pragma unroll
    for (int delta = 1; delta < WARP; delta *= 2) {
        const T before = shuffle_up(x, delta);
        x = lane < delta ? x : op(before, x);
    }
    total = shuffle_from(x, WARP - 1);
    const T before = shuffle_up(x, 1);
    return lane == 0 ? Op::template identity<T>() : before;
}

// The reduction over the threads before this one in the block; `total` is that over all threads. All must take part.
template <typename T, typename Op> __device__ __forceinline__ T block_scan(T x, Op op, T& total) {
    __shared__ T parts[WARP];
    const int warp = thread_id() / WARP;
    const T before = warp_scan(x, op, total);
    __syncthreads();  // the parts of the call before have been read
    if (thread_id() % WARP == 0) parts[warp] = total;
    __syncthreads();
    T sum = Op::template identity<T>(), start = sum;
    for (int k = 0; k < thread_count() / WARP; ++k) {
        start = k == warp ? sum : start;
        sum = op(sum, parts[k]);
    }
    total = sum;
    return op(start, before);
}

// The same over the threads of a row.
template <typename T, typename Op> __device__ __forceinline__ T row_scan(T x, Op op, T& total) {
    return blockDim.x == WARP ? warp_scan(x, op, total) : block_scan(x, op, total);
}
