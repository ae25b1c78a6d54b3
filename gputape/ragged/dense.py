"""RaggedTensors made of dense and sparse tensors, and the other way round: methods of RaggedTensor."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..dtypes import as_dtype
from ..errors import InvalidArgumentError
from ..registry import OPS
from ..tensor import Tensor, as_tensor
from ..tensor_shape import TensorShape
from .partition import check, host, length, spans, splits_of, take


def from_tensor(
    cls: Any,
    tensor: Any,
    lengths: Any = None,
    padding: Any = None,
    ragged_rank: int = 1,
    name: str | None = None,
    row_splits_dtype: Any = "int64",
) -> Any:
    """A tensor of at least `ragged_rank` + 1 axes as ragged, without the padding at the ends of its rows.

    lengths: how long each row is; or padding: the value that fills the ends. Default: rows of full length.

    >>> import gputape as tf
    >>> tf.RaggedTensor.from_tensor([[5, 7, 0], [0, 3, 0], [6, 0, 0]], padding=0)
    <tf.RaggedTensor [[5, 7], [0, 3], [6]]>
    """
    x = as_tensor(tensor)
    shape = x._array.shape
    if ragged_rank < 1 or len(shape) <= ragged_rank:
        raise ValueError(
            f"from_tensor: ragged_rank={ragged_rank} must be greater than 0 and below the rank of tensor {shape}"
        )
    if lengths is not None and padding is not None:
        raise ValueError("Specify argument `lengths` or `padding`, but not both.")
    if isinstance(lengths, (list, tuple)) and lengths and np.ndim(host(lengths[0])) == 1:
        parts = [host(part) for part in lengths]
        if len(parts) != ragged_rank and ragged_rank != 1:
            raise ValueError("If `lengths` is a tuple of row_lengths, then `ragged_rank` must be its length")
        return _trimmed(cls, x, parts)
    if ragged_rank > 1:
        if lengths is not None or padding is not None:
            flat = OPS["reshape"](x, [-1, *shape[ragged_rank:]])
            made = cls.from_tensor(flat, lengths, padding)
        else:
            made = cls.from_tensor(OPS["reshape"](x, [-1, *shape[ragged_rank:]]))
        for k in range(ragged_rank - 1, 0, -1):
            made = cls.from_uniform_row_length(made, shape[k], int(np.prod(shape[:k], dtype=int)))
        return made
    dtype = as_dtype(row_splits_dtype).numpy
    flat = OPS["reshape"](x, [shape[0] * shape[1], *shape[2:]])
    if padding is not None:
        same: Any = np.asarray(OPS["equal"](x, padding)._read("the padding of rows"))
        same = same.all(axis=tuple(range(2, same.ndim)))
        given = shape[1] - np.minimum.accumulate(same[:, ::-1], axis=1).sum(axis=1)
    elif lengths is not None:
        given = np.clip(host(lengths), 0, shape[1])
    else:
        return cls(flat, np.arange(shape[0] + 1, dtype=dtype) * shape[1], shape[1])
    return cls(take(flat, spans(np.arange(shape[0]) * shape[1], given)), splits_of(given, dtype))


def from_sparse(cls: Any, st_input: Any, name: str | None = None, row_splits_dtype: Any = "int64") -> Any:
    """A matrix as a tf.SparseTensor whose values stand at the beginnings of its rows."""
    indices, shape = host(st_input.indices), host(st_input.dense_shape)
    if len(shape) != 2:
        raise ValueError(f"from_sparse: st_input must have rank 2, not {len(shape)}")
    lengths = np.bincount(indices[:, 0], minlength=int(shape[0]))
    expected = spans(np.zeros(len(lengths), int), lengths)
    check(
        bool((indices[:, 1] == expected).all()),
        "SparseTensor is not right-ragged: values must fill rows from the left",
    )
    return cls(st_input.values, splits_of(lengths, as_dtype(row_splits_dtype).numpy))


def _trimmed(cls: Any, x: Any, parts: list[Any]) -> Any:
    """A dense tensor cut to row lengths, one array for each ragged axis."""
    shape = x._array.shape
    places = np.arange(shape[0])
    for k, lengths in enumerate(parts):
        places = spans(places * shape[k + 1], lengths)
    flat = take(OPS["reshape"](x, [-1, *shape[len(parts) + 1 :]]), places)
    return cls.from_nested_row_lengths(flat, parts)


def to_tensor(self: Any, default_value: Any = None, name: str | None = None, shape: Any = None) -> Any:
    """A dense tensor, short rows filled up with `default_value` (default 0 or ""); gradients flow to the values.

    shape: sizes to cut or fill to, None for what the longest row needs. Default all None.

    >>> import gputape as tf
    >>> tf.ragged.constant([[1, 2], [3]]).to_tensor(default_value=-1).numpy()
    array([[ 1,  2],
           [ 3, -1]], dtype=int32)
    """
    flat = self.flat_values
    sizes = _sizes(self, shape)
    rows = np.arange(sizes[0] if sizes[0] is not None else len(self._splits) - 1)
    places = np.where(rows < len(self._splits) - 1, rows, -1)
    level: Any = self
    for k in range(1, self.ragged_rank + 1):
        lengths = np.append(level._row_lengths, 0)[places]  # the row -1 is the empty one at the end
        wanted = sizes[k]
        size = int(lengths.max(initial=0)) if wanted is None else wanted
        step = np.arange(size)
        places = np.where(step < lengths[..., None], level._splits[places][..., None] + step, -1)
        level = level._values
    inner = flat._array.shape[1:]
    default = OPS["zeros"]([], flat.dtype) if default_value is None else as_tensor(default_value, flat._array.dtype)
    if default._array.dtype != flat._array.dtype:
        raise ValueError(f"to_tensor: default_value is {default.dtype.name}, the values are {flat.dtype.name}")
    filled = OPS["concat"]([flat, OPS["broadcast_to"](default, [1, *inner])], 0)
    return OPS["gather"](filled, Tensor(np.where(places < 0, length(flat), places)))


def _sizes(self: Any, shape: Any) -> list[int | None]:
    rank = len(self.shape)
    if shape is None:
        return [None] * rank
    sizes = TensorShape(
        [None if s in (None, -1) else int(s) for s in (shape if not hasattr(shape, "numpy") else host(shape))]
    )
    if len(sizes) != rank:
        raise InvalidArgumentError(f"to_tensor: shape {sizes} has rank {len(sizes)}, the RaggedTensor has rank {rank}")
    inner = self.flat_values._array.shape[1:]
    if any(s not in (None, n) for s, n in zip(sizes[rank - len(inner) :], inner)):
        raise InvalidArgumentError(f"to_tensor: shape {sizes} does not fit the values, whose rows have shape {inner}")
    return list(sizes)


def to_sparse(self: Any, name: str | None = None) -> Any:
    """The same as a tf.SparseTensor of the bounding shape."""
    flat = self.flat_values
    places = np.stack(self.coordinates(), axis=1)
    inner = flat._array.shape[1:]
    if inner:
        grid = np.indices(inner).reshape(len(inner), -1).T
        places = np.concatenate([np.repeat(places, len(grid), 0), np.tile(grid, (len(places), 1))], 1)
        flat = OPS["reshape"](flat, [-1])
    return OPS["sparse_tensor"](places.astype(np.int64), flat, self.bounding_shape(out_type="int64"))
