"""How tensors print: as TensorFlow's eager tensors, its variables and `tf.print` do. Pure functions of NumPy arrays."""

from __future__ import annotations

import pprint
import re
from typing import Any

import numpy as np

from . import nest

_MARK = "\ue000"  # a private character, which no printed text holds: it frames the number of an array in a structure
_ESCAPES = {ord(c): "\\" + c for c in "\"'\\"} | {code: f"\\{code:03o}" for code in (*range(32), 127)}
_ESCAPES |= {ord("\n"): "\\n", ord("\r"): "\\r", ord("\t"): "\\t"}


def tensor_str(array: Any, dtype_name: str) -> str:
    """`str(tensor)`; text of several lines starts on a line of its own.

    >>> from gputape import printing
    >>> print(printing.tensor_str(np.array([6.0, 40.0], np.float32), "float32"))
    tf.Tensor([ 6. 40.], shape=(2,), dtype=float32)
    """
    value = array if array.ndim else array[()]
    text = repr(value) if isinstance(value, bytes) else str(value)
    return f"tf.Tensor({_own_lines(text)}, shape={array.shape}, dtype={dtype_name})"


def tensor_repr(array: Any, dtype_name: str) -> str:
    """`repr(tensor)`: the array as NumPy represents it, a scalar with all its digits.

    >>> from gputape import printing
    >>> print(printing.tensor_repr(np.array(6.0, np.float32), "float32"))
    <tf.Tensor: shape=(), dtype=float32, numpy=6.0>
    """
    return f"<tf.Tensor: shape={array.shape}, dtype={dtype_name}, numpy={_numpy_text(array)}>"


def variable_repr(name: str, array: Any, dtype_name: str, shape: Any = None) -> str:
    """`repr(variable)` and `str(variable)`; `shape`: the one it was declared with, default the array's.

    >>> from gputape import printing
    >>> print(printing.variable_repr("Variable:0", np.array(1.0), "float64"))
    <tf.Variable 'Variable:0' shape=() dtype=float64, numpy=1.0>
    """
    shape = array.shape if shape is None else shape
    return f"<tf.Variable '{name}' shape={shape} dtype={dtype_name}, numpy={_numpy_text(array)}>"


def _numpy_text(array: Any) -> str:
    if array.ndim:
        return _own_lines(repr(array))
    value = array[()]
    return repr(value) if isinstance(value, (bytes, str)) else f"{value}"  # format() gives a Python number's digits


def _own_lines(text: str) -> str:
    return "\n" + text if "\n" in text else text


def print_format(value: Any, summarize: int | None = 3) -> str:
    """An array as `tf.print` shows it: without commas, rows on lines of their own, floats with the digits they need.

    Of each axis longer than `2 * summarize` the first and last `summarize` entries are shown; a negative number shows
    all, None means 3. Booleans print as 1 and 0, a scalar string without quotes. Complex numbers, which TensorFlow
    prints as "?", print as in Python.

    >>> from gputape import printing
    >>> print(printing.print_format(np.arange(1, 101)), printing.print_format(np.array([0.1, 1e20], np.float32)))
    [1 2 3 ... 98 99 100] [0.1 1e+20]
    """
    array = np.asarray(value)
    if array.ndim == 0:
        return _text(array[()]) if array.dtype.kind in "OSU" else _element(array[()])
    limit = 3 if summarize is None else summarize
    return _axis(array, array.size if limit < 0 else min(limit, array.size), 1)


def _axis(array: Any, limit: int, depth: int) -> str:
    """The entries of the first axis in brackets; `depth` brackets are open on this line."""
    if array.ndim == 0:
        return _element(array[()])
    between = " " if array.ndim == 1 else "\n" * (array.ndim - 1) + " " * depth
    count = len(array)
    dots = count > 2 * limit
    head = [_axis(array[i, ...], limit, depth + 1) for i in range(limit if dots else count)]
    tail = ["...", *(_axis(array[i, ...], limit, depth + 1) for i in range(count - limit, count))] if dots else []
    return "[" + between.join(head) + "".join(between + text for text in tail) + "]"


def _element(value: Any) -> str:
    """One entry of an array; a string comes in quotes."""
    if isinstance(value, (bytes, str)):
        return f'"{_text(value).translate(_ESCAPES)}"'
    if isinstance(value, (bool, np.bool_)):
        return str(int(value))
    if isinstance(value, (int, np.integer)):
        return str(value)
    if isinstance(value, np.complexfloating):
        return f"{_digits(value.real)}{'' if np.signbit(value.imag) else '+'}{_digits(value.imag)}j"
    return _digits(value)


def _digits(value: Any) -> str:
    """A float with 6 (float64: 15) significant digits where these give it back, else with the 9 (17) that always do."""
    kind, short, exact = (np.float64, 15, 17) if value.dtype == np.float64 else (np.float32, 6, 9)
    text = format(float(value), f".{short}g")
    return text if kind(text) == value or value != value else format(float(value), f".{exact}g")


def _text(value: Any) -> str:
    return value.decode(errors="backslashreplace") if isinstance(value, bytes) else str(value)


def print_line(*inputs: Any, sep: str = " ", end: str = "\n", summarize: int | None = 3) -> str:
    """The text that `tf.print(*inputs)` writes.

    Arrays are printed by `print_format`, strings as they are, other Python values by `repr`. In a structure the arrays
    are printed within what `pprint` makes of the rest: keys of a dict in order, strings in quotes, long ones wrapped.

    >>> from gputape import printing
    >>> printing.print_line("step", 3, {"loss": np.array(0.5), "a": [np.arange(3), "x"]})
    "step 3 {'a': [[0 1 2], 'x'], 'loss': 0.5}\\n"
    """
    return sep.join(_input(value, summarize) for value in inputs) + end


def _input(value: Any, summarize: int | None) -> str:
    if isinstance(value, str):
        return value
    if _is_array(value):
        return print_format(value, summarize)
    texts: list[str] = []

    def hole(leaf: Any) -> Any:
        if not _is_array(leaf):
            return leaf
        string = leaf.ndim == 0 and leaf.dtype.kind in "OSU"
        texts.append(_element(leaf[()]) if string else print_format(leaf, summarize))
        return _Hole(len(texts) - 1)

    outline = pprint.pformat(nest.map_structure(hole, value))
    return re.sub(f"{_MARK}([0-9]+){_MARK}", lambda found: texts[int(found[1])], outline)


def _is_array(value: Any) -> bool:
    return isinstance(value, (np.ndarray, np.generic))


class _Hole:
    """The place of an array in a structure; four columns wide, as TensorFlow's is, for the same line breaks."""

    def __init__(self, index: int) -> None:
        self.index = index

    def __repr__(self) -> str:
        return f"{_MARK}{self.index:02}{_MARK}"
