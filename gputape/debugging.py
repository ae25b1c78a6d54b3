"""tf.debugging: checks of values, shapes and dtypes that raise when they do not hold.

Checks of values are effects, so a recorded function makes them at every call. Shapes and dtypes are known when Python
runs, so their checks are made there and then. Exceptions are TensorFlow's: InvalidArgumentError for values, ValueError
for shapes, TypeError for dtypes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import ml_dtypes
import numpy as np

from . import dtypes, printing
from .cuda import to_host
from .dtypes import DType, as_dtype
from .errors import InvalidArgumentError
from .numerics import not_finite
from .op import effect
from .ops.shape import static
from .registry import OPS
from .tensor import Array, as_tensor

# -- values


@effect(on_host=True)
def check_pairs(  # type: ignore[no-untyped-def]
    xp, targets, x, y, *, how, title, sign, message, summarize, rtol=None, atol=None
):
    """Raise InvalidArgumentError unless `how(x, y)` holds for all pairs of elements."""
    a, b = to_host(x), to_host(y)
    try:
        holds = np.asarray(how(a, b) if rtol is None else how(a, b, rtol, atol))
    except ValueError:
        raise InvalidArgumentError(
            f"{title}: x {list(a.shape)} and y {list(b.shape)} do not broadcast together"
        ) from None
    if holds.all():
        return
    shown = 3 if summarize is None else summarize
    first = np.argwhere(~holds)[: shown if shown >= 0 else None]
    a, b = np.broadcast_to(a, holds.shape), np.broadcast_to(b, holds.shape)
    where = tuple(first.T)
    lines = [
        *([message] if message else []),
        f"Condition x {sign} y did not hold: {title}, x of shape {list(x.shape)}, y of shape {list(y.shape)}.",
        f"Indices of first {shown} different values:",
        printing.print_format(first, shown),
        "Corresponding x values:",
        printing.print_format(a[where], shown),
        "Corresponding y values:",
        printing.print_format(b[where], shown),
    ]
    raise InvalidArgumentError("\n".join(lines))


def _pair(x: Any, y: Any) -> tuple[Any, Any]:
    """Both as tensors of one dtype: that of the operand which has one."""
    if isinstance(x, Array) or not isinstance(y, Array):
        x = as_tensor(x)
        return x, as_tensor(y, x._array.dtype)
    return as_tensor(x, y._array.dtype), y


def _check(name: str, how: Any, sign: str, x: Any, y: Any, message: Any, summarize: Any) -> None:
    x, y = _pair(x, y)
    if x.dtype != y.dtype:
        raise InvalidArgumentError(f"{name}: x is {x.dtype.name}, y is {y.dtype.name}: use tf.cast")
    check_pairs(x, y, how=how, title=name, sign=sign, message=message, summarize=summarize)


def assert_equal(
    x: Any, y: Any, message: str | None = None, summarize: int | None = None, name: str | None = None
) -> None:
    """Raise InvalidArgumentError unless `x == y` element by element, broadcast. Reference: tf.debugging.assert_equal.

    summarize: how many of the elements that differ to show; default 3, -1 for all.

    >>> import gputape as tf
    >>> tf.debugging.assert_equal([1, 2], [1, 2])
    >>> tf.debugging.assert_equal([1, 2], [1, 3])
    Traceback (most recent call last):
    ...
    gputape.errors.InvalidArgumentError: Condition x == y did not hold: ...
    """
    _check("assert_equal", np.equal, "==", x, y, message, summarize)


def assert_none_equal(
    x: Any, y: Any, summarize: int | None = None, message: str | None = None, name: str | None = None
) -> None:
    """Raise InvalidArgumentError if `x == y` for any pair of elements."""
    _check("assert_none_equal", np.not_equal, "!=", x, y, message, summarize)


def assert_less(
    x: Any, y: Any, message: str | None = None, summarize: int | None = None, name: str | None = None
) -> None:
    """Raise InvalidArgumentError unless `x < y` element by element."""
    _check("assert_less", np.less, "<", x, y, message, summarize)


def assert_less_equal(
    x: Any, y: Any, message: str | None = None, summarize: int | None = None, name: str | None = None
) -> None:
    """Raise InvalidArgumentError unless `x <= y` element by element."""
    _check("assert_less_equal", np.less_equal, "<=", x, y, message, summarize)


def assert_greater(
    x: Any, y: Any, message: str | None = None, summarize: int | None = None, name: str | None = None
) -> None:
    """Raise InvalidArgumentError unless `x > y` element by element."""
    _check("assert_greater", np.greater, ">", x, y, message, summarize)


def assert_greater_equal(
    x: Any, y: Any, message: str | None = None, summarize: int | None = None, name: str | None = None
) -> None:
    """Raise InvalidArgumentError unless `x >= y` element by element."""
    _check("assert_greater_equal", np.greater_equal, ">=", x, y, message, summarize)


def assert_negative(x: Any, message: str | None = None, summarize: int | None = None, name: str | None = None) -> None:
    """Raise InvalidArgumentError unless every element is below 0."""
    _check("assert_negative", np.less, "<", x, 0, message, summarize)


def assert_positive(x: Any, message: str | None = None, summarize: int | None = None, name: str | None = None) -> None:
    """Raise InvalidArgumentError unless every element is above 0."""
    _check("assert_positive", np.greater, ">", x, 0, message, summarize)


def assert_non_negative(
    x: Any, message: str | None = None, summarize: int | None = None, name: str | None = None
) -> None:
    """Raise InvalidArgumentError unless every element is at least 0."""
    _check("assert_non_negative", np.greater_equal, ">=", x, 0, message, summarize)


def assert_non_positive(
    x: Any, message: str | None = None, summarize: int | None = None, name: str | None = None
) -> None:
    """Raise InvalidArgumentError unless every element is at most 0."""
    _check("assert_non_positive", np.less_equal, "<=", x, 0, message, summarize)


def assert_near(
    x: Any,
    y: Any,
    rtol: float | None = None,
    atol: float | None = None,
    message: str | None = None,
    summarize: int | None = None,
    name: str | None = None,
) -> None:
    """Raise InvalidArgumentError unless `|x - y| <= atol + rtol * |y|`; both default to 10 times the dtype's epsilon."""
    x, y = _pair(x, y)
    if x.dtype != y.dtype:
        raise InvalidArgumentError(f"assert_near: x is {x.dtype.name}, y is {y.dtype.name}: use tf.cast")
    if x._array.dtype not in dtypes.DIFFERENTIABLE:
        raise TypeError(f"assert_near: x and y are {x.dtype.name}, they must be floating point or complex")
    epsilon = 10 * float(ml_dtypes.finfo(x.dtype.real_dtype.numpy).eps)
    check_pairs(
        x, y, how=_near, title="assert_near", sign="is within tolerance of", message=message, summarize=summarize,
        rtol=epsilon if rtol is None else float(rtol), atol=epsilon if atol is None else float(atol),
    )  # fmt: skip


