"""How integers become vectors: one-hot, multi-hot and counts, for all layers with an `output_mode`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gputape as tf


def one_of(value: Any, allowed: tuple[str, ...], layer: Any, argument: str) -> str:
    """`value`; ValueError unless it is among `allowed`."""
    if value not in allowed:
        raise ValueError(
            f"Invalid value for argument `{argument}`. Expected one of {allowed} for layer {type(layer).__name__}. "
            f"Received: {argument}={value}"
        )
    return str(value)


def encoded_shape(shape: Any, mode: str, depth: int | None) -> tuple[int | None, ...]:
    """The shape of `encode(x, mode, depth, ...)` for x of this shape."""
    shape = tuple(shape)
    if mode == "int":
        return shape
    if mode == "one_hot":
        return (*shape[:-1], depth) if len(shape) > 1 and shape[-1] == 1 else (*(shape or (1,)), depth)
    return (*shape[:1], *shape[2:], depth) if len(shape) > 1 else (depth,)


NOTHING = 2**63 - 1  # an integer that no encoding shows


def over_values(function: Callable[[Any], Any], x: Any) -> Any:
    """`function` of the values that a dense, ragged or sparse tensor holds."""
    if isinstance(x, tf.RaggedTensor):
        return tf.ragged.map_flat_values(function, x)
    return tf.sparse.map_values(function, x) if isinstance(x, tf.SparseTensor) else function(x)


def encode(x: Any, mode: str, depth: int | None, dtype: Any, weights: Any = None, sparse: bool = False) -> Any:
    """The integers `x` as `mode` says; those outside 0 ... depth - 1 leave no trace.

    Args:
        x: integers of any shape, dense, ragged or sparse; a scalar counts as one sample of one.
        mode: "int": x itself. "one_hot": a vector for each integer, (..., depth); a last axis of size 1 makes room for
            it. "multi_hot" and "count": a vector for each sample, which lies along the last axis of (n,) and (batch,
            n), along axis 1 of larger shapes; for (batch, n, ...) the result is (batch, ..., depth).
        depth: the length of the vectors; not used for "int".
        dtype: of the result.
        weights: of the shape of x: "count" adds these up.
        sparse: whether vectors come as a SparseTensor.
    """
    if mode == "int":
        return over_values(lambda values: tf.cast(values, dtype), x)
    if isinstance(x, tf.RaggedTensor):
        if mode == "one_hot":
            return over_values(lambda values: tf.one_hot(values, depth, dtype=dtype), x)
        x = x.to_tensor(default_value=NOTHING)
    elif isinstance(x, tf.SparseTensor):
        x = tf.sparse.to_dense(x, default_value=NOTHING)
    vectors = _vectors(x, mode, depth, dtype, weights)
    return tf.sparse.from_dense(vectors) if sparse else vectors


def _vectors(x: Any, mode: str, depth: Any, dtype: Any, weights: Any) -> Any:
    x = tf.cast(x, "int64")
    if not x.ndim:
        x = tf.reshape(x, [1])
    if mode == "one_hot":
        return tf.one_hot(tf.squeeze(x, -1) if x.ndim > 1 and x.shape[-1] == 1 else x, depth, dtype=dtype)
    samples = _samples_last(x)
    counted = tf.math.bincount(
        samples,
        weights=None if weights is None else tf.reshape(_samples_last(weights), samples.shape),
        minlength=depth,
        maxlength=depth,
        dtype="int32",
        axis=-1,
        binary_output=mode == "multi_hot",
    )
    return tf.cast(tf.reshape(counted, encoded_shape(x.shape, mode, depth)), dtype)


def _samples_last(x: Any) -> Any:
    """(batch, n, ...) as rows of n; vectors and matrices as they are."""
    if x.ndim < 3:
        return x
    rest = range(2, x.ndim)
    return tf.reshape(tf.transpose(x, [0, *rest, 1]), [-1, x.shape[1]])
