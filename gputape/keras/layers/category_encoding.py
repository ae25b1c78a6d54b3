"""CategoryEncoding: integers as one-hot, multi-hot or count vectors."""

from __future__ import annotations

from typing import Any

from ..symbolic import KerasTensor
from .categorical import encode, encoded_shape
from .data_layer import DataLayer, as_data


class CategoryEncoding(DataLayer):
    """Integers in [0, num_tokens) as vectors of length `num_tokens`, in the layer's dtype.

    Args:
        num_tokens: the number of categories; ValueError unless at least 1.
        output_mode: "one_hot": a vector per integer, x (...) -> (..., num_tokens), a last axis of size 1 being
            replaced. "multi_hot" (default): a vector per sample with 1 for every integer in it, x (n,) or (batch, n)
            -> (num_tokens,) or (batch, num_tokens). "count": how often each integer is in the sample.
        sparse: whether to return a SparseTensor. Default False.

    Call arguments: `count_weights`, of the shape of the input: "count" adds these up instead of ones.
    Integers outside the range are left out.

    >>> from gputape import keras
    >>> keras.layers.CategoryEncoding(num_tokens=4, output_mode="count")([[0, 1], [3, 3]]).numpy()
    array([[1., 1., 0., 0.],
           [0., 0., 0., 2.]], dtype=float32)
    """

    def __init__(
        self, num_tokens: int | None = None, output_mode: str = "multi_hot", sparse: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        output_mode = "multi_hot" if output_mode == "binary" else output_mode
        if output_mode not in ("count", "one_hot", "multi_hot"):
            raise ValueError(f"Unknown arg for output_mode: {output_mode}. Expected 'count', 'one_hot' or 'multi_hot'.")
        if num_tokens is None:
            raise ValueError(
                "num_tokens must be set to use this layer. If the number of tokens is not known beforehand, use the "
                "IntegerLookup layer instead."
            )
        if num_tokens < 1:
            raise ValueError(f"`num_tokens` must be >= 1. Received: num_tokens={num_tokens}.")
        self.num_tokens, self.output_mode, self.sparse = num_tokens, output_mode, sparse
        self._build_at_init()

    def call(self, inputs: Any, count_weights: Any = None) -> Any:
        if count_weights is not None:
            if self.output_mode != "count":
                raise ValueError(
                    "`count_weights` is not used when `output_mode` is not `'count'`. Received "
                    f"`count_weights={count_weights}`."
                )
            count_weights = as_data(count_weights, self.compute_dtype)
        return self._encode(inputs, count_weights)

    def _encode(self, inputs: Any, count_weights: Any = None) -> Any:
        x = as_data(inputs)
        return encode(x, self.output_mode, self.num_tokens, self.compute_dtype, count_weights, self.sparse)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return encoded_shape(input_shape, self.output_mode, self.num_tokens)

    def compute_output_spec(self, inputs: Any, count_weights: Any = None) -> Any:
        return KerasTensor(self.compute_output_shape(inputs.shape), dtype=self.compute_dtype, sparse=self.sparse)
