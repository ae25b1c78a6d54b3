// The columns of a matrix, a thread to each: neighbours in a warp read neighbours in memory.
//
//   launch     block = (X, BLOCK / X), X the power of two >= cols, at most 32; grid = (ceil(cols / X), chunks): a block owns X
//              columns of one chunk of rows (ops/rows.py decides). The chunks depend on the shape alone, and so do the bits
//   use        const i64 c = own_column(); const Chunk rows(chunk, total);
//              if (c < cols) for (i64 r = rows.begin; r < rows.end; r += blockDim.y) s += x[r * cols + c];
//              s = column_reduce(s, Sum());
//              if (threadIdx.y == 0 && c < cols) partials[blockIdx.y * cols + c] = s;
#include "common.cuh"

__device__ __forceinline__ i64 own_column() { return i64(blockIdx.x) * blockDim.x + threadIdx.x; }

// The rows of this block; a thread begins at the one that is its own and goes on in steps of blockDim.y.
struct Chunk {
    i64 begin, end;
    __device__ Chunk(i64 length, i64 total) {
        begin = blockIdx.y * length + threadIdx.y;
        end = (blockIdx.y + 1) * length < total ? (blockIdx.y + 1) * length : total;
    }
};

// Reduce over the threads of a column; the thread with threadIdx.y = 0 gets the result. All threads must take part.
template <typename T, typename Op> __device__ T column_reduce(T x, Op op) {
    __shared__ T parts[BLOCK];
    const int here = thread_id();
    __syncthreads();  // the parts of the call before have been read
    parts[here] = x;
    for (int half = blockDim.y / 2; half > 0; half /= 2) {
        __syncthreads();
        if (threadIdx.y < half) parts[here] = op(parts[here], parts[here + half * blockDim.x]);
    }
    return parts[here];
}
