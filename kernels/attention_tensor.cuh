// The kernels of attention.cu on tensor cores (Dao 2023): a warp owns 16 or 32 rows, whose scores, weights and sums stay in its
// registers; scores become the left factor of the next product where they are. Other rows pass through shared memory, copied
// one tile ahead.
//
//   attention_tensor_forward            64 * M queries to a block, M = 2, over tiles of keys; m and l as in attention.cu
//   attention_tensor_backward_queries   64 * M queries to a block over tiles of keys, for dq
//   attention_tensor_backward_keys      64 * M keys to a block over tiles of queries, for dk and dv: scores are made turned
//
//   T          __half, __nv_bfloat16; sums are float
//   WIDE       64 or 128, at least depth and width, which are multiples of 16 bytes, as are the addresses
//   launch     grid as in attention.cu with its own tiles; block = 128. GT_DYN_SMEM: pitches are 16 bytes more than the rows,
//              so that the eight rows of a matrix that is loaded at once lie in different banks
//   flops      forward 4, backward 14 (of which 4 make the scores and 2 their gradients again), times batch * heads * queries *
//              keys * depth; bytes forward q + y + (k + v) * queries / 128
//
// instance attention_tensor_forward<__half, 64>                     regs<=255 spill=0
// instance attention_tensor_forward<__half, 128>                    regs<=255 spill=0
// instance attention_tensor_forward<__nv_bfloat16, 64>              regs<=255 spill=0
// instance attention_tensor_forward<__nv_bfloat16, 128>             regs<=255 spill=0
// instance attention_tensor_backward_queries<__half, 64>            regs<=255 spill=0
// instance attention_tensor_backward_queries<__half, 128>           regs<=255 spill=0
// instance attention_tensor_backward_queries<__nv_bfloat16, 64>     regs<=255 spill=0
// instance attention_tensor_backward_queries<__nv_bfloat16, 128>    regs<=255 spill=0
// instance attention_tensor_backward_keys<__half, 64>               regs<=255 spill<=96
// instance attention_tensor_backward_keys<__half, 128>              regs<=255 spill<=96
// instance attention_tensor_backward_keys<__nv_bfloat16, 64>        regs<=255 spill<=96
// instance attention_tensor_backward_keys<__nv_bfloat16, 128>       regs<=255 spill<=96
#include "attention.cuh"
#include "ptx.cuh"
#include <cuda_pipeline_primitives.h>

constexpr int THREADS = 128, ROWS = THREADS / WARP * 16;
constexpr float LOG2_E = 1.4426950408889634f;  // scores are in units of 1 / LOG2_E, so that weights are powers of two

// Sizes of tiles: M times 16 rows to a warp, OTHERS rows of the other operands at a time. The arrays in shared memory are those
// that gputape/ops/attention.py counts.
template <typename T, int WIDE> struct Forward {
    static constexpr int M = WIDE == 64 ? 2 : 1, OTHERS = WIDE == 64 ? 32 : 64;
};
template <typename T, int WIDE> struct Backward {
    static constexpr int M = 1, OTHERS = WIDE == 64 ? 64 : 16;
};
template <typename T, int WIDE> constexpr int PITCH = WIDE + 16 / int(sizeof(T));
template <typename T> constexpr int STEP = 32 / int(sizeof(T));  // of the depth of a product, in one instruction

// Queue copies of COUNT rows from `first` on to shared memory, zeros where there are none and up to WIDE columns.
template <int COUNT, int WIDE, typename T>
__device__ __forceinline__ void fetch_rows(T* to, const T* from, i64 first, i64 rows, i64 stride, i64 size) {
    constexpr int N = vector_size<T>(), ACROSS = WIDE / N, TOGETHER = THREADS / ACROSS;
    const int row = threadIdx.x / ACROSS, col = threadIdx.x % ACROSS * N;
    const T* p = from + (first + row) * stride + col;
    int left = col < size ? int(rows - first) - row : 0;
    to += row * PITCH<T, WIDE> + col;
#pragma unroll
    for (int i = 0; i < (COUNT + TOGETHER - 1) / TOGETHER; ++i) {
        if (COUNT % TOGETHER == 0 || row + i * TOGETHER < COUNT)
            __pipeline_memcpy_async(to + i * TOGETHER * PITCH<T, WIDE>, left > 0 ? p : from, 16, left > 0 ? 0 : 16);
        p += TOGETHER * stride;
        left -= TOGETHER;
    }
}
template <int COUNT, int WIDE, typename T>
__device__ __forceinline__ void fetch_queries(T* to, const T* q, const Head<T>& head, i64 first, i64 size) {
    fetch_rows<COUNT, WIDE>(to, q + head.query_row(0) * size, first, head.z.queries, head.z.heads * size, size);
}
template <int COUNT, int WIDE, typename T>
__device__ __forceinline__ void fetch_keys(T* to, const T* k, const Head<T>& head, i64 first, i64 size) {
    fetch_rows<COUNT, WIDE>(to, k + head.key_row(0) * size, first, head.z.keys, head.z.key_heads * size, size);
}

