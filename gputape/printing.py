"""How tensors print: as TensorFlow's eager tensors, its variables, and `tf.print` do."""

from __future__ import annotations

from typing import Any

import numpy as np


def _shown(array: Any, dtype_name: str) -> str:
    return str(array if array.ndim else array[()])


def tensor_str(array: Any, dtype_name: str) -> str:
    """`tf.Tensor([ 6. 40.], shape=(2,), dtype=float32)`."""
    return f"tf.Tensor({_shown(array, dtype_name)}, shape={array.shape}, dtype={dtype_name})"


def _numpy_part(array: Any) -> str:
    if array.ndim:
        return repr(array)
    value = array[()]
    return repr(value) if isinstance(value, bytes) else str(value)


def tensor_repr(array: Any, dtype_name: str) -> str:
    """`<tf.Tensor: shape=(), dtype=float32, numpy=6.0>`."""
    return f"<tf.Tensor: shape={array.shape}, dtype={dtype_name}, numpy={_numpy_part(array)}>"


def variable_repr(name: str, array: Any, dtype_name: str) -> str:
    """`<tf.Variable 'Variable:0' shape=() dtype=float32, numpy=1.0>`."""
    return f"<tf.Variable '{name}' shape={array.shape} dtype={dtype_name}, numpy={_numpy_part(array)}>"


def _element(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, (bool, np.bool_)):
        return "1" if value else "0"
    if isinstance(value, (complex, np.complexfloating)):
        return f"({_element(value.real)},{_element(value.imag)})"
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    if isinstance(value, str):
        return value
    number = float(value)
    if number != number:
        return "nan"
    return format(number, ".6g") if abs(number) != np.inf else ("inf" if number > 0 else "-inf")


def print_format(array: Any, summarize: int = 3) -> str:
    """An array as `tf.print` shows it: `[1 2 3 ... 98 99 100]`, rows on lines of their own, floats with 6 digits."""
    array = np.asarray(array)
    if array.ndim == 0:
        return _element(array[()])
    return _nested(array, summarize, 1)


def _nested(array: Any, summarize: int, depth: int) -> str:
    if array.ndim == 1:
        between, show = " ", _element
    else:
        between = "\n" * (array.ndim - 1) + " " * depth

        def show(a: Any) -> str:
            return _nested(a, summarize, depth + 1)

    count = len(array)
    if summarize < 0 or count <= 2 * summarize:
        parts = [show(a) for a in array]
    else:
        tail = array[count - summarize :] if summarize else array[:0]
        parts = [*[show(a) for a in array[:summarize]], "...", *[show(a) for a in tail]]
    return "[" + between.join(parts) + "]"


def print_line(*inputs: Any, sep: str = " ", end: str = "\n", summarize: int = 3) -> str:
    """The text `tf.print(*inputs)` writes: arrays by `print_format`, Python values as Python prints them."""
    return sep.join(_value(x, summarize, top=True) for x in inputs) + end


def _value(x: Any, summarize: int, top: bool = False) -> str:
    if isinstance(x, dict):
        return "{" + ", ".join(f"{k!r}: {_value(x[k], summarize)}" for k in sorted(x)) + "}"
    if isinstance(x, tuple):
        inner = ", ".join(_value(v, summarize) for v in x)
        return f"({inner},)" if len(x) == 1 else f"({inner})"
    if isinstance(x, list):
        return "[" + ", ".join(_value(v, summarize) for v in x) + "]"
    if isinstance(x, (np.ndarray, np.generic)):
        return print_format(x, summarize)
    return str(x) if top else repr(x)
