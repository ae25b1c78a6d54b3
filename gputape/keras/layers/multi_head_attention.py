"""MultiHeadAttention and GroupedQueryAttention: projected queries, keys and values, several heads at a time."""

from __future__ import annotations

import math
import string
from typing import Any

import gputape as tf

from .. import constraints, initializers, regularizers
from ..scopes import get_keras_mask, set_keras_mask
from ..symbolic import KerasTensor
from .activations import Softmax
from .attention import causal_mask
from .core import EinsumDense
from .layer import Layer
from .regularization import Dropout


class _ProjectedAttention(Layer):
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
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
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
    ) -> Any:
        """(output, attention) of projected tensors; for subclasses to replace."""
        if self.flash_attention and return_attention_scores:
            raise ValueError(
                "Returning attention scores is not supported when flash attention is enabled. Please disable flash "
                "attention to access attention scores."
            )
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


class MultiHeadAttention(_ProjectedAttention):
    """Attention in `num_heads` heads: query (batch, T, dim) over value (batch, S, dim_v), key as value by default.

    Args:
        num_heads, key_dim, value_dim (default key_dim): positive integers, ValueError otherwise.
        dropout: rate of dropout on the attention, in training. Default 0.
        use_bias: default True.
        output_shape: sizes of the last axes of the output; default the last of the query.
        attention_axes: the axes attended over; default all but the batch and the features.
        sliding_window: how far a query sees; default everywhere.
        use_gate: whether the output is multiplied by a sigmoid projection of the query. Default False.
        seed: for dropout.

    Call arguments: `attention_mask` (batch, T, S), False where not to look; `use_causal_mask`; `return_attention_scores`
    for (output, attention (batch, num_heads, T, S)). Reference: Vaswani et al. 2017.

    >>> import gputape as tf
    >>> from gputape import keras
    >>> keras.layers.MultiHeadAttention(2, 8)(tf.ones([3, 5, 16]), tf.ones([3, 4, 16])).shape
    TensorShape([3, 5, 16])
    """

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        output_shape: Any = None,
        attention_axes: Any = None,
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
        for name, size in (("num_heads", num_heads), ("key_dim", key_dim), ("value_dim", value_dim)):
            optional = name == "value_dim"
            if not (isinstance(size, int) and size > 0) and not (optional and size is None):
                raise ValueError(
                    f"Received an invalid value for argument `{name}`, expected a positive integer"
                    f"{' or `None`' if optional else ''}. Received: {name}={size}"
                )
        super().__init__(
            dropout, use_bias, sliding_window, flash_attention, kernel_initializer, bias_initializer, kernel_regularizer,
            bias_regularizer, kernel_constraint, bias_constraint, use_gate, seed,
            activity_regularizer=activity_regularizer, **kwargs,
        )  # fmt: skip
        self.num_heads = num_heads
        self.key_dim = key_dim
        self.value_dim = value_dim or key_dim
        self._output_sizes = _output_sizes(output_shape)
        if isinstance(attention_axes, int):
            attention_axes = (attention_axes,)
        elif attention_axes and not isinstance(attention_axes, (list, tuple)):
            raise ValueError(
                f"`attention_axes` must be an int, list, or tuple.Received: attention_axes={attention_axes}"
            )
        self.attention_axes = attention_axes
        self._scale = 1.0 / math.sqrt(float(key_dim))

    _config_omits = ("flash_attention", "output_shape")  # `output_shape` would hide that of a model

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "output_shape": self._output_sizes}

    def build(self, query_shape: Any, value_shape: Any, key_shape: Any = None) -> None:
        key_shape = value_shape if key_shape is None else key_shape
        self._check_shapes(value_shape, key_shape)

        def heads(name: str, shape: Any, size: int, activation: Any = None) -> EinsumDense:
            axes = string.ascii_lowercase[: len(shape) - 1]
            wanted = (*[None] * (len(shape) - 2), self.num_heads, size)
            return self._projection(f"{axes}X,XYZ->{axes}YZ", wanted, name, shape, activation)

        self._query_dense = heads("query", query_shape, self.key_dim)
        self._key_dense = heads("key", key_shape, self.key_dim)
        if self.use_gate:
            self._gate_dense = heads("gate", query_shape, self.value_dim, "sigmoid")
        self._value_dense = heads("value", value_shape, self.value_dim)
        rank = len(value_shape) + 1
        axes = self.attention_axes
        self.attention_axes = tuple(range(1, rank - 2)) if axes is None else tuple(a % (rank - 1) for a in axes)
        self._attended = len(self.attention_axes)
        self._dot_product_equation, self._combine_equation = _equations(rank, self.attention_axes)
        self._build_softmax(tuple(range(-self._attended, 0)))
        sizes = self._output_sizes or (query_shape[-1],)
        free, outer = string.ascii_lowercase[: len(query_shape) - 1], string.ascii_uppercase[: len(sizes)]
        wanted = (*[None] * (len(query_shape) - 2), *sizes)
        projected = (*query_shape[:-1], self.num_heads, self.value_dim)
        self._output_dense = self._projection(
            f"{free}YZ,YZ{outer}->{free}{outer}", wanted, "attention_output", projected
        )

    def compute_output_shape(self, query_shape: Any, value_shape: Any, key_shape: Any = None) -> Any:
        self._check_shapes(value_shape, value_shape if key_shape is None else key_shape)
        return (*query_shape[:-1], *(self._output_sizes or query_shape[-1:]))

    def _scores_shape(self, query_shape: Any, key_shape: Any) -> Any:
        rank = len(query_shape)
        axes = tuple(range(1, rank - 1)) if self.attention_axes is None else self.attention_axes
        batch = [query_shape[k] for k in range(rank - 1) if k not in axes]
        return (*batch, self.num_heads, *(query_shape[k] for k in axes), *(key_shape[k] for k in axes))


def _output_sizes(output_shape: Any) -> Any:
    if not output_shape:
        return None
    try:
        return (output_shape,) if isinstance(output_shape, int) else tuple(output_shape)
    except TypeError:
        raise ValueError(
            f"Invalid `output_shape`: {output_shape}. When specified, the `output_shape` should be of type tuple, list, or "
            "int."
        ) from None


def _equations(rank: int, axes: tuple[int, ...]) -> tuple[str, str]:
    """Equations for scores from (key, query) and output from (scores, value), all of `rank` axes with heads last but one.

    Upper-case letters stand for the queries' attended axes.
    """
    keys = string.ascii_lowercase[:rank]
    queries = "".join(c.upper() if k in axes else c for k, c in enumerate(keys))
    batch = "".join(c for k, c in enumerate(keys[: rank - 1]) if k not in axes)
    scores = batch + "".join(queries[k] for k in axes) + "".join(keys[k] for k in axes)
    return f"{keys},{queries}->{scores}", f"{scores},{keys}->{queries}"


class GroupedQueryAttention(_ProjectedAttention):
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
