// The kernels under all elementwise ops: a functor F applied to every element.
//
//   unary_forward     y[i] = F(a[i])
//   binary_forward    y[i] = F(a[i], b[i])
//   ternary_forward   y[i] = F(a[i], b[i], c[i])
//   binary_strided, ternary_strided   the same over up to 6 axes, along each of which an operand may stand still
//
//   F          a struct with one template <typename T> operator(): its arguments come as Acc<T>, so half types in float
//   R; A, B, C the element types of the result and of the operands, any that C_NAMES in gputape/sources.py lists
//   operands   arrays as long as y; one element for all of y (its bit in `single` is set); numbers (null pointers)
//   launch     any grid, block = BLOCK; 16 bytes of the widest type at once where all is aligned, the tail singly
//   bytes      n * (sizeof(R) + the size of each operand that is no single element)
//   I          int, or long long where an index can pass 2^31
//
// A file of functors includes this one; gputape/ops/functor.py launches.
//
// instance unary_forward<Copy, float, float>  regs<=40 spill=0
// instance binary_forward<Add, float, float, float>  regs<=48 spill=0
// instance ternary_forward<Select, float, bool, float, float>  regs<=64 spill=0
// instance binary_strided<Add, float, float, float, int>  regs<=48 spill=0
// instance ternary_strided<Select, float, bool, float, float, int>  regs<=64 spill=0
#include "common.cuh"

// The smallest functor of each kind; Copy changes the type if R is not A.
struct Copy {
    template <typename T> __device__ T operator()(T x) const { return x; }
};
struct Add {
    template <typename T> __device__ T operator()(T x, T y) const { return x + y; }
};
struct Select {
    template <typename T> __device__ T operator()(bool condition, T x, T y) const { return condition ? x : y; }
};

// A result as it is stored: half types are made from float, and bool asks whether it is zero.
template <typename R> struct Stored {
    template <typename V> static __device__ R from(V v) { return R(v); }
};
template <> struct Stored<bool> {
    template <typename V> static __device__ bool from(V v) { return v != V(0); }
};
template <> struct Stored<__half> {
    template <typename V> static __device__ __half from(V v) { return __half(float(v)); }
};
template <> struct Stored<__nv_bfloat16> {
    template <typename V> static __device__ __nv_bfloat16 from(V v) { return __nv_bfloat16(float(v)); }
};

// An operand of the flat kernels: elements, or one value for all.
template <typename T> struct Operand {
    const T* at;  // null if there is one value
    Acc<T> value;

    __device__ Operand(const T* x, bool single, Acc<T> number)
        : at(single ? nullptr : x), value(x && single ? Acc<T>(*x) : number) {}
    __device__ bool vectors() const { return !at || aligned(at); }
    __device__ Acc<T> operator[](i64 i) const { return at ? Acc<T>(at[i]) : value; }

    template <int N> struct Values {
        Acc<T> v[N];
        __device__ Acc<T> operator[](int k) const { return v[k]; }
    };
    template <int N> __device__ Values<N> values(i64 i) const {
        Values<N> made;
        if (at) {
            const Vec<T, N> x = load<N>(at + i);
#pragma unroll
            for (int k = 0; k < N; ++k) made.v[k] = Acc<T>(x[k]);
        } else {
#pragma unroll
            for (int k = 0; k < N; ++k) made.v[k] = value;
        }
        return made;
    }
};

__device__ constexpr int widest(int a, int b, int c = 1, int d = 1) {
    return a >= b && a >= c && a >= d ? a : b >= c && b >= d ? b : c >= d ? c : d;
}

template <typename F, typename R, typename A>
__global__ void __launch_bounds__(BLOCK) unary_forward(const A* __restrict__ a, R* __restrict__ y, i64 n) {
    constexpr int N = 16 / widest(sizeof(R), sizeof(A));
    const i64 vectors = aligned(a) && aligned(y) ? n / N : 0;
#pragma unroll 1
    for (i64 i = global_id(); i < vectors; i += global_count()) {
        const Vec<A, N> x = load<N>(a + i * N);
        Vec<R, N> made;
#pragma unroll
        for (int k = 0; k < N; ++k) made[k] = Stored<R>::from(F()(Acc<A>(x[k])));
        store(y + i * N, made);
    }
#pragma unroll 1
    for (i64 i = vectors * N + global_id(); i < n; i += global_count()) y[i] = Stored<R>::from(F()(Acc<A>(a[i])));
}

