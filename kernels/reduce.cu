// Sums, products and extrema of x (outer, rows, cols) over its middle axis: y[o, c] = op over r of x[o, r, c] / divisor.
//
//   reduce_short_rows   cols = 1, up to 1024 rows: `lanes` threads of a warp own one o
//   reduce_long_rows    cols = 1: one block owns one chunk of `span` rows of one o
//   reduce_columns      cols > 1: one block owns one chunk of one o and up to BLOCK groups of N columns; where there are
//                       fewer groups, several threads walk the rows of each
//
// A stage with several chunks leaves its parts in y (outer, chunks, cols), as U = Acc<T>; the same kernels reduce those.
// Which thread adds what depends on the sizes alone, so a result has the same bits in every run.
//
//   T, U       elements of x and y: float, double, __half, __nv_bfloat16, integers; computed in Acc<T>
//   divisor    the count for means, 1 otherwise
//   launch     grid = ceil(outer * lanes / BLOCK); outer * chunks; outer * chunks * ceil(cols / N / BLOCK); block = BLOCK
//   bytes      outer * rows * cols * sizeof(T)
//
// instance reduce_short_rows<Sum, float, float>                  regs<=40 spill=0
// instance reduce_short_rows<Max, __nv_bfloat16, __nv_bfloat16>  regs<=40 spill=0
// instance reduce_short_rows<Product, double, double>            regs<=40 spill=0
// instance reduce_short_rows<Sum, int, int>                      regs<=40 spill=0
// instance reduce_short_rows<Max, double, double>                regs<=40 spill=0
// instance reduce_short_rows<Max, float, float>                  regs<=40 spill=0
// instance reduce_short_rows<Min, __nv_bfloat16, __nv_bfloat16>  regs<=40 spill=0
// instance reduce_short_rows<Min, float, float>                  regs<=40 spill=0
// instance reduce_short_rows<Min, int, int>                      regs<=40 spill=0
// instance reduce_short_rows<Product, float, float>              regs<=40 spill=0
// instance reduce_short_rows<Sum, __half, __half>                regs<=40 spill=0
// instance reduce_short_rows<Sum, double, double>                regs<=40 spill=0
// instance reduce_short_rows<Sum, float, __half>                 regs<=40 spill=0
// instance reduce_short_rows<Sum, long long, long long>          regs<=40 spill=0
// instance reduce_short_rows<Sum, signed char, signed char>      regs<=40 spill=0
// instance reduce_short_rows<Sum, unsigned char, unsigned char>  regs<=40 spill=0
// instance reduce_long_rows<Sum, float, float>                   regs<=48 spill=0
// instance reduce_long_rows<Sum, __half, float>                  regs<=48 spill=0
// instance reduce_long_rows<Min, double, double>                 regs<=48 spill=0
// instance reduce_long_rows<Max, unsigned char, unsigned char>   regs<=48 spill=0
// instance reduce_long_rows<Sum, __half, __half>                 regs<=48 spill=0
// instance reduce_long_rows<Sum, __nv_bfloat16, __nv_bfloat16>   regs<=48 spill=0
// instance reduce_columns<Sum, float, float, 4>                  regs<=80 spill<=64
// instance reduce_columns<Sum, __nv_bfloat16, float, 8>          regs<=80 spill=0
// instance reduce_columns<Sum, float, __nv_bfloat16, 1>          regs<=80 spill=0
// instance reduce_columns<Product, double, double, 2>            regs<=80 spill=0
// instance reduce_columns<Max, long long, long long, 1>          regs<=80 spill=0
// instance reduce_columns<Max, __nv_bfloat16, __nv_bfloat16, 1>  regs<=80 spill=0
// instance reduce_columns<Max, __nv_bfloat16, __nv_bfloat16, 8>  regs<=80 spill=0
// instance reduce_columns<Max, __nv_bfloat16, float, 1>          regs<=80 spill=0
// instance reduce_columns<Max, float, __nv_bfloat16, 4>          regs<=80 spill<=64
// instance reduce_columns<Max, float, float, 4>                  regs<=80 spill<=64
// instance reduce_columns<Min, float, float, 4>                  regs<=80 spill<=64
// instance reduce_columns<Min, int, int, 1>                      regs<=80 spill=0
// instance reduce_columns<Min, int, int, 4>                      regs<=80 spill<=64
// instance reduce_columns<Product, double, double, 1>            regs<=80 spill=0
// instance reduce_columns<Product, float, float, 4>              regs<=80 spill<=64
// instance reduce_columns<Sum, __half, __half, 1>                regs<=80 spill=0
// instance reduce_columns<Sum, __half, __half, 8>                regs<=80 spill=0
// instance reduce_columns<Sum, __half, float, 1>                 regs<=80 spill=0
// instance reduce_columns<Sum, double, double, 1>                regs<=80 spill=0
// instance reduce_columns<Sum, float, __half, 4>                 regs<=80 spill<=64
// instance reduce_columns<Sum, float, float, 1>                  regs<=80 spill=0
// instance reduce_columns<Sum, unsigned char, unsigned char, 1>  regs<=80 spill=0
#include "common.cuh"