// d += left rightᵀ: M * 16 rows by N * 8, both stored by rows in shared memory.
template <int WIDE, int M, int N, typename T>
__device__ __forceinline__ void multiply_rows(float (&d)[M][N][4], const T* left, const T* right, int lane) {
    constexpr int PAIR = N > 1 ? 2 : 1;
    const int r8 = lane % 8, low = lane / 8 % 2, high = lane / 16;
    left += (r8 + low * 8) * PITCH<T, WIDE> + high * (STEP<T> / 2);
    right += (r8 + (PAIR == 2 ? high * 8 : 0)) * PITCH<T, WIDE> + low * (STEP<T> / 2);
#pragma unroll
    for (int k = 0; k < WIDE; k += STEP<T>) {
        unsigned a[M][4];
#pragma unroll
        for (int i = 0; i < M; ++i) load_fragments<false>(a[i], left + i * 16 * PITCH<T, WIDE> + k);
#pragma unroll
        for (int n = 0; n < N; n += PAIR) {
            unsigned b[4];
            load_fragments<false>(b, right + n * 8 * PITCH<T, WIDE> + k);
#pragma unroll
            for (int j = 0; j < PAIR; ++j) {
                const unsigned two[2] = {b[2 * j], b[2 * j + 1]};
#pragma unroll
                for (int i = 0; i < M; ++i) multiply_fragments<T>(d[i][n + j], a[i], two);
            }
        }
    }
}

template <typename T> __device__ __forceinline__ unsigned packed(float x, float y);
template <> __device__ __forceinline__ unsigned packed<__half>(float x, float y) {
    const __half2 two = __floats2half2_rn(x, y);
    unsigned bits;
    memcpy(&bits, &two, sizeof bits);
    return bits;
}
template <> __device__ __forceinline__ unsigned packed<__nv_bfloat16>(float x, float y) {
    const __nv_bfloat162 two = __floats2bfloat162_rn(x, y);
    unsigned bits;
    memcpy(&bits, &two, sizeof bits);
    return bits;
}

// d += w right: w (M * 16, N * 8) in the registers of a product before, right stored by rows in shared memory.
template <int WIDE, int M, int N, typename T>
__device__ __forceinline__ void multiply_columns(float (&d)[M][WIDE / 8][4], const float (&w)[M][N][4], const T* right,
                                                 int lane) {
    static_assert(sizeof(T) == 2, "a pair of numbers in a register");
    right += (lane % 8 + lane / 8 % 2 * 8) * PITCH<T, WIDE> + lane / 16 * 8;
#pragma unroll
    for (int n = 0; n < N; n += 2) {
        unsigned a[M][4];
#pragma unroll
        for (int i = 0; i < M; ++i)
#pragma unroll
            for (int r = 0; r < 4; ++r) a[i][r] = packed<T>(w[i][n + r / 2][r % 2 * 2], w[i][n + r / 2][r % 2 * 2 + 1]);
#pragma unroll
        for (int c = 0; c < WIDE / 8; c += 2) {
            unsigned b[4];
            load_fragments<true>(b, right + n * 8 * PITCH<T, WIDE> + c * 8);
#pragma unroll
            for (int j = 0; j < 2; ++j) {
                const unsigned two[2] = {b[2 * j], b[2 * j + 1]};
#pragma unroll
                for (int i = 0; i < M; ++i) multiply_fragments<T>(d[i][c + j], a[i], two);
            }
        }
    }
}

