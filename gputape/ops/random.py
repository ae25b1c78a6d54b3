"""Random bits, and dropout's mask: effects on a generator's state, so that every replay of a function draws anew.

The bits are Philox4x64-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"), as NumPy ships it: a
state is two words (key, draws); draw number d with key k is the stream of `np.random.Philox(key=[k, 0],
counter=[0, d, 0, 0])`. kernels/random.cu makes the same bits, so a run has the same random numbers on CPU and GPU.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..cuda import Kernels, empty, to_host
from ..op import effect

kernels = Kernels("random.cu", block=256)


def _stream(key: Any, draw: Any) -> Any:
    word = np.uint64(0xFFFFFFFFFFFFFFFF)
    return np.random.Philox(key=[int(key) & int(word), 0], counter=[0, int(draw) & int(word), 0, 0])


@effect
def random_bits(xp, targets, *, count, bits):
    """`count` random words of 32 or 64 bits (uint32, uint64); the state's draw count goes up by one."""
    state = targets[0]
    key, draw = to_host(state)[:2]
    words = _stream(key, draw).random_raw(count if bits == 64 else -(-count // 2))
    state[1] = state[1] + 1
    made = words if bits == 64 else words.astype("<u8", copy=False).view(np.uint32)[:count]
    return xp.asarray(made)


@random_bits.kernel
def _(targets, *, count, bits):
    state = targets[0]
    words = empty(-(-count // 8) * 8 if bits == 32 else -(-count // 4) * 4, np.dtype(f"uint{bits}"))
    blocks = -(-words.nbytes // (32 * kernels.block)) or 1
    kernels.philox_fill[()](grid=blocks, args=(state, words.view(np.uint64), np.int64(words.nbytes // 32)))
    kernels.philox_advance[()](grid=1, block=1, args=(state,))
    return words[:count]


@effect
def random_sample(xp, targets, *parameters, distribution, shape, dtype):
    """Draws from a NumPy Generator's `distribution` (gamma, poisson, binomial, beta, ...), made on the host."""
    state = targets[0]
    key, draw = to_host(state)[:2]
    generator = np.random.Generator(_stream(key, draw))
    state[1] = state[1] + 1
    made = getattr(generator, distribution)(*[to_host(p) for p in parameters], size=shape)
    return xp.asarray(np.asarray(made).astype(dtype))


@effect
def random_permutation(xp, targets, *, count):
    """A random permutation of 0 .. count-1 (int64)."""
    state = targets[0]
    key, draw = to_host(state)[:2]
    made = np.random.Generator(_stream(key, draw)).permutation(count)
    state[1] = state[1] + 1
    return xp.asarray(made)
