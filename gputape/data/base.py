"""Iterating over datasets: the base of Dataset, the iterator that users hold, options."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from collections.abc import Iterator as PythonIterator
from typing import Any

import numpy as np

from .. import nest
from ..errors import OutOfRangeError
from ..optional import Optional
from ..record import state
from ..tensor import Tensor, Variable
from . import composites, elements

AUTOTUNE = -1
INFINITE = -1
UNKNOWN = -2

Elements = PythonIterator[Any]
Table = tuple[
    Any, Callable[[], Any]
]  # arrays in a structure; a function that returns numbers of rows, a range or an array


class Options:
    """Settings that TensorFlow's runtime takes; they are kept and change nothing here.

    >>> import gputape as tf
    >>> options = tf.data.Options()
    >>> options.threading.private_threadpool_size = 4
    >>> options.deterministic = True
    """

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name in (
            "deterministic",
            "experimental_deterministic",
            "experimental_slack",
            "experimental_external_state_policy",
        ):
            return None
        made = self.__dict__[name] = Options()
        return made

    def merge(self, options: Options) -> Options:
        """These settings under those of `options`."""
        merged = Options()
        merged.__dict__.update({**self.__dict__, **options.__dict__})
        return merged


class ThreadingOptions(Options):
    """The part of `Options` about threads."""


class Iterator:
    """What `iter(dataset)` gives: `next` ends with StopIteration, `get_next` with OutOfRangeError.

    A checkpoint keeps how many elements were taken; restored, the iterator goes on after as many of a new iteration.
    """

    variables = ()  # a checkpoint may hold iterators

    def __init__(self, dataset: DatasetBase) -> None:
        self._dataset = dataset
        self._elements = dataset._iterate()
        self._taken = 0
        self._saved: Variable | None = None  # the number in checkpoints; made when the first one asks

    def _held_in_checkpoints(self) -> dict[str, Variable]:
        if self._saved is None:
            self._saved = Variable(np.asarray(self._taken, np.int64), trainable=False, name="elements_taken")
        return {"elements_taken": self._saved}

    @property
    def element_spec(self) -> Any:
        return self._dataset.element_spec

    def __iter__(self) -> Iterator:
        return self

    def __next__(self) -> Any:
        for recorder in state.stack:
            reasons = getattr(recorder, "reasons", None)
            if reasons is not None:  # a recorded function would replay the same elements for ever
                reasons.append("it takes elements from a dataset")
        if self._saved is not None and int(self._saved._array) != self._taken:  # restored
            self._taken = int(self._saved._array)
            self._elements = itertools.islice(self._dataset._iterate(), self._taken, None)
        element = next(self._elements)
        self._taken += 1
        if self._saved is not None:
            self._saved._array = np.asarray(self._taken, np.int64)
        return elements.to_tensors(element)

    def get_next(self) -> Any:
        try:
            return next(self)
        except StopIteration:
            raise OutOfRangeError("End of sequence") from None

    def get_next_as_optional(self) -> Optional:
        """The next element as a tf.experimental.Optional, one without a value at the end."""
        found = list(itertools.islice(self, 1))
        return Optional(self.element_spec, *found)


class NumpyIterator:
    """What `as_numpy_iterator` gives: elements with NumPy arrays for leaves."""

    def __init__(self, dataset: DatasetBase) -> None:
        self._elements = dataset._iterate()

    def __iter__(self) -> NumpyIterator:
        return self

    def __next__(self) -> Any:
        return nest.map_structure(_numpy, next(self._elements))


def _numpy(leaf: Any) -> Any:
    if hasattr(leaf, "as_numpy_iterator"):
        return leaf.as_numpy_iterator()
    if isinstance(leaf, composites.COMPOSITES):
        return composites.numpy(leaf)
    return leaf[()] if isinstance(leaf, np.ndarray) and leaf.ndim == 0 else leaf


class DatasetBase:
    """A function that starts an iteration over elements, the spec of the elements, and how many there are.

    Args:
        iterate: called for every iteration.
        spec: the element spec, or a function that finds it when it is asked for.
        cardinality: the number of elements, INFINITE or UNKNOWN.
        table: where the elements are slices of arrays, these and a function that gives the order of an iteration: then
            whole batches are cut out at once.
    """

    def __init__(
        self, iterate: Callable[[], Elements], spec: Any, cardinality: int = UNKNOWN, table: Table | None = None
    ) -> None:
        self._iterate, self._spec, self._cardinality, self._table = iterate, spec, int(cardinality), table
        self._options = Options()

    @property
    def element_spec(self) -> Any:
        """The shapes and dtypes of an element, as TensorSpecs in its structure."""
        if callable(self._spec):
            try:
                self._spec = self._spec()
            except Exception:  # a user's function may not run on zeros: then an element tells
                self._spec = elements.spec_of(next(self._iterate()))
        return self._spec

    def __iter__(self) -> Iterator:
        return Iterator(self)

    def __bool__(self) -> bool:
        return True

    def __len__(self) -> int:
        """The number of elements; TypeError if it is infinite or not known."""
        if self._cardinality == INFINITE:
            raise TypeError("The dataset is infinite.")
        if self._cardinality == UNKNOWN:
            raise TypeError("The dataset length is unknown.")
        return self._cardinality

    def cardinality(self) -> Tensor:
        """The number of elements, int64; -1 if there is no end, -2 if it is not known."""
        return Tensor(np.asarray(self._cardinality, np.int64))

    def as_numpy_iterator(self) -> NumpyIterator:
        """An iterator whose elements have NumPy arrays for leaves."""
        return NumpyIterator(self)

    def options(self) -> Options:
        """The options set with `with_options`."""
        return self._options

    def __repr__(self) -> str:
        return f"<{type(self).__name__} element_spec={self.element_spec}>"


def workers(num_parallel_calls: Any) -> int:
    """How many threads a transformation may use; AUTOTUNE and None mean none beside the one that iterates."""
    return min(int(num_parallel_calls or 1), 4 * (os.cpu_count() or 1))
