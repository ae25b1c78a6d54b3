"""Grey-scale dilation and erosion, and max pools that tell where the maximum is: dilation by a flat filter.

Which element of a window is the largest is an op without a gradient; the values are gathered from there, so that
gradients of any order flow to input and filter through the gather.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..dtypes import as_dtype
from ..errors import InvalidArgumentError
from ..op import op, public
from ..registry import OPS
from ..tensor import as_tensor
from .window import per_axis, sliding


class MaxPoolWithArgmax(NamedTuple):
    """What `max_pool_with_argmax` returns."""

    output: Any
    argmax: Any


@op
def largest(xp, x, w, *, how):
    """Where x + w is largest in each window, the first of equals: flat places in `x` and in `w`, (n, *out, c), int64.

    x (n, *spatial, c), w (*window, c). Padding is never chosen.
    """
    n, *spatial, c = x.shape
    out = how.out(spatial, "dilation")
    size = int(np.prod(spatial)) * c
    numbers = how.padded(xp, xp.arange(size, dtype=np.int64).reshape(1, *spatial, c), -1)
    seen, places = (how.views(xp, v, out) for v in (how.padded(xp, x), numbers))
    best = xp.zeros((n, *out, c), x.dtype)
    where, tap_of = (xp.full(best.shape, -1, np.int64) for _ in range(2))
    for k, tap in enumerate(how.taps()):
        value, place = seen[tap] + w.reshape(how.size, c)[k], places[tap]
        better = (place >= 0) & ((value > best) | (where < 0))
        best, where, tap_of = (xp.where(better, a, b) for a, b in ((value, best), (place, where), (k, tap_of)))
    first = (xp.arange(n, dtype=np.int64) * size).reshape(n, *[1] * (x.ndim - 1))
    return where + first, tap_of * c + xp.arange(c)


def _gathered(x: Any, places: Any) -> Any:
    return OPS["gather"](OPS["reshape"](x, [-1]), places)


def _nhwc(name: str, data_format: str) -> None:
    if data_format != "NHWC":
        raise ValueError(
            f"{name}: `data_format` values other than 'NHWC' are not supported. Received: data_format={data_format}"
        )


@public
def dilation2d(
    input: Any,
    filters: Any,
    strides: Any,
    padding: str,
    data_format: str,
    dilations: Any,
    name: str | None = None,
) -> Any:
    """The largest input + filter in each window: input (n, h, w, c), filters (kh, kw, c) -> (n, oh, ow, c).

    strides, dilations: four numbers, 1 for batch and channels. padding: "SAME" or "VALID". data_format: "NHWC".

    >>> import gputape as tf
    >>> x = tf.reshape(tf.range(4.0), [1, 2, 2, 1])
    >>> tf.nn.dilation2d(x, tf.ones([2, 2, 1]), [1] * 4, "VALID", "NHWC", [1] * 4).numpy().item()
    4.0
    """
    _nhwc("dilation2d", data_format)
    x = as_tensor(input)
    w = as_tensor(filters, x.dtype.numpy)
    if len(x.shape) != 4 or len(w.shape) != 3 or x.shape[-1] != w.shape[-1]:
        raise InvalidArgumentError(
            f"dilation2d: input {tuple(x.shape)} must have 4 axes, filters {tuple(w.shape)} 3, and both as many "
            f"channels [Op:Dilation2D]"
        )
    how = sliding(w._array.shape[:-1], strides, padding, dilations, x._array.shape[1:-1], "NHWC", "dilation2d")
    in_x, in_w = largest(x, w, how=how)
    return _gathered(x, in_x) + _gathered(w, in_w)


@public
def erosion2d(
    value: Any,
    filters: Any,
    strides: Any,
    padding: str,
    data_format: str,
    dilations: Any,
    name: str | None = None,
) -> Any:
    """The smallest input - filter in each window, the filter turned round; arguments as `dilation2d`."""
    _nhwc("erosion2d", data_format)
    x = as_tensor(value)
    turned = OPS["reverse"](as_tensor(filters, x.dtype.numpy), [0, 1])
    return -dilation2d(-x, turned, strides, padding, data_format, dilations)


@public
def max_pool_with_argmax(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: str,
    data_format: str = "NHWC",
    output_dtype: Any = "int64",
    include_batch_in_index: bool = False,
    name: str | None = None,
) -> MaxPoolWithArgmax:
    """The largest element of each window of input (n, h, w, c), and its place: (output, argmax).

    argmax: (y * width + x) * channels + channel, plus its image's first place if `include_batch_in_index`; int32 or
    int64 as `output_dtype` says. ksize, strides: an int, two ints, or four. data_format: "NHWC".

    >>> import gputape as tf
    >>> made = tf.nn.max_pool_with_argmax(tf.constant([[[[1.0], [5.0]], [[3.0], [2.0]]]]), 2, 2, "VALID")
    >>> made.output.numpy().item(), made.argmax.numpy().item()
    (5.0, 1)
    """
    _nhwc("max_pool_with_argmax", data_format)
    x = as_tensor(input)
    if len(x.shape) != 4:
        raise InvalidArgumentError(f"max_pool_with_argmax: input {tuple(x.shape)} must have 4 axes")
    window = per_axis(ksize, 2, "NHWC", "ksize", "max_pool_with_argmax")
    how = sliding(window, strides, padding, 1, x._array.shape[1:-1], "NHWC", "max_pool_with_argmax")
    flat = OPS["zeros"]([*window, x._array.shape[-1]], x.dtype)
    places, _ = largest(x, flat, how=how)
    y = _gathered(x, places)
    if not include_batch_in_index:
        places = places % max(int(np.prod(x._array.shape[1:])), 1)
    return MaxPoolWithArgmax(y, OPS["cast"](places, as_dtype(output_dtype)))


NAMES = {
    "tf.nn.dilation2d": dilation2d,
    "tf.nn.erosion2d": erosion2d,
    "tf.nn.max_pool_with_argmax": max_pool_with_argmax,
}
