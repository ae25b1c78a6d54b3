// Convolutions of channels-last arrays as matrix products whose left operand is gathered from x while it is read: nothing is
// laid out in memory. One to three spatial axes, strides, dilations, padding, groups.
//
//   forward    y[n,q,o]  = sum_{k,c} x[n, q * s + k * d - before, c] * w[k,c,o]      rows (n,q), depth (k,c), columns o
//   backward   dx[n,p,c] = sum_{k,o} dy[n, (p + before - k * d) / s, o] * w[k,o,c]   rows (n,p), depth (k,o), columns c; w comes
//              with its last two axes exchanged. The pixels with the same remainder of p + before by the strides form a phase:
//              they meet the same taps k, at every phase a convolution of stride 1 without waste
//   filter     dw[k,c,o] = sum_{n,q} x[n, q * s + k * d - before, c] * dy[n,q,o]     rows (k,c), depth (n,q), columns o; the depth
//              is cut into chunks, each gives a part of the sum, and add_parts adds these in order
//
//   T          float, double, __half, __nv_bfloat16; sums in Acc<T>. conv_gather and conv_filter multiply as CUDA cores do, the
//              *_tensor kernels, for half types whose channels and filters come in eights, on tensor cores (sm_80 or newer)
//   N          the elements of x that a thread reads at once; it divides the channels of a group
//   sizes      channels and filters are those of a group on the side that is read, and that is written; their strides those of
//              all groups together
//   launch     grid = (tiles of rows * tiles of columns, 1, groups * phases or groups * chunks), block = 256; a block owns a
//              tile of ROWS x COLS of the result
//   bytes      x + w + y each once at least: sizeof(T) * (n * spatial * channels + window * channels / groups * filters +
//              n * out * filters)
//   flops      2 * n * out * filters * window * channels / groups, for each of the three
//
// instance conv_gather<float, 1>                  regs<=128 spill=0 smem<=49152
// instance conv_gather<float, 4>                  regs<=128 spill=0 smem<=49152
// instance conv_gather<double, 1>                 regs<=200 spill=0 smem<=49152
// instance conv_gather<double, 2>                 regs<=200 spill=0 smem<=49152
// instance conv_gather<__half, 1>                 regs<=128 spill=0 smem<=49152
// instance conv_gather<__half, 8>                 regs<=128 spill=0 smem<=49152
// instance conv_gather<__nv_bfloat16, 1>          regs<=128 spill=0 smem<=49152
// instance conv_gather<__nv_bfloat16, 8>          regs<=128 spill=0 smem<=49152
// instance conv_filter<float>                     regs<=128 spill=0 smem<=49152
// instance conv_filter<double>                    regs<=200 spill=0 smem<=49152
// instance conv_filter<__half>                    regs<=128 spill=0 smem<=49152
// instance conv_filter<__nv_bfloat16>             regs<=128 spill=0 smem<=49152
// instance conv_gather_tensor<__half>             regs<=128 spill=0 smem<=49152
// instance conv_gather_tensor<__nv_bfloat16>      regs<=128 spill=0 smem<=49152
// instance conv_filter_tensor<__half>             regs<=128 spill=0 smem<=49152
// instance conv_filter_tensor<__nv_bfloat16>      regs<=128 spill=0 smem<=49152
#include <cuda_pipeline_primitives.h>

#include "parts.cuh"
#include "ptx.cuh"
#include "window.cuh"

constexpr int ROWS = 128, COLS = 64;  // of the tile of a block, as in gputape/ops/conv.py
static_assert(BLOCK == 256, "the threads are shared out by hand");

// ---- where things are

// A window's first element in x, or the distance of a tap from it: the element of x that the tap sees in the window is at the
// sum of the two, if that is inside. `row` counts the rows of the other operand and of the result; -1: there is none.
struct Place {
    i64 offset;
    int at[3], row;
};
constexpr int FAR = -(1 << 30);  // outside of x, whatever is added to it
__device__ __forceinline__ Place nowhere() { return {0, {FAR, 0, 0}, -1}; }

// Along one axis: window t writes position first + t * pace; tap j is number tap + j * tap_pace in the filter, and window t sees
// through it position base + t * step + j * hop.
struct Axis {
    int windows, first, pace, taps, tap, tap_pace, base, step, hop;
};

