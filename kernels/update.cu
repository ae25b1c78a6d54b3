// The steps of optimizers over many arrays at once: row k of a table names parameter w, its gradient g and its slots.
//
//   every rule         w -= w * decay * lr first; t counts steps from 1
//   Sgd                w -= lr g
//   Momentum           m = momentum m - lr g                        w += m
//   Nesterov           m = momentum m - lr g                        w += momentum m - lr g
//   Adam               m += (1-b1)(g - m), v += (1-b2)(g^2 - v)     w -= lr sqrt(1-b2^t)/(1-b1^t) m / (sqrt(v) + eps)
//   Amsgrad            as Adam, with h = max(h, v) for v            in the last line
//   Nadam              m, v as Adam                                 w -= lr (a m + b g) / (sqrt(v/(1-b2^t)) + eps)
//   Adamax             m as Adam, u = max(b2 u, |g|)                w -= lr m / ((1-b1^t) (u + eps))
//   Adagrad            s += g^2                                     w -= lr g / sqrt(s + eps)
//   Adadelta           s = rho s + (1-rho) g^2, r = rho r + (1-rho) d^2   w -= lr d,  d = g sqrt(r + eps) / sqrt(s + eps)
//   RmsProp            v = rho v + (1-rho) g^2, a = rho a + (1-rho) g     w -= d,  d = momentum m + lr g / sqrt(v - a^2 + eps)
//   Ftrl               see its operator below
//   Lion               m = b2 m + (1-b2) g                          w -= lr sign(b1 m + (1-b1) g), m before its update
//   ScheduleFree       see its operator below
//
//   T          float, double, __half, __nv_bfloat16; computed in Acc<T>, coefficients of a step in double
//   launch     grid = sum over rows of ceil(size / LENGTH), block = BLOCK: one block owns LENGTH elements of one row
//   bytes      (3 + 2 slots) * sizeof(T) per parameter: g is read, w and the slots are read and written
//
// instance update<Sgd, float>
// instance update<Momentum, double>
// instance update<Nesterov, float>
// instance update<Adam, float>
// instance update<Adam, double>
// instance update<Adam, __half>
// instance update<Adam, __nv_bfloat16>
// instance update<Amsgrad, float>
// instance update<Nadam, float>
// instance update<Adamax, float>
// instance update<Adagrad, float>
// instance update<Adadelta, float>
// instance update<RmsProp<false, false>, float>
// instance update<RmsProp<true, true>, float>
// instance update<Ftrl, float>
// instance update<Lion, float>
// instance update<ScheduleFree, float>
#include "common.cuh"

constexpr int ROWS = 64, COLUMNS = 5, CONSTANTS = 6, LENGTH = 4096;

// Passed by value: a kernel's arguments are copied at launch, so the table needs no memory of its own.
struct Table {
    unsigned long long arrays[ROWS][COLUMNS];  // addresses of w, g, slots
    long long sizes[ROWS];
    double decays[ROWS];
    double constants[CONSTANTS];
    int first[ROWS + 1];  // first[k] is the first block of row k
};

// What a step's coefficients are computed from. c: constants; product: of Nadam's u_1 ... u_t.
struct Step {
    const double* c;
    double lr, t, product;
};

// A rule says how many slots it has, computes its coefficients once per block (a), and changes one element.
struct Sgd {
    static constexpr int SLOTS = 0;
    static __device__ void prepare(const Step&, double*) {}
    template <typename A>
    static __device__ void apply(const A*, const A*, A lr, A g, A& w, A*) {
        w += -lr * g;
    }
};

struct Momentum {
    static constexpr int SLOTS = 1;
    static __device__ void prepare(const Step&, double*) {}
    template <typename A>
    static __device__ void apply(const A* c, const A*, A lr, A g, A& w, A* s) {
        s[0] = c[0] * s[0] - lr * g;
        w += s[0];
    }
};

struct Nesterov {
    static constexpr int SLOTS = 1;
    static __device__ void prepare(const Step&, double*) {}
    template <typename A>
    static __device__ void apply(const A* c, const A*, A lr, A g, A& w, A* s) {
        s[0] = c[0] * s[0] - lr * g;
        w += c[0] * s[0] - lr * g;
    }
};

