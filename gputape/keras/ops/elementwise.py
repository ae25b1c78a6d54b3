"""keras.ops element by element: arithmetic, comparisons, bits, exponentials, trigonometry, parts of complex numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import gputape as tf

from ..backend import floatx, standardize_dtype
from .promotion import floating, tensor, together


def _named(name: str, doc: str, function: Callable[..., Any]) -> Callable[..., Any]:
    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    return function


def _of_floats(name: str, f: Callable[[Any], Any], doc: str) -> Callable[..., Any]:
    return _named(name, f"{doc}, element by element; integers become floatx.", lambda x: f(floating(x)))


def _of_two(name: str, f: Callable[[Any, Any], Any], doc: str, least: Any = None) -> Callable[..., Any]:
    doc += ", element by element; the operands are broadcast together and promoted to one dtype."
    return _named(name, doc, lambda x1, x2: f(*together(x1, x2, least=least)))


_FLOATS = {
    "arccos": (tf.acos, "The angle whose cosine is x"),
    "arccosh": (tf.acosh, "The number whose hyperbolic cosine is x"),
    "arcsin": (tf.asin, "The angle whose sine is x"),
    "arcsinh": (tf.asinh, "The number whose hyperbolic sine is x"),
    "arctan": (tf.atan, "The angle whose tangent is x"),
    "arctanh": (tf.atanh, "The number whose hyperbolic tangent is x"),
    "cos": (tf.cos, "The cosine of x"),
    "cosh": (tf.cosh, "The hyperbolic cosine of x"),
    "erf": (tf.math.erf, "The error function of x"),
    "erfc": (tf.math.erfc, "1 - erf(x)"),
    "erfinv": (tf.math.erfinv, "The number whose error function is x"),
    "exp": (tf.exp, "e to the power x"),
    "expm1": (tf.math.expm1, "exp(x) - 1, exact near 0"),
    "i0": (tf.math.bessel_i0, "The modified Bessel function of order 0 at x"),
    "log": (tf.math.log, "The natural logarithm of x"),
    "log1p": (tf.math.log1p, "log(1 + x), exact near 0"),
    "rsqrt": (tf.math.rsqrt, "1 / sqrt(x)"),
    "reciprocal": (tf.math.reciprocal, "1 / x"),
    "sin": (tf.sin, "The sine of x"),
    "sinh": (tf.sinh, "The hyperbolic sine of x"),
    "sqrt": (tf.sqrt, "The square root of x"),
    "tan": (tf.tan, "The tangent of x"),
    "tanh": (tf.tanh, "The hyperbolic tangent of x"),
    "exp2": (lambda x: tf.pow(tf.cast(2, x.dtype), x), "2 to the power x"),
    "log2": (lambda x: tf.math.log(x) / math.log(2), "The logarithm of x to base 2"),
    "log10": (lambda x: tf.math.log(x) / math.log(10), "The logarithm of x to base 10"),
    "cbrt": (lambda x: tf.sign(x) * tf.pow(tf.abs(x), 1 / 3), "The cube root of x"),
    "deg2rad": (lambda x: x * (math.pi / 180), "Degrees as radians"),
    "rad2deg": (lambda x: x * (180 / math.pi), "Radians as degrees"),
    "sinc": (lambda x: _sinc(x * math.pi), "sin(pi x) / (pi x), 1 at 0"),
    "angle": (tf.math.angle, "The angle of complex numbers"),
}  # fmt: skip


def _sinc(x: Any) -> Any:
    at_zero = tf.equal(x, 0)
    safe = tf.where(at_zero, tf.ones_like(x), x)
    return tf.where(at_zero, tf.ones_like(x), tf.sin(safe) / safe)


def _log_of_sum(x1: Any, x2: Any, base: float = math.e) -> Any:
    scale = math.log(base)
    far = tf.math.log1p(tf.exp(-tf.abs(x1 - x2) * scale)) / scale
    return tf.where(tf.equal(x1, x2), x1 + math.log(2) / scale, tf.maximum(x1, x2) + far)


def _remainder(x1: Any, x2: Any) -> Any:
    if x1.dtype == "bool":
        x1, x2 = tf.cast(x1, "int32"), tf.cast(x2, "int32")
    return tf.math.floormod(x1, x2)


def _product(x1: Any, x2: Any) -> Any:
    return tf.logical_and(x1, x2) if x1.dtype == "bool" else tf.multiply(x1, x2)


def _bools(f: Callable[..., Any], of_bools: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x1, x2: of_bools(x1, x2) if x1.dtype == "bool" else f(x1, x2)


def _of_ints(f: Callable[..., Any]) -> Callable[..., Any]:
    """`f` of operands among which bools are int32."""
    return lambda *xs: f(*[tf.cast(x, "int32") if x.dtype == "bool" else x for x in xs])


def _quiet(f: Callable[..., Any]) -> Callable[..., Any]:
    """`f` of two that takes the other one where one is NaN."""
    return lambda x1, x2: (
        tf.where(tf.math.is_nan(x1), x2, tf.where(tf.math.is_nan(x2), x1, f(x1, x2)))
        if x1.dtype.is_floating
        else f(x1, x2)
    )


def _fmod(x1: Any, x2: Any) -> Any:
    return tf.truncatemod(*[tf.cast(x, "int32") if x.dtype == "bool" else x for x in (x1, x2)])


def _gcd(x1: Any, x2: Any) -> Any:
    """Euclid's algorithm, for as many steps as the longest numbers of the dtype can need."""
    a, b = (tf.cast(tf.abs(x) if not x.dtype.is_unsigned else x, x.dtype) for x in (x1, x2))
    a, b = a + tf.zeros_like(b), b + tf.zeros_like(a)
    for _ in range({1: 13, 2: 24, 4: 47, 8: 93}[a.dtype.size]):
        rest = tf.where(tf.equal(b, 0), b, tf.math.floormod(a, tf.where(tf.equal(b, 0), tf.ones_like(b), b)))
        a, b = tf.where(tf.equal(b, 0), a, b), rest
    return a


