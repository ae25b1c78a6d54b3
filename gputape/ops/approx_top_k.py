"""approx_max_k, approx_min_k: what approximates on TPUs is exact here."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..op import public
from ..registry import OPS
from ..tensor import as_tensor
from .shape import axis_of, static


class ApproxTopK(NamedTuple):
    """What approx_max_k and approx_min_k return."""

    values: Any
    indices: Any


def _top(name: str, operand: Any, k: Any, axis: Any, sign: int) -> ApproxTopK:
    x = as_tensor(operand)
    rank = len(x.shape)
    axis = axis_of(name, axis, rank)
    order = [i for i in range(rank) if i != axis] + [axis]
    back = [order.index(i) for i in range(rank)]
    moved = OPS["transpose"](x, order)
    values, indices = OPS["top_k"](moved if sign > 0 else -moved, static(k))
    values = values if sign > 0 else -values
    return ApproxTopK(OPS["transpose"](values, back), OPS["transpose"](indices, back))


@public
def approx_max_k(
    operand: Any,
    k: Any,
    reduction_dimension: Any = -1,
    recall_target: float = 0.95,
    reduction_input_size_override: int = -1,
    aggregate_to_topk: bool = True,
    name: str | None = None,
) -> ApproxTopK:
    """The k largest elements along `reduction_dimension`, the largest first, and their int32 places: all of them.

    recall_target, reduction_input_size_override, aggregate_to_topk: accepted and ignored, nothing is left out.

    >>> import gputape as tf
    >>> tf.nn.approx_max_k([3.0, 1.0, 5.0], 2).indices.numpy()
    array([2, 0], dtype=int32)
    """
    return _top("approx_max_k", operand, k, reduction_dimension, 1)


@public
def approx_min_k(
    operand: Any,
    k: Any,
    reduction_dimension: Any = -1,
    recall_target: float = 0.95,
    reduction_input_size_override: int = -1,
    aggregate_to_topk: bool = True,
    name: str | None = None,
) -> ApproxTopK:
    """The k smallest elements, the smallest first; arguments as `approx_max_k`."""
    return _top("approx_min_k", operand, k, reduction_dimension, -1)


_FUNCTIONS: tuple[Any, ...] = (approx_max_k, approx_min_k)
NAMES = {f"tf.{space}.{f.__name__}": f for f in _FUNCTIONS for space in ("nn", "math")}
