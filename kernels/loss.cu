// Cross-entropies of the rows of a row-major (rows, cols) matrix x of scores, and of single scores.
//
//   lse[r]                         log(sum_c exp(x[r,c])), computed as m + log(sum_c exp(x[r,c] - m)) with m = max_c x[r,c]
//   cross_entropy_forward          loss[r] = sum_c p[r,c] * (lse[r] - x[r,c])
//   cross_entropy_backward         dx[r,c] = dy[r] * (exp(x[r,c] - lse[r]) * sum_k p[r,k] - p[r,c])
//   sparse_cross_entropy_forward   loss[r] = lse[r] - x[r, label[r]]
//   sparse_cross_entropy_backward  dx[r,c] = dy[r] * (exp(x[r,c] - lse[r]) - (c == label[r]))
//   LogisticLoss, LogisticLossGrad max(x, 0) - x z + log(1 + exp(-|x|)) and dy (1 / (1 + exp(-x)) - z), see elementwise.cuh
//
//   T          float, double, __half, __nv_bfloat16; computed in Acc<T>, lse in Acc<T>
//   Label      int, long long. One out of range sets the flag, and its loss and its row of dx are NaN
//   launch     as rows.cuh says
//   bytes      sparse: forward 1, backward 2 times rows * cols * sizeof(T); with probabilities p: 2 and 3 times
//
// instance cross_entropy_forward<float>                                 regs<=40 spill=0
// instance cross_entropy_forward<double>                                regs<=64 spill<=32
// instance cross_entropy_forward<__half>                                regs<=40 spill=0
// instance cross_entropy_forward<__nv_bfloat16>                         regs<=40 spill=0
// instance cross_entropy_backward<float>                                regs<=40 spill=0
// instance cross_entropy_backward<double>                               regs<=64 spill<=32
// instance cross_entropy_backward<__half>                               regs<=40 spill=0
// instance cross_entropy_backward<__nv_bfloat16>                        regs<=40 spill=0
// instance sparse_cross_entropy_forward<float, int>                     regs<=40 spill=0
// instance sparse_cross_entropy_forward<float, long long>               regs<=40 spill=0
// instance sparse_cross_entropy_forward<double, int>                    regs<=64 spill<=80
// instance sparse_cross_entropy_forward<double, long long>              regs<=64 spill<=80
// instance sparse_cross_entropy_forward<__half, int>                    regs<=40 spill=0
// instance sparse_cross_entropy_forward<__half, long long>              regs<=40 spill=0
// instance sparse_cross_entropy_forward<__nv_bfloat16, int>             regs<=40 spill=0
// instance sparse_cross_entropy_forward<__nv_bfloat16, long long>       regs<=40 spill=0
// instance sparse_cross_entropy_backward<float, int>                    regs<=40 spill=0
// instance sparse_cross_entropy_backward<float, long long>              regs<=40 spill=0
// instance sparse_cross_entropy_backward<double, int>                   regs<=64 spill<=32
// instance sparse_cross_entropy_backward<double, long long>             regs<=64 spill<=32
// instance sparse_cross_entropy_backward<__half, int>                   regs<=40 spill=0
// instance sparse_cross_entropy_backward<__half, long long>             regs<=40 spill=0
// instance sparse_cross_entropy_backward<__nv_bfloat16, int>            regs<=40 spill=0
// instance sparse_cross_entropy_backward<__nv_bfloat16, long long>      regs<=40 spill=0
// instance binary_forward<LogisticLoss, float, float, float>             regs<=40 spill=0
// instance ternary_forward<LogisticLossGrad, float, float, float, float>  regs<=48 spill=0
#include "elementwise.cuh"
#include "rows.cuh"

// ---- single scores x and labels z: functors

struct LogisticLoss {
    template <typename T> __device__ T operator()(T x, T z) const {
        return (x > 0 ? x : T(0)) - x * z + log1p(exp(-fabs(x)));
    }
};
struct LogisticLossGrad {
    template <typename T> __device__ T operator()(T x, T z, T dy) const { return dy * (1 / (1 + exp(-x)) - z); }
};

