"""ReversibleEmbedding: integers to vectors, and vectors back to a score for each integer."""

from __future__ import annotations

from typing import Any

import gputape as tf

from ..scopes import set_keras_mask
from ..symbolic import KerasTensor
from .core import Embedding


class ReversibleEmbedding(Embedding):
    """An Embedding that can be called the other way: y = x @ embeddings^T with `reverse=True`.

    Args:
        tie_weights: whether the way back uses the same weights; else `reverse_embeddings`, (output_dim, input_dim).
            Default True.
        reverse_dtype: the dtype of the product on the way back; default that of the layer.
        logit_soft_cap: on the way back, y = cap * tanh(y / cap). Default None, no cap.

    Other arguments as Embedding. Reference: Press and Wolf 2016.

    >>> import gputape as tf
    >>> from gputape import keras
    >>> layer = keras.layers.ReversibleEmbedding(3, 2)
    >>> layer(tf.constant([2, 0])).shape, layer(tf.ones([2, 2]), reverse=True).shape
    (TensorShape([2, 2]), TensorShape([2, 3]))
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        tie_weights: bool = True,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        reverse_dtype: Any = None,
        logit_soft_cap: float | None = None,
        **kwargs: Any,
    ) -> None:
        self.tie_weights = tie_weights
        self.reverse_dtype = reverse_dtype
        self.logit_soft_cap = logit_soft_cap
        super().__init__(
            input_dim, output_dim, embeddings_initializer, embeddings_regularizer, embeddings_constraint, mask_zero, **kwargs
        )  # fmt: skip

    def build(self, input_shape: Any = None) -> None:
        if self.built:
            return
        super().build(input_shape)
        if not self.tie_weights:
            shape = (self.output_dim, self.input_dim)
            self.reverse_embeddings = self.add_weight(
                name="reverse_embeddings", shape=shape, initializer=self.embeddings_initializer
            )

    def _saved_variables(self) -> list[Any]:
        return [*super()._saved_variables(), *([] if self.tie_weights else [self.reverse_embeddings])]

    def call(self, inputs: Any, reverse: bool = False) -> Any:
        if reverse:
            return self._scores(inputs)
        y = super().call(inputs)
        if self.mask_zero:
            set_keras_mask(y, tf.not_equal(inputs, 0))
        return y

    def _scores(self, x: Any) -> Any:
        kernel = self.embeddings if self.tie_weights else self.reverse_embeddings
        dtype = self.compute_dtype if self.reverse_dtype is None else self.reverse_dtype
        x, kernel = tf.cast(x, dtype), tf.cast(kernel, dtype)
        *outer, size = x.shape
        y = tf.matmul(tf.reshape(x, [-1, size]), kernel, transpose_b=self.tie_weights)
        y = tf.reshape(y, [*outer, self.input_dim])
        cap = self.logit_soft_cap
        return y if cap is None else tf.tanh(y / cap) * cap

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return None  # `call` sets it: vectors have none

    def compute_output_shape(self, input_shape: Any, reverse: bool = False) -> Any:
        return (*input_shape[:-1], self.input_dim) if reverse else (*input_shape, self.output_dim)

    def compute_output_spec(self, inputs: Any, reverse: bool = False) -> Any:
        dtype = self.reverse_dtype if reverse and self.reverse_dtype is not None else self.compute_dtype
        return KerasTensor(self.compute_output_shape(tuple(inputs.shape), reverse), dtype=dtype)
