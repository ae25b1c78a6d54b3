"""tf.data: pipelines that bring data to the model.

dataset    Dataset, and what is done element by element
ordering   order, number, cache, prefetch
batching   batches, windows, groups
sources    where datasets come from
readers    files of lines and of records
csv_files  files of comma-separated values
base       iteration, options
elements   what an element is: nests of NumPy arrays
composites ragged and sparse tensors in elements
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import FailedPreconditionError
from .base import AUTOTUNE, INFINITE, UNKNOWN, Iterator, NumpyIterator, Options, ThreadingOptions
from .csv_files import CsvDataset, make_csv_dataset
from .dataset import Dataset
from .elements import DatasetSpec
from .readers import FixedLengthRecordDataset, TextLineDataset, TFRecordDataset, TFRecordOptions, TFRecordWriter


def cardinality(dataset: Any) -> Any:
    """The number of elements of a dataset; -1 if there is no end, -2 if it is not known."""
    return dataset.cardinality()


def assert_cardinality(expected_cardinality: int) -> Callable[[Any], Any]:
    """For `Dataset.apply`: the dataset, FailedPreconditionError if it has another number of elements."""

    def transform(dataset: Any) -> Any:
        def iterate() -> Any:
            count = 0
            for element in dataset._iterate():
                count += 1
                if 0 <= expected_cardinality < count:
                    break
                yield element
            if count != expected_cardinality:
                told = "at least " if count > expected_cardinality else ""
                raise FailedPreconditionError(
                    f"Input dataset was expected to contain {expected_cardinality} elements but contained "
                    f"{told}{count} elements."
                )

        return Dataset(iterate, lambda: dataset.element_spec, expected_cardinality)

    return transform


def _transformation(method: str) -> Callable[..., Callable[[Any], Any]]:
    """The old form of a method of Dataset: a function for `Dataset.apply`."""

    def make(*args: Any, **kwargs: Any) -> Callable[[Any], Any]:
        return lambda dataset: getattr(dataset, method)(*args, **kwargs)

    make.__name__ = method
    make.__doc__ = f"For `Dataset.apply`: the method `Dataset.{method}`."
    return make


_APPLIED = (
    "bucket_by_sequence_length", "group_by_window", "ignore_errors", "rejection_resample", "scan", "snapshot",
    "take_while", "unbatch", "unique",
)  # fmt: skip
NAMES: dict[str, Any] = {
    "tf.io.TFRecordOptions": TFRecordOptions,
    "tf.io.TFRecordWriter": TFRecordWriter,
    "tf.data.AUTOTUNE": AUTOTUNE,
    "tf.data.Dataset": Dataset,
    "tf.data.DatasetSpec": DatasetSpec,
    "tf.data.FixedLengthRecordDataset": FixedLengthRecordDataset,
    "tf.data.INFINITE_CARDINALITY": INFINITE,
    "tf.data.Iterator": Iterator,
    "tf.data.NumpyIterator": NumpyIterator,
    "tf.data.Options": Options,
    "tf.data.TFRecordDataset": TFRecordDataset,
    "tf.data.TextLineDataset": TextLineDataset,
    "tf.data.ThreadingOptions": ThreadingOptions,
    "tf.data.UNKNOWN_CARDINALITY": UNKNOWN,
    "tf.data.experimental.AUTOTUNE": AUTOTUNE,
    "tf.data.experimental.CsvDataset": CsvDataset,
    "tf.data.experimental.make_csv_dataset": make_csv_dataset,
    "tf.data.experimental.Counter": Dataset.counter,
    "tf.data.experimental.INFINITE_CARDINALITY": INFINITE,
    "tf.data.experimental.UNKNOWN_CARDINALITY": UNKNOWN,
    "tf.data.experimental.RandomDataset": Dataset.random,
    "tf.data.experimental.TFRecordWriter": TFRecordWriter,
    "tf.data.experimental.assert_cardinality": assert_cardinality,
    "tf.data.experimental.cardinality": cardinality,
    "tf.data.experimental.choose_from_datasets": Dataset.choose_from_datasets,
    "tf.data.experimental.get_single_element": Dataset.get_single_element,
    "tf.data.experimental.load": Dataset.load,
    "tf.data.experimental.sample_from_datasets": Dataset.sample_from_datasets,
    "tf.data.experimental.save": Dataset.save,
    "tf.data.experimental.dense_to_ragged_batch": _transformation("ragged_batch"),
    **{f"tf.data.experimental.{name}": _transformation(name) for name in _APPLIED},
}
