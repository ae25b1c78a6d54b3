// Rows of a row-major matrix x (count, width) by number: reading them, writing them, one_hot.
//
//   gather_forward    y[i,:] = x[rows[i],:]                    rows out of range give zeros and are reported
//   one_hot_forward   y[o,d,k] = indices[o,k] == d ? on : off  y is (outer, depth, inner)
//   combine_*         x[r,:] = op(x[r,:], op over i with rows[i] = r of values[i,:], in the order of i)
//   sort_*            a stable radix sort of row numbers, by 8 bits at a time, so that equal rows stand together
//
//   Rows are combined without atomics, so that equal inputs give equal bits: the sorted rows are cut into chunks of CHUNK.
//   combine_chunks combines each run of equal rows within a chunk, and writes those that end where they began. What crosses
//   chunks it leaves in parts (2, chunks, width): [0] of a run that came from the chunk before, [1] of one that began here
//   and goes on. combine_parts puts these together. In the sort, thread d of a block owns digit d and walks through the
//   tile of TILE digits in shared memory, which keeps equal digits in order.
//
//   Word       an unsigned type of 1 to 16 bytes: copies do not ask for the dtype
//   Index      int, long long
//   Op, T      Sum, Product, Max, Min, Last; any T, combined in Acc<T>
//   launch     gather, one_hot: block = (32, 8), a warp to a row, grid = (rows / 8, shares of a row); sort_keys: a thread
//              to a row; sort_count, sort_place: grid = tiles; sort_scan: grid = 256; combine: grid = (chunks, columns)
//   bytes      gather 2 * n * width, one_hot outer * depth * inner, combine (n + 2 * distinct rows) * width elements
//
// instance gather_forward<unsigned char, int>                regs<=40 spill=0
// instance gather_forward<unsigned char, long long>          regs<=40 spill=0
// instance gather_forward<unsigned short, int>               regs<=40 spill=0
// instance gather_forward<unsigned short, long long>         regs<=40 spill=0
// instance gather_forward<unsigned int, int>                 regs<=40 spill=0
// instance gather_forward<unsigned int, long long>           regs<=40 spill=0
// instance gather_forward<unsigned long long, int>           regs<=40 spill=0
// instance gather_forward<unsigned long long, long long>     regs<=40 spill=0
// instance gather_forward<Vec<unsigned int, 4>, int>         regs<=40 spill=0
// instance gather_forward<Vec<unsigned int, 4>, long long>   regs<=40 spill=0
// instance one_hot_forward<unsigned char, int>               regs<=40 spill=0
// instance one_hot_forward<unsigned char, long long>         regs<=40 spill=0
// instance one_hot_forward<unsigned short, int>              regs<=40 spill=0
// instance one_hot_forward<unsigned short, long long>        regs<=40 spill=0
// instance one_hot_forward<unsigned int, int>                regs<=40 spill=0
// instance one_hot_forward<unsigned int, long long>          regs<=40 spill=0
// instance one_hot_forward<unsigned long long, int>          regs<=40 spill=0
// instance one_hot_forward<unsigned long long, long long>    regs<=40 spill=0
// instance one_hot_forward<Vec<unsigned int, 4>, int>        regs<=40 spill=0
// instance one_hot_forward<Vec<unsigned int, 4>, long long>  regs<=40 spill=0
// instance sort_keys<int>                                    regs<=24 spill=0
// instance sort_keys<long long>                              regs<=24 spill=0
// instance sort_count                                        regs<=40 spill=0
// instance sort_scan                                         regs<=40 spill=0
// instance sort_place                                        regs<=40 spill=0
// instance combine_chunks<Sum, float>                        regs<=40 spill=0
// instance combine_parts<Sum, float>                         regs<=40 spill=0
// instance combine_chunks<Sum, double>                       regs<=40 spill=0
// instance combine_parts<Sum, double>                        regs<=40 spill=0
// instance combine_chunks<Sum, __half>                       regs<=40 spill=0
// instance combine_parts<Sum, __half>                        regs<=40 spill=0
// instance combine_chunks<Sum, __nv_bfloat16>                regs<=40 spill=0
// instance combine_parts<Sum, __nv_bfloat16>                 regs<=40 spill=0
// instance combine_chunks<Sum, int>                          regs<=40 spill=0
// instance combine_parts<Sum, int>                           regs<=40 spill=0
// instance combine_chunks<Sum, long long>                    regs<=40 spill=0
// instance combine_parts<Sum, long long>                     regs<=40 spill=0
// instance combine_chunks<Product, float>                    regs<=40 spill=0
// instance combine_parts<Product, float>                     regs<=40 spill=0
// instance combine_chunks<Max, float>                        regs<=40 spill=0
// instance combine_parts<Max, float>                         regs<=40 spill=0
// instance combine_chunks<Max, __half>                       regs<=40 spill=0
// instance combine_parts<Max, __half>                        regs<=40 spill=0
// instance combine_chunks<Max, int>                          regs<=40 spill=0
// instance combine_parts<Max, int>                           regs<=40 spill=0
// instance combine_chunks<Min, float>                        regs<=40 spill=0
// instance combine_parts<Min, float>                         regs<=40 spill=0
// instance combine_chunks<Last, float>                       regs<=40 spill=0
// instance combine_parts<Last, float>                        regs<=40 spill=0
// instance combine_chunks<Last, __half>                      regs<=40 spill<=16
// instance combine_parts<Last, __half>                       regs<=40 spill=0
// instance combine_chunks<Last, long long>                   regs<=40 spill=0
// instance combine_parts<Last, long long>                    regs<=40 spill=0
#include "common.cuh"