__device__ Axis forward_axis(const Window& w, int k) {
    return {w.out[k], 0, 1, w.size[k], 0, 1, -w.before[k], w.stride[k], w.dilation[k]};
}

// The pixels of one phase and the taps that they meet.
__device__ Axis backward_axis(const Window& w, int k, int phase) {
    const int s = w.stride[k], d = w.dilation[k];
    Axis a;
    a.first = (phase - w.before[k] % s + s) % s;
    a.pace = s;
    a.windows = a.first < w.in[k] ? (w.in[k] - a.first + s - 1) / s : 0;
    for (a.tap = 0; a.tap < s && a.tap * d % s != phase; ++a.tap) {}
    for (a.tap_pace = 1; a.tap_pace * d % s; ++a.tap_pace) {}
    a.taps = a.tap < s && a.tap < w.size[k] ? (w.size[k] - a.tap + a.tap_pace - 1) / a.tap_pace : 0;
    a.base = (a.first + w.before[k] - a.tap * d) / s;
    a.step = 1;
    a.hop = -(a.tap_pace * d / s);
    return a;
}

// One convolution: all of a forward one, or a phase of a backward one.
struct Geometry {
    Axis axis[3];
    int source[3], target[3], size[3], images;
    int channels, stride;  // of a group in x, and of all groups

    __device__ unsigned windows() const {
        return unsigned(images) * axis[0].windows * axis[1].windows * axis[2].windows;
    }
    __device__ unsigned depth() const { return unsigned(axis[0].taps) * axis[1].taps * axis[2].taps * channels; }

    __device__ Place window(unsigned i) const {
        const int counts[3] = {axis[0].windows, axis[1].windows, axis[2].windows};
        const Pixel p = split(counts, i);
        Place made;
        int to[3];
#pragma unroll
        for (int k = 0; k < 3; ++k) {
            made.at[k] = axis[k].base + p.at[k] * axis[k].step;
            to[k] = axis[k].first + p.at[k] * axis[k].pace;
        }
        made.row = pixel_index(target, p.image, to[0], to[1], to[2]);
        made.offset = (i64(p.image) * source[0] * source[1] * source[2] + distance(made.at)) * stride;
        return made;
    }
    // Tap and channel, the channel running fastest.
    __device__ Place tap(unsigned i) const {
        const int counts[3] = {axis[0].taps, axis[1].taps, axis[2].taps}, channel = int(i % unsigned(channels));
        const Pixel p = split(counts, i / unsigned(channels));
        Place made;
        int in_filter[3];
#pragma unroll
        for (int k = 0; k < 3; ++k) {
            made.at[k] = p.at[k] * axis[k].hop;
            in_filter[k] = axis[k].tap + p.at[k] * axis[k].tap_pace;
        }
        made.row = pixel_index(size, 0, in_filter[0], in_filter[1], in_filter[2]) * channels + channel;
        made.offset = distance(made.at) * stride + channel;
        return made;
    }
    __device__ i64 distance(const int (&at)[3]) const { return (i64(at[0]) * source[1] + at[1]) * source[2] + at[2]; }
};

__device__ __forceinline__ bool inside(const Geometry& g, const Place& a, const Place& b) {
    return in_bounds(g.source, a.at[0] + b.at[0], a.at[1] + b.at[1], a.at[2] + b.at[2]);
}

// The geometry of this block, made once for all its threads. `phase` is the number of a phase, -1 for a forward convolution.
__device__ void set_geometry(Geometry& g, const Window& w, int phase, int channels, int stride) {
    const int k = threadIdx.x;
    if (k < 3) {
        const bool forward = phase < 0;
        for (int later = 2; later > k && !forward; --later) phase /= w.stride[later];
        g.axis[k] = forward ? forward_axis(w, k) : backward_axis(w, k, phase % w.stride[k]);
        g.source[k] = forward ? w.in[k] : w.out[k];
        g.target[k] = forward ? w.out[k] : w.in[k];
        g.size[k] = w.size[k];
    } else if (k == 3) {
        g.images = w.images;
        g.channels = channels;
        g.stride = stride;
    }
    __syncthreads();
}

