// Pools of channels-last arrays: maxima and sums of windows, and what goes back. An average is a sum divided by a count.
//
//   pool_max          y[n,q,c]  = the largest x that window q sees; NaN if it sees one
//   pool_max_scatter  dx[n,p,c] = sum of dy[n,q,c] over the windows q whose first maximum is at p
//   pool_max_gather   z[n,q,c]  = g[n,p,c], p the place of the first maximum of window q; 0 if it has none, as with NaN
//   pool_sum          y[n,q,c]  = sum of the x that window q sees
//   pool_spread       dx[n,p,c] = sum of dy[n,q,c] over the windows q that see p
//
//   T          float, double, __half, __nv_bfloat16, and integers where maxima are concerned; sums in Acc<T>
//   N          neighbouring channels that a thread owns
//   launch     grid = ceil(elements / N / BLOCK), block = BLOCK: a thread owns N elements of the result
//   bytes      sizeof(T) times: x + y; x + y + dy + dx; x + y + g + z; x + y; dy + dx
//
// instance pool_max<float, 1>                   regs<=64 spill=0
// instance pool_max<float, 4>                   regs<=64 spill=0
// instance pool_max<double, 1>                  regs<=64 spill=0
// instance pool_max<double, 2>                  regs<=64 spill=0
// instance pool_max<__half, 1>                  regs<=64 spill=0
// instance pool_max<__half, 8>                  regs<=64 spill=0
// instance pool_max<__nv_bfloat16, 1>           regs<=64 spill=0
// instance pool_max<__nv_bfloat16, 8>           regs<=64 spill=0
// instance pool_max<int, 1>                     regs<=64 spill=0
// instance pool_max<int, 4>                     regs<=64 spill=0
// instance pool_max_scatter<float, 1>           regs<=80 spill=0
// instance pool_max_scatter<float, 4>           regs<=96 spill=0
// instance pool_max_scatter<double, 1>          regs<=80 spill=0
// instance pool_max_scatter<double, 2>          regs<=96 spill=0
// instance pool_max_scatter<__half, 1>          regs<=80 spill=0
// instance pool_max_scatter<__half, 8>          regs<=96 spill=0
// instance pool_max_scatter<__nv_bfloat16, 1>   regs<=80 spill=0
// instance pool_max_scatter<__nv_bfloat16, 8>   regs<=96 spill=0
// instance pool_max_gather<float, 1>            regs<=80 spill=0
// instance pool_max_gather<float, 4>            regs<=80 spill=0
// instance pool_max_gather<double, 1>           regs<=80 spill=0
// instance pool_max_gather<double, 2>           regs<=80 spill=0
// instance pool_max_gather<__half, 1>           regs<=80 spill=0
// instance pool_max_gather<__half, 8>           regs<=80 spill=0
// instance pool_max_gather<__nv_bfloat16, 1>    regs<=80 spill=0
// instance pool_max_gather<__nv_bfloat16, 8>    regs<=80 spill=0
// instance pool_sum<float, 1>                   regs<=64 spill=0
// instance pool_sum<float, 4>                   regs<=64 spill=0
// instance pool_sum<double, 1>                  regs<=64 spill=0
// instance pool_sum<double, 2>                  regs<=64 spill=0
// instance pool_sum<__half, 1>                  regs<=64 spill=0
// instance pool_sum<__half, 8>                  regs<=64 spill=0
// instance pool_sum<__nv_bfloat16, 1>           regs<=64 spill=0
// instance pool_sum<__nv_bfloat16, 8>           regs<=64 spill=0
// instance pool_spread<float, 1>                regs<=64 spill=0
// instance pool_spread<float, 4>                regs<=64 spill=0
// instance pool_spread<double, 1>               regs<=64 spill=0
// instance pool_spread<double, 2>               regs<=64 spill=0
// instance pool_spread<__half, 1>               regs<=64 spill=0
// instance pool_spread<__half, 8>               regs<=64 spill=0
// instance pool_spread<__nv_bfloat16, 1>        regs<=64 spill=0
// instance pool_spread<__nv_bfloat16, 8>        regs<=64 spill=0
#include "window.cuh"

// N elements of a row of channels, as they are added up; and back.
template <typename T, int N> struct Wide {
    Acc<T> v[N];
    __device__ explicit Wide(Acc<T> value) {
#pragma unroll
        for (int e = 0; e < N; ++e) v[e] = value;
    }
    __device__ explicit Wide(const T* p) {
        const Vec<T, N> loaded = load<N>(p);
#pragma unroll
        for (int e = 0; e < N; ++e) v[e] = Acc<T>(loaded[e]);
    }
    __device__ void write(T* p) const {
        Vec<T, N> made;
#pragma unroll
        for (int e = 0; e < N; ++e) made[e] = T(v[e]);
        store(p, made);
    }
};

