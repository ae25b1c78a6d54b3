"""Transformations that keep elements as they are: their order, their number, and when they are made."""

from __future__ import annotations

import itertools
import os
import queue
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import InvalidArgumentError
from . import elements
from .base import INFINITE, UNKNOWN, Elements
from .batching import Batching
from .sources import generator


class Ordering(Batching):
    """The methods of Dataset about order and number."""

    def shuffle(
        self, buffer_size: Any, seed: Any = None, reshuffle_each_iteration: bool | None = True, name: str | None = None
    ) -> Any:
        """The elements in random order: each is drawn from the next `buffer_size` ones not yet drawn.

        Args:
            buffer_size: as many as there are elements for a uniform order. InvalidArgumentError below 1.
            seed: with it, or after `tf.random.set_seed`, a program repeats its orders.
            reshuffle_each_iteration: whether every iteration has another order.
        """
        size = int(buffer_size)
        if size < 1 and size != UNKNOWN:
            raise InvalidArgumentError(f"buffer_size must be greater than zero or UNKNOWN_CARDINALITY, not {size}")
        seeds = generator(seed)
        fixed = int(seeds.integers(2**63))

        def draws() -> Any:
            return np.random.default_rng(
                int(seeds.integers(2**63)) if reshuffle_each_iteration in (True, None) else fixed
            )

        if self._table is None:
            return self._make(
                lambda: _shuffled(self._iterate(), size, draws()), lambda: self.element_spec, self._cardinality
            )
        arrays, order = self._table

        def mixed() -> Any:
            numbers = order()
            if size >= len(numbers) or size == UNKNOWN:
                return draws().permutation(np.asarray(numbers, np.int64))
            return np.fromiter(_shuffled(iter(numbers), size, draws()), np.int64, len(numbers))

        return self._of_rows(arrays, mixed, lambda: self.element_spec, self._cardinality)

    def repeat(self, count: Any = None, name: str | None = None) -> Any:
        """The elements `count` times over, or without end for None and -1."""
        times = -1 if count is None else int(count)

        def iterate() -> Elements:
            for _ in itertools.count() if times < 0 else range(times):
                empty = True
                for element in self._iterate():
                    empty = False
                    yield element
                if empty:
                    return

        n = self._cardinality
        cardinality = 0 if 0 in (times, n) else INFINITE if times < 0 or n == INFINITE else n if n < 0 else n * times
        return self._make(iterate, lambda: self.element_spec, cardinality)

    def take(self, count: Any, name: str | None = None) -> Any:
        """The first `count` elements; all for -1."""
        n, count = self._cardinality, int(count)
        cardinality = n if count < 0 or n == UNKNOWN else count if n == INFINITE else min(n, count)

        def iterate() -> Elements:
            return self._iterate() if count < 0 else itertools.islice(self._iterate(), count)

        if self._table is not None and count >= 0:
            arrays, order = self._table
            return self._of_rows(arrays, lambda: order()[:count], lambda: self.element_spec, cardinality)
        return self._make(iterate, lambda: self.element_spec, cardinality)

    def skip(self, count: Any, name: str | None = None) -> Any:
        """The elements after the first `count`; none for -1."""
        n, count = self._cardinality, int(count)
        cardinality = 0 if count < 0 else n if n < 0 else max(n - count, 0)

        def iterate() -> Elements:
            return iter(()) if count < 0 else itertools.islice(self._iterate(), count, None)

        if self._table is not None and count >= 0:
            arrays, order = self._table
            return self._of_rows(arrays, lambda: order()[count:], lambda: self.element_spec, cardinality)
        return self._make(iterate, lambda: self.element_spec, cardinality)

    def shard(self, num_shards: Any, index: Any, name: str | None = None) -> Any:
        """Every `num_shards`-th element, from number `index` on; InvalidArgumentError for an index out of range."""
        shards, index = int(num_shards), int(index)
        if not 0 <= index < shards:
            raise InvalidArgumentError(f"Index must be between 0 and {shards - 1} (currently index = {index}).")
        n = self._cardinality
        cardinality = n if n < 0 else len(range(index, n, shards))
        return self._make(
            lambda: itertools.islice(self._iterate(), index, None, shards), lambda: self.element_spec, cardinality
        )

    def concatenate(self, dataset: Any, name: str | None = None) -> Any:
        """These elements, then those of `dataset`; TypeError if they are of another kind."""
        if not (callable(self._spec) or callable(dataset._spec)):
            elements.common(self._spec, dataset._spec)
        counts = (self._cardinality, dataset._cardinality)
        total = INFINITE if INFINITE in counts else UNKNOWN if UNKNOWN in counts else sum(counts)
        return self._make(
            lambda: itertools.chain(self._iterate(), dataset._iterate()),
            lambda: elements.common(self.element_spec, dataset.element_spec),
            total,
        )

    def cache(self, filename: Any = "", name: str | None = None) -> Any:
        """The elements, made once: the first complete iteration keeps them, in memory or in the file `filename`.npz."""
        path = f"{os.fspath(filename)}.npz" if filename else ""
        kept: list[list[Any]] = []

        def iterate() -> Elements:
            if not kept and path and os.path.exists(path):
                kept.append(elements.read(path))
            if kept:
                yield from kept[0]
                return
            made = []
            for element in self._iterate():
                made.append(element)
                yield element
            if path:
                elements.write(path, made)
            kept.append(made)

        return self._make(iterate, lambda: self.element_spec, self._cardinality)

    def snapshot(
        self,
        path: Any,
        compression: Any = "AUTO",
        reader_func: Any = None,
        shard_func: Any = None,
        name: str | None = None,
    ) -> Any:
        """`cache` in a file of the folder `path`."""
        os.makedirs(path, exist_ok=True)
        return self.cache(os.path.join(os.fspath(path), "snapshot"))

    def prefetch(self, buffer_size: Any, name: str | None = None) -> Any:
        """The same elements, up to `buffer_size` (AUTOTUNE: 2) of them made ahead of time by a thread."""
        size = int(buffer_size)
        size = 2 if size < 0 else size
        return self._make(
            lambda: _ahead(self._iterate, size) if size else self._iterate(),
            lambda: self.element_spec,
            self._cardinality,
        )


def _shuffled(source: Any, size: int, draws: Any) -> Elements:
    """Each element drawn from a buffer of `size`, all of them for UNKNOWN."""
    buffer = list(source if size == UNKNOWN else itertools.islice(source, size))
    for element in source:
        k = int(draws.integers(len(buffer)))
        yield buffer[k]
        buffer[k] = element
    for k in draws.permutation(len(buffer)):
        yield buffer[k]


_END = object()


def _ahead(start: Callable[[], Elements], size: int) -> Elements:
    """The elements of `start()`, made in a thread that is up to `size` of them ahead and ends with the iteration."""
    ready: queue.Queue[Any] = queue.Queue(size)
    stopped = threading.Event()

    def put(item: Any) -> bool:
        while not stopped.is_set():
            try:
                ready.put(item, timeout=0.05)
                return True
            except queue.Full:
                continue
        return False

    def work() -> None:
        try:
            for element in start():
                if not put((element, None)):
                    return
            put((_END, None))
        except BaseException as error:
            put((_END, error))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        while True:
            element, error = ready.get()
            if error is not None:
                raise error
            if element is _END:
                return
            yield element
    finally:
        stopped.set()
        thread.join()