template <typename Op, typename T, typename U>
__global__ void __launch_bounds__(BLOCK) reduce_short_rows(const T* __restrict__ x, U* __restrict__ y, i64 outer,
                                                           int rows, int lanes, Acc<T> divisor) {
    const Op op;
    const i64 o = global_id() / lanes;
    const int lane = threadIdx.x % lanes;
    Acc<T> total = Op::template identity<Acc<T>>();
    if (o < outer)
        for (int r = lane; r < rows; r += lanes) total = op(total, Acc<T>(x[o * rows + r]));
    for (int mask = lanes / 2; mask > 0; mask /= 2) total = op(total, shuffle_xor(total, mask));
    if (o < outer && lane == 0) y[o] = U(total / divisor);
}

template <typename Op, typename T, typename U>
__global__ void __launch_bounds__(BLOCK) reduce_long_rows(const T* __restrict__ x, U* __restrict__ y, i64 rows,
                                                          i64 span, i64 chunks, Acc<T> divisor) {
    constexpr int N = sizeof(T) == 1 ? 4 : vector_size<T>();
    const Op op;
    const i64 begin = blockIdx.x % chunks * span, left = rows - begin, count = left < span ? left : span;
    x += blockIdx.x / chunks * rows + begin;
    Acc<T> totals[N];  // independent of each other, so that loads and additions overlap
#pragma unroll
    for (int k = 0; k < N; ++k) totals[k] = Op::template identity<Acc<T>>();
    const i64 vectors = aligned(x) ? count / N : 0;
    for (i64 v = threadIdx.x; v < vectors; v += BLOCK) {
        const Vec<T, N> a = load<N>(x + v * N);
#pragma unroll
        for (int k = 0; k < N; ++k) totals[k] = op(totals[k], Acc<T>(a[k]));
    }
    for (i64 r = vectors * N + threadIdx.x; r < count; r += BLOCK) totals[0] = op(totals[0], Acc<T>(x[r]));
#pragma unroll
    for (int half = N / 2; half > 0; half /= 2)
#pragma unroll
        for (int k = 0; k < half; ++k) totals[k] = op(totals[k], totals[k + half]);
    const Acc<T> total = block_reduce(totals[0], op);
    if (threadIdx.x == 0) y[blockIdx.x] = U(total / divisor);
}

// cols is a multiple of N, and x is aligned for vectors of N.
template <typename Op, typename T, typename U, int N>
__global__ void __launch_bounds__(BLOCK) reduce_columns(const T* __restrict__ x, U* __restrict__ y, i64 rows, i64 cols,
                                                        i64 span, i64 chunks, Acc<T> divisor) {
    __shared__ Acc<T> parts[N][BLOCK];
    const Op op;
    const i64 groups = cols / N, tiles = (groups + BLOCK - 1) / BLOCK;
    const int width = groups < BLOCK ? int(groups) : BLOCK, walkers = BLOCK / width;
    const int walker = threadIdx.x / width;
    const i64 group = blockIdx.x % tiles * BLOCK + threadIdx.x % width;
    const i64 chunk = blockIdx.x / tiles % chunks, o = blockIdx.x / tiles / chunks;
    const i64 end = (chunk + 1) * span < rows ? (chunk + 1) * span : rows;
    Acc<T> totals[N];
#pragma unroll
    for (int k = 0; k < N; ++k) totals[k] = Op::template identity<Acc<T>>();
    if (walker < walkers && group < groups) {
        x += o * rows * cols + group * N;
#pragma unroll 4
        for (i64 r = chunk * span + walker; r < end; r += walkers) {
            const Vec<T, N> a = load<N>(x + r * cols);
#pragma unroll
            for (int k = 0; k < N; ++k) totals[k] = op(totals[k], Acc<T>(a[k]));
        }
    }
#pragma unroll
    for (int k = 0; k < N; ++k) parts[k][threadIdx.x] = totals[k];
    __syncthreads();
    if (walker > 0 || group >= groups) return;
    y += (o * chunks + chunk) * cols + group * N;
#pragma unroll
    for (int k = 0; k < N; ++k) {
        for (int w = 1; w < walkers; ++w) totals[k] = op(totals[k], parts[k][w * width + threadIdx.x]);
        y[k] = U(totals[k] / divisor);
    }
}
