"""NumPy's functions of single elements: its names, its promotion of dtypes, gputape's ops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..registry import OPS
from .array import FUNCTIONS, cast, numpy_function, promoted, tensor, wrap

# NumPy's name -> the op. FLOAT functions make floats of integers, the others keep the dtype.
FLOAT = {
    **{n: n for n in ["exp", "expm1", "log", "log1p", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh"]},
    **{"arcsin": "asin", "arccos": "acos", "arctan": "atan", "arcsinh": "asinh", "arccosh": "acosh"},
    **{"arctanh": "atanh"},
}
SAME = {
    **{n: n for n in ["negative", "sign", "square", "floor", "ceil", "rint"]},
    **{"abs": "abs", "absolute": "abs", "fabs": "abs", "conj": "conj", "conjugate": "conj"},
}
FLOAT_PAIRS = {"arctan2": "atan2"}
PAIRS = {
    **{n: n for n in ["add", "subtract", "multiply", "maximum", "minimum"]},
    **{"power": "pow", "floor_divide": "floordiv", "mod": "floormod", "remainder": "floormod"},
}
COMPARISONS = {
    **{n: n for n in ["equal", "not_equal", "less", "less_equal", "greater", "greater_equal"]},
}
TESTS = {"isnan": "is_nan", "isinf": "is_inf", "isfinite": "is_finite"}


def _declare(name: str, op: str, floating: bool, operands: int) -> None:
    def one(x: Any) -> Any:
        return wrap(OPS[op](*promoted(x, floating=floating)))

    def two(x1: Any, x2: Any) -> Any:
        return wrap(OPS[op](*promoted(x1, x2, floating=floating)))

    function: Callable[..., Any] = one if operands == 1 else two
    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"NumPy's `{name}`, differentiable: the op `{op}`."
    FUNCTIONS[name] = function


for _table, _floating, _operands in (
    (FLOAT, True, 1),
    (SAME, False, 1),
    (TESTS, True, 1),
    (FLOAT_PAIRS, True, 2),
    (PAIRS, False, 2),
    (COMPARISONS, False, 2),
):
    for _name, _op in _table.items():
        _declare(_name, _op, _floating, _operands)


@numpy_function
def add(x1: Any, x2: Any) -> Any:
    """The sum; of booleans it is their disjunction, as in NumPy."""
    a, b = promoted(x1, x2)
    return wrap(OPS["logical_or" if a._array.dtype.kind == "b" else "add"](a, b))


@numpy_function
def multiply(x1: Any, x2: Any) -> Any:
    """The product; of booleans it is their conjunction, as in NumPy."""
    a, b = promoted(x1, x2)
    return wrap(OPS["logical_and" if a._array.dtype.kind == "b" else "multiply"](a, b))


@numpy_function
def divide(x1: Any, x2: Any) -> Any:
    """The quotient; of integers and booleans it is float64, however short they are."""
    a, b = promoted(x1, x2)
    if a._array.dtype.kind in "biu":
        a, b = (cast(t, np.dtype(np.float64)) for t in (a, b))
    return wrap(OPS["divide"](a, b))


FUNCTIONS["true_divide"] = divide


@numpy_function
def power(x1: Any, x2: Any) -> Any:
    """x1 ** x2; ValueError for an integer to a negative integer power, as in NumPy."""
    a, b = promoted(x1, x2)
    if type(x2) is int and x2 == 2:
        return wrap(OPS["square"](a))
    if a._array.dtype.kind in "iu" and type(x2) is int and x2 < 0:
        raise ValueError("Integers to negative integer powers are not allowed.")
    return wrap(OPS["pow"](a, b))


def _bits(name: str) -> Callable[..., Any]:
    def function(x1: Any, x2: Any) -> Any:
        a, b = promoted(x1, x2)
        return wrap(OPS[("logical_" if a._array.dtype.kind == "b" else "bitwise_") + name](a, b))

    function.__name__, function.__doc__ = f"bitwise_{name}", f"NumPy's `bitwise_{name}`: logical for booleans."
    return numpy_function(function)


bitwise_and, bitwise_or, bitwise_xor = _bits("and"), _bits("or"), _bits("xor")


@numpy_function
def invert(x: Any) -> Any:
    """Each bit turned; booleans negated."""
    a = tensor(x)
    return wrap(OPS["logical_not" if a._array.dtype.kind == "b" else "bitwise_invert"](a))


def _truth(x: Any) -> Any:
    a = tensor(x)
    return a if a._array.dtype.kind == "b" else OPS["not_equal"](a, OPS["zeros_like"](a))


def _logical(name: str, operands: int) -> Callable[..., Any]:
    def function(*xs: Any) -> Any:
        if len(xs) != operands:
            raise TypeError(f"{name}() takes {operands} arguments, got {len(xs)}")
        return wrap(OPS[name](*[_truth(x) for x in xs]))

    function.__name__, function.__doc__ = name, f"NumPy's `{name}`: what is not zero is true."
    return numpy_function(function)


logical_and, logical_or, logical_xor = (_logical(f"logical_{n}", 2) for n in ("and", "or", "xor"))
logical_not = _logical("logical_not", 1)


@numpy_function
def positive(x: Any) -> Any:
    """The same array."""
    return wrap(tensor(x))


@numpy_function
def reciprocal(x: Any) -> Any:
    """1 / x."""
    return FUNCTIONS["divide"](1, x)


@numpy_function
def exp2(x: Any) -> Any:
    """2 ** x."""
    return FUNCTIONS["exp"](FUNCTIONS["multiply"](x, float(np.log(2.0))))


@numpy_function
def log2(x: Any) -> Any:
    """The logarithm to base 2."""
    return FUNCTIONS["log"](x) / float(np.log(2.0))


@numpy_function
def log10(x: Any) -> Any:
    """The logarithm to base 10."""
    return FUNCTIONS["log"](x) / float(np.log(10.0))


@numpy_function
def logaddexp(x1: Any, x2: Any) -> Any:
    """log(exp(x1) + exp(x2)), without overflow."""
    a, b = (wrap(x) for x in promoted(x1, x2, floating=True))
    return FUNCTIONS["maximum"](a, b) + FUNCTIONS["log1p"](FUNCTIONS["exp"](-abs(a - b)))


@numpy_function
def hypot(x1: Any, x2: Any) -> Any:
    """sqrt(x1^2 + x2^2)."""
    a, b = (wrap(x) for x in promoted(x1, x2, floating=True))
    return FUNCTIONS["sqrt"](a * a + b * b)


@numpy_function
def sinc(x: Any) -> Any:
    """sin(pi x) / (pi x), 1 at 0."""
    a = wrap(promoted(x, floating=True)[0])
    y = FUNCTIONS["where"](FUNCTIONS["equal"](a, 0), 1e-20, a) * float(np.pi)
    return FUNCTIONS["sin"](y) / y


@numpy_function
def deg2rad(x: Any) -> Any:
    """Degrees to radians."""
    return FUNCTIONS["multiply"](x, float(np.pi / 180))


@numpy_function
def rad2deg(x: Any) -> Any:
    """Radians to degrees."""
    return FUNCTIONS["multiply"](x, float(180 / np.pi))


FUNCTIONS["radians"], FUNCTIONS["degrees"] = deg2rad, rad2deg


@numpy_function
def real(val: Any) -> Any:
    """The real part."""
    x = tensor(val)
    return wrap(OPS["real"](x) if x._array.dtype.kind == "c" else x)


@numpy_function
def imag(val: Any) -> Any:
    """The imaginary part; zeros of a real array."""
    x = tensor(val)
    return wrap(OPS["imag"](x) if x._array.dtype.kind == "c" else OPS["zeros_like"](x))


@numpy_function
def angle(z: Any) -> Any:
    """The argument of complex numbers."""
    return wrap(OPS["angle"](*promoted(z, floating=True)))


@numpy_function
def clip(a: Any, a_min: Any = None, a_max: Any = None) -> Any:
    """`a` within [a_min, a_max]; None for no bound."""
    low = a if a_min is None else FUNCTIONS["maximum"](a, a_min)
    return wrap(tensor(low)) if a_max is None else FUNCTIONS["minimum"](low, a_max)


@numpy_function
def where(condition: Any, x: Any = None, y: Any = None) -> Any:
    """Elements of `x` where the condition is true, else of `y`; alone, the indices where it is true."""
    if x is None and y is None:
        return FUNCTIONS["nonzero"](condition)
    return wrap(OPS["where"](_truth(condition), *promoted(x, y)))


@numpy_function
def nan_to_num(x: Any, nan: float = 0.0) -> Any:
    """`nan` in place of NaN, the largest finite numbers in place of infinities."""
    a = wrap(promoted(x, floating=True)[0])
    limits = np.finfo(a.dtype)
    return clip(where(FUNCTIONS["isnan"](a), nan, a), float(limits.min), float(limits.max))


@numpy_function
def round_(a: Any, decimals: int = 0) -> Any:
    """Rounded to `decimals` places, halves to even; its gradient is zero."""
    scale = float(10**decimals)
    return FUNCTIONS["rint"](a) if decimals == 0 else FUNCTIONS["rint"](FUNCTIONS["multiply"](a, scale)) / scale


FUNCTIONS["around"] = round_
