"""MultiHeadAttention: attention in several heads at a time, over any axes."""

from __future__ import annotations

import math
import string
from typing import Any

from .core import EinsumDense
from .projected_attention import ProjectedAttention


class MultiHeadAttention(ProjectedAttention):
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
