"""Scaled dot product attention in one op. The kernel goes over tiles of keys; no scores of all pairs stand in memory."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from .. import cuda
from ..dtypes import FROM_NUMPY, accumulator
from ..errors import InvalidArgumentError
from ..op import fused, public
from ..registry import OPS
from ..tensor import as_tensor
from .cast import cast
from .unary import exp
from .window import batches

kernels = cuda.Kernels("attention.cu", block=256)
TENSOR_BLOCK = 128  # threads of the kernels on tensor cores
TILE = 32  # queries and keys that a block has in its memory at once
WIDEST = 128  # of a head, in the kernels
MANY, MOST = 2**21, 2**29  # scores for which their matrices are made
NOTHING = (0,)  # the shape of a mask or bias that is not there
SIZES: list[Any] = [(name, "i8") for name in ("queries", "keys", "heads", "key_heads", "depth", "width")]
SIZES += [("mask", "i8", 4), ("bias", "i8", 4), ("scale", "f8"), ("causal", "i8")]


@fused(mixed=("mask", "bias"))
def attend(q, k, v, mask, bias, *, scale, causal):
    """The attention, and of each row of scores the maximum and the sum of exp(score - maximum), (2, batch, heads, queries).

    q (batch, queries, heads, depth), k and v (batch, keys, key heads, depth or width); mask (bool) and bias broadcast to
    (batch, heads, queries, keys), or have shape (0,) for none. bias and the second output are of the dtype of sums.
    """
    scores, _ = scored(q, k, mask, bias, scale, causal)
    weights = OPS["softmax"](scores)
    top = OPS["reduce_max"](scores, -1, keepdims=True)
    total = OPS["reduce_sum"](exp(scores - top), -1)
    stats = OPS["stack"]([OPS["squeeze"](top, [-1]), total])
    return OPS["einsum"]("bnts,bsnh->btnh", cast(weights, q.dtype), _repeated(v, q)), stats


def scored(q: Any, k: Any, mask: Any, bias: Any, scale: float, causal: bool) -> tuple[Any, Any]:
    """The meaning: scores (batch, heads, queries, keys), lowest where a key is not seen; and what is seen, or None."""
    wide = FROM_NUMPY[accumulator(q._array.dtype)]
    scores = cast(OPS["einsum"]("btnh,bsnh->bnts", q, _repeated(k, q)), wide) * scale
    if tuple(bias.shape) != NOTHING:
        scores = scores + bias
    seen = visible(mask, q.shape[1], k.shape[1], causal)
    return (scores if seen is None else OPS["where"](seen, scores, as_tensor(lowest(wide.numpy), wide.numpy))), seen


def visible(mask: Any, queries: int, keys: int, causal: bool) -> Any:
    """Which keys each query sees, None for all."""
    seen = None if tuple(mask.shape) == NOTHING else mask
    if not causal:
        return seen
    past = np.tri(queries, keys, dtype=bool)
    return as_tensor(past) if seen is None else OPS["logical_and"](seen, past)


def lowest(wide: Any) -> float:
    """The score of a key that is not seen: so low that it counts for nothing beside any other, yet finite."""
    return -0.7 * float(np.finfo(wide).max)


def _repeated(x: Any, q: Any) -> Any:
    """Keys or values, one for each head of q."""
    groups = q.shape[2] // x.shape[2]
    return x if groups == 1 else OPS["repeat"](x, groups, axis=2)


@attend.gradient
def _(dy, q, k, v, mask, bias, ys, scale, causal):
    how = {"scale": scale, "causal": causal}
    dq, dk, dv = attend_grad(q, k, v, mask, bias, dy, *ys, **how)
    return dq, dk, dv, None, lambda: scores_grad(q, k, v, mask, bias, dy, **how)


@fused(mixed=("mask", "bias", "stats"))
def attend_grad(q, k, v, mask, bias, dy, y, stats, *, scale, causal):
    """The gradients of q, k and v; the meaning makes y and stats again."""
    scores, _ = scored(q, k, mask, bias, scale, causal)
    weights = cast(OPS["softmax"](scores), q.dtype)
    ds = cast(scores_grad(q, k, v, mask, bias, dy, scale=scale, causal=causal), q.dtype) * scale
    dq = OPS["einsum"]("bnts,bsnh->btnh", ds, _repeated(k, q))
    return (
        dq,
        _shared(OPS["einsum"]("bnts,btnh->bsnh", ds, q), k),
        _shared(OPS["einsum"]("bnts,btnh->bsnh", weights, dy), v),
    )


def _shared(d: Any, x: Any) -> Any:
    """The gradient of keys or values that several heads share: the sum of theirs."""
    batch, keys, heads, size = d.shape
    shared = x.shape[2]
    return (
        d if shared == heads else OPS["reduce_sum"](OPS["reshape"](d, (batch, keys, shared, heads // shared, size)), 3)
    )


def scores_grad(q: Any, k: Any, v: Any, mask: Any, bias: Any, dy: Any, *, scale: float, causal: bool) -> Any:
    """The gradient of scale * q kᵀ + bias: w * (dw - sum(w * dw)), w the weights, dw = dy vᵀ."""
    scores, seen = scored(q, k, mask, bias, scale, causal)
    weights = OPS["softmax"](scores)
    dw = cast(OPS["einsum"]("btnh,bsnh->bnts", dy, _repeated(v, q)), scores.dtype)
    ds = weights * (dw - OPS["reduce_sum"](weights * dw, -1, keepdims=True))
    return ds if seen is None else OPS["where"](seen, ds, OPS["zeros_like"](ds))


class Samples:
    """Some samples of a batch, for the NumPy bodies: their heads as matrices, those that share a key one below the other."""

    def __init__(self, at: slice, q: Any, k: Any, mask: Any, bias: Any, scale: float, causal: bool) -> None:
        self.at, self.scale, self.wide = at, scale, accumulator(q.dtype)
        self.shared = k.shape[2]
        self.q, self.k = self.heads(q), self.heads(k)
        self.shape = (len(self.q), q.shape[2], q.shape[1], k.shape[1])  # of the scores
        seen = None if mask.shape == NOTHING else self.of(mask)
        if causal:
            past = np.tri(*self.shape[2:], dtype=bool)
            seen = past if seen is None else seen & past
        self.hidden = None if seen is None else ~np.broadcast_to(seen, self.shape)
        self.bias = None if bias.shape == NOTHING else self.of(bias)

    def of(self, x: Any) -> Any:
        """These samples' part of a mask or bias, which may be one for all."""
        return x if len(x) == 1 else x[self.at]

    def heads(self, x: Any) -> Any:
        """(batch, length, heads, size) as (samples, key heads, heads of each * length, size)."""
        x = x[self.at].astype(self.wide, copy=False).transpose(0, 2, 1, 3)
        return x if x.shape[1] == self.shared else x.reshape(len(x), self.shared, -1, x.shape[3])

    def scores(self) -> Any:
        made = np.matmul(self.q, self.k.swapaxes(2, 3)).reshape(self.shape)
        made *= self.scale
        if self.bias is not None:
            made += self.bias
        if self.hidden is not None:
            made[self.hidden] = lowest(self.wide)
        return made

    def paired(self, scores: Any) -> Any:
        """Scores in the layout of `heads`."""
        return scores.reshape(len(scores), self.shared, -1, self.shape[3])

    def unpaired(self, x: Any, heads: int) -> Any:
        """What `heads` undoes."""
        return x.reshape(len(x), heads, -1, x.shape[3]).transpose(0, 2, 1, 3)


