"""Xception: separable convolutions around which the input goes past. Reference: Chollet 2016."""

from __future__ import annotations

from typing import Any

from .. import layers
from .building import application, channel_axis, public
from .imagenet_utils import decode_predictions as decode_predictions
from .imagenet_utils import preprocess_input as _preprocessed


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """Pixels from 0 to 255 as Xception expects them: from -1 to 1."""
    return _preprocessed(x, data_format, "tf")


def _normalized(x: Any, name: str | None = None) -> Any:
    return layers.BatchNormalization(axis=channel_axis(), name=name)(x)


def _separable(x: Any, filters: int, name: str) -> Any:
    x = layers.SeparableConv2D(filters, 3, padding="same", use_bias=False, name=name)(x)
    return _normalized(x, f"{name}_bn")


def _relu(x: Any, name: str) -> Any:
    return layers.Activation("relu", name=f"{name}_act")(x)


def _halved(x: Any, block: int, first: int, second: int) -> Any:
    """Two separable convolutions and a pool; what goes past is halved by a convolution."""
    past = _normalized(layers.Conv2D(second, 1, strides=2, padding="same", use_bias=False)(x))
    if block > 2:
        x = _relu(x, f"block{block}_sepconv1")
    x = _separable(x, first, f"block{block}_sepconv1")
    x = _separable(_relu(x, f"block{block}_sepconv2"), second, f"block{block}_sepconv2")
    x = layers.MaxPooling2D(3, strides=2, padding="same", name=f"block{block}_pool")(x)
    return layers.add([x, past])


def _body(x: Any) -> Any:
    x = layers.Conv2D(32, 3, strides=2, use_bias=False, name="block1_conv1")(x)
    x = _relu(_normalized(x, "block1_conv1_bn"), "block1_conv1")
    x = layers.Conv2D(64, 3, use_bias=False, name="block1_conv2")(x)
    x = _relu(_normalized(x, "block1_conv2_bn"), "block1_conv2")
    for block, filters in ((2, 128), (3, 256), (4, 728)):
        x = _halved(x, block, filters, filters)
    for block in range(5, 13):
        past = x
        for name in (f"block{block}_sepconv{k}" for k in (1, 2, 3)):
            x = _separable(_relu(x, name), 728, name)
        x = layers.add([x, past])
    x = _halved(x, 13, 728, 1024)
    for name, filters in (("block14_sepconv1", 1536), ("block14_sepconv2", 2048)):
        x = _relu(_separable(x, filters, name), name)
    return x


def _xception(**arguments: Any) -> Any:
    file = "xception/xception_weights_tf_dim_ordering_tf_kernels{top}.h5"
    return application(_body, size=299, least=71, file=file, **arguments)


Xception = public("Xception", _xception, "Xception: 36 convolutions, 34 of them separable.")
