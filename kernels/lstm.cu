// One step of a long short-term memory over (batch, units), after the product with the state; time comes first.
//
//   lstm_step_forward    i, f, g, o = sigmoid(a_i), sigmoid(a_f), tanh(a_g), sigmoid(a_o)    a = z + p,  p = h recurrent
//                        c' = f c + i g,  h' = o tanh(c')
//   lstm_step_backward   u = tanh(f c + i g),  dh = dhs + p,           e = dc + dh o (1 - u^2)
//                        dz = (e g i (1 - i), e c f (1 - f), e i (1 - g^2), dh u o (1 - o)),  dc' = e f
//
//   Where the mask is not set h' = h, c' = c; dz = 0, dc' = dc, and dh goes to `kept`, which is added to p of the step
//   before. The mask is null if there is none; so is p of the first step backward. dc and dc' may be the same memory.
//
//   T          float, double, __half, __nv_bfloat16; computed in Acc<T>
//   z, p, dz   (batch, 4 * units), in the order i, f, g, o; p of the backward kernel (batch, units)
//   gates      (4, batch, units), in the same order
//   launch     grid = ceil(n / BLOCK), block = BLOCK, n = batch * units: a thread owns one unit of one sample
//   bytes      forward 16, backward 13 times n * sizeof(T), less what is null
//
// instance lstm_step_forward<float>            regs<=48 spill=0
// instance lstm_step_forward<double>           regs<=72 spill=0
// instance lstm_step_forward<__half>           regs<=48 spill=0
// instance lstm_step_forward<__nv_bfloat16>    regs<=48 spill=0
// instance lstm_step_backward<float>           regs<=48 spill=0
// instance lstm_step_backward<double>          regs<=72 spill=0
// instance lstm_step_backward<__half>          regs<=48 spill=0
// instance lstm_step_backward<__nv_bfloat16>   regs<=48 spill=0
#include "common.cuh"

template <typename A> __device__ A sigmoid(A x) { return 1 / (1 + exp(-x)); }

template <typename T>
__global__ void __launch_bounds__(BLOCK)
    lstm_step_forward(const T* __restrict__ z, const T* __restrict__ p, const T* __restrict__ h, const T* __restrict__ c,
                      const bool* __restrict__ mask, T* __restrict__ new_h, T* __restrict__ new_c, T* __restrict__ gates,
                      i64 n, i64 units) {
    using A = Acc<T>;
    const i64 k = global_id();
    if (k >= n) return;
    const i64 sample = k / units, at = sample * 4 * units + k % units;
    auto input = [&](int gate) { return A(z[at + gate * units]) + A(p[at + gate * units]); };
    const A i = sigmoid(input(0)), f = sigmoid(input(1)), g = tanh(input(2)), o = sigmoid(input(3));
    gates[k] = T(i);
    gates[k + n] = T(f);
    gates[k + 2 * n] = T(g);
    gates[k + 3 * n] = T(o);
    const A carry = f * A(c[k]) + i * g;
    const bool moves = !mask || mask[sample];
    new_c[k] = moves ? T(carry) : c[k];
    new_h[k] = moves ? T(o * tanh(carry)) : h[k];
}

template <typename T>
__global__ void __launch_bounds__(BLOCK)
    lstm_step_backward(const T* __restrict__ gates, const T* __restrict__ c, const T* __restrict__ dhs,
                       const T* __restrict__ p, const T* dc, const bool* __restrict__ mask, T* __restrict__ kept,
                       T* __restrict__ dz, T* new_dc, i64 n, i64 units) {
    using A = Acc<T>;
    const i64 k = global_id();
    if (k >= n) return;
    const i64 sample = k / units, at = sample * 4 * units + k % units;
    const A dh = A(dhs[k]) + (p ? A(p[k]) : A(0));
    const bool moves = !mask || mask[sample];
    if (mask) kept[k] = moves ? T(0) : T(dh);
    A d[4] = {};
    if (moves) {
        const A i = gates[k], f = gates[k + n], g = gates[k + 2 * n], o = gates[k + 3 * n];
        const A u = tanh(f * A(c[k]) + i * g), e = A(dc[k]) + dh * o * (1 - u * u);
        d[0] = e * g * i * (1 - i);
        d[1] = e * A(c[k]) * f * (1 - f);
        d[2] = e * i * (1 - g * g);
        d[3] = dh * u * o * (1 - o);
        new_dc[k] = T(e * f);
    } else {
        new_dc[k] = dc[k];
    }
#pragma unroll
    for (int gate = 0; gate < 4; ++gate) dz[at + gate * units] = T(d[gate]);
}
