// The functors of ops/math.py, unary.py, trigonometry.py, no_nan.py, compare.py, cast.py, erf.py and gamma.py.
//
//   x, y, t    the arguments: float or double (half types in float); integers for arithmetic, comparisons and bits
//   NaN        maximum, minimum and clip hand it on; comparisons with it do not hold
//   ...Grad    the derivative of the function of that name times dy, from its value y (of softplus: from its argument)
//   kernels, launch, bytes: in elementwise.cuh
//
// instance unary_forward<Negative, float, float>
// instance unary_forward<Abs, float, float>
// instance unary_forward<Sign, float, float>
// instance unary_forward<Square, float, float>
// instance unary_forward<Reciprocal, float, float>
// instance unary_forward<Sqrt, float, float>
// instance unary_forward<Rsqrt, float, float>
// instance unary_forward<Exp, float, float>
// instance unary_forward<Exp, double, double>
// instance unary_forward<Exp, __half, __half>
// instance unary_forward<Exp, __nv_bfloat16, __nv_bfloat16>
// instance unary_forward<Expm1, float, float>
// instance unary_forward<Log, float, float>
// instance unary_forward<Log1p, float, float>
// instance unary_forward<Sin, float, float>
// instance unary_forward<Cos, float, float>
// instance unary_forward<Tan, float, float>
// instance unary_forward<Asin, float, float>
// instance unary_forward<Acos, float, float>
// instance unary_forward<Atan, float, float>
// instance unary_forward<Sinh, float, float>
// instance unary_forward<Cosh, float, float>
// instance unary_forward<Tanh, float, float>
// instance unary_forward<Asinh, float, float>
// instance unary_forward<Acosh, float, float>
// instance unary_forward<Atanh, float, float>
// instance unary_forward<Sigmoid, float, float>
// instance unary_forward<Softplus, float, float>
// instance unary_forward<Floor, float, float>
// instance unary_forward<Ceil, float, float>
// instance unary_forward<Rint, float, float>
// instance unary_forward<Erf, float, float>
// instance unary_forward<Erfc, float, float>
// instance unary_forward<Lgamma, float, float>
// instance unary_forward<Digamma, float, float>
// instance unary_forward<IsNan, bool, float>
// instance unary_forward<IsInf, bool, float>
// instance unary_forward<IsFinite, bool, float>
// instance unary_forward<LogicalNot, bool, bool>
// instance unary_forward<BitwiseInvert, int, int>
// instance unary_forward<Negative, int, int>
// instance unary_forward<Copy, __half, float>
// instance unary_forward<Copy, float, __half>
// instance unary_forward<Copy, __nv_bfloat16, float>
// instance unary_forward<Copy, float, __nv_bfloat16>
// instance unary_forward<Copy, double, float>
// instance unary_forward<Copy, float, double>
// instance unary_forward<Copy, float, int>
// instance unary_forward<Copy, int, float>
// instance unary_forward<Copy, float, bool>
// instance unary_forward<Copy, bool, float>
// instance unary_forward<Copy, float, long long>
// instance unary_forward<Copy, float, unsigned char>
// instance binary_forward<Add, double, double, double>
// instance binary_forward<Add, __half, __half, __half>
// instance binary_forward<Add, __nv_bfloat16, __nv_bfloat16, __nv_bfloat16>
// instance binary_forward<Subtract, float, float, float>
// instance binary_forward<Multiply, float, float, float>
// instance binary_forward<Divide, float, float, float>
// instance binary_forward<Floordiv, float, float, float>
// instance binary_forward<Floormod, float, float, float>
// instance binary_forward<Truncatediv, float, float, float>
// instance binary_forward<Truncatemod, float, float, float>
// instance binary_forward<DivideNoNan, float, float, float>
// instance binary_forward<MultiplyNoNan, float, float, float>
// instance binary_forward<Pow, float, float, float>
// instance binary_forward<SquaredDifference, float, float, float>
// instance binary_forward<Maximum, float, float, float>
// instance binary_forward<Minimum, float, float, float>
// instance binary_forward<Xlogy, float, float, float>
// instance binary_forward<Xlog1py, float, float, float>
// instance binary_forward<Xdivy, float, float, float>
// instance binary_forward<Atan2, float, float, float>
// instance binary_forward<ReciprocalGrad, float, float, float>
// instance binary_forward<SqrtGrad, float, float, float>
// instance binary_forward<RsqrtGrad, float, float, float>
// instance binary_forward<TanhGrad, float, float, float>
// instance binary_forward<SigmoidGrad, float, float, float>
// instance binary_forward<SoftplusGrad, float, float, float>
// instance binary_forward<Equal, bool, float, float>
// instance binary_forward<NotEqual, bool, float, float>
// instance binary_forward<Less, bool, float, float>
// instance binary_forward<Less, bool, double, double>
// instance binary_forward<Less, bool, __half, __half>
// instance binary_forward<Less, bool, __nv_bfloat16, __nv_bfloat16>
// instance binary_forward<Less, bool, int, int>
// instance binary_forward<LessEqual, bool, float, float>
// instance binary_forward<Greater, bool, float, float>
// instance binary_forward<GreaterEqual, bool, float, float>
// instance binary_forward<LogicalAnd, bool, bool, bool>
// instance binary_forward<LogicalOr, bool, bool, bool>
// instance binary_forward<LogicalXor, bool, bool, bool>
// instance binary_forward<Add, int, int, int>
// instance binary_forward<Subtract, int, int, int>
// instance binary_forward<Multiply, int, int, int>
// instance binary_forward<Maximum, int, int, int>
// instance binary_forward<Minimum, int, int, int>
// instance binary_forward<BitwiseAnd, int, int, int>
// instance binary_forward<BitwiseOr, int, int, int>
// instance binary_forward<BitwiseXor, int, int, int>
// instance binary_forward<LeftShift, int, int, int>
// instance binary_forward<RightShift, int, int, int>
// instance binary_forward<Masked, float, float, bool>
// instance binary_forward<Unmasked, float, float, bool>
// instance ternary_forward<Clip, float, float, float, float>
// instance ternary_forward<Clip, double, double, double, double>
// instance ternary_forward<Clip, __half, __half, __half, __half>
// instance ternary_forward<Clip, __nv_bfloat16, __nv_bfloat16, __nv_bfloat16, __nv_bfloat16>
// instance ternary_forward<Select, double, bool, double, double>
// instance ternary_forward<Select, __half, bool, __half, __half>
// instance ternary_forward<Select, __nv_bfloat16, bool, __nv_bfloat16, __nv_bfloat16>
// instance binary_strided<Multiply, float, float, float, int>
// instance binary_strided<Subtract, float, float, float, int>
// instance binary_strided<Divide, float, float, float, int>
// instance binary_strided<Pow, float, float, float, int>
// instance binary_strided<Masked, float, float, bool, int>
// instance binary_strided<Less, bool, float, float, int>
// instance binary_strided<Add, float, float, float, long long>
// instance ternary_strided<Clip, float, float, float, float, int>
#include "elementwise.cuh"

