// __half and __nv_bfloat16 for the emulator: stored exactly as on the device, computed in float and rounded to nearest
// even, as the device's conversions do. The names of both CUDA headers, cuda_fp16.h and cuda_bf16.h, stand here.
#pragma once
#include "device.h"

inline unsigned short emulated_to_half(float x) {
    const uint32_t bits = __float_as_uint(x), sign = (bits >> 16) & 0x8000u, size = bits & 0x7fffffffu;
    if (size > 0x7f800000u) return 0x7fff;                          // NaN
    if (size >= 0x477ff000u) return (unsigned short)(sign | 0x7c00u);  // from 65520 on: infinity
    if (size < 0x38800000u) {  // subnormal: adding 0.5 puts the 10 bits of the result at the end of the float
        return (unsigned short)(sign | (__float_as_uint(__uint_as_float(size) + 0.5f) - 0x3f000000u));
    }
    return (unsigned short)(sign | ((size - 0x38000000u + 0xfffu + ((size >> 13) & 1u)) >> 13));
}
inline float emulated_from_half(unsigned short bits) {
    const uint32_t sign = uint32_t(bits & 0x8000u) << 16, exponent = (bits >> 10) & 31u, mantissa = bits & 0x3ffu;
    if (exponent == 31) return __uint_as_float(sign | 0x7f800000u | (mantissa << 13));
    if (exponent == 0) return copysignf(float(mantissa) * 0x1p-24f, sign ? -1.f : 1.f);
    return __uint_as_float(sign | ((exponent + 112u) << 23) | (mantissa << 13));
}
inline unsigned short emulated_to_bfloat16(float x) {
    const uint32_t bits = __float_as_uint(x);
    if ((bits & 0x7fffffffu) > 0x7f800000u) return 0x7fff;
    return (unsigned short)((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}
inline float emulated_from_bfloat16(unsigned short bits) { return __uint_as_float(uint32_t(bits) << 16); }

#define EMULATED_HALF(Half, to, from)                                                                         \
    struct alignas(2) Half {                                                                                  \
        unsigned short bits;                                                                                  \
        Half() = default;                                                                                     \
        Half(float x) : bits(to(x)) {}                                                                        \
        Half(double x) : bits(to(float(x))) {}                                                                \
        template <typename I, typename = typename std::enable_if<std::is_integral<I>::value>::type>           \
        Half(I x) : bits(to(float(x))) {}                                                                     \
        operator float() const { return from(bits); }                                                         \
        Half& operator+=(Half b) { return *this = Half(float(*this) + float(b)); }                            \
        Half& operator-=(Half b) { return *this = Half(float(*this) - float(b)); }                            \
        Half& operator*=(Half b) { return *this = Half(float(*this) * float(b)); }                            \
        Half& operator/=(Half b) { return *this = Half(float(*this) / float(b)); }                            \
    };                                                                                                        \
    struct alignas(4) Half##2 { Half x, y; };                                                                 \
    inline Half operator+(Half a, Half b) { return Half(float(a) + float(b)); }                               \
    inline Half operator-(Half a, Half b) { return Half(float(a) - float(b)); }                               \
    inline Half operator*(Half a, Half b) { return Half(float(a) * float(b)); }                               \
    inline Half operator/(Half a, Half b) { return Half(float(a) / float(b)); }                               \
    inline Half operator-(Half a) { return Half(-float(a)); }                                                 \
    inline bool operator<(Half a, Half b) { return float(a) < float(b); }                                     \
    inline bool operator>(Half a, Half b) { return float(a) > float(b); }                                     \
    inline bool operator<=(Half a, Half b) { return float(a) <= float(b); }                                   \
    inline bool operator>=(Half a, Half b) { return float(a) >= float(b); }                                   \
    inline bool operator==(Half a, Half b) { return float(a) == float(b); }                                   \
    inline bool operator!=(Half a, Half b) { return float(a) != float(b); }                                   \
    inline bool __hisnan(Half a) { return a != a; }
EMULATED_HALF(__half, emulated_to_half, emulated_from_half)
EMULATED_HALF(__nv_bfloat16, emulated_to_bfloat16, emulated_from_bfloat16)

using half = __half;
using half2 = __half2;
inline __half __float2half(float x) { return __half(x); }
inline __half __float2half_rn(float x) { return __half(x); }
inline float __half2float(__half x) { return x; }
inline __half2 __floats2half2_rn(float x, float y) { return {__half(x), __half(y)}; }
inline float2 __half22float2(__half2 v) { return {float(v.x), float(v.y)}; }
inline __half __ushort_as_half(unsigned short bits) { return emulated_bits<__half>(bits); }
inline unsigned short __half_as_ushort(__half x) { return x.bits; }
inline __nv_bfloat16 __float2bfloat16(float x) { return __nv_bfloat16(x); }
inline __nv_bfloat16 __float2bfloat16_rn(float x) { return __nv_bfloat16(x); }
inline float __bfloat162float(__nv_bfloat16 x) { return x; }
inline __nv_bfloat162 __floats2bfloat162_rn(float x, float y) { return {__nv_bfloat16(x), __nv_bfloat16(y)}; }
inline float2 __bfloat1622float2(__nv_bfloat162 v) { return {float(v.x), float(v.y)}; }
inline __nv_bfloat16 __ushort_as_bfloat16(unsigned short bits) { return emulated_bits<__nv_bfloat16>(bits); }
inline unsigned short __bfloat16_as_ushort(__nv_bfloat16 x) { return x.bits; }