// The moving averages of g and g^2. The constants 1 - beta stand in c[CONSTANTS], c[CONSTANTS + 1].
template <typename A>
__device__ void average(const A* c, A g, A* s) {
    s[0] += c[CONSTANTS] * (g - s[0]);
    s[1] += c[CONSTANTS + 1] * (g * g - s[1]);
}

struct Adam {
    static constexpr int SLOTS = 2;
    static __device__ void prepare(const Step& k, double* a) {
        a[0] = k.lr * sqrt(1 - pow(k.c[1], k.t)) / (1 - pow(k.c[0], k.t));
    }
    template <typename A>
    static __device__ void apply(const A* c, const A* a, A, A g, A& w, A* s) {
        average(c, g, s);
        w -= a[0] * s[0] / (sqrt(s[1]) + c[2]);
    }
};

struct Amsgrad {
    static constexpr int SLOTS = 3;
    static __device__ void prepare(const Step& k, double* a) { Adam::prepare(k, a); }
    template <typename A>
    static __device__ void apply(const A* c, const A* a, A, A g, A& w, A* s) {
        average(c, g, s);
        s[2] = s[2] >= s[1] || s[2] != s[2] ? s[2] : s[1];
        w -= a[0] * s[0] / (sqrt(s[2]) + c[2]);
    }
};

struct Nadam {
    static constexpr int SLOTS = 2;
    static __device__ void prepare(const Step& k, double* a) {
        const double u = k.c[0] * (1 - 0.5 * pow(0.96, k.t)), next = k.c[0] * (1 - 0.5 * pow(0.96, k.t + 1));
        a[0] = next / (1 - k.product * next);
        a[1] = (1 - u) / (1 - k.product);
        a[2] = 1 - pow(k.c[1], k.t);
    }
    template <typename A>
    static __device__ void apply(const A* c, const A* a, A lr, A g, A& w, A* s) {
        average(c, g, s);
        w -= lr * (a[0] * s[0] + a[1] * g) / (sqrt(s[1] / a[2]) + c[2]);
    }
};

struct Adamax {
    static constexpr int SLOTS = 2;
    static __device__ void prepare(const Step& k, double* a) { a[0] = 1 - pow(k.c[0], k.t); }
    template <typename A>
    static __device__ void apply(const A* c, const A* a, A lr, A g, A& w, A* s) {
        const A size = g < 0 ? -g : g;
        s[0] += c[CONSTANTS] * (g - s[0]);
        s[1] = c[1] * s[1];
        s[1] = s[1] >= size || s[1] != s[1] ? s[1] : size;
        w -= lr * s[0] / (a[0] * (s[1] + c[2]));
    }
};

struct Adagrad {
    static constexpr int SLOTS = 1;
    static __device__ void prepare(const Step&, double*) {}
    template <typename A>
    static __device__ void apply(const A* c, const A*, A lr, A g, A& w, A* s) {
        s[0] += g * g;
        w -= lr * g / sqrt(s[0] + c[0]);
    }
};

struct Adadelta {
    static constexpr int SLOTS = 2;
    static __device__ void prepare(const Step&, double*) {}
    template <typename A>
    static __device__ void apply(const A* c, const A*, A lr, A g, A& w, A* s) {
        s[0] = c[0] * s[0] + c[CONSTANTS] * (g * g);
        const A d = sqrt(s[1] + c[1]) * g / sqrt(s[0] + c[1]);
        s[1] = c[0] * s[1] + c[CONSTANTS] * (d * d);
        w -= lr * d;
    }
};

template <bool MOMENTUM, bool CENTERED>
struct RmsProp {
    static constexpr int SLOTS = 1 + MOMENTUM + CENTERED;
    static __device__ void prepare(const Step&, double*) {}
    template <typename A>
    static __device__ void apply(const A* c, const A*, A lr, A g, A& w, A* s) {
        s[0] = c[0] * s[0] + c[CONSTANTS] * (g * g);
        A variance = s[0];
        if (CENTERED) {
            A& a = s[SLOTS - 1];
            a = c[0] * a + c[CONSTANTS] * g;
            variance -= a * a;
        }
        A d = lr * g / sqrt(variance + c[2]);
        if (MOMENTUM) {
            A& m = s[SLOTS > 1 ? 1 : 0];
            d += c[1] * m;
            m = d;
        }
        w -= d;
    }
};

