// softmax and log_softmax over the columns of a row-major (rows, cols) matrix.
//
//   softmax_forward       y[r,c]  = exp(x[r,c] - m[r]) / s[r]      m[r] = max_c x[r,c],  s[r] = sum_c exp(x[r,c] - m[r])
//   softmax_backward      dx[r,c] = y[r,c] * (dy[r,c] - sum_k y[r,k] * dy[r,k])
//   log_softmax_forward   y[r,c]  = x[r,c] - m[r] - log(s[r])
//   log_softmax_backward  dx[r,c] = dy[r,c] - exp(y[r,c]) * sum_k dy[r,k]
//
//   T          float, double, __half, __nv_bfloat16; computed in Acc<T>. A row is NaN if it holds NaN or +inf, or only -inf
//   launch     grid = rows, block = BLOCK: one block owns one row
//   bytes      forward 2, backward 3 times rows * cols * sizeof(T), rows re-read from cache
//
// instance softmax_forward<float>                regs<=40 spill=0
// instance softmax_forward<double>               regs<=56 spill<=64
// instance softmax_forward<__half>               regs<=40 spill=0
// instance softmax_forward<__nv_bfloat16>        regs<=40 spill=0
// instance softmax_backward<float>               regs<=40 spill=0
// instance softmax_backward<double>              regs<=56 spill=0
// instance softmax_backward<__half>              regs<=40 spill=0
// instance softmax_backward<__nv_bfloat16>       regs<=40 spill=0
// instance log_softmax_forward<float>            regs<=40 spill=0
// instance log_softmax_forward<double>           regs<=56 spill=0
// instance log_softmax_forward<__half>           regs<=40 spill=0
// instance log_softmax_forward<__nv_bfloat16>    regs<=40 spill=0
// instance log_softmax_backward<float>           regs<=40 spill=0
// instance log_softmax_backward<double>          regs<=56 spill=0
// instance log_softmax_backward<__half>          regs<=40 spill=0
// instance log_softmax_backward<__nv_bfloat16>   regs<=40 spill=0
#include "common.cuh"

// The largest element of a row, and the sum of exp(x - m).
template <typename T> __device__ Acc<T> row_max(const T* x, i64 cols) {
    Acc<T> m = -INFINITY;
    for (i64 c = threadIdx.x; c < cols; c += BLOCK) m = Max()(m, Acc<T>(x[c]));
    return block_reduce(m, Max());
}
template <typename T> __device__ Acc<T> row_sum_exp(const T* x, Acc<T> m, i64 cols) {
    Acc<T> s = 0;
    for (i64 c = threadIdx.x; c < cols; c += BLOCK) s += exp(Acc<T>(x[c]) - m);
    return block_reduce(s, Sum());
}

template <typename T>
__global__ void __launch_bounds__(BLOCK) softmax_forward(const T* __restrict__ x, T* __restrict__ y, i64 cols) {
    x += blockIdx.x * cols;
    y += blockIdx.x * cols;
    const Acc<T> m = row_max(x, cols), scale = 1 / row_sum_exp(x, m, cols);
    for (i64 c = threadIdx.x; c < cols; c += BLOCK) y[c] = T(exp(Acc<T>(x[c]) - m) * scale);
}

template <typename T>
__global__ void __launch_bounds__(BLOCK) softmax_backward(const T* __restrict__ y, const T* __restrict__ dy,
                                                          T* __restrict__ dx, i64 cols) {
    y += blockIdx.x * cols;
    dy += blockIdx.x * cols;
    dx += blockIdx.x * cols;
    Acc<T> dot = 0;
    for (i64 c = threadIdx.x; c < cols; c += BLOCK) dot += Acc<T>(y[c]) * Acc<T>(dy[c]);
    dot = block_reduce(dot, Sum());
    for (i64 c = threadIdx.x; c < cols; c += BLOCK) dx[c] = T(Acc<T>(y[c]) * (Acc<T>(dy[c]) - dot));
}

template <typename T>
__global__ void __launch_bounds__(BLOCK) log_softmax_forward(const T* __restrict__ x, T* __restrict__ y, i64 cols) {
    x += blockIdx.x * cols;
    y += blockIdx.x * cols;
    const Acc<T> m = row_max(x, cols), log_s = log(row_sum_exp(x, m, cols));
    for (i64 c = threadIdx.x; c < cols; c += BLOCK) y[c] = T(Acc<T>(x[c]) - m - log_s);
}

template <typename T>
__global__ void __launch_bounds__(BLOCK) log_softmax_backward(const T* __restrict__ y, const T* __restrict__ dy,
                                                              T* __restrict__ dx, i64 cols) {
    y += blockIdx.x * cols;
    dy += blockIdx.x * cols;
    dx += blockIdx.x * cols;
    Acc<T> sum = 0;
    for (i64 c = threadIdx.x; c < cols; c += BLOCK) sum += Acc<T>(dy[c]);
    sum = block_reduce(sum, Sum());
    for (i64 c = threadIdx.x; c < cols; c += BLOCK) dx[c] = T(Acc<T>(dy[c]) - exp(Acc<T>(y[c])) * sum);
}
