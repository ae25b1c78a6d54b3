"""keras.ops of networks: activations, convolutions, pools, normalizations, losses, attention."""

from __future__ import annotations

import math

import gputape as tf

from .. import activations
from ..backend import floatx, standardize_data_format
from ..layers.windows import deconv_length, normalized, tf_format
from ..losses import crossentropy
from .matrices import norm
from .promotion import axes_of, floating, in_float32, tensor, together

# -- activations: those of keras.activations, of whatever becomes a tensor of floats

_ACTIVATIONS = (
    "celu", "elu", "glu", "hard_shrink", "hard_sigmoid", "hard_silu", "hard_tanh", "leaky_relu", "log_sigmoid",
    "log_softmax", "relu6", "selu", "sigmoid", "silu", "soft_shrink", "softmax", "softplus", "softsign", "sparse_plus",
    "sparse_sigmoid", "sparsemax", "squareplus", "tanh_shrink", "threshold",
)  # fmt: skip


def _activation(name):
    function = getattr(activations, name)

    def call(x, *args, **kwargs):
        return function(floating(x), *args, **kwargs)

    call.__name__ = call.__qualname__ = name
    call.__doc__ = function.__doc__
    call.__dict__["__wrapped__"] = function
    return call


def relu(x):
    """max(x, 0)."""
    return tf.nn.relu(tensor(x))


def gelu(x, approximate=True):
    """x times the normal distribution function at x, by tanh unless `approximate` is False."""
    return activations.gelu(floating(x), approximate)


# -- convolutions and pools


def _layout(inputs, data_format):
    """`inputs` as a tensor of floats with channels last, the rank of its spatial axes, and how to turn back."""
    x = floating(inputs)
    rank = len(x.shape) - 2
    if standardize_data_format(data_format) == "channels_last":
        return x, rank, lambda y: y
    x = tf.transpose(x, [0, *range(2, rank + 2), 1])
    return x, rank, lambda y: tf.transpose(y, [0, rank + 1, *range(1, rank + 1)])


def conv(inputs, kernel, strides=1, padding="valid", data_format=None, dilation_rate=1):
    """The convolution over 1, 2 or 3 spatial axes of inputs (batch, ..., channels).

    padding: "valid", "same" or, for one axis, "causal".
    """
    x, rank, back = _layout(inputs, data_format)
    kernel, dilation = tensor(kernel, x.dtype), normalized(dilation_rate, rank, "dilation_rate")
    if padding == "causal":
        x, padding = tf.pad(x, [[0, 0], [(kernel.shape[0] - 1) * dilation[0], 0], [0, 0]]), "valid"
    steps = list(normalized(strides, rank, "strides"))
    return back(tf.nn.convolution(x, kernel, steps, padding.upper(), tf_format("channels_last", rank), list(dilation)))


def depthwise_conv(inputs, kernel, strides=1, padding="valid", data_format=None, dilation_rate=1):
    """Each channel convolved on its own: kernel (..., channels, multiplier) gives channels * multiplier channels."""
    x, _, back = _layout(inputs, data_format)
    kernel = tensor(kernel, x.dtype)
    *window, channels, multiplier = kernel.shape
    flat = tf.reshape(kernel, [*window, 1, channels * multiplier])
    return back(conv(x, flat, strides, padding, "channels_last", dilation_rate))


def separable_conv(
    inputs, depthwise_kernel, pointwise_kernel, strides=1, padding="valid", data_format=None, dilation_rate=1
):
    """`depthwise_conv`, then a convolution with windows of one element."""
    y = depthwise_conv(inputs, depthwise_kernel, strides, padding, data_format, dilation_rate)
    return conv(y, pointwise_kernel, 1, "valid", data_format)


def conv_transpose(inputs, kernel, strides=1, padding="valid", output_padding=None, data_format=None, dilation_rate=1):
    """The transpose of a convolution: kernel (..., filters, channels), strides spread the inputs."""
    x, rank, back = _layout(inputs, data_format)
    kernel = tensor(kernel, x.dtype)
    step, dilation = normalized(strides, rank, "strides"), normalized(dilation_rate, rank, "dilation_rate")
    more = output_padding if output_padding is None or not isinstance(output_padding, int) else (output_padding,) * rank
    sizes = [
        deconv_length(x.shape[k + 1], kernel.shape[k], step[k], padding, None if more is None else more[k], dilation[k])
        for k in range(rank)
    ]
    shape = [x.shape[0], *sizes, kernel.shape[-2]]
    form = tf_format("channels_last", rank)
    return back(tf.nn.conv_transpose(x, kernel, shape, list(step), padding.upper(), form, list(dilation)))


