// The last stage of a sum in parts: y[i] = parts[0, i] + parts[1, i] + ..., in this order, and so the same bits in every run.
//
//   launch     grid = ceil(size / BLOCK), block = BLOCK
//   bytes      count * size * sizeof(Acc<T>) + size * sizeof(T)
//
// instance add_parts<float>          regs<=40 spill=0
// instance add_parts<double>         regs<=40 spill=0
// instance add_parts<__half>         regs<=40 spill=0
// instance add_parts<__nv_bfloat16>  regs<=40 spill=0
#include "common.cuh"

template <typename T>
__global__ void __launch_bounds__(BLOCK) add_parts(const Acc<T>* __restrict__ parts, T* __restrict__ y, int count, i64 size) {
    const i64 i = global_id();
    if (i >= size) return;
    Acc<T> total = 0;
    for (int k = 0; k < count; ++k) total += parts[k * size + i];
    y[i] = T(total);
}
