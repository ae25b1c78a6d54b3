"""LayerNormalization: each example normalized over its features."""

from __future__ import annotations

import warnings
from typing import Any

import gputape as tf

from .normalization import ScaledNormalization, checked_axes, wide


class LayerNormalization(ScaledNormalization):
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta over `axis` of each example. Reference: Ba et al. 2016.

    Args:
        axis: an int or a list of them; TypeError otherwise. Default -1.
        epsilon: default 1e-3.
        center, scale: whether beta is added and gamma multiplied. Default True.
        rms_scaling: deprecated: x is divided by its standard deviation, the mean stays and beta is left out.

    >>> import gputape as tf
    >>> from gputape import keras
    >>> keras.layers.LayerNormalization(epsilon=1e-9)(tf.constant([[1.0, 3.0]])).numpy()
    array([[-1.,  1.]], dtype=float32)
    """

    def __init__(
        self,
        axis: Any = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        rms_scaling: bool = False,
        **kwargs: Any,
    ) -> None:
        if rms_scaling:
            warnings.warn(
                "You passed `rms_scaling=True`, which is deprecated. This argument incorrectly scales the input by the "
                "variance, not the root mean square. To correctly use RMS Normalization, please use "
                "`keras.layers.RMSNormalization` instead.",
                stacklevel=2,
            )
        if not isinstance(axis, (int, list, tuple)):
            raise TypeError(f"Expected an int or a list/tuple of ints for the argument 'axis', but received: {axis!r}")
        super().__init__(
            axis if isinstance(axis, int) else list(axis), epsilon, center, scale, beta_initializer, gamma_initializer,
            beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint, **kwargs,
        )  # fmt: skip
        self.rms_scaling = rms_scaling
        self.autocast = False

    def build(self, input_shape: Any) -> None:
        checked_axes(self.axis, input_shape)
        self.axis = [self.axis] if isinstance(self.axis, int) else sorted(self.axis)
        shape = tuple(input_shape[k] for k in self.axis)
        self.add_parameters(shape, self.scale or self.rms_scaling, self.center and not self.rms_scaling)

    def call(self, inputs: Any) -> Any:
        x = inputs if inputs.dtype.is_floating else tf.cast(inputs, self.compute_dtype)
        if not self.rms_scaling:
            y = tf.nn.layer_norm(x, self.gamma, self.beta, axes=self.axis, epsilon=self.epsilon)
            return tf.cast(y, self.compute_dtype)
        x = wide(x, self.compute_dtype)
        over = {k % len(x.shape) for k in self.axis}
        gamma = tf.reshape(tf.cast(self.gamma, x.dtype), [n if k in over else 1 for k, n in enumerate(x.shape)])
        _, variance = tf.nn.moments(x, sorted(over), keepdims=True)
        return tf.cast(x * tf.math.rsqrt(variance + self.epsilon) * gamma, self.compute_dtype)
