// Copies of x with its axes in another order, y contiguous. Adjacent axes that stay adjacent are merged before.
//
//   transpose_tiles   the last axis of x is not the last of y: y[c * to + r] = x[r * from + c] for each place of the
//                     outer axes, through a tile in shared memory, so that both sides are read and written in rows
//   permute_rows      the last axis stays last: rows of `inner` groups of N elements are copied as they are
//
//   T          unsigned integers of 1, 2, 4 and 8 bytes: bits are moved, whatever they mean
//   I          unsigned int where all indices fit, for divisions in 32 bits; long long
//   launch     transpose_tiles: grid = tiles of all outer places, block = (32, 8); permute_rows: grid = ceil(groups /
//              BLOCK), block = BLOCK
//   bytes      2 * size * sizeof(T)
//
// instance transpose_tiles<unsigned char>                     regs<=40 spill=0
// instance transpose_tiles<unsigned short>                    regs<=40 spill=0
// instance transpose_tiles<unsigned int>                      regs<=40 spill=0
// instance transpose_tiles<unsigned long long>                regs<=40 spill=0
// instance permute_rows<unsigned int, 4, unsigned int>        regs<=40 spill=0
// instance permute_rows<unsigned short, 1, unsigned int>      regs<=40 spill=0
// instance permute_rows<unsigned int, 4, long long>           regs<=40 spill=0
// instance permute_rows<unsigned char, 16, unsigned int>      regs<=40 spill=0
// instance permute_rows<unsigned int, 1, unsigned int>        regs<=40 spill=0
// instance permute_rows<unsigned long long, 2, unsigned int>  regs<=40 spill=0
// instance permute_rows<unsigned short, 8, unsigned int>      regs<=40 spill=0
#include "common.cuh"

constexpr int TILE = 32, AXES = 6;

// The axes around the copied rows or tiles, the last one fastest: sizes, and strides in elements on both sides.
struct Outer {
    i64 count;
    i64 size[AXES], from[AXES], to[AXES];
};

// The offsets in x and y of place `i` of the outer axes.
template <typename I> __device__ __forceinline__ void locate(const Outer& outer, I i, i64& from, i64& to) {
    from = to = 0;
    for (int k = int(outer.count) - 1; k >= 0; --k) {
        const I size = I(outer.size[k]), at = i % size;
        i /= size;
        from += at * outer.from[k];
        to += at * outer.to[k];
    }
}

template <typename T>
__global__ void __launch_bounds__(BLOCK) transpose_tiles(const T* __restrict__ x, T* __restrict__ y, i64 rows, i64 cols,
                                                         i64 from, i64 to, Outer outer) {
    __shared__ T tile[TILE][TILE + 1];  // one more column, so that reading a column meets no bank twice
    const i64 across = (cols + TILE - 1) / TILE, down = (rows + TILE - 1) / TILE;
    const i64 c0 = blockIdx.x % across * TILE, r0 = blockIdx.x / across % down * TILE;
    i64 x0, y0;
    locate(outer, blockIdx.x / across / down, x0, y0);
    for (int k = threadIdx.y; k < TILE; k += blockDim.y)
        if (r0 + k < rows && c0 + threadIdx.x < cols) tile[k][threadIdx.x] = x[x0 + (r0 + k) * from + c0 + threadIdx.x];
    __syncthreads();
    for (int k = threadIdx.y; k < TILE; k += blockDim.y)
        if (c0 + k < cols && r0 + threadIdx.x < rows) y[y0 + (c0 + k) * to + r0 + threadIdx.x] = tile[threadIdx.x][k];
}

template <typename T, int N, typename I>
__global__ void __launch_bounds__(BLOCK) permute_rows(const T* __restrict__ x, T* __restrict__ y, I groups, I inner,
                                                      Outer outer) {
    if (global_id() >= groups) return;
    const I i = I(global_id());
    i64 from, to;
    locate(outer, i / inner, from, to);
    const i64 at = i64(i % inner) * N;
    store(y + to + at, load<N>(x + from + at));
}