def _pool(function, inputs, pool_size, strides, padding, data_format):
    x, rank, back = _layout(inputs, data_format)
    window = list(normalized(pool_size, rank, "pool_size"))
    steps = window if strides is None else list(normalized(strides, rank, "strides"))
    return back(function(x, window, steps, padding.upper(), tf_format("channels_last", rank)))


def max_pool(inputs, pool_size, strides=None, padding="valid", data_format=None):
    """The largest element of each window; strides default to the window."""
    return _pool(tf.nn.max_pool, inputs, pool_size, strides, padding, data_format)


def average_pool(inputs, pool_size, strides=None, padding="valid", data_format=None):
    """The mean of each window; strides default to the window."""
    return _pool(tf.nn.avg_pool, inputs, pool_size, strides, padding, data_format)


def _adaptive(reduce, inputs, output_size, data_format):
    x, rank, back = _layout(inputs, data_format)
    for axis, n in enumerate(normalized(output_size, rank, "output_size"), 1):
        size = x.shape[axis]
        if size % n == 0:  # windows side by side
            x = reduce(tf.reshape(x, [*x.shape[:axis], n, size // n, *x.shape[axis + 1 :]]), axis + 1)
            continue
        key = [slice(None)] * axis
        parts = [x[(*key, slice(k * size // n, -(-(k + 1) * size // n)))] for k in range(n)]
        x = tf.stack([reduce(p, axis) for p in parts], axis)
    return back(x)


def adaptive_average_pool(inputs, output_size, data_format=None):
    """Means of windows that divide each spatial axis into `output_size` parts of about equal length."""
    return _adaptive(tf.reduce_mean, inputs, output_size, data_format)


def adaptive_max_pool(inputs, output_size, data_format=None):
    """The largest elements of windows that divide each spatial axis into `output_size` parts of about equal length."""
    return _adaptive(tf.reduce_max, inputs, output_size, data_format)


def space_to_depth(x, block_size, data_format="channels_last"):
    """Blocks of pixels moved into the channels."""
    x, _, back = _layout(x, data_format)
    return back(tf.nn.space_to_depth(x, block_size))


def depth_to_space(x, block_size, data_format="channels_last"):
    """Channels moved into blocks of pixels."""
    x, _, back = _layout(x, data_format)
    return back(tf.nn.depth_to_space(x, block_size))


def _pair(value):
    return (value, value) if isinstance(value, int) else tuple(value)


def unfold(x, kernel_size, dilation=1, padding=0, stride=1):
    """Windows of x (batch, channels, height, width) as columns: (batch, channels * window size, count)."""
    x, (kh, kw), (dh, dw) = floating(x), _pair(kernel_size), _pair(dilation)
    (ph, pw), (sh, sw) = _pair(padding), _pair(stride)
    x = tf.pad(x, [[0, 0], [0, 0], [ph, ph], [pw, pw]])
    n, c, h, w = x.shape
    rows, columns = (h - dh * (kh - 1) - 1) // sh + 1, (w - dw * (kw - 1) - 1) // sw + 1
    parts = [
        x[:, :, i * dh : i * dh + (rows - 1) * sh + 1 : sh, j * dw : j * dw + (columns - 1) * sw + 1 : sw]
        for i in range(kh)
        for j in range(kw)
    ]
    return tf.reshape(tf.stack(parts, 2), [n, c * kh * kw, rows * columns])


def fold(x, output_size, kernel_size, dilation=1, padding=0, stride=1):
    """The transpose of `unfold`: columns added where their windows lie in an image of `output_size`."""
    x, (kh, kw), (dh, dw) = floating(x), _pair(kernel_size), _pair(dilation)
    (ph, pw), (sh, sw), (height, width) = _pair(padding), _pair(stride), _pair(output_size)
    h, w = height + 2 * ph, width + 2 * pw
    rows, columns = (h - dh * (kh - 1) - 1) // sh + 1, (w - dw * (kw - 1) - 1) // sw + 1
    n, c = x.shape[0], x.shape[1] // (kh * kw)
    r = tf.range(kh)[:, None, None, None] * dh + tf.range(rows)[None, None, :, None] * sh
    s = tf.range(kw)[None, :, None, None] * dw + tf.range(columns)[None, None, None, :] * sw
    pixels = tf.reshape(r * w + s, [-1])
    values = tf.transpose(tf.reshape(x, [n * c, -1]))
    made = tf.math.unsorted_segment_sum(values, pixels, h * w)
    return tf.reshape(tf.transpose(made), [n, c, h, w])[:, :, ph : ph + height, pw : pw + width]


# -- classes


def one_hot(x, num_classes, axis=-1, dtype=None, sparse=False):
    """1 at the class number, 0 elsewhere, along a new axis of `num_classes`; dtype: default floatx."""
    x = tensor(x)
    dtype = dtype or floatx()
    made = tf.one_hot(x if x.dtype.is_integer else tf.cast(x, "int32"), num_classes, axis=axis, dtype="int32")
    return tf.cast(made, dtype)


def multi_hot(inputs, num_classes=None, axis=-1, dtype=None, sparse=False, **kwargs):
    """1 at each of the class numbers along the last axis of `inputs`, 0 elsewhere."""
    num_classes = kwargs.pop("num_tokens", num_classes)
    if num_classes is None:
        raise ValueError("Argument `num_classes` must be specified.")
    x = tensor(inputs)
    reduced = 1 if len(x.shape) > 1 else 0
    return tf.reduce_max(one_hot(x, num_classes, axis, dtype), reduced)


# -- losses


def binary_crossentropy(target, output, from_logits=False):
    """-(target log(output) + (1 - target) log(1 - output)), element by element."""
    target, output = together(target, output, least=float)
    if target.shape != output.shape:
        raise ValueError(
            "Arguments `target` and `output` must have the same shape. Received: "
            f"target.shape={target.shape}, output.shape={output.shape}"
        )
    return crossentropy.binary_crossentropy(target[..., None], output[..., None], from_logits)


def categorical_crossentropy(target, output, from_logits=False, axis=-1):
    """-sum(target * log(output)) along `axis`."""
    target, output = together(target, output, least=float)
    return crossentropy.categorical_crossentropy(target, output, from_logits, axis=axis)


def sparse_categorical_crossentropy(target, output, from_logits=False, axis=-1):
    """-log(output at the class `target`) along `axis`."""
    return crossentropy.sparse_categorical_crossentropy(tensor(target), floating(output), from_logits, axis=axis)


# -- normalizations


def batch_normalization(x, mean, variance, axis, offset=None, scale=None, epsilon=1e-3):
    """(x - mean) / sqrt(variance + epsilon) * scale + offset, the vectors lying along `axis`."""
    x = floating(x)
    shape = [n if a == axis % len(x.shape) else 1 for a, n in enumerate(x.shape)]
    wide = "float32" if x.dtype.size == 2 else x.dtype
    mean, variance, offset, scale = (
        None if v is None else tf.reshape(tensor(v, wide), shape) for v in (mean, variance, offset, scale)
    )
    factor = tf.math.rsqrt(variance + epsilon)
    factor = factor if scale is None else factor * scale
    y = (tf.cast(x, wide) - mean) * factor
    return tf.cast(y if offset is None else y + offset, x.dtype)


def layer_normalization(x, gamma=None, beta=None, axis=-1, epsilon=None, **kwargs):
    """x with mean 0 and variance 1 along `axis` (an int or several), times gamma, plus beta; epsilon: default 1e-7."""
    epsilon = 1e-7 if epsilon is None else epsilon
    x = floating(x)
    axes = axes_of(x, axis)
    gamma, beta = _summed_with(x, gamma), _summed_with(x, beta)
    if _fit(x, axes, gamma, beta):
        return tf.nn.layer_norm(x, gamma, beta, axes=axes, epsilon=epsilon)

    def normal(x):
        y = tf.nn.layer_norm(x, axes=axes, epsilon=epsilon)
        y = y if gamma is None else y * _beside(gamma, x, axes)
        return y if beta is None else y + _beside(beta, x, axes)

    return in_float32(normal, x)


def _summed_with(x, weight):
    """A weight of a normalization of `x`, if there is one, in the dtype in which that sums."""
    return None if weight is None else tensor(weight, "float32" if x.dtype.size == 2 else x.dtype)


def _fit(x, axes, *weights):
    """Whether the weights of a normalization of `x` have the sizes of its axes; others are broadcast to x."""
    sizes = [x.shape[a] for a in axes]
    return all(w is None or list(w.shape) == sizes for w in weights)


def _beside(weight, x, axes):
    if len(weight.shape) == len(x.shape) or axes == [len(x.shape) - 1]:
        return weight
    return tf.reshape(weight, [n if a in axes else 1 for a, n in enumerate(x.shape)])


def rms_normalization(x, scale=None, axis=-1, epsilon=None):
    """x / sqrt(mean(x²) + epsilon) along `axis` (an int or several), times `scale`; epsilon: default 1e-7."""
    epsilon = 1e-7 if epsilon is None else epsilon
    x = floating(x)
    axes = axes_of(x, axis)
    scale = _summed_with(x, scale)
    if _fit(x, axes, scale):
        return tf.nn.rms_norm(x, scale, axes=axes, epsilon=epsilon)
    return in_float32(lambda x: tf.nn.rms_norm(x, axes=axes, epsilon=epsilon) * _beside(scale, x, axes), x)


def normalize(x, axis=-1, order=2, epsilon=None):
    """x divided by its norm of `order` along `axis`, at least `epsilon` (default 1e-7)."""
    epsilon = 1e-7 if epsilon is None else epsilon
    x = floating(x)
    if order == 2:
        squares = tf.reduce_sum(x * x, axis, keepdims=True)
        return x * tf.math.rsqrt(tf.maximum(squares, tf.cast(epsilon * epsilon, x.dtype)))
    return x / tf.maximum(norm(x, order, axis, keepdims=True), tf.cast(epsilon, x.dtype))


# -- attention


def dot_product_attention(
    query,
    key,
    value,
    bias=None,
    mask=None,
    scale=None,
    is_causal=False,
    flash_attention=None,
    attn_logits_soft_cap=None,
):
    """softmax(query @ key^T * scale + bias) @ value. Vaswani et al. 2017.

    Args:
        query: (batch, target length, heads, dim); key, value: (batch, source length, key heads, dim), where the number
            of key heads divides that of heads.
        bias, mask: broadcast to (batch, heads, target length, source length); False in the mask leaves an element out.
        scale: default 1 / sqrt(dim).
        is_causal: leave out all later elements.
        flash_attention: accepted; the result is the same.
        attn_logits_soft_cap: scores become cap * tanh(scores / cap).
    """
    query, key, value = (floating(x) for x in together(query, key, value))
    if len(query.shape) != 4 or len(key.shape) != 4 or len(value.shape) != 4:
        raise ValueError(
            f"`dot_product_attention` only supports 4D inputs. Received: query.shape={query.shape}, "
            f"key.shape={key.shape}, value.shape={value.shape}."
        )
    scale = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    if attn_logits_soft_cap is None:
        bias, mask = (None if x is None else _four_axes(tensor(x)) for x in (bias, mask))
        return tf.nn.dot_product_attention(query, key, value, mask, bias, scale, is_causal)
    groups = query.shape[2] // key.shape[2]
    if groups > 1:
        key, value = (tf.repeat(x, groups, axis=2) for x in (key, value))
    dtype = query.dtype
    wide = "float32" if dtype.size == 2 else dtype
    scores = tf.cast(tf.einsum("btnh,bsnh->bnts", query, key), wide) * scale
    scores = attn_logits_soft_cap * tf.tanh(scores / attn_logits_soft_cap)
    if bias is not None:
        scores = scores + tensor(bias, wide)
    kept = None if mask is None else tensor(mask, "bool")
    if is_causal:
        t, s = scores.shape[-2:]
        past = tf.range(t)[:, None] >= tf.range(s)[None, :]
        kept = past if kept is None else tf.logical_and(kept, past)
    if kept is not None:
        scores = tf.where(kept, scores, tf.cast(-0.7 * float(tf.as_dtype(wide).max), wide))
    return tf.einsum("bnts,bsnh->btnh", tf.cast(tf.nn.softmax(scores), dtype), value)


def _four_axes(x):
    """`x` with leading axes of size 1 until there are four."""
    return tf.reshape(x, [1] * (4 - len(x.shape)) + list(x.shape))


_PUBLIC = (
    relu, gelu, conv, depthwise_conv, separable_conv, conv_transpose, max_pool, average_pool, adaptive_average_pool,
    adaptive_max_pool, space_to_depth, depth_to_space, unfold, fold, one_hot, multi_hot, binary_crossentropy,
    categorical_crossentropy, sparse_categorical_crossentropy, batch_normalization, layer_normalization,
    rms_normalization, normalize, dot_product_attention,
)  # fmt: skip
NAMES = {f.__name__: f for f in _PUBLIC} | {name: _activation(name) for name in _ACTIVATIONS}
NAMES |= {"hard_swish": NAMES["hard_silu"], "swish": NAMES["silu"]}
