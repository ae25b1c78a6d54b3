"""NumPy's functions over axes: sums, means, extremes, running sums, and what counts or finds elements."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import cuda
from ..registry import OPS
from ..tensor import Array, Tensor
from .array import FUNCTIONS, axes, cast, host, numpy_function, promoted, tensor, wrap
from .shapes import ravel


def _reduction(name: str, op: str, widen: bool = False, floating: bool = False) -> Callable[..., Any]:
    """widen: integers add up as int64, as in NumPy; floating: they become floats."""

    def function(a: Any, axis: Any = None, dtype: Any = None, out: None = None, keepdims: bool = False) -> Any:
        x = promoted(tensor(a, dtype), floating=floating)[0]
        kind = x._array.dtype.kind
        if widen and dtype is None and kind in "bui" and x._array.dtype.itemsize < 8:
            x = cast(x, np.dtype(np.uint64 if kind == "u" else np.int64))
        return wrap(OPS[op](x, axes(axis), keepdims))

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"NumPy's `{name}` over `axis` (None: all; an int or several), differentiable."
    return numpy_function(function)


sum = _reduction("sum", "reduce_sum", widen=True)
prod = _reduction("prod", "reduce_prod", widen=True)
mean = _reduction("mean", "reduce_mean", floating=True)


def _extreme(name: str, op: str) -> Callable[..., Any]:
    def function(a: Any, axis: Any = None, out: None = None, keepdims: bool = False) -> Any:
        x = tensor(a)
        if not x._array.size and 0 in [x._array.shape[k] for k in (axes(axis) or range(x._array.ndim))]:
            raise ValueError(f"zero-size array to reduction operation {name} which has no identity")
        return wrap(OPS[op](x, axes(axis), keepdims))

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"NumPy's `{name}`; where several elements are equal they share the gradient."
    return numpy_function(function)


max, min = _extreme("max", "reduce_max"), _extreme("min", "reduce_min")
FUNCTIONS["amax"], FUNCTIONS["amin"] = max, min


def _truth_of(name: str, op: str) -> Callable[..., Any]:
    def function(a: Any, axis: Any = None, out: None = None, keepdims: bool = False) -> Any:
        return wrap(OPS[op](FUNCTIONS["logical_not"](FUNCTIONS["logical_not"](a))._tensor, axes(axis), keepdims))

    function.__name__, function.__doc__ = name, f"NumPy's `{name}`: what is not zero is true."
    return numpy_function(function)


all, any = _truth_of("all", "reduce_all"), _truth_of("any", "reduce_any")


@numpy_function
def var(a: Any, axis: Any = None, dtype: Any = None, out: None = None, ddof: int = 0, keepdims: bool = False) -> Any:
    """The variance; `ddof` is subtracted from the number of elements."""
    x = wrap(promoted(tensor(a, dtype), floating=True)[0])
    away = FUNCTIONS["abs"](x - mean(x, axis, keepdims=True))
    total = sum(away * away, axis, keepdims=keepdims)
    return total / (x.size / float(total.size or 1) - ddof)


@numpy_function
def std(a: Any, axis: Any = None, dtype: Any = None, out: None = None, ddof: int = 0, keepdims: bool = False) -> Any:
    """The standard deviation, the root of `var`."""
    return FUNCTIONS["sqrt"](var(a, axis, dtype, None, ddof, keepdims))


@numpy_function
def average(a: Any, axis: Any = None, weights: Any = None) -> Any:
    """The mean, weighted by `weights` of the same shape, or of the axis' length."""
    if weights is None:
        return mean(a, axis)
    x, w = (wrap(t) for t in promoted(a, weights, floating=True))
    if axis is not None and w.ndim == 1 and x.ndim > 1:
        w = w.reshape([-1 if k == axis % x.ndim else 1 for k in range(x.ndim)])
    w = FUNCTIONS["broadcast_to"](w, x.shape)
    return sum(x * w, axis) / sum(w, axis)


