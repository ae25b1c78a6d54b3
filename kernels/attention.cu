// Scaled dot product attention over tiles of 32 queries and 32 keys; the scores of all pairs never stand in memory.
//
//   s[t,j] = scale * sum_h q[t,h] k[j,h] + bias[t,j], or `lowest` where key j is hidden from query t
//   m[t] = max_j s[t,j],  l[t] = sum_j exp(s[t,j] - m[t]),  w[t,j] = exp(s[t,j] - m[t]) / l[t]
//
//   attention_forward            y[t]  = sum_j w[t,j] v[j];  m and l in one pass: when m grows, what was summed shrinks
//   attention_dots               e[t]  = sum_h dy[t,h] y[t,h]
//   attention_backward_queries   dq[t] = scale * sum_j ds[t,j] k[j]     ds[t,j] = w[t,j] (sum_h dy[t,h] v[j,h] - e[t])
//   attention_backward_keys      dk[j] = scale * sum_t ds[t,j] q[t],  dv[j] = sum_t w[t,j] dy[t], over all heads of the key
//
//   Hidden are keys where the mask is false, and with `causal` those later than the query; ds is 0 there. A query that
//   sees no key gets the mean of all values, as all its scores are equal.
//
//   T          float, double, __half, __nv_bfloat16; computed in Acc<T>. Half types in rows of 8 go to attention_tensor.cuh
//   q, y       (batch, queries, heads, depth or width); k, v (batch, keys, key_heads, depth or width), both up to 128
//   mask, bias null, or with a stride for each of batch, heads, queries, keys, 0 where they are broadcast; stats (2, batch,
//              heads, queries), m and l
//   launch     grid = (tiles of queries, batch * heads), for keys (tiles of keys, batch * key_heads); block = 256: eight
//              threads to a row of the tile. attention_dots: a warp to a row
//   bytes      forward q + y + (k + v) * queries / 32, backward about three times that; flops 4, backward 14 times
//              batch * heads * queries * keys * depth
//
// instance attention_forward<float>                    regs<=128 spill=0
// instance attention_forward<double>                   regs<=168 spill=0
// instance attention_forward<__half>                   regs<=128 spill=0
// instance attention_forward<__nv_bfloat16>            regs<=128 spill=0
// instance attention_dots<float>                       regs<=40 spill=0
// instance attention_dots<double>                      regs<=48 spill=0
// instance attention_dots<__half>                      regs<=40 spill=0
// instance attention_dots<__nv_bfloat16>               regs<=40 spill=0
// instance attention_backward_queries<float>           regs<=128 spill=0
// instance attention_backward_queries<double>          regs<=168 spill=0
// instance attention_backward_queries<__half>          regs<=128 spill=0
// instance attention_backward_queries<__nv_bfloat16>   regs<=128 spill=0
// instance attention_backward_keys<float>              regs<=128 spill=0
// instance attention_backward_keys<double>             regs<=200 spill=0
// instance attention_backward_keys<__half>             regs<=128 spill=0
// instance attention_backward_keys<__nv_bfloat16>      regs<=128 spill=0
#include "attention_tensor.cuh"

constexpr int TILE = 32, LANES = 8, EACH = TILE / LANES, WIDEST = 128, COLS = WIDEST / LANES;
static_assert(BLOCK == TILE * LANES, "the threads are shared out by hand");

// Blocks of attention_backward_keys at a time on a multiprocessor: for two the sums of doubles have not enough registers.
template <typename T> constexpr int BLOCKS = sizeof(T) == 8 ? 1 : 2;

// The maximum or sum over the eight lanes of a row; every lane gets the same bits.
template <typename A, typename Op> __device__ __forceinline__ A row_reduce(A x, Op op) {
#pragma unroll
    for (int mask = LANES / 2; mask > 0; mask /= 2) x = op(x, shuffle_xor(x, mask));
    return x;
}

// Rows first .. first + 31 of q (or k) into shared memory, zeros after the last.
template <typename T, typename A>
__device__ __forceinline__ void load_queries(A* to, const T* q, const Head<T>& head, i64 first, i64 size) {
#pragma unroll 1
    for (i64 i = threadIdx.x; i < TILE * size; i += BLOCK) {
        const i64 r = i / size, t = first + r;
        to[r * (size + 1) + i % size] = t < head.z.queries ? A(q[head.query_row(t) * size + i % size]) : A(0);
    }
}
template <typename T, typename A>
__device__ __forceinline__ void load_keys(A* to, const T* k, const Head<T>& head, i64 first, i64 size) {
#pragma unroll 1
    for (i64 i = threadIdx.x; i < TILE * size; i += BLOCK) {
        const i64 r = i / size, j = first + r;
        to[r * (size + 1) + i % size] = j < head.z.keys ? A(k[head.key_row(j) * size + i % size]) : A(0);
    }
}

template <typename A> __device__ __forceinline__ A dot(const A* a, const A* b, i64 size) {
    A s = 0;
#pragma unroll 4
    for (i64 h = 0; h < size; ++h) s += a[h] * b[h];
    return s;
}

