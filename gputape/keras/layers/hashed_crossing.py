"""HashedCrossing: combinations of categories as the number of a bin."""

from __future__ import annotations

from typing import Any

import gputape as tf

from ..symbolic import KerasTensor
from .categorical import encode, encoded_shape, one_of
from .data_layer import DataLayer, as_data

_KEY = 0xDECAFCAFFE
_MULTIPLIER = 0xC6A4A7935BD1E995


class HashedCrossing(DataLayer):
    """The bin of each combination of integers or strings in 0 ... num_bins - 1, by a hash.

    Args:
        num_bins: the number of bins.
        output_mode: "int" (default, int64) or "one_hot" (floatx), as in `CategoryEncoding`.
        sparse: whether "one_hot" comes as a SparseTensor. Default False.

    Called on a list or tuple of two or more inputs of one shape: (), (batch,) or (batch, 1). ValueError for others, and
    for floats. The bins are TensorFlow's.

    >>> import numpy as np
    >>> from gputape import keras
    >>> layer = keras.layers.HashedCrossing(num_bins=5)
    >>> layer((np.array(["A", "B", "A"]), np.array([101, 101, 102]))).numpy()
    array([1, 4, 3])
    """

    def __init__(
        self,
        num_bins: int,
        output_mode: str = "int",
        sparse: bool = False,
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, dtype="int64" if output_mode == "int" and dtype is None else dtype, **kwargs)
        self.num_bins, self.sparse = num_bins, sparse
        self.output_mode = one_of(output_mode, ("int", "one_hot"), self, "output_mode")
        self._build_at_init()

    def _as_tensors(self, inputs: Any) -> Any:
        if not isinstance(inputs, (list, tuple)):
            raise ValueError(f"`HashedCrossing` should be called on a list or tuple of inputs. Received: {inputs}")
        if len(inputs) < 2:
            raise ValueError(f"`HashedCrossing` should be called on at least two inputs. Received: {inputs}")
        return [x if isinstance(x, KerasTensor) else as_data(x) for x in inputs]

    def call(self, inputs: Any) -> Any:
        self._check(inputs)
        bins = _crossed([tf.reshape(x, [-1]) for x in inputs], self.num_bins)
        bins = tf.reshape(bins, inputs[0].shape)
        return encode(bins, self.output_mode, self.num_bins, self.compute_dtype, sparse=self.sparse)

    def _check(self, inputs: list[Any]) -> None:
        if not all(isinstance(x, tf.Tensor) for x in inputs):
            raise ValueError(f"All `HashedCrossing` inputs should be dense tensors. Received: {inputs}")
        shape = tuple(inputs[0].shape)
        if len(shape) > 2 or (len(shape) == 2 and shape[-1] != 1):
            raise ValueError(
                "All `HashedCrossing` inputs should have shape `()`, `(batch_size)` or `(batch_size, 1)`. Received "
                f"shapes {[tuple(x.shape) for x in inputs]}"
            )
        if any(tuple(x.shape) != shape for x in inputs):
            raise ValueError(
                f"All `HashedCrossing` inputs should have equal shape. Received shapes {[tuple(x.shape) for x in inputs]}"
            )
        if not all(x.dtype.is_integer or x.dtype == "string" for x in inputs):
            raise ValueError(
                "All `HashedCrossing` inputs should have an integer or string dtype. Received "
                f"{[x.dtype.name for x in inputs]}"
            )

    def compute_output_shape(self, input_shape: Any) -> Any:
        if len(input_shape) < 2 or not all(isinstance(shape, (list, tuple)) for shape in input_shape):
            raise ValueError(f"Expected the shapes of two or more inputs. Received input_shape={input_shape}")
        first = tuple(input_shape[0])
        if any(tuple(shape)[-1:] != first[-1:] for shape in input_shape):
            raise ValueError(f"Expected the input tensors to have identical shapes. Received input_shape={input_shape}")
        return encoded_shape(first, self.output_mode, self.num_bins)

    def compute_output_spec(self, inputs: Any) -> Any:
        shape = self.compute_output_shape([x.shape for x in inputs])
        return KerasTensor(shape, dtype=self.compute_dtype, sparse=self.sparse)

    def get_config(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("num_bins", "output_mode", "sparse", "name", "dtype")}


def _crossed(columns: list[Any], bins: int) -> Any:
    """TensorFlow's hash of each row modulo `bins`, int64: Murmur's mixing of the columns' fingerprints, one by one.

    Strings stand for their FarmHash fingerprints, integers for themselves.
    """
    made: Any = tf.constant(_KEY, "uint64")
    multiplier = tf.constant(_MULTIPLIER, "uint64")
    for x in columns:
        its = tf.bitcast(tf.fingerprint(x), "uint64") if x.dtype == "string" else tf.cast(tf.cast(x, "int64"), "uint64")
        made = (made ^ multiplier ^ (_folded(its * multiplier) * multiplier)) * multiplier
        made = _folded(_folded(made) * multiplier)
    return tf.cast(made % tf.constant(bins, "uint64"), "int64")


def _folded(x: Any) -> Any:
    return x ^ tf.bitwise.right_shift(x, tf.constant(47, "uint64"))
