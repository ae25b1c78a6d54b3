// The first k of each row of x (rows, cols) in order: values[r,j] = x[r,indices[r,j]]. Equal values stand as they stood in x,
// in either direction; NaN is the largest value, all NaN are equal, and so are -0 and 0.
//
//   sort_tiles   the first k of each tile of a row, by a bitonic network in shared memory. With more than one tile the
//                places found are the candidates of another pass, until there is one tile
//   sort_keys    keys and places of whole rows, for a radix sort by 8 bits at a time:
//   sort_count     how often each digit stands in each tile, counts (rows, DIGITS, tiles)
//   sort_scan      counts become those of the tiles before, totals (rows, DIGITS) those of all tiles
//   sort_place     keys and places go where they belong; within a tile ballots tell a key its rank among its equals
//   sort_pick    values and indices of the first k places of rows
//
//   Values become unsigned integers of the same order, all bits of which are turned to sort downwards.
//
//   T          float, double, __half, __nv_bfloat16, integers, bool
//   Index      int, long long
//   launch     sort_tiles: grid = segments / (TILE / span), a block sorts TILE items; the others in the order of the file:
//              grid = (elements / BLOCK), rows * tiles, rows * DIGITS, rows * tiles, (elements / BLOCK)
//   bytes      sort_tiles rows * cols * sizeof(T); the radix sort 4 * (key + 4) for each element and byte of T
//
// instance sort_tiles<float, int>             regs<=48 spill=0
// instance sort_tiles<double, int>            regs<=48 spill=0
// instance sort_tiles<__half, int>            regs<=48 spill=0
// instance sort_tiles<__nv_bfloat16, int>     regs<=48 spill=0
// instance sort_tiles<int, int>               regs<=48 spill=0
// instance sort_tiles<unsigned char, int>     regs<=48 spill=0
// instance sort_tiles<bool, int>              regs<=48 spill=0
// instance sort_tiles<long long, int>         regs<=48 spill=0
// instance sort_tiles<float, long long>       regs<=48 spill=0
// instance sort_keys<float>                   regs<=32 spill=0
// instance sort_keys<__half>                  regs<=32 spill=0
// instance sort_keys<long long>               regs<=32 spill=0
// instance sort_count<unsigned int>           regs<=32 spill=0
// instance sort_count<unsigned long long>     regs<=32 spill=0
// instance sort_scan                          regs<=40 spill=0
// instance sort_place<unsigned int>           regs<=72 spill=0
// instance sort_place<unsigned long long>     regs<=80 spill=0
// instance sort_pick<float, int>              regs<=32 spill=0
// instance sort_pick<__half, int>             regs<=32 spill=0
// instance sort_pick<long long, int>          regs<=32 spill=0
#include "scan.cuh"

constexpr int TILE = 2048;  // items that a block sorts at a time
constexpr int DIGITS = 256;
constexpr int WARPS = BLOCK / WARP;
constexpr int OWN = TILE / BLOCK;
constexpr int NOWHERE = 0x7fffffff;  // the place of an item beyond the end of a row: it stands behind all others
static_assert(BLOCK == DIGITS, "in the radix sort, thread d of a block owns digit d");

// ---- keys

template <int BYTES> struct Bits { using type = unsigned int; };
template <> struct Bits<8> { using type = unsigned long long; };
template <typename T> using Key = typename Bits<sizeof(T)>::type;

template <typename T> struct Real { static constexpr bool value = T(1) / T(2) != T(0); };
template <> struct Real<bool> { static constexpr bool value = false; };
template <> struct Real<__half> { static constexpr bool value = true; };
template <> struct Real<__nv_bfloat16> { static constexpr bool value = true; };