def _lcm(x1: Any, x2: Any) -> Any:
    a, b = (x if x.dtype.is_unsigned else tf.abs(x) for x in (x1, x2))
    common = _gcd(a, b)
    return tf.where(tf.equal(common, 0), common, a // tf.maximum(common, tf.ones_like(common)) * b)


_TWO = {
    "add": (_bools(tf.add, tf.logical_or), "x1 + x2"),
    "subtract": (tf.subtract, "x1 - x2"),
    "multiply": (_product, "x1 * x2"),
    "floor_divide": (_of_ints(tf.math.floordiv), "x1 / x2 rounded down"),
    "mod": (_remainder, "The remainder of x1 / x2, of the sign of x2"),
    "fmod": (_fmod, "The remainder of x1 / x2, of the sign of x1"),
    "maximum": (_bools(tf.maximum, tf.logical_or), "The larger one"),
    "minimum": (_bools(tf.minimum, tf.logical_and), "The smaller one"),
    "fmax": (_quiet(_bools(tf.maximum, tf.logical_or)), "The larger one, or the one that is no NaN"),
    "fmin": (_quiet(_bools(tf.minimum, tf.logical_and)), "The smaller one, or the one that is no NaN"),
    "equal": (tf.equal, "Whether x1 == x2"),
    "not_equal": (tf.not_equal, "Whether x1 != x2"),
    "greater": (_of_ints(tf.greater), "Whether x1 > x2"),
    "greater_equal": (_of_ints(tf.greater_equal), "Whether x1 >= x2"),
    "less": (_of_ints(tf.less), "Whether x1 < x2"),
    "less_equal": (_of_ints(tf.less_equal), "Whether x1 <= x2"),
    "gcd": (_of_ints(_gcd), "The greatest common divisor"),
    "lcm": (_of_ints(_lcm), "The least common multiple"),
    "bitwise_and": (_bools(tf.bitwise.bitwise_and, tf.logical_and), "The bits set in both"),
    "bitwise_or": (_bools(tf.bitwise.bitwise_or, tf.logical_or), "The bits set in one or both"),
    "bitwise_xor": (_bools(tf.bitwise.bitwise_xor, tf.math.logical_xor), "The bits set in one only"),
    "bitwise_left_shift": (_of_ints(tf.bitwise.left_shift), "x1 shifted to the left by x2 bits"),
    "bitwise_right_shift": (_of_ints(tf.bitwise.right_shift), "x1 shifted to the right by x2 bits"),
}  # fmt: skip
_TWO_FLOATS = {
    "divide": (tf.divide, "x1 / x2"),
    "divide_no_nan": (tf.math.divide_no_nan, "x1 / x2, 0 where x2 is 0"),
    "arctan2": (tf.math.atan2, "The angle of the point (x2, x1)"),
    "hypot": (lambda a, b: _hypot(tf.abs(a), tf.abs(b)), "sqrt(x1² + x2²)"),
    "logaddexp": (_log_of_sum, "log(exp(x1) + exp(x2))"),
    "logaddexp2": (lambda a, b: _log_of_sum(a, b, 2.0), "log2(2**x1 + 2**x2)"),
    "nextafter": (tf.math.nextafter, "The next number after x1 towards x2"),
    "heaviside": (
        lambda x, at_zero: tf.where(tf.equal(x, 0), at_zero, tf.where(x < 0, tf.zeros_like(x), tf.ones_like(x))),
        "0 where x1 < 0, x2 where x1 is 0, 1 elsewhere",
    ),
}  # fmt: skip


def _hypot(a: Any, b: Any) -> Any:
    larger = tf.maximum(a, b)
    ratio = tf.math.divide_no_nan(tf.minimum(a, b), larger)
    return larger * tf.sqrt(1 + ratio * ratio)


def power(x1, x2):
    """x1 to the power x2, element by element; bools count as int32."""
    a, b = together(x1, x2)
    return tf.pow(*[tf.cast(x, "int32") if x.dtype == "bool" else x for x in (a, b)])


def absolute(x):
    """The distance of x from 0."""
    x = tensor(x)
    return x if x.dtype.is_bool or x.dtype.is_unsigned else tf.abs(x)


def negative(x):
    """-x."""
    return tf.negative(tensor(x))


def square(x):
    """x * x; bools count as int32."""
    x = tensor(x)
    return tf.square(tf.cast(x, "int32") if x.dtype == "bool" else x)


def sign(x):
    """-1, 0 or 1; of bools as int32."""
    x = tensor(x)
    if x.dtype.is_unsigned:
        return tf.cast(tf.not_equal(x, 0), x.dtype)
    return tf.sign(tf.cast(x, "int32") if x.dtype == "bool" else x)


def _rounded(f: Callable[[Any], Any], x: Any) -> Any:
    x = tensor(x)
    return f(x) if x.dtype.is_floating else tf.cast(x, floatx())


def ceil(x):
    """The least whole number >= x; integers become floatx."""
    return _rounded(tf.math.ceil, x)


def floor(x):
    """The greatest whole number <= x; integers become floatx."""
    return _rounded(tf.floor, x)


def trunc(x):
    """x without its fraction; integers stay."""
    x = tensor(x)
    if not x.dtype.is_floating:
        return x
    return tf.where(x < 0, tf.math.ceil(x), tf.floor(x))


def round_(x, decimals=0):
    """x rounded to `decimals` places, halves to even.

    >>> from gputape import keras
    >>> keras.ops.round([1.25, 2.5], 1).numpy()
    array([1.2, 2.5], dtype=float32)
    """
    x = tensor(x)
    if not x.dtype.is_floating:
        if decimals >= 0:
            return tf.cast(x, "int32") if x.dtype == "bool" else x
        return tf.cast(round_(tf.cast(x, floatx()), decimals), x.dtype)
    factor = 10.0**decimals
    return tf.round(x) if decimals == 0 else tf.round(x * factor) / factor


def clip(x, x_min, x_max):
    """x cut to [x_min, x_max]; bools count as int32."""
    x = tensor(x)
    x = tf.cast(x, "int32") if x.dtype == "bool" else x
    return tf.clip_by_value(x, tensor(x_min, x.dtype), tensor(x_max, x.dtype))


def fabs(x):
    """The distance of x from 0, as floats."""
    return tf.abs(floating(x))


def logical_and(x1, x2):
    """Whether both are true (not 0)."""
    return tf.logical_and(tensor(x1, "bool"), tensor(x2, "bool"))


def logical_or(x1, x2):
    """Whether one or both are true (not 0)."""
    return tf.logical_or(tensor(x1, "bool"), tensor(x2, "bool"))


def logical_xor(x1, x2):
    """Whether one only is true (not 0)."""
    return tf.math.logical_xor(tensor(x1, "bool"), tensor(x2, "bool"))


def logical_not(x):
    """Whether x is false (0)."""
    return tf.logical_not(tensor(x, "bool"))


def bitwise_not(x):
    """All bits inverted."""
    x = tensor(x)
    return tf.logical_not(x) if x.dtype == "bool" else tf.bitwise.invert(x)


def isnan(x):
    """Whether x is NaN."""
    return tf.math.is_nan(floating(x))


def isinf(x):
    """Whether x is infinite."""
    return tf.math.is_inf(floating(x))


def isfinite(x):
    """Whether x is neither NaN nor infinite."""
    return tf.math.is_finite(floating(x))


def isposinf(x):
    """Whether x is infinity."""
    return tf.equal(floating(x), float("inf"))


def isneginf(x):
    """Whether x is minus infinity."""
    return tf.equal(floating(x), float("-inf"))


def isreal(x):
    """Whether the imaginary part is 0."""
    x = tensor(x)
    return tf.equal(tf.math.imag(x), 0) if x.dtype.is_complex else tf.ones_like(x, "bool")


def signbit(x):
    """Whether the sign is minus, which -0.0 has too."""
    x = tensor(x)
    if not x.dtype.is_floating:
        return tf.zeros_like(x, "bool") if x.dtype == "bool" else tf.less(x, 0)
    return tf.bitcast(x, f"int{8 * x.dtype.size}") < 0


def isclose(x1, x2, rtol=1e-5, atol=1e-8, equal_nan=False):
    """Whether |x1 - x2| <= atol + rtol * |x2|."""
    x1, x2 = together(x1, x2)
    if not (x1.dtype.is_floating or x1.dtype.is_complex):
        x1, x2 = floating(x1), floating(x2)
    size = tf.abs(x2)
    near = tf.abs(x1 - x2) <= atol + rtol * size
    made = tf.logical_or(tf.equal(x1, x2), tf.logical_and(near, tf.math.is_finite(size)))
    if equal_nan:
        made = tf.logical_or(made, tf.logical_and(tf.math.is_nan(x1), tf.math.is_nan(x2)))
    return made


def allclose(x1, x2, rtol=1e-5, atol=1e-8, equal_nan=False):
    """Whether all elements are close, as `isclose` says."""
    return tf.reduce_all(isclose(x1, x2, rtol, atol, equal_nan))


def nan_to_num(x, nan=0.0, posinf=None, neginf=None):
    """x with numbers in the place of NaN, infinity (default: the dtype's largest number) and minus infinity."""
    x = tensor(x)
    if not x.dtype.is_floating:
        return x
    x = tf.where(tf.math.is_nan(x), tf.cast(nan, x.dtype), x)
    limits = (x.dtype.max if posinf is None else posinf, x.dtype.min if neginf is None else neginf)
    x = tf.where(tf.equal(x, float("inf")), tf.cast(float(limits[0]), x.dtype), x)
    return tf.where(tf.equal(x, float("-inf")), tf.cast(float(limits[1]), x.dtype), x)


def ldexp(x1, x2):
    """x1 * 2 ** x2 for integers x2."""
    x1, x2 = floating(x1), tensor(x2)
    if not x2.dtype.is_integer:
        raise TypeError(f"ldexp exponent must be an integer type. Received: x2 dtype={standardize_dtype(x2.dtype)}")
    return x1 * tf.pow(tf.cast(2, x1.dtype), tf.cast(x2, x1.dtype))


def conjugate(x):
    """x with the sign of its imaginary part turned."""
    return tf.math.conj(tensor(x))


def real(x):
    """The real part."""
    x = tensor(x)
    return tf.math.real(x) if x.dtype.is_complex else x


def imag(x):
    """The imaginary part, 0 of real numbers."""
    x = tensor(x)
    return tf.math.imag(x) if x.dtype.is_complex else tf.zeros_like(x)


def polar(abs_, angle):
    """The complex numbers of these absolute values and angles."""
    size, at = together(abs_, angle, least=float)
    return tf.complex(size * tf.cos(at), size * tf.sin(at))


def view_as_complex(x):
    """Pairs of floats in the last axis (size 2) as complex numbers."""
    x = tensor(x)
    if not x.shape or x.shape[-1] != 2:
        raise ValueError(f"Last dimension of input must be size 2 (real and imaginary). Received shape: {x.shape}")
    return tf.complex(x[..., 0], x[..., 1])


def view_as_real(x):
    """Complex numbers as pairs of floats in a new last axis."""
    x = tensor(x)
    return tf.stack([tf.math.real(x), tf.math.imag(x)], -1)


_PUBLIC = (
    power, absolute, negative, square, sign, ceil, floor, trunc, clip, fabs, logical_and, logical_or, logical_xor,
    logical_not, bitwise_not, isnan, isinf, isfinite, isposinf, isneginf, isreal, signbit, isclose, allclose,
    nan_to_num, ldexp, conjugate, real, imag, polar, view_as_complex, view_as_real,
)  # fmt: skip
NAMES: dict[str, Callable[..., Any]] = {
    **{name: _of_floats(name, f, doc) for name, (f, doc) in _FLOATS.items()},
    **{name: _of_two(name, f, doc) for name, (f, doc) in _TWO.items()},
    **{name: _of_two(name, f, doc, float) for name, (f, doc) in _TWO_FLOATS.items()},
    **{f.__name__: f for f in _PUBLIC},
    "abs": absolute,
    "round": round_,
    "conj": conjugate,
    "bitwise_invert": bitwise_not,
}
NAMES |= {
    "true_divide": NAMES["divide"],
    "left_shift": NAMES["bitwise_left_shift"],
    "right_shift": NAMES["bitwise_right_shift"],
}
