"""tf.strings.as_string, to_number, format: numbers in print, and strings read as numbers."""

from __future__ import annotations

import functools
import re
from typing import Any

import numpy as np

from .. import printing
from ..dtypes import as_dtype
from ..errors import InvalidArgumentError
from ..op import op, public
from ..ragged.dispatch import FLAT
from ..tensor import Tensor
from .strings import OBJECT, hosted, packed, per_string, text


@op
def shown(xp, x, *, show):
    values = x.astype(np.float64) if x.dtype.kind in "fV" and x.dtype != np.float64 else x
    return packed([show(v).encode() if x.dtype != OBJECT else show(v) for v in values.ravel().tolist()], x.shape)


@public
def as_string(
    input: Any,
    precision: int = -1,
    scientific: bool = False,
    shortest: bool = False,
    width: int = -1,
    fill: str = "",
    name: str | None = None,
) -> Any:
    """The elements of `input` in print: `%d`, `%f` (scientific: `%e`, shortest: `%g`), "true" and "false".

    precision: digits after the point, default 6. width: at least so many places, filled on the left with spaces or, by
    `fill`, with "0"; "-" fills on the right, "+" shows the sign of all numbers. InvalidArgumentError for what the
    dtype does not have.

    >>> import gputape as tf
    >>> tf.strings.as_string([3.1415926, 2.72], precision=2).numpy()
    array([b'3.14', b'2.72'], dtype=object)
    """
    x = hosted(input)
    kind = x.dtype
    if scientific and shortest:
        raise InvalidArgumentError("as_string: Cannot select both scientific and shortest notation")
    if fill not in ("", " ", "0", "-", "+"):
        raise InvalidArgumentError(f'as_string: Fill argument not supported: "{fill}"')
    if precision >= 0 and not (kind.is_floating or kind.is_complex):
        raise InvalidArgumentError(f"as_string: precision not supported for datatype {kind.name}")
    if (scientific or shortest) and not (kind.is_floating or kind.is_complex):
        raise InvalidArgumentError(f"as_string: scientific and shortest format not supported for datatype {kind.name}")
    if kind.is_bool:
        return shown(x, show=lambda v: "true" if v else "false")
    size = f"{fill.strip()}{width}" if width > 0 else ""
    if kind == "string":
        return shown(x, show=lambda v: f"%{size}s".encode() % v)
    if kind.is_integer:
        return shown(x, show=f"%{size}d".__mod__)
    number = f"%{size}{f'.{precision}' if precision >= 0 else ''}{'e' if scientific else 'g' if shortest else 'f'}"
    if kind.is_complex:
        return shown(x, show=lambda v: f"({number},{number})" % (v.real, v.imag))
    return shown(x, show=number.__mod__)


_NUMBER = re.compile(rb"\s*[+-]?(\d+\.?\d*([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?|inf|infinity|nan)\s*", re.IGNORECASE)
_INTEGER = re.compile(rb"\s*[+-]?\d+\s*")
_HEXADECIMAL = re.compile(rb"\s*[+-]?0[xX][0-9a-fA-F]*\.?[0-9a-fA-F]*([pP][+-]?\d+)?\s*")


def _number(value: bytes, dtype: Any) -> Any:
    """The number that a string shows; InvalidArgumentError if it shows none that the dtype holds."""
    if dtype.kind == "f":
        if _NUMBER.fullmatch(value):
            return float(value)
        if _HEXADECIMAL.fullmatch(value):
            return float.fromhex(value.decode())
    elif _INTEGER.fullmatch(value):
        found, limits = int(value), np.iinfo(dtype)
        if limits.min <= found <= limits.max:
            return found
    raise InvalidArgumentError(
        f"string_to_number: could not correctly convert string: {value.decode(errors='replace')} to {dtype} "
        f"[Op:StringToNumber]"
    )


@public
def string_to_number(input: Any, out_type: Any = "float32", name: str | None = None) -> Any:
    """The numbers that strings show, of `out_type`: float32 (default), float64, int32, int64, uint32 or uint64.

    InvalidArgumentError for a string that is no number.

    >>> import gputape as tf
    >>> tf.strings.to_number(["5", "3.0", "-7e1"]).numpy()
    array([  5.,   3., -70.], dtype=float32)
    """
    kind = as_dtype(out_type)
    if kind not in ("float32", "float64", "int32", "int64", "uint32", "uint64"):
        raise InvalidArgumentError(
            f"string_to_number: out_type={kind.name} is not one of float32, float64, int32, int64, uint32, uint64"
        )
    x = text(input, "string_to_number")
    return per_string(x, make=functools.partial(_number, dtype=kind.numpy), dtype=kind.numpy)


@op(mixed=("inputs",))
def formatted(xp, *inputs, parts, summarize):
    shown = [printing.print_format(x if x.ndim else x.reshape(1), summarize) for x in inputs]
    shown = [s if x.ndim else s[1:-1] for s, x in zip(shown, inputs)]
    return packed(["".join([parts[0], *[s + p for s, p in zip(shown, parts[1:])]]).encode()], ())


@public
def string_format(
    template: str, inputs: Any, placeholder: str = "{}", summarize: int = 3, name: str | None = None
) -> Any:
    """`template` with each `placeholder` replaced by a tensor of `inputs` (a tensor or a list), printed as tf.print does.

    ValueError if there are not as many placeholders as tensors.

    >>> import gputape as tf
    >>> tf.strings.format("x is {}", tf.constant([1, 2])).numpy()
    b'x is [1 2]'
    """
    values = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
    parts = tuple(template.split(placeholder))
    if len(parts) - 1 != len(values):
        raise ValueError(
            f"The template expects {len(parts) - 1} tensors, but the inputs only has {len(values)}. Please ensure the "
            f"number of placeholders in template matches inputs length."
        )
    if not values:
        return Tensor(packed([template.encode()], ()))
    return formatted(*[hosted(v) for v in values], parts=parts, summarize=summarize)


FLAT |= {"as_string", "string_to_number"}
NAMES = {
    "tf.as_string": as_string,
    "tf.strings.as_string": as_string,
    "tf.strings.format": string_format,
    "tf.strings.to_number": string_to_number,
}
