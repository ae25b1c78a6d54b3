"""DenseNet121, 169 and 201: every layer sees what all before it in its block have found. Reference: Huang et al. 2016."""

from __future__ import annotations

import functools
from typing import Any

from .. import layers
from .building import application, channel_axis, public
from .imagenet_utils import decode_predictions as decode_predictions
from .imagenet_utils import preprocess_input as _preprocessed
from .residual import activated

_GROWTH = 32  # channels that each layer adds


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """Pixels from 0 to 255 as DenseNet expects them: minus ImageNet's mean, by its deviation."""
    return _preprocessed(x, data_format, "torch")


def _layer(x: Any, name: str) -> Any:
    y = activated(x, f"{name}_0")
    y = layers.Conv2D(4 * _GROWTH, 1, use_bias=False, name=f"{name}_1_conv")(y)
    y = activated(y, f"{name}_1")
    y = layers.Conv2D(_GROWTH, 3, padding="same", use_bias=False, name=f"{name}_2_conv")(y)
    return layers.Concatenate(axis=channel_axis(), name=f"{name}_concat")([x, y])


def _body(depths: tuple[int, ...], x: Any) -> Any:
    x = layers.ZeroPadding2D(3)(x)
    x = layers.Conv2D(64, 7, strides=2, use_bias=False, name="conv1_conv")(x)
    x = layers.ZeroPadding2D(1)(activated(x, "conv1"))
    x = layers.MaxPooling2D(3, strides=2, name="pool1")(x)
    for block, depth in enumerate(depths, 2):
        for k in range(1, depth + 1):
            x = _layer(x, f"conv{block}_block{k}")
        if block < 5:
            x = activated(x, f"pool{block}")
            x = layers.Conv2D(x.shape[channel_axis()] // 2, 1, use_bias=False, name=f"pool{block}_conv")(x)
            x = layers.AveragePooling2D(2, strides=2, name=f"pool{block}_pool")(x)
    x = layers.BatchNormalization(axis=channel_axis(), epsilon=1.001e-5, name="bn")(x)
    return layers.Activation("relu", name="relu")(x)


def _densenet(depths: tuple[int, ...], **arguments: Any) -> Any:
    file = f"densenet/densenet{2 * sum(depths) + 5}_weights_tf_dim_ordering_tf_kernels{{top}}.h5"
    body = functools.partial(_body, depths)
    return application(body, size=224, least=32, file=file, pool_names=True, **arguments)


def _named(title: str, *depths: int) -> Any:
    return public(title, functools.partial(_densenet, depths), f"{title}: blocks of {depths} layers.")


DenseNet121 = _named("DenseNet121", 6, 12, 24, 16)
DenseNet169 = _named("DenseNet169", 6, 12, 32, 32)
DenseNet201 = _named("DenseNet201", 6, 12, 48, 32)
