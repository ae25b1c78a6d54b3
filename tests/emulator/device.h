// What CUDA C++ has beyond C++, for g++. emulator.py includes this file before the text of a .cu file, which it puts into
// an anonymous namespace, and registers the kernels behind it with EMULATED_KERNEL. scheduler.cpp runs the threads.
//
// What is missing here does not compile, on purpose: __activemask and float atomics (their results depend on timing),
// printf and device-side new. Tensor-core instructions and the like belong into one small device function, whose
// emulated body, under #ifdef GT_EMULATED, hands its operands to emulator::warp_wait with a resolver of its own.
#pragma once
#define GT_EMULATED 1
#include <math.h>
#include <stdint.h>
#include <string.h>

#include <tuple>
#include <type_traits>
#include <utility>

#define __global__
#define __device__
#define __host__
#define __constant__ static
#define __forceinline__ inline
#define __noinline__ __attribute__((noinline))
#define __launch_bounds__(...)
#define __grid_constant__
#define __align__(n) alignas(n)

// Blocks run one after another, so one copy of a shared variable will do. As a thread-local variable it lies in memory
// that the scheduler can fill with 0xFF before each block. Sanitizers guard plain static variables only.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define __shared__ static
#else
#define __shared__ static thread_local
#endif
#define GT_DYN_SMEM(T, name) T* const name = reinterpret_cast<T*>(emulator::dynamic_shared)

// ---- vector types

#define EMULATED_VECTORS(name, base)                                                            \
    struct alignas(sizeof(base)) name##1 { base x; };                                           \
    struct alignas(sizeof(base) * 2) name##2 { base x, y; };                                    \
    struct name##3 { base x, y, z; };                                                           \
    struct alignas(sizeof(base) * 4 > 16 ? 16 : sizeof(base) * 4) name##4 { base x, y, z, w; }; \
    inline name##1 make_##name##1(base x) { return {x}; }                                       \
    inline name##2 make_##name##2(base x, base y) { return {x, y}; }                            \
    inline name##3 make_##name##3(base x, base y, base z) { return {x, y, z}; }                 \
    inline name##4 make_##name##4(base x, base y, base z, base w) { return {x, y, z, w}; }
EMULATED_VECTORS(char, signed char)
EMULATED_VECTORS(uchar, unsigned char)
EMULATED_VECTORS(short, short)
EMULATED_VECTORS(ushort, unsigned short)
EMULATED_VECTORS(int, int)
EMULATED_VECTORS(uint, unsigned)
EMULATED_VECTORS(longlong, long long)
EMULATED_VECTORS(ulonglong, unsigned long long)
EMULATED_VECTORS(float, float)
EMULATED_VECTORS(double, double)

struct dim3 {
    unsigned x, y, z;
    dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};

// ---- threads: declared here, run by scheduler.cpp

namespace emulator {
struct Fiber;
struct Thread;
// A warp operation is computed for all its lanes at once: lanes[k] is null for lanes that take no part.
using Resolve = void (*)(Thread* const* lanes);
enum State { WAITS_TO_START, RUNS, AT_BARRIER, AT_WARP_OPERATION, DONE };

struct Thread {
    uint3 index;  // threadIdx
    int number;   // its place in the block; its warp is number / 32, its lane number % 32
    State state;
    Fiber* fiber;  // the stack it runs on
    int line;      // where it waits
    unsigned mask;
    Resolve resolve;
    alignas(16) unsigned char posted[128], result[128];  // operands and results of warp operations
};

extern Thread* current;
extern uint3 block_index;
extern dim3 block_size, grid_size;
extern unsigned char* dynamic_shared;

void fail(const char* format, ...);  // ends the launch; never returns to a kernel
void block_wait(int line);
int block_count(bool predicate, int line);
void warp_wait(unsigned mask, Resolve resolve, bool orders_memory, int line);
void resolve_sync(Thread* const* lanes);
void resolve_ballot(Thread* const* lanes);
void resolve_shuffle(Thread* const* lanes);
int launch(void (*kernel)(void*), void* context, dim3 grid, dim3 block, size_t dynamic_shared_bytes);

inline unsigned ballot(unsigned mask, bool predicate, int line) {
    current->posted[0] = predicate;
    warp_wait(mask, resolve_ballot, false, line);
    unsigned lanes;
    memcpy(&lanes, current->result, sizeof lanes);
    return lanes;
}

// The value of lane `source` of the segment of `width` lanes that this lane is in; its own if `source` is outside of it.
template <typename T> T shuffle(unsigned mask, T value, int source, int width, int line) {
    static_assert(std::is_arithmetic<T>::value || sizeof(T) == 2, "__shfl_*_sync takes numbers of 2 to 8 bytes");
    const int lane = current->number % 32, first = lane / width * width;
    if (source < first || source >= first + width) source = lane;
    memcpy(current->posted, &value, sizeof value);
    memcpy(current->posted + 16, &source, sizeof source);
    warp_wait(mask, resolve_shuffle, false, line);
    memcpy(&value, current->result, sizeof value);
    return value;
}
inline int lane() { return current->number % 32; }
}  // namespace emulator

