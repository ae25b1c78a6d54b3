// Instructions that CUDA C++ has no names for, each with a twin in C++ that the emulator runs. All lanes of a warp take part.
//
//   load_fragments<turned>(r, p)   ldmatrix: four 8x8 matrices of 16-bit numbers from shared memory. Lane l passes the 16-byte
//                                  row l % 8 of matrix l / 8, and gets in r[i] two elements of matrix i: (l / 4, 2 * (l % 4))
//                                  and the one to its right; turned: (2 * (l % 4), l / 4) and the one below
//   multiply_fragments<T>(d, a, b) mma: d (16, 8) += a (16, 16) b (16, 8) on tensor cores, T = __half or __nv_bfloat16
//   power_of_two(x)                2^x to about 22 bits, tiny results as 0
//
//   a   a[0] and a[1] hold rows 0-7 and 8-15 of columns 0-7, a[2] and a[3] those of columns 8-15: load_fragments of a stored by
//       rows, turned if it is stored by columns
//   b   b[0] holds rows 0-7, b[1] rows 8-15: load_fragments turned of b stored by rows
//   d   d[0], d[1] are row l / 4, columns 2 * (l % 4) and the next; d[2], d[3] the same of row l / 4 + 8
//
// The first two need sm_80 or newer.
#include "common.cuh"

#ifdef GT_EMULATED

template <bool turned> void resolve_load_fragments(emulator::Thread* const* lanes) {
    for (int lane = 0; lane < WARP; ++lane)
        for (int i = 0; i < 4; ++i)
            for (int k = 0; k < 2; ++k) {
                const int row = turned ? 2 * (lane % 4) + k : lane / 4, col = turned ? lane / 4 : 2 * (lane % 4) + k;
                const unsigned short* from;
                memcpy(&from, lanes[8 * i + row]->posted, sizeof from);
                memcpy(lanes[lane]->result + 4 * i + 2 * k, from + col, 2);
            }
}
template <bool turned> void load_fragments(unsigned (&r)[4], const void* p) {
    if (size_t(p) % 16) emulator::fail("load_fragments: a row of a fragment is not aligned to 16 bytes");
    memcpy(emulator::current->posted, &p, sizeof p);
    emulator::warp_wait(0xffffffffu, resolve_load_fragments<turned>, false, __LINE__);
    memcpy(r, emulator::current->result, sizeof r);
}

struct PostedFragments {
    float d[4];
    unsigned a[4], b[2];
};
template <typename T> float element(const PostedFragments& f, const unsigned* words, int word, int half) {
    T value;
    memcpy(&value, reinterpret_cast<const char*>(words + word) + 2 * half, 2);
    return float(value);
}
template <typename T> void resolve_multiply_fragments(emulator::Thread* const* lanes) {
    float a[16][16], b[16][8];
    for (int lane = 0; lane < WARP; ++lane) {
        PostedFragments f;
        memcpy(&f, lanes[lane]->posted, sizeof f);
        for (int k = 0; k < 2; ++k) {
            for (int i = 0; i < 4; ++i) a[lane / 4 + i % 2 * 8][lane % 4 * 2 + k + i / 2 * 8] = element<T>(f, f.a, i, k);
            for (int i = 0; i < 2; ++i) b[lane % 4 * 2 + k + i * 8][lane / 4] = element<T>(f, f.b, i, k);
        }
    }
    for (int lane = 0; lane < WARP; ++lane) {
        PostedFragments f;
        memcpy(&f, lanes[lane]->posted, sizeof f);
        for (int i = 0; i < 4; ++i)
            for (int k = 0; k < 16; ++k) f.d[i] += a[lane / 4 + i / 2 * 8][k] * b[k][lane % 4 * 2 + i % 2];
        memcpy(lanes[lane]->result, f.d, sizeof f.d);
    }
}
template <typename T> void multiply_fragments(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
    PostedFragments f;
    memcpy(f.d, d, sizeof d);
    memcpy(f.a, a, sizeof a);
    memcpy(f.b, b, sizeof b);
    memcpy(emulator::current->posted, &f, sizeof f);
    emulator::warp_wait(0xffffffffu, resolve_multiply_fragments<T>, false, __LINE__);
    memcpy(d, emulator::current->result, sizeof d);
}
inline float power_of_two(float x) { return x < -126.f ? 0.f : exp2f(x); }

#else

template <bool turned> __device__ __forceinline__ void load_fragments(unsigned (&r)[4], const void* p) {
    const unsigned at = unsigned(__cvta_generic_to_shared(p));
    if (turned)
        asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                     : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(at) : "memory");
    else
        asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                     : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(at) : "memory");
}

#define GT_MMA(type)                                                                                                         \
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32." type "." type ".f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, " \
                 "{%0, %1, %2, %3};"                                                                                         \
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])                                                            \
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]))

template <typename T>
__device__ __forceinline__ void multiply_fragments(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]);
template <>
__device__ __forceinline__ void multiply_fragments<__half>(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
    GT_MMA("f16");
}
template <>
__device__ __forceinline__ void multiply_fragments<__nv_bfloat16>(float (&d)[4], const unsigned (&a)[4],
                                                                  const unsigned (&b)[2]) {
    GT_MMA("bf16");
}
#undef GT_MMA
__device__ __forceinline__ float power_of_two(float x) {
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

#endif