// Keys are in the order of values, in the low sizeof(T) bytes.
template <typename T> __device__ __forceinline__ Key<T> key_of(T x, bool descending) {
    constexpr Key<T> sign = Key<T>(1) << (sizeof(T) * 8 - 1), all = sign - 1 + sign;
    Key<T> bits = 0;
    memcpy(&bits, &x, sizeof(T));
    if (Real<T>::value) {
        bits = bits == sign ? 0 : bits;  // -0
        bits = is_nan(Acc<T>(x)) ? all : bits & sign ? bits ^ all : bits | sign;
    } else if (Acc<T>(T(-1)) < Acc<T>(T(0))) {
        bits ^= sign;
    }
    return descending ? bits ^ all : bits;
}

// ---- tiles

// Where `candidates` (rows, count) is given, the items of a row are the elements at those places.
template <typename T, typename Index>
__global__ void __launch_bounds__(BLOCK) sort_tiles(const T* __restrict__ x, const int* __restrict__ candidates,
                                                    T* __restrict__ values, Index* __restrict__ indices, i64 rows, i64 cols,
                                                    i64 count, int span, int k, bool descending) {
    __shared__ Key<T> keys[TILE];
    __shared__ int places[TILE];
    const i64 tiles = (count + span - 1) / span, first_segment = i64(blockIdx.x) * (TILE / span);
    for (int l = threadIdx.x; l < TILE; l += BLOCK) {
        const i64 segment = first_segment + l / span, row = segment / tiles, p = segment % tiles * span + l % span;
        int place = NOWHERE;
        if (row < rows && p < count) place = candidates ? candidates[row * count + p] : int(p);
        keys[l] = place == NOWHERE ? ~Key<T>(0) : key_of(x[row * cols + place], descending);
        places[l] = place;
    }
    for (int size = 2; size <= span; size *= 2) {
        for (int step = size / 2; step > 0; step /= 2) {
            __syncthreads();
            for (int l = threadIdx.x; l < TILE / 2; l += BLOCK) {
                const int low = l / step * step * 2 + l % step, high = low + step;
                const bool up = (low % span & size) == 0;
                const bool after = keys[low] > keys[high] || (keys[low] == keys[high] && places[low] > places[high]);
                if (after == up) {
                    const Key<T> key = keys[low];
                    keys[low] = keys[high], keys[high] = key;
                    const int place = places[low];
                    places[low] = places[high], places[high] = place;
                }
            }
        }
    }
    __syncthreads();
    for (int l = threadIdx.x; l < TILE; l += BLOCK) {
        const i64 segment = first_segment + l / span, row = segment / tiles;
        const int j = l % span;
        if (row >= rows || j >= k) continue;
        indices[segment * k + j] = Index(places[l]);
        if (values) values[segment * k + j] = x[row * cols + places[l]];
    }
}

// ---- whole rows

template <typename T>
__global__ void __launch_bounds__(BLOCK) sort_keys(const T* __restrict__ x, Key<T>* __restrict__ keys,
                                                   int* __restrict__ places, i64 n, i64 cols, bool descending) {
    const i64 i = global_id();
    if (i >= n) return;
    keys[i] = key_of(x[i], descending);
    places[i] = int(i % cols);
}

// The tile of a row that a block has, of `tiles`.
struct Tile {
    i64 row, number, begin, end;
    __device__ Tile(i64 tiles, i64 cols) {
        row = blockIdx.x / tiles;
        number = blockIdx.x % tiles;
        begin = row * cols + number * TILE;
        end = (number + 1) * TILE < cols ? begin + TILE : (row + 1) * cols;
    }
};

template <typename K> __device__ __forceinline__ int digit_of(K key, int shift) { return int(key >> shift) & (DIGITS - 1); }

template <typename K>
__global__ void __launch_bounds__(BLOCK) sort_count(const K* __restrict__ keys, i64* __restrict__ counts, i64 cols,
                                                    i64 tiles, int shift) {
    __shared__ int found[DIGITS];
    const Tile tile(tiles, cols);
    found[threadIdx.x] = 0;
    __syncthreads();
    for (i64 p = tile.begin + threadIdx.x; p < tile.end; p += BLOCK) atomicAdd(&found[digit_of(keys[p], shift)], 1);
    __syncthreads();
    counts[(tile.row * DIGITS + threadIdx.x) * tiles + tile.number] = found[threadIdx.x];
}

