// The functors of ops/activation.py.
//
//   x, y       the argument of a function, and its value; both float or double (half types in float), Relu also of integers
//   ...Grad    the derivative of the function of that name times dy, from its value y or, where that does not do, from x
//   Biased<F>  F of x + bias
//   NaN        every function hands it on
//   kernels, launch, bytes: in elementwise.cuh
//
// instance unary_forward<Relu, float, float>
// instance unary_forward<Relu6, float, float>
// instance unary_forward<Elu, float, float>
// instance unary_forward<Selu, float, float>
// instance unary_forward<Softsign, float, float>
// instance unary_forward<SigmoidWeighted, float, float>
// instance unary_forward<NormalWeighted, float, float>
// instance unary_forward<NormalWeightedTanh, float, float>
// instance unary_forward<Relu, double, double>
// instance unary_forward<Relu, __half, __half>
// instance unary_forward<Relu, __nv_bfloat16, __nv_bfloat16>
// instance unary_forward<Relu, int, int>
// instance unary_forward<NormalWeighted, double, double>
// instance unary_forward<NormalWeighted, __half, __half>
// instance unary_forward<NormalWeighted, __nv_bfloat16, __nv_bfloat16>
// instance binary_forward<ReluGrad, float, float, float>
// instance binary_forward<Relu6Grad, float, float, float>
// instance binary_forward<EluGrad, float, float, float>
// instance binary_forward<SeluGrad, float, float, float>
// instance binary_forward<SoftsignGrad, float, float, float>
// instance binary_forward<SigmoidWeightedGrad, float, float, float>
// instance binary_forward<NormalWeightedGrad, float, float, float>
// instance binary_forward<NormalWeightedTanhGrad, float, float, float>
// instance binary_forward<ReluGrad, double, double, double>
// instance binary_forward<ReluGrad, __half, __half, __half>
// instance binary_forward<ReluGrad, __nv_bfloat16, __nv_bfloat16, __nv_bfloat16>
// instance binary_forward<Leaky, float, float, float>
// instance ternary_forward<LeakyGrad, float, float, float, float>
// instance binary_strided<Biased<Relu>, float, float, float, int>
// instance binary_strided<Biased<Relu6>, float, float, float, int>
// instance binary_strided<Biased<Elu>, float, float, float, int>
// instance binary_strided<Biased<Selu>, float, float, float, int>
// instance binary_strided<Biased<Sigmoid>, float, float, float, int>
// instance binary_strided<Biased<Tanh>, float, float, float, int>
// instance binary_strided<Biased<Relu>, __half, __half, __half, int>
#include "elementwise.cuh"

#define FUNCTION(Name, value) \
    struct Name { template <typename T> __device__ T operator()(T x) const { return value; } }
#define GRADIENT_BY_VALUE(Name, value) \
    struct Name { template <typename T> __device__ T operator()(T y, T dy) const { return value; } }
#define GRADIENT(Name, value) \
    struct Name { template <typename T> __device__ T operator()(T x, T dy) const { return value; } }

// ---- piecewise linear

FUNCTION(Relu, x > 0 || x != x ? x : T(0));
FUNCTION(Relu6, x > 6 ? T(6) : Relu()(x));
GRADIENT_BY_VALUE(ReluGrad, y > 0 ? dy : T(0));
GRADIENT_BY_VALUE(Relu6Grad, y > 0 && y < 6 ? dy : T(0));
struct Leaky {
    template <typename T> __device__ T operator()(T x, T alpha) const { return x > 0 ? x : alpha * x; }
};
struct LeakyGrad {
    template <typename T> __device__ T operator()(T x, T dy, T alpha) const { return x > 0 ? dy : alpha * dy; }
};

// ---- exponential

constexpr double SELU_SCALE = 1.0507009873554805, SELU_SCALE_ALPHA = 1.7580993408473766;

FUNCTION(Elu, x > 0 ? x : expm1(x));
FUNCTION(Selu, x > 0 ? T(SELU_SCALE) * x : T(SELU_SCALE_ALPHA) * expm1(x));
GRADIENT_BY_VALUE(EluGrad, y < 0 ? dy * (y + 1) : dy);
GRADIENT_BY_VALUE(SeluGrad, dy * (y < 0 ? y + T(SELU_SCALE_ALPHA) : T(SELU_SCALE)));

// ---- smooth

FUNCTION(Sigmoid, 1 / (1 + exp(-x)));
FUNCTION(Tanh, tanh(x));
FUNCTION(Softsign, x / (1 + fabs(x)));
GRADIENT(SoftsignGrad, dy / ((1 + fabs(x)) * (1 + fabs(x))));
FUNCTION(SigmoidWeighted, x * Sigmoid()(x));
struct SigmoidWeightedGrad {
    template <typename T> __device__ T operator()(T x, T dy) const {
        const T s = Sigmoid()(x);
        return dy * s * (1 + x * (1 - s));
    }
};

// x times the normal distribution's share below x, and that share by its approximation with tanh.
constexpr double ROOT_HALF = 0.7071067811865476, BELL = 0.3989422804014327;
constexpr double TANH_SCALE = 0.7978845608028654, TANH_CUBIC = 0.044715;

FUNCTION(Normal, T(0.5) * (1 + erf(T(ROOT_HALF) * x)));
FUNCTION(NormalTanh, tanh(T(TANH_SCALE) * x * (1 + T(TANH_CUBIC) * x * x)));
FUNCTION(NormalWeighted, x * Normal()(x));
FUNCTION(NormalWeightedTanh, T(0.5) * x * (1 + NormalTanh()(x)));
GRADIENT(NormalWeightedGrad, dy * (Normal()(x) + T(BELL) * x * exp(T(-0.5) * x * x)));
struct NormalWeightedTanhGrad {
    template <typename T> __device__ T operator()(T x, T dy) const {
        const T t = NormalTanh()(x), slope = T(TANH_SCALE) * (1 + 3 * T(TANH_CUBIC) * x * x);
        return dy * (T(0.5) * (1 + t) + T(0.5) * x * (1 - t * t) * slope);
    }
};

// ---- with a bias

template <typename F> struct Biased {
    template <typename T> __device__ T operator()(T x, T bias) const { return F()(x + bias); }
};