@attend.numpy
def _(q, k, v, mask, bias, *, scale, causal):
    (batch, queries, heads, _), (keys, _, width) = q.shape, v.shape[1:]
    y, stats = np.empty((*q.shape[:3], width), q.dtype), np.empty((2, batch, heads, queries), accumulator(q.dtype))
    for at in batches(batch, heads * queries * keys):
        samples = Samples(at, q, k, mask, bias, scale, causal)
        weights = samples.scores()
        top = stats[0, at] = weights.max(-1, initial=-np.inf)
        weights -= top[..., None]
        np.exp(weights, out=weights)
        total = stats[1, at] = weights.sum(-1)
        weights /= total[..., None]
        y[at] = samples.unpaired(np.matmul(samples.paired(weights), samples.heads(v)), heads)
    return y, stats


@attend_grad.numpy
def _(q, k, v, mask, bias, dy, y, stats, *, scale, causal):
    dq, dk, dv = np.empty_like(q), np.empty_like(k), np.empty_like(v)
    for at in batches(len(q), q.shape[2] * q.shape[1] * k.shape[1]):
        samples = Samples(at, q, k, mask, bias, scale, causal)
        weights = samples.scores()
        weights -= stats[0, at][..., None]
        np.exp(weights, out=weights)
        weights /= stats[1, at][..., None]
        out = samples.heads(dy)
        dv[at] = samples.unpaired(np.matmul(samples.paired(weights).swapaxes(2, 3), out), samples.shared)
        ds = np.matmul(out, samples.heads(v).swapaxes(2, 3)).reshape(samples.shape)
        ds -= np.einsum("btnh,btnh->bnt", dy[at], y[at], dtype=ds.dtype)[..., None]
        ds *= weights
        ds *= scale
        if samples.hidden is not None:
            ds[samples.hidden] = 0
        ds = samples.paired(ds)
        dq[at] = samples.unpaired(np.matmul(ds, samples.k), q.shape[2])
        dk[at] = samples.unpaired(np.matmul(ds.swapaxes(2, 3), samples.q), samples.shared)
    return dq, dk, dv


