"""InceptionV3: convolutions of several sizes side by side. Reference: Szegedy et al. 2015."""

from __future__ import annotations

from typing import Any

from .. import layers
from .building import application, channel_axis, public
from .imagenet_utils import decode_predictions as decode_predictions
from .imagenet_utils import preprocess_input as _preprocessed


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """Pixels from 0 to 255 as InceptionV3 expects them: from -1 to 1."""
    return _preprocessed(x, data_format, "tf")


def _conv(x: Any, *steps: tuple[int, int, int]) -> Any:
    """Convolutions of (filters, height, width), each normalized, without gamma, and through relu."""
    for filters, rows, columns in steps:
        x = _strided(x, filters, (rows, columns), 1, "same")
    return x


def _strided(x: Any, filters: int, window: tuple[int, int], stride: int = 2, padding: str = "valid") -> Any:
    x = layers.Conv2D(filters, window, strides=stride, padding=padding, use_bias=False)(x)
    x = layers.BatchNormalization(axis=channel_axis(), scale=False)(x)
    return layers.Activation("relu")(x)


def _pooled(x: Any, filters: int) -> Any:
    return _conv(layers.AveragePooling2D(3, strides=1, padding="same")(x), (filters, 1, 1))


def _joined(parts: list[Any], name: str | None = None) -> Any:
    return layers.concatenate(parts, axis=channel_axis(), name=name)


def _body(x: Any) -> Any:
    x = _strided(x, 32, (3, 3))
    x = _strided(x, 32, (3, 3), 1)
    x = _conv(x, (64, 3, 3))
    x = layers.MaxPooling2D(3, strides=2)(x)
    x = _strided(x, 80, (1, 1), 1)
    x = _strided(x, 192, (3, 3), 1)
    x = layers.MaxPooling2D(3, strides=2)(x)
    for k, pooled in enumerate((32, 64, 64)):
        parts = [_conv(x, (64, 1, 1)), _conv(x, (48, 1, 1), (64, 5, 5)), _conv(x, (64, 1, 1), (96, 3, 3), (96, 3, 3))]
        x = _joined([*parts, _pooled(x, pooled)], f"mixed{k}")
    parts = [_strided(x, 384, (3, 3)), _strided(_conv(x, (64, 1, 1), (96, 3, 3)), 96, (3, 3))]
    x = _joined([*parts, layers.MaxPooling2D(3, strides=2)(x)], "mixed3")
    for k, n in enumerate((128, 160, 160, 192), 4):
        parts = [
            _conv(x, (192, 1, 1)),
            _conv(x, (n, 1, 1), (n, 1, 7), (192, 7, 1)),
            _conv(x, (n, 1, 1), (n, 7, 1), (n, 1, 7), (n, 7, 1), (192, 1, 7)),
        ]
        x = _joined([*parts, _pooled(x, 192)], f"mixed{k}")
    parts = [
        _strided(_conv(x, (192, 1, 1)), 320, (3, 3)),
        _strided(_conv(x, (192, 1, 1), (192, 1, 7), (192, 7, 1)), 192, (3, 3)),
    ]
    x = _joined([*parts, layers.MaxPooling2D(3, strides=2)(x)], "mixed8")
    for k in range(2):
        single = _conv(x, (320, 1, 1))
        first = _conv(x, (384, 1, 1))
        first = _joined([_conv(first, (384, 1, 3)), _conv(first, (384, 3, 1))], f"mixed9_{k}")
        second = _conv(x, (448, 1, 1), (384, 3, 3))
        second = _joined([_conv(second, (384, 1, 3)), _conv(second, (384, 3, 1))])
        x = _joined([single, first, second, _pooled(x, 192)], f"mixed{9 + k}")
    return x


def _inception(**arguments: Any) -> Any:
    file = "inception_v3/inception_v3_weights_tf_dim_ordering_tf_kernels{top}.h5"
    return application(_body, size=299, least=75, file=file, **arguments)


def _named(title: str, name: str) -> Any:
    return public(title, _inception, f"{title}: 94 convolutions in eleven mixed blocks.", name)


InceptionV3 = _named("InceptionV3", "inception_v3")
