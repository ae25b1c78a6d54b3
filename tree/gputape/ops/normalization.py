"""Normalization under public names: layer, root-mean-square, batch, group, by given statistics, and local response.

`layer_norm`, `rms_norm`, `batch_norm` and `group_norm` are gputape's own names in tf.nn; the others are TensorFlow's.
The first three bring any axes into rows or columns for the ops of norm.py. Scale and offset are float32 for half types.
"""

from __future__ import annotations

import math
from typing import Any

from ..dtypes import FROM_NUMPY, accumulator
from ..errors import InvalidArgumentError
from ..op import elementwise, op, public
from ..tensor import as_tensor
from .cast import cast
from .create import ones, zeros
from .domain import floating
from .functor import functor
from .math import pow_
from .norm import batch_norm_columns, layer_norm_rows, rms_norm_rows
from .reduce import axes_of, mean_over
from .shape import axis_of, reshape
from .transpose import transpose
from .unary import rsqrt, square


@elementwise
@floating
def multiply_add(xp, x, a, b):
    """x * a + b, broadcast together."""
    return xp.add(xp.multiply(x, a), b)


@multiply_add.gradient
def _(dy, x, a):
    return lambda: dy * a, lambda: dy * x, dy


multiply_add.kernel(functor("MultiplyAdd", file="norm.cu"))


@op
def window_sum(xp, x, *, radius):
    """The sum over a window of `radius` elements to both sides along the last axis; what lies beyond the ends is 0."""
    size = x.shape[-1]
    wide = x.astype(accumulator(x.dtype), copy=False)
    total = wide.copy()
    for k in range(1, min(radius, size - 1) + 1):
        total[..., k:] += wide[..., :-k]
        total[..., :-k] += wide[..., k:]
    return total.astype(x.dtype, copy=False)


@window_sum.gradient
def _(dy, radius):
    return window_sum(dy, radius=radius)  # the window is symmetric


def _floats(name: str, x: Any) -> Any:
    x = as_tensor(x)
    if not x.dtype.is_floating:
        raise InvalidArgumentError(
            f"Value for attr 'T' of {x.dtype.name} is not in the list of allowed values: {name} takes floating point "
            f"x; use tf.cast [Op:{name}]"
        )
    return x


def _weights(name: str, x: Any, given: dict[str, Any], shape: tuple[int, ...]) -> list[Any]:
    """scale and offset as vectors, ones and zeros where they are None, in the dtype of the statistics."""
    dtype = FROM_NUMPY[accumulator(x._array.dtype)]
    size = math.prod(shape)
    made = []
    for key, value in given.items():
        if value is None:
            made.append((zeros if key == "offset" else ones)([size], dtype))
            continue
        weight = as_tensor(value)
        if weight._array.size != size:
            raise InvalidArgumentError(
                f"{name}: {key} must have the shape {shape} of the axes that it belongs to, as x has shape "
                f"{x._array.shape}; it has shape {weight._array.shape} [Op:{name}]"
            )
        made.append(reshape(cast(weight, dtype), [size]))
    return made


def _in_rows(x: Any, axes: tuple[int, ...]) -> tuple[Any, Any]:
    """`x` as a matrix whose rows run over `axes`, and the way back."""
    shape = x._array.shape
    order = [*[k for k in range(len(shape)) if k not in axes], *axes]
    cols = math.prod(shape[k] for k in axes)
    rows = math.prod(shape[k] for k in order[: len(shape) - len(axes)])
    moved = [shape[k] for k in order]
    if order == sorted(order):
        return reshape(x, [rows, cols]), lambda y: reshape(y, shape)
    back = [order.index(k) for k in range(len(order))]
    return reshape(transpose(x, order), [rows, cols]), lambda y: transpose(reshape(y, moved), back)


