// Random bits of Philox4x64-10 (Salmon et al. 2011), the stream of np.random.Philox(key=[k, 0], counter=[0, d, 0, 0]).
//
//   philox_fill      words[4 b + j] = word j of the block with counter (b + 1, d, 0, 0) and key (k, 0)
//   philox_advance   d = d + 1
//   drop_forward     y = x * scale where the word of bits is at least `least`, else 0
//
//   state      two int64: key k, draws d; in device memory, so that a captured graph draws new numbers at every launch
//   T          float, double, __half, __nv_bfloat16
//   launch     fill: one thread makes one block of four 64-bit words; advance: one thread; drop: any grid, block = BLOCK
//   bytes      fill 32 per block written; drop (2 * sizeof(T) + 4) per element
//
// instance philox_fill  regs<=48 spill=0
// instance philox_advance  regs<=16 spill=0
// instance drop_forward<float>          regs<=32 spill=0
// instance drop_forward<double>         regs<=32 spill=0
// instance drop_forward<__half>         regs<=32 spill=0
// instance drop_forward<__nv_bfloat16>  regs<=32 spill=0
#include "common.cuh"

__device__ __forceinline__ void philox_round(unsigned long long (&c)[4], unsigned long long k0, unsigned long long k1) {
    const unsigned long long high0 = __umul64hi(0xD2E7470EE14C6C93ull, c[0]), low0 = 0xD2E7470EE14C6C93ull * c[0];
    const unsigned long long high1 = __umul64hi(0xCA5A826395121157ull, c[2]), low1 = 0xCA5A826395121157ull * c[2];
    c[0] = high1 ^ c[1] ^ k0;
    c[1] = low1;
    c[2] = high0 ^ c[3] ^ k1;
    c[3] = low0;
}

__global__ void __launch_bounds__(BLOCK)
philox_fill(const long long* __restrict__ state, unsigned long long* __restrict__ words, long long blocks) {
    const long long block = blockIdx.x * (long long)BLOCK + threadIdx.x;
    if (block >= blocks) return;
    unsigned long long k0 = state[0], k1 = 0;
    unsigned long long c[4] = {(unsigned long long)block + 1, (unsigned long long)state[1], 0, 0};
    for (int round = 0; round < 10; ++round) {
        philox_round(c, k0, k1);
        k0 += 0x9E3779B97F4A7C15ull;
        k1 += 0xBB67AE8584CAA73Bull;
    }
    for (int j = 0; j < 4; ++j) words[4 * block + j] = c[j];
}

__global__ void philox_advance(long long* __restrict__ state) { state[1] += 1; }

template <typename T>
__global__ void __launch_bounds__(BLOCK) drop_forward(const T* __restrict__ x, const unsigned* __restrict__ bits, T* __restrict__ y,
                                                      i64 n, unsigned least, Acc<T> scale) {
    for (i64 i = global_id(); i < n; i += global_count()) y[i] = bits[i] >= least ? T(Acc<T>(x[i]) * scale) : T(0.f);
}
