// Where the extremum of x (outer, count, inner) over its middle axis is: y[o, i] = the first r with the best x[o, r, i].
//
// NaN counts as the worst value, so it is found only where there is nothing else.
//
//   T          float, double, __half, __nv_bfloat16, integers, bool
//   I          int, long long
//   launch     grid = ceil(outputs * lanes / BLOCK), block = BLOCK: `lanes` threads of a warp own one output
//   bytes      outer * count * inner * sizeof(T)
//
// instance arg_extremum<float, long long, true>          regs<=40 spill=0
// instance arg_extremum<double, int, false>              regs<=40 spill=0
// instance arg_extremum<__half, long long, true>         regs<=40 spill=0
// instance arg_extremum<__nv_bfloat16, int, true>        regs<=40 spill=0
// instance arg_extremum<int, long long, false>           regs<=40 spill=0
// instance arg_extremum<bool, long long, true>           regs<=40 spill=0
// instance arg_extremum<__nv_bfloat16, long long, true>  regs<=40 spill=0
// instance arg_extremum<float, long long, false>         regs<=40 spill=0
// instance arg_extremum<int, int, true>                  regs<=40 spill=0
#include "common.cuh"

template <typename A> struct Place {
    A value;
    i64 index;
};

// Of two places the better one; of equal ones the first. LARGEST: whether large values are good.
template <bool LARGEST, typename A> __device__ __forceinline__ Place<A> better(Place<A> a, Place<A> b) {
    const bool wins = LARGEST ? b.value > a.value : b.value < a.value;
    return wins || (b.value == a.value && b.index < a.index) ? b : a;
}

template <typename T, typename I, bool LARGEST>
__global__ void __launch_bounds__(BLOCK) arg_extremum(const T* __restrict__ x, I* __restrict__ y, i64 outputs, i64 count,
                                                      i64 inner, int lanes) {
    using A = Acc<T>;
    const A worst = LARGEST ? Limits<A>::lowest() : Limits<A>::highest();
    const i64 output = global_id() / lanes;
    const int lane = threadIdx.x % lanes;
    Place<A> best{worst, count};
    if (output < outputs) {
        x += output / inner * count * inner + output % inner;
        for (i64 r = lane; r < count; r += lanes) {
            const A value = A(x[r * inner]);
            best = better<LARGEST>(best, Place<A>{is_nan(value) ? worst : value, r});
        }
    }
    for (int mask = lanes / 2; mask > 0; mask /= 2) best = better<LARGEST>(best, shuffle_xor(best, mask));
    if (output < outputs && lane == 0) y[output] = I(best.index);
}