__global__ void __launch_bounds__(BLOCK) sort_scan(i64* __restrict__ counts, i64* __restrict__ totals, i64 tiles) {
    counts += blockIdx.x * tiles;
    i64 before = 0;
    for (i64 begin = 0; begin < tiles; begin += BLOCK) {
        const i64 t = begin + threadIdx.x;
        i64 total;
        const i64 sum = block_scan(t < tiles ? counts[t] : i64(0), Sum(), total);
        if (t < tiles) counts[t] = before + sum;
        before += total;
    }
    if (threadIdx.x == 0) totals[blockIdx.x] = before;
}

template <typename K>
__global__ void __launch_bounds__(BLOCK) sort_place(const K* __restrict__ keys, const int* __restrict__ places,
                                                    const i64* __restrict__ counts, const i64* __restrict__ totals,
                                                    K* __restrict__ keys_to, int* __restrict__ places_to, i64 cols,
                                                    i64 tiles, int shift) {
    __shared__ int seen[WARPS][DIGITS];  // by each warp; then where its next key with that digit goes
    const Tile tile(tiles, cols);
    const int warp = threadIdx.x / WARP, lane = threadIdx.x % WARP;
    const i64 first = tile.begin + warp * (OWN * WARP) + lane;  // a warp has OWN * WARP neighbours, WARP at a time
    for (int w = 0; w < WARPS; ++w) seen[w][threadIdx.x] = 0;
    __syncthreads();
    K own[OWN];
    int rank[OWN];
#pragma unroll
    for (int k = 0; k < OWN; ++k) {
        const i64 p = first + k * WARP;
        own[k] = p < tile.end ? keys[p] : K(0);
        const int digit = digit_of(own[k], shift);
        unsigned equals = __ballot_sync(0xffffffffu, p < tile.end);  // lanes that have a key with this digit
#pragma unroll
        for (int bit = 1; bit < DIGITS; bit *= 2) {
            const unsigned set = __ballot_sync(0xffffffffu, (digit & bit) != 0);
            equals &= digit & bit ? set : ~set;
        }
        const unsigned before = equals & ((1u << lane) - 1);
        rank[k] = seen[warp][digit] + __popc(before);
        __syncwarp();
        if (p < tile.end && before == 0) seen[warp][digit] += __popc(equals);
        __syncwarp();
    }
    i64 all;
    const i64 start = block_scan(totals[tile.row * DIGITS + threadIdx.x], Sum(), all);
    __syncthreads();
    int to = int(start + counts[(tile.row * DIGITS + threadIdx.x) * tiles + tile.number]);
    for (int w = 0; w < WARPS; ++w) {
        const int found = seen[w][threadIdx.x];
        seen[w][threadIdx.x] = to;
        to += found;
    }
    __syncthreads();
#pragma unroll
    for (int k = 0; k < OWN; ++k) {
        const i64 p = first + k * WARP;
        if (p >= tile.end) continue;
        const i64 at = tile.row * cols + seen[warp][digit_of(own[k], shift)] + rank[k];
        keys_to[at] = own[k];
        places_to[at] = places[p];
    }
}

template <typename T, typename Index>
__global__ void __launch_bounds__(BLOCK) sort_pick(const T* __restrict__ x, const int* __restrict__ places,
                                                   T* __restrict__ values, Index* __restrict__ indices, i64 n, i64 cols,
                                                   i64 k) {
    const i64 i = global_id();
    if (i >= n) return;
    const i64 row = i / k;
    const int place = places[row * cols + i % k];
    indices[i] = Index(place);
    values[i] = x[row * cols + place];
}
