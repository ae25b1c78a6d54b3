"""Dense, EinsumDense, Embedding, Masking, Identity and Wrapper."""

from __future__ import annotations

import warnings
from typing import Any

import gputape as tf

from .. import activations, tree
from ..scopes import set_keras_mask
from ..serialization import deserialize_keras_object, serialize_keras_object
from ..symbolic import KerasTensor
from .einsum import einsum_shapes
from .input_spec import InputSpec
from .layer import Layer
from .lora import LowRankAdapted
from .promotion import floats
from .weights import add_described, describe


class Dense(LowRankAdapted, Layer):
    """y = activation(x @ kernel + bias), x of shape (..., features), y of shape (..., units).

    Args:
        units: the number of outputs; ValueError unless a positive integer.
        activation: default None, the identity.
        use_bias: default True.
        kernel_initializer: default "glorot_uniform"; bias_initializer: default "zeros".
        lora_rank, lora_alpha: see `enable_lora`.

    >>> import gputape as tf
    >>> from gputape import keras
    >>> layer = keras.layers.Dense(2, kernel_initializer="ones")
    >>> layer(tf.constant([[1.0, 2.0]])).numpy()
    array([[3., 3.]], dtype=float32)
    """

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        **kwargs: Any,
    ) -> None:
        if not isinstance(units, int) or units <= 0:
            raise ValueError(
                f"Received an invalid value for `units`, expected a positive integer. Received: units={units}"
            )
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.units = units
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        describe(self, locals(), "kernel", "bias")
        self.lora_rank = lora_rank
        self.lora_alpha = lora_alpha if lora_alpha is not None else lora_rank
        self.input_spec = InputSpec(min_ndim=2)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        self._kernel = add_described(self, "kernel", (input_shape[-1], self.units))
        self.bias = add_described(self, "bias", (self.units,)) if self.use_bias else None
        self.input_spec = InputSpec(min_ndim=2, axes={-1: input_shape[-1]})
        self.built = True
        if self.lora_rank:
            self.enable_lora(self.lora_rank, self.lora_alpha)

    @property
    def kernel(self) -> Any:
        return self._adapted()

    def call(self, inputs: Any, training: Any = None) -> Any:
        shape = tuple(inputs.shape)
        x = floats(inputs, self.compute_dtype)
        x = x if len(shape) == 2 else tf.reshape(x, (-1, shape[-1]))
        relu = self.activation is activations.relu and self.bias is not None
        w, b = self.kernel, self.bias
        x = tf.matmul(x, w) if b is None else tf.nn.dense(x, w, b, "relu" if relu else None)
        if len(shape) != 2:
            x = tf.reshape(x, (*shape[:-1], self.units))
        return x if relu or self.activation is None else self.activation(x)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (*input_shape[:-1], self.units)


class EinsumDense(LowRankAdapted, Layer):
    """y = activation(einsum(equation, x, kernel) + bias).

    Args:
        equation: two operands, such as "abc,cd->abd" or "...x,xy->...y".
        output_shape: of y without the batch axis and what "..." stands for; None for sizes taken from x.
        bias_axes: the letters of the output that the bias has; default None, no bias.

    ValueError for an equation of another form, or one that contradicts the shapes.

    >>> from gputape import keras
    >>> keras.layers.EinsumDense("abc,cd->abd", output_shape=(None, 64), bias_axes="d")(keras.Input((32, 128))).shape
    (None, 32, 64)
    """

    def __init__(
        self,
        equation: str,
        output_shape: Any,
        activation: Any = None,
        bias_axes: str | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.equation = equation
        self.partial_output_shape = (output_shape,) if isinstance(output_shape, int) else tuple(output_shape)
        self.bias_axes = bias_axes
        self.activation = activations.get(activation)
        describe(self, locals(), "kernel", "bias")
        self.lora_rank = lora_rank
        self.lora_alpha = lora_alpha if lora_alpha is not None else lora_rank

    def build(self, input_shape: Any) -> None:
        shapes = einsum_shapes(self.equation, self.bias_axes, input_shape, self.partial_output_shape)
        self.input_spec = InputSpec(ndim=len(input_shape))
        self._kernel = add_described(self, "kernel", shapes.kernel, initializer=self._initializer_of(shapes))
        self.bias = None if shapes.bias is None else add_described(self, "bias", shapes.bias)
        self.built = True
        if self.lora_rank:
            self.enable_lora(self.lora_rank, self.lora_alpha)

    def _initializer_of(self, shapes: Any) -> Any:
        """The initializer, told which axes of the kernel are inputs and which are outputs if it asks for that."""
        initializer = self.kernel_initializer
        if getattr(initializer, "input_axes", ()) is None or getattr(initializer, "output_axes", ()) is None:
            config = {**initializer.get_config(), "input_axes": shapes.input_axes, "output_axes": shapes.output_axes}
            return type(initializer).from_config({**config, "seed": initializer.seed})
        return initializer

    @property
    def kernel(self) -> Any:
        return self._adapted()

    def call(self, inputs: Any, training: Any = None) -> Any:
        x = tf.einsum(self.equation, floats(inputs, self.compute_dtype), self.kernel)
        if self.bias is not None:
            x = x + self.bias
        return x if self.activation is None else self.activation(x)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return einsum_shapes(self.equation, self.bias_axes, input_shape, self.partial_output_shape).output

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "output_shape": self.partial_output_shape}

    output_shape = property(lambda self: self.partial_output_shape)


