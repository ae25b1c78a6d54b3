// Layer normalization of the rows, and batch normalization of the columns, of a row-major (rows, cols) matrix x.
//
//   layer_norm_forward<CENTRED>    y[r,c] = z[r,c] * w[c] + b[c],  z[r,c] = (x[r,c] - mean[r]) * rstd[r]
//                                  rstd[r] = 1 / sqrt(mean_c (x[r,c] - mean[r])^2 + epsilon); not CENTRED: mean = b = 0 (RMS)
//   layer_norm_backward<CENTRED>   dx[r,c] = rstd[r] * (g - mean_c g - z * mean_c (g z)),  g = dy[r,c] * w[c]
//   layer_norm_backward_weights    partial sums over a chunk of rows of dy z (plane 0) and dy (plane 1), for dw and db
//   batch_norm_partials            count, mean and sum of squared deviations of each column, chunk by chunk
//   batch_norm_statistics          the same of the chunks together: mean[c], variance[c] (of the population)
//   batch_norm_forward             y[r,c] = (x[r,c] - mean[c]) * rstd[c] * w[c] + b[c],  rstd = 1 / sqrt(variance + epsilon)
//   batch_norm_backward_weights    partial sums over a chunk of rows of dy z (plane 0) and dy (plane 1), for dw and db
//   batch_norm_backward            dx[r,c] = w rstd (dy - db / rows - z dw / rows) + (dmean + 2 dvariance (x - mean)) / rows
//   add_partials                   the chunks of each plane added up
//   MultiplyAdd                    y = x * a + b of single elements, see elementwise.cuh
//
//   T          float, double, __half, __nv_bfloat16 for x, y, dy, dx; all else, and the arithmetic, in Acc<T>
//   launch     layer_norm_forward, layer_norm_backward as rows.cuh says, all others as columns.cuh says
//   bytes      layer norm: forward 2, backward 5; batch norm: forward 3, backward 5 times rows * cols * sizeof(T)
//
// instance layer_norm_forward<float, true>                      regs<=40 spill=0
// instance layer_norm_forward<double, true>                     regs<=64 spill=0
// instance layer_norm_forward<__half, true>                     regs<=40 spill=0
// instance layer_norm_forward<__nv_bfloat16, true>              regs<=40 spill=0
// instance layer_norm_forward<float, false>                     regs<=40 spill=0
// instance layer_norm_forward<double, false>                    regs<=64 spill=0
// instance layer_norm_forward<__half, false>                    regs<=40 spill=0
// instance layer_norm_forward<__nv_bfloat16, false>             regs<=40 spill=0
// instance layer_norm_backward<float, true>                     regs<=48 spill=0
// instance layer_norm_backward<double, true>                    regs<=64 spill=0
// instance layer_norm_backward<__half, true>                    regs<=48 spill=0
// instance layer_norm_backward<__nv_bfloat16, true>             regs<=48 spill=0
// instance layer_norm_backward<float, false>                    regs<=48 spill=0
// instance layer_norm_backward<double, false>                   regs<=64 spill=0
// instance layer_norm_backward<__half, false>                   regs<=48 spill=0
// instance layer_norm_backward<__nv_bfloat16, false>            regs<=48 spill=0
// instance layer_norm_backward_weights<float, true>             regs<=48 spill=0
// instance layer_norm_backward_weights<double, true>            regs<=64 spill=0
// instance layer_norm_backward_weights<__half, true>            regs<=48 spill=0
// instance layer_norm_backward_weights<__nv_bfloat16, true>     regs<=48 spill=0
// instance layer_norm_backward_weights<float, false>            regs<=48 spill=0
// instance layer_norm_backward_weights<double, false>           regs<=64 spill=0
// instance layer_norm_backward_weights<__half, false>           regs<=48 spill=0
// instance layer_norm_backward_weights<__nv_bfloat16, false>    regs<=48 spill=0
// instance batch_norm_partials<float>                           regs<=48 spill=0
// instance batch_norm_partials<double>                          regs<=64 spill=0
// instance batch_norm_partials<__half>                          regs<=48 spill=0
// instance batch_norm_partials<__nv_bfloat16>                   regs<=48 spill=0
// instance batch_norm_statistics<float>                         regs<=48 spill=0
// instance batch_norm_statistics<double>                        regs<=64 spill<=16
// instance batch_norm_forward<float>                            regs<=48 spill=0
// instance batch_norm_forward<double>                           regs<=64 spill=0
// instance batch_norm_forward<__half>                           regs<=48 spill=0
// instance batch_norm_forward<__nv_bfloat16>                    regs<=48 spill=0
// instance batch_norm_backward_weights<float>                   regs<=48 spill=0
// instance batch_norm_backward_weights<double>                  regs<=64 spill=0
// instance batch_norm_backward_weights<__half>                  regs<=48 spill=0
// instance batch_norm_backward_weights<__nv_bfloat16>           regs<=48 spill=0
// instance batch_norm_backward<float>                           regs<=56 spill=0
// instance batch_norm_backward<double>                          regs<=80 spill=0
// instance batch_norm_backward<__half>                          regs<=56 spill=0
// instance batch_norm_backward<__nv_bfloat16>                   regs<=56 spill=0
// instance add_partials<float>                                  regs<=40 spill=0
// instance add_partials<double>                                 regs<=40 spill=0
// instance ternary_forward<MultiplyAdd, float, float, float, float>        regs<=56 spill=0
// instance ternary_strided<MultiplyAdd, float, float, float, float, int>   regs<=64 spill=0
#include "columns.cuh"
#include "elementwise.cuh"
#include "rows.cuh"

