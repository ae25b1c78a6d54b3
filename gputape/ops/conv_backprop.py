"""The adjoints of depthwise_conv2d under TensorFlow's names; they are its gradients, with gradients of their own."""

from __future__ import annotations

from typing import Any

from ..errors import InvalidArgumentError
from ..op import public
from ..registry import OPS
from ..tensor import as_tensor
from .depthwise import depthwise_filter, depthwise_input
from .shape import static_shape
from .window import back, channels_last, last, layout_of, sliding


def _sizes(name: str, what: str, sizes: Any) -> tuple[int, ...]:
    made = static_shape(sizes)
    if len(made) != 4:
        raise InvalidArgumentError(f"{name}: {what}={list(made)} must have 4 sizes [Op:{name}]")
    return made


def _fits(name: str, out: Any, dy: Any, channels: int, multiplier: int) -> None:
    wanted = (*out, channels * multiplier)
    if tuple(dy.shape)[1:] != wanted:
        raise InvalidArgumentError(
            f"{name}: out_backprop {tuple(dy.shape)}, channels last, must have shape (n, {', '.join(map(str, wanted))})"
            f" [Op:{name}]"
        )


@public
def depthwise_conv2d_backprop_input(
    input_sizes: Any,
    filter: Any,
    out_backprop: Any,
    strides: Any,
    padding: Any,
    data_format: str = "NHWC",
    dilations: Any = (1, 1, 1, 1),
    name: str | None = None,
) -> Any:
    """The gradient of depthwise_conv2d by its input, of shape `input_sizes`; arguments as depthwise_conv2d."""
    name = "depthwise_conv2d_backprop_input"
    is_last, layout = channels_last(data_format, 2, name), layout_of(data_format, 2)
    dy, w, sizes = as_tensor(out_backprop), as_tensor(filter), _sizes(name, "input_sizes", input_sizes)
    dy, spatial = last(dy, is_last), sizes[1:3] if is_last else sizes[2:]
    *window, channels, multiplier = w._array.shape
    how = sliding(window, strides, padding, dilations, spatial, layout, name)
    _fits(name, how.out(spatial, name), dy, channels, multiplier)
    w = OPS["reshape"](w, (*window, channels * multiplier))
    return back(depthwise_input(dy, w, spatial=spatial, channels=channels, how=how), is_last)


@public
def depthwise_conv2d_backprop_filter(
    input: Any,
    filter_sizes: Any,
    out_backprop: Any,
    strides: Any,
    padding: Any,
    data_format: str = "NHWC",
    dilations: Any = (1, 1, 1, 1),
    name: str | None = None,
) -> Any:
    """The gradient of depthwise_conv2d by its filter, of shape `filter_sizes`; arguments as depthwise_conv2d."""
    name = "depthwise_conv2d_backprop_filter"
    is_last, layout = channels_last(data_format, 2, name), layout_of(data_format, 2)
    x, dy = (last(as_tensor(v), is_last) for v in (input, out_backprop))
    *window, channels, multiplier = _sizes(name, "filter_sizes", filter_sizes)
    how = sliding(window, strides, padding, dilations, tuple(x.shape)[1:-1], layout, name)
    _fits(name, how.out(tuple(x.shape)[1:-1], name), dy, channels, multiplier)
    return OPS["reshape"](depthwise_filter(x, dy, how=how), (*window, channels, multiplier))


NAMES = {
    "tf.nn.depthwise_conv2d_backprop_input": depthwise_conv2d_backprop_input,
    "tf.nn.depthwise_conv2d_backprop_filter": depthwise_conv2d_backprop_filter,
}