def _near(a: Any, b: Any, rtol: float, atol: float) -> Any:
    wide = np.complex128 if a.dtype.kind == "c" else np.float64
    a, b = a.astype(wide), b.astype(wide)
    return abs(a - b) <= atol + rtol * abs(b)


@effect(on_host=True)  # type: ignore[untyped-decorator]
def check_finite(xp: Any, targets: Any, tensor: Any, *, message: Any) -> None:
    """Raise InvalidArgumentError with `message` if `tensor` holds NaN or infinity."""
    found = not_finite(to_host(tensor))  # an effect's body runs where warnings are off
    if found:
        raise InvalidArgumentError(
            f"{message} : Tensor of shape {list(tensor.shape)} had {found} values [Op:CheckNumerics]"
        )


def check_numerics(tensor: Any, message: str, name: str | None = None) -> Any:
    """`tensor` itself; InvalidArgumentError if it holds NaN or infinity. Reference: tf.debugging.check_numerics.

    >>> import gputape as tf
    >>> tf.debugging.check_numerics(tf.constant([1.0, float("nan")]), "loss")
    Traceback (most recent call last):
    ...
    gputape.errors.InvalidArgumentError: loss : Tensor of shape [2] had NaN values [Op:CheckNumerics]
    """
    tensor = as_tensor(tensor)
    if not tensor.dtype.is_floating:
        raise InvalidArgumentError(
            f"check_numerics: tensor is {tensor.dtype.name}, it must be floating point [Op:CheckNumerics]"
        )
    check_finite(tensor, message=message)
    return OPS["identity"](tensor)