template <typename F, typename R, typename A, typename B>
__global__ void __launch_bounds__(BLOCK) binary_forward(const A* a, const B* b, Acc<A> number_a, Acc<B> number_b, R* y,
                                                        i64 n, int single) {
    constexpr int N = 16 / widest(sizeof(R), sizeof(A), sizeof(B));
    const Operand<A> p(a, single & 1, number_a);
    const Operand<B> q(b, single & 2, number_b);
    const i64 vectors = p.vectors() && q.vectors() && aligned(y) ? n / N : 0;
#pragma unroll 1
    for (i64 i = global_id(); i < vectors; i += global_count()) {
        const auto u = p.template values<N>(i * N);
        const auto v = q.template values<N>(i * N);
        Vec<R, N> made;
#pragma unroll
        for (int k = 0; k < N; ++k) made[k] = Stored<R>::from(F()(u[k], v[k]));
        store(y + i * N, made);
    }
#pragma unroll 1
    for (i64 i = vectors * N + global_id(); i < n; i += global_count()) y[i] = Stored<R>::from(F()(p[i], q[i]));
}

template <typename F, typename R, typename A, typename B, typename C>
__global__ void __launch_bounds__(BLOCK) ternary_forward(const A* a, const B* b, const C* c, Acc<A> number_a,
                                                         Acc<B> number_b, Acc<C> number_c, R* y, i64 n, int single) {
    constexpr int N = 16 / widest(sizeof(R), sizeof(A), sizeof(B), sizeof(C));
    const Operand<A> p(a, single & 1, number_a);
    const Operand<B> q(b, single & 2, number_b);
    const Operand<C> r(c, single & 4, number_c);
    const i64 vectors = p.vectors() && q.vectors() && r.vectors() && aligned(y) ? n / N : 0;
#pragma unroll 1
    for (i64 i = global_id(); i < vectors; i += global_count()) {
        const auto u = p.template values<N>(i * N);
        const auto v = q.template values<N>(i * N);
        const auto w = r.template values<N>(i * N);
        Vec<R, N> made;
#pragma unroll
        for (int k = 0; k < N; ++k) made[k] = Stored<R>::from(F()(u[k], v[k], w[k]));
        store(y + i * N, made);
    }
#pragma unroll 1
    for (i64 i = vectors * N + global_id(); i < n; i += global_count()) y[i] = Stored<R>::from(F()(p[i], q[i], r[i]));
}

// The axes of a result, the last one first, and how far each operand moves along them (0: it is broadcast).
struct Axes {
    i64 size[6], step[3][6];
    int count;
};

// Where element i of the result finds its operands.
template <typename I> struct Place {
    I of[3] = {0, 0, 0};
    __device__ Place(const Axes& axes, I i) {
        for (int k = 0; k < axes.count; ++k) {
            const I size = I(axes.size[k]), at = i % size;
            i /= size;
#pragma unroll
            for (int operand = 0; operand < 3; ++operand) of[operand] += at * I(axes.step[operand][k]);
        }
    }
};

template <typename F, typename R, typename A, typename B, typename I>
__global__ void __launch_bounds__(BLOCK) binary_strided(const A* a, const B* b, R* y, i64 n, Axes axes) {
#pragma unroll 1
    for (i64 i = global_id(); i < n; i += global_count()) {
        const Place<I> at(axes, I(i));
        y[i] = Stored<R>::from(F()(Acc<A>(a[at.of[0]]), Acc<B>(b[at.of[1]])));
    }
}

template <typename F, typename R, typename A, typename B, typename C, typename I>
__global__ void __launch_bounds__(BLOCK) ternary_strided(const A* a, const B* b, const C* c, Acc<A> number_a,
                                                         Acc<B> number_b, Acc<C> number_c, R* y, i64 n, Axes axes) {
#pragma unroll 1
    for (i64 i = global_id(); i < n; i += global_count()) {
        const Place<I> at(axes, I(i));
        y[i] = Stored<R>::from(F()(a ? Acc<A>(a[at.of[0]]) : number_a, b ? Acc<B>(b[at.of[1]]) : number_b,
                                   c ? Acc<C>(c[at.of[2]]) : number_c));
    }
}
