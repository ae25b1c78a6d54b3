"""Random bits, and dropout's mask: effects on a generator's state, so that every replay of a function draws anew.

The bits are Philox4x64-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"), as NumPy ships it: a
state is two words (key, draws); draw number d with key k is the stream of `np.random.Philox(key=[k, 0],
counter=[0, d, 0, 0])`. kernels/random.cu makes the same bits, so a run has the same random numbers on CPU and GPU.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..cuda import Kernels, empty, to_host
from ..op import effect, op

kernels = Kernels("random.cu", block=256)


def _stream(key: Any, draw: Any) -> Any:
    word = np.uint64(0xFFFFFFFFFFFFFFFF)
    return np.random.Philox(key=[int(key) & int(word), 0], counter=[0, int(draw) & int(word), 0, 0])


def _words(seed: Any, count: int, bits: int) -> Any:
    key, draw = to_host(seed)[:2]
    words = _stream(key, draw).random_raw(count if bits == 64 else -(-count // 2))
    return words if bits == 64 else words.astype("<u8", copy=False).view(np.uint32)[:count]


def _filled(state: Any, count: int, bits: int) -> Any:
    words = empty(-(-count // 8) * 8 if bits == 32 else -(-count // 4) * 4, np.dtype(f"uint{bits}"))
    blocks = words.nbytes // 32
    kernels.philox_fill[()](grid=-(-blocks // kernels.block), args=(state, words.view(np.uint64), np.int64(blocks)))
    return words[:count]


@op
def random_words(xp, seed, *, count, bits):
    """`count` random words of 32 or 64 bits (uint32, uint64) that follow from `seed`, int64 (key, draw)."""
    return xp.asarray(_words(seed, count, bits))


@random_words.kernel
def _(seed, *, count, bits):
    return _filled(seed, count, bits)


@effect
def random_bits(xp, targets, *, count, bits):
    """`random_words` of a generator's state, whose count of draws goes up by one."""
    made = xp.asarray(_words(targets[0], count, bits))
    targets[0][1] += 1
    return made


@random_bits.kernel
def _(targets, *, count, bits):
    made = _filled(targets[0], count, bits)
    kernels.philox_advance[()](grid=1, block=1, args=(targets[0],))
    return made


@op(mixed=("operands",))
def random_draws(xp, *operands, distribution, shape, dtype):
    """Draws from a NumPy Generator's `distribution` made on the host; operands[0] is the seed."""
    return xp.asarray(_sampled(operands[0], operands[1:], distribution, shape, dtype))


def _sampled(seed, parameters, distribution, shape, dtype):
    key, draw = to_host(seed)[:2]
    sample = getattr(np.random.Generator(_stream(key, draw)), distribution)
    return np.asarray(sample(*[to_host(p) for p in parameters], size=shape)).astype(dtype)


@effect(on_host=True)
def random_sample(xp, targets, *parameters, distribution, shape, dtype):
    """Draws from a NumPy Generator's `distribution` (gamma, poisson, binomial, beta, ...), made on the host."""
    made = xp.asarray(_sampled(targets[0], parameters, distribution, shape, dtype))
    targets[0][1] += 1
    return made


@effect(on_host=True)
def random_permutation(xp, targets, *, count):
    """A random permutation of 0 .. count-1 (int64)."""
    state = targets[0]
    key, draw = to_host(state)[:2]
    made = np.random.Generator(_stream(key, draw)).permutation(count)
    state[1] += 1
    return xp.asarray(made)
