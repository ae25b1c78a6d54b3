"""tf.sparse: arithmetic. Values at one place are added, multiplied and reduced; gradients flow to all values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import InvalidArgumentError
from ..op import Unary
from ..registry import OPS, register
from ..tensor import Tensor, as_tensor
from .shapes import checked, reorder, to_dense
from .sparse_tensor import SparseTensor


def _rows(ids: Any) -> Tensor:
    return Tensor(np.asarray(ids, np.int64))


def _united(parts: list[SparseTensor]) -> tuple[Any, Any, Any]:
    """All places of several SparseTensors once, in order; and for each value of each, which of them it stands at."""
    shapes = {sp.shape for sp in parts}
    if len(shapes) > 1:
        raise InvalidArgumentError(f"the SparseTensors must have one shape, not {' and '.join(map(str, shapes))}")
    numbers, which = np.unique(np.concatenate([sp.numbers() for sp in parts]), return_inverse=True)
    places = np.concatenate([sp._places for sp in parts])
    first = np.zeros(len(numbers), np.int64)
    first[which[::-1]] = np.arange(len(which))[::-1]
    return places[first], which.reshape(-1), len(numbers)


def add(a: Any, b: Any, threshold: Any = 0) -> Any:
    """a + b: sparse for two SparseTensors, dense if one of them is. Sums below `threshold` in magnitude are left out.

    >>> import gputape as tf
    >>> sp = tf.sparse.from_dense([[1.0, 0.0], [0.0, 2.0]])
    >>> tf.sparse.add(sp, sp).values.numpy()
    array([2., 4.], dtype=float32)
    """
    if not isinstance(a, SparseTensor) and not isinstance(b, SparseTensor):
        raise TypeError("At least one input should be SparseTensor; do you mean to use tf.add()?")
    if not isinstance(a, SparseTensor) or not isinstance(b, SparseTensor):
        sp, dense = (a, as_tensor(b)) if isinstance(a, SparseTensor) else (b, as_tensor(a))
        return OPS["tensor_scatter_nd_add"](dense, Tensor(sp._places), sp.values)
    places, which, count = _united([a, b])
    values = OPS["unsorted_segment_sum"](OPS["concat"]([a.values, b.values], 0), _rows(which), count)
    limit = np.asarray(as_tensor(threshold)._read("threshold"))
    if limit > 0:
        kept = np.flatnonzero(np.abs(values._read("sums compared with threshold")) >= limit)
        places, values = places[kept], OPS["gather"](values, _rows(kept))
    return SparseTensor(places, values, a._sizes)


def _pairwise(name: str, op: str) -> Callable[..., SparseTensor]:
    def combine(sp_a: Any, sp_b: Any, name: str | None = None) -> SparseTensor:
        a, b = checked(combine.__name__, sp_a), checked(combine.__name__, sp_b)
        places, which, count = _united([a, b])
        sides = [np.full(count, len(sp._places), np.int64) for sp in (a, b)]
        sides[0][which[: len(a._places)]] = np.arange(len(a._places))
        sides[1][which[len(a._places) :]] = np.arange(len(b._places))
        zero = OPS["zeros"]([1], a.dtype)
        filled = [OPS["gather"](OPS["concat"]([sp.values, zero], 0), _rows(s)) for sp, s in zip((a, b), sides)]
        return SparseTensor(places, OPS[op](*filled), a._sizes)

    combine.__name__ = name
    combine.__doc__ = f"The {name} of two SparseTensors of one shape, zero where one of them has no value."
    return combine


maximum, minimum = _pairwise("maximum", "maximum"), _pairwise("minimum", "minimum")


def scaled(sp: SparseTensor, dense: Any, op: str) -> SparseTensor:
    """sp * dense or sp / dense: the values times what stands at their places; `dense` broadcasts to the sparse shape."""
    other = as_tensor(dense, sp.values._array.dtype)
    if other._array.ndim:
        places = sp._places[:, len(sp._sizes) - other._array.ndim :].copy()
        places[:, np.array(other._array.shape) == 1] = 0
        other = OPS["gather_nd"](other, Tensor(places))
    return sp.with_values(OPS[op](sp.values, other))


def sparse_dense_matmul(
    sp_a: Any, b: Any, adjoint_a: bool = False, adjoint_b: bool = False, name: str | None = None
) -> Any:
    """The matrix product of a sparse and a dense matrix (or a dense and a sparse one), dense.

    adjoint_a, adjoint_b: whether to take the conjugate transpose of a matrix first. y[i] is the sum over the values a[i, k]
    of a[i, k] * b[k]. InvalidArgumentError if the inner sizes differ.

    >>> import gputape as tf
    >>> a = tf.sparse.from_dense([[1.0, 0.0], [0.0, 2.0]])
    >>> tf.sparse.sparse_dense_matmul(a, [[3.0], [4.0]]).numpy()
    array([[3.],
           [8.]], dtype=float32)
    """
    if isinstance(b, SparseTensor):
        made = sparse_dense_matmul(b, sp_a, adjoint_a=not adjoint_b, adjoint_b=not adjoint_a)
        return OPS["transpose"](made, conjugate=True)
    a = checked("sparse_dense_matmul", sp_a)
    dense = as_tensor(b, a.values._array.dtype)
    dense = OPS["transpose"](dense, conjugate=True) if adjoint_b else dense
    if len(a._sizes) != 2 or dense._array.ndim != 2:
        raise InvalidArgumentError(f"sparse_dense_matmul: a and b must be matrices, not {a.shape} and {dense.shape}")
    rows, columns = a._places.T if not adjoint_a else a._places.T[::-1]
    height, width = (int(n) for n in (a._sizes if not adjoint_a else a._sizes[::-1]))
    if width != dense._array.shape[0]:
        raise InvalidArgumentError(
            f"sparse_dense_matmul: Cannot multiply A and B because inner dimension does not match: {width} vs. "
            f"{dense._array.shape[0]}. Did you forget a transpose? sp_a {a.shape}, b {dense.shape}"
        )
    a.numbers()  # the check
    values = OPS["conj"](a.values) if adjoint_a and a.dtype.is_complex else a.values
    terms = OPS["multiply"](OPS["expand_dims"](values, 1), OPS["gather"](dense, _rows(columns)))
    return OPS["unsorted_segment_sum"](terms, _rows(rows), height)


def _reduced(name: str, op: str) -> Callable[..., Any]:
    def reduce(
        sp_input: Any, axis: Any = None, keepdims: Any = None, output_is_sparse: bool = False, name: str | None = None
    ) -> Any:
        sp = checked(reduce.__name__, sp_input)
        rank = len(sp._sizes)
        axes = range(rank) if axis is None else [int(k) % rank for k in np.reshape(np.asarray(axis), -1)]
        sizes = np.where(np.isin(np.arange(rank), list(axes)), 1, sp._sizes)
        collapsed = SparseTensor(np.where(sizes == 1, 0, sp._places), sp.values, sizes)
        numbers, which = np.unique(collapsed.numbers(), return_inverse=True)
        values = OPS[op](sp.values, _rows(which.reshape(-1)), len(numbers))
        kept = np.arange(rank) if keepdims else np.setdiff1d(np.arange(rank), list(axes))
        places = np.stack(np.unravel_index(numbers, sizes.tolist()), axis=1) if rank else np.zeros((0, 0), np.int64)
        made = SparseTensor(places[:, kept], values, sizes[kept])
        return made if output_is_sparse else to_dense(made)

    reduce.__name__ = name
    reduce.__doc__ = f"""The {name[7:]} of the values along `axis` (default all), a dense tensor, zero where there is no value.

    output_is_sparse: return a SparseTensor instead. Only values that are stored count.
    """
    return reduce


reduce_sum, reduce_max = _reduced("reduce_sum", "unsorted_segment_sum"), _reduced("reduce_max", "unsorted_segment_max")


def softmax(sp_input: Any, name: str | None = None) -> SparseTensor:
    """Softmax over the stored values of each row (all axes but the last); what is not stored stays so."""
    sp = reorder(checked("softmax", sp_input))
    rows, which = np.unique(sp.numbers() // max(int(sp._sizes[-1]), 1), return_inverse=True)
    ids = _rows(which.reshape(-1))
    top = OPS["stop_gradient"](OPS["unsorted_segment_max"](sp.values, ids, len(rows)))
    e = OPS["exp"](OPS["subtract"](sp.values, OPS["gather"](top, ids)))
    return sp.with_values(OPS["divide"](e, OPS["gather"](OPS["unsorted_segment_sum"](e, ids, len(rows)), ids)))


def map_values(op: Any, *args: Any, **kwargs: Any) -> SparseTensor:
    """`op` of the values; SparseTensors among the arguments, which must have one set of places, stand for their values.

    >>> import gputape as tf
    >>> tf.sparse.map_values(tf.square, tf.sparse.from_dense([0.0, 3.0])).values.numpy()
    array([9.], dtype=float32)
    """
    given = [a for a in (*args, *kwargs.values()) if isinstance(a, SparseTensor)]
    if not given:
        raise ValueError("No SparseTensor in argument list of map_values")
    if any(not np.array_equal(g._places, given[0]._places) or g.shape != given[0].shape for g in given):
        raise InvalidArgumentError("map_values: the SparseTensors must have the same indices and dense_shape")

    def plain(a: Any) -> Any:
        return a.values if isinstance(a, SparseTensor) else a

    return given[0].with_values(op(*map(plain, args), **{k: plain(v) for k, v in kwargs.items()}))


# Ops beside the elementwise ones of one operand that work on the values.
VALUES = {"cast", "identity", "ones_like", "stop_gradient", "zeros_like", "clip_by_value"}


def sparse_op(op: Any, args: Any, kwargs: Any) -> Any:
    """Run `op` on arguments among which there are SparseTensors."""
    name = (getattr(op, "name", None) or op.__name__).rstrip("_")
    kwargs = {k: v for k, v in kwargs.items() if k != "name"}
    if (isinstance(op, Unary) and len(op.params) == 1) or name in VALUES:
        return map_values(op, *args, **kwargs)
    if name in ("shape", "size", "rank"):
        found = {"shape": args[0]._sizes, "size": np.prod(args[0]._sizes, dtype=int), "rank": len(args[0]._sizes)}[name]
        return OPS["cast"](Tensor(np.asarray(found)), kwargs.get("out_type") or "int32")
    if name in ("multiply", "divide") and isinstance(args[0], SparseTensor):
        return scaled(args[0], args[1], name)
    if name == "multiply":
        return scaled(args[1], args[0], name)
    raise TypeError(f"{name} does not take a SparseTensor: use tf.sparse's functions, or tf.sparse.to_dense(sp) first")


register("sparse_op", sparse_op)
register("sparse_scaled", scaled)


def segment_sum(
    data: Any, indices: Any, segment_ids: Any, num_segments: Any = None, name: str | None = None, **_: Any
) -> Any:
    """The sum of the rows `indices` of `data` with each segment id; the ids must not go down."""
    return _segments("sum", data, indices, segment_ids, num_segments)


def segment_mean(
    data: Any, indices: Any, segment_ids: Any, num_segments: Any = None, name: str | None = None, **_: Any
) -> Any:
    """The mean of the rows `indices` of `data` with each segment id."""
    return _segments("mean", data, indices, segment_ids, num_segments)


def segment_sqrt_n(
    data: Any, indices: Any, segment_ids: Any, num_segments: Any = None, name: str | None = None, **_: Any
) -> Any:
    """The sum of the rows `indices` of `data` with each segment id over the square root of their number."""
    return _segments("sqrt_n", data, indices, segment_ids, num_segments)


def _segments(how: str, data: Any, indices: Any, segment_ids: Any, num_segments: Any) -> Any:
    ids = np.asarray(as_tensor(segment_ids)._read("segment_ids"))
    count = (int(ids[-1]) + 1 if len(ids) else 0) if num_segments is None else int(num_segments)
    return OPS["unsorted_segment_" + how](OPS["gather"](data, indices), segment_ids, count)
