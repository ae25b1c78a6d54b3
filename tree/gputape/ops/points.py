"""Elements and slices by coordinates: gather_nd, scatter_nd and the tensor_scatter_nd family.

A point is the last axis of `indices` (..., k): coordinates in k axes of a tensor, which name one of its slices.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import cuda
from ..errors import InvalidArgumentError
from ..op import op, public
from ..registry import OPS
from ..tape import IndexedSlices
from ..tensor import Array, as_tensor
from ..tensor_shape import TensorShape
from .index import as_matrix, combine_rows, device_combine_rows, device_take_rows, integers, take_rows
from .shape import static_shape


def check_points(xp: Any, indices: Any, sizes: tuple[int, ...]) -> None:
    """InvalidArgumentError for a point outside `sizes`. Only on the CPU: on a device it would wait for the values."""
    if xp is not np or not indices.size:
        return
    wrong = ((indices < 0) | (indices >= np.asarray(sizes))).any(axis=-1)
    if wrong.any():
        at = tuple(np.argwhere(wrong)[0].tolist())
        raise InvalidArgumentError(
            f"indices{list(at)} = {indices[at].tolist()} does not index into shape {list(sizes)}"
        )


def point_rows(xp: Any, indices: Any, shape: tuple[int, ...], batch_dims: int = 0) -> Any:
    """The numbers of the named slices, counted through the first batch_dims + k axes of `shape`; -1 for none such."""
    sizes = shape[batch_dims : batch_dims + indices.shape[-1]]
    rows = xp.zeros(indices.shape[:-1], np.int64)
    inside = xp.ones(indices.shape[:-1], bool)
    for i, size in enumerate(sizes):
        inside &= (indices[..., i] >= 0) & (indices[..., i] < size)
        rows = rows * size + indices[..., i]
    batch = math.prod(shape[:batch_dims])
    first = xp.arange(batch, dtype=np.int64)[:, None] * math.prod(sizes)
    rows = rows.reshape(batch, math.prod(rows.shape[batch_dims:])) + first
    return xp.where(inside.reshape(-1), rows.reshape(-1), -1)


def _split(indices: Any, shape: tuple[int, ...], batch_dims: int) -> tuple[int, tuple[int, ...]]:
    """How many axes of a tensor of `shape` a batch and a point name, and the shape of all named slices together."""
    named = batch_dims + indices.shape[-1]
    return named, (*indices.shape[:-1], *shape[named:])


@op(mixed=("indices",))
def gather_points(xp, params, indices, *, batch_dims=0, sparse=False):
    """sparse: whether the gradient of whole rows of `params` is IndexedSlices."""
    named, shape = _split(indices, params.shape, batch_dims)
    check_points(xp, indices, params.shape[batch_dims:named])
    return take_rows(xp, as_matrix(params, named - 1), point_rows(xp, indices, params.shape, batch_dims)).reshape(shape)


@gather_points.kernel
def _(params, indices, *, batch_dims, sparse):
    named, shape = _split(indices, params.shape, batch_dims)
    rows = point_rows(cuda.array_module(indices), indices, params.shape, batch_dims)
    return device_take_rows(as_matrix(params, named - 1), rows).reshape(shape)


@gather_points.gradient
def _(dy, params_shape, indices, batch_dims, sparse):
    if sparse and not batch_dims and len(indices._array.shape) == 2 and indices._array.shape[1] == 1:
        return IndexedSlices(dy, OPS["reshape"](indices, (-1,)), TensorShape(params_shape)), None
    return scatter_points(dy, indices, shape=tuple(params_shape), batch_dims=batch_dims), None


@op(mixed=("indices",))
def scatter_points(xp, updates, indices, *, shape, batch_dims=0):
    """Zeros of `shape` to which `updates` are added at the points, in their order."""
    named, _ = _split(indices, shape, batch_dims)
    check_points(xp, indices, shape[batch_dims:named])
    x = xp.zeros(shape, updates.dtype)
    rows = point_rows(xp, indices, shape, batch_dims)
    combine_rows(xp, as_matrix(x, named - 1), rows, _slices(updates, rows, shape, named), "add")
    return x


@scatter_points.kernel
def _(updates, indices, *, shape, batch_dims):
    named, _ = _split(indices, shape, batch_dims)
    x = cuda.zeros(shape, updates.dtype)
    rows = point_rows(cuda.array_module(indices), indices, shape, batch_dims)
    device_combine_rows(as_matrix(x, named - 1), rows, _slices(updates, rows, shape, named), "add")
    return x


@scatter_points.gradient
def _(dy, indices, batch_dims):
    return gather_points(dy, indices, batch_dims=batch_dims), None


def _slices(updates: Any, rows: Any, shape: tuple[int, ...], named: int) -> Any:
    """`updates` as a matrix with a row for each point."""
    return updates.reshape(rows.size, math.prod(shape[named:]))


def _combined(xp: Any, tensor: Any, updates: Any, indices: Any, how: str) -> Any:
    """A copy of `tensor` with `updates` combined into it at the points."""
    named, _ = _split(indices, tensor.shape, 0)
    check_points(xp, indices, tensor.shape[:named])
    y = tensor.copy(order="C")
    rows = point_rows(xp, indices, y.shape)
    combine_rows(xp, as_matrix(y, named - 1), rows, _slices(updates, rows, y.shape, named), how)
    return y


def _combined_on_device(tensor: Any, updates: Any, indices: Any, how: str) -> Any:
    named, _ = _split(indices, tensor.shape, 0)
    y = tensor.copy(order="C")
    rows = point_rows(cuda.array_module(indices), indices, y.shape)
    device_combine_rows(as_matrix(y, named - 1), rows, _slices(updates, rows, y.shape, named), how)
    return y


@op(mixed=("indices",))
def update_points(xp, tensor, updates, indices):
    return _combined(xp, tensor, updates, indices, "update")


@update_points.kernel
def _(tensor, updates, indices):
    return _combined_on_device(tensor, updates, indices, "update")


@update_points.gradient
def _(dy, updates_shape, indices):
    def dtensor():
        return update_points(dy, OPS["zeros"](tuple(updates_shape), dy.dtype), indices)

    return dtensor, lambda: gather_points(dy, indices), None


@op(mixed=("indices",))
def extreme_points(xp, tensor, updates, indices, *, how):
    """how: "maximum" or "minimum"."""
    return _combined(xp, tensor, updates, indices, how)


@extreme_points.kernel
def _(tensor, updates, indices, *, how):
    return _combined_on_device(tensor, updates, indices, how)


@extreme_points.gradient
def _(dy, y, tensor, updates, indices):
    """Of equal extremes each gets the same share."""
    kept = OPS["cast"](OPS["equal"](tensor, y), dy.dtype)
    used = OPS["cast"](OPS["equal"](updates, gather_points(y, indices)), dy.dtype)
    share = dy / (kept + scatter_points(used, indices, shape=tuple(y._array.shape)))
    return lambda: share * kept, lambda: gather_points(share, indices) * used, None


# -- the public names


def _points(name: str, indices: Any, shape: tuple[int, ...], batch_dims: int = 0) -> Any:
    """`indices` as a tensor of points that fit `shape`."""
    indices = integers(name, indices)
    points = tuple(indices._array.shape)
    if not points or points[-1] + batch_dims > len(shape):
        raise InvalidArgumentError(
            f"{name}: indices has shape {points}: its last axis holds the coordinates of a point, at most "
            f"{len(shape) - batch_dims} for a tensor of shape {shape} and batch_dims={batch_dims} [Op:{name}]"
        )
    return indices


def _check_updates(name: str, updates: Any, indices: Any, shape: tuple[int, ...]) -> None:
    _, wanted = _split(indices._array, shape, 0)
    given = tuple(updates._array.shape)
    if given != wanted:
        raise InvalidArgumentError(
            f"{name}: updates has shape {given}, it must be {wanted}: a slice of the tensor {shape} for each point of "
            f"indices {tuple(indices._array.shape)} [Op:{name}]"
        )


@public
def gather_nd(
    params: Any, indices: Any, batch_dims: int = 0, name: str | None = None, bad_indices_policy: str = ""
) -> Any:
    """The slices of `params` at the points `indices` (..., k): indices.shape[:-1] + params.shape[batch_dims + k:].

    Args:
        batch_dims: how many leading axes of params and indices go together.
        bad_indices_policy: only the default, an error.

    The gradient of whole rows (indices of shape (n, 1)) is tf.IndexedSlices. InvalidArgumentError for points outside
    params, for more coordinates than it has axes and for indices that are no integers.

    >>> import gputape as tf
    >>> tf.gather_nd([[1, 2], [3, 4]], [[0, 1], [1, 1]]).numpy()
    array([2, 4], dtype=int32)
    """
    params = params if isinstance(params, Array) else as_tensor(params)
    shape = tuple(params._array.shape)
    indices = _points("GatherNd", indices, shape, batch_dims)
    points = tuple(indices._array.shape)
    if not 0 <= batch_dims < len(points) or points[:batch_dims] != shape[:batch_dims]:
        raise InvalidArgumentError(
            f"gather_nd: params {shape}, indices {points}, batch_dims={batch_dims}: the first batch_dims sizes must be "
            f"equal, and batch_dims less than the rank of indices [Op:GatherNd]"
        )
    return gather_points(params, indices, batch_dims=batch_dims, sparse=True)


@public
def scatter_nd(indices: Any, updates: Any, shape: Any, bad_indices_policy: str = "", name: str | None = None) -> Any:
    """Zeros of `shape` to which `updates` are added at the points `indices` (..., k); equal points add up, in order.

    updates has shape indices.shape[:-1] + shape[k:]. InvalidArgumentError if not, and for points outside `shape`.

    >>> import gputape as tf
    >>> tf.scatter_nd([[0], [2], [0]], [1.0, 2.0, 3.0], [4]).numpy()
    array([4., 0., 2., 0.], dtype=float32)
    """
    updates, wanted = as_tensor(updates), static_shape(shape)
    indices = _points("ScatterNd", indices, wanted)
    _check_updates("ScatterNd", updates, indices, wanted)
    return scatter_points(updates, indices, shape=wanted)


def _scattered(name: str, tensor: Any, indices: Any, updates: Any) -> tuple[Any, Any, Any]:
    """The arguments of a tensor_scatter_nd op as tensors that fit each other."""
    tensor = tensor if isinstance(tensor, Array) else as_tensor(tensor)
    updates = as_tensor(updates, tensor._array.dtype)
    shape = tuple(tensor._array.shape)
    indices = _points(name, indices, shape)
    _check_updates(name, updates, indices, shape)
    return tensor, indices, updates


@public
def tensor_scatter_nd_update(tensor: Any, indices: Any, updates: Any, name: str | None = None) -> Any:
    """A copy of `tensor` with the slices at the points `indices` (..., k) replaced; of equal points the last counts.

    updates has shape indices.shape[:-1] + tensor.shape[k:]. InvalidArgumentError if not, and for points outside tensor.

    >>> import gputape as tf
    >>> tf.tensor_scatter_nd_update([1.0, 2.0, 3.0], [[0], [2]], [7.0, 9.0]).numpy()
    array([7., 2., 9.], dtype=float32)
    """
    tensor, indices, updates = _scattered("TensorScatterUpdate", tensor, indices, updates)
    return update_points(tensor, updates, indices)


@public
def tensor_scatter_nd_add(
    tensor: Any, indices: Any, updates: Any, bad_indices_policy: str = "", name: str | None = None
) -> Any:
    """A copy of `tensor` with `updates` added at the points `indices`; equal ones add up. As tensor_scatter_nd_update.

    >>> import gputape as tf
    >>> tf.tensor_scatter_nd_add([1, 2, 3], [[0], [0]], [10, 20]).numpy()
    array([31,  2,  3], dtype=int32)
    """
    tensor, indices, updates = _scattered("TensorScatterAdd", tensor, indices, updates)
    return OPS["add"](tensor, scatter_points(updates, indices, shape=tuple(tensor._array.shape)))


@public
def tensor_scatter_nd_sub(
    tensor: Any, indices: Any, updates: Any, bad_indices_policy: str = "", name: str | None = None
) -> Any:
    """A copy of `tensor` with `updates` subtracted at the points `indices`. See tensor_scatter_nd_update.

    >>> import gputape as tf
    >>> tf.tensor_scatter_nd_sub([1, 2, 3], [[0], [0]], [10, 20]).numpy()
    array([-29,   2,   3], dtype=int32)
    """
    tensor, indices, updates = _scattered("TensorScatterSub", tensor, indices, updates)
    return OPS["subtract"](tensor, scatter_points(updates, indices, shape=tuple(tensor._array.shape)))


@public
def tensor_scatter_nd_max(
    tensor: Any, indices: Any, updates: Any, bad_indices_policy: str = "", name: str | None = None
) -> Any:
    """A copy of `tensor` with the maximum of it and `updates` at the points `indices`. See tensor_scatter_nd_update.

    The gradient is shared equally among equal maxima.

    >>> import gputape as tf
    >>> tf.tensor_scatter_nd_max([1, 2, 3], [[0], [2]], [10, 0]).numpy()
    array([10,  2,  3], dtype=int32)
    """
    tensor, indices, updates = _scattered("TensorScatterMax", tensor, indices, updates)
    return extreme_points(tensor, updates, indices, how="maximum")


@public
def tensor_scatter_nd_min(
    tensor: Any, indices: Any, updates: Any, bad_indices_policy: str = "", name: str | None = None
) -> Any:
    """A copy of `tensor` with the minimum of it and `updates` at the points `indices`. See tensor_scatter_nd_max.

    >>> import gputape as tf
    >>> tf.tensor_scatter_nd_min([1, 2, 3], [[0], [2]], [10, 0]).numpy()
    array([1, 2, 0], dtype=int32)
    """
    tensor, indices, updates = _scattered("TensorScatterMin", tensor, indices, updates)
    return extreme_points(tensor, updates, indices, how="minimum")


NAMES = {
    "tf.gather_nd": gather_nd,
    "tf.scatter_nd": scatter_nd,
    "tf.tensor_scatter_nd_update": tensor_scatter_nd_update,
    "tf.tensor_scatter_nd_add": tensor_scatter_nd_add,
    "tf.tensor_scatter_nd_sub": tensor_scatter_nd_sub,
    "tf.tensor_scatter_nd_max": tensor_scatter_nd_max,
    "tf.tensor_scatter_nd_min": tensor_scatter_nd_min,
}
