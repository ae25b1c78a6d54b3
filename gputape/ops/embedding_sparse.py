"""Embeddings of rows of ids of any length: looked up, weighted and combined into one vector per row."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..op import public
from ..registry import OPS
from ..sparse import SparseTensor
from ..tensor import Tensor, as_tensor

_COMBINERS = ("mean", "sqrtn", "sum")


def _checked(sp_ids: Any, sp_weights: Any, combiner: Any) -> str:
    if not isinstance(sp_ids, SparseTensor):
        raise TypeError(f"sp_ids must be SparseTensor, got {type(sp_ids)}")
    if sp_weights is not None and not isinstance(sp_weights, SparseTensor):
        raise TypeError(f"sp_weights must be either None or SparseTensor, got {type(sp_weights)}")
    combiner = "mean" if combiner is None else combiner
    if combiner not in _COMBINERS:
        raise ValueError(f"combiner must be one of 'mean', 'sqrtn' or 'sum', got {combiner}")
    return str(combiner)


def _combined(params: Any, ids: Any, rows: Any, count: int, weights: Any, combiner: str, max_norm: Any) -> Any:
    """The embeddings of `ids`, those of equal `rows` (NumPy, int64) combined, of weights or None: (count, dim)."""
    table = OPS["concat"](list(params), 0) if isinstance(params, (list, tuple)) else params
    found = OPS["embedding_lookup"](table, ids, max_norm=max_norm)
    w = OPS["ones"]([len(rows)], found.dtype) if weights is None else OPS["cast"](weights, found.dtype)
    w = OPS["reshape"](w, [-1] + [1] * (len(found.shape) - 1))
    total, places = OPS["unsorted_segment_sum"], Tensor(rows)
    y = total(found * w, places, count)
    if combiner == "sum":
        return y
    norm = total(w, places, count) if combiner == "mean" else OPS["sqrt"](total(w * w, places, count))
    return OPS["divide_no_nan"](y, norm)


@public
def embedding_lookup_sparse(
    params: Any,
    sp_ids: Any,
    sp_weights: Any,
    combiner: str | None = None,
    max_norm: Any = None,
    name: str | None = None,
    allow_fast_lookup: bool = False,
) -> Any:
    """One vector per row of `sp_ids`, a SparseTensor (rows, any): shape (rows, dim), up to the last row with an id.

    Args:
        params: the table (classes, dim), or a list of blocks of its rows.
        sp_weights: a SparseTensor with the places of `sp_ids`, or None: ones.
        combiner: "sum" of weight times embedding; "mean" (default), divided by the weights' sum; "sqrtn", by the root
            of the sum of their squares.
        max_norm: embeddings of a larger norm are scaled down to it.

    Rows without ids give zeros. TypeError for ids that are not sparse, ValueError for other combiners.

    >>> import gputape as tf
    >>> ids = tf.SparseTensor([[0, 0], [0, 1], [1, 0]], tf.constant([0, 2, 1], tf.int64), [2, 2])
    >>> tf.nn.embedding_lookup_sparse(tf.constant([[1.0], [2.0], [3.0]]), ids, None, combiner="sum").numpy()
    array([[4.],
           [2.]], dtype=float32)
    """
    combiner = _checked(sp_ids, sp_weights, combiner)
    rows = sp_ids._places[:, 0]
    count = int(rows[-1]) + 1 if len(rows) else 0
    weights = None if sp_weights is None else sp_weights.values
    return _combined(params, sp_ids.values, rows, count, weights, combiner, max_norm)


@public
def safe_embedding_lookup_sparse(
    embedding_weights: Any,
    sparse_ids: Any,
    sparse_weights: Any = None,
    combiner: str = "mean",
    default_id: Any = None,
    max_norm: Any = None,
    name: str | None = None,
    allow_fast_lookup: bool = False,
) -> Any:
    """As `embedding_lookup_sparse`, for any ids: shape (*outer, dim) for `sparse_ids` of shape (*outer, any).

    Negative ids are left out, and, unless the combiner is "sum", those of weights that are not positive. Rows that are
    left with no ids give the embedding of `default_id`, or zeros.
    """
    combiner = _checked(sparse_ids, sparse_weights, combiner)
    outer = tuple(sparse_ids._sizes[:-1].tolist())
    count = int(np.prod(outer))
    rows = (
        np.ravel_multi_index(tuple(sparse_ids._places[:, :-1].T), outer)
        if len(sparse_ids._places)
        else np.zeros(0, int)
    )
    ids = sparse_ids.values
    keep = ids._read("which ids are negative") >= 0
    if sparse_weights is not None and combiner != "sum":
        keep &= sparse_weights.values._read("which weights are positive") > 0
    chosen = Tensor(np.flatnonzero(keep))
    rows, ids = rows[keep].astype(np.int64), OPS["gather"](ids, chosen)
    weights = None if sparse_weights is None else OPS["gather"](sparse_weights.values, chosen)
    empty = np.setdiff1d(np.arange(count), rows)
    if default_id is not None and len(empty):
        rows = np.concatenate([rows, empty])
        ids = OPS["concat"]([ids, OPS["fill"]([len(empty)], as_tensor(default_id, ids.dtype.numpy))], 0)
        if weights is not None:
            weights = OPS["concat"]([weights, OPS["ones"]([len(empty)], weights.dtype)], 0)
    y = _combined(embedding_weights, ids, rows, count, weights, combiner, max_norm)
    return OPS["reshape"](y, [*outer, *y.shape[1:]])


_FUNCTIONS: tuple[Any, ...] = (embedding_lookup_sparse, safe_embedding_lookup_sparse)
NAMES = {f"tf.nn.{f.__name__}": f for f in _FUNCTIONS}
