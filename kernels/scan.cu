// Running sums, products and log-sum-exps along an axis: y[p] = op over q <= p of x[q], op over q < p if exclusive.
//
//   scan_rows       along the last axis: x is (rows, n), a row or a chunk of one to a warp or a block
//   scan_columns    along the middle one: x is (outer, n, inner), a column or a chunk of one to a thread
//   reduce_rows     totals (rows, chunks) of the chunks of rows
//   reduce_columns  totals (chunks, outer * inner) of the chunks of columns
//
//   Positions count from the end if `reverse`. Where there are few rows or columns they are cut into chunks of `length`:
//   the totals of the chunks are scanned by the same kernels, exclusive, and are then the carries with which chunks start.
//   The chunks depend on the shape alone, so equal inputs give equal bits.
//
//   Op         Sum, Product, LogSumExp
//   T          float, double, __half, __nv_bfloat16, integers; computed in Acc<T>
//   launch     rows: block = (32, BLOCK / 32) or (BLOCK, 1) (ops/rows.py decides); columns: grid = (columns / BLOCK, chunks)
//   bytes      2 * elements * sizeof(T) in one chunk, 3 times in several
//
// instance scan_rows<Sum, float>                    regs<=48 spill=0
// instance scan_rows<Sum, double>                   regs<=64 spill=0
// instance scan_rows<Sum, __half>                   regs<=48 spill=0
// instance scan_rows<Sum, __nv_bfloat16>            regs<=48 spill=0
// instance scan_rows<Sum, int>                      regs<=48 spill=0
// instance scan_rows<Sum, long long>                regs<=64 spill=0
// instance scan_rows<Product, float>                regs<=48 spill=0
// instance scan_rows<LogSumExp, float>              regs<=64 spill=0
// instance scan_rows<LogSumExp, double>             regs<=96 spill=0
// instance scan_columns<Sum, float>                 regs<=48 spill=0
// instance scan_columns<Sum, double>                regs<=48 spill=0
// instance scan_columns<Sum, __half>                regs<=48 spill=0
// instance scan_columns<Sum, int>                   regs<=48 spill=0
// instance scan_columns<Product, float>             regs<=48 spill=0
// instance scan_columns<LogSumExp, float>           regs<=48 spill=0
// instance scan_columns<LogSumExp, double>          regs<=64 spill=0
// instance reduce_rows<Sum, float>                  regs<=40 spill=0
// instance reduce_rows<Product, float>              regs<=40 spill=0
// instance reduce_rows<LogSumExp, float>            regs<=40 spill=0
// instance reduce_columns<Sum, float>               regs<=40 spill=0
// instance reduce_columns<Product, float>           regs<=40 spill=0
// instance reduce_columns<LogSumExp, float>         regs<=40 spill=0
#include "scan.cuh"

constexpr int OWN = 4;  // neighbours in a row that a thread takes at a time

// log(exp(a) + exp(b)) without overflow; infinities of one sign stay what they are.
struct LogSumExp {
    template <typename T> static __device__ T identity() { return T(-INFINITY); }
    template <typename T> __device__ T operator()(T a, T b) const {
        if (a == b) return a + T(0.693147180559945309);
        return (a > b ? a : b) + log1p(exp(-fabs(a - b)));
    }
};

// The positions [begin, end) that chunk number `chunk` of an axis of n has.
struct Piece {
    i64 begin, end;
    __device__ Piece(i64 chunk, i64 length, i64 n) {
        begin = chunk * length;
        end = begin + length < n ? begin + length : n;
    }
};

// ---- rows

template <typename Op, typename T>
__global__ void __launch_bounds__(BLOCK) scan_rows(const T* __restrict__ x, T* __restrict__ y,
                                                   const Acc<T>* __restrict__ carries, i64 rows, i64 n, i64 length,
                                                   bool exclusive, bool reverse) {
    const i64 chunks = (n + length - 1) / length, own = own_row();
    if (own >= rows * chunks) return;
    const Piece piece(own % chunks, length, n);
    x += own / chunks * n;
    y += own / chunks * n;
    Acc<T> carry = carries ? carries[own] : Op::template identity<Acc<T>>();
    for (i64 begin = piece.begin; begin < piece.end; begin += blockDim.x * OWN) {
        const i64 first = begin + threadIdx.x * OWN;
        Acc<T> values[OWN], sum = Op::template identity<Acc<T>>(), total;
#pragma unroll
        for (int k = 0; k < OWN; ++k) {
            const i64 p = first + k;
            values[k] = p < piece.end ? Acc<T>(x[reverse ? n - 1 - p : p]) : Op::template identity<Acc<T>>();
            sum = Op()(sum, values[k]);
        }
        sum = Op()(carry, row_scan(sum, Op(), total));
#pragma unroll
        for (int k = 0; k < OWN; ++k) {
            const i64 p = first + k;
            const Acc<T> next = Op()(sum, values[k]);
            if (p < piece.end) y[reverse ? n - 1 - p : p] = T(exclusive ? sum : next);
            sum = next;
        }
        carry = Op()(carry, total);
    }
}

template <typename Op, typename T>
__global__ void __launch_bounds__(BLOCK) reduce_rows(const T* __restrict__ x, Acc<T>* __restrict__ totals, i64 rows, i64 n,
                                                     i64 length, bool reverse) {
    const i64 chunks = (n + length - 1) / length, own = own_row();
    if (own >= rows * chunks) return;
    const Piece piece(own % chunks, length, n);
    x += own / chunks * n;
    Acc<T> sum = Op::template identity<Acc<T>>();
    for (i64 p = piece.begin + threadIdx.x; p < piece.end; p += blockDim.x)
        sum = Op()(sum, Acc<T>(x[reverse ? n - 1 - p : p]));
    sum = row_reduce(sum, Op());
    if (threadIdx.x == 0) totals[own] = sum;
}

// ---- columns

template <typename Op, typename T>
__global__ void __launch_bounds__(BLOCK) scan_columns(const T* __restrict__ x, T* __restrict__ y,
                                                      const Acc<T>* __restrict__ carries, i64 columns, i64 n, i64 inner,
                                                      i64 length, bool exclusive, bool reverse) {
    const i64 column = global_id();
    if (column >= columns) return;
    const Piece piece(blockIdx.y, length, n);
    const i64 start = column / inner * n * inner + column % inner;
    Acc<T> sum = carries ? carries[blockIdx.y * columns + column] : Op::template identity<Acc<T>>();
    for (i64 p = piece.begin; p < piece.end; ++p) {
        const i64 at = start + (reverse ? n - 1 - p : p) * inner;
        const Acc<T> next = Op()(sum, Acc<T>(x[at]));
        y[at] = T(exclusive ? sum : next);
        sum = next;
    }
}

template <typename Op, typename T>
__global__ void __launch_bounds__(BLOCK) reduce_columns(const T* __restrict__ x, Acc<T>* __restrict__ totals, i64 columns,
                                                        i64 n, i64 inner, i64 length, bool reverse) {
    const i64 column = global_id();
    if (column >= columns) return;
    const Piece piece(blockIdx.y, length, n);
    const i64 start = column / inner * n * inner + column % inner;
    Acc<T> sum = Op::template identity<Acc<T>>();
    for (i64 p = piece.begin; p < piece.end; ++p)
        sum = Op()(sum, Acc<T>(x[start + (reverse ? n - 1 - p : p) * inner]));
    totals[blockIdx.y * columns + column] = sum;
}
