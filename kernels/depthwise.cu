// Depthwise convolutions of channels-last arrays: filter o sees channel o / repeat alone, repeat = filters / channels.
//
//   forward    y[n,q,o]  = sum_k x[n, q * s + k * d - before, o / repeat] * w[k,o]
//   backward   dx[n,p,c] = sum_{k, o of c} dy[n, (p + before - k * d) / s, o] * w[k,o]
//   filter     dw[k,o]   = sum_{n,q} x[n, q * s + k * d - before, o / repeat] * dy[n,q,o]; the outputs are cut into chunks,
//              each gives a part of the sum, and add_parts adds these in order
//
//   T          float, double, __half, __nv_bfloat16; sums in Acc<T>
//   N          neighbouring channels that a thread owns: N > 1 divides the channels, and then repeat = 1
//   launch     forward and backward: grid = ceil(elements / N / BLOCK), block = BLOCK: a thread owns N elements of the result.
//              filter: grid = (ceil(filters / X), chunks, taps), block = (X, BLOCK / X) as columns.cuh has it
//   bytes      sizeof(T) * (n * spatial * channels + n * out * filters), w beside it is nothing; forward and backward read
//              elements again from cache for each tap, filter reads all again for each tap
//
// instance depthwise_forward<float, 1>           regs<=64 spill=0
// instance depthwise_forward<float, 4>           regs<=80 spill=0
// instance depthwise_forward<double, 1>          regs<=64 spill=0
// instance depthwise_forward<double, 2>          regs<=80 spill=0
// instance depthwise_forward<__half, 1>          regs<=64 spill=0
// instance depthwise_forward<__half, 8>          regs<=80 spill=0
// instance depthwise_forward<__nv_bfloat16, 1>   regs<=64 spill=0
// instance depthwise_forward<__nv_bfloat16, 8>   regs<=80 spill=0
// instance depthwise_backward<float, 1>          regs<=64 spill=0
// instance depthwise_backward<float, 4>          regs<=80 spill=0
// instance depthwise_backward<double, 1>         regs<=64 spill=0
// instance depthwise_backward<double, 2>         regs<=80 spill=0
// instance depthwise_backward<__half, 1>         regs<=64 spill=0
// instance depthwise_backward<__half, 8>         regs<=80 spill=0
// instance depthwise_backward<__nv_bfloat16, 1>  regs<=64 spill=0
// instance depthwise_backward<__nv_bfloat16, 8>  regs<=80 spill=0
// instance depthwise_filter<float>               regs<=64 spill=0
// instance depthwise_filter<double>              regs<=64 spill=0
// instance depthwise_filter<__half>              regs<=64 spill=0
// instance depthwise_filter<__nv_bfloat16>       regs<=64 spill=0
#include "columns.cuh"
#include "parts.cuh"
#include "window.cuh"

template <typename T, int N>
__global__ void __launch_bounds__(BLOCK) depthwise_forward(const T* __restrict__ x, const T* __restrict__ w, T* __restrict__ y,
                                                           Window g, int channels, int repeat, unsigned count) {
    if (global_id() >= count) return;
    const int filters = channels * repeat, groups = filters / N;
    const unsigned i = unsigned(global_id());
    const int o = int(i % groups) * N, c = o / repeat;
    Acc<T> total[N] = {};
    over_window(g, split(g.out, i / groups), [&](int pixel, int tap) {
        const Vec<T, N> a = load<N>(x + (i64(pixel) * channels + c)), b = load<N>(w + (i64(tap) * filters + o));
#pragma unroll
        for (int e = 0; e < N; ++e) total[e] += Acc<T>(a[e]) * Acc<T>(b[e]);
    });
    Vec<T, N> made;
#pragma unroll
    for (int e = 0; e < N; ++e) made[e] = T(total[e]);
    store(y + i64(i) * N, made);
}

template <typename T, int N>
__global__ void __launch_bounds__(BLOCK, 4) depthwise_backward(const T* __restrict__ dy, const T* __restrict__ w,
                                                            T* __restrict__ dx, Window g, int channels, int repeat,
                                                            unsigned count) {
    if (global_id() >= count) return;
    const int filters = channels * repeat, groups = channels / N;
    const unsigned i = unsigned(global_id());
    const int c = int(i % groups) * N;
    Acc<T> total[N] = {};
    over_windows_of(g, split(g.in, i / groups), [&](int pixel, int tap) {
#pragma unroll 1
        for (int o = c * repeat; o < c * repeat + repeat; ++o) {  // once, if N > 1
            const Vec<T, N> a = load<N>(dy + (i64(pixel) * filters + o)), b = load<N>(w + (i64(tap) * filters + o));
#pragma unroll
            for (int e = 0; e < N; ++e) total[e] += Acc<T>(a[e]) * Acc<T>(b[e]);
        }
    });
    Vec<T, N> made;
#pragma unroll
    for (int e = 0; e < N; ++e) made[e] = T(total[e]);
    store(dx + i64(i) * N, made);
}

// parts (chunks, taps, filters): block z is a tap, a column a filter, a row an output pixel.
template <typename T>
__global__ void __launch_bounds__(BLOCK) depthwise_filter(const T* __restrict__ x, const T* __restrict__ dy,
                                                          Acc<T>* __restrict__ parts, Window g, int channels, int repeat,
                                                          i64 rows, i64 length) {
    const i64 o = own_column(), filters = i64(channels) * repeat;
    const Chunk chunk(length, rows);
    const Pixel k = split(g.size, blockIdx.z);
    Acc<T> total = 0;
    if (o < filters)
        for (i64 r = chunk.begin; r < chunk.end; r += blockDim.y) {
            const Pixel q = split(g.out, unsigned(r));
            int at[3];
#pragma unroll
            for (int j = 0; j < 3; ++j) at[j] = q.at[j] * g.stride[j] + k.at[j] * g.dilation[j] - g.before[j];
            if (in_bounds(g.in, at[0], at[1], at[2])) {
                const i64 pixel = pixel_index(g.in, q.image, at[0], at[1], at[2]);
                total += Acc<T>(x[pixel * channels + o / repeat]) * Acc<T>(dy[r * filters + o]);
            }
        }
    total = column_reduce(total, Sum());
    if (threadIdx.y == 0 && o < filters) parts[(i64(blockIdx.y) * gridDim.z + blockIdx.z) * filters + o] = total;
}
