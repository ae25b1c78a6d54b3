"""PyDataset: batches by number, which threads or processes may prepare ahead of time."""

from __future__ import annotations

import collections
import concurrent.futures
import itertools
import warnings
from collections.abc import Iterable, Iterator
from typing import Any


class PyDataset:
    """Base of datasets that make batches in Python: subclasses define `__getitem__(k)`, the k-th batch, and `__len__`.

    Args:
        workers: how many threads (or processes) prepare batches while the model trains; 1 for none beside it.
        use_multiprocessing: whether the workers are processes; the dataset must be picklable then.
        max_queue_size: how many batches may be ready ahead of time.

    Instead of `__len__` a subclass may define the property `num_batches`, None if there is no end.

    >>> import numpy as np
    >>> from gputape import keras
    >>> class Squares(keras.utils.PyDataset):
    ...     def __len__(self):
    ...         return 3
    ...     def __getitem__(self, index):
    ...         return np.array([index]), np.array([index**2])
    >>> [int(y[0]) for _, y in Squares()]
    [0, 1, 4]
    """

    def __init__(self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10) -> None:
        self.workers, self.use_multiprocessing, self.max_queue_size = workers, use_multiprocessing, max_queue_size

    def __getitem__(self, index: int) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must define `__getitem__(index)`, which returns a batch")

    @property
    def num_batches(self) -> int | None:
        if hasattr(self, "__len__"):
            return len(self)
        raise NotImplementedError(
            "You need to implement the `num_batches` property:\n\n@property\ndef num_batches(self):\n  return ..."
        )

    def __iter__(self) -> Iterator[Any]:
        count = self.num_batches
        return (self[k] for k in (itertools.count() if count is None else range(count)))

    def on_epoch_begin(self) -> None:
        """Called at the beginning of every epoch."""

    def on_epoch_end(self) -> None:
        """Called at the end of every epoch."""


Sequence = PyDataset  # Keras 2's name


def in_order(dataset: Any, order: Iterable[int] | None) -> Iterator[Any]:
    """The batches of these numbers (None: all from 0 on, without end), prepared by the dataset's workers."""
    if not hasattr(dataset, "workers"):
        warnings.warn(
            "Your `PyDataset` class should call `super().__init__(**kwargs)` in its constructor. `**kwargs` can "
            "include "
            "`workers`, `use_multiprocessing`, `max_queue_size`. Do not pass these arguments to `fit()`, as they "
            "will be "
            "ignored.",
            stacklevel=2,
        )
    workers = getattr(dataset, "workers", 1)
    numbers = iter(itertools.count() if order is None else order)
    if workers <= 1 and not getattr(dataset, "use_multiprocessing", False):
        yield from (dataset[k] for k in numbers)
        return
    kind = (
        concurrent.futures.ProcessPoolExecutor if dataset.use_multiprocessing else concurrent.futures.ThreadPoolExecutor
    )
    pool: Any = kind(workers)
    try:
        ready = collections.deque(
            pool.submit(dataset.__getitem__, k) for k in itertools.islice(numbers, dataset.max_queue_size)
        )
        while ready:
            yield ready.popleft().result()
            ready.extend(pool.submit(dataset.__getitem__, k) for k in itertools.islice(numbers, 1))
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
