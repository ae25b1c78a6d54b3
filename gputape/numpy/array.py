"""ndarray: a Tensor under NumPy's rules. What makes one, and what turns arguments into tensors of one dtype."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import cuda
from ..record import state
from ..registry import OPS
from ..tensor import Array, Tensor, as_tensor
from ..tensor import constant as _constant

_WEAK = (bool, int, float, complex)  # Python numbers take the dtype of the arrays beside them
FUNCTIONS: dict[str, Callable[..., Any]] = {}  # by NumPy's name: operators, methods and NumPy itself find them here


def numpy_function(f: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator: make `f` known under its own name, to the methods of ndarray and to NumPy's functions of one."""
    FUNCTIONS[f.__name__.rstrip("_")] = f
    return f


class ndarray(Tensor):
    """An array under NumPy's rules: operands of any dtypes, float64 by default, views, assignment to parts.

    It is a gputape tensor too, so tapes follow it and every function of gputape takes it. Assignment to a part writes
    into the memory, as NumPy does; TypeError while a gradient is taken of the array, since a tape may need what was
    there.

    >>> import gputape.numpy as np
    >>> np.array([1, 2]) / 2 + np.array([True, False])
    array([1.5, 1. ])
    """

    __slots__ = ("_tensor",)

    def __init__(self, tensor: Tensor) -> None:
        self._tensor = tensor  # kept alive: recorders know tensors by their identity
        self._array, self._id = tensor._array, tensor._id

    def __gputape_tensor__(self) -> Tensor:
        return self._tensor

    # -- NumPy's attributes
    @property
    def dtype(self) -> Any:
        return self._array.dtype

    @property
    def shape(self) -> Any:
        return self._array.shape

    @property
    def size(self) -> int:
        return int(self._array.size)

    @property
    def T(self) -> Any:
        return FUNCTIONS["transpose"](self)

    @property
    def real(self) -> Any:
        return FUNCTIONS["real"](self)

    @property
    def imag(self) -> Any:
        return FUNCTIONS["imag"](self)

    @property
    def flat(self) -> Any:
        return iter(self.ravel())

    def item(self, *index: Any) -> Any:
        return self._read("item()").item(*index)

    def tolist(self) -> Any:
        return self._read("tolist()").tolist()

    def copy(self) -> Any:
        return FUNCTIONS["array"](self)

    def astype(self, dtype: Any) -> Any:
        """The same numbers in another dtype; gradients flow between floating point dtypes."""
        return FUNCTIONS["array"](self, dtype)

    def reshape(self, *shape: Any) -> Any:
        return FUNCTIONS["reshape"](self, shape[0] if len(shape) == 1 else shape)

    def transpose(self, *axes: Any) -> Any:
        return FUNCTIONS["transpose"](self, axes[0] if len(axes) == 1 else axes or None)

    def flatten(self) -> Any:
        return self.ravel()

    def __getattr__(self, name: str) -> Any:
        """NumPy's other methods are its functions: `x.sum(0)` is `np.sum(x, 0)`."""
        if name in FUNCTIONS and hasattr(np.ndarray, name):
            return lambda *args, **kwargs: FUNCTIONS[name](self, *args, **kwargs)
        raise AttributeError(f"'ndarray' object has no attribute {name!r}")

    # -- parts
    def __getitem__(self, key: Any) -> Any:
        return wrap(part(self._tensor, key))

    def __setitem__(self, key: Any, value: Any) -> None:  # type: ignore[override]
        if any(r.watches([self]) for r in state.stack if hasattr(r, "watches")):
            raise TypeError(
                "ndarray: assignment to a part while a gradient is taken of the array: build it with np.where, "
                "np.concatenate or np.stack"
            )
        module = cuda.array_module(self._array)
        if not cuda.is_device(self._array) and not self._array.flags.writeable:
            self._array = self._array.copy()
            self._tensor = Tensor(self._array)
            self._id = self._tensor._id
        self._array[_raw_key(key)] = module.asarray(tensor(value)._array)

    # -- operators
    def __hash__(self) -> int:
        raise TypeError("unhashable type: 'ndarray'")

    def __divmod__(self, other: Any) -> Any:
        return self // other, self % other

    def __str__(self) -> str:
        return str(self._read("print()"))

    def __repr__(self) -> str:
        return repr(self._read("repr()"))

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """NumPy's ufuncs, and its arrays as left operands: ours of the same name, so that gradients flow."""
        if method == "__call__" and ufunc.__name__ in FUNCTIONS and not kwargs:
            return FUNCTIONS[ufunc.__name__](*inputs)
        plain = [x._read(ufunc.__name__) if isinstance(x, Array) else x for x in inputs]
        return getattr(ufunc, method)(*plain, **kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if function.__name__ in FUNCTIONS and function.__module__ == "numpy":
            return FUNCTIONS[function.__name__](*args, **kwargs)
        return function._implementation(*_plain(args), **_plain(kwargs))


def _plain(value: Any) -> Any:
    if isinstance(value, Array):
        return value._read("a NumPy function")
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    return type(value)(map(_plain, value)) if type(value) in (list, tuple) else value


def _operator(name: str, reflected: bool = False) -> Callable[..., Any]:
    def operate(self: Any, *others: Any) -> Any:
        if others and (others[0] is None or isinstance(others[0], (str, bytes, dict))):
            return NotImplemented
        return FUNCTIONS[name](*others, self) if reflected else FUNCTIONS[name](self, *others)

    return operate


_OPERATORS = {
    **{"add": "add", "sub": "subtract", "mul": "multiply", "truediv": "divide", "floordiv": "floor_divide"},
    **{"mod": "mod", "pow": "power", "matmul": "matmul"},
    **{"and": "bitwise_and", "or": "bitwise_or", "xor": "bitwise_xor"},
}
for _short, _name in _OPERATORS.items():
    setattr(ndarray, f"__{_short}__", _operator(_name))
    setattr(ndarray, f"__r{_short}__", _operator(_name, reflected=True))
for _short, _name in {
    **{"neg": "negative", "abs": "abs", "invert": "invert", "eq": "equal", "ne": "not_equal"},
    **{"lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal"},
}.items():
    setattr(ndarray, f"__{_short}__", _operator(_name))


# -- in and out


def tensor(x: Any, dtype: Any = None) -> Tensor:
    """What the ops are given: a plain Tensor with NumPy's default dtypes (float64, int64), of `dtype` if stated."""
    if isinstance(x, ndarray):
        made = x._tensor
    elif isinstance(x, Array):
        made = as_tensor(x)
    elif isinstance(x, (list, tuple)) and _holds_array(x):
        parts = promoted(*[tensor(v) for v in x])
        made = OPS["stack"](list(parts))
    else:
        made = as_tensor(x if cuda.is_device(x) else np.asarray(x))
    return made if dtype is None else cast(made, np.dtype(dtype))


def _holds_array(values: Any) -> bool:
    return any(isinstance(v, Array) or (isinstance(v, (list, tuple)) and _holds_array(v)) for v in values)


def wrap(made: Any) -> Any:
    """Tensors as ndarrays, also in tuples and lists."""
    if isinstance(made, (tuple, list)):
        return type(made)([wrap(m) for m in made]) if type(made) in (tuple, list) else tuple([wrap(m) for m in made])
    return made if isinstance(made, ndarray) else ndarray(made) if isinstance(made, Tensor) else made


def cast(x: Tensor, dtype: np.dtype[Any]) -> Tensor:
    if x._array.dtype == dtype:
        return x
    if x._array.dtype.kind == "c" and dtype.kind != "c":
        x = OPS["real"](x)
    return OPS["cast"](x, dtype)  # type: ignore[no-any-return]


def promoted(*xs: Any, floating: bool = False) -> tuple[Tensor, ...]:
    """`xs` as tensors of the one dtype that NumPy computes in; floating: of at least a floating point dtype."""
    found = [x if type(x) in _WEAK else tensor(x) for x in xs]
    dtype = np.result_type(*[x if type(x) in _WEAK else x._array.dtype for x in found])
    if floating and dtype.kind in "biu":
        dtype = np.result_type(dtype, np.float16)
    return tuple([cast(tensor(x), dtype) for x in found])


def host(x: Any) -> Any:
    """Shapes, indices and the like as NumPy has them: tensors are read."""
    if isinstance(x, Array):
        return x._read("an index")
    return tuple([host(v) for v in x]) if isinstance(x, (tuple, list)) else x


def axes(axis: Any) -> Any:
    return None if axis is None else [int(a) for a in axis] if isinstance(axis, (tuple, list)) else int(axis)


# -- parts


def _raw_key(key: Any) -> Any:
    if isinstance(key, tuple):
        return tuple([_raw_key(k) for k in key])
    if isinstance(key, slice):
        return slice(*[None if k is None else int(k) for k in (key.start, key.stop, key.step)])
    if isinstance(key, (list, range)):
        return np.asarray(key) if len(key) else np.zeros(0, np.int64)
    return key._array if isinstance(key, Array) else key


def part(x: Tensor, key: Any) -> Any:
    """`x[key]` for every key that NumPy takes: slices are views; arrays and masks become a gather of positions."""
    keys = key if isinstance(key, tuple) else (key,)
    basic = [k is None or k is Ellipsis or isinstance(k, (slice, int, np.integer)) for k in keys]
    if all(basic) and not any(isinstance(k, bool) for k in keys):
        array = x._array
        numbers = [k for k in keys if isinstance(k, (int, np.integer))]
        if numbers:  # IndexError as NumPy's, where TensorFlow's differs; the array's own indexing says it best
            array[_raw_key(keys)]
        clean = tuple([int(k) if isinstance(k, np.integer) else _raw_key(k) for k in keys])
        return OPS["getitem"](x, clean)
    raw = _raw_key(keys)
    positions = np.arange(x._array.size).reshape(x._array.shape)
    found = positions[tuple([cuda.to_host(k) if cuda.is_device(k) else k for k in raw])]
    return OPS["gather"](OPS["reshape"](x, (-1,)), found)


@numpy_function
def array(object: Any, dtype: Any = None, copy: bool = True, ndmin: int = 0) -> Any:
    """A new array of `object`: nested lists, arrays and numbers, float64 and int64 by default, on the default device.

    Gradients flow to tensors in it. `ndmin` puts axes of size one in front.
    """
    made = OPS["identity"](tensor(object, dtype)) if _has_tensors(object) else _constant(tensor(object, dtype))
    if copy and isinstance(object, Array) and made._array is object._array and not _followed(object):
        made = Tensor(made._array.copy())
    while made._array.ndim < ndmin:
        made = OPS["expand_dims"](made, 0)
    return wrap(made)


def _has_tensors(x: Any) -> bool:
    return isinstance(x, Array) or (isinstance(x, (list, tuple)) and _holds_array(x))


def _followed(x: Any) -> bool:
    """Whether a recorder needs to hear of what becomes of `x`."""
    return any(not hasattr(r, "watches") or r.watches([x]) for r in state.stack)


@numpy_function
def asarray(a: Any, dtype: Any = None) -> Any:
    """`a` as an array, itself or a view of its memory where possible."""
    return a if isinstance(a, ndarray) and dtype is None else wrap(tensor(a, dtype))


@numpy_function
def asnumpy(a: Any) -> Any:
    """The value as an array of NumPy itself (a copy if it is on a GPU), CuPy's `asnumpy`."""
    return a.numpy() if isinstance(a, Array) else np.asarray(a)


def made_on_host(name: str) -> Callable[..., Any]:
    """NumPy's function that makes an array of numbers and shapes, its result on the default device."""
    function = getattr(np, name)

    def make(*args: Any, **kwargs: Any) -> Any:
        return wrap(tensor(function(*_plain(args), **_plain(kwargs))))

    make.__name__, make.__doc__ = name, f"NumPy's `{name}`, on the default device."
    return make


_CREATION = "zeros ones empty eye identity arange linspace logspace geomspace tri indices hanning hamming"
for _name in _CREATION.split():
    FUNCTIONS[_name] = made_on_host(_name)
