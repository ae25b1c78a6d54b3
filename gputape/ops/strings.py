"""tf.strings: strings one by one, cut, and joined.

A tensor of tf.string is an object array of bytes, always on the host. Units are bytes unless said otherwise.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import nest
from ..cuda import is_device, to_host
from ..errors import InvalidArgumentError, OutOfRangeError
from ..op import op, public
from ..ragged.dispatch import FLAT, ragged
from ..ragged.ragged_tensor import RaggedTensor
from ..registry import OPS
from ..tensor import Array, OperandError, Tensor, as_tensor, placed
from .shape import static, static_shape

OBJECT = np.dtype(object)
_OUT = re.compile(rb"[^\x80-\xbf][\x80-\xbf]*|[\x80-\xbf]+")  # one UTF-8 character, or bytes that begin none


def text(value: Any, name: str) -> Any:
    """`value` as a tensor of tf.string; the op's `name` is for the error that other dtypes raise."""
    if isinstance(value, (str, bytes, list, tuple)):
        leaves = nest.flatten(value)
        if leaves and all(isinstance(v, (str, bytes)) for v in leaves):
            value = np.array(value, object)
        elif not leaves:
            value = np.array(value, object).astype(object)
    x = as_tensor(value)
    if x._array.dtype != OBJECT:
        told = f"{name}: input is {x.dtype.name}, it must be string; use tf.as_string"
        if isinstance(value, Array):
            raise InvalidArgumentError(f"cannot compute {told} [Op:{name}]")
        raise OperandError(f"Cannot convert {value!r} to a tensor of dtype string: {told}")
    return x


def packed(values: Any, shape: Any, dtype: Any = OBJECT) -> Any:
    """A list of values as an array; bytes stay bytes objects."""
    made = np.empty(len(values), dtype)
    made[:] = values
    return made.reshape(shape)


@op
def per_string(xp, x, *, make, dtype=OBJECT):
    """`make` of each string (bytes) of `x`, an array of `dtype`."""
    return placed(packed([make(v) for v in x.ravel().tolist()], x.shape, dtype))


@op
def on_host(xp, x):
    """`x` where strings are: ops of strings and numbers work on the host."""
    return to_host(x)


def hosted(value: Any) -> Any:
    """`value` as a tensor on the host."""
    x = as_tensor(value)
    return on_host(x) if is_device(x._array) else x


def _unit(name: str, unit: str) -> bool:
    """Whether lengths and places count characters rather than bytes."""
    if unit not in ("BYTE", "UTF8_CHAR"):
        raise InvalidArgumentError(f'{name}: unit={unit!r} is not in the list of allowed values: "BYTE", "UTF8_CHAR"')
    return unit == "UTF8_CHAR"


def _cased(name: str, input: Any, encoding: str, of_bytes: Any, of_text: Any) -> Any:
    if encoding not in ("", "utf-8"):
        raise InvalidArgumentError(f"{name}: only utf-8 or '' (no encoding) is supported, received {encoding}")
    if not encoding:
        return per_string(text(input, name), make=of_bytes)
    return per_string(text(input, name), make=lambda v: of_text(v.decode(errors="replace")).encode())


@public
def string_lower(input: Any, encoding: str = "", name: str | None = None) -> Any:
    """`input` in lower case: ASCII letters, or with encoding="utf-8" all of Unicode's.

    >>> import gputape as tf
    >>> tf.strings.lower("CamelCase").numpy()
    b'camelcase'
    """
    return _cased("string_lower", input, encoding, bytes.lower, str.lower)


@public
def string_upper(input: Any, encoding: str = "", name: str | None = None) -> Any:
    """`input` in upper case: ASCII letters, or with encoding="utf-8" all of Unicode's."""
    return _cased("string_upper", input, encoding, bytes.upper, str.upper)


@public
def string_strip(input: Any, name: str | None = None) -> Any:
    """`input` without the white space at its ends."""
    return per_string(text(input, "string_strip"), make=bytes.strip)


@public
def string_length(input: Any, unit: str = "BYTE", name: str | None = None) -> Any:
    """The length of each string, int32: in bytes, or with unit="UTF8_CHAR" in characters.

    >>> import gputape as tf
    >>> tf.strings.length("é").numpy(), tf.strings.length("é", unit="UTF8_CHAR").numpy()
    (np.int32(2), np.int32(1))
    """
    make: Any = _characters if _unit("string_length", unit) else len
    return per_string(text(input, "string_length"), make=make, dtype=np.dtype(np.int32))