// What a thread owns: channels c to c + N of pixel number `pixel`.
template <int N> struct Own {
    unsigned pixel;
    int c;
    __device__ explicit Own(int channels) {
        const unsigned i = unsigned(global_id()), groups = channels / N;
        pixel = i / groups;
        c = int(i % groups) * N;
    }
    template <typename T> __device__ T* in(T* p, int channels) const { return p + (i64(pixel) * channels + c); }
};

template <typename T, int N>
__global__ void __launch_bounds__(BLOCK) pool_max(const T* __restrict__ x, T* __restrict__ y, Window g, int channels,
                                                  unsigned count) {
    if (global_id() >= count) return;
    const Own<N> own(channels);
    Wide<T, N> best(Limits<Acc<T>>::lowest());
    over_window(g, split(g.out, own.pixel), [&](int pixel, int) {
        const Wide<T, N> a(x + (i64(pixel) * channels + own.c));
#pragma unroll
        for (int e = 0; e < N; ++e) best.v[e] = Max()(best.v[e], a.v[e]);
    });
    best.write(own.in(y, channels));
}

// Most elements are no maximum, and only for those that are the elements before them are looked at.
template <typename T, int N>
__global__ void __launch_bounds__(BLOCK, 3) pool_max_scatter(const T* __restrict__ x, const T* __restrict__ y,
                                                          const T* __restrict__ dy, T* __restrict__ dx, Window g, int channels,
                                                          unsigned count) {
    if (global_id() >= count) return;
    const Own<N> own(channels);
    const Wide<T, N> mine(own.in(x, channels));
    Wide<T, N> total(Acc<T>(0));
    over_windows_of(g, split(g.in, own.pixel), [&](int window, int tap) {
        const i64 at = i64(window) * channels + own.c;
        const Wide<T, N> top(y + at), d(dy + at);
        bool first[N], any = false;
#pragma unroll
        for (int e = 0; e < N; ++e) any |= first[e] = mine.v[e] == top.v[e];
        if (!any) return;
        over_window(g, split(g.out, window), [&](int pixel, int earlier) {
            if (earlier >= tap) return;
            const Wide<T, N> a(x + (i64(pixel) * channels + own.c));
#pragma unroll
            for (int e = 0; e < N; ++e) first[e] &= a.v[e] != top.v[e];
        });
#pragma unroll
        for (int e = 0; e < N; ++e) total.v[e] += first[e] ? d.v[e] : Acc<T>(0);
    });
    total.write(own.in(dx, channels));
}

template <typename T, int N>
__global__ void __launch_bounds__(BLOCK, 4) pool_max_gather(const T* __restrict__ x, const T* __restrict__ y,
                                                         const T* __restrict__ g_x, T* __restrict__ z, Window g, int channels,
                                                         unsigned count) {
    if (global_id() >= count) return;
    const Own<N> own(channels);
    const Wide<T, N> top(own.in(y, channels));
    Wide<T, N> found(Acc<T>(0));
    bool open[N];
#pragma unroll
    for (int e = 0; e < N; ++e) open[e] = true;
    over_window(g, split(g.out, own.pixel), [&](int pixel, int) {
        const i64 at = i64(pixel) * channels + own.c;
        const Wide<T, N> a(x + at), b(g_x + at);
#pragma unroll
        for (int e = 0; e < N; ++e)
            if (open[e] && a.v[e] == top.v[e]) {
                found.v[e] = b.v[e];
                open[e] = false;
            }
    });
    found.write(own.in(z, channels));
}

template <typename T, int N>
__global__ void __launch_bounds__(BLOCK) pool_sum(const T* __restrict__ x, T* __restrict__ y, Window g, int channels,
                                                  unsigned count) {
    if (global_id() >= count) return;
    const Own<N> own(channels);
    Wide<T, N> total(Acc<T>(0));
    over_window(g, split(g.out, own.pixel), [&](int pixel, int) {
        const Wide<T, N> a(x + (i64(pixel) * channels + own.c));
#pragma unroll
        for (int e = 0; e < N; ++e) total.v[e] += a.v[e];
    });
    total.write(own.in(y, channels));
}

template <typename T, int N>
__global__ void __launch_bounds__(BLOCK, 4) pool_spread(const T* __restrict__ dy, T* __restrict__ dx, Window g, int channels,
                                                     unsigned count) {
    if (global_id() >= count) return;
    const Own<N> own(channels);
    Wide<T, N> total(Acc<T>(0));
    over_windows_of(g, split(g.in, own.pixel), [&](int window, int) {
        const Wide<T, N> a(dy + (i64(window) * channels + own.c));
#pragma unroll
        for (int e = 0; e < N; ++e) total.v[e] += a.v[e];
    });
    total.write(own.in(dx, channels));
}
