"""Dataset: a pipeline of elements. Nothing runs before it is iterated over, and every iteration runs it anew."""

from __future__ import annotations

import collections
import concurrent.futures
import itertools
import os
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import InvalidArgumentError, OpError
from ..tensor_spec import TensorSpec
from . import elements
from .base import DatasetBase, Elements, Options, workers
from .ordering import Ordering
from .sources import generator


class Dataset(Ordering):
    """Elements that come one after the other: tensors, or tuples and dicts of them. Reference: tf.data.Dataset.

    Made by the static methods (`from_tensor_slices`, `from_generator`, `range`, `zip` ...), changed by the others, each
    of which returns a new dataset. Pipelines run on the host in Python; elements go to the device when they come out.

    >>> import gputape as tf
    >>> data = tf.data.Dataset.range(4).map(lambda x: x * x).batch(2)
    >>> for x in data:
    ...     print(x.numpy())
    [0 1]
    [4 9]
    """

    # -- element by element
    def map(
        self,
        map_func: Callable[..., Any],
        num_parallel_calls: Any = None,
        deterministic: Any = None,
        synchronous: Any = None,
        use_unbounded_threadpool: bool = False,
        name: str | None = None,
    ) -> Any:
        """`map_func` of every element; the parts of a tuple are its arguments, and it may return any structure.

        `num_parallel_calls` above 1 runs it in so many threads; the order stays.
        """
        if not callable(map_func):
            raise ValueError(f"Argument `func` must be a callable. Received func={map_func} (of type {type(map_func)})")
        threads = workers(num_parallel_calls)

        def apply(element: Any) -> Any:
            return elements.call(map_func, element)

        def iterate() -> Elements:
            return map(apply, self._iterate()) if threads <= 1 else _in_threads(apply, self._iterate(), threads)

        return self._make(iterate, lambda: elements.result_spec(apply, self.element_spec), self._cardinality)

    def filter(self, predicate: Callable[..., Any], name: str | None = None) -> Any:
        """The elements for which `predicate` is true; ValueError, while iterating, if that is no bool scalar."""

        def iterate() -> Elements:
            return (e for e in self._iterate() if elements.truth(predicate, e))

        return self._make(iterate, lambda: self.element_spec)

    def take_while(self, predicate: Callable[..., Any], name: str | None = None) -> Any:
        """The elements before the first for which `predicate` is false."""

        def iterate() -> Elements:
            return itertools.takewhile(lambda e: elements.truth(predicate, e), self._iterate())

        return self._make(iterate, lambda: self.element_spec)

    def scan(self, initial_state: Any, scan_func: Callable[..., Any], name: str | None = None) -> Any:
        """`scan_func(state, element)` returns the next state and an element of the result."""

        def iterate() -> Elements:
            state = elements.normalized(initial_state)
            for element in self._iterate():
                state, made = elements.call_with_state(scan_func, state, element)
                yield made

        def spec() -> Any:
            first = elements.normalized(initial_state)
            return elements.result_spec(lambda e: elements.call_with_state(scan_func, first, e)[1], self.element_spec)

        return self._make(iterate, spec, self._cardinality)

    def reduce(self, initial_state: Any, reduce_func: Callable[..., Any], name: str | None = None) -> Any:
        """The state after `reduce_func(state, element)` of all elements.

        >>> import gputape as tf
        >>> tf.data.Dataset.range(5).reduce(tf.constant(0, "int64"), lambda total, x: total + x).numpy()
        np.int64(10)
        """
        state = elements.normalized(initial_state)
        for element in self._iterate():
            state = elements.call_with_state(reduce_func, state, element)
        return elements.to_tensors(state)

    def enumerate(self, start: int = 0, name: str | None = None) -> Any:
        """Pairs (number, element), the number int64."""

        def iterate() -> Elements:
            return ((np.asarray(k, np.int64), e) for k, e in enumerate(self._iterate(), int(start)))

        return self._make(iterate, lambda: (TensorSpec([], "int64"), self.element_spec), self._cardinality)

    def unique(self, name: str | None = None) -> Any:
        """The elements, which must be single tensors, without repetitions."""

        def iterate() -> Elements:
            seen = set()
            for element in self._iterate():
                key = element.tobytes() if element.dtype != object else repr(element.tolist())
                if key not in seen:
                    seen.add(key)
                    yield element

        return self._make(iterate, lambda: self.element_spec)

    def ignore_errors(self, log_warning: bool = False, name: str | None = None) -> Any:
        """The elements that can be made; those whose making raises are left out."""

        def iterate() -> Elements:
            source = self._iterate()
            while True:
                try:
                    yield next(source)
                except StopIteration:
                    return
                except (OpError, ArithmeticError, ValueError, TypeError, LookupError):
                    continue

        return self._make(iterate, lambda: self.element_spec)

    # -- elements that are datasets
    def flat_map(self, map_func: Callable[..., Any], name: str | None = None) -> Any:
        """The elements of the datasets that `map_func` returns, one dataset after the other."""

        def iterate() -> Elements:
            return (inner for e in self._iterate() for inner in _inner(map_func, e)._iterate())

        return self._make(iterate, lambda: _inner_spec(map_func, self.element_spec))

    def interleave(
        self,
        map_func: Callable[..., Any],
        cycle_length: Any = None,
        block_length: Any = None,
        num_parallel_calls: Any = None,
        deterministic: Any = None,
        name: str | None = None,
    ) -> Any:
        """Blocks of elements from `cycle_length` of the datasets that `map_func` returns in turn.

        A dataset that is through makes room for the next. Defaults: one per processor, blocks of 1.
        """
        cycle = int(cycle_length) if cycle_length not in (None, -1) else os.cpu_count() or 1
        block = int(block_length or 1)

        def iterate() -> Elements:
            source = self._iterate()
            open_: list[Any] = [None] * cycle
            more = True
            while more or any(o is not None for o in open_):
                for k in range(cycle):
                    if open_[k] is None and more:
                        try:
                            open_[k] = _inner(map_func, next(source))._iterate()
                        except StopIteration:
                            more = False
                    if open_[k] is not None:
                        found = list(itertools.islice(open_[k], block))
                        yield from found
                        if len(found) < block:
                            open_[k] = None

        return self._make(iterate, lambda: _inner_spec(map_func, self.element_spec))

    # -- the rest
    def apply(self, transformation_func: Callable[[Any], Any]) -> Any:
        """`transformation_func(self)`, which must return a dataset (TypeError otherwise)."""
        dataset = transformation_func(self)
        if not isinstance(dataset, DatasetBase):
            raise TypeError(f"`transformation_func` must return a `tf.data.Dataset` object. Got {type(dataset)}.")
        return dataset

    def get_single_element(self, name: str | None = None) -> Any:
        """The only element; InvalidArgumentError if there is none or more than one."""
        found = list(itertools.islice(self._iterate(), 2))
        if len(found) != 1:
            raise InvalidArgumentError("Dataset was empty." if not found else "Dataset had more than one element.")
        return elements.to_tensors(found[0])

    def rejection_resample(
        self,
        class_func: Callable[..., Any],
        target_dist: Any,
        initial_dist: Any = None,
        seed: Any = None,
        name: str | None = None,
    ) -> Any:
        """Pairs (class, element), elements left out at random so that the classes have the probabilities `target_dist`.

        Without `initial_dist` the probabilities of the classes are estimated from the elements seen so far.
        """
        target = np.asarray(elements.normalized(target_dist), np.float64)
        seeds = generator(seed)

        def iterate() -> Elements:
            draws = np.random.default_rng(int(seeds.integers(2**63)))
            seen = np.zeros(len(target))
            for element in self._iterate():
                kind = elements.call(class_func, element)
                seen[int(kind)] += 1
                given = (
                    seen / seen.sum()
                    if initial_dist is None
                    else np.asarray(elements.normalized(initial_dist), np.float64)
                )
                ratio = np.divide(target, given, out=np.zeros_like(target), where=given > 0)
                if draws.random() * ratio.max() < ratio[int(kind)]:
                    yield kind, element

        return self._make(
            iterate, lambda: elements.result_spec(lambda e: (elements.call(class_func, e), e), self.element_spec)
        )

    def save(self, path: Any, compression: Any = None, shard_func: Any = None, checkpoint_args: Any = None) -> None:
        """Write all elements into the folder `path`, from where `Dataset.load` reads them."""
        os.makedirs(path, exist_ok=True)
        elements.write(os.path.join(os.fspath(path), "elements.npz"), list(self._iterate()))

    def with_options(self, options: Any, name: str | None = None) -> Any:
        """The same dataset with options, which are kept and change nothing."""
        made = self._make(self._iterate, lambda: self.element_spec, self._cardinality)
        made._options = self._options.merge(options if isinstance(options, Options) else Options())
        return made


def _inner(map_func: Callable[..., Any], element: Any) -> Any:
    made = elements.call(map_func, element)
    if not isinstance(made, DatasetBase):
        raise TypeError(f"The `map_func` argument must return a `Dataset` object. Got {type(made)}.")
    return made


def _inner_spec(map_func: Callable[..., Any], spec: Any) -> Any:
    return elements.result_spec(lambda e: _inner(map_func, e), spec).element_spec


def _in_threads(apply: Callable[[Any], Any], source: Elements, threads: int) -> Elements:
    """`map` with several calls at a time, in order."""
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        running = collections.deque(pool.submit(apply, e) for e in itertools.islice(source, 2 * threads))
        try:
            while running:
                yield running.popleft().result()
                running.extend(pool.submit(apply, e) for e in itertools.islice(source, 1))
        finally:
            for future in running:
                future.cancel()
