"""NumPy's functions that join, move and pick elements."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import cuda
from ..registry import OPS
from ..tensor import Tensor
from .array import FUNCTIONS, host, numpy_function, part, promoted, tensor, wrap


@numpy_function
def reshape(a: Any, newshape: Any, order: str = "C") -> Any:
    """`a` in another shape; one size may be -1. order: "C", or "F" for columns first."""
    x, shape = tensor(a), host(newshape)
    shape = [int(s) for s in shape] if np.ndim(shape) else [int(shape)]
    if order == "F":
        return reshape(reshape(wrap(x).T, shape[::-1]), shape[::-1]).T
    return wrap(OPS["reshape"](x, shape))


@numpy_function
def ravel(a: Any, order: str = "C") -> Any:
    """`a` in one dimension."""
    return reshape(a, -1, order)


@numpy_function
def transpose(a: Any, axes: Any = None) -> Any:
    """The axes in the order `axes`; all reversed by default."""
    x = tensor(a)
    perm = range(x._array.ndim)[::-1] if axes is None else [int(k) % x._array.ndim for k in axes]
    return wrap(OPS["transpose"](x, list(perm))) if x._array.ndim > 1 else wrap(x)


@numpy_function
def swapaxes(a: Any, axis1: int, axis2: int) -> Any:
    """Two axes exchanged."""
    order = list(range(tensor(a)._array.ndim))
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return transpose(a, order)


@numpy_function
def moveaxis(a: Any, source: Any, destination: Any) -> Any:
    """Axes moved to other places, the rest in their order."""
    rank = tensor(a)._array.ndim
    source, destination = ([int(k) % rank for k in np.atleast_1d(p)] for p in (source, destination))
    rest = [k for k in range(rank) if k not in source]
    for d, s in sorted(zip(destination, source, strict=True)):
        rest.insert(d, s)
    return transpose(a, rest)


@numpy_function
def rollaxis(a: Any, axis: int, start: int = 0) -> Any:
    """An axis moved before the place `start`."""
    axis %= tensor(a)._array.ndim
    return moveaxis(a, axis, start - 1 if start > axis else start)


@numpy_function
def expand_dims(a: Any, axis: Any) -> Any:
    """New axes of size one at the places `axis` of the result."""
    return reshape(a, np.expand_dims(np.empty(tensor(a)._array.shape, "V0"), axis).shape)


@numpy_function
def squeeze(a: Any, axis: Any = None) -> Any:
    """Without the axes of size one."""
    return reshape(a, np.squeeze(np.empty(tensor(a)._array.shape, "V0"), axis).shape)


@numpy_function
def broadcast_to(array: Any, shape: Any) -> Any:
    """The array repeated along axes of size one, and new ones in front."""
    return wrap(OPS["broadcast_to"](tensor(array), [int(s) for s in np.atleast_1d(host(shape))]))


@numpy_function
def atleast_1d(*arys: Any) -> Any:
    """With one axis at least."""
    made = [wrap(tensor(a)) if np.ndim(tensor(a)._array) else reshape(a, (1,)) for a in arys]
    return made[0] if len(made) == 1 else made


@numpy_function
def atleast_2d(*arys: Any) -> Any:
    """With two axes at least, new ones in front."""
    made = [wrap(tensor(a)) if tensor(a)._array.ndim > 1 else reshape(a, (1, -1)) for a in arys]
    return made[0] if len(made) == 1 else made


@numpy_function
def concatenate(arrays: Any, axis: Any = 0) -> Any:
    """Arrays one after the other along an axis; None for all of them in one dimension."""
    parts = promoted(*([ravel(a) for a in arrays] if axis is None else arrays))
    return wrap(OPS["concat"](list(parts), axis or 0))


@numpy_function
def stack(arrays: Any, axis: int = 0) -> Any:
    """Arrays of one shape along a new axis."""
    return wrap(OPS["stack"](list(promoted(*arrays)), axis))


@numpy_function
def hstack(tup: Any) -> Any:
    """Side by side: along the second axis, the first for vectors."""
    arrays = [atleast_1d(a) for a in tup]
    return concatenate(arrays, 0 if arrays[0].ndim == 1 else 1)


@numpy_function
def vstack(tup: Any) -> Any:
    """One below the other; vectors are rows."""
    return concatenate([atleast_2d(a) for a in tup], 0)


@numpy_function
def column_stack(tup: Any) -> Any:
    """Side by side; vectors are columns."""
    arrays = [wrap(tensor(a)) for a in tup]
    return concatenate([a if a.ndim > 1 else reshape(a, (-1, 1)) for a in arrays], 1)


@numpy_function
def append(arr: Any, values: Any, axis: Any = None) -> Any:
    """`values` after `arr`."""
    return concatenate([arr, values], axis)


@numpy_function
def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    """Parts along an axis: their number, which must divide the size, or the indices at which they begin."""
    x = wrap(tensor(ary))
    pieces = np.split(np.arange(x.shape[axis]), host(indices_or_sections))
    before = (slice(None),) * (axis % x.ndim)
    return [x[(*before, slice(int(p[0]), int(p[-1]) + 1) if p.size else slice(0, 0))] for p in pieces]


@numpy_function
def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    """`split` whose parts may differ in size by one."""
    size = tensor(ary)._array.shape[axis]
    pieces = np.array_split(np.arange(size), host(indices_or_sections))
    return split(ary, np.cumsum([len(p) for p in pieces])[:-1], axis)


@numpy_function
def tile(A: Any, reps: Any) -> Any:
    """`A` repeated `reps` times along each axis."""
    x, counts = tensor(A), [int(r) for r in np.atleast_1d(host(reps))]
    rank = max(len(counts), x._array.ndim)
    x = OPS["reshape"](x, [1] * (rank - x._array.ndim) + list(x._array.shape))
    return wrap(OPS["tile"](x, [1] * (rank - len(counts)) + counts))


@numpy_function
def repeat(a: Any, repeats: Any, axis: Any = None) -> Any:
    """Each element `repeats` times, or as often as `repeats` says of it."""
    return take(
        a, np.repeat(np.arange(np.size(a) if axis is None else tensor(a)._array.shape[axis]), host(repeats)), axis
    )


@numpy_function
def roll(a: Any, shift: Any, axis: Any = None) -> Any:
    """Elements moved on by `shift`, those beyond the end to the start."""
    if axis is None:
        return reshape(roll(ravel(a), shift, 0), tensor(a)._array.shape)
    return wrap(OPS["roll"](tensor(a), shift, axis))


@numpy_function
def flip(m: Any, axis: Any = None) -> Any:
    """The order of elements reversed along the axes, all by default."""
    x = tensor(m)
    axes = range(x._array.ndim) if axis is None else np.atleast_1d(axis)
    return wrap(OPS["reverse"](x, [int(k) % x._array.ndim for k in axes]))


@numpy_function
def fliplr(m: Any) -> Any:
    """Columns reversed."""
    return flip(m, 1)


@numpy_function
def flipud(m: Any) -> Any:
    """Rows reversed."""
    return flip(m, 0)


@numpy_function
def pad(array: Any, pad_width: Any, mode: str = "constant", constant_values: Any = 0) -> Any:
    """Wider by `pad_width` at the ends of each axis. mode: "constant", "reflect", "symmetric", "edge" or "wrap"."""
    x = wrap(tensor(array))
    widths = np.broadcast_to(np.asarray(host(pad_width)), (x.ndim, 2))
    if mode == "constant":
        return wrap(OPS["pad"](x._tensor, widths.tolist(), "CONSTANT", constant_values))
    for axis, (before, after) in enumerate(widths.tolist()):
        x = take(x, np.pad(np.arange(x.shape[axis]), (before, after), mode), axis)  # type: ignore[call-overload]
    return x


@numpy_function
def take(a: Any, indices: Any, axis: Any = None) -> Any:
    """Elements (axis None), or slices along an axis, at `indices`; negative ones count from the end."""
    x, places = tensor(a), np.asarray(host(indices))
    if axis is None:
        return wrap(part(OPS["reshape"](x, (-1,)), places))
    size = x._array.shape[axis]
    if places.size and not (-size <= places.min() and places.max() < size):
        raise IndexError(f"take: index out of bounds for axis {axis} with size {size}")
    return wrap(OPS["gather"](x, places % max(size, 1), axis=axis % x._array.ndim))


@numpy_function
def take_along_axis(arr: Any, indices: Any, axis: int) -> Any:
    """Along `axis` the elements at `indices`, of which each line has its own."""
    x, places = wrap(tensor(arr)), np.asarray(host(indices))
    grid: list[Any] = list(np.ogrid[tuple(slice(n) for n in places.shape)])
    grid[axis] = places
    return x[tuple(grid)]


@numpy_function
def diag(v: Any, k: int = 0) -> Any:
    """A vector as the diagonal of a matrix, or the diagonal of a matrix."""
    x = tensor(v)
    return wrap(OPS["diag"](x, k=k)) if x._array.ndim < 2 else diagonal(v, k)


@numpy_function
def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The elements (i, i + offset) of two axes, along a new last axis."""
    x = moveaxis(a, (axis1, axis2), (-2, -1))
    rows, columns = x.shape[-2:]
    count = max(0, min(rows + min(offset, 0), columns - max(offset, 0)))
    along = np.arange(count)
    return x[(Ellipsis, along - min(offset, 0), along + max(offset, 0))]


