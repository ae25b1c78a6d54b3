"""VGG16 and VGG19: blocks of 3x3 convolutions, each followed by a pool. Reference: Simonyan and Zisserman 2014."""

from __future__ import annotations

import functools
from typing import Any

from .. import layers
from .building import application, public


def _body(depths: tuple[int, ...], x: Any) -> Any:
    for block, (filters, depth) in enumerate(zip((64, 128, 256, 512, 512), depths), 1):
        for k in range(1, depth + 1):
            name = f"block{block}_conv{k}"
            x = layers.Conv2D(filters, 3, activation="relu", padding="same", name=name)(x)
        x = layers.MaxPooling2D(2, strides=2, name=f"block{block}_pool")(x)
    return x


def _top(x: Any) -> Any:
    x = layers.Flatten(name="flatten")(x)
    for name in ("fc1", "fc2"):
        x = layers.Dense(4096, activation="relu", name=name)(x)
    return x


def vgg(depths: tuple[int, ...], **arguments: Any) -> Any:
    """The network with so many convolutions in its five blocks; its name tells its file."""
    name = f"vgg{sum(depths) + 3}"
    file = f"{name}/{name}_weights_tf_dim_ordering_tf_kernels{{top}}.h5"
    return application(functools.partial(_body, depths), size=224, least=32, file=file, top=_top, **arguments)


VGG16 = public("VGG16", functools.partial(vgg, (2, 2, 3, 3, 3)), "VGG16: 13 convolutions and three dense layers.")
VGG19 = public("VGG19", functools.partial(vgg, (2, 2, 4, 4, 4)), "VGG19: 16 convolutions and three dense layers.")
