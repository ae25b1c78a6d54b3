"""Attention over sequences without projections: Attention (dot products) and AdditiveAttention."""

from __future__ import annotations

from typing import Any

import gputape as tf

from .. import random as keras_random
from ..symbolic import KerasTensor
from .layer import Layer


def causal_mask(queries: int, keys: int) -> Any:
    """(1, queries, keys), True where the key is not later than the query."""
    return tf.reshape(tf.range(queries), [1, -1, 1]) >= tf.reshape(tf.range(keys), [1, 1, -1])


class Attention(Layer):
    """softmax(query @ key^T) @ value, called on a list [query, value] or [query, value, key].

    query (batch, Tq, dim), value (batch, Tv, dim), key (batch, Tv, dim; default value) -> (batch, Tq, dim).

    Args:
        use_scale: whether the scores are multiplied by a trained scalar. Default False.
        score_mode: "dot" (default), or "concat": a trained scalar times the sum of tanh(query + key).
        dropout: rate of dropout on the attention, in training. Default 0.
        seed: for dropout.

    Call arguments: `mask`, a list [query_mask, value_mask]; `use_causal_mask`: no query sees later keys;
    `return_attention_scores`: (output, attention). ValueError for other lists and modes. Reference: Luong et al. 2015.

    >>> import gputape as tf
    >>> from gputape import keras
    >>> x = tf.constant([[[1.0, 0.0], [1.0, 0.0]]])
    >>> keras.layers.Attention()([x, x]).numpy()
    array([[[1., 0.],
            [1., 0.]]], dtype=float32)
    """

    def __init__(
        self, use_scale: bool = False, score_mode: str = "dot", dropout: float = 0.0, seed: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.use_scale = use_scale
        self.score_mode = score_mode
        self.dropout = dropout
        self.seed = seed
        if dropout > 0:
            self.seed_generator = keras_random.SeedGenerator(seed)
        if score_mode not in ("dot", "concat"):
            raise ValueError(
                "Invalid value for argument score_mode. Expected one of {'dot', 'concat'}. "
                f"Received: score_mode={score_mode}"
            )

    def build(self, input_shape: Any) -> None:
        self._validate_inputs(input_shape)
        self.scale = self.add_weight(name="scale", shape=(), initializer="ones") if self.use_scale else None
        self.concat_score_weight = None
        if self.score_mode == "concat":
            self.concat_score_weight = self.add_weight(name="concat_score_weight", shape=(), initializer="ones")

    def _calculate_scores(self, query: Any, key: Any) -> Any:
        if self.score_mode == "dot":
            scores = tf.matmul(query, key, transpose_b=True)
            return scores if self.scale is None else scores * self.scale
        pairs = tf.expand_dims(query, -2) + tf.expand_dims(key, -3)
        return self.concat_score_weight * tf.reduce_sum(
            tf.tanh(pairs if self.scale is None else self.scale * pairs), axis=-1
        )

    def _apply_scores(self, scores: Any, value: Any, scores_mask: Any = None, training: bool = False) -> Any:
        if scores_mask is not None:
            if len(scores_mask.shape) == 2:
                scores_mask = tf.expand_dims(scores_mask, -2)
            far = 65504.0 if scores.dtype == tf.float16 else 1.0e9
            scores = tf.where(scores_mask, scores, scores - far)
        weights = tf.nn.softmax(scores, axis=-1)
        if training and self.dropout > 0:
            weights = keras_random.dropout(weights, self.dropout, seed=self.seed_generator)
        return tf.matmul(weights, value), weights

    def _calculate_score_mask(self, scores: Any, v_mask: Any, use_causal_mask: bool) -> Any:
        if not use_causal_mask:
            return v_mask
        causal = causal_mask(*scores.shape[-2:])
        return causal if v_mask is None else tf.logical_and(tf.expand_dims(v_mask, -2), causal)

    def call(
        self,
        inputs: Any,
        mask: Any = None,
        training: bool = False,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        self._validate_inputs(inputs, mask)
        query, value = inputs[:2]
        key = inputs[2] if len(inputs) > 2 else value
        masks = [None if m is None else tf.cast(m, "bool") for m in (mask[:2] if mask else (None, None))]
        scores = self._calculate_scores(query, key)
        scores_mask = self._calculate_score_mask(scores, masks[1], use_causal_mask)
        output, weights = self._apply_scores(scores, value, scores_mask, training)
        if masks[0] is not None:
            output = tf.where(tf.expand_dims(masks[0], -1), output, tf.zeros_like(output))
        return (output, weights) if return_attention_scores else output

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        self._validate_inputs(inputs, mask)
        return None if mask is None or mask[0] is None else tf.convert_to_tensor(mask[0])

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (*input_shape[0][:-1], input_shape[1][-1])

    def compute_output_spec(
        self,
        inputs: Any,
        mask: Any = None,
        return_attention_scores: bool = False,
        training: Any = None,
        use_causal_mask: bool = False,
    ) -> Any:
        self._validate_inputs(inputs, mask)
        shapes = [tuple(x.shape) for x in inputs]
        output = KerasTensor(self.compute_output_shape(shapes), dtype=self.compute_dtype)
        if not return_attention_scores:
            return output
        return output, KerasTensor((*shapes[0][:-1], shapes[-1][-2]), dtype=self.compute_dtype)

    def _validate_inputs(self, inputs: Any, mask: Any = None) -> None:
        name = type(self).__name__
        if not isinstance(inputs, list):
            raise ValueError(
                f"{name} layer must be called on a list of inputs, namely [query, value] or [query, value, key]. "
                f"Received: inputs={inputs}."
            )
        if not 2 <= len(inputs) <= 3:
            raise ValueError(
                f"{name} layer accepts inputs list of length 2 or 3, namely [query, value] or [query, value, key]. "
                f"Received length: {len(inputs)}."
            )
        if mask is not None and not isinstance(mask, list):
            raise ValueError(
                f"{name} layer mask must be a list, namely [query_mask, value_mask]. Received: mask={mask}."
            )
        if mask is not None and not 2 <= len(mask) <= 3:
            raise ValueError(
                f"{name} layer accepts mask list of length 2 or 3. Received: inputs={inputs}, mask={mask}."
            )


class AdditiveAttention(Attention):
    """Attention whose scores are sum(scale * tanh(query + key)), scale a trained vector. Reference: Bahdanau et al. 2014.

    Args:
        use_scale: whether there is a scale. Default True.
        dropout: rate of dropout on the attention, in training. Default 0.
    """

    def __init__(self, use_scale: bool = True, dropout: float = 0.0, **kwargs: Any) -> None:
        super().__init__(use_scale=use_scale, dropout=dropout, **kwargs)

    def build(self, input_shape: Any) -> None:
        self._validate_inputs(input_shape)
        self.scale = None
        if self.use_scale:
            self.scale = self.add_weight(name="scale", shape=[input_shape[0][-1]], initializer="glorot_uniform")

    def _calculate_scores(self, query: Any, key: Any) -> Any:
        pairs = tf.tanh(tf.expand_dims(query, -2) + tf.expand_dims(key, -3))
        return tf.reduce_sum(pairs if self.scale is None else self.scale * pairs, axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "seed": self.seed}