#define UNARY(Name, value) \
    struct Name { template <typename T> __device__ T operator()(T x) const { return value; } }
#define BINARY(Name, value) \
    struct Name { template <typename T> __device__ T operator()(T x, T y) const { return value; } }
#define GRADIENT(Name, value) \
    struct Name { template <typename T> __device__ T operator()(T y, T dy) const { return value; } }
#define PREDICATE(Name, value) \
    struct Name { template <typename T> __device__ bool operator()(T x) const { return value; } }
#define RELATION(Name, value) \
    struct Name { template <typename T> __device__ bool operator()(T x, T y) const { return value; } }

// ---- arithmetic

BINARY(Subtract, x - y);
BINARY(Multiply, x * y);
BINARY(Divide, x / y);
BINARY(Maximum, x > y || x != x ? x : y);
BINARY(Minimum, x < y || x != x ? x : y);
BINARY(SquaredDifference, (x - y) * (x - y));
BINARY(Pow, pow(x, y));
BINARY(Atan2, atan2(x, y));
BINARY(Floordiv, floor(x / y));
BINARY(Truncatediv, trunc(x / y));
BINARY(Truncatemod, fmod(x, y));
struct Floormod {
    template <typename T> __device__ T operator()(T x, T y) const {
        const T r = fmod(x, y);
        return r != 0 && (r < 0) != (y < 0) ? r + y : r;
    }
};
struct Clip {
    template <typename T> __device__ T operator()(T t, T low, T high) const {
        return Maximum()(Minimum()(t, high), low);
    }
};