class Embedding(LowRankAdapted, Layer):
    """y[i, ...] = embeddings[x[i]]: vectors for integers 0 <= x < input_dim; x has shape s, y s + (output_dim,).

    Args:
        input_dim: the number of vectors; output_dim: their length. ValueError unless positive integers.
        embeddings_initializer: default "uniform".
        mask_zero: whether 0 is padding, masked in the layers that follow. Default False.
        weights: the starting vectors, instead of an initializer.

    >>> import gputape as tf
    >>> from gputape import keras
    >>> keras.layers.Embedding(3, 2, weights=[[[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]])(tf.constant([2, 0])).numpy()
    array([[4., 5.],
           [0., 1.]], dtype=float32)
    """

    _lora_target = "embeddings"
    _config_omits = ("weights",)

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        weights: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        **kwargs: Any,
    ) -> None:
        for argument, value in (("input_dim", input_dim), ("output_dim", output_dim)):
            if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
                raise ValueError(
                    f"`{argument}` must be a positive integer. Received: {argument}={value} (of type "
                    f"{type(value).__name__})."
                )
        if kwargs.pop("input_length", None) is not None:
            warnings.warn("Argument `input_length` is deprecated. Just remove it.", stacklevel=2)
        super().__init__(**kwargs)
        self.input_dim = input_dim
        self.output_dim = output_dim
        describe(self, locals(), "embeddings")
        self.mask_zero = mask_zero
        self.supports_masking = mask_zero
        self.autocast = False
        self.lora_rank = lora_rank
        self.lora_alpha = lora_alpha if lora_alpha is not None else lora_rank
        if weights is not None:
            self.build()
            self.set_weights(weights if isinstance(weights, list) and len(weights) == 1 else [weights])

    def build(self, input_shape: Any = None) -> None:
        if self.built:
            return
        self._embeddings = add_described(self, "embeddings", (self.input_dim, self.output_dim))
        self.built = True
        if self.lora_rank:
            self.enable_lora(self.lora_rank, self.lora_alpha)

    @property
    def embeddings(self) -> Any:
        return self._adapted()

    def call(self, inputs: Any) -> Any:
        if inputs.dtype not in ("int32", "int64"):
            inputs = tf.cast(inputs, "int32")
        return tf.cast(tf.gather(self.embeddings, inputs), self.compute_dtype)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return tf.not_equal(inputs, 0) if self.mask_zero else None

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (*input_shape, self.output_dim)


class Identity(Layer):
    """y = x, for any nest of tensors."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        return inputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def compute_output_spec(self, inputs: Any) -> Any:
        return tree.map_structure(lambda x: KerasTensor(x.shape, dtype=x.dtype), inputs)


class Masking(Layer):
    """Masks the steps of a sequence at which all features equal `mask_value`, and sets them to zero.

    >>> import gputape as tf
    >>> from gputape import keras
    >>> layer = keras.layers.Masking()
    >>> layer.compute_mask(tf.constant([[[1.0, 0.0], [0.0, 0.0]]])).numpy()
    array([[ True, False]])
    """

    def __init__(self, mask_value: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if isinstance(mask_value, dict) and mask_value.get("config"):
            mask_value = deserialize_keras_object(mask_value)
        self.mask_value = mask_value
        self.supports_masking = True
        self._build_at_init()

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return tf.reduce_any(tf.not_equal(inputs, tf.cast(self.mask_value, inputs.dtype)), axis=-1)

    def call(self, inputs: Any) -> Any:
        mask = self.compute_mask(inputs)
        outputs = tf.where(tf.expand_dims(mask, -1), inputs, tf.zeros_like(inputs))
        set_keras_mask(outputs, mask)
        return outputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


class Wrapper(Layer):
    """The base of layers that work on another layer, `self.layer`; ValueError unless that is a layer."""

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        if not isinstance(layer, Layer):
            raise ValueError(
                f"Layer {layer} supplied to Wrapper isn't a supported layer type. Please ensure wrapped layer is a "
                "valid "
                "Keras layer."
            )
        super().__init__(**kwargs)
        self.layer = layer

    def build(self, input_shape: Any = None) -> None:
        if not self.layer.built:
            self.layer.build(input_shape)
            self.layer.built = True

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "layer": serialize_keras_object(self.layer)}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        config = dict(config)
        return cls(deserialize_keras_object(config.pop("layer"), custom_objects=custom_objects), **config)
