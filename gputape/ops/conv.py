"""Convolutions of any number of spatial axes, channels last: tf.nn.conv*, depthwise, separable and transposed.

Three ops form a closed family. `convolve` is bilinear in its input x and its filter w; the other two are its adjoints:

    y  = convolve(x, w)             y[n,p,o]  = sum_{k,c} x[n, p*s + k*d - before, c] * w[k,c,o]
    dx = convolve_input(dy, w)      the x with  <dy, convolve(x, w)> = <dx, x>
    dw = convolve_filter(x, dy)     the w with  <dy, convolve(x, w)> = <dw, w>

so the gradient of each is made of the other two, at any order.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes
from ..errors import InvalidArgumentError
from ..op import op, public
from ..registry import OPS
from ..tensor import as_tensor
from .window import channels_last, inner, output_sizes, padded, pads, per_axis, shifts, windows

CHUNK = 1 << 22  # elements of the matrix of windows that are laid out at a time


def _wide(x: Any) -> Any:
    """Half types are multiplied and added up in float32."""
    wide = dtypes.accumulator(x.dtype)
    return x if x.dtype == wide else x.astype(wide)


def _chunks(rows_of_one: int, count: int) -> Any:
    step = max(1, CHUNK // max(rows_of_one, 1))
    return [slice(i, min(i + step, count)) for i in range(0, count, step)]


@op
def convolve(xp, x, w, *, strides, padding, dilations, groups):
    """x (n, *spatial, c), w (*window, c / groups, o) -> y (n, *out, o)."""
    dtype, x, w = x.dtype, _wide(x), _wide(w)
    *window, per_group, filters = w.shape
    out = output_sizes(x.shape[1:-1], window, strides, padding, dilations, "conv")
    x = padded(xp, x, padding)
    n = x.shape[0]
    y = xp.empty((n, *out, filters), x.dtype)
    if y.size == 0 or w.size == 0:
        y.fill(0)
        return y.astype(dtype, copy=False)
    if per_group == 1 and groups > 1:
        _depthwise(xp, x, w, y, out, strides, dilations)
        return y.astype(dtype, copy=False)
    size = int(np.prod(window)) * per_group
    wide = filters // groups
    for g in range(groups):
        xs = x if groups == 1 else x[..., g * per_group : (g + 1) * per_group]
        matrix = w.reshape(size, filters)[:, g * wide : (g + 1) * wide]
        for part in _chunks(int(np.prod(out)) * size, n):
            columns = windows(xp, xs[part], window, out, strides, dilations).reshape(-1, size)
            made = (columns @ matrix).reshape(-1, *out, wide)
            y[part][..., g * wide : (g + 1) * wide] = made
    return y.astype(dtype, copy=False)


def _depthwise(xp, x, w, y, out, strides, dilations):
    """One input channel per filter: products and sums of shifted views, no matrix product."""
    *window, _, filters = w.shape
    repeat = filters // x.shape[-1]
    first = True
    for position, cut in shifts(window, out, strides, dilations):
        seen = x[cut] if repeat == 1 else xp.repeat(x[cut], repeat, axis=-1)
        if first:
            xp.multiply(seen, w[position][0], out=y)
            first = False
        else:
            y += seen * w[position][0]


@op
def convolve_input(xp, dy, w, *, spatial, strides, padding, dilations, groups):
    """dy (n, *out, o), w (*window, c / groups, o) -> dx (n, *spatial, c)."""
    dtype, dy, w = dy.dtype, _wide(dy), _wide(w)
    *window, per_group, filters = w.shape
    n, out = dy.shape[0], dy.shape[1:-1]
    channels = per_group * groups
    full = [size + a + b for size, (a, b) in zip(spatial, padding, strict=True)]
    dx = xp.zeros((n, *full, channels), dy.dtype)
    if dy.size and w.size:
        if per_group == 1 and groups > 1:
            repeat = filters // channels
            for position, cut in shifts(window, out, strides, dilations):
                part = dy * w[position][0]
                dx[cut] += part if repeat == 1 else part.reshape(*part.shape[:-1], channels, repeat).sum(axis=-1)
        else:
            size, wide = int(np.prod(window)) * per_group, filters // groups
            for g in range(groups):
                matrix = w.reshape(size, filters)[:, g * wide : (g + 1) * wide].T
                into = dx[..., g * per_group : (g + 1) * per_group]
                for part in _chunks(int(np.prod(out)) * size, n):
                    rows = dy[part][..., g * wide : (g + 1) * wide].reshape(-1, wide)
                    columns = (rows @ matrix).reshape(-1, *out, *window, per_group)
                    around = (slice(None),) * (1 + len(out))
                    for position, cut in shifts(window, out, strides, dilations):
                        into[part][cut] += columns[(*around, *position)]
    return dx[inner(spatial, padding)].astype(dtype, copy=False)


@op
def convolve_filter(xp, x, dy, *, window, strides, padding, dilations, groups):
    """x (n, *spatial, c), dy (n, *out, o) -> dw (*window, c / groups, o)."""
    dtype, x, dy = x.dtype, padded(xp, _wide(x), padding), _wide(dy)
    n, *out, filters = dy.shape
    channels = x.shape[-1]
    per_group = channels // groups
    dw = xp.zeros((*window, per_group, filters), x.dtype)
    if dy.size and x.size:
        if per_group == 1 and groups > 1:
            repeat = filters // channels
            for position, cut in shifts(window, out, strides, dilations):
                seen = x[cut] if repeat == 1 else xp.repeat(x[cut], repeat, axis=-1)
                dw[position][0] = (seen * dy).sum(axis=tuple(range(dy.ndim - 1)))
        else:
            size, wide = int(np.prod(window)) * per_group, filters // groups
            flat = dw.reshape(size, filters)
            for g in range(groups):
                xs = x if groups == 1 else x[..., g * per_group : (g + 1) * per_group]
                for part in _chunks(int(np.prod(out)) * size, n):
                    columns = windows(xp, xs[part], window, out, strides, dilations).reshape(-1, size)
                    rows = dy[part][..., g * wide : (g + 1) * wide].reshape(-1, wide)
                    flat[:, g * wide : (g + 1) * wide] += columns.T @ rows
    return dw.astype(dtype, copy=False)


@convolve.gradient
def _(dy, x, w, strides, padding, dilations, groups):
    how = {"strides": strides, "padding": padding, "dilations": dilations, "groups": groups}
    return (
        lambda: convolve_input(dy, w, spatial=tuple(x._array.shape[1:-1]), **how),
        lambda: convolve_filter(x, dy, window=tuple(w._array.shape[:-2]), **how),
    )


@convolve_input.gradient
def _(g, dy, w, strides, padding, dilations, groups):
    how = {"strides": strides, "padding": padding, "dilations": dilations, "groups": groups}
    return (
        lambda: convolve(g, w, **how),
        lambda: convolve_filter(g, dy, window=tuple(w._array.shape[:-2]), **how),
    )


@convolve_filter.gradient
def _(g, x, dy, strides, padding, dilations, groups):
    how = {"strides": strides, "padding": padding, "dilations": dilations, "groups": groups}
    return (
        lambda: convolve_input(dy, g, spatial=tuple(x._array.shape[1:-1]), **how),
        lambda: convolve(x, g, **how),
    )


# -- public functions


def _last(x: Any, is_last: bool) -> Any:
    """Channels-first data, channels last."""
    rank = len(x.shape)
    return x if is_last else OPS["transpose"](x, [0, *range(2, rank), 1])


def _back(y: Any, is_last: bool) -> Any:
    rank = len(y.shape)
    return y if is_last else OPS["transpose"](y, [0, rank - 1, *range(1, rank - 1)])


def _checked(x: Any, w: Any, rank: int, name: str) -> None:
    if len(x.shape) != rank + 2 or len(w.shape) != rank + 2:
        raise InvalidArgumentError(
            f"{name}: input {tuple(x.shape)} and filters {tuple(w.shape)} must both have {rank + 2} axes [Op:{name}]"
        )


def _convolution(
    x: Any, w: Any, strides: Any, padding: Any, data_format: Any, dilations: Any, rank: int, name: str
) -> Any:
    is_last = channels_last(data_format, rank, name)
    x, w = _pair(x, w)
    _checked(x, w, rank, name)
    x = _last(x, is_last)
    layout = data_format or ("N" + "DHW"[-rank:] + "C")
    strides = per_axis(strides, rank, layout, "strides", name)
    dilations = per_axis(1 if dilations is None else dilations, rank, layout, "dilations", name)
    shape, window = tuple(x.shape), tuple(w.shape)
    channels, per_group = shape[-1], window[-2]
    if per_group == 0 or channels % per_group or window[-1] % (channels // per_group):
        raise InvalidArgumentError(
            f"{name}: input {shape} has {channels} channels (data_format {layout}), filters {window} take {per_group}: "
            f"input depth must be evenly divisible by filter depth, and the filters by the groups [Op:{name}]"
        )
    how = pads(padding, shape[1:-1], window[:-2], strides, dilations, layout, name)
    y = convolve(x, w, strides=strides, padding=how, dilations=dilations, groups=channels // per_group)
    return _back(y, is_last)


def _pair(x: Any, w: Any) -> tuple[Any, Any]:
    x = as_tensor(x)
    return x, as_tensor(w, x.dtype.numpy)


@public
def conv1d(
    input: Any,
    filters: Any,
    stride: Any,
    padding: Any,
    data_format: str = "NWC",
    dilations: Any = None,
    name: str | None = None,
) -> Any:
    """1-D convolution of input (n, w, c) with filters (k, c, o). Reference: tf.nn.conv1d."""
    return _convolution(input, filters, stride, padding, data_format, dilations, 1, "conv1d")


@public
def conv2d(
    input: Any,
    filters: Any,
    strides: Any,
    padding: Any,
    data_format: str = "NHWC",
    dilations: Any = None,
    name: str | None = None,
) -> Any:
    """2-D convolution (cross-correlation) of input (n, h, w, c) with filters (kh, kw, c / groups, o).

    Args:
        strides, dilations: an int, two ints, or four with 1 for batch and channels.
        padding: "SAME", "VALID", or [[0, 0], [top, bottom], [left, right], [0, 0]].
        data_format: "NHWC" (default) or "NCHW".

    Raises InvalidArgumentError if the channels do not fit. Reference: tf.nn.conv2d.

    >>> import gputape as tf
    >>> tf.nn.conv2d(tf.ones([1, 4, 4, 1]), tf.ones([3, 3, 1, 2]), 1, "SAME").shape
    TensorShape([1, 4, 4, 2])
    """
    return _convolution(input, filters, strides, padding, data_format, dilations, 2, "conv2d")


@public
def conv3d(
    input: Any,
    filters: Any,
    strides: Any,
    padding: Any,
    data_format: str = "NDHWC",
    dilations: Any = None,
    name: str | None = None,
) -> Any:
    """3-D convolution of input (n, d, h, w, c) with filters (kd, kh, kw, c / groups, o). Reference: tf.nn.conv3d."""
    return _convolution(input, filters, strides, padding, data_format, dilations, 3, "conv3d")


@public
def convolution(
    input: Any,
    filters: Any,
    strides: Any = None,
    padding: Any = "VALID",
    data_format: Any = None,
    dilations: Any = None,
    name: str | None = None,
) -> Any:
    """Convolution of 1, 2 or 3 spatial axes, by the filters' rank. Reference: tf.nn.convolution."""
    rank = len(as_tensor(filters).shape) - 2
    return _convolution(
        input, filters, 1 if strides is None else strides, padding, data_format, dilations, rank, "convolution"
    )


