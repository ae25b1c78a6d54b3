"""What attention of projected queries, keys and values shares: the projections, the masks and the call."""

from __future__ import annotations

from typing import Any

import gputape as tf

from .. import regularizers
from ..scopes import get_keras_mask, set_keras_mask
from ..symbolic import KerasTensor
from .activations import Softmax
from .attention import causal_mask
from .core import EinsumDense
from .layer import Layer
from .regularization import Dropout
from .weights import describe


class ProjectedAttention(Layer):
    """What both share: the projections' arguments, masks, and attention from projected tensors."""

    def __init__(
        self,
        dropout: float,
        use_bias: bool,
        sliding_window: int | None,
        flash_attention: Any,
        kernel_initializer: Any,
        bias_initializer: Any,
        kernel_regularizer: Any,
        bias_regularizer: Any,
        kernel_constraint: Any,
        bias_constraint: Any,
        use_gate: bool,
        seed: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if sliding_window is not None and (not isinstance(sliding_window, int) or sliding_window <= 0):
            raise ValueError(
                f"`sliding_window` must be `None` or a positive integer. Received: sliding_window={sliding_window}"
            )
        if flash_attention and dropout > 0.0:
            raise ValueError(
                "Dropout is not supported when flash attention is enabled. Please set dropout to 0.0 to use flash "
                "attention."
            )
        self.supports_masking = True
        self.dropout = dropout
        self.use_bias = use_bias
        self.use_gate = use_gate
        self.sliding_window = sliding_window
        self.flash_attention = flash_attention
        describe(self, locals(), "kernel", "bias")
        self.seed = seed

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "activity_regularizer": regularizers.serialize(self.activity_regularizer)}

    # What `build` of a subclass makes.
    _query_dense: Any
    _key_dense: Any
    _value_dense: Any
    _output_dense: Any
    _gate_dense: Any
    _dot_product_equation: str
    _combine_equation: str
    _scale: float
    _attended = 1  # how many axes of the keys are attended over

    query_dense = property(lambda self: self._query_dense)
    key_dense = property(lambda self: self._key_dense)
    value_dense = property(lambda self: self._value_dense)
    output_dense = property(lambda self: self._output_dense)

    def _projection(
        self, equation: str, output_shape: Any, name: str, shape: Any, activation: Any = None
    ) -> EinsumDense:
        """A built EinsumDense; its initializers are copies, so that no two projections start with equal values."""
        made = EinsumDense(
            equation,
            output_shape=output_shape,
            activation=activation,
            bias_axes=equation.partition("->")[2][-len(output_shape) + output_shape.count(None) :]
            if self.use_bias
            else None,
            name=name,
            kernel_initializer=type(self.kernel_initializer).from_config(self.kernel_initializer.get_config()),
            bias_initializer=type(self.bias_initializer).from_config(self.bias_initializer.get_config()),
            kernel_regularizer=self.kernel_regularizer,
            bias_regularizer=self.bias_regularizer,
            activity_regularizer=self.activity_regularizer,
            kernel_constraint=self.kernel_constraint,
            bias_constraint=self.bias_constraint,
            dtype=self.dtype_policy,
        )
        made.supports_masking = True  # masks are none of its business
        made.build(shape)
        return made

    def _check_shapes(self, value_shape: Any, key_shape: Any) -> None:
        if tuple(value_shape[1:-1]) != tuple(key_shape[1:-1]):
            raise ValueError(
                "All dimensions of `value` and `key`, except the last one, must be equal. Received: "
                f"value_shape={value_shape} and key_shape={key_shape}"
            )

    def _compute_attention_mask(
        self, query: Any, value: Any, query_mask: Any, value_mask: Any, key_mask: Any, attention_mask: Any, causal: bool
    ) -> Any:
        """All masks as one, (batch, queries, keys); None if there is none."""
        masks = [None if m is None else tf.cast(m, "bool") for m in (query_mask, value_mask, key_mask, attention_mask)]
        found = [tf.expand_dims(m, axis) for m, axis in zip(masks, (-1, -2, -2)) if m is not None]
        if causal:
            found.append(causal_mask(query.shape[1], value.shape[1]))
        if self.sliding_window is not None:
            rows, columns = (tf.reshape(tf.range(x.shape[1]), s) for x, s in ((query, [1, -1, 1]), (value, [1, 1, -1])))
            found.append(tf.abs(rows - columns) < self.sliding_window)
        if masks[3] is not None:
            found.append(masks[3])
        made = None
        for mask in found:
            made = mask if made is None else tf.logical_and(made, mask)
        return made

    def _masked_softmax(self, scores: Any, mask: Any = None) -> Any:
        if mask is not None:
            for _ in range(len(scores.shape) - len(mask.shape)):
                mask = tf.expand_dims(mask, -2 * self._attended - 1)
        return self._softmax(scores, mask=mask)

    def _build_softmax(self, axes: Any) -> None:
        self._softmax = Softmax(axis=axes, dtype=self.dtype_policy)
        if self.dropout > 0.0:
            self._dropout_layer = Dropout(rate=self.dropout, dtype=self.dtype_policy, seed=self.seed)

    def _compute_attention(
        self,
        query: Any,
        key: Any,
        value: Any,
        attention_mask: Any = None,
        training: Any = None,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        """(output, attention) of projected tensors; for subclasses to replace. `call` hands all masks on as one."""
        if self.flash_attention and return_attention_scores:
            raise ValueError(
                "Returning attention scores is not supported when flash attention is enabled. Please disable flash "
                "attention to access attention scores."
            )
        if use_causal_mask:
            causal = causal_mask(query.shape[1], key.shape[1])
            attention_mask = causal if attention_mask is None else tf.logical_and(causal, attention_mask)
        plain = len(query.shape) == 4 and getattr(self, "attention_axes", (1,)) == (1,) and not self.dropout
        if plain and not return_attention_scores:
            for _ in range(0 if attention_mask is None else 4 - len(attention_mask.shape)):
                attention_mask = tf.expand_dims(attention_mask, -3)
            return tf.nn.dot_product_attention(query, key, value, attention_mask, scale=self._scale), None
        scores = tf.einsum(self._dot_product_equation, key, query * self._scale)
        scores = self._masked_softmax(scores, attention_mask)
        kept = self._dropout_layer(scores, training=training) if self.dropout > 0.0 else scores
        return tf.einsum(self._combine_equation, kept, value), scores

    def _heads(self, x: Any) -> Any:
        """Projected keys or values, one for each head of the queries."""
        return x

    def call(
        self,
        query: Any,
        value: Any,
        key: Any = None,
        query_mask: Any = None,
        value_mask: Any = None,
        key_mask: Any = None,
        attention_mask: Any = None,
        return_attention_scores: bool = False,
        training: Any = None,
        use_causal_mask: bool = False,
    ) -> Any:
        key = value if key is None else key
        query_mask = get_keras_mask(query) if query_mask is None else query_mask
        mask = self._compute_attention_mask(
            query, value, query_mask, value_mask, key_mask, attention_mask, use_causal_mask
        )
        gate = self._gate_dense(query) if self.use_gate else None
        q, k, v = self._query_dense(query), self._heads(self._key_dense(key)), self._heads(self._value_dense(value))
        told = {"return_attention_scores": True} if return_attention_scores else {}
        output, scores = self._compute_attention(q, k, v, mask, training, **told)
        output = self._output_dense(output if gate is None else output * gate)
        if query_mask is not None:
            set_keras_mask(output, query_mask)
        return (output, scores) if return_attention_scores else output

    def compute_output_spec(
        self,
        query: Any,
        value: Any,
        key: Any = None,
        query_mask: Any = None,
        value_mask: Any = None,
        key_mask: Any = None,
        attention_mask: Any = None,
        return_attention_scores: bool = False,
        training: Any = None,
        use_causal_mask: bool = False,
    ) -> Any:
        key_shape = tuple((value if key is None else key).shape)
        shape = self.compute_output_shape(tuple(query.shape), tuple(value.shape), key_shape)
        output = KerasTensor(shape, dtype=self.compute_dtype)
        if not return_attention_scores:
            return output
        return output, KerasTensor(self._scores_shape(tuple(query.shape), key_shape), dtype=self.compute_dtype)

    def _scores_shape(self, query_shape: Any, key_shape: Any) -> Any:
        raise NotImplementedError

    def compute_output_shape(self, query_shape: Any, value_shape: Any, key_shape: Any = None) -> Any:
        raise NotImplementedError
