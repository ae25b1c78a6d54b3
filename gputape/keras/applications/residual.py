"""ResNet and ResNetV2 of 50, 101 and 152 layers: bottlenecks that are added to what goes past them.

References: He et al. 2015, "Deep residual learning"; He et al. 2016, "Identity mappings" (V2: activations come first).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from .. import layers
from .building import application, channel_axis, public


def normalized(x: Any, name: str) -> Any:
    return layers.BatchNormalization(axis=channel_axis(), epsilon=1.001e-5, name=f"{name}_bn")(x)


def activated(x: Any, name: str) -> Any:
    return layers.Activation("relu", name=f"{name}_relu")(normalized(x, name))


def _block(x: Any, filters: int, stride: int, projected: bool, name: str) -> Any:
    past = x
    if projected:
        past = layers.Conv2D(4 * filters, 1, strides=stride, name=f"{name}_0_conv")(x)
        past = normalized(past, f"{name}_0")
    x = layers.Conv2D(filters, 1, strides=stride, name=f"{name}_1_conv")(x)
    x = activated(x, f"{name}_1")
    x = layers.Conv2D(filters, 3, padding="same", name=f"{name}_2_conv")(x)
    x = activated(x, f"{name}_2")
    x = layers.Conv2D(4 * filters, 1, name=f"{name}_3_conv")(x)
    x = layers.Add(name=f"{name}_add")([past, normalized(x, f"{name}_3")])
    return layers.Activation("relu", name=f"{name}_out")(x)


def _block_v2(x: Any, filters: int, stride: int, projected: bool, name: str) -> Any:
    before = layers.Activation("relu", name=f"{name}_preact_relu")(normalized(x, f"{name}_preact"))
    past = x
    if projected:
        past = layers.Conv2D(4 * filters, 1, strides=stride, name=f"{name}_0_conv")(before)
    elif stride > 1:
        past = layers.MaxPooling2D(1, strides=stride)(x)
    x = layers.Conv2D(filters, 1, use_bias=False, name=f"{name}_1_conv")(before)
    x = activated(x, f"{name}_1")
    x = layers.ZeroPadding2D(1, name=f"{name}_2_pad")(x)
    x = layers.Conv2D(filters, 3, strides=stride, use_bias=False, name=f"{name}_2_conv")(x)
    x = activated(x, f"{name}_2")
    x = layers.Conv2D(4 * filters, 1, name=f"{name}_3_conv")(x)
    return layers.Add(name=f"{name}_out")([past, x])


def _body(depths: tuple[int, ...], first: bool, x: Any) -> Any:
    """`first`: whether activations come first, V2. It strides at the end of a stack, the other at its start."""
    x = layers.ZeroPadding2D(3, name="conv1_pad")(x)
    x = layers.Conv2D(64, 7, strides=2, name="conv1_conv")(x)
    x = x if first else activated(x, "conv1")
    x = layers.ZeroPadding2D(1, name="pool1_pad")(x)
    x = layers.MaxPooling2D(3, strides=2, name="pool1_pool")(x)
    block: Callable[..., Any] = _block_v2 if first else _block
    for stack, depth in enumerate(depths):
        strided = (depth if stack < 3 else 0) if first else (1 if stack > 0 else 0)
        for k in range(1, depth + 1):
            stride = 2 if k == strided else 1
            x = block(x, 64 * 2**stack, stride, k == 1, f"conv{stack + 2}_block{k}")
    return activated(x, "post") if first else x


def resnet(depths: tuple[int, ...], first: bool, **arguments: Any) -> Any:
    """The network with so many blocks in its four stacks; with `first`, of the second kind."""
    name = f"resnet{3 * sum(depths) + 2}{'v2' if first else ''}"
    file = f"resnet/{name}_weights_tf_dim_ordering_tf_kernels{{top}}.h5"
    body = functools.partial(_body, depths, first)
    return application(body, size=224, least=32, file=file, pool_names=True, **arguments)


def _named(title: str, *depths: int) -> Any:
    """The public function of this name; "V2" tells the kind."""
    what = f"{title}: stacks of {depths} blocks of three convolutions."
    return public(title, functools.partial(resnet, depths, title.endswith("V2")), what)


ResNet50, ResNet50V2 = _named("ResNet50", 3, 4, 6, 3), _named("ResNet50V2", 3, 4, 6, 3)
ResNet101, ResNet101V2 = _named("ResNet101", 3, 4, 23, 3), _named("ResNet101V2", 3, 4, 23, 3)
ResNet152, ResNet152V2 = _named("ResNet152", 3, 8, 36, 3), _named("ResNet152V2", 3, 8, 36, 3)
