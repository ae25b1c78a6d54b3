// Whether an array of n floats holds NaN or infinity: if so, `position` is noted in `word`, the smallest one winning.
//
//   note_not_finite   word = max(word, FIRST - position) if any x[i] is not finite    FIRST = 2^31 - 1, word starts at 0
//
//   T          float, double, __half, __nv_bfloat16; complex numbers are twice as many floats
//   launch     grid = min(n / BLOCK, 1024), block = BLOCK, a thread takes every (grid * BLOCK)-th element
//   bytes      n * sizeof(T)
//
// instance note_not_finite<float>           regs<=32 spill=0
// instance note_not_finite<double>          regs<=40 spill<=32
// instance note_not_finite<__half>          regs<=32 spill=0
// instance note_not_finite<__nv_bfloat16>   regs<=32 spill=0
#include "common.cuh"

template <typename T>
__global__ void __launch_bounds__(BLOCK) note_not_finite(const T* __restrict__ x, int* word, i64 position, i64 n) {
    bool found = false;
    for (i64 i = global_id(); i < n; i += global_count()) {
        const Acc<T> zero = Acc<T>(x[i]) * Acc<T>(0);  // NaN for NaN and for infinity
        found |= zero != zero;
    }
    if (found) report_index(word, position);
}
