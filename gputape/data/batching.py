"""Transformations that put elements together and take them apart: batches, windows, groups, buckets."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import nest
from ..dtypes import as_dtype
from ..errors import InvalidArgumentError
from ..ragged.spec import RaggedTensorSpec
from ..tensor import host_array
from ..tensor_spec import TensorSpec
from . import composites, elements
from .base import Elements
from .sources import Sources


def checked_size(batch_size: Any) -> int:
    size = int(batch_size)
    if size < 1:
        raise InvalidArgumentError(f"Batch size must be greater than zero, not {size}.")
    return size


class Batching(Sources):
    """The methods of Dataset about batches."""

    def _chunks(self, size: int, drop_remainder: Any) -> Any:
        """Lists of `size` elements, the last one shorter unless it is dropped."""
        source = self._iterate()
        while chunk := list(itertools.islice(source, size)):
            if len(chunk) < size and drop_remainder:
                return
            yield chunk

    def _count(self, size: int, drop_remainder: Any) -> int:
        return (
            self._cardinality
            if self._cardinality < 0
            else (self._cardinality + (0 if drop_remainder else size - 1)) // size
        )

    def batch(
        self,
        batch_size: Any,
        drop_remainder: Any = False,
        num_parallel_calls: Any = None,
        deterministic: Any = None,
        name: str | None = None,
    ) -> Any:
        """`batch_size` elements side by side along a new first axis; the last batch is smaller unless it is dropped.

        Raises InvalidArgumentError for a size below 1 and, while iterating, for elements of different shapes.

        >>> import gputape as tf
        >>> [b.tolist() for b in tf.data.Dataset.range(5).batch(2).as_numpy_iterator()]
        [[0, 1], [2, 3], [4]]
        """
        size = checked_size(batch_size)

        def iterate() -> Elements:
            if self._table is None:
                return (elements.stacked(chunk) for chunk in self._chunks(size, drop_remainder))
            arrays, order = self._table[0], self._table[1]()
            end = len(order) - len(order) % size if drop_remainder else len(order)
            return (elements.gathered(arrays, order[k : k + size]) for k in range(0, end, size))

        first = size if drop_remainder else None
        spec = lambda: elements.changed(self.element_spec, lambda shape: [first, *shape])  # noqa: E731
        return self._make(iterate, spec, self._count(size, drop_remainder))

    def ragged_batch(
        self,
        batch_size: Any,
        drop_remainder: Any = False,
        row_splits_dtype: Any = "int64",
        name: str | None = None,
    ) -> Any:
        """Like `batch` for elements of different sizes: batches of tensors with an unknown size are RaggedTensors.

        >>> import gputape as tf
        >>> data = tf.data.Dataset.range(3).map(lambda n: tf.range(n)).ragged_batch(3)
        >>> next(iter(data))
        <tf.RaggedTensor [[], [0], [0, 1]]>
        """
        spec = self.element_spec
        ranks = [elements.ragged_axes(s) for s in nest.flatten(spec)]
        kind = as_dtype(row_splits_dtype)

        def ragged(element: Any) -> Any:
            leaves = nest.flatten(element)
            return nest.pack_sequence_as(
                element, [x if r is None else composites.ragged(x, r) for x, r in zip(leaves, ranks)]
            )

        specs = [
            s if r is None else RaggedTensorSpec(s.shape, s.dtype, r, kind) for s, r in zip(nest.flatten(spec), ranks)
        ]
        made = self._make(lambda: map(ragged, self._iterate()), nest.pack_sequence_as(spec, specs), self._cardinality)
        return made.batch(batch_size, drop_remainder)

    def padded_batch(
        self,
        batch_size: Any,
        padded_shapes: Any = None,
        padding_values: Any = None,
        drop_remainder: Any = False,
        name: str | None = None,
    ) -> Any:
        """Like `batch` for elements of different sizes: shorter ones are filled up at their ends.

        Args:
            padded_shapes: the sizes to fill up to, in the structure of the elements; None for the longest in the batch.
            padding_values: what to fill with; default 0 and b"".

        >>> import gputape as tf
        >>> data = tf.data.Dataset.range(3).map(lambda n: tf.fill([n], n)).padded_batch(3)
        >>> next(data.as_numpy_iterator()).tolist()
        [[0, 0], [1, 0], [2, 2]]
        """
        size = checked_size(batch_size)

        def iterate() -> Elements:
            for chunk in self._chunks(size, drop_remainder):
                shapes = _shapes(padded_shapes, chunk[0])
                yield elements.padded(chunk, shapes, _values(padding_values, chunk[0]))

        first = size if drop_remainder else None

        def spec() -> Any:
            flat = nest.flatten(self.element_spec)
            shapes = _shapes(padded_shapes, self.element_spec)
            made = []
            for s, shape in zip(flat, shapes):
                known = s.shape.as_list() if shape is None else [None if d in (None, -1) else d for d in shape]
                made.append(TensorSpec([first, *known], s.dtype))
            return nest.pack_sequence_as(self.element_spec, made)

        return self._make(iterate, spec, self._count(size, drop_remainder))

    def unbatch(self, name: str | None = None) -> Any:
        """The slices of every element along its first axis, one by one."""

        def iterate() -> Elements:
            return (row for element in self._iterate() for row in elements.rows(element))

        return self._make(iterate, lambda: elements.changed(self.element_spec, lambda shape: shape[1:]))

    def rebatch(self, batch_size: Any, drop_remainder: Any = False, name: str | None = None) -> Any:
        """Batches of another size with the same rows; a list of sizes is gone through again and again."""
        sizes = [checked_size(s) for s in np.asarray(host_array(batch_size)).reshape(-1)]
        unbatched = self.unbatch()

        def iterate() -> Elements:
            source = unbatched._iterate()
            for size in itertools.cycle(sizes):
                chunk = list(itertools.islice(source, size))
                if not chunk or (len(chunk) < size and drop_remainder):
                    return
                yield elements.stacked(chunk)

        first = sizes[0] if drop_remainder and len(sizes) == 1 else None
        return self._make(iterate, lambda: elements.changed(self.element_spec, lambda shape: [first, *shape[1:]]))

    def window(
        self,
        size: int,
        shift: int | None = None,
        stride: int = 1,
        drop_remainder: bool = False,
        name: str | None = None,
    ) -> Any:
        """Datasets of `size` elements each, every `stride`-th; the next starts `shift` (default `size`) elements later.

        >>> import gputape as tf
        >>> [list(w.as_numpy_iterator())[0] for w in tf.data.Dataset.range(6).window(3)]
        [np.int64(0), np.int64(3)]
        """
        shift = size if shift is None else int(shift)
        if min(size, shift, stride) < 1:
            raise InvalidArgumentError(
                f"window: size={size}, shift={shift} and stride={stride} must be greater than zero"
            )
        reach = (size - 1) * stride + 1

        def iterate() -> Elements:
            source = self._iterate()
            buffer: list[Any] = []
            more = True
            while True:
                while more and len(buffer) < reach:
                    try:
                        buffer.append(next(source))
                    except StopIteration:
                        more = False
                if not buffer or (len(buffer) < reach and drop_remainder):
                    return
                yield _datasets(buffer[:reach:stride], self._make)
                skipped = shift - len(buffer)
                del buffer[:shift]
                if skipped > 0 and more and len(list(itertools.islice(source, skipped))) < skipped:
                    more = False

        count = self._cardinality
        if count >= 0:
            count = -(-max(0, count - reach + 1 if drop_remainder else count) // shift)

        def spec() -> Any:
            return nest.map_structure(elements.DatasetSpec, self.element_spec)

        return self._make(iterate, spec, count)

    def group_by_window(
        self,
        key_func: Callable[..., Any],
        reduce_func: Callable[..., Any],
        window_size: Any = None,
        window_size_func: Callable[..., Any] | None = None,
        name: str | None = None,
    ) -> Any:
        """Elements collected by key: each `window_size` of one key become the elements of `reduce_func(key, dataset)`.

        Raises ValueError unless exactly one of `window_size` and `window_size_func` is given.
        """
        if (window_size is None) == (window_size_func is None):
            raise ValueError(
                "Only the `window_size` or the `window_size_func` arguments can be specified, and one of them must."
            )

        def iterate() -> Elements:
            groups: dict[int, list[Any]] = {}

            def reduced(key: int, members: list[Any]) -> Any:
                dataset = self._make(lambda: iter(members), lambda: self.element_spec, len(members))
                return elements.call(reduce_func, (np.asarray(key, np.int64), dataset))._iterate()

            for element in self._iterate():
                key = int(elements.call(key_func, element))
                members = groups.setdefault(key, [])
                members.append(element)
                wanted = (
                    window_size
                    if window_size_func is None
                    else elements.call(window_size_func, np.asarray(key, np.int64))
                )
                if len(members) >= int(wanted):
                    yield from reduced(key, groups.pop(key))
            for key, members in groups.items():
                yield from reduced(key, members)

        def spec() -> Any:
            one = elements.DatasetSpec(self.element_spec)
            return elements.result_spec(
                lambda e: elements.call(reduce_func, e), (TensorSpec([], "int64"), one)
            ).element_spec

        return self._make(iterate, spec)

    def bucket_by_sequence_length(
        self,
        element_length_func: Callable[..., Any],
        bucket_boundaries: Any,
        bucket_batch_sizes: Any,
        padded_shapes: Any = None,
        padding_values: Any = None,
        pad_to_bucket_boundary: bool = False,
        no_padding: bool = False,
        drop_remainder: bool = False,
        name: str | None = None,
    ) -> Any:
        """Batches of elements of similar length: bucket k holds lengths from boundary k - 1 to below boundary k.

        Raises ValueError unless there is one batch size more than boundaries.
        """
        bounds, sizes = list(bucket_boundaries), list(bucket_batch_sizes)
        if len(sizes) != len(bounds) + 1:
            raise ValueError(
                f"`len(bucket_batch_sizes)` must equal `len(bucket_boundaries) + 1` but "
                f"`len(bucket_batch_sizes)`={len(sizes)} "
                f"and `len(bucket_boundaries)`={len(bounds)}."
            )

        def key(*element: Any) -> int:
            return int(np.searchsorted(bounds, int(element_length_func(*element)), side="right"))

        def reduce(bucket: Any, dataset: Any) -> Any:
            k = int(bucket)
            if no_padding:
                return dataset.batch(sizes[k], drop_remainder=drop_remainder)
            shapes = padded_shapes
            if pad_to_bucket_boundary:
                if k == len(bounds):
                    raise InvalidArgumentError(
                        "bucket_by_sequence_length: When pad_to_bucket_boundary=True, elements must have length < "
                        "max(bucket_boundaries)."
                    )
                first = next(dataset._iterate())
                full = [[bounds[k] - 1, *np.shape(a)[1:]] if np.ndim(a) else [] for a in nest.flatten(first)]
                shapes = nest.pack_sequence_as(first, full)
            return dataset.padded_batch(sizes[k], shapes, padding_values, drop_remainder)

        made = self.group_by_window(key, reduce, window_size_func=lambda k: sizes[int(k)])
        like = self.batch(1) if no_padding else self.padded_batch(1, padded_shapes)
        return self._make(made._iterate, lambda: like.element_spec)


def _datasets(window: list[Any], make: Callable[..., Any]) -> Any:
    """One dataset per leaf, in the structure of the elements."""
    columns = zip(*[nest.flatten(e) for e in window])

    def dataset(column: Any) -> Any:
        return make(lambda: iter(column), elements.spec_of(column[0]), len(column))

    return nest.pack_sequence_as(window[0], [dataset(c) for c in columns])


def _shapes(given: Any, like: Any) -> list[Any]:
    """`padded_shapes`, one per leaf: a shape is a list, a tuple of sizes or a TensorShape."""
    if given is None:
        return [None] * len(nest.flatten(like))
    if isinstance(like, dict):
        return [s for k in sorted(like) for s in _shapes(given[k], like[k])]
    if isinstance(like, tuple):
        return [s for part, inner in zip(given, like) for s in _shapes(part, inner)]
    return [given.as_list() if hasattr(given, "as_list") else list(given)]


def _values(given: Any, like: Any) -> list[Any]:
    """`padding_values`, one per leaf; a single one holds for all."""
    flat = nest.flatten(like)
    if given is None:
        return [None] * len(flat)
    values = [None if v is None else np.asarray(host_array(v))[()] for v in nest.flatten(given)]
    return values * len(flat) if len(values) == 1 else values