_CONTINUING = bytes(range(0x80, 0xC0))


def _characters(value: bytes) -> int:
    return len(value.translate(None, _CONTINUING))


@op(mixed=("pos", "len"))
def substrings(xp, input, pos, len, *, characters):
    strings, starts, lengths = np.broadcast_arrays(input, pos, len)
    made = []
    for k, (value, start, length) in enumerate(zip(strings.ravel().tolist(), starts.ravel(), lengths.ravel())):
        parts = _OUT.findall(value) if characters else value
        size = parts.__len__()
        if not -size <= start <= size:
            raise InvalidArgumentError(f"pos {start} out of range for string {value!r} at index {k}")
        first = start + size if start < 0 else start
        cut = parts[first : max(first, first + length if length >= 0 else size + length + 1)]
        made.append(b"".join(cut) if characters else cut)
    return packed(made, strings.shape)


@public
def substr(input: Any, pos: Any, len: Any, unit: str = "BYTE", name: str | None = None) -> Any:
    """`len` bytes (unit="UTF8_CHAR": characters) of each string, from `pos` on; less at the end of the string.

    A negative `pos` counts from the end. pos and len have one shape, which broadcasts with that of `input`.
    InvalidArgumentError for a `pos` outside the string.

    >>> import gputape as tf
    >>> tf.strings.substr(["hello", "world"], 1, 3).numpy()
    array([b'ell', b'orl'], dtype=object)
    """
    p, n = hosted(pos), hosted(len)
    if p._array.shape != n._array.shape:
        raise InvalidArgumentError(
            f"substr: pos and len should have the same shape, got: {list(p._array.shape)} vs. {list(n._array.shape)}"
        )
    return substrings(text(input, "substr"), p, n, characters=_unit("substr", unit))


# -- joining


@op
def joined_strings(xp, *inputs, separator):
    shape = max((x.shape for x in inputs), key=lambda s: (s != (), math.prod(s)))
    columns = [x.ravel().tolist() if x.shape else [x.item()] * math.prod(shape) for x in inputs]
    return packed([separator.join(row) for row in zip(*columns)], shape)


@public
def string_join(inputs: Any, separator: Any = "", name: str | None = None) -> Any:
    """The strings at each place of a list of tensors joined by `separator`; scalars serve all places.

    >>> import gputape as tf
    >>> tf.strings.join([["a", "b"], ["c", "d"]], separator="-").numpy()
    array([b'a-c', b'b-d'], dtype=object)
    """
    xs = [text(x, "string_join") for x in inputs]
    shapes = {x._array.shape for x in xs if x._array.ndim}
    if len(shapes) > 1:
        told = " vs. ".join(str(list(x._array.shape)) for x in xs)
        raise InvalidArgumentError(f"string_join: Input shapes do not match: {told} [Op:StringJoin]")
    return joined_strings(*xs, separator=_bytes(separator)) if xs else Tensor(packed([b""], ()))


def _bytes(value: Any) -> bytes:
    """A string argument that is not a tensor."""
    if isinstance(value, Array):
        value = value._read("a string that is no tensor's business").item()
    return value.encode() if isinstance(value, str) else bytes(value)


@op
def reduced_strings(xp, inputs, *, axes, separator, keepdims):
    kept = [k for k in range(inputs.ndim) if k not in axes]
    shape = [inputs.shape[k] for k in kept]
    rows = inputs.transpose(*kept, *axes[::-1]).reshape(math.prod(shape), -1 if inputs.size else 0)
    sizes = [1 if k in axes else n for k, n in enumerate(inputs.shape)] if keepdims else shape
    return packed([separator.join(row) for row in rows.tolist()], sizes)


