// What the kernels that gputape/fusion.py writes stand on: chains of functors, an element through all of them at once.
//
//   Row<T, I>      an operand that repeats: element i of the result meets element i % size, computed in I
//   settled(x)     x as it is stored: arithmetic before it is not contracted with arithmetic after it, so that a chain gives
//                  the bits of its functors one by one
#include "elementwise.cuh"

template <typename T, typename I> struct Row {
    const T* at;
    I size;
    __device__ Acc<T> operator[](i64 i) const { return Acc<T>(at[I(i) % size]); }
};

template <typename T> __device__ __forceinline__ T settled(T x) { return x; }
#ifndef GT_EMULATED  // no instruction, but one that the compiler cannot look through
__device__ __forceinline__ float settled(float x) {
    asm volatile("" : "+f"(x));
    return x;
}
__device__ __forceinline__ double settled(double x) {
    asm volatile("" : "+d"(x));
    return x;
}
#endif
