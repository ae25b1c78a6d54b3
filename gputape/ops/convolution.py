"""Convolutions under TensorFlow's names: tf.nn.conv*, depthwise, separable and transposed ones, in either layout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import InvalidArgumentError
from ..op import public
from ..registry import OPS
from ..tensor import as_tensor
from .conv import convolve, convolve_input
from .depthwise import depthwise
from .shape import static
from .window import back, channels_last, last, layout_of, sliding


def _operands(x: Any, w: Any, rank: int, data_format: Any, name: str) -> tuple[Any, Any, bool]:
    """Input, channels last, and filters as tensors of one dtype; and whether the input's channels were last."""
    is_last = channels_last(data_format, rank, name)
    x = as_tensor(x)
    w = as_tensor(w, x.dtype.numpy)
    if len(x.shape) != rank + 2 or len(w.shape) != rank + 2:
        raise InvalidArgumentError(
            f"{name}: input {tuple(x.shape)} and filters {tuple(w.shape)} must both have {rank + 2} axes [Op:{name}]"
        )
    return last(x, is_last), w, is_last


def _convolution(
    x: Any, w: Any, strides: Any, padding: Any, data_format: Any, dilations: Any, rank: int, name: str
) -> Any:
    x, w, is_last = _operands(x, w, rank, data_format, name)
    shape, window, layout = tuple(x.shape), tuple(w.shape), layout_of(data_format, rank)
    channels, per_group = shape[-1], window[-2]
    if per_group == 0 or channels % per_group or window[-1] % (channels // per_group or 1):
        raise InvalidArgumentError(
            f"{name}: input {shape} has {channels} channels (data_format {layout}), filters {window} take {per_group}: "
            f"input depth must be evenly divisible by filter depth, and the filters by the groups [Op:{name}]"
        )
    how = sliding(window[:-2], strides, padding, dilations, shape[1:-1], layout, name)
    if per_group == 1 < channels:
        return back(depthwise(x, OPS["reshape"](w, (*window[:-2], window[-1])), how=how), is_last)
    return back(convolve(x, w, how=how, groups=channels // per_group), is_last)


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
    x, w, is_last = _operands(input, filter, 2, data_format, "depthwise_conv2d")
    *window, channels, multiplier = tuple(w.shape)
    if x.shape[-1] != channels:
        raise InvalidArgumentError(
            f"depthwise_conv2d: input {tuple(x.shape)}, channels last, and filter {tuple(w.shape)} must have the same "
            f"number of channels [Op:depthwise_conv2d]"
        )
    layout = layout_of(data_format, 2)
    how = sliding(window, strides, padding, dilations, tuple(x.shape)[1:-1], layout, "depthwise_conv2d")
    return back(depthwise(x, OPS["reshape"](w, (*window, channels * multiplier)), how=how), is_last)


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
    x, w, is_last = _operands(x, w, rank, data_format, name)
    *window, channels, filters = tuple(w.shape)
    shape: Sequence[int] = static(output_shape)
    spatial, wanted = shape, channels
    if len(shape) == rank + 2:
        spatial, wanted = (shape[1:-1], shape[-1]) if is_last else (shape[2:], shape[1])
    if (wanted, x.shape[-1]) != (channels, filters):
        raise InvalidArgumentError(
            f"{name}: input {tuple(x.shape)} and output_shape {list(shape)} do not fit filters {tuple(w.shape)}, "
            f"which are (window, output channels, input channels) [Op:{name}]"
        )
    how = sliding(window, strides, padding, dilations, spatial, layout_of(data_format, rank), name)
    expected = how.out(spatial, name)
    if expected != tuple(x.shape)[1:-1]:
        raise InvalidArgumentError(
            f"{name}: output_shape {list(shape)} asks for an input of spatial size {expected}, got {tuple(x.shape)} "
            f"[Op:{name}]"
        )
    return back(convolve_input(x, w, spatial=tuple(spatial), how=how, groups=1), is_last)


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