struct MultiplyAdd {
    template <typename T> __device__ T operator()(T x, T a, T b) const { return x * a + b; }
};

// ---- rows

template <typename T, bool CENTRED>
__global__ void __launch_bounds__(BLOCK)
    layer_norm_forward(const T* __restrict__ x, const Acc<T>* __restrict__ w, const Acc<T>* __restrict__ b,
                       T* __restrict__ y, Acc<T>* __restrict__ mean, Acc<T>* __restrict__ rstd, i64 rows, i64 cols,
                       Acc<T> epsilon) {
    const i64 r = own_row();
    if (r >= rows) return;
    x += r * cols;
    y += r * cols;
    Acc<T> centre = 0, square = 0;
    if (CENTRED) {
        for (i64 c = threadIdx.x; c < cols; c += blockDim.x) centre += Acc<T>(x[c]);
        centre = row_reduce(centre, Sum()) / cols;
    }
    for (i64 c = threadIdx.x; c < cols; c += blockDim.x) {
        const Acc<T> d = Acc<T>(x[c]) - centre;
        square += d * d;
    }
    const Acc<T> scale = 1 / sqrt(row_reduce(square, Sum()) / cols + epsilon);
    for (i64 c = threadIdx.x; c < cols; c += blockDim.x) {
        const Acc<T> z = (Acc<T>(x[c]) - centre) * scale;
        y[c] = T(CENTRED ? z * w[c] + b[c] : z * w[c]);
    }
    if (threadIdx.x == 0) {
        if (CENTRED) mean[r] = centre;
        rstd[r] = scale;
    }
}

template <typename T, bool CENTRED>
__global__ void __launch_bounds__(BLOCK)
    layer_norm_backward(const T* __restrict__ x, const Acc<T>* __restrict__ w, const T* __restrict__ dy,
                        const Acc<T>* __restrict__ mean, const Acc<T>* __restrict__ rstd, T* __restrict__ dx, i64 rows,
                        i64 cols) {
    const i64 r = own_row();
    if (r >= rows) return;
    x += r * cols;
    dy += r * cols;
    dx += r * cols;
    const Acc<T> centre = CENTRED ? mean[r] : Acc<T>(0), scale = rstd[r];
    Acc<T> sum = 0, dot = 0;
    for (i64 c = threadIdx.x; c < cols; c += blockDim.x) {
        const Acc<T> z = (Acc<T>(x[c]) - centre) * scale, g = Acc<T>(dy[c]) * w[c];
        sum += g;
        dot += g * z;
    }
    sum = CENTRED ? row_reduce(sum, Sum()) / cols : Acc<T>(0);
    dot = row_reduce(dot, Sum()) / cols;
    for (i64 c = threadIdx.x; c < cols; c += blockDim.x) {
        const Acc<T> z = (Acc<T>(x[c]) - centre) * scale, g = Acc<T>(dy[c]) * w[c];
        dx[c] = T(scale * (g - sum - z * dot));
    }
}

