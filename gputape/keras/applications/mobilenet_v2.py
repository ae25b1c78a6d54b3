"""MobileNetV2: thin bottlenecks around wide depthwise convolutions. Reference: Sandler et al. 2018."""

from __future__ import annotations

import functools
from typing import Any

from .. import layers
from .building import ARGUMENTS, application, channel_axis, divisible, halving_pad, image_shape
from .imagenet_utils import decode_predictions as decode_predictions
from .imagenet_utils import preprocess_input as _preprocessed

_SIDES = (96, 128, 160, 192, 224)  # of images for which there are weights
_WIDTHS = (0.35, 0.50, 0.75, 1.0, 1.3, 1.4)
# Filters, blocks and the stride of the first of them.
_STACKS = ((16, 1, 1), (24, 2, 2), (32, 3, 2), (64, 4, 2), (96, 3, 1), (160, 3, 2), (320, 1, 1))


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """Pixels from 0 to 255 as MobileNetV2 expects them: from -1 to 1."""
    return _preprocessed(x, data_format, "tf")


def _normalized(x: Any, name: str) -> Any:
    return layers.BatchNormalization(axis=channel_axis(), epsilon=1e-3, momentum=0.999, name=name)(x)


def _block(x: Any, filters: int, stride: int, number: int) -> Any:
    past, channels = x, x.shape[channel_axis()]
    prefix = f"block_{number}" if number else "expanded_conv"
    if number:
        x = layers.Conv2D(6 * channels, 1, padding="same", use_bias=False, name=f"{prefix}_expand")(x)
        x = layers.ReLU(6.0, name=f"{prefix}_expand_relu")(_normalized(x, f"{prefix}_expand_BN"))
    if stride == 2:
        x = layers.ZeroPadding2D(halving_pad(x, 3), name=f"{prefix}_pad")(x)
    x = layers.DepthwiseConv2D(
        3, strides=stride, padding="same" if stride == 1 else "valid", use_bias=False, name=f"{prefix}_depthwise"
    )(x)
    x = layers.ReLU(6.0, name=f"{prefix}_depthwise_relu")(_normalized(x, f"{prefix}_depthwise_BN"))
    x = layers.Conv2D(filters, 1, padding="same", use_bias=False, name=f"{prefix}_project")(x)
    x = _normalized(x, f"{prefix}_project_BN")
    return layers.Add(name=f"{prefix}_add")([past, x]) if stride == 1 and channels == filters else x


def _body(alpha: float, x: Any) -> Any:
    x = layers.Conv2D(divisible(32 * alpha), 3, strides=2, padding="same", use_bias=False, name="Conv1")(x)
    x = layers.ReLU(6.0, name="Conv1_relu")(_normalized(x, "bn_Conv1"))
    number = 0
    for filters, blocks, stride in _STACKS:
        for k in range(blocks):
            x = _block(x, divisible(int(filters * alpha)), stride if k == 0 else 1, number)
            number += 1
    x = layers.Conv2D(divisible(1280 * max(alpha, 1.0)), 1, use_bias=False, name="Conv_1")(x)
    return layers.ReLU(6.0, name="out_relu")(_normalized(x, "Conv_1_bn"))


def MobileNetV2(
    input_shape: Any = None,
    alpha: float = 1.0,
    include_top: bool = True,
    weights: Any = "imagenet",
    input_tensor: Any = None,
    pooling: str | None = None,
    classes: int = 1000,
    classifier_activation: Any = "softmax",
    name: str | None = None,
) -> Any:
    if weights == "imagenet" and alpha not in _WIDTHS:
        raise ValueError(f"With weights='imagenet', `alpha` must be one of {_WIDTHS}. Received: alpha={alpha}")
    given = input_shape
    if given is None and input_tensor is not None:
        given = tuple(input_tensor.shape[1:])
    sides = [n for n in given or () if n in _SIDES]
    size = sides[0] if len(sides) == 2 and sides[0] == sides[1] else 224
    shape = image_shape(given, size, 32, include_top, weights)
    rows, columns = shape[:2] if channel_axis() == 3 else shape[1:]
    file = f"mobilenet_v2/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_{float(alpha)}_{size}{{top}}.h5"
    return application(
        functools.partial(_body, alpha), size=size, least=32, file=file.replace("{top}", "" if include_top else "_no_top"),
        include_top=include_top, weights=weights, input_tensor=input_tensor, input_shape=given, pooling=pooling,
        classes=classes, classifier_activation=classifier_activation, top=lambda x: layers.GlobalAveragePooling2D()(x),
        name=name or f"mobilenetv2_{alpha:0.2f}_{rows if rows == columns or weights is None else 224}",
    )  # fmt: skip


MobileNetV2.__doc__ = f"MobileNetV2 with `alpha` times as many channels (default 1).\n{ARGUMENTS}"