// Dots of row `row` and column `col` of a tile into scores in units of 1 / LOG2_E; -inf where there is no such key or query.
template <bool turned, int M, int N, typename T>
__device__ __forceinline__ void set_scores(float (&s)[M][N][4], const Head<T>& head, float scale, int row, int col, int lane) {
    const Sizes& z = head.z;
    row += lane / 4;
    col += lane % 4 * 2;
#pragma unroll
    for (int i = 0; i < M; ++i)
#pragma unroll
        for (int n = 0; n < N; ++n)
#pragma unroll
            for (int e = 0; e < 4; ++e) {
                const int r = row + i * 16 + e / 2 * 8, c = col + n * 8 + e % 2, t = turned ? c : r, j = turned ? r : c;
                float score = s[i][n][e] * scale;
                if (z.causal && j > t) score = lowest<float>();
                if (t >= z.queries || j >= z.keys) score = -INFINITY;
                s[i][n][e] = score;
            }
    if (!head.mask && !head.bias) return;
#pragma unroll
    for (int i = 0; i < M; ++i)
#pragma unroll
        for (int n = 0; n < N; ++n)
#pragma unroll
            for (int e = 0; e < 4; ++e) {
                const int r = row + i * 16 + e / 2 * 8, c = col + n * 8 + e % 2, t = turned ? c : r, j = turned ? r : c;
                if (t >= z.queries || j >= z.keys || (z.causal && j > t)) continue;
                if (head.mask && !head.mask[t * z.mask[2] + j * z.mask[3]]) {
                    s[i][n][e] = lowest<float>();
                } else if (head.bias) {  // the lowest of floats is not to become -inf
                    const float bias = head.bias[t * z.bias[2] + j * z.bias[3]];
                    s[i][n][e] += bias == -INFINITY ? bias : fmaxf(bias * LOG2_E, -3.402823466e38f);
                }
            }
}

// The maximum of a row in those units, and back.
__device__ __forceinline__ float scaled_top(float m) { return m == lowest<float>() ? m : m * LOG2_E; }
__device__ __forceinline__ float natural_top(float m) { return m == lowest<float>() ? m : m / LOG2_E; }

// Write rows first + 16 i + r8 and + 8 of the sums, times factor(i, half).
template <int WIDE, int M, typename T, typename F>
__device__ __forceinline__ void write_rows(T* to, const float (&total)[M][WIDE / 8][4], i64 first, i64 rows, i64 stride,
                                           i64 size, int lane, F factor) {
#pragma unroll
    for (int i = 0; i < M; ++i)
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            const i64 row = first + i * 16 + half * 8 + lane / 4;
            if (row >= rows) continue;
            const float f = factor(i, half);
#pragma unroll
            for (int c = 0; c < WIDE / 8; ++c) {
                const int col = c * 8 + lane % 4 * 2;
                if (col < size)
                    store(to + row * stride + col,
                          Vec<T, 2>{{T(total[i][c][2 * half] * f), T(total[i][c][2 * half + 1] * f)}});
            }
        }
}