def assert_all_finite(x: Any, message: str, name: str | None = None) -> Any:
    """`x` itself; InvalidArgumentError if it holds NaN or infinity."""
    return check_numerics(x, message, name)


# -- shapes


def _rank(name: str, x: Any, holds: Any, wanted: str, message: str | None) -> None:
    shape = tuple(x.shape if hasattr(type(x), "__gputape_op__") else as_tensor(x)._array.shape)
    if not holds(len(shape)):
        raise ValueError(
            f"{message + '. ' if message else ''}{name}: Tensor x must have rank {wanted}. Received rank {len(shape)}, "
            f"shape {shape}"
        )


def assert_rank(x: Any, rank: Any, message: str | None = None, name: str | None = None) -> None:
    """Raise ValueError unless `x` has `rank` axes.

    >>> import gputape as tf
    >>> tf.debugging.assert_rank(tf.zeros([2, 3]), 2)
    """
    wanted = _integer("assert_rank", rank)
    _rank("assert_rank", x, lambda n: n == wanted, f"{wanted}", message)


def assert_rank_at_least(x: Any, rank: Any, message: str | None = None, name: str | None = None) -> None:
    """Raise ValueError unless `x` has `rank` axes or more."""
    wanted = _integer("assert_rank_at_least", rank)
    _rank("assert_rank_at_least", x, lambda n: n >= wanted, f"at least {wanted}", message)


def assert_rank_in(x: Any, ranks: Sequence[Any], message: str | None = None, name: str | None = None) -> None:
    """Raise ValueError unless the number of axes of `x` is one of `ranks`."""
    wanted = [_integer("assert_rank_in", rank) for rank in ranks]
    _rank("assert_rank_in", x, lambda n: n in wanted, f"in {tuple(wanted)}", message)


def _integer(name: str, rank: Any) -> int:
    value = static(rank)
    if np.ndim(value):
        raise ValueError(f"{name}: rank must be a scalar, got {value}")
    if int(value) != value:
        raise TypeError(f"{name}: rank must be an integer, got {value}")
    return int(value)


def assert_scalar(tensor: Any, name: str | None = None, message: str | None = None) -> Any:
    """`tensor` itself; ValueError unless its shape is ()."""
    tensor = as_tensor(tensor)
    if tensor._array.shape != ():
        raise ValueError(f"{message or ''}Expected scalar shape, saw shape: {tensor.shape}.")
    return tensor


def assert_shapes(
    shapes: Any, data: Any = None, summarize: int | None = None, message: str | None = None, name: str | None = None
) -> None:
    """Raise ValueError unless tensors have the shapes given, where equal names stand for equal sizes.

    shapes: a dict or a list of pairs of tensor and shape. An entry of a shape is a size, a name, None or "." for any
    size; "*" or ... as the first or last entry stands for any number of axes.

    >>> import gputape as tf
    >>> x, y = tf.zeros([2, 3]), tf.zeros([4, 3])
    >>> tf.debugging.assert_shapes([(x, ("N", "D")), (y, ("M", "D"))])
    >>> tf.debugging.assert_shapes([(x, ("N", "D")), (y, ("N", "D"))])
    Traceback (most recent call last):
    ...
    ValueError: assert_shapes: tensor 1 of shape (4, 3), given as ('N', 'D'): N has size 4, but tensor 0 has 2
    """
    pairs = [
        (k.deref() if hasattr(k, "deref") else k, v)
        for k, v in (shapes.items() if isinstance(shapes, dict) else shapes)
    ]
    seen: dict[Any, tuple[int, int]] = {}
    for k, (tensor, pattern) in enumerate(pairs):
        actual = tuple(tensor.shape) if hasattr(tensor, "shape") else tuple(as_tensor(tensor).shape)
        given = tuple(pattern) if isinstance(pattern, (list, tuple, str)) else (pattern,)
        head = f"{message + '. ' if message else ''}assert_shapes: tensor {k} of shape {actual}, given as {given}: "
        named = [(i, entry) for i, entry in enumerate(given) if entry not in (Ellipsis, "*")]
        open_ends = [i for i, entry in enumerate(given) if entry in (Ellipsis, "*")]
        if len(open_ends) > 1 or any(i not in (0, len(given) - 1) for i in open_ends):
            raise ValueError(f"{head}only the first or the last entry may stand for any number of axes")
        if len(actual) < len(named) or (not open_ends and len(actual) != len(named)):
            raise ValueError(
                f"{head}it has rank {len(actual)}, must have {len(named)}{' or more' if open_ends else ''}"
            )
        first = len(actual) - len(named) if open_ends == [0] and named else 0
        for size, (_, entry) in zip(actual[first:], named, strict=False):
            if entry is None or entry == ".":
                continue
            fixed: Any = entry if isinstance(entry, int) else int(entry) if str(entry).isdigit() else None
            expected, of = seen.setdefault(entry, (int(size or 0), k)) if fixed is None else (fixed, -1)
            if size != expected:
                told = (
                    f"{entry} has size {size}, but tensor {of} has {expected}"
                    if of >= 0
                    else f"size {size}, not {expected}"
                )
                raise ValueError(head + told)


