// LU factors with row exchanges, and determinants by them, of matrices x (batch, n, n) of up to 64 rows.
//
//   lu_forward    y: L below the diagonal, its own of ones left out, and U; order[r]: which row of x stands in row r of L U.
//                 Below a pivot of zero, where x is singular, L is NaN
//   det_forward   det = the product of the diagonal of U, its sign turned for each exchange; or, if det is null, its sign and
//                 the logarithm of its absolute value, 0 and -inf for singular matrices
//
//   T          float, double
//   Index      int, long long
//   launch     grid = batch, block = BLOCK, n * n elements of dynamic shared memory
//   bytes      lu 2, det 1 times batch * n * n * sizeof(T)
//
// instance lu_forward<float, int>          regs<=64 spill=0
// instance lu_forward<double, int>         regs<=64 spill=0
// instance lu_forward<float, long long>    regs<=64 spill=0
// instance det_forward<float>              regs<=64 spill=0
// instance det_forward<double>             regs<=64 spill=0
#include "pivot.cuh"

constexpr int MOST = 64;  // rows

// Factorize rows (n, n) in place; order lists the rows of the matrix as they stand now. Returns the sign of the exchanges.
template <typename T> __device__ int factorize(const T* x, T* rows, int* order, int n) {
    int sign = 1;
    for (int l = threadIdx.x; l < n * n; l += BLOCK) rows[l] = x[l];
    for (int i = threadIdx.x; i < n; i += BLOCK) order[i] = i;
    for (int j = 0; j < n; ++j) {
        const int from = exchange_rows(rows, n, n, j);
        if (from != j) sign = -sign;
        if (from != j && threadIdx.x == 0) {
            const int row = order[j];
            order[j] = order[from], order[from] = row;
        }
        const T pivot = rows[j * n + j];
        if (pivot == 0) continue;  // and so is all below
        for (int i = j + 1 + threadIdx.x; i < n; i += BLOCK) rows[i * n + j] /= pivot;
        __syncthreads();
        const int rest = n - j - 1;
        for (int l = threadIdx.x; l < rest * rest; l += BLOCK) {
            const int i = j + 1 + l / rest, c = j + 1 + l % rest;
            rows[i * n + c] -= rows[i * n + j] * rows[j * n + c];
        }
    }
    __syncthreads();
    return sign;
}

template <typename T, typename Index>
__global__ void __launch_bounds__(BLOCK) lu_forward(const T* __restrict__ x, T* __restrict__ y, Index* __restrict__ order,
                                                    int n) {
    GT_DYN_SMEM(T, rows);
    __shared__ int places[MOST];
    factorize(x + i64(blockIdx.x) * n * n, rows, places, n);
    for (int l = threadIdx.x; l < n * n; l += BLOCK) {
        const int i = l / n, j = l % n;
        y[i64(blockIdx.x) * n * n + l] = j < i && rows[j * n + j] == 0 ? T(NAN) : rows[l];
    }
    for (int i = threadIdx.x; i < n; i += BLOCK) order[i64(blockIdx.x) * n + i] = Index(places[i]);
}

template <typename T>
__global__ void __launch_bounds__(BLOCK) det_forward(const T* __restrict__ x, T* __restrict__ det, T* __restrict__ sign,
                                                     T* __restrict__ log_det, int n) {
    GT_DYN_SMEM(T, rows);
    __shared__ int places[MOST];
    const T exchanged = T(factorize(x + i64(blockIdx.x) * n * n, rows, places, n));
    if (threadIdx.x != 0) return;
    T product = exchanged, signs = exchanged, logs = 0;
    for (int j = 0; j < n; ++j) {
        const T d = rows[j * n + j];
        product *= d;
        signs = d > 0 ? signs : d < 0 ? -signs : d == 0 ? T(0) : d;  // NaN stays
        logs += log(fabs(d));
    }
    if (det) {
        det[blockIdx.x] = product;
    } else {
        sign[blockIdx.x] = signs;
        log_det[blockIdx.x] = logs;
    }
}