#define threadIdx (emulator::current->index)
#define blockIdx (emulator::block_index)
#define blockDim (emulator::block_size)
#define gridDim (emulator::grid_size)
#define warpSize 32
#define __syncthreads() emulator::block_wait(__LINE__)
#define __syncthreads_count(p) emulator::block_count((p), __LINE__)
#define __syncthreads_or(p) (emulator::block_count((p), __LINE__) != 0)
#define __syncthreads_and(p) (emulator::block_count(!(p), __LINE__) == 0)
#define __syncwarp(...) emulated_syncwarp{__LINE__}(__VA_ARGS__)
#define __ballot_sync(mask, p) emulator::ballot((mask), (p), __LINE__)
#define __any_sync(mask, p) (emulator::ballot((mask), (p), __LINE__) != 0u)
#define __all_sync(mask, p) (emulator::ballot((mask), !(p), __LINE__) == 0u)
#define __shfl_sync(...) emulated_shfl(__LINE__, __VA_ARGS__)
#define __shfl_up_sync(...) emulated_shfl_up(__LINE__, __VA_ARGS__)
#define __shfl_down_sync(...) emulated_shfl_down(__LINE__, __VA_ARGS__)
#define __shfl_xor_sync(...) emulated_shfl_xor(__LINE__, __VA_ARGS__)

struct emulated_syncwarp {
    int line;
    void operator()(unsigned mask = 0xffffffffu) const {
        emulator::warp_wait(mask, emulator::resolve_sync, true, line);
    }
};
template <typename T> T emulated_shfl(int line, unsigned mask, T value, int source, int width = 32) {
    const int first = emulator::lane() / width * width;
    return emulator::shuffle(mask, value, first + (source & (width - 1)), width, line);
}
template <typename T> T emulated_shfl_up(int line, unsigned mask, T value, unsigned delta, int width = 32) {
    return emulator::shuffle(mask, value, emulator::lane() - int(delta), width, line);
}
template <typename T> T emulated_shfl_down(int line, unsigned mask, T value, unsigned delta, int width = 32) {
    return emulator::shuffle(mask, value, emulator::lane() + int(delta), width, line);
}
template <typename T> T emulated_shfl_xor(int line, unsigned mask, T value, int flip, int width = 32) {
    return emulator::shuffle(mask, value, emulator::lane() ^ flip, width, line);
}

// ---- memory: fences, atomics on integers (the builtins are what ThreadSanitizer understands), cached loads