template <typename T, int WIDE>
__global__ void __launch_bounds__(THREADS)
    attention_tensor_forward(const T* __restrict__ q, const T* __restrict__ k, const T* __restrict__ v,
                             const bool* __restrict__ mask, const float* __restrict__ bias, T* __restrict__ y,
                             float* __restrict__ stats, Sizes z) {
    constexpr int M = Forward<T, WIDE>::M, KEYS = Forward<T, WIDE>::OTHERS, SIZE = KEYS * PITCH<T, WIDE>, N = KEYS / 8;
    GT_DYN_SMEM(T, memory);
    T *const tiles = memory, *const queries = memory + 4 * SIZE;  // keys and values, twice; queries
    const int lane = threadIdx.x % WARP, at = threadIdx.x / WARP * M * 16;
    const i64 block = i64(gridDim.x - 1 - blockIdx.x) * ROWS * M, first = block + at;  // with `causal` the longest come first
    const Head<T> head(z, mask, bias, blockIdx.y / z.heads, blockIdx.y % z.heads);
    const i64 end = head.end(block + ROWS * M);
    const float scale = float(z.scale) * LOG2_E;
    auto fetch = [&](i64 start, int stage) {
        fetch_keys<KEYS, WIDE>(tiles + 2 * stage * SIZE, k, head, start, z.depth);
        fetch_keys<KEYS, WIDE>(tiles + (2 * stage + 1) * SIZE, v, head, start, z.width);
        __pipeline_commit();
    };
    fetch_queries<ROWS * M, WIDE>(queries, q, head, block, z.depth);
    fetch(0, 0);
    float total[M][WIDE / 8][4] = {}, m[M][2], l[M][2] = {};  // l: of the columns of this lane
#pragma unroll
    for (int i = 0; i < M; ++i) m[i][0] = m[i][1] = -INFINITY;
    int stage = 0;
#pragma unroll 1
    for (i64 start = 0; start < end; start += KEYS, stage ^= 1) {
        __pipeline_wait_prior(0);
        __syncthreads();  // the tile is there for all, and the one before has been used
        if (start + KEYS < end) fetch(start + KEYS, stage ^ 1);
        const T *const keys = tiles + 2 * stage * SIZE, *const values = keys + SIZE;
        float s[M][N][4] = {}, factor = scale;
        multiply_rows<WIDE>(s, queries + at * PITCH<T, WIDE>, keys, lane);
        if (mask || bias || !(scale > 0) || start + KEYS > z.keys || (z.causal && start + KEYS > first)) {
            factor = 1;
            set_scores<false>(s, head, scale, int(first), int(start), lane);
        }
#pragma unroll
        for (int i = 0; i < M; ++i)
#pragma unroll
            for (int half = 0; half < 2; ++half) {
                float top = -INFINITY;
#pragma unroll
                for (int n = 0; n < N; ++n) top = fmaxf(top, fmaxf(s[i][n][2 * half], s[i][n][2 * half + 1]));
                top = fmaxf(top, shuffle_xor(top, 1));
                top = fmaxf(m[i][half], fmaxf(top, shuffle_xor(top, 2)) * factor);
                const float from = top == -INFINITY ? 0.f : top, shrink = power_of_two(m[i][half] - from);
                m[i][half] = top;
                l[i][half] *= shrink;
#pragma unroll
                for (int c = 0; c < WIDE / 8; ++c) total[i][c][2 * half] *= shrink, total[i][c][2 * half + 1] *= shrink;
#pragma unroll
                for (int n = 0; n < N; ++n)
#pragma unroll
                    for (int e = 2 * half; e < 2 * half + 2; ++e)
                        l[i][half] += s[i][n][e] = power_of_two(fmaf(s[i][n][e], factor, -from));
            }
        multiply_columns<WIDE>(total, s, values, lane);
    }
#pragma unroll
    for (int i = 0; i < M; ++i)
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            l[i][half] += shuffle_xor(l[i][half], 1);
            l[i][half] += shuffle_xor(l[i][half], 2);
            const i64 t = first + i * 16 + half * 8 + lane / 4;
            if (t >= z.queries || lane % 4) continue;
            stats[head.stat(t)] = natural_top(m[i][half]);
            stats[head.stat(t) + i64(gridDim.y) * z.queries] = l[i][half];
        }
    write_rows<WIDE, M>(y + head.query_row(0) * z.width, total, first, z.queries, z.heads * z.width, z.width, lane,
                        [&](int i, int half) { return 1 / l[i][half]; });
}

