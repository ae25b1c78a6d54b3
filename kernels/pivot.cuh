// Elimination in shared memory with the largest element left in each column as its pivot: a block owns a matrix of up to 64
// rows, which lie `width` elements apart.
#include "common.cuh"

template <typename T> struct Pivot {
    T size;
    int row;
};
struct Largest {  // the first of equal ones
    template <typename P> static __device__ P identity() { return {-1, 0x7fffffff}; }
    template <typename P> __device__ P operator()(P a, P b) const {
        return a.size > b.size || (a.size == b.size && a.row < b.row) ? a : b;
    }
};

// Bring the row with the pivot of column j to row j; returns where it was. All threads must take part, and do so in step:
// what they wrote to the rows before is seen, and the exchange is seen by all that comes after.
template <typename T> __device__ __forceinline__ int exchange_rows(T* rows, int n, int width, int j) {
    Pivot<T> best = Largest::identity<Pivot<T>>();
    __syncthreads();
    for (int i = j + threadIdx.x; i < n; i += BLOCK) {
        const T size = fabs(rows[i * width + j]);
        best = Largest()(best, Pivot<T>{is_nan(size) ? T(INFINITY) : size, i});  // so that NaN spreads
    }
    best = block_reduce(best, Largest());
    if (best.row != j) {
        for (int c = threadIdx.x; c < width; c += BLOCK) {
            const T x = rows[j * width + c];
            rows[j * width + c] = rows[best.row * width + c];
            rows[best.row * width + c] = x;
        }
    }
    __syncthreads();
    return best.row;
}
