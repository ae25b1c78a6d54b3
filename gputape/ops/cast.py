"""Conversions between element types, and tensors like others."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..dtypes import DIFFERENTIABLE, FROM_NUMPY, as_dtype
from ..errors import UnimplementedError
from ..op import op, public
from ..registry import OPS
from ..tape import IndexedSlices
from ..tensor import Array, as_tensor
from .functor import applied, kernels_of


@op
def convert(xp, x, *, dtype, source):
    """The elements of `x`, of dtype `source`, as `dtype` (NumPy dtypes). Complex numbers give their real parts."""
    if source.kind == "c" and dtype.kind != "c":
        x = x.real
    if dtype.kind == "b":
        return x != 0
    if source.kind == "V" and dtype.kind in "iuc":
        x = x.astype(np.float32)
    return x.astype(dtype)


@convert.gradient
def _(dy, dtype, source):
    return convert(dy, dtype=source, source=dtype) if source in DIFFERENTIABLE else None


@convert.kernel
def _(x, *, dtype, source):
    if source.kind not in "fViub" or dtype.kind not in "fViub":
        return NotImplemented
    return applied(kernels_of("math.cu"), "Copy", (x,), source, dtype)


@public
def cast(x: Any, dtype: Any, name: str | None = None) -> Any:
    """`x` (any shape) with its elements turned into `dtype`, TensorFlow's `tf.cast`; `x` itself if it has that dtype.

    Floats turn into integers towards zero, complex numbers into their real parts, numbers into bool as `x != 0`.
    Differentiable between floating point and complex dtypes. Raises UnimplementedError for strings.

    >>> import gputape as tf
    >>> tf.cast([1.7, -1.7], tf.int32).numpy()
    array([ 1, -1], dtype=int32)
    """
    if isinstance(x, IndexedSlices):
        return IndexedSlices(cast(x.values, dtype), x.indices, x.dense_shape)
    wanted = as_dtype(dtype).numpy
    if not isinstance(x, Array):
        x = as_tensor(x)
    given = x._array.dtype
    if given == wanted:
        return x
    if given.kind == "O" or wanted.kind == "O":
        raise UnimplementedError(
            f"Cast {FROM_NUMPY[given].name} to {FROM_NUMPY[wanted].name} is not supported: "
            f"use tf.strings.to_number or tf.as_string [Op:Cast]"
        )
    return convert(x, dtype=wanted, source=given)


@public
def saturate_cast(value: Any, dtype: Any, name: str | None = None) -> Any:
    """As `cast`, with values that `dtype` cannot hold turned into its nearest limit (the real part of complex numbers).

    >>> import gputape as tf
    >>> tf.saturate_cast([-3.0, 300.0], tf.uint8).numpy()
    array([  0, 255], dtype=uint8)
    """
    value = as_tensor(value)
    wanted = as_dtype(dtype)
    if value.dtype.is_complex and not wanted.is_complex:
        value = cast(value, value.dtype.real_dtype)
    if not (value.dtype.is_bool or wanted.is_bool or value.dtype.is_complex):
        limits = _limits(value.dtype, wanted.real_dtype)
        if limits is not None:
            value = OPS["clip_by_value"](value, *limits)
    return cast(value, wanted)


def _limits(given: Any, wanted: Any) -> tuple[Any, Any] | None:
    """The numbers of `given` between which `wanted` can follow; None if everywhere."""
    ends = []
    inside = not (given.is_floating and wanted.is_integer)  # which has no infinity
    for own, other, beyond in ((given.min, wanted.min, operator.lt), (given.max, wanted.max, operator.gt)):
        if not beyond(_exact(own), _exact(other)):
            ends.append(own)
            continue
        inside = False
        end = given.as_numpy_dtype(float(other) if given.is_floating else other)
        ends.append(np.nextafter(end, end.dtype.type(0)) if beyond(_exact(end), _exact(other)) else end)
    return None if inside else (ends[0], ends[1])


def _exact(x: Any) -> Any:
    """A NumPy number as a Python number, which compares exactly with every other."""
    return int(x) if float(x).is_integer() and abs(float(x)) < 2.0**70 else float(x)


@op
def identity(xp, x):
    """`x` as a tensor of its own, `tf.identity`; on the same memory, since tensors do not change."""
    return x


@identity.gradient
def _(dy):
    return dy


@op
def detach(xp, x):
    """`x` as a constant: gradients stop here, `tf.stop_gradient`."""
    return x


@op
def filled_like(xp, x, *, value, dtype):
    """A tensor of the shape of `x`, all elements `value` (empty strings for tf.string), of NumPy dtype `dtype`."""
    return xp.full(x.shape, b"" if dtype.kind == "O" else value, dtype)


@public
def zeros_like(input: Any, dtype: Any = None, name: str | None = None, layout: Any = None) -> Any:
    """Zeros of the shape of `input`, and of its dtype unless `dtype` is given.

    >>> import gputape as tf
    >>> tf.zeros_like([1, 2]).numpy()
    array([0, 0], dtype=int32)
    """
    return _like(input, 0, dtype)


@public
def ones_like(input: Any, dtype: Any = None, name: str | None = None, layout: Any = None) -> Any:
    """Ones of the shape of `input`, and of its dtype unless `dtype` is given.

    >>> import gputape as tf
    >>> tf.ones_like([1, 2], dtype="float32").numpy()
    array([1., 1.], dtype=float32)
    """
    return _like(input, 1, dtype)


def _like(x: Any, value: int, dtype: Any) -> Any:
    x = x if isinstance(x, Array) else as_tensor(x)
    return filled_like(x, value=value, dtype=x._array.dtype if dtype is None else as_dtype(dtype).numpy)


NAMES = {
    "tf.cast": cast,
    "tf.dtypes.cast": cast,
    "tf.saturate_cast": saturate_cast,
    "tf.dtypes.saturate_cast": saturate_cast,
    "tf.identity": identity,
    "tf.zeros_like": zeros_like,
    "tf.ones_like": ones_like,
}
