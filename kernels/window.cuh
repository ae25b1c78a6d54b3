// Windows over the one to three spatial axes of a channels-last array (image, in[0], in[1], in[2], channel).
//
//   Window           the sizes, as gputape/ops/window.py fills them; missing axes come first and have size 1
//   in_bounds        whether a position is inside an array
//   split            an index taken apart into image and position
//   over_window      all elements that a window sees: use(where in the input, tap)
//   over_windows_of  all windows that see an element: use(where in the output, tap)
//
// A tap is a place in the window; tap (k0, k1, k2) sees the input at out * stride + k * dilation - before. Both loops go
// through the taps in ascending order. Pixels are numbered, and counted, in 32 bits: the ops leave larger arrays to CuPy.
#include "common.cuh"

struct Window {
    int images, in[3], out[3], size[3], stride[3], dilation[3], before[3];
};

struct Pixel {
    int image, at[3];
};

__device__ __forceinline__ bool in_bounds(const int (&size)[3], int a, int b, int c) {
    return unsigned(a) < unsigned(size[0]) && unsigned(b) < unsigned(size[1]) && unsigned(c) < unsigned(size[2]);
}

__device__ __forceinline__ int pixel_index(const int (&size)[3], int image, int a, int b, int c) {
    return ((image * size[0] + a) * size[1] + b) * size[2] + c;
}

__device__ __forceinline__ Pixel split(const int (&size)[3], unsigned i) {
    Pixel p;
#pragma unroll
    for (int k = 2; k >= 0; --k) {
        p.at[k] = int(i % unsigned(size[k]));
        i /= unsigned(size[k]);
    }
    p.image = int(i);
    return p;
}

template <typename F> __device__ __forceinline__ void over_window(const Window& w, const Pixel& p, F use) {
    int first[3], tap = 0;
#pragma unroll
    for (int k = 0; k < 3; ++k) first[k] = p.at[k] * w.stride[k] - w.before[k];
#pragma unroll 1
    for (int a = 0; a < w.size[0]; ++a)
#pragma unroll 1
        for (int b = 0; b < w.size[1]; ++b)
#pragma unroll 2
            for (int c = 0; c < w.size[2]; ++c, ++tap) {
                const int i = first[0] + a * w.dilation[0], j = first[1] + b * w.dilation[1], k = first[2] + c * w.dilation[2];
                if (in_bounds(w.in, i, j, k)) use(pixel_index(w.in, p.image, i, j, k), tap);
            }
}

// The window along axis k whose tap `tap` sees position `at`; -1 if there is none.
__device__ __forceinline__ int window_of(const Window& w, int k, int at, int tap) {
    const int ahead = at + w.before[k] - tap * w.dilation[k];
    const int q = ahead / w.stride[k];
    return ahead >= 0 && q * w.stride[k] == ahead && q < w.out[k] ? q : -1;
}

template <typename F> __device__ __forceinline__ void over_windows_of(const Window& w, const Pixel& p, F use) {
#pragma unroll 1
    for (int a = 0; a < w.size[0]; ++a) {
        const int i = window_of(w, 0, p.at[0], a);
        if (i < 0) continue;
#pragma unroll 1
        for (int b = 0; b < w.size[1]; ++b) {
            const int j = window_of(w, 1, p.at[1], b);
            if (j < 0) continue;
#pragma unroll 2
            for (int c = 0; c < w.size[2]; ++c) {
                const int k = window_of(w, 2, p.at[2], c);
                if (k >= 0) use(pixel_index(w.out, p.image, i, j, k), (a * w.size[1] + b) * w.size[2] + c);
            }
        }
    }
}