constexpr int TILE = 1024;
constexpr int CHUNK = 32;
constexpr int DIGITS = 256;
static_assert(BLOCK == DIGITS, "in the sort, each thread of a block owns a digit");

// The last value stays.
struct Last {
    template <typename T> __device__ T operator()(T, T b) const { return b; }
};

// ---- reading

template <typename Word, typename Index>
__global__ void __launch_bounds__(BLOCK) gather_forward(const Word* __restrict__ x, const Index* __restrict__ rows,
                                                        Word* __restrict__ y, i64 n, i64 count, i64 width, int* flag) {
    const i64 i = i64(blockIdx.x) * blockDim.y + threadIdx.y;
    if (i >= n) return;
    const i64 row = rows[i];
    const bool inside = row >= 0 && row < count;
    if (!inside && threadIdx.x == 0 && blockIdx.y == 0) report_index(flag, i);
    for (i64 c = blockIdx.y * WARP + threadIdx.x; c < width; c += i64(gridDim.y) * WARP)
        y[i * width + c] = inside ? x[row * width + c] : Word{};
}

// y as a matrix (n, width): if inner is 1 a row for each index, otherwise a row for each index and step.
template <typename Word, typename Index>
__global__ void __launch_bounds__(BLOCK) one_hot_forward(const Index* __restrict__ indices, const Word* __restrict__ on,
                                                         const Word* __restrict__ off, Word* __restrict__ y, i64 n,
                                                         i64 width, i64 depth, i64 inner) {
    const i64 i = i64(blockIdx.x) * blockDim.y + threadIdx.y;
    if (i >= n) return;
    for (i64 c = blockIdx.y * WARP + threadIdx.x; c < width; c += i64(gridDim.y) * WARP) {
        const bool hot = inner == 1 ? i64(indices[i]) == c : i64(indices[i / depth * inner + c]) == i % depth;
        y[i * width + c] = hot ? *on : *off;
    }
}

// ---- sorting

// Rows out of range become `count`, which stands behind all others and is never written.
template <typename Index>
__global__ void __launch_bounds__(BLOCK) sort_keys(const Index* __restrict__ rows, i64* __restrict__ keys,
                                                   i64* __restrict__ order, i64 n, i64 count, int* flag) {
    const i64 i = global_id();
    if (i >= n) return;
    const i64 row = rows[i];
    const bool inside = row >= 0 && row < count;
    if (!inside) report_index(flag, i);
    keys[i] = inside ? row : count;
    order[i] = i;
}

// Put the digits of this block's tile into shared memory; returns how many there are.
__device__ int load_digits(const i64* keys, i64 n, int shift, unsigned char* digits) {
    const i64 begin = i64(blockIdx.x) * TILE;
    const int size = int(n - begin < TILE ? n - begin : TILE);
    for (int k = threadIdx.x; k < size; k += BLOCK) digits[k] = (unsigned char)(keys[begin + k] >> shift);
    __syncthreads();
    return size;
}

// The sum of x over the threads before this one; `total` over all of the block.
__device__ i64 block_scan(i64 x, i64& total) {
    __shared__ i64 sums[BLOCK];
    __syncthreads();  // the sums of the call before have been read
    sums[threadIdx.x] = x;
    for (int step = 1; step < BLOCK; step *= 2) {
        __syncthreads();
        const i64 before = threadIdx.x >= step ? sums[threadIdx.x - step] : 0;
        __syncthreads();
        sums[threadIdx.x] += before;
    }
    __syncthreads();
    total = sums[BLOCK - 1];
    return sums[threadIdx.x] - x;
}