# -- dtypes


def assert_type(tensor: Any, tf_type: Any, message: str | None = None, name: str | None = None) -> None:
    """Raise TypeError unless `tensor` has the dtype `tf_type`."""
    tensor, wanted = as_tensor(tensor), as_dtype(tf_type)
    if tensor.dtype != wanted:
        raise TypeError(
            f"{message + '. ' if message else ''}assert_type: tensor must be of type {wanted.name}, it is "
            f"{tensor.dtype.name}"
        )


def assert_integer(x: Any, message: str | None = None, name: str | None = None) -> None:
    """Raise TypeError unless `x` has an integer dtype."""
    x = as_tensor(x)
    if not x.dtype.is_integer:
        raise TypeError(
            f"{message + '. ' if message else ''}assert_integer: x must be of an integer type, it is {x.dtype.name}"
        )


def assert_same_float_dtype(tensors: Any = None, dtype: Any = None) -> DType:
    """The one floating point dtype of `tensors` (float32 if none is given); ValueError if they differ or are no floats."""
    found = None if dtype is None else as_dtype(dtype)
    for k, tensor in enumerate(tensors or ()):
        if tensor is None:
            continue
        given = as_tensor(tensor).dtype
        if found is not None and given != found:
            raise ValueError(f"assert_same_float_dtype: tensor {k} has type {given.name}, expected {found.name}")
        found = given
    found = dtypes.float32 if found is None else found
    if not found.is_floating:
        raise ValueError(f"Expected floating point type, got {found.name}.")
    return found


def is_numeric_tensor(tensor: Any) -> bool:
    """Whether `tensor` is a tensor of numbers: not of bool or string, and not a Python value."""
    return isinstance(tensor, Array) and not (tensor.dtype.is_bool or tensor.dtype == dtypes.string)


def assert_proper_iterable(values: Any) -> None:
    """Raise TypeError if `values` is a tensor, an array or a string, which iterate over something unexpected."""
    if isinstance(values, (Array, np.ndarray, bytes, str)) or not isinstance(values, Iterable):
        raise TypeError(f"assert_proper_iterable: expected a list, a tuple or the like, got {type(values).__name__}")


_CHECKS = [
    *(
        assert_equal,
        assert_none_equal,
        assert_less,
        assert_less_equal,
        assert_greater,
        assert_greater_equal,
        assert_near,
    ),
    *(assert_negative, assert_positive, assert_non_negative, assert_non_positive, assert_all_finite, check_numerics),
    *(assert_rank, assert_rank_at_least, assert_rank_in, assert_scalar, assert_shapes, assert_type, assert_integer),
    *(
        assert_same_float_dtype,
        is_numeric_tensor,
        assert_proper_iterable,
    ),
]
NAMES = {
    **{f"tf.debugging.{f.__name__}": f for f in _CHECKS},
    **{f"tf.{f.__name__}": f for f in (assert_equal, assert_less, assert_greater, assert_rank)},
}
