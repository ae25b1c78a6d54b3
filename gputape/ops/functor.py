"""Launches the functors of the kernel files over arrays: the kernel of an elementwise op in one line.

    exp.kernel(functor("Exp"))                                    kernels/math.cu has struct Exp
    less.kernel(functor("Less", "fViub", result=np.bool_))        of integers and bools as well, giving bool
    relu.kernel(functor("Relu", file="activation.cu"))            another file that includes elementwise.cuh

Operands are arrays and Python numbers, one to three of them, broadcast together. Operands of the shape of the result,
and those of a single element, take the kernels that move 16 bytes at a time; others the strided ones.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import cuda
from ..dtypes import accumulator

BLOCK = 256
MOST_BLOCKS = 8192  # threads of larger arrays take several elements each
MOST_AXES = 6
EXACT = "-fmad=false"  # no products joined to sums: a chain of ops in one kernel has the bits of the ops one by one
MOST_INT = 2**31 - 1  # longer results need indices of 64 bits
AXES = np.dtype([("size", "i8", MOST_AXES), ("step", "i8", (3, MOST_AXES)), ("count", "i4")], align=True)
_FLAT = {1: "unary_forward", 2: "binary_forward", 3: "ternary_forward"}


@functools.cache
def kernels_of(file: str) -> cuda.Kernels:
    return cuda.Kernels(file, BLOCK, EXACT)


class Functor:
    """A kernel body that applies the functor `name` of `file` to every element. See `functor`."""

    def __init__(self, name: str, kinds: str, result: Any, like: int | None, file: str) -> None:
        self.name, self.kinds, self.file = name, kinds, file
        self.result = None if result is None else np.dtype(result)
        self.like = like

    def dtype(self, dtypes: list[Any]) -> Any:
        """The dtype that decides, of those of the operands, None for numbers; None if it is not taken."""
        found = dtypes[self.like] if self.like is not None else next((d for d in dtypes if d is not None), None)
        return found if found is not None and found.kind in self.kinds else None

    def __call__(self, *operands: Any) -> Any:
        dtype = self.dtype([getattr(x, "dtype", None) for x in operands])
        if dtype is None:
            return NotImplemented
        return applied(kernels_of(self.file), self.name, operands, dtype, self.result or dtype)


def functor(
    name: str, kinds: str = "fV", result: Any = None, like: int | None = None, file: str = "math.cu"
) -> Callable[..., Any]:
    """A kernel body that applies the functor `name` of `file` to every element.

    kinds: the NumPy kinds of dtypes that it takes ("V" is bfloat16); what else comes is left to the meaning.
    result: the dtype of the result; default: that of operand `like`, by default the first array.
    """
    return Functor(name, kinds, result, like, file)


def camel(name: str) -> str:
    """The functor of an op: "log1p" is Log1p, "less_equal" LessEqual, "abs_" Abs."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def applied(source: cuda.Kernels, name: str, operands: tuple[Any, ...], dtype: Any, result: Any) -> Any:
    """`name` over `operands`, Python numbers among them being of `dtype`, as an array of dtype `result`."""
    if len(operands) == 1:
        x = cuda.contiguous(operands[0])
        y = cuda.empty(x.shape, result)
        source.unary_forward[name, result, x.dtype](_grid(x.size, x.dtype, result), (x, y, np.int64(x.size)))
        return y
    if len(operands) == 2:
        a, b = operands
        if hasattr(a, "dtype") and hasattr(b, "dtype") and a.shape == b.shape:
            y = cuda.empty(a.shape, result)
            n = y.size
            arguments = (
                cuda.contiguous(a),
                cuda.contiguous(b),
                _zero(a.dtype),
                _zero(b.dtype),
                y,
                np.int64(n),
                _NONE_SINGLE,
            )
            source.binary_forward[name, result, a.dtype, b.dtype](_grid(n, a.dtype, b.dtype, result), arguments)
            return y
    arrays, numbers, dtypes = [], [], []
    for x in operands:
        if hasattr(x, "dtype"):
            arrays.append(cuda.contiguous(x))
            numbers.append(_zero(x.dtype))
            dtypes.append(x.dtype)
        else:
            arrays.append(None)
            numbers.append(accumulator(dtype).type(x))
            dtypes.append(dtype)
    shapes = [x.shape for x in arrays if x is not None]
    shape = shapes[0] if all(s == shapes[0] for s in shapes) else np.broadcast_shapes(*shapes)
    y = cuda.empty(shape, result)
    n, single = y.size, 0
    for k, x in enumerate(arrays):
        if x is not None and x.shape != shape:
            if x.size != 1:
                return _strided(source, (name, result, *dtypes), arrays, numbers, y)
            single |= 1 << k
    kernel = getattr(source, _FLAT[len(arrays)])[(name, result, *dtypes)]
    kernel(_grid(n, *dtypes, result), (*arrays, *numbers, y, np.int64(n), np.int32(single)))
    return y


_NONE_SINGLE = np.int32(0)  # no operand is a single element


@functools.cache
def _zero(dtype: np.dtype[Any]) -> Any:
    """What stands in the place of an operand's number if the operand is an array."""
    return accumulator(dtype).type(0)


@functools.lru_cache(maxsize=4096)
def _grid(n: int, *dtypes: np.dtype[Any]) -> int:
    """Blocks for `n` elements, whose threads take vectors."""
    vector = 16 // max([d.itemsize for d in dtypes])
    return min(-(-n // (BLOCK * vector)), MOST_BLOCKS)


def _strided(source: cuda.Kernels, arguments: tuple[Any, ...], arrays: list[Any], numbers: list[Any], y: Any) -> Any:
    """The same where an operand is broadcast along some axes; NotImplemented beyond six of them."""
    axes = merged(y.shape, *[() if x is None else x.shape for x in arrays])
    if axes is None:
        return NotImplemented
    n = y.size
    index = np.dtype(np.int32 if n <= MOST_INT else np.int64)
    grid = min(-(-n // BLOCK), MOST_BLOCKS)
    if len(arrays) == 3:
        source.ternary_strided[(*arguments, index)](grid, (*arrays, *numbers, y, np.int64(n), axes))
    else:  # two arrays: a number and an array need no broadcasting
        source.binary_strided[(*arguments, index)](grid, (*arrays, y, np.int64(n), axes))
    return y


@functools.lru_cache(maxsize=1024)
def merged(shape: tuple[int, ...], *shapes: tuple[int, ...]) -> Any:
    """Struct Axes of elementwise.cuh: the axes of `shape`, those merged along which all operands go on alike.

    None if more than six are left.
    """
    sizes: list[int] = []
    steps: list[list[int]] = []  # of each operand, along each axis that is kept; the last axis comes first
    along = [1] * len(shapes)
    for k in range(1, len(shape) + 1):
        size = shape[-k]
        own = [s[-k] if k <= len(s) else 1 for s in shapes]
        step = [a if o != 1 else 0 for a, o in zip(along, own)]
        along = [a * o for a, o in zip(along, own)]
        if size == 1:
            continue
        if sizes and all(s == last * sizes[-1] for s, last in zip(step, steps[-1])):
            sizes[-1] *= size  # walking on along the axis before leads to the same places
        else:
            sizes.append(size)
            steps.append(step)
    if len(sizes) > MOST_AXES:
        return None
    axes = np.zeros(1, AXES)
    axes["count"] = len(sizes)
    axes["size"][0, : len(sizes)] = sizes
    for k, step in enumerate(steps):
        axes["step"][0, : len(step), k] = step
    return axes