// ---- rows

template <typename T> __device__ Acc<T> row_max(const T* x, i64 cols) {
    Acc<T> m = -INFINITY;
    for (i64 c = threadIdx.x; c < cols; c += blockDim.x) m = Max()(m, Acc<T>(x[c]));
    return row_reduce(m, Max());
}

template <typename T>
__global__ void __launch_bounds__(BLOCK)
    cross_entropy_forward(const T* __restrict__ p, const T* __restrict__ x, T* __restrict__ loss,
                          Acc<T>* __restrict__ lse, i64 rows, i64 cols) {
    const i64 r = own_row();
    if (r >= rows) return;
    p += r * cols;
    x += r * cols;
    const Acc<T> m = row_max(x, cols);
    Acc<T> sum = 0, share = 0, dot = 0;
    for (i64 c = threadIdx.x; c < cols; c += blockDim.x) {
        const Acc<T> z = Acc<T>(x[c]) - m, q = Acc<T>(p[c]);
        sum += exp(z);
        share += q;
        dot += q * z;
    }
    const Acc<T> log_sum = log(row_reduce(sum, Sum()));
    share = row_reduce(share, Sum());
    dot = row_reduce(dot, Sum());
    if (threadIdx.x == 0) {
        loss[r] = T(share * log_sum - dot);
        lse[r] = m + log_sum;
    }
}

template <typename T>
__global__ void __launch_bounds__(BLOCK)
    cross_entropy_backward(const T* __restrict__ p, const T* __restrict__ x, const T* __restrict__ dy,
                           const Acc<T>* __restrict__ lse, T* __restrict__ dx, i64 rows, i64 cols) {
    const i64 r = own_row();
    if (r >= rows) return;
    p += r * cols;
    x += r * cols;
    dx += r * cols;
    Acc<T> share = 0;
    for (i64 c = threadIdx.x; c < cols; c += blockDim.x) share += Acc<T>(p[c]);
    share = row_reduce(share, Sum());
    const Acc<T> d = Acc<T>(dy[r]), log_sum = lse[r];
    for (i64 c = threadIdx.x; c < cols; c += blockDim.x)
        dx[c] = T(d * (exp(Acc<T>(x[c]) - log_sum) * share - Acc<T>(p[c])));
}

template <typename T, typename Label>
__global__ void __launch_bounds__(BLOCK)
    sparse_cross_entropy_forward(const T* __restrict__ x, const Label* __restrict__ label, T* __restrict__ loss,
                                 Acc<T>* __restrict__ lse, int* flag, i64 rows, i64 cols) {
    const i64 r = own_row();
    if (r >= rows) return;
    x += r * cols;
    const Acc<T> m = row_max(x, cols);
    Acc<T> sum = 0;
    for (i64 c = threadIdx.x; c < cols; c += blockDim.x) sum += exp(Acc<T>(x[c]) - m);
    const Acc<T> log_sum = log(row_reduce(sum, Sum()));
    if (threadIdx.x == 0) {
        const i64 k = label[r];
        const bool valid = 0 <= k && k < cols;
        if (!valid) report_index(flag, r);
        loss[r] = T(valid ? log_sum - (Acc<T>(x[k]) - m) : Acc<T>(NAN));
        lse[r] = m + log_sum;
    }
}

template <typename T, typename Label>
__global__ void __launch_bounds__(BLOCK)
    sparse_cross_entropy_backward(const T* __restrict__ x, const Label* __restrict__ label, const T* __restrict__ dy,
                                  const Acc<T>* __restrict__ lse, T* __restrict__ dx, i64 rows, i64 cols) {
    const i64 r = own_row();
    if (r >= rows) return;
    x += r * cols;
    dx += r * cols;
    const i64 k = label[r];
    const Acc<T> d = 0 <= k && k < cols ? Acc<T>(dy[r]) : Acc<T>(NAN), log_sum = lse[r];
    for (i64 c = threadIdx.x; c < cols; c += blockDim.x)
        dx[c] = T(d * (exp(Acc<T>(x[c]) - log_sum) - Acc<T>(c == k)));
}