// What the rows and the depth of the product are: windows and taps, or the other way around; and how far both go.
template <bool by_taps> struct Sides {
    const Geometry& g;
    unsigned begin, end;  // of the depth
    __device__ Place row(unsigned i) const {
        if (by_taps) return i < g.depth() ? g.tap(i) : nowhere();
        return i < g.windows() ? g.window(i) : nowhere();
    }
    __device__ Place deep(unsigned i) const {
        if (i >= end) return nowhere();
        return by_taps ? g.window(i) : g.tap(i);
    }
};

// Which tile a block owns: its first row and first column, and the number of columns that are there from that on.
struct Tile {
    unsigned row;
    int col, cols;
    __device__ explicit Tile(int all) {
        const unsigned across = (all + COLS - 1) / COLS;
        row = blockIdx.x / across * ROWS;
        col = int(blockIdx.x % across) * COLS;
        cols = all - col < COLS ? all - col : COLS;
    }
};

// ---- the product on CUDA cores

// y[row, column] = sum over the depth of x[row + deep] * b[deep, column]: a thread owns 2 x 4 rows by 4 columns. The numbers of
// the next DEPTH steps are fetched while those of the last are multiplied. b, y and the columns begin with the tile's.
template <int N, bool by_taps, typename T, typename U>
__device__ void multiply(const T* __restrict__ x, const T* __restrict__ b, U* __restrict__ y, i64 pitch, const Tile& tile,
                         const Sides<by_taps>& sides) {
    constexpr int DEPTH = 16, MINE = DEPTH * ROWS / BLOCK;
    alignas(32) __shared__ Acc<T> left[DEPTH][ROWS], right[DEPTH][COLS];
    __shared__ Place deep[DEPTH / N];
    __shared__ int target[ROWS];
    const int t = threadIdx.x, r = t % ROWS, k0 = t / ROWS * MINE, c = t % COLS, kc = t / COLS, tr = t / 16 * 4, tc = t % 16 * 4;
    const Place mine = sides.row(tile.row + r);
    if (t < ROWS) target[t] = mine.row;

    Acc<T> a[MINE], w[COLS * DEPTH / BLOCK], total[8][4] = {};
    auto locate = [&](unsigned from) {
        if (t < DEPTH / N) deep[t] = sides.deep(from + t * N);
    };
    auto fetch = [&] {
#pragma unroll
        for (int k = 0; k < MINE; k += N) {
            const Place& place = deep[(k0 + k) / N];
            Vec<T, N> v;
            const bool seen = inside(sides.g, mine, place);
            if (seen) v = load<N>(x + (mine.offset + place.offset));
#pragma unroll
            for (int e = 0; e < N; ++e) a[k + e] = seen ? Acc<T>(v[e]) : Acc<T>(0);
        }
#pragma unroll
        for (int k = 0; k < COLS * DEPTH / BLOCK; ++k) {
            const int at = kc + k * (BLOCK / COLS), row = deep[at / N].row;
            w[k] = row >= 0 && c < tile.cols ? Acc<T>(b[(row + at % N) * pitch + c]) : Acc<T>(0);
        }
    };
    locate(sides.begin);
    __syncthreads();
    fetch();
    for (unsigned from = sides.begin; from < sides.end; from += DEPTH) {
        __syncthreads();  // the tiles and places before have been used
#pragma unroll
        for (int k = 0; k < MINE; ++k) left[k0 + k][r] = a[k];
#pragma unroll
        for (int k = 0; k < COLS * DEPTH / BLOCK; ++k) right[kc + k * (BLOCK / COLS)][c] = w[k];
        locate(from + DEPTH);
        __syncthreads();
        if (from + DEPTH < sides.end) fetch();
#pragma unroll
        for (int k = 0; k < DEPTH; ++k) {
            const Vec<Acc<T>, 4> top = load<4>(&left[k][tr]), low = load<4>(&left[k][tr + ROWS / 2]), q = load<4>(&right[k][tc]);
#pragma unroll
            for (int i = 0; i < 4; ++i)
#pragma unroll
                for (int j = 0; j < 4; ++j) {
                    total[i][j] += top[i] * q[j];
                    total[i + 4][j] += low[i] * q[j];
                }
        }
    }
    __syncthreads();  // the targets are there, even if the depth is 0
#pragma unroll
    for (int i = 0; i < 8; ++i) {
        const int row = target[tr + i % 4 + i / 4 * (ROWS / 2)];
#pragma unroll
        for (int j = 0; j < 4; ++j)
            if (row >= 0 && tc + j < tile.cols) y[row * pitch + tc + j] = U(total[i][j]);
    }
}

