// One step of a gated recurrent unit over (batch, units), after the product with the state; time comes first.
//
//   gru_step_forward     z, r = sigmoid(x_z + q_z), sigmoid(x_r + q_r),  n = tanh(x_n + r q_n),  q = h recurrent + bias
//                        h' = z h + (1 - z) n
//   gru_step_backward    d = dhs + dh,  dz = d (h - n) z (1 - z),  dn = d (1 - z) (1 - n^2),  dr = dn q_n r (1 - r)
//                        dx = (dz, dr, dn),  dq = (dz, dr, dn r),  direct = d z
//
//   What dq gives to h comes with a product; dh of the step before is that product plus `direct`. Where the mask is not
//   set h' = h, dx = dq = 0 and direct = d. The mask is null if there is none; so is dh of the first step backward.
//
//   T          float, double, __half, __nv_bfloat16; computed in Acc<T>
//   x, p       (batch, 3 * units), p = h recurrent; gates (4, batch, units): z, r, n, q_n
//   launch     grid = ceil(n / BLOCK), block = BLOCK, n = batch * units: a thread owns one unit of one sample
//   bytes      forward 12, backward 14 times n * sizeof(T), less what is null
//
// instance gru_step_forward<float>            regs<=48 spill=0
// instance gru_step_forward<double>           regs<=72 spill=0
// instance gru_step_forward<__half>           regs<=48 spill=0
// instance gru_step_forward<__nv_bfloat16>    regs<=48 spill=0
// instance gru_step_backward<float>           regs<=48 spill=0
// instance gru_step_backward<double>          regs<=72 spill=0
// instance gru_step_backward<__half>          regs<=48 spill=0
// instance gru_step_backward<__nv_bfloat16>   regs<=48 spill=0
#include "common.cuh"

template <typename A> __device__ A sigmoid(A x) { return 1 / (1 + exp(-x)); }

template <typename T>
__global__ void __launch_bounds__(BLOCK)
    gru_step_forward(const T* __restrict__ x, const T* __restrict__ p, const T* __restrict__ bias, const T* __restrict__ h,
                     const bool* __restrict__ mask, T* __restrict__ new_h, T* __restrict__ gates, i64 n, i64 units) {
    using A = Acc<T>;
    const i64 k = global_id();
    if (k >= n) return;
    const i64 sample = k / units, unit = k % units, at = sample * 3 * units + unit;
    auto product = [&](int gate) { return A(p[at + gate * units]) + A(bias[unit + gate * units]); };
    const A z = sigmoid(A(x[at]) + product(0)), r = sigmoid(A(x[at + units]) + product(1)), q = product(2);
    const A m = tanh(A(x[at + 2 * units]) + r * q);
    gates[k] = T(z);
    gates[k + n] = T(r);
    gates[k + 2 * n] = T(m);
    gates[k + 3 * n] = T(q);
    new_h[k] = !mask || mask[sample] ? T(z * A(h[k]) + (1 - z) * m) : h[k];
}

template <typename T>
__global__ void __launch_bounds__(BLOCK)
    gru_step_backward(const T* __restrict__ gates, const T* __restrict__ h, const T* __restrict__ dhs,
                      const T* __restrict__ dh, const bool* __restrict__ mask, T* __restrict__ dx, T* __restrict__ dq,
                      T* __restrict__ direct, i64 n, i64 units) {
    using A = Acc<T>;
    const i64 k = global_id();
    if (k >= n) return;
    const i64 sample = k / units, at = sample * 3 * units + k % units;
    const A d = A(dhs[k]) + (dh ? A(dh[k]) : A(0));
    A dz = 0, dr = 0, dn = 0, r = 0, past = d;
    if (!mask || mask[sample]) {
        const A z = gates[k], m = gates[k + 2 * n];
        r = gates[k + n];
        dz = d * (A(h[k]) - m) * z * (1 - z);
        dn = d * (1 - z) * (1 - m * m);
        dr = dn * A(gates[k + 3 * n]) * r * (1 - r);
        past = d * z;
    }
    dx[at] = dq[at] = T(dz);
    dx[at + units] = dq[at + units] = T(dr);
    dx[at + 2 * units] = T(dn);
    dq[at + 2 * units] = T(dn * r);
    direct[k] = T(past);
}
