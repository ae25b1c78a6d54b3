"""Activation functions as layers."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

import gputape as tf

from .. import activations, constraints, initializers, regularizers
from .input_spec import InputSpec
from .layer import Layer


class _Elementwise(Layer):
    """Layers of one output element per input element, without variables."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self._build_at_init()

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


class Activation(_Elementwise):
    """y = activation(x); `activation` is a name from keras.activations or a function.

    >>> import gputape as tf
    >>> from gputape import keras
    >>> keras.layers.Activation("relu")(tf.constant([-3.0, 2.0])).numpy()
    array([0., 2.], dtype=float32)
    """

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activations.get(activation)

    def call(self, inputs: Any) -> Any:
        return self.activation(inputs)


class ReLU(_Elementwise):
    """y = min(x, max_value) where x >= threshold, negative_slope * (x - threshold) elsewhere."""

    def __init__(
        self, max_value: float | None = None, negative_slope: float = 0.0, threshold: float = 0.0, **kwargs: Any
    ) -> None:
        if "alpha" in kwargs:
            negative_slope = kwargs.pop("alpha")
        super().__init__(**kwargs)
        if max_value is not None and max_value < 0.0:
            raise ValueError(f"max_value of a ReLU layer cannot be a negative value. Received: max_value={max_value}")
        for argument, value in (("negative_slope", negative_slope), ("threshold", threshold)):
            if value is None or value < 0.0:
                raise ValueError(
                    f"{argument} of a ReLU layer cannot be None or a negative value. Received: {argument}={value}"
                )
        self.max_value = max_value
        self.negative_slope = negative_slope
        self.threshold = threshold

    def call(self, inputs: Any) -> Any:
        return activations.relu(
            inputs, negative_slope=self.negative_slope, max_value=self.max_value, threshold=self.threshold
        )


class LeakyReLU(_Elementwise):
    """y = x where x >= 0, negative_slope * x elsewhere; Keras 2 calls the slope `alpha`."""

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        if "alpha" in kwargs:
            negative_slope = kwargs.pop("alpha")
            warnings.warn("Argument `alpha` is deprecated. Use `negative_slope` instead.", stacklevel=2)
        super().__init__(**kwargs)
        if negative_slope is None or negative_slope < 0:
            raise ValueError(
                "The negative_slope value of a Leaky ReLU layer cannot be None or negative value. Expected a float. "
                f"Received: negative_slope={negative_slope}"
            )
        self.negative_slope = negative_slope

    def call(self, inputs: Any) -> Any:
        return activations.leaky_relu(inputs, negative_slope=self.negative_slope)


class ELU(_Elementwise):
    """y = x where x >= 0, alpha * (exp(x) - 1) elsewhere."""

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha = alpha

    def call(self, inputs: Any) -> Any:
        return activations.elu(inputs, alpha=self.alpha)


class PReLU(Layer):
    """y = x where x >= 0, alpha * x elsewhere, with a learned alpha per element.

    Args:
        alpha_initializer: default "zeros".
        shared_axes: axes along which one alpha serves all, such as [1, 2] for the pixels of an image.
    """

    def __init__(
        self,
        alpha_initializer: Any = "Zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.alpha_initializer = initializers.get(alpha_initializer)
        self.alpha_regularizer = regularizers.get(alpha_regularizer)
        self.alpha_constraint = constraints.get(alpha_constraint)
        many = isinstance(shared_axes, (list, tuple))
        self.shared_axes = None if shared_axes is None else list(shared_axes) if many else [shared_axes]

    def build(self, input_shape: Any) -> None:
        shared = self.shared_axes or []
        self.alpha = self.add_weight(
            name="alpha",
            shape=[1 if axis in shared else size for axis, size in enumerate(input_shape)][1:],
            initializer=self.alpha_initializer,
            regularizer=self.alpha_regularizer,
            constraint=self.alpha_constraint,
        )
        axes = {k: size for k, size in enumerate(input_shape) if k and k not in shared} if shared else {}
        self.input_spec = InputSpec(ndim=len(input_shape), axes=axes)

    def call(self, inputs: Any) -> Any:
        return activations.relu(inputs) - self.alpha * activations.relu(-inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


class Softmax(_Elementwise):
    """y = exp(x) / sum(exp(x)) along `axis` (one or several); where `mask` is False, y is 0.

    >>> import gputape as tf
    >>> from gputape import keras
    >>> keras.layers.Softmax()(tf.constant([0.0, 0.0, 9.0]), mask=tf.constant([True, True, False])).numpy()
    array([0.5, 0.5, 0. ], dtype=float32)
    """

    def __init__(self, axis: Any = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, inputs: Any, mask: Any = None) -> Any:
        if mask is not None:
            mask = self._checked_mask(inputs, mask)
            lowest = -3e4 if inputs.dtype == "float16" else -1e9
            inputs = tf.where(mask, inputs, tf.cast(lowest, inputs.dtype))
        axes = [self.axis] if isinstance(self.axis, int) else list(self.axis)
        if len(axes) == 1:
            outputs = activations.softmax(inputs, axis=axes[0])
        else:
            outputs = tf.exp(inputs - tf.reduce_logsumexp(inputs, axis=axes, keepdims=True))
        return outputs if mask is None else tf.where(mask, outputs, tf.zeros_like(outputs))

    def _checked_mask(self, inputs: Any, mask: Any) -> Any:
        given, shape = tuple(mask.shape), tuple(inputs.shape)
        fits = len(given) <= len(shape) and all(
            None in (m, n) or m in (1, n) for m, n in zip(reversed(given), reversed(shape))
        )
        if not fits:
            raise ValueError(
                "The `mask` must be broadcastable to `inputs` and must not have more dimensions. Each mask dimension "
                "must "
                f"be 1 or match the corresponding input dimension. Received: inputs.shape={shape}, mask.shape={given}"
            )
        return mask if np.dtype(bool) == tf.as_dtype(mask.dtype).numpy else tf.greater(mask, tf.cast(0.5, mask.dtype))
