"""Hashing: categories of any kind as the number of a bin, without a vocabulary."""

from __future__ import annotations

from typing import Any

import gputape as tf

from .. import backend
from ..symbolic import KerasTensor
from .categorical import encode, encoded_shape, one_of, over_values
from .data_layer import DataLayer


class Hashing(DataLayer):
    """The bin of each string or number in 0 ... num_bins - 1, by a hash of its text: equal inputs share a bin.

    Args:
        num_bins: the number of bins, with that of `mask_value`; ValueError unless positive.
        mask_value: what goes into bin 0, which is then kept for it. Default None: there is no such value.
        salt: an int or two of them: keys of SipHash, which takes FarmHash's place. Default None.
        output_mode: "int" (default, int64), "one_hot", "multi_hot" or "count" (floatx), as in `CategoryEncoding`.
        sparse: whether vectors come as a SparseTensor. Default False.

    Numbers are hashed as their decimal text, floats after cutting off the fraction. The bins are TensorFlow's.

    >>> from gputape import keras
    >>> keras.layers.Hashing(num_bins=3)([["A"], ["B"], ["E"]]).numpy()
    array([[1],
           [0],
           [2]])
    """

    def __init__(
        self,
        num_bins: int,
        mask_value: Any = None,
        salt: Any = None,
        output_mode: str = "int",
        sparse: bool = False,
        **kwargs: Any,
    ) -> None:
        if kwargs.get("dtype") is None:
            kwargs["dtype"] = "int64" if output_mode == "int" else backend.floatx()
        super().__init__(**kwargs)
        if num_bins is None or num_bins <= 0:
            raise ValueError(
                f"The `num_bins` for `Hashing` cannot be `None` or non-positive values. Received: num_bins={num_bins}."
            )
        self.output_mode = one_of(output_mode, ("int", "one_hot", "multi_hot", "count"), self, "output_mode")
        if output_mode == "int" and self.compute_dtype not in ("int32", "int64"):
            raise ValueError(
                "When `output_mode=\"int\"`, `dtype` should be an integer type, 'int32' or 'int64'. Received: "
                f"dtype={kwargs['dtype']}"
            )
        if sparse and output_mode == "int":
            raise ValueError(
                "`sparse` may only be true if `output_mode` is `'one_hot'`, `'multi_hot'`, or `'count'`. Received: "
                f"sparse={sparse} and output_mode={output_mode}"
            )
        self.num_bins, self.mask_value, self.sparse = num_bins, mask_value, sparse
        self.salt = checked_salt(salt, self)
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        bins = over_values(self._bins, inputs)
        return encode(bins, self.output_mode, self.num_bins, self.compute_dtype, sparse=self.sparse)

    def _bins(self, x: Any) -> Any:
        if self.mask_value is None or self.num_bins == 1:
            return hash_bins(x, self.num_bins, self.salt)
        masked = tf.equal(x, tf.constant(self.mask_value, x.dtype))
        bins = hash_bins(x, self.num_bins - 1, self.salt) + 1
        return tf.where(masked, tf.zeros_like(bins), bins)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return encoded_shape(input_shape, self.output_mode, self.num_bins)

    def compute_output_spec(self, inputs: Any) -> Any:
        return KerasTensor(self.compute_output_shape(inputs.shape), dtype=self.compute_dtype, sparse=self.sparse)


def checked_salt(salt: Any, layer: Any) -> list[int] | None:
    """Two ints from an int or a pair of ints; ValueError otherwise."""
    if salt is None:
        return None
    if isinstance(salt, int):
        return [salt, salt]
    if isinstance(salt, (tuple, list)) and len(salt) == 2:
        return list(salt)
    raise ValueError(
        f"The `salt` argument for `{type(layer).__name__}` can only be a tuple of size 2 integers, or a single "
        f"integer. Received: salt={salt}."
    )


def hash_bins(x: Any, bins: int, salt: list[int] | None) -> Any:
    """int64 in 0 ... bins - 1: FarmHash64 of the text of each element, or SipHash with the key `salt`."""
    if x.dtype.is_floating:
        x = tf.cast(x, "int64")
    text = x if x.dtype == "string" else tf.strings.as_string(x)
    if salt is None:
        return tf.strings.to_hash_bucket_fast(text, bins)
    return tf.strings.to_hash_bucket_strong(text, bins, salt)