@numpy_function
def median(a: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The middle element of those sorted, or the mean of the two."""
    x = ravel(a) if axis is None else FUNCTIONS["moveaxis"](a, axis, -1)
    x = wrap(OPS["sort"](promoted(x, floating=True)[0]))
    half = x.shape[-1] // 2
    made = x[..., half] if x.shape[-1] % 2 else (x[..., half - 1] + x[..., half]) / 2.0
    if not keepdims:
        return made
    return (
        FUNCTIONS["reshape"](made, (1,) * np.ndim(tensor(a)._array))
        if axis is None
        else made[..., None].swapaxes(-1, axis)
    )


def _running(name: str, op: str) -> Callable[..., Any]:
    def function(a: Any, axis: Any = None) -> Any:
        x = tensor(ravel(a) if axis is None else a)
        return wrap(OPS[op](cast(x, np.dtype(np.int64)) if x._array.dtype.kind == "b" else x, axis or 0))

    function.__name__, function.__doc__ = name, f"NumPy's `{name}` along `axis` (None: of all in one dimension)."
    return numpy_function(function)


cumsum, cumprod = _running("cumsum", "cumsum"), _running("cumprod", "cumprod")


@numpy_function
def diff(a: Any, n: int = 1, axis: int = -1) -> Any:
    """Differences of neighbours along an axis, `n` times."""
    x = FUNCTIONS["moveaxis"](a, axis, -1)
    for _ in range(n):
        x = x[..., 1:] - x[..., :-1]
    return FUNCTIONS["moveaxis"](x, -1, axis)


@numpy_function
def ptp(a: Any, axis: Any = None) -> Any:
    """The largest less the smallest."""
    return max(a, axis) - min(a, axis)


@numpy_function
def argsort(a: Any, axis: Any = -1) -> Any:
    """The indices that would sort, equal elements in their order."""
    return wrap(cast(OPS["argsort"](tensor(ravel(a) if axis is None else a), -1 if axis is None else axis), _INT))


_INT = np.dtype(np.int64)


def _position(name: str) -> Callable[..., Any]:
    def function(a: Any, axis: Any = None) -> Any:
        return wrap(OPS[name](tensor(ravel(a) if axis is None else a), axis or 0))

    function.__name__, function.__doc__ = name, f"NumPy's `{name}`: the first index of the extreme."
    return numpy_function(function)


argmax, argmin = _position("argmax"), _position("argmin")


def _found(name: str) -> Callable[..., Any]:
    """A function whose result has a shape of its own, or no gradient: NumPy's or CuPy's own, on the values."""

    def function(*args: Any, **kwargs: Any) -> Any:
        arrays = [a._array for a in args if isinstance(a, Array)]
        module = cuda.array_module(*arrays)
        for a in args:
            if isinstance(a, Array):
                a._read(name) if module is np else None
        made = getattr(module, name)(*[a._array if isinstance(a, Array) else host(a) for a in args], **kwargs)
        if isinstance(made, (tuple, list)):
            return tuple([wrap(Tensor(m)) for m in made])
        return (
            wrap(Tensor(np.asarray(made) if isinstance(made, np.generic) else made)) if hasattr(made, "dtype") else made
        )

    function.__name__, function.__doc__ = name, f"NumPy's `{name}`, of values: no gradient."
    return numpy_function(function)


_FOUND = """
    nonzero flatnonzero argwhere unique bincount histogram searchsorted digitize isin count_nonzero array_equal allclose
    isclose lexsort percentile quantile array_equiv unravel_index ravel_multi_index
"""
for _name in _FOUND.split():
    _found(_name)


@numpy_function
def size(a: Any, axis: Any = None) -> int:
    """The number of elements, in all or along an axis."""
    x = tensor(a)._array
    return int(x.size if axis is None else x.shape[axis])


@numpy_function
def shape(a: Any) -> tuple[int, ...]:
    """The sizes of the axes."""
    return tuple(tensor(a)._array.shape)


@numpy_function
def ndim(a: Any) -> int:
    """The number of axes."""
    return int(tensor(a)._array.ndim)
