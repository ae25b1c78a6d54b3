// Rows of x (n, cols) reduced by segment: y[s, c] = op over j in [starts[s], starts[s + 1]) of x[order[j], c], `empty`
// where there is no such j. `order` sorts the rows by segment, so every sum has one order: the same bits in every run.
//
//   T          float, double, __half, __nv_bfloat16, integers; computed in Acc<T>
//   launch     grid = segments * ceil(cols / BLOCK), block = BLOCK: one block owns up to BLOCK columns of one segment;
//              where there are fewer, several threads walk the rows of each
//   bytes      (n + segments) * cols * sizeof(T) + 16 * n
//   errors     a row behind the last segment sets the flag
//
// instance segment_reduce<Sum, float>          regs<=40 spill=0
// instance segment_reduce<Max, __half>         regs<=40 spill=0
// instance segment_reduce<Sum, __nv_bfloat16>  regs<=40 spill=0
// instance segment_reduce<Product, double>     regs<=40 spill=0
// instance segment_reduce<Min, int>            regs<=40 spill=0
// instance segment_reduce<Max, float>          regs<=40 spill=0
// instance segment_reduce<Max, int>            regs<=40 spill=0
// instance segment_reduce<Min, float>          regs<=40 spill=0
// instance segment_reduce<Product, float>      regs<=40 spill=0
// instance segment_reduce<Product, int>        regs<=40 spill=0
// instance segment_reduce<Sum, double>         regs<=40 spill=0
// instance segment_reduce<Sum, int>            regs<=40 spill=0
#include "common.cuh"

template <typename Op, typename T>
__global__ void __launch_bounds__(BLOCK) segment_reduce(const T* __restrict__ x, const i64* __restrict__ order,
                                                        const i64* __restrict__ starts, T* __restrict__ y, i64 rows,
                                                        i64 segments, i64 cols, Acc<T> empty, int* flag) {
    __shared__ Acc<T> parts[BLOCK];
    const Op op;
    const i64 tiles = (cols + BLOCK - 1) / BLOCK, segment = blockIdx.x / tiles;
    const int width = cols < BLOCK ? int(cols) : BLOCK, walkers = BLOCK / width;
    const int walker = threadIdx.x / width;
    const i64 c = blockIdx.x % tiles * BLOCK + threadIdx.x % width;
    const i64 begin = starts[segment], end = starts[segment + 1];
    if (global_id() == 0 && starts[segments] < rows) report_index(flag, order[starts[segments]]);
    Acc<T> total = Op::template identity<Acc<T>>();
    if (walker < walkers && c < cols)
        for (i64 j = begin + walker; j < end; j += walkers) total = op(total, Acc<T>(x[order[j] * cols + c]));
    parts[threadIdx.x] = total;
    __syncthreads();
    if (walker > 0 || c >= cols) return;
    for (int w = 1; w < walkers; ++w) total = op(total, parts[w * width + threadIdx.x]);
    y[segment * cols + c] = T(begin < end ? total : empty);
}