struct Ftrl {  // constants: power (negative), l1, l2, l2_shrinkage, beta; slots n, z
    static constexpr int SLOTS = 2;
    static __device__ void prepare(const Step&, double*) {}
    template <typename A>
    static __device__ void apply(const A* c, const A*, A lr, A g, A& w, A* s) {
        const A before = pow(s[0], -c[0]);
        s[0] += g * g;
        const A after = pow(s[0], -c[0]);
        s[1] += g + 2 * c[3] * w - (after - before) / lr * w;
        const A cut = s[1] < -c[1] ? -c[1] : s[1] > c[1] ? c[1] : s[1];
        w = (cut - s[1]) / (after / lr + 2 * (c[2] + c[4] / (2 * lr)));
    }
};

struct Lion {
    static constexpr int SLOTS = 1;
    static __device__ void prepare(const Step&, double*) {}
    template <typename A>
    static __device__ void apply(const A* c, const A*, A lr, A g, A& w, A* s) {
        const A d = c[0] * s[0] + c[CONSTANTS] * g;
        w -= d > 0 ? lr : d < 0 ? -lr : lr * d;  // lr * d is zero, or NaN
        s[0] = c[1] * s[0] + c[CONSTANTS + 1] * g;
    }
};

struct ScheduleFree {  // constants: beta_1, beta_2, epsilon, warm-up; slots z, v; x is the average of z
    static constexpr int SLOTS = 2;
    static __device__ void prepare(const Step& k, double* a) {
        a[0] = k.c[3] > 0 && k.t < k.c[3] ? k.lr * (k.t / k.c[3]) : k.lr;
        a[1] = 1 - pow(k.c[1], k.t);
        a[2] = 1 / k.t;
    }
    template <typename A>
    static __device__ void apply(const A* c, const A* a, A, A g, A& w, A* s) {
        s[1] += c[CONSTANTS + 1] * (g * g - s[1]);
        const A x = (w - c[CONSTANTS] * s[0]) / c[0];
        s[0] -= a[0] * g / (sqrt(s[1] / a[1]) + c[2]);
        w = c[CONSTANTS] * s[0] + c[0] * ((1 - a[2]) * x + a[2] * s[0]);
    }
};

template <typename Rule, typename T>
__global__ void __launch_bounds__(BLOCK) update(const Table table, const float* __restrict__ lr,
                                                const long long* __restrict__ iterations,
                                                const float* __restrict__ product) {
    using A = Acc<T>;
    __shared__ double coefficients[3];
    if (threadIdx.x == 0) {
        const Step step = {table.constants, double(*lr), double(*iterations) + 1, double(*product)};
        Rule::prepare(step, coefficients);
    }
    __syncthreads();
    A a[3], c[CONSTANTS + 2], s[Rule::SLOTS + 1];
    for (int k = 0; k < 3; ++k) a[k] = A(coefficients[k]);
    for (int k = 0; k < CONSTANTS; ++k) c[k] = A(table.constants[k]);
    for (int k = 0; k < 2; ++k) c[CONSTANTS + k] = A(1 - table.constants[k]);

    int row = 0;
    while (int(blockIdx.x) >= table.first[row + 1]) ++row;
    T* const w = reinterpret_cast<T*>(table.arrays[row][0]);
    const T* const g = reinterpret_cast<const T*>(table.arrays[row][1]);
    T* slots[Rule::SLOTS + 1];
    for (int k = 0; k < Rule::SLOTS; ++k) slots[k] = reinterpret_cast<T*>(table.arrays[row][2 + k]);

    const A rate = A(*lr), decay = A(table.decays[row]) * rate;
    const long long start = (long long)(int(blockIdx.x) - table.first[row]) * LENGTH;
    const long long stop = start + LENGTH < table.sizes[row] ? start + LENGTH : table.sizes[row];
    for (long long i = start + threadIdx.x; i < stop; i += BLOCK) {
        A x = A(w[i]);
        x -= x * decay;
        for (int k = 0; k < Rule::SLOTS; ++k) s[k] = A(slots[k][i]);
        Rule::apply(c, a, rate, A(g[i]), x, s);
        w[i] = T(x);
        for (int k = 0; k < Rule::SLOTS; ++k) slots[k][i] = T(s[k]);
    }
}