// total[i] += sum over the tile of p[n] * rows[n][column lane + 8 i]
template <typename A>
__device__ __forceinline__ void accumulate(A (&total)[COLS], const A* p, const A* rows, i64 size, int lane) {
#pragma unroll 1
    for (int n = 0; n < TILE; ++n) {
        const A w = p[n];
#pragma unroll
        for (int i = 0; i < COLS; ++i)
            if (lane + i * LANES < size) total[i] += w * rows[n * (size + 1) + lane + i * LANES];
    }
}
template <typename T, typename A>
__device__ __forceinline__ void write(T* to, const A (&total)[COLS], A factor, i64 size, int lane) {
#pragma unroll
    for (int i = 0; i < COLS; ++i)
        if (lane + i * LANES < size) to[lane + i * LANES] = T(total[i] * factor);
}

template <typename T>
__global__ void __launch_bounds__(BLOCK)
    attention_forward(const T* __restrict__ q, const T* __restrict__ k, const T* __restrict__ v,
                      const bool* __restrict__ mask, const Acc<T>* __restrict__ bias, T* __restrict__ y,
                      Acc<T>* __restrict__ stats, Sizes z) {
    using A = Acc<T>;
    GT_DYN_SMEM(A, memory);
    const i64 longest = z.depth > z.width ? z.depth : z.width, size = TILE * (longest + 1);
    A* const mine = memory;         // queries
    A* const theirs = mine + size;  // keys, then values
    A* const p = theirs + size;     // weights
    const int row = threadIdx.x / LANES, lane = threadIdx.x % LANES;
    const i64 first = i64(blockIdx.x) * TILE, t = first + row;
    const Head<T> head(z, mask, bias, blockIdx.y / z.heads, blockIdx.y % z.heads);
    const bool there = t < z.queries;
    const i64 end = head.end(first + TILE);
    A total[COLS] = {}, m = -INFINITY, l = 0;
    load_queries(mine, q, head, first, z.depth);
    for (i64 start = 0; start < end; start += TILE) {
        __syncthreads();  // the queries are there, and the values before have been used
        load_keys(theirs, k, head, start, z.depth);
        __syncthreads();
        A s[EACH], top = m;
#pragma unroll
        for (int i = 0; i < EACH; ++i) {
            const i64 j = start + lane + i * LANES;
            s[i] = -INFINITY;
            if (there && j < z.keys) {
                const A score = dot(mine + row * (z.depth + 1), theirs + (lane + i * LANES) * (z.depth + 1), z.depth);
                s[i] = head.score(score, t, j);
            }
            top = Max()(top, s[i]);
        }
        top = row_reduce(top, Max());
        const A shrink = m == top ? A(1) : exp(m - top);
        A sum = 0;
#pragma unroll
        for (int i = 0; i < EACH; ++i) {
            const A e = top == -INFINITY ? A(0) : exp(s[i] - top);
            p[row * (TILE + 1) + lane + i * LANES] = e;
            sum += e;
        }
        m = top;
        l = l * shrink + row_reduce(sum, Sum());
        __syncthreads();
        load_keys(theirs, v, head, start, z.width);
#pragma unroll
        for (int i = 0; i < COLS; ++i) total[i] *= shrink;
        __syncthreads();
        accumulate(total, p + row * (TILE + 1), theirs, z.width, lane);
    }
    if (!there) return;
    write(y + head.query_row(t) * z.width, total, 1 / l, z.width, lane);
    if (lane == 0) {
        stats[head.stat(t)] = m;
        stats[head.stat(t) + i64(gridDim.y) * z.queries] = l;
    }
}

template <typename T>
__global__ void __launch_bounds__(BLOCK) attention_dots(const T* __restrict__ dy, const T* __restrict__ y,
                                                        Acc<T>* __restrict__ dots, i64 rows, Sizes z) {
    const i64 row = i64(blockIdx.x) * (BLOCK / WARP) + threadIdx.x / WARP;
    const int lane = threadIdx.x % WARP;
    Acc<T> s = 0;
    if (row < rows)
        for (i64 h = lane; h < z.width; h += WARP) s += Acc<T>(dy[row * z.width + h]) * Acc<T>(y[row * z.width + h]);
    s = warp_reduce(s, Sum());
    if (row >= rows || lane != 0) return;
    const i64 head = row % z.heads, t = row / z.heads % z.queries, batch = row / z.heads / z.queries;
    dots[(batch * z.heads + head) * z.queries + t] = s;
}