@public
def layer_norm(x: Any, scale: Any = None, offset: Any = None, *, axes: Any = -1, epsilon: float = 1e-5) -> Any:
    """(x - mean) / sqrt(variance + epsilon) * scale + offset, mean and variance over `axes` of each example.

    Args:
        x: floating point, any shape. Half types are computed in float32.
        scale, offset: of the shape of `axes` (default: ones and zeros).
        axes: what to normalize over, an int or a list; default the last axis.

    https://arxiv.org/abs/1607.06450

    >>> import gputape as tf
    >>> tf.nn.layer_norm([[1.0, 3.0]], epsilon=0.0).numpy()
    array([[-1.,  1.]], dtype=float32)
    """
    x = _floats("layer_norm", x)
    over = axes_of("layer_norm", axes, x._array.ndim)
    scale, offset = _weights(
        "layer_norm", x, {"scale": scale, "offset": offset}, tuple(x._array.shape[k] for k in over)
    )
    rows, back = _in_rows(x, over)
    return back(layer_norm_rows(rows, scale, offset, epsilon=float(epsilon))[0])


@public
def rms_norm(x: Any, scale: Any = None, *, axes: Any = -1, epsilon: float = 1e-6) -> Any:
    """x / sqrt(mean(x**2) + epsilon) * scale, the mean over `axes`; arguments as for `layer_norm`.

    https://arxiv.org/abs/1910.07467

    >>> import gputape as tf
    >>> tf.nn.rms_norm([[3.0, 3.0]]).numpy()
    array([[0.99999994, 0.99999994]], dtype=float32)
    """
    x = _floats("rms_norm", x)
    over = axes_of("rms_norm", axes, x._array.ndim)
    (scale,) = _weights("rms_norm", x, {"scale": scale}, tuple(x._array.shape[k] for k in over))
    rows, back = _in_rows(x, over)
    return back(rms_norm_rows(rows, scale, epsilon=float(epsilon))[0])


@public
def batch_norm(
    x: Any, scale: Any = None, offset: Any = None, *, axis: Any = -1, epsilon: float = 1e-3
) -> tuple[Any, Any, Any]:
    """Training-time batch normalization: `x` normalized by its own statistics, channel by channel.

    Args:
        x: floating point, any shape. Half types are computed in float32.
        scale, offset: of shape (channels,); default ones and zeros.
        axis: the channels; default the last axis.

    Returns (y, mean, variance), the population statistics of shape (channels,), float32 for half types; all three are
    differentiable. For given statistics see `tf.nn.batch_normalization`. https://arxiv.org/abs/1502.03167

    >>> import gputape as tf
    >>> y, mean, variance = tf.nn.batch_norm([[1.0], [3.0]])
    >>> mean.numpy(), variance.numpy()
    (array([2.], dtype=float32), array([1.], dtype=float32))
    """
    x = _floats("batch_norm", x)
    k = axis_of("batch_norm", axis, x._array.ndim)
    scale, offset = _weights("batch_norm", x, {"scale": scale, "offset": offset}, x._array.shape[k : k + 1])
    columns, back = _in_rows(x, (k,))
    y, mean, variance = batch_norm_columns(columns, scale, offset, epsilon=float(epsilon))
    return back(y), mean, variance


