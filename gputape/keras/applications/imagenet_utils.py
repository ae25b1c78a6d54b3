"""Images as networks trained on ImageNet expect them, and the names of the classes that they tell apart."""

from __future__ import annotations

import functools
import json
from typing import Any

import numpy as np

import gputape as tf

from ..backend import floatx, standardize_data_format
from ..symbolic import KerasTensor
from .files import local_file

_INDEX = "https://storage.googleapis.com/download.tensorflow.org/data/imagenet_class_index.json"
_MEAN_RGB, _DEVIATION_RGB = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet's pixels, from 0 to 1
_MEAN_BGR = (103.939, 116.779, 123.68)  # from 0 to 255


def preprocess_input(x: Any, data_format: str | None = None, mode: str = "caffe") -> Any:
    """Pixels from 0 to 255, in an array or tensor (..., height, width, 3), as the networks expect them.

    Args:
        data_format: "channels_last" (default, or what `keras.config` says) or "channels_first"; ValueError otherwise.
        mode: "tf": from -1 to 1; "torch": minus ImageNet's mean, by its deviation; "caffe" (default): blue first, minus
            the mean, not scaled. ValueError for others.

    The result is new and of x's dtype, floatx for integers.

    >>> import numpy as np
    >>> from gputape import keras
    >>> keras.applications.imagenet_utils.preprocess_input(np.array([[[0, 51, 255]]]), mode="tf")
    array([[[-1. , -0.6,  1. ]]], dtype=float32)
    """
    if mode not in ("caffe", "tf", "torch"):
        raise ValueError(f"Expected mode to be one of `caffe`, `tf` or `torch`. Received: mode={mode}")
    last = standardize_data_format(data_format) == "channels_last"
    x = _floats(x)
    if mode == "tf":
        return x / 127.5 - 1.0

    def along_channels(values: Any) -> Any:
        return np.array(values, np.dtype(str(getattr(x.dtype, "name", x.dtype)))).reshape(-1 if last else (-1, 1, 1))

    if mode == "torch":
        return (x / 255.0 - along_channels(_MEAN_RGB)) / along_channels(_DEVIATION_RGB)
    return (x[..., ::-1] if last else x[..., ::-1, :, :]) - along_channels(_MEAN_BGR)


def _floats(x: Any) -> Any:
    if isinstance(x, (np.ndarray, list)):
        x = np.asarray(x)
        return x if np.issubdtype(x.dtype, np.floating) else x.astype(floatx())
    if isinstance(x, KerasTensor):
        return x
    x = tf.convert_to_tensor(x)
    return x if x.dtype.is_floating else tf.cast(x, floatx())


def decode_predictions(preds: Any, top: int = 5) -> list[list[tuple[str, str, float]]]:
    """The `top` likeliest classes of each row of `preds`, (samples, 1000), as (WordNet id, name, probability).

    Reads imagenet_class_index.json from ~/.keras/models; FileNotFoundError, with what to put where, if it is not there.
    ValueError for another shape.
    """
    found = np.asarray(preds)
    if found.ndim != 2 or found.shape[1] != 1000:
        raise ValueError(
            "`decode_predictions` expects a batch of predictions (i.e. a 2D array of shape (samples, 1000)). Received "
            f"array with shape: {found.shape}"
        )
    names = _class_index(str(local_file("decode_predictions", "imagenet_class_index.json", _INDEX)))
    order = np.argsort(-found, axis=1, kind="stable")[:, :top]
    return [[(*names[str(k)], row[k]) for k in best] for row, best in zip(found, order)]


@functools.lru_cache(maxsize=1)
def _class_index(path: str) -> Any:
    with open(path, encoding="utf-8") as file:
        return json.load(file)
