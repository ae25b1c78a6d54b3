"""Activation functions: element by element, or along one axis, of tensors of floats."""

from __future__ import annotations

from typing import Any

import gputape as tf

from .identifiers import functions
from .logits import remember_logits


def linear(x):
    """x itself."""
    return x


def relu(x, negative_slope=0.0, max_value=None, threshold=0.0):
    """max(x, 0); more generally min(x, max_value) above `threshold`, `negative_slope * (x - threshold)` below it.

    >>> import gputape as tf
    >>> relu(tf.constant([-2.0, 0.5, 8.0]), negative_slope=0.1, max_value=6.0).numpy()
    array([-0.2,  0.5,  6. ], dtype=float32)
    """
    x = tf.convert_to_tensor(x)
    if negative_slope and max_value is None and not threshold:
        return tf.nn.leaky_relu(x, alpha=negative_slope)
    if threshold:
        y = tf.where(x > threshold, x, tf.zeros_like(x))
    elif max_value == 6:
        y = tf.nn.relu6(x)
    else:
        y = tf.nn.relu(x)
    if max_value is not None and (threshold or max_value != 6):
        y = tf.clip_by_value(y, 0.0, float(max_value))
    return y - negative_slope * tf.nn.relu(threshold - x if threshold else -x) if negative_slope else y


def leaky_relu(x, negative_slope=0.2):
    """x where x > 0, `negative_slope * x` elsewhere."""
    return tf.nn.leaky_relu(x, alpha=negative_slope)


def relu6(x):
    """min(max(x, 0), 6)."""
    return tf.nn.relu6(x)


def softmax(x, axis=-1):
    """exp(x) / sum(exp(x)) along `axis`, an axis or several.

    >>> import gputape as tf
    >>> softmax(tf.constant([[0.0, 0.0]])).numpy()
    array([[0.5, 0.5]], dtype=float32)
    """
    if isinstance(axis, (list, tuple)):
        return tf.exp(x - tf.reduce_logsumexp(x, axis=list(axis), keepdims=True))
    return remember_logits(tf.nn.softmax(x, axis=axis), x, "softmax")


def log_softmax(x, axis=-1):
    """log(softmax(x)) along `axis`, an axis or several."""
    if isinstance(axis, (list, tuple)):
        return x - tf.reduce_logsumexp(x, axis=list(axis), keepdims=True)
    return tf.nn.log_softmax(x, axis=axis)


def sparsemax(x, axis=-1):
    """The point of the probability simplex nearest to x along `axis`: max(x - t, 0) that sums to one.

    Martins and Astudillo 2016, From Softmax to Sparsemax, algorithm 1.
    """
    x = tf.convert_to_tensor(x)
    ordered = tf.sort(x, axis=axis, direction="DESCENDING")
    sums = tf.cumsum(ordered, axis=axis)
    counts = [1] * x.ndim
    counts[axis] = -1
    rank = tf.reshape(tf.range(1, x.shape[axis] + 1, dtype=x.dtype), counts)
    support = rank * ordered > sums - 1.0
    size = tf.reduce_sum(tf.cast(support, x.dtype), axis=axis, keepdims=True)
    total = tf.reduce_sum(tf.where(support, ordered, tf.zeros_like(x)), axis=axis, keepdims=True)
    return tf.maximum(x - (total - 1.0) / size, 0.0)


def elu(x, alpha=1.0):
    """x where x > 0, `alpha * (exp(x) - 1)` elsewhere. Clevert et al. 2015."""
    y = tf.nn.elu(x)
    return y if alpha == 1 else tf.where(x > 0, y, alpha * y)


def celu(x, alpha=1.0):
    """max(x, 0) + alpha * (exp(min(x, 0) / alpha) - 1). Barron 2017."""
    return tf.maximum(x, 0.0) + alpha * tf.math.expm1(tf.minimum(x, 0.0) / alpha)


def selu(x):
    """1.0507 * elu(x, 1.6733). Klambauer et al. 2017."""
    return tf.nn.selu(x)


def gelu(x, approximate=False):
    """x times the normal distribution function at x; by tanh if `approximate`. Hendrycks and Gimpel 2016."""
    return tf.nn.gelu(x, approximate=approximate)


def silu(x):
    """x * sigmoid(x), also called swish."""
    return tf.nn.silu(x)


