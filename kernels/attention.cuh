// What the kernels of attention share: the sizes of the operands, and where a head's rows and scores are.
#include "common.cuh"

struct Sizes {
    i64 queries, keys, heads, key_heads, depth, width;
    i64 mask[4], bias[4];
    double scale;
    i64 causal;
};

template <typename A> __device__ A lowest();
template <> __device__ float lowest<float>() { return -0.7f * 3.402823466e38f; }
template <> __device__ double lowest<double>() { return -0.7 * 1.7976931348623157e308; }

// One (batch, head) of the operands: where its rows are, and which scores it has.
template <typename T> struct Head {
    using A = Acc<T>;
    const Sizes& z;
    const bool* mask;
    const A* bias;
    i64 batch, head, key_head;

    __device__ Head(const Sizes& z, const bool* mask, const A* bias, i64 batch, i64 head)
        : z(z), mask(mask ? mask + batch * z.mask[0] + head * z.mask[1] : nullptr),
          bias(bias ? bias + batch * z.bias[0] + head * z.bias[1] : nullptr), batch(batch), head(head),
          key_head(head / (z.heads / z.key_heads)) {}

    __device__ i64 query_row(i64 t) const { return (batch * z.queries + t) * z.heads + head; }
    __device__ i64 key_row(i64 j) const { return (batch * z.keys + j) * z.key_heads + key_head; }
    __device__ i64 stat(i64 t) const { return (batch * z.heads + head) * z.queries + t; }
    __device__ bool seen(i64 t, i64 j) const {
        return (!z.causal || j <= t) && (!mask || mask[t * z.mask[2] + j * z.mask[3]]);
    }
    // The key at which the queries before `last` may stop: later ones are hidden. Not with a mask: a query may see none at all.
    __device__ i64 end(i64 last) const {
        return z.causal && !mask && last < z.keys ? last : z.keys;
    }
    __device__ A score(A dot, i64 t, i64 j) const {
        return seen(t, j) ? dot * A(z.scale) + (bias ? bias[t * z.bias[2] + j * z.bias[3]] : A(0)) : lowest<A>();
    }
};