@public
def atrous_conv2d(value: Any, filters: Any, rate: int, padding: str, name: str | None = None) -> Any:
    """2-D convolution with holes: dilations (rate, rate). Reference: tf.nn.atrous_conv2d."""
    return _convolution(value, filters, 1, padding, "NHWC", rate, 2, "atrous_conv2d")


@public
def depthwise_conv2d(
    input: Any,
    filter: Any,
    strides: Any,
    padding: Any,
    data_format: Any = None,
    dilations: Any = None,
    name: str | None = None,
) -> Any:
    """Each channel convolved on its own: input (n, h, w, c), filter (kh, kw, c, m) -> (n, h, w, c * m).

    Reference: tf.nn.depthwise_conv2d.
    """
    x, w = _pair(input, filter)
    _checked(x, w, 2, "depthwise_conv2d")
    kh, kw, channels, multiplier = tuple(w.shape)
    have = tuple(x.shape)[-1 if channels_last(data_format, 2, "depthwise_conv2d") else 1]
    if have != channels:
        raise InvalidArgumentError(
            f"depthwise_conv2d: input {tuple(x.shape)} has {have} channels, filter {tuple(w.shape)} has {channels} "
            f"[Op:depthwise_conv2d]"
        )
    w = OPS["reshape"](w, [kh, kw, 1, channels * multiplier])
    return _convolution(x, w, strides, padding, data_format, dilations, 2, "depthwise_conv2d")


