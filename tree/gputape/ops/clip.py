"""Clipping by norm, one tensor or a list of gradients at a time. Norms stay on the device."""

from __future__ import annotations

from typing import Any

from ..op import public
from ..registry import OPS
from ..tape import IndexedSlices
from ..tensor import Array, as_tensor
from .reduce import axes_of, sum_over


def _values(t: Any) -> Any:
    return t.values if isinstance(t, IndexedSlices) else as_tensor(t)


def _with_values(t: Any, values: Any) -> Any:
    return IndexedSlices(values, t.indices, t.dense_shape) if isinstance(t, IndexedSlices) else values


@public
def clip_by_norm(t: Any, clip_norm: Any, axes: Any = None, name: str | None = None) -> Any:
    """t * clip_norm / max(norm(t), clip_norm), the L2 norm taken over `axes` (None: over all). The kind of `t`.

    >>> import gputape as tf
    >>> tf.clip_by_norm([3.0, 4.0], 1.0).numpy()
    array([0.6, 0.8], dtype=float32)
    """
    x = _values(t)
    square = sum_over(x * x, axes=axes_of("clip_by_norm", axes, x._array.ndim), keepdims=True)
    some = OPS["greater"](square, 0.0)
    safe = OPS["select"](some, square, OPS["ones_like"](square))
    norm = OPS["select"](some, OPS["sqrt"](safe), square)
    return _with_values(t, OPS["divide"](x * clip_norm, OPS["maximum"](norm, clip_norm)))


@public
def clip_by_average_norm(t: Any, clip_norm: Any, name: str | None = None) -> Any:
    """t * clip_norm * min(size / norm(t), 1 / clip_norm): `t` scaled down until its norm by element is `clip_norm`."""
    x = as_tensor(t)
    inverse = OPS["rsqrt"](sum_over(x * x, axes=tuple(range(x._array.ndim)), keepdims=False))
    limit = OPS["divide"](OPS["ones_like"](inverse), clip_norm)
    return x * clip_norm * OPS["minimum"](inverse * float(x._array.size), limit)


@public
def global_norm(t_list: Any, name: str | None = None) -> Any:
    """sqrt(sum over the list of sum(t^2)), a scalar; entries may be IndexedSlices, None entries are left out.

    TypeError if `t_list` is no sequence, ValueError if nothing in it has a norm.
    """
    xs = [_values(t) for t in _sequence(t_list) if t is not None]
    if not xs:
        raise ValueError("global_norm: t_list holds no tensors")
    squares = [sum_over(x * x, axes=tuple(range(x._array.ndim)), keepdims=False) for x in xs]
    return OPS["sqrt"](OPS["reduce_sum"](OPS["stack"](squares)))


def _sequence(t_list: Any) -> list[Any]:
    if isinstance(t_list, (Array, str)) or not hasattr(t_list, "__iter__"):
        raise TypeError(f"`t_list` should be a sequence of tensors. Received {type(t_list)}.")
    return list(t_list)


@public
def clip_by_global_norm(t_list: Any, clip_norm: Any, use_norm: Any = None, name: str | None = None) -> Any:
    """Every tensor of the list times clip_norm / max(global norm, clip_norm): returns (list, global norm).

    use_norm: the global norm, if it is known already. None entries stay None, IndexedSlices stay sparse. If the norm is
    not finite, all results are NaN. TypeError if `t_list` is no sequence.

    >>> import gputape as tf
    >>> clipped, norm = tf.clip_by_global_norm([tf.constant([3.0]), None, tf.constant([4.0])], 2.5)
    >>> [c if c is None else c.numpy().item() for c in clipped], norm.numpy().item()
    ([1.5, None, 2.0], 5.0)
    """
    given = _sequence(t_list)
    if use_norm is None:
        if all(t is None for t in given):
            return given, as_tensor(0.0)
        use_norm = global_norm(given)
    norm = as_tensor(use_norm)
    one = OPS["ones_like"](norm)
    scale = clip_norm * OPS["minimum"](OPS["divide"](one, norm), OPS["divide"](one, clip_norm))
    scale = scale + (norm - norm)  # adds 0, or NaN if the norm is not finite

    def scaled(t: Any) -> Any:
        x = _values(t)
        return _with_values(t, OPS["multiply"](x, scale if scale.dtype == x.dtype else OPS["cast"](scale, x.dtype)))

    return [None if t is None else scaled(t) for t in given], norm


NAMES = {
    "tf.clip_by_norm": clip_by_norm,
    "tf.clip_by_global_norm": clip_by_global_norm,
    "tf.linalg.global_norm": global_norm,
    "tf.compat.v1.clip_by_average_norm": clip_by_average_norm,
}