def prepared(q: Any, k: Any, v: Any, mask: Any, bias: Any, scale: float, causal: bool) -> Any:
    """The kernels' operands, their sizes as a struct and the shared memory of a tile; None for what they do not cover."""
    (batch, queries, heads, depth), (keys, key_heads, width) = q.shape, v.shape[1:]
    if max(depth, width) > WIDEST or not q.size or not v.size or batch * heads > 65535:
        return None
    sizes = np.zeros(1, np.dtype(SIZES))
    sizes["queries"], sizes["keys"], sizes["heads"], sizes["key_heads"] = queries, keys, heads, key_heads
    sizes["depth"], sizes["width"], sizes["scale"], sizes["causal"] = depth, width, scale, causal
    given: list[Any] = []
    for name, x in (("mask", mask), ("bias", bias)):
        if x.shape == NOTHING:
            given.append(None)
            continue
        given.append(x := cuda.contiguous(x))
        sizes[name] = [0 if n == 1 else s // x.itemsize for n, s in zip(x.shape, x.strides)]
    row = max(depth, width) + 1  # one more, so that rows do not share their banks
    return [cuda.contiguous(a) for a in (q, k, v)], given, sizes, row * TILE * accumulator(q.dtype).itemsize


class Tiles(NamedTuple):
    """Of a kernel on tensor cores: rows of a block, columns of shared memory, and how much of that it takes."""

    rows: int
    wide: int
    smem: int


def tensor_tiles(arrays: Any, backward: bool) -> Tiles | None:
    """The tiles of attention_tensor.cuh for q, k, v and their like; None if the tensor cores do not take them."""
    dtype, longest = arrays[0].dtype, max(a.shape[3] for a in arrays)
    vector = 16 // dtype.itemsize
    if dtype.itemsize > 2 or any(a.shape[3] % vector or cuda.address(a) % 16 for a in arrays):
        return None
    wide = 64 if longest <= 64 else WIDEST
    pitch = wide * dtype.itemsize + 16
    if backward:
        rows, others = 64, 64 if wide == 64 else 16
        return Tiles(rows, wide, (2 * rows + 4 * others) * pitch)
    rows, others = (128, 32) if wide == 64 else (64, 64)
    return Tiles(rows, wide, (rows + 4 * others) * pitch)


def by_scores(q: Any, k: Any) -> bool:
    """Whether products of a library are faster than the kernels without tensor cores, and the scores fit the memory."""
    return MANY <= q.shape[0] * q.shape[1] * q.shape[2] * k.shape[1] <= MOST


@attend.kernel
def _(q, k, v, mask, bias, *, scale, causal):
    made = prepared(q, k, v, mask, bias, scale, causal)
    if made is None:
        return NotImplemented
    arrays, given, sizes, tile = made
    wide, (batch, queries, heads, _) = accumulator(q.dtype), q.shape
    tiles = tensor_tiles(arrays, backward=False)
    if not tiles and by_scores(q, k):
        return NotImplemented
    y, stats = cuda.empty((*q.shape[:3], v.shape[3]), q.dtype), cuda.empty((2, batch, heads, queries), wide)
    args = (*arrays, *given, y, stats, sizes)
    if tiles:
        kernel = kernels.attention_tensor_forward[q.dtype, tiles.wide]
        kernel((-(-queries // tiles.rows), batch * heads), args, tiles.smem, TENSOR_BLOCK)
        return y, stats
    smem = 2 * tile + TILE * (TILE + 1) * wide.itemsize
    kernels.attention_forward[q.dtype]((-(-queries // TILE), batch * heads), args, smem)
    return y, stats


@attend_grad.kernel
def _(q, k, v, mask, bias, dy, y, stats, *, scale, causal):
    made = prepared(q, k, v, mask, bias, scale, causal)
    if made is None:
        return NotImplemented
    arrays, given, sizes, tile = made
    tiles = tensor_tiles([*arrays, dy], backward=True)
    if not tiles and by_scores(q, k):
        return NotImplemented
    wide, (batch, queries, heads, _), (keys, key_heads) = accumulator(q.dtype), q.shape, k.shape[1:3]
    dy, y, stats = (cuda.contiguous(a) for a in (dy, y, stats))
    dq, dk, dv = (cuda.empty_like(a) for a in arrays)
    dots = cuda.empty(stats.shape[1:], wide)
    rows = batch * heads * queries
    kernels.attention_dots[q.dtype](grid=-(-rows // (256 // 32)), args=(dy, y, dots, np.int64(rows), sizes))
    args = (*arrays, *given, dy, stats, dots)
    if tiles:
        which = q.dtype, tiles.wide
        kernels.attention_tensor_backward_queries[which](
            (-(-queries // tiles.rows), batch * heads), (*args, dq, sizes), tiles.smem, TENSOR_BLOCK
        )
        kernels.attention_tensor_backward_keys[which](
            (-(-keys // tiles.rows), batch * key_heads), (*args, dk, dv, sizes), tiles.smem, TENSOR_BLOCK
        )
        return dq, dk, dv
    smem = 4 * tile + TILE * (TILE + 1) * wide.itemsize
    kernels.attention_backward_queries[q.dtype](
        grid=(-(-queries // TILE), batch * heads), smem=smem, args=(*args, dq, sizes)
    )
    smem += TILE * (TILE + 1) * wide.itemsize
    kernels.attention_backward_keys[q.dtype](
        grid=(-(-keys // TILE), batch * key_heads), smem=smem, args=(*args, dk, dv, sizes)
    )
    return dq, dk, dv


@public
def dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    mask: Any = None,
    bias: Any = None,
    scale: float | None = None,
    causal: bool = False,
) -> Any:
    """softmax(scale * query keyᵀ + bias) value, for each head: (batch, queries, heads, width).

    Args:
        query: (batch, queries, heads, depth).
        key, value: (batch, keys, key heads, depth) and (batch, keys, key heads, width); the key heads divide the heads,
            and each serves as many heads in a row.
        mask: bool, of four axes that broadcast to (batch, heads, queries, keys); False leaves a key out. Default None.
        bias: added to the scores, of the same axes; differentiable. Default None.
        scale: default 1 / sqrt(depth).
        causal: whether query t sees only the keys up to t. Default False.

    A query that sees no key gets the mean of all values, as in Keras. Any floating dtype, one for query, key and value;
    half types are computed in float32. InvalidArgumentError for shapes that do not fit. Vaswani et al. 2017; over tiles,
    without the scores in memory: Dao et al. 2022.

    >>> import gputape as tf
    >>> x = tf.reshape([1.0, 2.0, 4.0], [1, 3, 1, 1])
    >>> tf.nn.dot_product_attention(x * 0.0, x, x, causal=True).numpy().ravel().round(4)
    array([1.    , 1.5   , 2.3333], dtype=float32)
    """
    q = as_tensor(query)
    dtype = q._array.dtype
    k, v = as_tensor(key, dtype), as_tensor(value, dtype)
    shapes = [tuple(x._array.shape) for x in (q, k, v)]
    of_q, of_k, of_v = shapes
    fits = all(len(s) == 4 for s in shapes) and of_k[:3] == of_v[:3] and of_q[0] == of_k[0] and of_q[3] == of_k[3]
    if not fits or not of_k[2] or of_q[2] % of_k[2] or not of_k[1]:
        raise InvalidArgumentError(
            f"dot_product_attention takes query (batch, queries, heads, depth), key (batch, keys, key heads, depth) and "
            f"value (batch, keys, key heads, width), with key heads that divide heads and at least one key, not query "
            f"{of_q}, key {of_k} and value {of_v} [Op:dot_product_attention]"
        )
    wide = accumulator(dtype)
    mask = as_tensor(np.zeros(NOTHING, bool)) if mask is None else OPS["cast"](mask, "bool")
    bias = as_tensor(np.zeros(NOTHING, wide)) if bias is None else OPS["cast"](bias, FROM_NUMPY[wide])
    scores = (of_q[0], of_q[2], of_q[1], of_k[1])
    for name, x in (("mask", mask), ("bias", bias)):
        shape = tuple(x._array.shape)
        if shape != NOTHING and not (len(shape) == 4 and all(m in (1, n) for m, n in zip(shape, scores))):
            raise InvalidArgumentError(
                f"dot_product_attention: {name} has shape {shape}; it must have four axes that broadcast to (batch, heads, "
                f"queries, keys), here {scores} [Op:dot_product_attention]"
            )
    scale = 1 / math.sqrt(of_q[3]) if scale is None else float(scale)
    return attend(q, k, v, mask, bias, scale=scale, causal=bool(causal))[0]


NAMES = {"tf.nn.dot_product_attention": dot_product_attention}