template <typename T>
__global__ void __launch_bounds__(BLOCK, 2)  // without the 2 the compiler aims at 3 blocks, and spills
    attention_backward_queries(const T* __restrict__ q, const T* __restrict__ k, const T* __restrict__ v,
                               const bool* __restrict__ mask, const Acc<T>* __restrict__ bias, const T* __restrict__ dy,
                               const Acc<T>* __restrict__ stats, const Acc<T>* __restrict__ dots, T* __restrict__ dq,
                               Sizes z) {
    using A = Acc<T>;
    GT_DYN_SMEM(A, memory);
    const i64 longest = z.depth > z.width ? z.depth : z.width, size = TILE * (longest + 1);
    A *const mine = memory, *const out = mine + size, *const keys = out + size, *const values = keys + size;
    A* const ds = values + size;
    const int row = threadIdx.x / LANES, lane = threadIdx.x % LANES;
    const i64 first = i64(blockIdx.x) * TILE, t = first + row;
    const Head<T> head(z, mask, bias, blockIdx.y / z.heads, blockIdx.y % z.heads);
    const bool there = t < z.queries;
    const i64 end = head.end(first + TILE), stat = head.stat(there ? t : 0);
    const A m = stats[stat], l = stats[stat + i64(gridDim.y) * z.queries], e = dots[stat];
    A total[COLS] = {};
    load_queries(mine, q, head, first, z.depth);
    load_queries(out, dy, head, first, z.width);
    for (i64 start = 0; start < end; start += TILE) {
        __syncthreads();
        load_keys(keys, k, head, start, z.depth);
        load_keys(values, v, head, start, z.width);
        __syncthreads();
#pragma unroll
        for (int i = 0; i < EACH; ++i) {
            const int n = lane + i * LANES;
            const i64 j = start + n;
            A made = 0;
            if (there && j < z.keys && head.seen(t, j)) {
                const A s = head.score(dot(mine + row * (z.depth + 1), keys + n * (z.depth + 1), z.depth), t, j);
                const A dw = dot(out + row * (z.width + 1), values + n * (z.width + 1), z.width);
                made = exp(s - m) / l * (dw - e);
            }
            ds[row * (TILE + 1) + n] = made;
        }
        __syncthreads();
        accumulate(total, ds + row * (TILE + 1), keys, z.depth, lane);
    }
    if (there) write(dq + head.query_row(t) * z.depth, total, A(z.scale), z.depth, lane);
}

template <typename T>
__global__ void __launch_bounds__(BLOCK, BLOCKS<T>)
    attention_backward_keys(const T* __restrict__ q, const T* __restrict__ k, const T* __restrict__ v,
                            const bool* __restrict__ mask, const Acc<T>* __restrict__ bias, const T* __restrict__ dy,
                            const Acc<T>* __restrict__ stats, const Acc<T>* __restrict__ dots, T* __restrict__ dk,
                            T* __restrict__ dv, Sizes z) {
    using A = Acc<T>;
    GT_DYN_SMEM(A, memory);
    const i64 longest = z.depth > z.width ? z.depth : z.width, size = TILE * (longest + 1);
    A *const mine = memory, *const values = mine + size, *const queries = values + size, *const out = queries + size;
    A *const w = out + size, *const ds = w + TILE * (TILE + 1);
    const int row = threadIdx.x / LANES, lane = threadIdx.x % LANES;
    const i64 first = i64(blockIdx.x) * TILE, j = first + row, batch = blockIdx.y / z.key_heads;
    const i64 groups = z.heads / z.key_heads, key_head = blockIdx.y % z.key_heads;
    const i64 past = i64(gridDim.y) * groups * z.queries;  // from a maximum to its sum
    const bool there = j < z.keys;
    const i64 begin = z.causal && !mask ? first : 0;  // queries before the first key see none of the tile
    A total_k[COLS] = {}, total_v[COLS] = {};
    const Head<T> any(z, mask, bias, batch, key_head * groups);
    load_keys(mine, k, any, first, z.depth);
    load_keys(values, v, any, first, z.width);
    for (i64 g = 0; g < groups; ++g) {
        const Head<T> head(z, mask, bias, batch, key_head * groups + g);
        for (i64 start = begin; start < z.queries; start += TILE) {
            __syncthreads();
            load_queries(queries, q, head, start, z.depth);
            load_queries(out, dy, head, start, z.width);
            __syncthreads();
#pragma unroll
            for (int i = 0; i < EACH; ++i) {
                const int n = lane + i * LANES;
                const i64 t = start + n;
                A weight = 0, made = 0;
                if (there && t < z.queries) {
                    const i64 stat = head.stat(t);
                    const A s = head.score(dot(queries + n * (z.depth + 1), mine + row * (z.depth + 1), z.depth), t, j);
                    weight = exp(s - stats[stat]) / stats[stat + past];
                    const A dw = dot(out + n * (z.width + 1), values + row * (z.width + 1), z.width);
                    made = head.seen(t, j) ? weight * (dw - dots[stat]) : A(0);
                }
                w[row * (TILE + 1) + n] = weight;
                ds[row * (TILE + 1) + n] = made;
            }
            __syncthreads();
            accumulate(total_k, ds + row * (TILE + 1), queries, z.depth, lane);
            accumulate(total_v, w + row * (TILE + 1), out, z.width, lane);
        }
    }
    if (!there) return;
    write(dk + any.key_row(j) * z.depth, total_k, A(z.scale), z.depth, lane);
    write(dv + any.key_row(j) * z.width, total_v, A(1), z.width, lane);
}