@public
def separable_conv2d(
    input: Any,
    depthwise_filter: Any,
    pointwise_filter: Any,
    strides: Any,
    padding: Any,
    data_format: Any = None,
    dilations: Any = None,
    name: str | None = None,
) -> Any:
    """A depthwise convolution followed by a 1x1 convolution. Reference: tf.nn.separable_conv2d."""
    y = depthwise_conv2d(input, depthwise_filter, strides, padding, data_format, dilations)
    return _convolution(y, pointwise_filter, 1, "VALID", data_format, None, 2, "separable_conv2d")


def _transposed(
    x: Any,
    w: Any,
    output_shape: Any,
    strides: Any,
    padding: Any,
    data_format: Any,
    dilations: Any,
    rank: int,
    name: str,
) -> Any:
    is_last = channels_last(data_format, rank, name)
    layout = data_format or ("N" + "DHW"[-rank:] + "C")
    x, w = _pair(x, w)
    _checked(x, w, rank, name)
    x = _last(x, is_last)
    shape = [int(v) for v in (output_shape.numpy() if hasattr(output_shape, "numpy") else output_shape)]
    if len(shape) == rank + 2:
        spatial, channels = (shape[1:-1], shape[-1]) if is_last else (shape[2:], shape[1])
    else:
        spatial, channels = shape, w.shape[-2]
    strides = per_axis(strides, rank, layout, "strides", name)
    dilations = per_axis(1 if dilations is None else dilations, rank, layout, "dilations", name)
    if channels != w.shape[-2] or x.shape[-1] != w.shape[-1]:
        raise InvalidArgumentError(
            f"{name}: input {tuple(x.shape)} and output_shape {shape} do not fit filters {tuple(w.shape)}, "
            f"which are (window, output channels, input channels) [Op:{name}]"
        )
    how = pads(padding, spatial, tuple(w.shape)[:-2], strides, dilations, layout, name)
    expected = output_sizes(spatial, tuple(w.shape)[:-2], strides, how, dilations, name)
    if expected != tuple(x.shape)[1:-1]:
        raise InvalidArgumentError(
            f"{name}: output_shape {shape} asks for an input of spatial size {expected}, got {tuple(x.shape)} "
            f"[Op:{name}]"
        )
    y = convolve_input(x, w, spatial=tuple(spatial), strides=strides, padding=how, dilations=dilations, groups=1)
    return _back(y, is_last)


