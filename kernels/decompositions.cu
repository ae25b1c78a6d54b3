// Cholesky factors: x = y y', y lower triangular, of matrices (batch, n, n) of up to 64 rows, of which the lower half is read.
//
//   cholesky_forward   y[j,j] = sqrt(x[j,j] - sum_p y[j,p]^2),   y[i,j] = (x[i,j] - sum_p y[i,p] y[j,p]) / y[j,j],   p < j < i
//
//   T          float, double. All of y is NaN where x is not positive definite
//   launch     grid = batch, block = BLOCK, n * n elements of dynamic shared memory
//   bytes      2 * batch * n * n * sizeof(T)
//
// instance cholesky_forward<float>     regs<=48 spill=0
// instance cholesky_forward<double>    regs<=48 spill=0
#include "common.cuh"

template <typename T>
__global__ void __launch_bounds__(BLOCK) cholesky_forward(const T* __restrict__ x, T* __restrict__ y, int n) {
    GT_DYN_SMEM(T, rows);
    x += i64(blockIdx.x) * n * n;
    y += i64(blockIdx.x) * n * n;
    for (int l = threadIdx.x; l < n * n; l += BLOCK) rows[l] = x[l];
    bool positive = true;
    for (int j = 0; j < n; ++j) {
        __syncthreads();
        const T pivot = rows[j * n + j], root = sqrt(pivot);
        positive = positive && pivot > 0;
        __syncthreads();
        for (int i = j + threadIdx.x; i < n; i += BLOCK) rows[i * n + j] = i == j ? root : rows[i * n + j] / root;
        __syncthreads();
        const int rest = n - j - 1;
        for (int l = threadIdx.x; l < rest * rest; l += BLOCK) {
            const int i = j + 1 + l / rest, c = j + 1 + l % rest;
            if (c <= i) rows[i * n + c] -= rows[i * n + j] * rows[c * n + j];
        }
    }
    __syncthreads();
    for (int l = threadIdx.x; l < n * n; l += BLOCK) y[l] = !positive ? T(NAN) : l % n <= l / n ? rows[l] : T(0);
}