// counts (DIGITS, tiles): how often each digit stands in each tile.
__global__ void __launch_bounds__(BLOCK) sort_count(const i64* __restrict__ keys, i64* __restrict__ counts, i64 n,
                                                    int shift) {
    __shared__ unsigned char digits[TILE];
    const int size = load_digits(keys, n, shift, digits);
    int found = 0;
    for (int k = 0; k < size; ++k) found += digits[k] == threadIdx.x;
    counts[i64(threadIdx.x) * gridDim.x + blockIdx.x] = found;
}

// For each digit: counts become those of the tiles before, totals those of all tiles.
__global__ void __launch_bounds__(BLOCK) sort_scan(i64* __restrict__ counts, i64* __restrict__ totals, i64 tiles) {
    counts += blockIdx.x * tiles;
    i64 before = 0;
    for (i64 begin = 0; begin < tiles; begin += BLOCK) {
        const i64 k = begin + threadIdx.x;
        i64 total;
        const i64 sum = block_scan(k < tiles ? counts[k] : 0, total);
        if (k < tiles) counts[k] = before + sum;
        before += total;
    }
    if (threadIdx.x == 0) totals[blockIdx.x] = before;
}

__global__ void __launch_bounds__(BLOCK) sort_place(const i64* __restrict__ keys, const i64* __restrict__ order,
                                                    const i64* __restrict__ counts, const i64* __restrict__ totals,
                                                    i64* __restrict__ keys_to, i64* __restrict__ order_to, i64 n,
                                                    int shift) {
    __shared__ unsigned char digits[TILE];
    const int size = load_digits(keys, n, shift, digits);
    const i64 begin = i64(blockIdx.x) * TILE;
    i64 all;
    i64 to = block_scan(totals[threadIdx.x], all) + counts[i64(threadIdx.x) * gridDim.x + blockIdx.x];
    for (int k = 0; k < size; ++k) {
        if (digits[k] != threadIdx.x) continue;
        keys_to[to] = keys[begin + k];
        order_to[to++] = order[begin + k];
    }
}

// ---- writing

template <typename Op, typename T> __device__ void combine(T& x, Acc<T> value) { x = T(Op()(Acc<T>(x), value)); }

// Whether the run of equal keys that stands before position p goes on at p.
__device__ bool goes_on(const i64* keys, i64 p, i64 n) { return p > 0 && p < n && keys[p - 1] == keys[p]; }

template <typename Op, typename T>
__global__ void __launch_bounds__(BLOCK) combine_chunks(const T* __restrict__ values, const i64* __restrict__ keys,
                                                        const i64* __restrict__ order, T* __restrict__ x,
                                                        Acc<T>* __restrict__ parts, i64 n, i64 count, i64 width) {
    const i64 chunk = blockIdx.x, begin = chunk * CHUNK, end = begin + CHUNK < n ? begin + CHUNK : n;
    for (i64 c = i64(blockIdx.y) * blockDim.x + threadIdx.x; c < width; c += i64(gridDim.y) * blockDim.x) {
        for (i64 p = begin; p < end;) {
            const bool came = p == begin && goes_on(keys, p, n);
            const i64 key = keys[p];
            Acc<T> sum = Acc<T>(values[order[p] * width + c]);
            for (++p; p < end && keys[p] == key; ++p) sum = Op()(sum, Acc<T>(values[order[p] * width + c]));
            if (came)
                parts[chunk * width + c] = sum;
            else if (goes_on(keys, p, n))
                parts[(gridDim.x + chunk) * width + c] = sum;
            else if (key < count)
                combine<Op>(x[key * width + c], sum);
        }
    }
}

template <typename Op, typename T>
__global__ void __launch_bounds__(BLOCK) combine_parts(const i64* __restrict__ keys, T* __restrict__ x,
                                                       const Acc<T>* __restrict__ parts, i64 n, i64 count, i64 width) {
    const i64 chunk = blockIdx.x, begin = chunk * CHUNK, end = begin + CHUNK;
    if (!goes_on(keys, end, n)) return;
    const i64 key = keys[end];
    if (key >= count || (keys[begin] == key && goes_on(keys, begin, n))) return;  // not a row, or an earlier chunk's
    for (i64 c = i64(blockIdx.y) * blockDim.x + threadIdx.x; c < width; c += i64(gridDim.y) * blockDim.x) {
        Acc<T> sum = parts[(gridDim.x + chunk) * width + c];
        for (i64 k = chunk + 1; keys[k * CHUNK] == key && goes_on(keys, k * CHUNK, n); ++k) {
            sum = Op()(sum, parts[k * width + c]);
            if ((k + 1) * CHUNK >= n) break;
        }
        combine<Op>(x[key * width + c], sum);
    }
}
