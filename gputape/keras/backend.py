"""keras.backend: defaults (floatx, epsilon, image layout), standard forms of dtypes and shapes, dtype promotion."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

import gputape as tf

from .scopes import (
    AutocastScope,
    StatelessScope,
    auto_name,
    get_keras_mask,
    in_stateless_scope,
    name_scope,
    set_keras_mask,
    state,
)

_defaults: dict[str, Any] = {"floatx": "float32", "epsilon": 1e-7, "image_data_format": "channels_last"}


def backend() -> str:
    """The name that scripts may ask for: "tensorflow", whose API this is."""
    return "tensorflow"


def floatx() -> str:
    """The default floating-point dtype, "float32" unless set.

    >>> from gputape import keras
    >>> keras.backend.floatx()
    'float32'
    """
    return _defaults["floatx"]


def set_floatx(value: str) -> None:
    """Set the default floating-point dtype: "bfloat16", "float16", "float32" or "float64"; ValueError otherwise."""
    accepted = ("bfloat16", "float16", "float32", "float64")
    if value not in accepted:
        raise ValueError(f"Unknown `floatx` value: {value}. Expected one of {set(accepted)}")
    _defaults["floatx"] = str.__str__(value)


def epsilon() -> float:
    """The small number that keeps divisions and logarithms finite; 1e-7 unless set."""
    return _defaults["epsilon"]


def set_epsilon(value: float) -> None:
    _defaults["epsilon"] = value


def image_data_format() -> str:
    """The default layout of images: "channels_last" unless set."""
    return _defaults["image_data_format"]


def set_image_data_format(data_format: str) -> None:
    _defaults["image_data_format"] = standardize_data_format(data_format)


def standardize_data_format(data_format: str | None) -> str:
    """`data_format` in lower case, None as the default; ValueError for other names."""
    if data_format is None:
        return image_data_format()
    lowered = str(data_format).lower()
    if lowered not in ("channels_first", "channels_last"):
        raise ValueError(
            "The `data_format` argument must be one of {'channels_first', 'channels_last'}. "
            f"Received: data_format={data_format}"
        )
    return lowered


# -- dtypes


def standardize_dtype(dtype: Any) -> str:
    """The plain name of `dtype` (a name, tf.DType, NumPy or Python type); None means floatx. ValueError if unknown.

    >>> import numpy as np
    >>> from gputape import keras
    >>> keras.backend.standardize_dtype(np.int64), keras.backend.standardize_dtype(float)
    ('int64', 'float32')
    """
    if dtype is None:
        return floatx()
    if dtype in (float, "float"):
        return floatx()
    try:
        return tf.as_dtype(dtype).name
    except TypeError:
        raise ValueError(f"Invalid dtype: {dtype}") from None


def is_float_dtype(dtype: Any) -> bool:
    return standardize_dtype(dtype).startswith(("float", "bfloat"))


def is_int_dtype(dtype: Any) -> bool:
    return standardize_dtype(dtype).startswith(("int", "uint"))


_WIDTH = {"8": 8, "6": 16, "2": 32, "4": 64}


def _bits(dtype: str) -> int:
    return _WIDTH[dtype[-1]]


def _promoted(a: str, b: str) -> str:
    """The dtype that holds results of `a` with `b`: floats win, half types meet in float32, signs widen."""
    if a == b:
        return a
    if a == "bool" or b == "bool":
        return b if a == "bool" else a
    if a.startswith("complex") or b.startswith("complex"):
        return "complex128" if {"complex128", "float64"} & {a, b} else "complex64"
    floats = [d for d in (a, b) if "float" in d]
    if len(floats) == 1:
        return floats[0]
    if floats:
        return "float32" if _bits(a) == _bits(b) else max(floats, key=_bits)
    if a[0] == b[0]:
        return max(a, b, key=_bits)
    unsigned, signed = (a, b) if a[0] == "u" else (b, a)
    if _bits(signed) > _bits(unsigned):
        return signed
    return f"int{2 * _bits(unsigned)}" if _bits(unsigned) < 64 else floatx()


def result_type(*dtypes: Any) -> str:
    """The dtype of an operation on these dtypes under Keras's promotion; Python's int and float adapt to the others.

    >>> from gputape import keras
    >>> keras.backend.result_type("int32", "float16"), keras.backend.result_type("bfloat16", "float16")
    ('float16', 'float32')
    """
    if not dtypes:
        return floatx()
    known: str | None = None
    weak = 0  # 1: a Python int, 2: a Python float
    for dtype in dtypes:
        kind = {int: 1, "int": 1, float: 2, "float": 2}.get(dtype) if not isinstance(dtype, tf.DType) else None
        if kind:
            weak = max(weak, kind)
        else:
            name = standardize_dtype(dtype)
            known = name if known is None else _promoted(known, name)
    if weak == 2 and (known is None or ("float" not in known and "complex" not in known)):
        return floatx()
    if weak == 1 and known in (None, "bool"):
        return "int32"
    assert known is not None
    return known


# -- shapes and tensors


def standardize_shape(shape: Any) -> tuple[int | None, ...]:
    """`shape` as a tuple of ints and None; ValueError for what is no shape."""
    if shape is None or getattr(shape, "rank", 0) is None:
        raise ValueError("Undefined shapes are not supported.")
    if not hasattr(shape, "__iter__") or isinstance(shape, str):
        raise ValueError(f"Cannot convert '{shape}' to a shape.")
    dims: list[int | None] = []
    for d in shape:
        if d is not None:
            try:
                if isinstance(d, (str, float)):
                    raise TypeError
                d = int(d)
            except (TypeError, ValueError) as error:
                raise ValueError(
                    f"Cannot convert '{shape}' to a shape. Found invalid dimension '{d}' of type '{type(d)}'. "
                ) from error
            if d < 0:
                raise ValueError(f"Cannot convert '{shape}' to a shape. Negative dimensions are not allowed.")
        dims.append(d)
    return tuple(dims)


def is_tensor(x: Any) -> bool:
    """Whether `x` is a tensor with values (a Variable is one)."""
    return isinstance(x, (tf.Tensor, tf.Variable))


def is_keras_tensor(x: Any) -> bool:
    """Whether `x` is symbolic: what `Input` and layers called on it return."""
    from .symbolic import KerasTensor

    return isinstance(x, KerasTensor)


# -- the session


def convert_to_tensor(x: Any, dtype: Any = None, sparse: bool | None = None, ragged: bool | None = None) -> Any:
    """`x` as a tensor, cast to `dtype` if that is given; symbolic tensors stay as they are."""
    if dtype is not None:
        return tf.cast(x, standardize_dtype(dtype))
    return tf.convert_to_tensor(x)


def convert_to_numpy(x: Any) -> Any:
    """`x`, a tensor, variable or array, as a NumPy array."""
    return np.asarray(x.numpy() if isinstance(x, (tf.Tensor, tf.Variable)) else x)


def clear_session(free_memory: bool = True) -> None:
    """Forget all automatic names, so that the next Dense is "dense" again."""
    state.uids.clear()
    state.names.clear()


reset_uids = clear_session


def get_uid(prefix: str = "") -> int:
    """How often `prefix` was asked for, this time included.

    >>> from gputape import keras
    >>> keras.backend.get_uid("example"), keras.backend.get_uid("example")
    (1, 2)
    """
    state.uids[prefix] += 1
    return state.uids[prefix]


def __getattr__(name: str) -> Any:
    if name in ("KerasTensor", "Variable"):  # they import this module
        module = importlib.import_module("." + {"KerasTensor": "symbolic", "Variable": "variable"}[name], __package__)
        return getattr(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "AutocastScope", "StatelessScope", "auto_name", "backend", "clear_session",
    "convert_to_numpy", "convert_to_tensor", "epsilon", "floatx", "get_keras_mask",
    "get_uid", "image_data_format", "in_stateless_scope", "is_float_dtype", "is_int_dtype", "is_keras_tensor",
    "is_tensor",
    "name_scope", "reset_uids", "result_type", "set_epsilon", "set_floatx", "set_image_data_format", "set_keras_mask",
    "standardize_data_format", "standardize_dtype", "standardize_shape",
]  # fmt: skip
