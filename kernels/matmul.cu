// Products of matrices for what cuBLASLt does not do: integers, and machines without it. Column-major, in batches:
//
//   multiply_forward   product[i,j] = sum_p first[i,p] * second[p,j]      i < m, j < n, p < depth
//
//   A matrix of a batch begins `stride` elements after the one before, its element (i, j) is at begin + i + j * ld. A turned
//   operand is stored transposed: first as (depth, m), second as (n, depth).
//
//   T          float, double, __half, __nv_bfloat16, integers (which wrap); summed in Acc<T>
//   launch     grid = tiles of TILE * TILE elements in all batches, block = BLOCK: a thread owns 4 * 4 elements of a tile
//   bytes      (m * depth + depth * n + m * n) * sizeof(T) for each product, 2 * m * n * depth operations
//
// instance multiply_forward<float, false, false>  regs<=128 spill=0
// instance multiply_forward<float, false, true>  regs<=128 spill=0
// instance multiply_forward<float, true, false>  regs<=128 spill=0
// instance multiply_forward<float, true, true>  regs<=128 spill=0
// instance multiply_forward<double, false, false>  regs<=128 spill=0
// instance multiply_forward<double, false, true>  regs<=128 spill=0
// instance multiply_forward<double, true, false>  regs<=128 spill=0
// instance multiply_forward<double, true, true>  regs<=128 spill=0
// instance multiply_forward<__half, false, false>  regs<=128 spill=0
// instance multiply_forward<__half, true, false>  regs<=128 spill=0
// instance multiply_forward<__nv_bfloat16, false, false>  regs<=128 spill=0
// instance multiply_forward<__nv_bfloat16, false, true>  regs<=128 spill=0
// instance multiply_forward<int, false, false>  regs<=128 spill=0
// instance multiply_forward<int, true, true>  regs<=128 spill=0
// instance multiply_forward<signed char, false, true>  regs<=128 spill=0
// instance multiply_forward<long long, false, false>  regs<=128 spill=0
#include "common.cuh"

constexpr int TILE = 64;   // rows and columns of the product that a block owns
constexpr int DEPTH = 16;  // terms of the sums at a time
constexpr int SIDE = 16;   // threads along each side of a tile
constexpr int OWN = TILE / SIDE;
static_assert(BLOCK == SIDE * SIDE, "a thread owns OWN * OWN elements");

// A matrix of a batch: its first element, and how far its columns and the matrices of the batch are apart.
template <typename T> struct Matrix {
    T* begin;
    i64 ld;
};

// Put DEPTH * TILE elements of an operand into shared memory as [p][i], zeros beyond its ends. CONTIGUOUS_I: whether
// neighbours in i are neighbours in memory; otherwise those in p are.
template <bool CONTIGUOUS_I, typename T>
__device__ __forceinline__ void load_tile(Matrix<const T> x, i64 first_i, i64 first_p, i64 rows, i64 depth,
                                          Acc<T> (*tile)[TILE + 1]) {
#pragma unroll
    for (int l = threadIdx.x; l < TILE * DEPTH; l += BLOCK) {
        const int i = CONTIGUOUS_I ? l % TILE : l / DEPTH, p = CONTIGUOUS_I ? l / TILE : l % DEPTH;
        const i64 at_i = first_i + i, at_p = first_p + p;
        const i64 at = CONTIGUOUS_I ? at_i + at_p * x.ld : at_p + at_i * x.ld;
        tile[p][i] = at_i < rows && at_p < depth ? Acc<T>(x.begin[at]) : Acc<T>(0);
    }
}

template <typename T, bool TURNED_FIRST, bool TURNED_SECOND>
__global__ void __launch_bounds__(BLOCK, 2)
    multiply_forward(const T* __restrict__ first, const T* __restrict__ second, T* __restrict__ product, i64 m, i64 n,
                     i64 depth, i64 ld_first, i64 ld_second, i64 ld_product, i64 stride_first, i64 stride_second,
                     i64 stride_product) {
    __shared__ Acc<T> firsts[DEPTH][TILE + 1], seconds[DEPTH][TILE + 1];
    const i64 across = (m + TILE - 1) / TILE, down = (n + TILE - 1) / TILE;
    const i64 batch = blockIdx.x / (across * down), tile = blockIdx.x % (across * down);
    const i64 first_i = tile % across * TILE, first_j = tile / across * TILE;
    const Matrix<const T> left{first + batch * stride_first, ld_first}, right{second + batch * stride_second, ld_second};
    const int own_i = threadIdx.x % SIDE, own_j = threadIdx.x / SIDE;

    Acc<T> sums[OWN][OWN] = {};
    for (i64 first_p = 0; first_p < depth; first_p += DEPTH) {
        load_tile<!TURNED_FIRST>(left, first_i, first_p, m, depth, firsts);
        load_tile<TURNED_SECOND>(right, first_j, first_p, n, depth, seconds);
        __syncthreads();
#pragma unroll 4
        for (int p = 0; p < DEPTH; ++p) {
            Acc<T> a[OWN], b[OWN];
#pragma unroll
            for (int k = 0; k < OWN; ++k) a[k] = firsts[p][own_i + k * SIDE], b[k] = seconds[p][own_j + k * SIDE];
#pragma unroll
            for (int u = 0; u < OWN; ++u)
#pragma unroll
                for (int v = 0; v < OWN; ++v) sums[u][v] += a[u] * b[v];
        }
        __syncthreads();
    }
#pragma unroll
    for (int v = 0; v < OWN; ++v)
#pragma unroll
        for (int u = 0; u < OWN; ++u) {
            const i64 i = first_i + own_i + u * SIDE, j = first_j + own_j + v * SIDE;
            if (i < m && j < n) product[batch * stride_product + i + j * ld_product] = T(sums[u][v]);
        }
}