// ---- sums over columns

// Two sums at once: of dy z, and of dy.
template <typename A> struct Pair {
    A first, second;
};
struct SumPairs {
    template <typename A> __device__ Pair<A> operator()(Pair<A> a, Pair<A> b) const {
        return {a.first + b.first, a.second + b.second};
    }
};

template <typename A> __device__ void store_partials(Pair<A> sums, A* partials, i64 c, i64 cols) {
    sums = column_reduce(sums, SumPairs());
    if (threadIdx.y || c >= cols) return;
    partials[blockIdx.y * cols + c] = sums.first;
    partials[(gridDim.y + blockIdx.y) * cols + c] = sums.second;
}

template <typename T, bool CENTRED>
__global__ void __launch_bounds__(BLOCK)
    layer_norm_backward_weights(const T* __restrict__ x, const T* __restrict__ dy, const Acc<T>* __restrict__ mean,
                                const Acc<T>* __restrict__ rstd, Acc<T>* __restrict__ partials, i64 rows, i64 cols,
                                i64 chunk) {
    const i64 c = own_column();
    const Chunk own(chunk, rows);
    Pair<Acc<T>> sums = {0, 0};
    if (c < cols)
        for (i64 r = own.begin; r < own.end; r += blockDim.y) {
            const Acc<T> d = Acc<T>(dy[r * cols + c]), centre = CENTRED ? mean[r] : Acc<T>(0);
            sums.first += d * (Acc<T>(x[r * cols + c]) - centre) * rstd[r];
            sums.second += d;
        }
    store_partials(sums, partials, c, cols);
}

template <typename T>
__global__ void __launch_bounds__(BLOCK)
    batch_norm_backward_weights(const T* __restrict__ x, const T* __restrict__ dy, const Acc<T>* __restrict__ mean,
                                const Acc<T>* __restrict__ variance, Acc<T>* __restrict__ partials, i64 rows, i64 cols,
                                i64 chunk, Acc<T> epsilon) {
    const i64 c = own_column();
    const Chunk own(chunk, rows);
    Pair<Acc<T>> sums = {0, 0};
    if (c < cols) {
        const Acc<T> centre = mean[c];
        for (i64 r = own.begin; r < own.end; r += blockDim.y) {
            const Acc<T> d = Acc<T>(dy[r * cols + c]);
            sums.first += d * (Acc<T>(x[r * cols + c]) - centre);
            sums.second += d;
        }
        sums.first /= sqrt(variance[c] + epsilon);
    }
    store_partials(sums, partials, c, cols);
}

// grid.y counts the planes here: (planes, chunks, cols) becomes (planes, cols).
template <typename A>
__global__ void __launch_bounds__(BLOCK)
    add_partials(const A* __restrict__ partials, A* __restrict__ sums, i64 chunks, i64 cols) {
    const i64 c = own_column();
    partials += blockIdx.y * chunks * cols;
    A sum = 0;
    if (c < cols)
        for (i64 k = threadIdx.y; k < chunks; k += blockDim.y) sum += partials[k * cols + c];
    sum = column_reduce(sum, Sum());
    if (threadIdx.y == 0 && c < cols) sums[blockIdx.y * cols + c] = sum;
}

// ---- columns

// Count, mean and sum of squared deviations of some numbers; two of them merge into that of all numbers.
template <typename A> struct Moments {
    A count, mean, square;
};
struct Merge {
    template <typename A> __device__ Moments<A> operator()(Moments<A> a, Moments<A> b) const {
        if (b.count == 0) return a;
        const A count = a.count + b.count, d = b.mean - a.mean, share = b.count / count;
        return {count, a.mean + d * share, a.square + b.square + d * d * a.count * share};
    }
};