// ---- the product on tensor cores

// The same for half types. A warp owns 32 x 32 of the tile. Copies to shared memory, 16 bytes each, run ahead by STAGES - 1
// tiles. Left tiles are stored as x is read: by rows of the depth for windows, where a tap's channels follow each other; by
// steps of the depth for taps. The pitches put the eight rows of a matrix that is loaded at once into different banks.
template <bool by_taps, typename T, typename U>
__device__ void multiply_tensor(const T* __restrict__ x, const T* __restrict__ b, U* __restrict__ y, i64 pitch,
                                const Tile& tile, const Sides<by_taps>& sides) {
    constexpr int DEPTH = 32, STAGES = 3, N = 8, WIDE = by_taps ? ROWS : DEPTH, HIGH = by_taps ? DEPTH : ROWS;
    constexpr int TOGETHER = by_taps ? 1 : N;  // steps of the depth that share a place
    alignas(16) __shared__ T left[STAGES][HIGH][WIDE + 8], right[STAGES][DEPTH][COLS + 8];
    __shared__ Place deep[2][DEPTH / TOGETHER];
    __shared__ int target[ROWS];
    const int t = threadIdx.x, warp = t / WARP, lane = t % WARP, row0 = warp / 2 * 32, col0 = warp % 2 * 32;
    const int k1 = t / (WIDE / N), n1 = t % (WIDE / N) * N, k2 = t / (COLS / N), n2 = t % (COLS / N) * N;
    if (t < ROWS) target[t] = sides.row(tile.row + t).row;
    Place mine[2];  // the rows of x that this thread copies; by taps there is one
    mine[0] = sides.row(tile.row + (by_taps ? n1 : k1));
    mine[1] = by_taps ? mine[0] : sides.row(tile.row + k1 + HIGH / 2);

    auto locate = [&](unsigned tiles) {
        if (t < DEPTH / TOGETHER) deep[tiles % 2][t] = sides.deep(sides.begin + tiles * DEPTH + t * TOGETHER);
    };
    auto fetch = [&](unsigned tiles) {
        const Place* places = deep[tiles % 2];
        const unsigned stage = tiles % STAGES;
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            const int k = k1 + half * (HIGH / 2);
            const Place& place = places[by_taps ? k : n1 / N];
            const bool seen = inside(sides.g, mine[half], place);
            __pipeline_memcpy_async(&left[stage][k][n1], seen ? x + (mine[half].offset + place.offset) : x, 16, seen ? 0 : 16);
        }
        const int row = places[k2 / TOGETHER].row;
        const bool there = row >= 0 && n2 < tile.cols;
        __pipeline_memcpy_async(&right[stage][k2][n2], there ? b + ((row + k2 % TOGETHER) * pitch + n2) : b, 16, there ? 0 : 16);
    };
    const unsigned count = (sides.end - sides.begin + DEPTH - 1) / DEPTH;
    float total[2][4][4] = {};
    locate(0);
    locate(1);
    __syncthreads();
    for (unsigned k = 0; k < STAGES - 1; ++k) {
        if (k < count) fetch(k);
        __pipeline_commit();
    }
    __syncthreads();
    locate(STAGES - 1);
    for (unsigned k = 0; k < count; ++k) {
        __pipeline_wait_prior(STAGES - 2);
        __syncthreads();  // tile k is there for all, and tile k - 1, whose place tile k + STAGES - 1 takes, has been used
        if (k + STAGES - 1 < count) fetch(k + STAGES - 1);
        __pipeline_commit();
        locate(k + STAGES);
        const unsigned stage = k % STAGES;
#pragma unroll
        for (int step = 0; step < DEPTH; step += 16) {
            unsigned p[2][4], q[2][4];
            const int r8 = lane % 8, low = lane / 8 % 2 * 8, high = lane / 16 * 8;  // of matrix lane / 8 of the four
#pragma unroll
            for (int i = 0; i < 2; ++i) {
                const int row = row0 + i * 16, col = col0 + i * 16;
                if (by_taps)
                    load_fragments<true>(p[i], &left[stage][step + high + r8][row + low]);
                else
                    load_fragments<false>(p[i], &left[stage][row + low + r8][step + high]);
                load_fragments<true>(q[i], &right[stage][step + low + r8][col + high]);
            }
#pragma unroll
            for (int i = 0; i < 2; ++i)
#pragma unroll
                for (int j = 0; j < 4; ++j) {
                    const unsigned pair[2] = {q[j / 2][j % 2 * 2], q[j / 2][j % 2 * 2 + 1]};
                    multiply_fragments<T>(total[i][j], p[i], pair);
                }
        }
    }
    __syncthreads();  // the targets are there, even if the depth is 0
