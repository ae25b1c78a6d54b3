"""EfficientNetB0 to B7: one network scaled in width, depth and size of images. Reference: Tan and Le 2019.

The networks normalize pixels themselves: `preprocess_input` leaves them as they are.
"""

from __future__ import annotations

import functools
import math
from typing import Any

from .. import layers
from .building import application, channel_axis, divisible, halving_pad, public
from .imagenet_utils import decode_predictions as decode_predictions

_STORE = "https://storage.googleapis.com/keras-applications/"
_CONV = {
    "class_name": "VarianceScaling",
    "config": {"scale": 2.0, "mode": "fan_out", "distribution": "truncated_normal"},
}
_DENSE = {"class_name": "VarianceScaling", "config": {"scale": 1 / 3, "mode": "fan_out", "distribution": "uniform"}}
_VARIANCE_RGB = (0.229, 0.224, 0.225)
_DROPPED = 0.2  # the rate at which the last block leaves out its own part
# Window, blocks, filters, how much wider the block is inside, and the stride of the first.
_STACKS = (
    (3, 1, 16, 1, 1), (3, 2, 24, 6, 2), (5, 2, 40, 6, 2), (3, 3, 80, 6, 2), (5, 3, 112, 6, 1), (5, 4, 192, 6, 2),
    (3, 1, 320, 6, 1),
)  # fmt: skip


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """`x`: pixels from 0 to 255 are what the networks expect."""
    return x


def _conv(x: Any, filters: int, name: str, activation: str | None = "swish") -> Any:
    x = layers.Conv2D(
        filters, 1, padding="same", use_bias=False, kernel_initializer=_CONV, name=f"{name}conv"
    )(x)  # fmt: skip
    return _normalized(x, name, activation)


def _normalized(x: Any, name: str, activation: str | None = "swish") -> Any:
    x = layers.BatchNormalization(axis=channel_axis(), name=f"{name}bn")(x)
    return x if activation is None else layers.Activation(activation, name=f"{name}activation")(x)


def _block(x: Any, window: int, filters: int, wider: int, stride: int, rate: float, name: str) -> Any:
    past, channels = x, x.shape[channel_axis()]
    inside = channels * wider
    if wider != 1:
        x = _conv(x, inside, f"{name}expand_")
    if stride == 2:
        x = layers.ZeroPadding2D(halving_pad(x, window), name=f"{name}dwconv_pad")(x)
    x = layers.DepthwiseConv2D(
        window, strides=stride, padding="valid" if stride == 2 else "same", use_bias=False,
        depthwise_initializer=_CONV, name=f"{name}dwconv",
    )(x)  # fmt: skip
    x = _normalized(x, name)
    x = _excited(x, inside, max(1, int(channels * 0.25)), name)
    x = _conv(x, filters, f"{name}project_", None)
    if stride != 1 or channels != filters:
        return x
    if rate > 0:
        x = layers.Dropout(rate, noise_shape=(None, 1, 1, 1), name=f"{name}drop")(x)
    return layers.add([x, past], name=f"{name}add")


def _excited(x: Any, channels: int, squeezed: int, name: str) -> Any:
    """`x` times a weight for each channel, found from the channels' means."""
    y = layers.GlobalAveragePooling2D(name=f"{name}se_squeeze")(x)
    y = layers.Reshape((1, 1, channels) if channel_axis() == 3 else (channels, 1, 1), name=f"{name}se_reshape")(y)
    for filters, activation, part in ((squeezed, "swish", "reduce"), (channels, "sigmoid", "expand")):
        y = layers.Conv2D(
            filters, 1, padding="same", activation=activation, kernel_initializer=_CONV, name=f"{name}se_{part}"
        )(y)
    return layers.multiply([x, y], name=f"{name}se_excite")


def _body(width: float, depth: float, rescaled: bool, x: Any) -> Any:
    x = layers.Rescaling(1.0 / 255.0)(x)
    x = layers.Normalization(axis=channel_axis())(x)
    if rescaled:  # the published weights go with a division by the variance, the layer divides by its root
        x = layers.Rescaling([1.0 / math.sqrt(v) for v in _VARIANCE_RGB])(x)
    x = layers.ZeroPadding2D(halving_pad(x, 3), name="stem_conv_pad")(x)
    x = layers.Conv2D(
        divisible(32 * width), 3, strides=2, use_bias=False, kernel_initializer=_CONV, name="stem_conv"
    )(x)  # fmt: skip
    x = _normalized(x, "stem_")
    blocks = [math.ceil(depth * stack[1]) for stack in _STACKS]
    number = 0
    for stack, (window, _, filters, wider, stride) in enumerate(_STACKS):
        for k in range(blocks[stack]):
            rate = _DROPPED * number / sum(blocks)
            name = f"block{stack + 1}{chr(ord('a') + k)}_"
            x = _block(x, window, divisible(filters * width), wider, stride if k == 0 else 1, rate, name)
            number += 1
    return _conv(x, divisible(1280 * width), "top_")


def _efficientnet(width: float, depth: float, size: int, dropout: float, file: str, **arguments: Any) -> Any:
    def top(x: Any) -> Any:
        return layers.Dropout(dropout, name="top_dropout")(layers.GlobalAveragePooling2D(name="avg_pool")(x))

    body = functools.partial(_body, width, depth, arguments["weights"] == "imagenet")
    return application(
        body, size=size, least=32, file=f"{file}{{top}}.h5", top=top, top_initializer=_DENSE, pool_names=True,
        store=_STORE, **arguments,
    )  # fmt: skip


def _named(title: str, width: float, depth: float, size: int, dropout: float) -> Any:
    what = f"{title}: {width} times as wide and {depth} times as deep as B0, for images of {size} by {size} pixels."
    return public(title, functools.partial(_efficientnet, width, depth, size, dropout, title.lower()), what)


EfficientNetB0 = _named("EfficientNetB0", 1.0, 1.0, 224, 0.2)
EfficientNetB1 = _named("EfficientNetB1", 1.0, 1.1, 240, 0.2)
EfficientNetB2 = _named("EfficientNetB2", 1.1, 1.2, 260, 0.3)
EfficientNetB3 = _named("EfficientNetB3", 1.2, 1.4, 300, 0.3)
EfficientNetB4 = _named("EfficientNetB4", 1.4, 1.8, 380, 0.4)
EfficientNetB5 = _named("EfficientNetB5", 1.6, 2.2, 456, 0.4)
EfficientNetB6 = _named("EfficientNetB6", 1.8, 2.6, 528, 0.5)
EfficientNetB7 = _named("EfficientNetB7", 2.0, 3.1, 600, 0.5)
