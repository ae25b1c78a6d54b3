"""GroupNormalization: each example normalized over groups of its channels."""

from __future__ import annotations

from typing import Any

import gputape as tf

from .input_spec import InputSpec
from .normalization import ScaledNormalization, checked_axes


class GroupNormalization(ScaledNormalization):
    """Normalization over groups of channels and all other axes of each example. Reference: Wu and He 2018.

    Args:
        groups: a divisor of the number of channels, or -1 for one channel each; ValueError otherwise. Default 32.
        axis: the channels. Default -1.
        epsilon: default 1e-3.
        center, scale: whether beta is added and gamma multiplied. Default True.

    >>> import gputape as tf
    >>> from gputape import keras
    >>> keras.layers.GroupNormalization(2, epsilon=1e-9)(tf.constant([[1.0, 3.0, 5.0, 9.0]])).numpy()
    array([[-1.,  1., -1.,  1.]], dtype=float32)
    """

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        if not isinstance(groups, int) or (groups <= 0 and groups != -1):
            raise ValueError(
                "Received an invalid value for argument `groups`, expected a positive integer (or `-1` for instance "
                f"normalization). Received: groups={groups}"
            )
        super().__init__(
            axis, epsilon, center, scale, beta_initializer, gamma_initializer, beta_regularizer, gamma_regularizer,
            beta_constraint, gamma_constraint, **kwargs,
        )  # fmt: skip
        self.groups = groups
        self.autocast = False

    def build(self, input_shape: Any) -> None:
        size = checked_axes(self.axis, input_shape)[self.axis]
        if size is None:
            raise ValueError(
                f"Axis {self.axis} of input tensor should have a defined dimension but the layer received an input with "
                f"shape {input_shape}."
            )
        if self.groups == -1:
            self.groups = size
        if size < self.groups:
            raise ValueError(f"Number of groups ({self.groups}) cannot be more than the number of channels ({size}).")
        if size % self.groups:
            raise ValueError(f"Number of groups ({self.groups}) must be a multiple of the number of channels ({size}).")
        self.input_spec = InputSpec(ndim=len(input_shape), axes={self.axis: size})
        self.add_parameters((size,), self.scale, self.center)

    def call(self, inputs: Any) -> Any:
        x = inputs if inputs.dtype.is_floating else tf.cast(inputs, self.compute_dtype)
        y = tf.nn.group_norm(x, self.groups, self.gamma, self.beta, axis=self.axis, epsilon=self.epsilon)
        return tf.cast(y, self.compute_dtype)