UNARY(Negative, -x);
UNARY(Abs, x > 0 ? x : T(0) - x);
UNARY(Sign, x > 0 ? T(1) : x < 0 ? T(-1) : x);
UNARY(Square, x * x);
UNARY(Reciprocal, 1 / x);
UNARY(Sqrt, sqrt(x));
UNARY(Rsqrt, 1 / sqrt(x));
UNARY(Floor, floor(x));
UNARY(Ceil, ceil(x));
UNARY(Rint, rint(x));
GRADIENT(ReciprocalGrad, -dy * (y * y));
GRADIENT(SqrtGrad, dy * T(0.5) / y);
GRADIENT(RsqrtGrad, dy * T(-0.5) * (y * (y * y)));

// ---- a zero wins over NaN

BINARY(DivideNoNan, y == 0 ? T(0) : x / y);
BINARY(MultiplyNoNan, y == 0 ? T(0) : x * y);
BINARY(Xlogy, x == 0 ? T(0) : x * log(y));
BINARY(Xlog1py, x == 0 ? T(0) : x * log1p(y));
BINARY(Xdivy, x == 0 ? T(0) : x / y);

// ---- functions

UNARY(Exp, exp(x));
UNARY(Expm1, expm1(x));
UNARY(Log, log(x));
UNARY(Log1p, log1p(x));
UNARY(Sin, sin(x));
UNARY(Cos, cos(x));
UNARY(Tan, tan(x));
UNARY(Asin, asin(x));
UNARY(Acos, acos(x));
UNARY(Atan, atan(x));
UNARY(Sinh, sinh(x));
UNARY(Cosh, cosh(x));
UNARY(Tanh, tanh(x));
UNARY(Asinh, asinh(x));
UNARY(Acosh, acosh(x));
UNARY(Atanh, atanh(x));
UNARY(Sigmoid, 1 / (1 + exp(-x)));
UNARY(Softplus, (x > 0 ? x : T(0)) + log1p(exp(x > 0 ? -x : x)));
UNARY(Erf, erf(x));
UNARY(Erfc, erfc(x));
UNARY(Lgamma, lgamma(x));
GRADIENT(TanhGrad, dy * (1 - y * y));
GRADIENT(SigmoidGrad, dy * y * (1 - y));
GRADIENT(SoftplusGrad, dy * Sigmoid()(y));

// In double: the recurrence up to 10, the asymptotic series from there on, the reflection for x <= 0.
struct Digamma {
    template <typename T> __device__ T operator()(T argument) const {
        const double pi = 3.14159265358979323846, x = argument;
        double mirrored = 0, z = x;
        if (x <= 0) {
            const double fraction = x - floor(x);
            if (fraction == 0) return T(NAN);
            mirrored = pi / tan(pi * fraction);
            z = 1 - x;
        }
        double before = 0;
        for (; z < 10; z += 1) before += 1 / z;
        const double w = 1 / (z * z);
        const double tail = 1. / 252 - w * (1. / 240 - w * (1. / 132 - w * (691. / 32760 - w / 12)));
        const double series = w * (1. / 12 - w * (1. / 120 - w * tail));
        return T(log(z) - 0.5 / z - series - before - mirrored);
    }
};

// ---- truth

RELATION(Equal, x == y);
RELATION(NotEqual, x != y);
RELATION(Less, x < y);
RELATION(LessEqual, x <= y);
RELATION(Greater, x > y);
RELATION(GreaterEqual, x >= y);
RELATION(LogicalAnd, x && y);
RELATION(LogicalOr, x || y);
RELATION(LogicalXor, x != y);
PREDICATE(LogicalNot, !x);
PREDICATE(IsNan, x != x);
PREDICATE(IsInf, x == T(INFINITY) || x == T(-INFINITY));
PREDICATE(IsFinite, x - x == 0);

// dy where the mask holds and 0 elsewhere, and the other way round: what choices do to gradients.
struct Masked {
    template <typename T> __device__ T operator()(T dy, bool mask) const { return mask ? dy : T(0); }
};
struct Unmasked {
    template <typename T> __device__ T operator()(T dy, bool mask) const { return mask ? T(0) : dy; }
};

// ---- bits; shift counts are limited to the width of the type

BINARY(BitwiseAnd, x & y);
BINARY(BitwiseOr, x | y);
BINARY(BitwiseXor, x ^ y);
UNARY(BitwiseInvert, ~x);
template <typename T> __device__ int shift_count(T y) {
    const int last = 8 * sizeof(T) - 1;
    return y < T(0) ? 0 : y > T(last) ? last : int(y);
}
struct LeftShift {
    template <typename T> __device__ T operator()(T x, T y) const {
        return T(static_cast<unsigned long long>(x) << shift_count(y));
    }
};
BINARY(RightShift, x >> shift_count(y));
