"""From random bits to numbers: pure ops, the same on CPU and GPU; and dropout's product."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import cuda
from ..dtypes import accumulator, as_dtype
from ..op import op
from .functor import MOST_BLOCKS
from .random import kernels


@op
def unit_interval(xp, bits, *, dtype):
    """Uniform in [0, 1) from words: the upper 24 bits of 32 for float32, 53 of 64 for float64."""
    if bits.dtype == np.uint64:
        return (bits >> np.uint64(11)).astype(np.float64) * 2.0**-53
    made = (bits >> np.uint32(8)).astype(np.float32)
    made *= np.float32(2.0**-24)
    wanted = as_dtype(dtype).numpy
    return made if wanted == np.float32 else _below_one(made, wanted)


def _below_one(made, wanted):
    """Rounding to a half type may reach 1, which is not in the interval: the number below it is taken instead."""
    out = made.astype(wanted)
    out[out == 1] = np.asarray(
        1 - {2: 2.0**-11}.get(wanted.itemsize, 0) if wanted == np.float16 else 1 - 2.0**-8
    ).astype(wanted)
    return out


@op(mixed=("bits", "span"))
def random_integer(xp, bits, span, *, dtype):
    """Integers in [0, span) from 64-bit words; the bias is below span / 2^64."""
    return (bits % span.astype(np.uint64)).astype(as_dtype(dtype).numpy)


@op
def box_muller(xp, unit):
    """Normal numbers, (2 * n,), from uniform ones (2, n). Box and Muller 1958."""
    radius = xp.sqrt(-2 * xp.log(1 - unit[0].astype(np.result_type(unit.dtype, np.float32))))
    angle = unit[1].astype(radius.dtype) * (2 * np.pi)
    return xp.concatenate([radius * xp.cos(angle), radius * xp.sin(angle)]).astype(unit.dtype)


@op(mixed=("bits",))
def drop(xp, x, bits, *, rate):
    """x / (1 - rate) where the word of `bits` is at least rate * 2^32, else 0."""
    return xp.where(bits >= _least(rate), x * x.dtype.type(1 / (1 - rate)), x.dtype.type(0))


def _least(rate: float) -> Any:
    return np.uint32(min(int(rate * 2**32), 2**32 - 1))


@drop.kernel
def _(x, bits, *, rate):
    if x.dtype.kind not in "fV" or x.shape != bits.shape:
        return NotImplemented
    x, y = cuda.contiguous(x), cuda.empty(x.shape, x.dtype)
    scale = accumulator(x.dtype).type(x.dtype.type(1 / (1 - rate)))
    args = (x, cuda.contiguous(bits), y, np.int64(x.size), _least(rate), scale)
    kernels.drop_forward[x.dtype](grid=min(-(-x.size // kernels.block), MOST_BLOCKS), args=args)
    return y


@drop.gradient
def _(dy, bits, rate):
    return drop(dy, bits, rate=rate), None