def mish(x):
    """x * tanh(softplus(x)). Misra 2019."""
    return x * tf.tanh(tf.math.softplus(x))


def glu(x, axis=-1):
    """The first half of x along `axis` times the sigmoid of the second; ValueError for odd sizes. Dauphin et al."""
    if x.shape[axis] % 2:
        raise ValueError(f"axis size must be divisible by 2. Received: x.shape={x.shape} with axis={axis}")
    value, gate = tf.split(x, 2, axis=axis)
    return value * tf.sigmoid(gate)


def sigmoid(x):
    """1 / (1 + exp(-x))."""
    return remember_logits(tf.sigmoid(x), x, "sigmoid")


def log_sigmoid(x):
    """log(sigmoid(x))."""
    return tf.math.log_sigmoid(x)


def hard_sigmoid(x):
    """relu6(x + 3) / 6: zero up to -3, one from 3 on."""
    return tf.nn.relu6(x + 3.0) / 6.0


def sparse_sigmoid(x):
    """(x + 1) / 2 between -1 and 1, zero below, one above."""
    inside = tf.where(x >= 1, tf.ones_like(x), 0.5 * (x + 1.0))
    return tf.where(x <= -1, tf.zeros_like(x), inside)


def hard_silu(x):
    """x * hard_sigmoid(x), also called hard swish. Howard et al. 2019."""
    return x * hard_sigmoid(x)


def tanh(x):
    """The hyperbolic tangent."""
    return tf.tanh(x)


def hard_tanh(x):
    """x cut to [-1, 1]."""
    return tf.clip_by_value(x, -1.0, 1.0)


def tanh_shrink(x):
    """x - tanh(x)."""
    return x - tf.tanh(x)


def softplus(x):
    """log(1 + exp(x))."""
    return tf.math.softplus(x)


def softsign(x):
    """x / (1 + |x|)."""
    return tf.nn.softsign(x)


def squareplus(x, b=4):
    """(x + sqrt(x² + b)) / 2. Barron 2021."""
    return (x + tf.sqrt(tf.square(x) + float(b))) / 2.0


def sparse_plus(x):
    """Zero up to -1, (x + 1)² / 4 up to 1, x above."""
    return tf.where(x <= -1, tf.zeros_like(x), tf.where(x < 1, 0.25 * tf.square(x + 1.0), x))


def soft_shrink(x, threshold=0.5):
    """x moved towards zero by `threshold`, zero within it."""
    return tf.where(x > threshold, x - threshold, tf.where(x < -threshold, x + threshold, tf.zeros_like(x)))


def hard_shrink(x, threshold=0.5):
    """x where |x| > threshold, zero elsewhere."""
    return tf.where(tf.abs(x) > threshold, x, tf.zeros_like(x))


def threshold(x, threshold, default_value):
    """x where x > threshold, `default_value` elsewhere."""
    return tf.where(x > threshold, x, tf.cast(default_value, x.dtype))


def exponential(x):
    """exp(x)."""
    return tf.exp(x)


swish, hard_swish = silu, hard_silu

_FUNCTIONS = (
    *(linear, relu, leaky_relu, relu6, softmax, log_softmax, sparsemax, elu, celu, selu, gelu, silu, mish, glu),
    *(sigmoid, log_sigmoid, hard_sigmoid, sparse_sigmoid, hard_silu, tanh, hard_tanh, tanh_shrink, softplus, softsign),
    *(squareplus, sparse_plus, soft_shrink, hard_shrink, threshold, exponential),
)
_NAMES = {**{f.__name__: f for f in _FUNCTIONS}, "swish": silu, "hard_swish": hard_silu}
_serialize, deserialize, _get = functions("activation function", _NAMES)


def serialize(activation) -> Any:
    """The name of a built-in activation; the config of any other that is registered or an object."""
    if activation in _FUNCTIONS:
        return activation.__name__
    config = _serialize(activation)
    if not isinstance(config, str) and "config" not in config:
        raise ValueError(
            f"Unknown activation function '{activation}' cannot be serialized: give it a name with "
            f"`@keras.saving.register_keras_serializable()`. config={config}"
        )
    return config


def get(identifier) -> Any:
    """The activation that `identifier` names: None (`linear`), a string, a config dict or a callable; else ValueError.

    >>> get("relu").__name__, get(None).__name__
    ('relu', 'linear')
    """
    return linear if identifier is None else _get(identifier)