template <typename T, int WIDE>
__global__ void __launch_bounds__(THREADS)
    attention_tensor_backward_queries(const T* __restrict__ q, const T* __restrict__ k, const T* __restrict__ v,
                                      const bool* __restrict__ mask, const float* __restrict__ bias,
                                      const T* __restrict__ dy, const float* __restrict__ stats,
                                      const float* __restrict__ dots, T* __restrict__ dq, Sizes z) {
    constexpr int M = Backward<T, WIDE>::M, KEYS = Backward<T, WIDE>::OTHERS, SIZE = KEYS * PITCH<T, WIDE>, N = KEYS / 8;
    GT_DYN_SMEM(T, memory);
    T *const tiles = memory, *const queries = memory + 4 * SIZE, *const out = queries + ROWS * M * PITCH<T, WIDE>;
    const int lane = threadIdx.x % WARP, at = threadIdx.x / WARP * M * 16;
    const i64 block = i64(gridDim.x - 1 - blockIdx.x) * ROWS * M, first = block + at;
    const Head<T> head(z, mask, bias, blockIdx.y / z.heads, blockIdx.y % z.heads);
    const i64 end = head.end(block + ROWS * M);
    const float scale = float(z.scale) * LOG2_E;
    auto fetch = [&](i64 start, int stage) {
        fetch_keys<KEYS, WIDE>(tiles + 2 * stage * SIZE, k, head, start, z.depth);
        fetch_keys<KEYS, WIDE>(tiles + (2 * stage + 1) * SIZE, v, head, start, z.width);
        __pipeline_commit();
    };
    fetch_queries<ROWS * M, WIDE>(queries, q, head, block, z.depth);
    fetch_queries<ROWS * M, WIDE>(out, dy, head, block, z.width);
    fetch(0, 0);
    float total[M][WIDE / 8][4] = {}, m[M][2], inverse[M][2], dot[M][2];
#pragma unroll
    for (int i = 0; i < M; ++i)
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            const i64 t = first + i * 16 + half * 8 + lane / 4, stat = head.stat(t < z.queries ? t : 0);
            const float top = stats[stat];
            m[i][half] = scaled_top(top);
            // a query that sees no key has no part in the gradient of q
            inverse[i][half] = top == lowest<float>() ? 0.f : 1 / stats[stat + i64(gridDim.y) * z.queries];
            dot[i][half] = dots[stat];
        }
    int stage = 0;
#pragma unroll 1
    for (i64 start = 0; start < end; start += KEYS, stage ^= 1) {
        __pipeline_wait_prior(0);
        __syncthreads();  // the tile is there for all, and the one before has been used
        if (start + KEYS < end) fetch(start + KEYS, stage ^ 1);
        const T *const keys = tiles + 2 * stage * SIZE, *const values = keys + SIZE;
        float s[M][N][4] = {}, dw[M][N][4] = {}, factor = scale;
        multiply_rows<WIDE>(s, queries + at * PITCH<T, WIDE>, keys, lane);
        multiply_rows<WIDE>(dw, out + at * PITCH<T, WIDE>, values, lane);
        if (mask || bias || start + KEYS > z.keys || (z.causal && start + KEYS > first)) {
            factor = 1;
            set_scores<false>(s, head, scale, int(first), int(start), lane);
        }
#pragma unroll
        for (int i = 0; i < M; ++i)
#pragma unroll
            for (int n = 0; n < N; ++n)
#pragma unroll
                for (int e = 0; e < 4; ++e) {
                    const float w = power_of_two(fmaf(s[i][n][e], factor, -m[i][e / 2])) * inverse[i][e / 2];
                    s[i][n][e] = w * (dw[i][n][e] - dot[i][e / 2]);
                }
        multiply_columns<WIDE>(total, s, keys, lane);
    }
    const float natural = float(z.scale);
    write_rows<WIDE, M>(dq + head.query_row(0) * z.depth, total, first, z.queries, z.heads * z.depth, z.depth, lane,
                        [&](int, int) { return natural; });
}

