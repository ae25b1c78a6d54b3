"""Local response normalization: each element divided by a norm of its neighbours along the channels."""

from __future__ import annotations

from typing import Any

from ..dtypes import accumulator
from ..errors import InvalidArgumentError
from ..op import op, public
from ..tensor import as_tensor
from .cast import cast
from .math import pow_
from .unary import square


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
    "tf.nn.local_response_normalization": local_response_normalization,
    "tf.nn.lrn": local_response_normalization,
}
