// Systems of linear equations a y = b, a (batch, n, n) of up to 64 rows, b and y (batch, n, k); or with a transposed.
//
//   solve_forward       Gauss and Jordan: rows are exchanged so that pivots are largest, and everything but the diagonal
//                       eliminated. b null stands for the identity: y is the inverse. Singular matrices give NaN
//   substitute_forward  by substitution; of a only the lower or the upper triangle is read
//
//   T          float, double
//   launch     grid = batch * ceil(k / columns), block = BLOCK: a block owns a matrix and `columns` columns of b, all of it in
//              n * (n + columns) elements of dynamic shared memory
//   bytes      batch * (n * n + 2 * n * k) * sizeof(T), the matrix once for each block
//
// instance solve_forward<float>         regs<=64 spill=0
// instance solve_forward<double>        regs<=64 spill=0
// instance substitute_forward<float>    regs<=64 spill=0
// instance substitute_forward<double>   regs<=64 spill=0
#include "pivot.cuh"

// The matrix and the columns of b that a block has.
struct Share {
    i64 matrix, first;
    int count;
    __device__ Share(i64 k, int columns) {
        const i64 chunks = (k + columns - 1) / columns;
        matrix = blockIdx.x / chunks;
        first = blockIdx.x % chunks * columns;
        count = int(k - first < columns ? k - first : columns);
    }
};

template <typename T>
__global__ void __launch_bounds__(BLOCK) solve_forward(const T* __restrict__ a, const T* __restrict__ b, T* __restrict__ y,
                                                       int n, i64 k, int columns, bool transposed) {
    GT_DYN_SMEM(T, rows);
    const Share own(k, columns);
    const int width = n + own.count;
    a += own.matrix * n * n;
    for (int l = threadIdx.x; l < n * width; l += BLOCK) {
        const int i = l / width, j = l % width;
        const i64 c = own.first + j - n;
        if (j < n)
            rows[l] = a[transposed ? j * n + i : i * n + j];
        else
            rows[l] = b ? b[(own.matrix * n + i) * k + c] : T(c == i);
    }
    for (int j = 0; j < n; ++j) {
        exchange_rows(rows, n, width, j);
        const T pivot = rows[j * width + j], scale = pivot == 0 ? T(NAN) : 1 / pivot;
        for (int c = j + 1 + threadIdx.x; c < width; c += BLOCK) rows[j * width + c] *= scale;
        __syncthreads();
        const int rest = width - j - 1;
        for (int l = threadIdx.x; l < n * rest; l += BLOCK) {
            const int i = l / rest, c = j + 1 + l % rest;
            if (i != j) rows[i * width + c] -= rows[i * width + j] * rows[j * width + c];
        }
    }
    __syncthreads();
    for (int l = threadIdx.x; l < n * own.count; l += BLOCK)
        y[(own.matrix * n + l / own.count) * k + own.first + l % own.count] = rows[l / own.count * width + n + l % own.count];
}

// An upper triangle is a lower one read backwards, and so are the rows of b.
template <typename T>
__global__ void __launch_bounds__(BLOCK) substitute_forward(const T* __restrict__ a, const T* __restrict__ b,
                                                            T* __restrict__ y, int n, i64 k, int columns, bool lower,
                                                            bool transposed) {
    GT_DYN_SMEM(T, rows);
    const Share own(k, columns);
    const int width = n + own.count;
    const bool backwards = lower == transposed;
    a += own.matrix * n * n;
    for (int l = threadIdx.x; l < n * width; l += BLOCK) {
        const int i = l / width, j = l % width, row = backwards ? n - 1 - i : i, col = backwards ? n - 1 - j : j;
        if (j >= n)
            rows[l] = b[(own.matrix * n + row) * k + own.first + j - n];
        else
            rows[l] = j <= i ? a[transposed ? col * n + row : row * n + col] : T(0);
    }
    for (int j = 0; j < n; ++j) {
        __syncthreads();
        for (int c = n + threadIdx.x; c < width; c += BLOCK) rows[j * width + c] /= rows[j * width + j];
        __syncthreads();
        for (int l = threadIdx.x; l < (n - j - 1) * own.count; l += BLOCK) {
            const int i = j + 1 + l / own.count, c = n + l % own.count;
            rows[i * width + c] -= rows[i * width + j] * rows[j * width + c];
        }
    }
    __syncthreads();
    for (int l = threadIdx.x; l < n * own.count; l += BLOCK) {
        const int i = l / own.count, c = l % own.count, row = backwards ? n - 1 - i : i;
        y[(own.matrix * n + row) * k + own.first + c] = rows[i * width + n + c];
    }
}
