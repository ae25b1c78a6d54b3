"""RaggedTensor: a tensor of values and, on the host, the places where each row of them begins and ends.

The row partition is a NumPy array, as shapes are; gradients flow through the values. A value may be ragged itself:
then the outer tensor has a second ragged axis. A recorded function cannot hold partitions that change from call to
call, so making a RaggedTensor inside one tells it to run eagerly.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..dtypes import DType, as_dtype
from ..record import state
from ..registry import OPS
from ..tensor import Tensor
from ..tensor_shape import TensorShape
from . import dense
from .partition import check, host, length, ragged_or_tensor, spans, splits_of, take


class RaggedTensor:
    """Rows of different lengths: row i is `values[row_splits[i]:row_splits[i + 1]]`. Reference: tf.RaggedTensor.

    Made by its `from_...` methods, by `tf.ragged.constant`, and by ops such as `tf.strings.split`.

    >>> import gputape as tf
    >>> rt = tf.RaggedTensor.from_row_lengths([3, 1, 4, 1, 5], [2, 0, 3])
    >>> rt
    <tf.RaggedTensor [[3, 1], [], [4, 1, 5]]>
    >>> rt.shape, rt[2].numpy(), tf.reduce_sum(rt, axis=1).numpy()
    (TensorShape([3, None]), array([4, 1, 5], dtype=int32), array([ 4,  0, 10], dtype=int32))
    """

    __array_priority__ = 100.0

    def __init__(self, values: Any, row_splits: Any, uniform_row_length: int | None = None) -> None:
        self._values, self._splits, self._uniform = values, row_splits, uniform_row_length
        for recorder in state.stack:
            reasons = getattr(recorder, "reasons", None)
            if reasons is not None:
                reasons.append("it makes a RaggedTensor")

    # -- making one
    @classmethod
    def from_row_splits(cls, values: Any, row_splits: Any, name: str | None = None, validate: bool = True) -> Any:
        """Row i is values[row_splits[i]:row_splits[i + 1]]; splits begin with 0 and end with the number of values."""
        if isinstance(row_splits, (list, tuple)) and not row_splits:
            raise ValueError("row_splits tensor may not be empty.")
        values, splits = ragged_or_tensor(values), host(row_splits)
        if validate:
            check(splits.ndim == 1 and len(splits) > 0, f"row_splits must be a vector, not of shape {splits.shape}")
            check(
                splits[0] == 0,
                f"Arguments to from_row_splits do not form a valid RaggedTensor: row_splits[0] is {splits[0]}, not 0",
            )
            check(
                bool((np.diff(splits) >= 0).all()),
                "Arguments to from_row_splits do not form a valid RaggedTensor: row_splits must not go down",
            )
            check(
                splits[-1] == length(values),
                f"Arguments to from_row_splits do not form a valid RaggedTensor: row_splits end with {splits[-1]}, "
                f"but there are {length(values)} values",
            )
        return cls(values, splits)

    @classmethod
    def from_row_lengths(cls, values: Any, row_lengths: Any, name: str | None = None, validate: bool = True) -> Any:
        """Row i is the next row_lengths[i] values."""
        lengths = host(row_lengths)
        check(
            bool((lengths >= 0).all()), f"from_row_lengths: row_lengths must not be negative: {lengths.tolist()[:20]}"
        )
        return cls.from_row_splits(values, splits_of(lengths, lengths.dtype), validate=validate)

    @classmethod
    def from_row_starts(cls, values: Any, row_starts: Any, name: str | None = None, validate: bool = True) -> Any:
        """Row i begins at values[row_starts[i]] and ends where the next begins."""
        values, starts = ragged_or_tensor(values), host(row_starts)
        return cls.from_row_splits(values, np.append(starts, length(values)).astype(starts.dtype), validate=validate)

    @classmethod
    def from_row_limits(cls, values: Any, row_limits: Any, name: str | None = None, validate: bool = True) -> Any:
        """Row i ends before values[row_limits[i]] and begins where the one before it ends."""
        limits = host(row_limits)
        return cls.from_row_splits(values, np.append(0, limits).astype(limits.dtype), validate=validate)

    @classmethod
    def from_value_rowids(
        cls, values: Any, value_rowids: Any, nrows: Any = None, name: str | None = None, validate: bool = True
    ) -> Any:
        """values[i] belongs to row value_rowids[i]; the ids must not go down. nrows: default the last id + 1."""
        rows = host(value_rowids)
        count = (int(rows[-1]) + 1 if len(rows) else 0) if nrows is None else int(host(nrows))
        check(count >= 0, f"nrows must be non-negative, got {count}")
        check(
            bool((np.diff(rows) >= 0).all()), f"from_value_rowids: value_rowids must not go down: {rows.tolist()[:20]}"
        )
        check(
            not len(rows) or (rows[0] >= 0 and rows[-1] < count),
            f"from_value_rowids: value_rowids must be in [0, {count}), the range that nrows={count} allows",
        )
        lengths = np.bincount(rows, minlength=count)
        return cls.from_row_splits(values, splits_of(lengths, rows.dtype), validate=validate)

    @classmethod
    def from_uniform_row_length(
        cls, values: Any, uniform_row_length: Any, nrows: Any = None, validate: bool = True, name: str | None = None
    ) -> Any:
        """Rows of `uniform_row_length` values each: a ragged axis that is not ragged."""
        values, size = ragged_or_tensor(values), int(host(uniform_row_length))
        total = length(values)
        count = int(host(nrows)) if nrows is not None else total // size if size else 0
        check(count * size == total, f"from_uniform_row_length: {total} values are not {count} rows of {size}")
        return cls(values, np.arange(count + 1, dtype=np.int64) * size, size)

    @classmethod
    def from_nested_row_splits(
        cls, flat_values: Any, nested_row_splits: Any, name: str | None = None, validate: bool = True
    ) -> Any:
        """One ragged axis for each entry of `nested_row_splits`, the outermost first."""
        return _nested(cls.from_row_splits, flat_values, nested_row_splits, validate)

    @classmethod
    def from_nested_row_lengths(
        cls, flat_values: Any, nested_row_lengths: Any, name: str | None = None, validate: bool = True
    ) -> Any:
        return _nested(cls.from_row_lengths, flat_values, nested_row_lengths, validate)

    @classmethod
    def from_nested_value_rowids(
        cls,
        flat_values: Any,
        nested_value_rowids: Any,
        nested_nrows: Any = None,
        name: str | None = None,
        validate: bool = True,
    ) -> Any:
        values = ragged_or_tensor(flat_values)
        counts = nested_nrows or [None] * len(nested_value_rowids)
        for rows, count in reversed(list(zip(nested_value_rowids, counts, strict=True))):
            values = cls.from_value_rowids(values, rows, count, validate=validate)
        return values

    from_tensor = classmethod(dense.from_tensor)
    from_sparse = classmethod(dense.from_sparse)

    # -- what it is
    @property
    def values(self) -> Any:
        """The rows one after the other: a Tensor, or a RaggedTensor if ragged axes are left."""
        return self._values

    @property
    def flat_values(self) -> Any:
        """The innermost values, a Tensor."""
        return self._values.flat_values if isinstance(self._values, RaggedTensor) else self._values

    @property
    def row_splits(self) -> Tensor:
        return Tensor(self._splits)

    @property
    def nested_row_splits(self) -> tuple[Any, ...]:
        """The row splits of all ragged axes, the outermost first."""
        inner = self._values.nested_row_splits if isinstance(self._values, RaggedTensor) else ()
        return (self.row_splits, *inner)

    @property
    def dtype(self) -> DType:
        return self._values.dtype  # type: ignore[no-any-return]

    @property
    def shape(self) -> TensorShape:
        """None where rows may differ in length."""
        return TensorShape([len(self._splits) - 1, self._uniform, *self._values.shape[1:]])

    def get_shape(self) -> TensorShape:
        return self.shape

    @property
    def ragged_rank(self) -> int:
        """The number of ragged axes."""
        return 1 + (self._values.ragged_rank if isinstance(self._values, RaggedTensor) else 0)

    @property
    def uniform_row_length(self) -> Any:
        return None if self._uniform is None else Tensor(np.asarray(self._uniform, np.int64))

    @property
    def _row_lengths(self) -> Any:
        return np.diff(self._splits)

    def nrows(self, out_type: Any = None, name: str | None = None) -> Tensor:
        dtype = self._splits.dtype if out_type is None else as_dtype(out_type).numpy
        return Tensor(np.asarray(len(self._splits) - 1, dtype))

    def row_lengths(self, axis: int = 1, name: str | None = None) -> Any:
        """How long the rows along `axis` are; a RaggedTensor for axis > 1."""
        if axis == 0:
            return self.nrows()
        if axis == 1:
            return Tensor(self._row_lengths)
        if isinstance(self._values, RaggedTensor):
            return self.with_values(self._values.row_lengths(axis - 1))
        size = self._values._array.shape[axis - 1]
        return self.with_values(Tensor(np.full(length(self._values), size, self._splits.dtype)))

    def row_starts(self, name: str | None = None) -> Tensor:
        return Tensor(self._splits[:-1])

    def row_limits(self, name: str | None = None) -> Tensor:
        return Tensor(self._splits[1:])

    def value_rowids(self, name: str | None = None) -> Tensor:
        """The row of each value."""
        return Tensor(np.repeat(np.arange(len(self._splits) - 1, dtype=self._splits.dtype), self._row_lengths))

    def nested_row_lengths(self, name: str | None = None) -> tuple[Any, ...]:
        return tuple([Tensor(np.diff(s._array)) for s in self.nested_row_splits])

    def nested_value_rowids(self, name: str | None = None) -> tuple[Any, ...]:
        inner = self._values.nested_value_rowids() if isinstance(self._values, RaggedTensor) else ()
        return (self.value_rowids(), *inner)

    def bounding_shape(self, axis: Any = None, name: str | None = None, out_type: Any = None) -> Tensor:
        """The shape of the smallest dense tensor that holds all rows; or its sizes along `axis`."""
        sizes: list[int] = [len(self._splits) - 1]
        level: Any = self
        while isinstance(level, RaggedTensor):
            sizes.append(int(level._row_lengths.max(initial=0)))
            level = level._values
        found = np.asarray(
            [*sizes, *level._array.shape[1:]], self._splits.dtype if out_type is None else as_dtype(out_type).numpy
        )
        return Tensor(found if axis is None else np.asarray(found[host(axis)]))

    # -- the same partition with other values, and the other way round
    def with_values(self, new_values: Any) -> Any:
        """The same rows of other values, of which there must be as many."""
        values = ragged_or_tensor(new_values)
        check(
            length(values) == self._splits[-1],
            f"with_values: {self._splits[-1]} values are needed, not {length(values)}",
        )
        return RaggedTensor(values, self._splits, self._uniform)

    def with_flat_values(self, new_values: Any) -> Any:
        """The same nesting of other innermost values."""
        inner = self._values.with_flat_values(new_values) if isinstance(self._values, RaggedTensor) else new_values
        return self.with_values(inner)

    def with_row_splits_dtype(self, dtype: Any) -> Any:
        kind = as_dtype(dtype)
        if kind not in ("int32", "int64"):
            raise ValueError(f"Argument `row_splits` dtype must be int32 or int64. Received {kind!r}.")
        inner = self._values.with_row_splits_dtype(kind) if isinstance(self._values, RaggedTensor) else self._values
        return RaggedTensor(inner, self._splits.astype(kind.numpy), self._uniform)

    def rows(self, places: Any) -> Any:
        """The rows `places` (NumPy integers) in this order, rows of rows for a second axis of places."""
        places = np.asarray(places, np.int64)
        lengths = self._row_lengths[places]
        found = spans(self._splits[:-1][places], lengths)
        return RaggedTensor(take(self._values, found), splits_of(lengths, self._splits.dtype), self._uniform)

    def merge_dims(self, outer_axis: int, inner_axis: int) -> Any:
        """The axes from `outer_axis` to `inner_axis` as one: with (0, 1) the values of a ragged matrix."""
        rank = len(self.shape)
        outer, inner = (a + rank if a < 0 else a for a in (outer_axis, inner_axis))
        if not 0 <= outer <= inner < rank:
            raise ValueError(f"merge_dims: axes {outer_axis} to {inner_axis} of a RaggedTensor of rank {rank}")
        if outer == inner:
            return self
        if outer > 0:
            return self.with_values(_merged(self._values, outer - 1, inner - 1)) if outer > 1 else self._joined(inner)
        return _merged(self._values, 0, inner - 1)

    def _joined(self, inner: int) -> Any:
        """Axes 1 to `inner` as one."""
        if inner == 1:
            return self
        if isinstance(self._values, RaggedTensor):
            made = RaggedTensor(self._values._values, self._values._splits[self._splits])
            return made._joined(inner - 1)
        size = int(np.prod(self._values._array.shape[1:inner], dtype=int))
        return RaggedTensor(_merged(self._values, 0, inner - 1), self._splits * size)

    # -- values that leave
    to_tensor = dense.to_tensor
    to_sparse = dense.to_sparse

    def coordinates(self) -> list[Any]:
        """For each ragged axis and the first one: where every innermost value stands along it."""
        found = [np.arange(len(self._splits) - 1)]
        level: Any = self
        while isinstance(level, RaggedTensor):
            rows = level.value_rowids()._array
            found = [*[c[rows] for c in found], np.arange(len(rows)) - level._splits[:-1][rows]]
            level = level._values
        return found

    def to_list(self) -> list[Any]:
        """Nested Python lists."""
        inner = self._values.to_list() if isinstance(self._values, RaggedTensor) else self._values.numpy().tolist()
        return [inner[a:b] for a, b in zip(self._splits[:-1].tolist(), self._splits[1:].tolist(), strict=True)]

    def numpy(self) -> Any:
        """A NumPy array: of objects, which are the rows, unless all rows have one length."""
        inner = self._values.numpy()
        parts = [inner[a:b] for a, b in zip(self._splits[:-1], self._splits[1:], strict=True)]
        if not parts:
            return np.empty(0, inner.dtype)
        if len({p.shape for p in parts}) == 1:
            return np.stack(parts)
        made = np.empty(len(parts), object)
        made[:] = parts
        return made

    def __len__(self) -> int:
        return len(self._splits) - 1

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        with np.printoptions(formatter={"all": _text}):
            return f"<tf.RaggedTensor {_text(self.numpy())}>"

    def __getitem__(self, key: Any) -> Any:
        return OPS["ragged_getitem"](self, key)

    def __hash__(self) -> int:
        return id(self)

    def __bool__(self) -> bool:
        raise TypeError("RaggedTensor may not be used as a boolean.")

    # -- ops
    def __gputape_op__(self, op: Any, args: Any, kwargs: Any) -> Any:
        """What `op` does with ragged arguments."""
        return OPS["ragged_op"](op, args, kwargs)

    def __eq__(self, other: object) -> Any:
        return OPS["equal"](self, other)

    def __ne__(self, other: object) -> Any:
        return OPS["not_equal"](self, other)

    def __neg__(self) -> Any:
        return OPS["negative"](self)

    def __abs__(self) -> Any:
        return OPS["abs"](self)

    def __invert__(self) -> Any:
        return OPS["logical_not"](self)


def _binary(op: str, reflected: bool = False) -> Any:
    if reflected:
        return lambda self, other: OPS[op](other, self)
    return lambda self, other: OPS[op](self, other)


for _method, _op in {
    "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "divide", "floordiv": "floordiv", "mod": "floormod",
    "pow": "pow", "and": "logical_and", "or": "logical_or", "xor": "logical_xor",
}.items():  # fmt: skip
    setattr(RaggedTensor, f"__{_method}__", _binary(_op))
    setattr(RaggedTensor, f"__r{_method}__", _binary(_op, reflected=True))
for _method, _op in {"lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal"}.items():
    setattr(RaggedTensor, f"__{_method}__", _binary(_op))


def _nested(make: Any, flat_values: Any, parts: Any, validate: bool) -> Any:
    values = ragged_or_tensor(flat_values)
    for part in reversed(list(parts)):
        values = make(values, part, validate=validate)
    return values


def _merged(values: Any, outer: int, inner: int) -> Any:
    if isinstance(values, RaggedTensor):
        return values.merge_dims(outer, inner)
    shape = values._array.shape
    return OPS["reshape"](
        values, [*shape[:outer], int(np.prod(shape[outer : inner + 1], dtype=int)), *shape[inner + 1 :]]
    )


def _text(value: Any) -> str:
    """The rows in NumPy's words, with commas; used as NumPy's formatter of the elements too, which may be rows."""
    if isinstance(value, np.ndarray):
        return np.array2string(value, separator=", ") if value.size else repr(value.tolist())
    return str(value)
