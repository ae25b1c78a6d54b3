"""Adaptive pools against their definition; values and gradients of Keras are in test_families."""

from typing import Any

import numpy as np
import pytest

import gputape as tf
from gputape import keras


def windows(x: np.ndarray, sizes: Any, reduce: Any) -> np.ndarray:
    """The definition, one window at a time, for x of shape (batch, *spatial, channels)."""
    y = np.empty((x.shape[0], *sizes, x.shape[-1]), x.dtype)
    for index in np.ndindex(*sizes):
        ends = [
            slice(k * n // m, -(-(k + 1) * n // m)) for k, n, m in zip(index, x.shape[1:-1], sizes)
        ]  # fmt: skip
        y[(slice(None), *index)] = reduce(x[(slice(None), *ends)], axis=tuple(range(1, x.ndim - 1)))
    return y


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("size", [1, 2, 3, 7])
@pytest.mark.parametrize(("kind", "reduce"), [("Average", np.mean), ("Max", np.max)])
def test_windows_of_about_equal_length(rank: int, size: int, kind: str, reduce: Any) -> None:
    x = np.random.default_rng(rank).normal(size=(2, *(7, 6, 4)[:rank], 3))
    layer = getattr(keras.layers, f"Adaptive{kind}Pooling{rank}D")
    wanted = windows(x, (size,) * rank, reduce)
    np.testing.assert_allclose(layer(size, dtype="float64")(x), wanted, rtol=1e-12)
    first = layer(size, data_format="channels_first", dtype="float64")(np.moveaxis(x, -1, 1))
    np.testing.assert_allclose(np.moveaxis(first, 1, -1), wanted, rtol=1e-12)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_shapes_are_told_before_the_values(data_format: str) -> None:
    layer = keras.layers.AdaptiveMaxPooling2D((4, 1), data_format=data_format)
    x = keras.Input((9, 8, 7))
    y = layer(x)
    assert y.shape == ((None, 4, 1, 7) if data_format == "channels_last" else (None, 9, 4, 1))
    assert tuple(layer(np.ones((2, 9, 8, 7)))[0].shape) == tuple(y.shape[1:])


def test_gradient_of_the_mean_is_spread_over_overlapping_windows() -> None:
    x = tf.Variable(np.ones((1, 3, 1), "float32"))
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(keras.layers.AdaptiveAveragePooling1D(2)(x))
    np.testing.assert_allclose(tf.reshape(tape.gradient(y, x), [-1]), [0.5, 1.0, 0.5])


def test_half_precision_stays() -> None:
    y = keras.layers.AdaptiveAveragePooling1D(2, dtype="float16")(np.ones((1, 5, 2), "float16"))
    assert y.dtype == tf.float16


def test_errors() -> None:
    with pytest.raises(TypeError, match="must be an integer or 2 integers"):
        keras.layers.AdaptiveMaxPooling2D("3")
    with pytest.raises(ValueError, match="must have length 3"):
        keras.layers.AdaptiveAveragePooling3D((2, 2))
    with pytest.raises(ValueError, match="must be positive integers"):
        keras.layers.AdaptiveAveragePooling1D(0)
    with pytest.raises(ValueError, match="data_format"):
        keras.layers.AdaptiveAveragePooling1D(1, data_format="nowhere")
