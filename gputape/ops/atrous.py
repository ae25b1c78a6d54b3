"""Windows with holes: pools, and any op over windows, by moving blocks of pixels into the batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import InvalidArgumentError
from ..op import public
from ..registry import OPS
from ..tensor import as_tensor
from .shape import static, static_shape


@public
def with_space_to_batch(
    input: Any,
    dilation_rate: Any,
    padding: str,
    op: Callable[..., Any],
    filter_shape: Any = None,
    spatial_dims: Any = None,
    data_format: str | None = None,
) -> Any:
    """`op` on `input` as if its window had holes of dilation_rate - 1 elements.

    Args:
        dilation_rate: one number for each spatial axis.
        padding: "VALID" or "SAME"; "SAME" needs `filter_shape`, the sizes of the window, and pads with zeros.
        op: called as op(input, num_spatial_dims, padding), input (n, *spatial, c) or (n, c, *spatial).
        spatial_dims: which axes are spatial, ascending; default those behind the batch (and the channels of "NC...").

    ValueError for a rate below 1, "SAME" without `filter_shape`, or an unknown padding.
    """
    x, rates = as_tensor(input), static_shape(dilation_rate)
    if min(rates, default=1) < 1:
        raise ValueError(f"with_space_to_batch: dilation_rate={list(rates)} must be positive")
    first = 2 if data_format is not None and data_format.startswith("NC") else 1
    axes = (
        tuple(range(first, first + len(rates))) if spatial_dims is None else tuple(sorted(static_shape(spatial_dims)))
    )
    if len(axes) != len(rates) or len(x.shape) <= axes[-1]:
        raise ValueError(
            f"with_space_to_batch: input {x.shape}, spatial_dims {axes} and dilation_rate {rates} disagree"
        )
    if all(r == 1 for r in rates):
        return op(x, len(rates), padding)
    if padding.upper() == "SAME":
        if filter_shape is None:
            raise ValueError("with_space_to_batch: padding='SAME' needs filter_shape, the sizes of the window")
        spread = [(k - 1) * r for k, r in zip(static_shape(filter_shape), rates, strict=False)]
    elif padding.upper() == "VALID":
        spread = [0] * len(rates)
    else:
        raise ValueError(f"with_space_to_batch: padding={padding!r} must be 'VALID' or 'SAME'")
    blocks, pads, crops = [], [], []
    for axis in range(1, axes[-1] + 1):
        rate, total = (rates[axes.index(axis)], spread[axes.index(axis)]) if axis in axes else (1, 0)
        missing = -(x.shape[axis] + total) % rate
        blocks.append(rate)
        pads.append([total // 2, total - total // 2 + missing])
        crops.append([0, missing])
    y = op(OPS["space_to_batch_nd"](x, blocks, pads), len(rates), "VALID")
    return OPS["batch_to_space"](y, blocks, crops)


@public
def pool(
    input: Any,
    window_shape: Any,
    pooling_type: str,
    strides: Any = None,
    padding: str = "VALID",
    data_format: str | None = None,
    dilations: Any = None,
    name: str | None = None,
) -> Any:
    """A "MAX" or "AVG" pool over 1, 2 or 3 spatial axes, as many as `window_shape` has sizes.

    strides, dilations: one number for each spatial axis, default 1; not both above 1, and holes need "VALID".
    ValueError for other types, ranks and combinations.

    >>> import gputape as tf
    >>> tf.nn.pool(tf.reshape(tf.range(4.0), [1, 4, 1]), [2], "AVG").numpy().ravel()
    array([0.5, 1.5, 2.5], dtype=float32)
    """
    x, window = as_tensor(input), static_shape(window_shape)
    rank = len(window)
    steps = (1,) * rank if strides is None else static_shape(strides)
    rates = (1,) * rank if dilations is None else static_shape(dilations)
    if pooling_type not in ("MAX", "AVG") or rank not in (1, 2, 3):
        raise ValueError(f"{rank}-D {pooling_type} pooling is not supported.")
    if len(x.shape) != rank + 2:
        raise ValueError(f"pool: input of shape {x.shape} must have rank {rank + 2}: window_shape is {list(window)}")
    if max(steps) > 1 and max(rates) > 1:
        raise ValueError(
            "`strides > 1` not supported in conjunction with `dilation_rate > 1`. Received: "
            f"strides={list(steps)} and dilation_rate={list(rates)}"
        )
    if padding.upper() == "SAME" and max(rates) > 1:
        raise ValueError(
            "pooling with 'SAME' padding is not implemented for `dilation_rate` > 1. Received: "
            f"padding={padding} and dilation_rate={list(rates)}: use tf.pad and 'VALID'"
        )
    f = OPS[f"{pooling_type.lower()}_pool{rank}d"]
    layout = data_format or "N" + "DHW"[-rank:] + "C"

    def pooled(x: Any, _: int, padding: str) -> Any:
        return f(x, list(window), list(steps), padding, layout)

    return with_space_to_batch(x, rates, padding, pooled, window, data_format=data_format)


@public
def atrous_conv2d_transpose(
    value: Any, filters: Any, output_shape: Any, rate: Any, padding: str, name: str | None = None
) -> Any:
    """The adjoint of atrous_conv2d: value (n, h, w, o), filters (kh, kw, c, o) -> output_shape (n, h, w, c).

    InvalidArgumentError if the shapes do not fit.
    """
    step = static(rate)
    if step < 1:
        raise InvalidArgumentError(f"atrous_conv2d_transpose: rate {step} cannot be less than one")
    return OPS["conv2d_transpose"](value, filters, output_shape, 1, padding, dilations=step)


NAMES = {
    "tf.nn.with_space_to_batch": with_space_to_batch,
    "tf.nn.pool": pool,
    "tf.nn.atrous_conv2d_transpose": atrous_conv2d_transpose,
}
