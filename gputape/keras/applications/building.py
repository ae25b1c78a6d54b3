"""What all applications share: their arguments, the layers on top, and where their weights come from."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from typing import Any

from .. import backend, layers
from ..models import Model
from ..utils import get_source_inputs
from .files import local_file

STORE = "https://storage.googleapis.com/tensorflow/keras-applications/"


ARGUMENTS = """
    Args:
        include_top: whether the last layers, which tell classes apart, are there. Default True.
        weights: None: at random; "imagenet" (default): from a file in ~/.keras/models, FileNotFoundError with its name
            and address if it is not there; or the path of a file that Keras or this library wrote.
        input_tensor: a KerasTensor to take as images instead of an input of its own.
        input_shape: of one image; by default the usual one, with `include_top=False` any.
        pooling: of the features where there is no top: None (default), "avg" or "max".
        classes, classifier_activation: of the last layer. Default 1000, "softmax".

    Returns a keras.Model. ValueError for values that do not go together.
"""


def public(title: str, make: Callable[..., Any], what: str, model_name: str | None = None) -> Callable[..., Any]:
    """The function `title` with the arguments of all applications, all of which go to `make`."""

    def build(
        include_top: bool = True,
        weights: Any = "imagenet",
        input_tensor: Any = None,
        input_shape: Any = None,
        pooling: str | None = None,
        classes: int = 1000,
        classifier_activation: Any = "softmax",
        name: str = model_name or title.lower(),
    ) -> Any:
        return make(
            include_top=include_top, weights=weights, input_tensor=input_tensor, input_shape=input_shape,
            pooling=pooling, classes=classes, classifier_activation=classifier_activation, name=name,
        )  # fmt: skip

    build.__name__ = build.__qualname__ = title
    build.__doc__ = f"{what}\n{ARGUMENTS}"
    return build


def channel_axis() -> int:
    return 3 if backend.image_data_format() == "channels_last" else 1


def application(
    body: Callable[[Any], Any],
    *,
    size: int,
    least: int,
    file: str,
    include_top: bool,
    weights: Any,
    input_tensor: Any,
    input_shape: Any,
    pooling: str | None,
    classes: int,
    classifier_activation: Any,
    name: str,
    top: Callable[[Any], Any] | None = None,
    top_initializer: Any = "glorot_uniform",
    pool_names: bool = False,
    store: str = STORE,
) -> Any:
    """The model of `body`, a function from images to features.

    Args:
        size: the height and width of its images by default, `least` the smallest that it takes.
        file: the name of its weights on ImageNet below `store`, with "{top}" where "_notop" stands in those without top.
        top: from the features to the last layer's input; default their average over the image.
        pool_names: whether the layer of `pooling` is called avg_pool or max_pool.

    The others are the arguments of all applications, see `ARGUMENTS`.
    """
    _check(include_top, weights, classes, classifier_activation)
    shape = image_shape(input_shape, size, least, include_top, weights)
    if input_tensor is None:
        images = layers.Input(shape=shape)
    else:
        images = (
            input_tensor if backend.is_keras_tensor(input_tensor) else layers.Input(tensor=input_tensor, shape=shape)
        )
    x = body(images)
    if include_top:
        x = layers.GlobalAveragePooling2D(name="avg_pool")(x) if top is None else top(x)
        x = layers.Dense(
            classes, activation=classifier_activation, kernel_initializer=top_initializer, name="predictions"
        )(x)
    elif pooling == "avg":
        x = layers.GlobalAveragePooling2D(name="avg_pool" if pool_names else None)(x)
    elif pooling == "max":
        x = layers.GlobalMaxPooling2D(name="max_pool" if pool_names else None)(x)
    model = Model(images if input_tensor is None else get_source_inputs(images), x, name=name)
    if weights == "imagenet":
        path = file.format(top="" if include_top else "_notop")
        model.load_weights(local_file(name, path.rpartition("/")[2], store + path))
    elif weights is not None:
        model.load_weights(weights)
    return model


def _check(include_top: bool, weights: Any, classes: int, classifier_activation: Any) -> None:
    if not (weights is None or weights == "imagenet" or os.path.exists(weights)):
        raise ValueError(
            "The `weights` argument should be either `None` (random initialization), 'imagenet' (pre-training on "
            f"ImageNet), or the path to the weights file to be loaded. Received: weights={weights}"
        )
    if weights == "imagenet" and include_top and classes != 1000:
        raise ValueError(
            "If using `weights='imagenet'` with `include_top=True`, `classes` should be 1000. Received: "
            f"classes={classes}"
        )
    if include_top and weights is not None and classifier_activation not in ("softmax", None):
        raise ValueError(
            "Only `None` and `softmax` activations are allowed for the `classifier_activation` argument when using "
            f"pretrained weights, with `include_top=True`; Received: classifier_activation={classifier_activation}"
        )


def image_shape(given: Any, size: int, least: int, include_top: bool, weights: Any) -> tuple[int | None, ...]:
    """The shape of one image: `given`, or the default; ValueError if it does not fit."""
    first = backend.image_data_format() == "channels_first"

    def shaped(side: int | None, channels: int) -> tuple[int | None, ...]:
        return (channels, side, side) if first else (side, side, channels)

    if not given:
        return shaped(size if include_top else None, 3)
    given = tuple(given)
    if len(given) != 3:
        raise ValueError(f"`input_shape` must be a tuple of three integers. Received: input_shape={given}")
    channels, sides = (given[0], given[1:]) if first else (given[2], given[:2])
    if weights == "imagenet" and include_top and given != shaped(size, 3):
        raise ValueError(
            "When setting `include_top=True` and loading `imagenet` weights, `input_shape` should be "
            f"{shaped(size, 3)}. Received: input_shape={given}"
        )
    if weights == "imagenet" and channels != 3:
        raise ValueError(f"The input must have 3 channels; Received `input_shape={given}`")
    if channels not in (1, 3):
        warnings.warn(
            "This model usually expects 1 or 3 input channels. However, it was passed an input_shape with "
            f"{channels} input channels.",
            stacklevel=4,
        )
    if any(n is not None and n < least for n in sides):
        raise ValueError(f"Input size must be at least {least}x{least}; Received: input_shape={given}")
    if include_top and None in given:
        raise ValueError(
            f"If `include_top` is True, you should specify a static `input_shape`. Received: input_shape={given}"
        )
    return given


def halving_pad(x: Any, window: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """The zeros around an image with which a window of stride 2 halves it, one less before an even side."""
    axis = 1 if channel_axis() == 3 else 2
    half = window // 2
    before = [half - (1 if n is None else 1 - n % 2) for n in x.shape[axis : axis + 2]]
    return ((before[0], half), (before[1], half))


def divisible(n: float, divisor: int = 8) -> int:
    """About `n`, a multiple of `divisor`, and not less than 0.9 n."""
    made = max(divisor, int(n + divisor / 2) // divisor * divisor)
    return int(made + divisor if made < 0.9 * n else made)