template <typename T, int WIDE>
__global__ void __launch_bounds__(THREADS)
    attention_tensor_backward_keys(const T* __restrict__ q, const T* __restrict__ k, const T* __restrict__ v,
                                   const bool* __restrict__ mask, const float* __restrict__ bias, const T* __restrict__ dy,
                                   const float* __restrict__ stats, const float* __restrict__ dots, T* __restrict__ dk,
                                   T* __restrict__ dv, Sizes z) {
    constexpr int M = Backward<T, WIDE>::M, QUERIES = Backward<T, WIDE>::OTHERS, SIZE = QUERIES * PITCH<T, WIDE>;
    constexpr int N = QUERIES / 8;
    GT_DYN_SMEM(T, memory);
    T *const tiles = memory, *const keys = memory + 4 * SIZE, *const values = keys + ROWS * M * PITCH<T, WIDE>;
    __shared__ float rows[2][3][QUERIES];  // of the queries of a tile: m, l, dots
    const int lane = threadIdx.x % WARP, at = threadIdx.x / WARP * M * 16;
    const i64 block = i64(blockIdx.x) * ROWS * M, first = block + at, batch = blockIdx.y / z.key_heads;
    const i64 groups = z.heads / z.key_heads, key_head = blockIdx.y % z.key_heads;
    const i64 past = i64(gridDim.y) * groups * z.queries;  // from a maximum to its sum
    const i64 begin = z.causal && !mask ? block / QUERIES * QUERIES : 0;  // earlier queries see none of the tile
    const i64 count = z.queries > begin ? (z.queries - begin + QUERIES - 1) / QUERIES : 0;  // tiles of a head
    const float scale = float(z.scale) * LOG2_E;
    const Head<T> any(z, mask, bias, batch, key_head * groups);
    fetch_keys<ROWS * M, WIDE>(keys, k, any, block, z.depth);
    fetch_keys<ROWS * M, WIDE>(values, v, any, block, z.width);
    auto fetch = [&](const Head<T>& head, i64 start, int stage) {
        fetch_queries<QUERIES, WIDE>(tiles + 2 * stage * SIZE, q, head, start, z.depth);
        fetch_queries<QUERIES, WIDE>(tiles + (2 * stage + 1) * SIZE, dy, head, start, z.width);
        for (int i = threadIdx.x; i < 3 * QUERIES; i += THREADS) {  // past the last query the numbers of the last
            const i64 t = start + i % QUERIES, stat = head.stat(t < z.queries ? t : z.queries - 1);
            const float* from = i < QUERIES ? stats + stat : i < 2 * QUERIES ? stats + stat + past : dots + stat;
            __pipeline_memcpy_async(&rows[stage][i / QUERIES][i % QUERIES], from, 4);
        }
        __pipeline_commit();
    };
    if (count) fetch(any, begin, 0);
    float total_k[M][WIDE / 8][4] = {}, total_v[M][WIDE / 8][4] = {};
    int stage = 0;
#pragma unroll 1
    for (i64 g = 0; g < groups; ++g) {
        const Head<T> head(z, mask, bias, batch, key_head * groups + g);
#pragma unroll 1
        for (i64 start = begin; start < z.queries; start += QUERIES, stage ^= 1) {
            __pipeline_wait_prior(0);
            __syncthreads();  // the tile is there for all, and the one before has been used
            if (start + QUERIES < z.queries)
                fetch(head, start + QUERIES, stage ^ 1);
            else if (g + 1 < groups)
                fetch(Head<T>(z, mask, bias, batch, key_head * groups + g + 1), begin, stage ^ 1);
            const T *const queries = tiles + 2 * stage * SIZE, *const out = queries + SIZE;
            float s[M][N][4] = {}, ds[M][N][4] = {}, factor = scale;
            multiply_rows<WIDE>(s, keys + at * PITCH<T, WIDE>, queries, lane);
            multiply_rows<WIDE>(ds, values + at * PITCH<T, WIDE>, out, lane);
            if (mask || bias || start + QUERIES > z.queries || first + M * 16 > z.keys ||
                (z.causal && first + M * 16 > start)) {
                factor = 1;
                set_scores<true>(s, head, scale, int(first), int(start), lane);
            }
#pragma unroll
            for (int n = 0; n < N; ++n)
#pragma unroll
                for (int two = 0; two < 2; ++two) {
                    const int col = n * 8 + lane % 4 * 2 + two;
                    const float top = rows[stage][0][col], m = scaled_top(top), dot = rows[stage][2][col];
                    const float inverse = __fdividef(1.f, rows[stage][1][col]);
#pragma unroll
                    for (int i = 0; i < M; ++i)
#pragma unroll
                        for (int e = two; e < 4; e += 2) {
                            s[i][n][e] = power_of_two(fmaf(s[i][n][e], factor, -m)) * inverse;
                            ds[i][n][e] = s[i][n][e] * (ds[i][n][e] - dot);
                            if (mask && top == lowest<float>()) ds[i][n][e] = 0;  // that query sees no key
                        }
                }
            multiply_columns<WIDE>(total_v, s, out, lane);
            multiply_columns<WIDE>(total_k, ds, queries, lane);
        }
    }
    const float natural = float(z.scale);
    write_rows<WIDE, M>(dk + any.key_row(0) * z.depth, total_k, first, z.keys, z.key_heads * z.depth, z.depth, lane,
                        [&](int, int) { return natural; });
    write_rows<WIDE, M>(dv + any.key_row(0) * z.width, total_v, first, z.keys, z.key_heads * z.width, z.width, lane,
                        [&](int, int) { return 1.f; });
}