#pragma unroll
    for (int i = 0; i < 4; ++i) {
        const int row = target[row0 + i * 8 + lane / 4];
#pragma unroll
        for (int j = 0; j < 4; ++j) {
            const int col = col0 + j * 8 + lane % 4 * 2;
            const float* two = &total[i / 2][j][i % 2 * 2];
            if (row >= 0 && col < tile.cols) store(y + (row * pitch + col), Vec<U, 2>{{U(two[0]), U(two[1])}});
        }
    }
}

// ---- kernels

// The convolution of `group`, or of one phase of it: b (taps, channels, pitch), y (pixels, pitch).
#define CONV_GATHER(product)                                                                          \
    __shared__ Geometry g;                                                                            \
    const int group = blockIdx.z % groups;                                                            \
    set_geometry(g, w, backward ? int(blockIdx.z) / groups : -1, channels, channels * groups);        \
    const Tile tile(filters);                                                                         \
    if (tile.row >= g.windows()) return;                                                              \
    const Sides<false> sides{g, 0, g.depth()};                                                        \
    const i64 pitch = i64(filters) * groups, first = i64(group) * filters + tile.col;                 \
    product(x + i64(group) * channels, b + first, y + first, pitch, tile, sides)

template <typename T, int N>
__global__ void __launch_bounds__(BLOCK) conv_gather(const T* __restrict__ x, const T* __restrict__ b, T* __restrict__ y,
                                                     Window w, int channels, int filters, int groups, bool backward) {
    CONV_GATHER(multiply<N>);
}
template <typename T>
__global__ void __launch_bounds__(BLOCK) conv_gather_tensor(const T* __restrict__ x, const T* __restrict__ b,
                                                            T* __restrict__ y, Window w, int channels, int filters,
                                                            int groups, bool backward) {
    CONV_GATHER(multiply_tensor);
}

// One chunk of `span` windows of the filter's gradient of one group, into parts (chunks, taps, channels, filters * groups).
#define CONV_FILTER(product)                                                                          \
    __shared__ Geometry g;                                                                            \
    const int group = blockIdx.z % groups, chunk = blockIdx.z / groups;                               \
    set_geometry(g, w, -1, channels, channels * groups);                                              \
    const Tile tile(filters);                                                                         \
    const unsigned all = g.windows(), begin = chunk * span, end = all - begin < span ? all : begin + span; \
    const Sides<true> sides{g, begin, end};                                                           \
    const i64 pitch = i64(filters) * groups, first = i64(group) * filters + tile.col;                 \
    product(x + i64(group) * channels, dy + first, parts + (chunk * (g.depth() * pitch) + first), pitch, tile, sides)

template <typename T>
__global__ void __launch_bounds__(BLOCK) conv_filter(const T* __restrict__ x, const T* __restrict__ dy,
                                                     Acc<T>* __restrict__ parts, Window w, int channels, int filters,
                                                     int groups, unsigned span) {
    CONV_FILTER(multiply<1>);
}
template <typename T>
__global__ void __launch_bounds__(BLOCK) conv_filter_tensor(const T* __restrict__ x, const T* __restrict__ dy,
                                                            Acc<T>* __restrict__ parts, Window w, int channels,
                                                            int filters, int groups, unsigned span) {
    CONV_FILTER(multiply_tensor);
}