@public
def group_norm(
    x: Any, groups: int, scale: Any = None, offset: Any = None, *, axis: Any = -1, epsilon: float = 1e-3
) -> Any:
    """Normalization over each example's groups of channels: x of shape (batch, ..., channels, ...), channels at `axis`.

    InvalidArgumentError unless `groups` divides the channels. https://arxiv.org/abs/1803.08494

    >>> import gputape as tf
    >>> tf.nn.group_norm([[1.0, 3.0, 5.0, 9.0]], groups=2, epsilon=0.0).numpy()
    array([[-1.,  1., -1.,  1.]], dtype=float32)
    """
    x = _floats("group_norm", x)
    shape = x._array.shape
    k = axis_of("group_norm", axis, len(shape))
    if k == 0 or shape[k] % groups:
        raise InvalidArgumentError(
            f"group_norm: groups = {groups} must divide the channels of x, axis {k} of shape {shape}, after the batch"
        )
    scale, offset = _weights("group_norm", x, {"scale": scale, "offset": offset}, shape[k : k + 1])
    wide = cast(x, scale.dtype)
    split = reshape(wide, [*shape[:k], groups, shape[k] // groups, *shape[k + 1 :]])
    over = tuple(a for a in range(1, len(shape) + 1) if a != k)
    per_channel = [1] * k + [groups, shape[k] // groups] + [1] * (len(shape) - k - 1)
    mean = mean_over(split, axes=over, keepdims=True)
    rstd = rsqrt(mean_over(square(split - mean), axes=over, keepdims=True) + float(epsilon))
    a = rstd * reshape(scale, per_channel)
    return cast(reshape(multiply_add(split, a, reshape(offset, per_channel) - mean * a), shape), x.dtype)


@public
def batch_normalization(
    x: Any, mean: Any, variance: Any, offset: Any, scale: Any, variance_epsilon: Any, name: str | None = None
) -> Any:
    """(x - mean) / sqrt(variance + variance_epsilon) * scale + offset, by given statistics.

    All broadcast with `x`; `offset` and `scale` may be None. The result has the dtype of `x`.

    >>> import gputape as tf
    >>> tf.nn.batch_normalization([3.0], [1.0], [4.0], offset=None, scale=None, variance_epsilon=0.0).numpy()
    array([1.], dtype=float32)
    """
    x = _floats("batch_normalization", x)
    a = rsqrt(as_tensor(variance) + variance_epsilon)
    if scale is not None:
        a = a * scale
    b = -as_tensor(mean) * a if offset is None else offset - mean * a
    return multiply_add(x, cast(a, x.dtype), cast(b, x.dtype))


@public
def batch_norm_with_global_normalization(
    input: Any,
    mean: Any,
    variance: Any,
    beta: Any,
    gamma: Any,
    variance_epsilon: Any,
    scale_after_normalization: bool,
    name: str | None = None,
) -> Any:
    """`batch_normalization` under an older name; `gamma` is used only if `scale_after_normalization`."""
    return batch_normalization(
        input, mean, variance, beta, gamma if scale_after_normalization else None, variance_epsilon
    )


@public
def local_response_normalization(
    input: Any, depth_radius: int = 5, bias: float = 1, alpha: float = 1, beta: float = 0.5, name: str | None = None
) -> Any:
    """input / (bias + alpha * sum(input**2))**beta, the sum over 2 * depth_radius + 1 neighbours along the last axis.

    `input` is 4-D, floating point; InvalidArgumentError otherwise, and for a negative `depth_radius`.

    >>> import gputape as tf
    >>> tf.nn.local_response_normalization([[[[0.0, 2.0]]]], depth_radius=1, bias=0.0).numpy()
    array([[[[0., 1.]]]], dtype=float32)
    """
    x = as_tensor(input)
    x = cast(x, "float32") if x.dtype.is_integer else x
    if x._array.ndim != 4 or not x.dtype.is_floating:
        raise InvalidArgumentError(
            f"local_response_normalization: input must be 4-dimensional and floating point, it has shape "
            f"{x._array.shape} and dtype {x.dtype.name} [Op:LRN]"
        )
    if depth_radius < 0:
        raise InvalidArgumentError(f"local_response_normalization: depth_radius = {depth_radius} must be >= 0 [Op:LRN]")
    scale = float(bias) + float(alpha) * window_sum(square(x), radius=int(depth_radius))
    return x * pow_(scale, -float(beta))


NAMES = {
    f"tf.nn.{f.__name__}": f
    for f in (
        batch_norm,
        batch_norm_with_global_normalization,
        batch_normalization,
        group_norm,
        layer_norm,
        local_response_normalization,
        rms_norm,
    )
}
NAMES["tf.nn.lrn"] = local_response_normalization
