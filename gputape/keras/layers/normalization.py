"""Normalization: batch, layer, group, root mean square, unit and spectral.

Statistics are computed in float32 for half types; the parameters are not cast under mixed precision.
"""

from __future__ import annotations

import warnings
from typing import Any

import gputape as tf

from .. import backend, constraints, initializers, regularizers
from .core import Wrapper
from .input_spec import InputSpec
from .layer import Layer


def _checked_axes(axis: Any, input_shape: Any) -> Any:
    for a in axis if isinstance(axis, (list, tuple)) else [axis]:
        if not -len(input_shape) <= a < len(input_shape):
            raise ValueError(f"Axis {a} is out of bounds for input shape {input_shape}. Received: axis={axis}")
    return input_shape


def _wide(x: Any, compute_dtype: str) -> Any:
    """`x` in the dtype of the statistics: at least float32."""
    if not x.dtype.is_floating:
        x = tf.cast(x, compute_dtype)
    return tf.cast(x, "float32") if x.dtype.size < 4 else x


class _Normalization(Layer):
    """A normalization of inputs that is followed by `* gamma + beta`, each of which may be left out."""

    def __init__(
        self,
        axis: Any,
        epsilon: float,
        center: bool,
        scale: bool,
        beta_initializer: Any,
        gamma_initializer: Any,
        beta_regularizer: Any,
        gamma_regularizer: Any,
        beta_constraint: Any,
        gamma_constraint: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.axis = axis
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)
        self.supports_masking = True
        self.gamma: Any = None
        self.beta: Any = None

    def _parameters(self, shape: Any, gamma: bool, beta: bool) -> None:
        for name, wanted in (("gamma", gamma), ("beta", beta)):
            if wanted:
                weight = self.add_weight(
                    name=name,
                    shape=shape,
                    initializer=getattr(self, f"{name}_initializer"),
                    regularizer=getattr(self, f"{name}_regularizer"),
                    constraint=getattr(self, f"{name}_constraint"),
                    autocast=False,
                )
                setattr(self, name, weight)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return _checked_axes(self.axis, input_shape)


class BatchNormalization(_Normalization):
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
        _checked_axes(self.axis, input_shape)
        shape = (input_shape[self.axis],)
        self._parameters(shape, self.scale, self.center)
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
            return self._normalized(_wide(inputs, self.compute_dtype), self.moving_mean, self.moving_variance)
        if mask is None and not self.renorm:
            x = inputs if inputs.dtype.is_floating else tf.cast(inputs, self.compute_dtype)
            y, mean, variance = tf.nn.batch_norm(x, self.gamma, self.beta, axis=self.axis, epsilon=self.epsilon)
            self._update(mean, variance)
            return tf.cast(y, self.compute_dtype)
        x = _wide(inputs, self.compute_dtype)
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


class LayerNormalization(_Normalization):
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
        _checked_axes(self.axis, input_shape)
        self.axis = [self.axis] if isinstance(self.axis, int) else sorted(self.axis)
        shape = tuple(input_shape[k] for k in self.axis)
        self._parameters(shape, self.scale or self.rms_scaling, self.center and not self.rms_scaling)

    def call(self, inputs: Any) -> Any:
        x = inputs if inputs.dtype.is_floating else tf.cast(inputs, self.compute_dtype)
        if not self.rms_scaling:
            y = tf.nn.layer_norm(x, self.gamma, self.beta, axes=self.axis, epsilon=self.epsilon)
            return tf.cast(y, self.compute_dtype)
        x = _wide(x, self.compute_dtype)
        over = {k % len(x.shape) for k in self.axis}
        gamma = tf.reshape(tf.cast(self.gamma, x.dtype), [n if k in over else 1 for k, n in enumerate(x.shape)])
        _, variance = tf.nn.moments(x, sorted(over), keepdims=True)
        return tf.cast(x * tf.math.rsqrt(variance + self.epsilon) * gamma, self.compute_dtype)


class GroupNormalization(_Normalization):
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
        size = _checked_axes(self.axis, input_shape)[self.axis]
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
        self._parameters((size,), self.scale, self.center)

    def call(self, inputs: Any) -> Any:
        x = inputs if inputs.dtype.is_floating else tf.cast(inputs, self.compute_dtype)
        y = tf.nn.group_norm(x, self.groups, self.gamma, self.beta, axis=self.axis, epsilon=self.epsilon)
        return tf.cast(y, self.compute_dtype)


class RMSNormalization(Layer):
    """x / sqrt(mean(x^2) + epsilon) * scale over `axis` (default -1). Reference: Zhang and Sennrich 2019.

    >>> import gputape as tf
    >>> from gputape import keras
    >>> keras.layers.RMSNormalization(epsilon=1e-9)(tf.constant([[2.0, -2.0]])).numpy()
    array([[ 1., -1.]], dtype=float32)
    """

    def __init__(self, axis: Any = -1, epsilon: float = 1e-6, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis
        self.epsilon = epsilon

    def build(self, input_shape: Any) -> None:
        _checked_axes(self.axis, input_shape)
        self.axis = sorted(self.axis) if isinstance(self.axis, (list, tuple)) else [self.axis]
        self.scale = self.add_weight(name="scale", shape=tuple(input_shape[k] for k in self.axis), initializer="ones")

    def call(self, x: Any) -> Any:
        return tf.nn.rms_norm(x, self.scale, axes=self.axis, epsilon=self.epsilon)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return _checked_axes(self.axis, input_shape)


class UnitNormalization(Layer):
    """x / |x|, the Euclidean norm over `axis` (an int or a list of them; TypeError otherwise). Default -1.

    >>> import gputape as tf
    >>> from gputape import keras
    >>> keras.layers.UnitNormalization()(tf.constant([[3.0, 4.0]])).numpy()
    array([[0.6, 0.8]], dtype=float32)
    """

    def __init__(self, axis: Any = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(axis, (int, list, tuple)):
            raise TypeError(
                f"Invalid value for `axis` argument: expected an int or a list/tuple of ints. Received: axis={axis}"
            )
        self.axis = axis if isinstance(axis, int) else list(axis)
        self.supports_masking = True
        self._build_at_init()

    def call(self, inputs: Any) -> Any:
        return tf.nn.l2_normalize(inputs, self.axis, epsilon=1e-24)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return _checked_axes(self.axis, input_shape)


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