template <typename T>
__global__ void __launch_bounds__(BLOCK)
    batch_norm_partials(const T* __restrict__ x, Acc<T>* __restrict__ partials, i64 rows, i64 cols, i64 chunk) {
    const i64 c = own_column();
    const Chunk own(chunk, rows);
    Moments<Acc<T>> m = {0, 0, 0};
    if (c < cols && own.begin < own.end) {
        // Deviations from a thread's first number, not from 0: squares of a large mean would drown the variance.
        const Acc<T> first = Acc<T>(x[own.begin * cols + c]);
        Acc<T> sum = 0;
        for (i64 r = own.begin; r < own.end; r += blockDim.y) {
            const Acc<T> d = Acc<T>(x[r * cols + c]) - first;
            m.count += 1;
            sum += d;
            m.square += d * d;
        }
        const Acc<T> mean = sum / m.count;
        m.mean = first + mean;
        m.square -= sum * mean;
    }
    m = column_reduce(m, Merge());
    if (threadIdx.y || c >= cols) return;
    const i64 plane = i64(gridDim.y) * cols, at = blockIdx.y * cols + c;
    partials[at] = m.count;
    partials[plane + at] = m.mean;
    partials[2 * plane + at] = m.square;
}

template <typename A>
__global__ void __launch_bounds__(BLOCK)
    batch_norm_statistics(const A* __restrict__ partials, A* __restrict__ mean, A* __restrict__ variance, i64 chunks,
                          i64 cols) {
    const i64 c = own_column(), plane = chunks * cols;
    Moments<A> m = {0, 0, 0};
    if (c < cols)
        for (i64 k = threadIdx.y; k < chunks; k += blockDim.y) {
            const i64 at = k * cols + c;
            m = Merge()(m, {partials[at], partials[plane + at], partials[2 * plane + at]});
        }
    m = column_reduce(m, Merge());
    if (threadIdx.y || c >= cols) return;
    mean[c] = m.mean;
    variance[c] = m.square / m.count;
}

template <typename T>
__global__ void __launch_bounds__(BLOCK)
    batch_norm_forward(const T* __restrict__ x, const Acc<T>* __restrict__ w, const Acc<T>* __restrict__ b,
                       const Acc<T>* __restrict__ mean, const Acc<T>* __restrict__ variance, T* __restrict__ y, i64 rows,
                       i64 cols, i64 chunk, Acc<T> epsilon) {
    const i64 c = own_column();
    if (c >= cols) return;
    const Chunk own(chunk, rows);
    const Acc<T> centre = mean[c], slope = w[c] / sqrt(variance[c] + epsilon), offset = b[c];
    for (i64 r = own.begin; r < own.end; r += blockDim.y)
        y[r * cols + c] = T((Acc<T>(x[r * cols + c]) - centre) * slope + offset);
}

template <typename T>
__global__ void __launch_bounds__(BLOCK)
    batch_norm_backward(const T* __restrict__ x, const Acc<T>* __restrict__ w, const T* __restrict__ dy,
                        const Acc<T>* __restrict__ dmean, const Acc<T>* __restrict__ dvariance,
                        const Acc<T>* __restrict__ mean, const Acc<T>* __restrict__ variance,
                        const Acc<T>* __restrict__ dw, const Acc<T>* __restrict__ db, T* __restrict__ dx, i64 rows,
                        i64 cols, i64 chunk, Acc<T> epsilon) {
    const i64 c = own_column();
    if (c >= cols) return;
    const Chunk own(chunk, rows);
    // dx is a line in dy and x: slope dy + tilt (x - mean) + level, column by column.
    const Acc<T> centre = mean[c], rstd = 1 / sqrt(variance[c] + epsilon), slope = w[c] * rstd;
    const Acc<T> tilt = (2 * dvariance[c] - slope * rstd * dw[c]) / rows, level = (dmean[c] - slope * db[c]) / rows;
    for (i64 r = own.begin; r < own.end; r += blockDim.y)
        dx[r * cols + c] = T(slope * Acc<T>(dy[r * cols + c]) + tilt * (Acc<T>(x[r * cols + c]) - centre) + level);
}