@public
def reduce_join(
    inputs: Any, axis: Any = None, keepdims: bool = False, separator: Any = "", name: str | None = None
) -> Any:
    """The strings along `axis` joined by `separator`: default all, row by row; of a list the first axis goes fastest.

    OutOfRangeError for an axis that does not exist.

    >>> import gputape as tf
    >>> tf.strings.reduce_join([["abc", "123"], ["def", "456"]], axis=0, separator="-").numpy()
    array([b'abc-def', b'123-456'], dtype=object)
    """
    x = text(inputs, "reduce_join")
    rank = x._array.ndim
    axes = tuple(range(rank))[::-1] if axis is None else static_shape(axis)
    for k in axes:
        if not -rank <= k < rank:
            raise OutOfRangeError(f"reduce_join: Invalid reduction dimension {k} for input with {rank} dimension(s)")
    axes = tuple([k % rank for k in axes])
    return reduced_strings(x, axes=axes, separator=_bytes(separator), keepdims=bool(keepdims))


@ragged("reduce_join")
def _(inputs: Any, axis: Any = None, keepdims: bool = False, separator: Any = "") -> Any:
    rank = len(inputs.shape)
    if axis is None:
        return reduce_join(inputs.flat_values, None, keepdims, separator)
    made: Any = inputs
    for k in sorted({int(a) % rank for a in static_shape(axis)}, reverse=True):
        made = _reduced_rows(made, k, separator)
        made = OPS["expand_dims"](made, k) if keepdims else made
    return made


def _reduced_rows(x: Any, axis: int, separator: Any) -> Any:
    if not isinstance(x, RaggedTensor):
        return reduce_join(x, axis, separator=separator)
    if axis > 1 or (axis == 1 and x.ragged_rank > 1):
        if axis == 1:
            raise InvalidArgumentError("reduce_join: join the innermost axis of a RaggedTensor first")
        return x.with_values(_reduced_rows(x.values, axis - 1, separator))
    rows = x.value_rowids() if axis == 1 else Tensor(x.coordinates()[1])
    count = len(x) if axis == 1 else int(x._row_lengths.max(initial=0))
    return unsorted_segment_join(x.values, rows, count, separator)


@op(mixed=("segment_ids",))
def segments_joined(xp, inputs, segment_ids, *, segments, separator):
    ids = segment_ids.reshape(-1)
    if ids.size and not (ids.min() >= 0 and ids.max() < segments):
        raise InvalidArgumentError(
            f"segment_ids must be in [0, {segments}): they may not exceed num_segments or be negative"
        )
    rest = inputs.shape[segment_ids.ndim :]
    rows = inputs.reshape(ids.size, math.prod(rest)).tolist()
    groups: list[list[Any]] = [[[] for _ in range(math.prod(rest))] for _ in range(segments)]
    for i, row in zip(ids.tolist(), rows):
        for place, value in zip(groups[i], row):
            place.append(value)
    return packed([separator.join(place) for group in groups for place in group], (segments, *rest))


@public
def unsorted_segment_join(
    inputs: Any, segment_ids: Any, num_segments: Any, separator: Any = "", name: str | None = None
) -> Any:
    """Row k of the result: the rows of `inputs` with segment id k joined by `separator`, "" if there is none.

    segment_ids has the leading axes of `inputs`. InvalidArgumentError for ids outside [0, num_segments).

    >>> import gputape as tf
    >>> tf.strings.unsorted_segment_join(["this", "a", "test", "is"], [0, 1, 1, 0], 2, separator=":").numpy()
    array([b'this:is', b'a:test'], dtype=object)
    """
    x, ids = text(inputs, "unsorted_segment_join"), hosted(segment_ids)
    shape = ids._array.shape
    if x._array.shape[: len(shape)] != shape:
        raise InvalidArgumentError(
            f"unsorted_segment_join: segment_ids {shape} must have the leading axes of inputs {x._array.shape}"
        )
    return segments_joined(x, ids, segments=static(num_segments), separator=_bytes(separator))


@ragged("string_join")
def _(inputs: Any, separator: Any = "") -> Any:
    from ..ragged.dispatch import aligned, map_flat_values

    return map_flat_values(lambda *flat: string_join(flat, separator), *aligned(list(inputs)))


FLAT |= {"string_length", "string_lower", "string_strip", "string_upper", "substr"}
_MADE: dict[str, Callable[..., Any]] = {
    "join": string_join,
    "length": string_length,
    "lower": string_lower,
    "reduce_join": reduce_join,
    "strip": string_strip,
    "substr": substr,
    "unsorted_segment_join": unsorted_segment_join,
    "upper": string_upper,
}
NAMES = {f"tf.strings.{n}": f for n, f in _MADE.items()}
