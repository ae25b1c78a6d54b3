// A row of a matrix to a warp or to a block, whichever its length deserves.
//
//   launch     block = (32, BLOCK / 32): a warp owns a row; block = (BLOCK, 1): a block owns one (ops/rows.py decides)
//   use        const i64 r = own_row(); if (r >= rows) return;
//              for (i64 c = threadIdx.x; c < cols; c += blockDim.x) s += x[c];
//              s = row_reduce(s, Sum());
#include "common.cuh"

// Rows beyond the last are left by whole warps, so nobody waits for a thread that has returned.
__device__ __forceinline__ i64 own_row() { return i64(blockIdx.x) * blockDim.y + threadIdx.y; }

// Reduce over the threads of a row; each gets the result.
template <typename T, typename Op> __device__ __forceinline__ T row_reduce(T x, Op op) {
    return blockDim.x == WARP ? warp_reduce(x, op) : block_reduce(x, op);
}