inline void __threadfence() { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
inline void __threadfence_block() { __threadfence(); }
inline void __trap() { emulator::fail("__trap()"); }

// Replace *p by next(*p) atomically; returns the value before.
template <typename T, typename F> T emulated_atomic(T* p, F next) {
    static_assert(std::is_integral<T>::value, "no float atomics: their order, and so the sum, differs from run to run");
    T before = __atomic_load_n(p, __ATOMIC_ACQUIRE);
    while (!__atomic_compare_exchange_n(p, &before, next(before), false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
    }
    return before;
}
template <typename T> using emulated_same = typename std::common_type<T>::type;  // a parameter that deduces nothing
#define EMULATED_ATOMIC(name, after)                                    \
    template <typename T> inline T name(T* p, emulated_same<T> v) {     \
        return emulated_atomic(p, [=](T old) -> T { return (after); }); \
    }
EMULATED_ATOMIC(atomicAdd, old + v)
EMULATED_ATOMIC(atomicSub, old - v)
EMULATED_ATOMIC(atomicExch, v)
EMULATED_ATOMIC(atomicMax, old > v ? old : v)
EMULATED_ATOMIC(atomicMin, old < v ? old : v)
EMULATED_ATOMIC(atomicAnd, old & v)
EMULATED_ATOMIC(atomicOr, old | v)
EMULATED_ATOMIC(atomicXor, old ^ v)
EMULATED_ATOMIC(atomicInc, old >= v ? 0 : old + 1)
EMULATED_ATOMIC(atomicDec, old == 0 || old > v ? v : old - 1)
template <typename T> T atomicCAS(T* p, emulated_same<T> expected, emulated_same<T> value) {
    return emulated_atomic(p, [=](T old) -> T { return old == expected ? value : old; });
}

template <typename T> T __ldg(const T* p) { return *p; }
template <typename T> T __ldcs(const T* p) { return *p; }
template <typename T> T __ldcg(const T* p) { return *p; }
template <typename T> void __stcs(T* p, T v) { *p = v; }
template <typename T> void __stcg(T* p, T v) { *p = v; }

// ---- arithmetic

template <typename To, typename From> To emulated_bits(From from) {
    static_assert(sizeof(To) == sizeof(From), "a reinterpretation keeps the size");
    To to;
    memcpy(&to, &from, sizeof to);
    return to;
}
inline int __float_as_int(float x) { return emulated_bits<int>(x); }
inline unsigned __float_as_uint(float x) { return emulated_bits<unsigned>(x); }
inline float __int_as_float(int x) { return emulated_bits<float>(x); }
inline float __uint_as_float(unsigned x) { return emulated_bits<float>(x); }
inline long long __double_as_longlong(double x) { return emulated_bits<long long>(x); }
inline double __longlong_as_double(long long x) { return emulated_bits<double>(x); }
inline unsigned __umulhi(unsigned a, unsigned b) { return unsigned((uint64_t(a) * b) >> 32); }
inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
    return (unsigned long long)(((unsigned __int128)a * b) >> 64);
}
inline int __popc(unsigned x) { return __builtin_popcount(x); }
inline int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
inline int __clz(int x) { return x ? __builtin_clz(unsigned(x)) : 32; }
inline int __clzll(long long x) { return x ? __builtin_clzll((unsigned long long)(x)) : 64; }
inline int __ffs(int x) { return __builtin_ffs(x); }

template <typename A, typename B> typename std::common_type<A, B>::type min(A a, B b) { return b < a || a != a ? b : a; }
template <typename A, typename B> typename std::common_type<A, B>::type max(A a, B b) { return a < b || a != a ? b : a; }

// In exact arithmetic where the device is approximate: tests compare within the tolerance of the dtype.
inline float __expf(float x) { return expf(x); }
inline float __logf(float x) { return logf(x); }
inline float __log2f(float x) { return log2f(x); }
inline float __sinf(float x) { return sinf(x); }
inline float __cosf(float x) { return cosf(x); }
inline float __tanf(float x) { return tanf(x); }
inline float __powf(float x, float y) { return powf(x, y); }
inline float __fdividef(float x, float y) { return x / y; }
inline float __saturatef(float x) { return x > 0.f ? (x < 1.f ? x : 1.f) : 0.f; }

// Rounded as written, never contracted into a multiply-add: on the device with these names, here by -ffp-contract=off.
inline float __fadd_rn(float x, float y) { return x + y; }
inline float __fmul_rn(float x, float y) { return x * y; }
inline float __fmaf_rn(float x, float y, float z) { return fmaf(x, y, z); }
inline double __dadd_rn(double x, double y) { return x + y; }
inline double __dmul_rn(double x, double y) { return x * y; }

// Functions of CUDA's <math.h> that the host's has not.
inline float rsqrtf(float x) { return 1.f / sqrtf(x); }
inline float rsqrt(float x) { return 1.f / sqrtf(x); }
inline double rsqrt(double x) { return 1. / sqrt(x); }
inline double sinpi(double x) { return sin(M_PI * fmod(x, 2.)); }
inline float sinpi(float x) { return float(sinpi(double(x))); }
inline double cospi(double x) { return cos(M_PI * fmod(x, 2.)); }
inline float cospi(float x) { return float(cospi(double(x))); }
inline float sinpif(float x) { return sinpi(x); }
inline float cospif(float x) { return cospi(x); }

// The inverse of erf: a start that is right to some digits (S. Winitzki, 2008), then Halley's steps on erf, or on erfc
// near the ends, where 1 - |x| is exact and erf is flat.
inline double erfinv(double x) {
    if (!(fabs(x) < 1)) return fabs(x) == 1 ? copysign(INFINITY, x) : NAN;
    const double a = 0.147, b = log1p(-x * x), c = 2 / (M_PI * a) + b / 2;
    double y = copysign(sqrt(sqrt(c * c - b / a) - c), x);
    for (int k = 0; k < 4; ++k) {
        const double error = fabs(x) < 0.5 ? erf(y) - x : copysign(1 - fabs(x) - erfc(fabs(y)), x);
        const double step = error / (M_2_SQRTPI * exp(-y * y));
        y -= step / (1 + y * step);
    }
    return y;
}
inline float erfinv(float x) { return float(erfinv(double(x))); }
inline float erfinvf(float x) { return erfinv(x); }
inline double normcdf(double x) { return erfc(-x * M_SQRT1_2) / 2; }
inline float normcdf(float x) { return float(normcdf(double(x))); }
inline double normcdfinv(double x) { return M_SQRT2 * erfinv(2 * x - 1); }
inline float normcdfinv(float x) { return float(normcdfinv(double(x))); }

// ---- registration: EMULATED_KERNEL(symbol, name-expression) exports a launch function and the parameter types

#include "cuda_fp16.h"
#include "cuda_pipeline_primitives.h"

namespace emulator {
// One letter as in Python's struct module; 'B' for __nv_bfloat16; 'V' for what has no letter: structs and vectors.
template <typename T> constexpr char letter() {
    using U = typename std::remove_cv<T>::type;
    if (std::is_same<U, bool>::value) return '?';
    if (std::is_same<U, __half>::value) return 'e';
    if (std::is_same<U, __nv_bfloat16>::value) return 'E';
    if (std::is_same<U, float>::value) return 'f';
    if (std::is_same<U, double>::value) return 'd';
    if (!std::is_integral<U>::value) return 'V';
    const int width = sizeof(U) == 1 ? 0 : sizeof(U) == 2 ? 1 : sizeof(U) == 4 ? 2 : 3;
    return std::is_signed<U>::value ? "bhiq"[width] : "BHIQ"[width];
}

// What a kernel takes in one place; emulator.py reads it with struct.unpack("ccH").
struct Parameter {
    char pointer;  // '*', or ' ' for a value; 0 ends the list
    char letter;   // of the value, or of what the pointer points to
    unsigned short size;
};
template <typename A> constexpr Parameter parameter() {
    using T = typename std::remove_cv<A>::type;
    return {std::is_pointer<T>::value ? '*' : ' ', letter<typename std::remove_pointer<T>::type>(), sizeof(T)};
}

// A kernel and the arguments of one launch, copied as cuLaunchKernel copies them.
template <typename... A> struct Launch {
    void (*kernel)(A...);
    std::tuple<typename std::remove_cv<A>::type...> arguments;

    template <size_t... I>
    Launch(void (*kernel)(A...), void* const* sources, std::index_sequence<I...>) : kernel(kernel) {
        (void)std::initializer_list<int>{(memcpy(&std::get<I>(arguments), sources[I], sizeof(std::get<I>(arguments))), 0)...};
    }
    static void run(void* self) { std::apply(static_cast<Launch*>(self)->kernel, static_cast<Launch*>(self)->arguments); }
};
template <typename... A>
int start(void (*kernel)(A...), void* const* sources, dim3 grid, dim3 block, size_t shared) {
    Launch<A...> one(kernel, sources, std::index_sequence_for<A...>());
    return launch(&Launch<A...>::run, &one, grid, block, shared);
}
template <typename... A> const Parameter* parameters(void (*)(A...)) {
    static const Parameter list[] = {parameter<A>()..., {0, 0, 0}};
    return list;
}
}  // namespace emulator

#define EMULATED_EXPORT extern "C" __attribute__((visibility("default")))
#define EMULATED_KERNEL(symbol, ...)                                                                                \
    EMULATED_EXPORT int symbol(const unsigned* grid, const unsigned* block, size_t shared, void* const* arguments) { \
        return emulator::start(&__VA_ARGS__, arguments, dim3(grid[0], grid[1], grid[2]),                            \
                               dim3(block[0], block[1], block[2]), shared);                                         \
    }                                                                                                               \
    EMULATED_EXPORT const void* symbol##_parameters() { return emulator::parameters(&__VA_ARGS__); }
