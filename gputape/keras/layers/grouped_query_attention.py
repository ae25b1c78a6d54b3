"""GroupedQueryAttention: heads of queries that share keys and values."""

from __future__ import annotations

import math
from typing import Any

import gputape as tf

from .projected_attention import ProjectedAttention


class GroupedQueryAttention(ProjectedAttention):
    """Attention in which several heads of queries share a head of keys and values. Reference: Ainslie et al. 2023.

    Args:
        head_dim: the size of a head.
        num_query_heads: a multiple of `num_key_value_heads`; ValueError otherwise.

    Other arguments and those of the call as MultiHeadAttention; query, value and key are (batch, length, features).

    >>> import gputape as tf
    >>> from gputape import keras
    >>> keras.layers.GroupQueryAttention(8, 4, 2)(tf.ones([3, 5, 16]), tf.ones([3, 4, 16])).shape
    TensorShape([3, 5, 16])
    """

    _config_omits = ("flash_attention",)
    _dot_product_equation = "bkuh,bquh->buqk"
    _combine_equation = "buqk,bkuh->bquh"

    def __init__(
        self,
        head_dim: int,
        num_query_heads: int,
        num_key_value_heads: int,
        dropout: float = 0.0,
        use_bias: bool = True,
        sliding_window: int | None = None,
        flash_attention: Any = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        use_gate: bool = False,
        seed: Any = None,
        **kwargs: Any,
    ) -> None:
        if num_query_heads % num_key_value_heads:
            raise ValueError("`num_query_heads` must be divisible by `num_key_value_heads`.")
        super().__init__(
            dropout, use_bias, sliding_window, flash_attention, kernel_initializer, bias_initializer, kernel_regularizer,
            bias_regularizer, kernel_constraint, bias_constraint, use_gate, seed,
            activity_regularizer=activity_regularizer, **kwargs,
        )  # fmt: skip
        self.head_dim = head_dim
        self.num_query_heads = num_query_heads
        self.num_key_value_heads = num_key_value_heads
        self.num_repeats = num_query_heads // num_key_value_heads
        self._scale = 1.0 / math.sqrt(float(head_dim))

    def build(self, query_shape: Any, value_shape: Any, key_shape: Any = None) -> None:
        key_shape = value_shape if key_shape is None else key_shape
        queries = (None, self.num_query_heads, self.head_dim)
        keys = (None, self.num_key_value_heads, self.head_dim)
        self._query_dense = self._projection("bqm,muh->bquh", queries, "query", query_shape)
        self._key_dense = self._projection("bkm,mvh->bkvh", keys, "key", key_shape)
        if self.use_gate:
            self._gate_dense = self._projection("bqm,muh->bquh", queries, "gate", query_shape, "sigmoid")
        self._value_dense = self._projection("bkm,mvh->bkvh", keys, "value", value_shape)
        self._build_softmax(-1)
        projected = (None, *queries)
        self._output_dense = self._projection("bquh,uhm->bqm", (None, query_shape[-1]), "attention_output", projected)

    def _heads(self, x: Any) -> Any:
        return tf.repeat(x, self.num_repeats, axis=2)

    def compute_output_shape(self, query_shape: Any, value_shape: Any, key_shape: Any = None) -> Any:
        if query_shape[-1] != value_shape[-1]:
            raise ValueError(
                "The last dimension of `query_shape` and `value_shape` must be equal, but are "
                f"{query_shape[-1]}, {value_shape[-1]}. Received: query_shape={query_shape}, value_shape={value_shape}"
            )
        self._check_shapes(value_shape, value_shape if key_shape is None else key_shape)
        return query_shape

    def _scores_shape(self, query_shape: Any, key_shape: Any) -> Any:
        return (query_shape[0], self.num_query_heads, query_shape[1], key_shape[1])


GroupQueryAttention = GroupedQueryAttention  # the public name; saved models have the other
