"""BatchNormalization: each channel normalized over the batch, or by the averages of past batches."""

from __future__ import annotations

from typing import Any

import gputape as tf

from .. import backend, initializers
from .input_spec import InputSpec
from .normalization import ScaledNormalization, checked_axes, wide


class BatchNormalization(ScaledNormalization):
    """Normalizes each channel: by the batch's statistics in training, by moving averages of them otherwise.

    Args:
        axis: the channels. Default -1.
        momentum: of the moving averages, moving = moving * momentum + batch * (1 - momentum). Default 0.99.
        epsilon: added to the variance. Default 1e-3.
        center, scale: whether beta is added and gamma multiplied. Default True.
        renorm, renorm_clipping, renorm_momentum: batch renormalization (Ioffe 2017); the dict may have the keys "rmin",
            "rmax" and "dmax".
        synchronized: accepted; statistics are of this process's batch.

    With `trainable = False` it runs as in inference. A mask (one axis less than the inputs; ValueError otherwise) leaves
    elements out of the statistics. Reference: Ioffe and Szegedy 2015.

    >>> import gputape as tf
    >>> from gputape import keras
    >>> keras.layers.BatchNormalization(epsilon=1e-9)(tf.constant([[1.0], [3.0]]), training=True).numpy()
    array([[-1.],
           [ 1.]], dtype=float32)
    """

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        renorm: bool = False,
        renorm_clipping: Any = None,
        renorm_momentum: float = 0.99,
        synchronized: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            int(axis), float(epsilon), center, scale, beta_initializer, gamma_initializer, beta_regularizer,
            gamma_regularizer, beta_constraint, gamma_constraint, **kwargs,
        )  # fmt: skip
        self.momentum = float(momentum)
        self.synchronized = synchronized
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)
        self.renorm = renorm
        self.renorm_clipping = _clipping(renorm_clipping or {}) if renorm else renorm_clipping
        self.renorm_momentum = renorm_momentum
        self.moving_mean: Any = None
        self.moving_variance: Any = None

    def build(self, input_shape: Any) -> None:
        checked_axes(self.axis, input_shape)
        shape = (input_shape[self.axis],)
        self.add_parameters(shape, self.scale, self.center)
        self.moving_mean = self._statistic("moving_mean", shape, self.moving_mean_initializer)
        self.moving_variance = self._statistic("moving_variance", shape, self.moving_variance_initializer)
        if self.renorm:
            self.moving_stddev = self._statistic("moving_stddev", shape, self._initial_stddev)
            self.renorm_mean = self._statistic("renorm_mean", shape, self.moving_mean_initializer)
            self.renorm_stddev = self._statistic("renorm_stddev", shape, self._initial_stddev)
        self.input_spec = InputSpec(ndim=len(input_shape), axes={self.axis: input_shape[self.axis]})

    def _initial_stddev(self, shape: Any, dtype: Any = None) -> Any:
        return tf.sqrt(self.moving_variance_initializer(shape, dtype=dtype))

    def _statistic(self, name: str, shape: Any, initializer: Any) -> Any:
        return self.add_weight(name=name, shape=shape, initializer=initializer, trainable=False, autocast=False)

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        if mask is not None and len(mask.shape) != len(inputs.shape) - 1:
            raise ValueError(
                "The mask provided should be one dimension less than the inputs. Received: "
                f"mask.shape={tuple(mask.shape)}, inputs.shape={tuple(inputs.shape)}"
            )
        if not (training and self.trainable):
            return self._normalized(wide(inputs, self.compute_dtype), self.moving_mean, self.moving_variance)
        if mask is None and not self.renorm:
            x = inputs if inputs.dtype.is_floating else tf.cast(inputs, self.compute_dtype)
            y, mean, variance = tf.nn.batch_norm(x, self.gamma, self.beta, axis=self.axis, epsilon=self.epsilon)
            self._update(mean, variance)
            return tf.cast(y, self.compute_dtype)
        x = wide(inputs, self.compute_dtype)
        mean, variance = self._moments(x, mask)
        if self.renorm:
            return self._renormalized(x, mean, variance)
        self._update(mean, variance)
        return self._normalized(x, mean, variance)

    def _normalized(self, x: Any, mean: Any, variance: Any, gamma: Any = None, beta: Any = None) -> Any:
        gamma = self.gamma if gamma is None else gamma
        beta = self.beta if beta is None else beta
        vectors = (mean, variance, beta, gamma)
        mean, variance, beta, gamma = (None if v is None else self._along(tf.cast(v, x.dtype), x) for v in vectors)
        y = tf.nn.batch_normalization(x, mean, variance, beta, gamma, self.epsilon)
        return tf.cast(y, self.compute_dtype)

    def _along(self, v: Any, x: Any) -> Any:
        """The vector `v` with axes of size 1, so that it broadcasts along the channels of `x`."""
        rank = len(x.shape)
        return v if self.axis in (-1, rank - 1) else tf.reshape(v, [-1] + [1] * (rank - 1 - self.axis % rank))

    def _moments(self, x: Any, mask: Any) -> Any:
        axes = [k for k in range(len(x.shape)) if k != self.axis % len(x.shape)]
        if mask is None:
            return tf.nn.moments(x, axes)
        counted = tf.broadcast_to(tf.expand_dims(tf.cast(mask, "bool"), -1), x.shape)
        count = tf.reduce_sum(tf.cast(counted, x.dtype), axes, keepdims=True) + backend.epsilon()
        zero = tf.zeros_like(x)
        mean = tf.reduce_sum(tf.where(counted, x, zero), axes, keepdims=True) / count
        squares = tf.square(tf.where(counted, x - mean, zero))
        return tf.reshape(mean, [-1]), tf.reshape(tf.reduce_sum(squares, axes, keepdims=True) / count, [-1])

    def _update(self, mean: Any, variance: Any) -> None:
        _average(self.moving_mean, mean, self.momentum)
        _average(self.moving_variance, variance, self.momentum)

    def _renormalized(self, x: Any, mean: Any, variance: Any) -> Any:
        """Batch renormalization: ((x - mean) / stddev * r + d) * gamma + beta, r and d constants for the gradient."""
        stddev = tf.sqrt(variance + self.epsilon)
        least = tf.sqrt(tf.constant(self.epsilon, x.dtype))
        known = tf.maximum(tf.cast(self.renorm_stddev, x.dtype), least)
        r = stddev / known
        d = (mean - tf.cast(self.renorm_mean, x.dtype)) / known
        clip = self.renorm_clipping
        if clip.get("rmin") is not None:
            r = tf.maximum(r, clip["rmin"])
        if clip.get("rmax") is not None:
            r = tf.minimum(r, clip["rmax"])
        if clip.get("dmax") is not None:
            d = tf.clip_by_value(d, -clip["dmax"], clip["dmax"])
        r, d = tf.stop_gradient(r), tf.stop_gradient(d)
        gamma, beta = r, d
        if self.gamma is not None:
            scale = tf.cast(self.gamma, x.dtype)
            gamma, beta = r * scale, d * scale
        if self.beta is not None:
            beta = beta + tf.cast(self.beta, x.dtype)
        _average(self.renorm_mean, mean, self.renorm_momentum)
        _average(self.renorm_stddev, stddev, self.renorm_momentum)
        _average(self.moving_mean, mean, self.momentum)
        _average(self.moving_stddev, stddev, self.momentum)
        moving = tf.cast(self.moving_stddev, x.dtype)
        self.moving_variance.assign(tf.nn.relu(tf.square(moving) - self.epsilon))
        return self._normalized(x, mean, variance, gamma, beta)


def _average(moving: Any, value: Any, momentum: float) -> None:
    moving.assign(tf.cast(moving, value.dtype) * momentum + tf.stop_gradient(value) * (1.0 - momentum))


def _clipping(given: dict[str, Any]) -> dict[str, Any]:
    keys = ["rmax", "rmin", "dmax"]
    if set(given) - set(keys):
        raise ValueError(f"Received invalid keys for `renorm_clipping` argument: {given}. Supported values: {keys}.")
    rmax, rmin, dmax = (given.get(k) for k in keys)
    if rmax is not None and rmin is not None and rmax < rmin:
        raise ValueError(
            f"rmax should be greater than rmin in the `renorm_clipping` argument. Received: rmax={rmax}, rmin={rmin}."
        )
    if dmax is not None and dmax < 0:
        raise ValueError(f"dmax should be non-negative in the `renorm_clipping` argument. Received: dmax={dmax}.")
    return given
