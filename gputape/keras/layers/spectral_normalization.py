"""SpectralNormalization: a layer's kernel divided by its largest singular value."""

from __future__ import annotations

from typing import Any

import gputape as tf

from .. import initializers
from .core import Wrapper
from .input_spec import InputSpec


class SpectralNormalization(Wrapper):
    """Divides the kernel (or embeddings) of `layer` by its largest singular value at every call in training.

    Args:
        layer: a layer with `kernel` or `embeddings`; ValueError otherwise.
        power_iterations: how often the estimate of the singular vector is improved a call. Default 1; ValueError below.

    Reference: Miyato et al. 2018.
    """

    def __init__(self, layer: Any, power_iterations: int = 1, **kwargs: Any) -> None:
        super().__init__(layer, **kwargs)
        if power_iterations <= 0:
            raise ValueError(
                f"`power_iterations` should be greater than zero. Received: `power_iterations={power_iterations}`"
            )
        self.power_iterations = power_iterations

    def build(self, input_shape: Any = None) -> None:
        super().build(input_shape)
        self.input_spec = InputSpec(min_ndim=1, axes={-1: input_shape[-1]})
        names = [n for n in ("kernel", "embeddings") if hasattr(self.layer, n)]
        if not names:
            raise ValueError(f"{type(self.layer).__name__} object has no attribute 'kernel' nor 'embeddings'")
        self.kernel = getattr(self.layer, names[0])
        self.vector_u = self.add_weight(
            name="vector_u",
            shape=(1, self.kernel.shape[-1]),
            initializer=initializers.TruncatedNormal(stddev=0.02),
            trainable=False,
            dtype=self.kernel.dtype,
        )

    def call(self, inputs: Any, training: bool = False) -> Any:
        if training:
            u, kernel = self.normalized_weights()
            zero = tf.reduce_all(tf.equal(self.kernel, tf.zeros_like(self.kernel)))  # has no direction to divide by
            self.vector_u.assign(tf.where(zero, tf.identity(self.vector_u), u))
            self.kernel.assign(tf.where(zero, tf.identity(self.kernel), kernel))
        return tf.cast(self.layer(inputs), inputs.dtype)

    def normalized_weights(self) -> tuple[Any, Any]:
        """The next estimate of the singular vector, and the kernel divided by the singular value."""
        weights = tf.reshape(self.kernel, [-1, self.kernel.shape[-1]])
        u = tf.identity(self.vector_u)
        for _ in range(self.power_iterations):
            v = tf.nn.l2_normalize(tf.matmul(u, weights, transpose_b=True))
            u = tf.nn.l2_normalize(tf.matmul(v, weights))
        u, v = tf.stop_gradient(u), tf.stop_gradient(v)
        sigma = tf.matmul(tf.matmul(v, weights), u, transpose_b=True)
        return u, tf.reshape(weights / sigma, self.kernel.shape)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return self.layer.compute_output_shape(input_shape)