@numpy_function
def trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The sum of a diagonal."""
    return FUNCTIONS["sum"](diagonal(a, offset, axis1, axis2), -1)


@numpy_function
def triu(m: Any, k: int = 0) -> Any:
    """Zeros below the k-th diagonal."""
    x = wrap(tensor(m))
    return FUNCTIONS["where"](~np.tri(x.shape[-2], x.shape[-1], k - 1, dtype=bool), x, np.zeros((), x.dtype))


@numpy_function
def tril(m: Any, k: int = 0) -> Any:
    """Zeros above the k-th diagonal."""
    x = wrap(tensor(m))
    return FUNCTIONS["where"](np.tri(x.shape[-2], x.shape[-1], k, dtype=bool), x, np.zeros((), x.dtype))


@numpy_function
def meshgrid(*xi: Any, indexing: str = "xy") -> Any:
    """Coordinate matrices of coordinate vectors."""
    return wrap(list(OPS["meshgrid"](*[tensor(x) for x in xi], indexing=indexing)))


@numpy_function
def sort(a: Any, axis: Any = -1) -> Any:
    """In ascending order; the gradient goes to where each element came from."""
    x = ravel(a) if axis is None else wrap(tensor(a))
    return wrap(OPS["sort"](x._tensor, axis=-1 if axis is None else axis))


def _like(name: str, value: Any) -> Callable[..., Any]:
    def function(a: Any, dtype: Any = None) -> Any:
        x = tensor(a)._array
        return wrap(Tensor(cuda.array_module(x).full(x.shape, value, dtype or x.dtype)))

    function.__name__, function.__doc__ = name, f"NumPy's `{name}`."
    return numpy_function(function)


zeros_like, ones_like, empty_like = _like("zeros_like", 0), _like("ones_like", 1), _like("empty_like", 0)


@numpy_function
def full_like(a: Any, fill_value: Any, dtype: Any = None) -> Any:
    """An array of the shape of `a` that holds `fill_value`, which may have a gradient."""
    x = tensor(a)._array
    return broadcast_to(tensor(fill_value, dtype or x.dtype), x.shape)


@numpy_function
def full(shape: Any, fill_value: Any, dtype: Any = None) -> Any:
    """An array of `shape` that holds `fill_value`, which may have a gradient."""
    return FUNCTIONS["array"](broadcast_to(tensor(fill_value, dtype), shape))