@public
def conv1d_transpose(
    input: Any,
    filters: Any,
    output_shape: Any,
    strides: Any,
    padding: Any = "SAME",
    data_format: str = "NWC",
    dilations: Any = None,
    name: str | None = None,
) -> Any:
    """The adjoint of conv1d; filters are (k, o, c). Reference: tf.nn.conv1d_transpose."""
    return _transposed(input, filters, output_shape, strides, padding, data_format, dilations, 1, "conv1d_transpose")


@public
def conv2d_transpose(
    input: Any,
    filters: Any,
    output_shape: Any,
    strides: Any,
    padding: Any = "SAME",
    data_format: str = "NHWC",
    dilations: Any = None,
    name: str | None = None,
) -> Any:
    """The adjoint of conv2d: input (n, h, w, c), filters (kh, kw, o, c) -> output_shape (n, H, W, o).

    Raises InvalidArgumentError if conv2d would not take `output_shape` to the input's size.
    Reference: tf.nn.conv2d_transpose.
    """
    return _transposed(input, filters, output_shape, strides, padding, data_format, dilations, 2, "conv2d_transpose")


@public
def conv3d_transpose(
    input: Any,
    filters: Any,
    output_shape: Any,
    strides: Any,
    padding: Any = "SAME",
    data_format: str = "NDHWC",
    dilations: Any = None,
    name: str | None = None,
) -> Any:
    """The adjoint of conv3d; filters are (kd, kh, kw, o, c). Reference: tf.nn.conv3d_transpose."""
    return _transposed(input, filters, output_shape, strides, padding, data_format, dilations, 3, "conv3d_transpose")


@public
def conv_transpose(
    input: Any,
    filters: Any,
    output_shape: Any,
    strides: Any,
    padding: Any = "SAME",
    data_format: Any = None,
    dilations: Any = None,
    name: str | None = None,
) -> Any:
    """The adjoint of a convolution of 1, 2 or 3 spatial axes. Reference: tf.nn.conv_transpose."""
    rank = len(as_tensor(filters).shape) - 2
    return _transposed(input, filters, output_shape, strides, padding, data_format, dilations, rank, "conv_transpose")


_PUBLIC: tuple[Any, ...] = (conv1d, conv2d, conv3d, convolution, atrous_conv2d, depthwise_conv2d, separable_conv2d)
_PUBLIC = (*_PUBLIC, conv1d_transpose, conv2d_transpose, conv3d_transpose, conv_transpose)
NAMES = {f"tf.nn.{f.__name__}": f for f in _PUBLIC}
