"""tf.data.experimental.CsvDataset and make_csv_dataset: the records of CSV files as elements, and as batches by column."""

from __future__ import annotations

import collections
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..dtypes import DType, as_dtype
from ..errors import InvalidArgumentError
from ..io.decode import Columns, split_record
from ..io.files import glob
from ..ops.create import zeros
from ..tensor import as_tensor
from ..tensor_spec import TensorSpec
from .base import Elements
from .dataset import Dataset
from .readers import _names, _text, opened


def records_of(file: Any, quotes: bool) -> Iterator[bytes]:
    """The records of a CSV file without their ends of line; one in quotes may run over several lines."""
    held = b""
    for line in file:
        held += line
        if quotes and held.count(b'"') % 2:
            continue
        yield held.rstrip(b"\n").removesuffix(b"\r")
        held = b""
    if held:
        yield held


def _default(value: Any) -> Any:
    """The array that `Columns` takes: empty for a dtype, which demands a value."""
    if isinstance(value, (DType, type)):
        return np.empty(0, as_dtype(value).numpy)
    return as_tensor(value)._read("the default of a column")


class CsvDataset(Dataset):
    """The records of CSV files, each a tuple of scalars. Reference: tf.data.experimental.CsvDataset.

    record_defaults: for each column a dtype (a value must be there) or a default, which gives the dtype too: float32,
    float64, int32, int64 or string. header: whether the first line of each file is left out. select_cols, exclude_cols:
    the numbers of the columns to take, or not to. The rest is as in tf.io.decode_csv.
    """

    def __init__(
        self,
        filenames: Any,
        record_defaults: Any,
        compression_type: str | None = None,
        buffer_size: Any = None,
        header: bool = False,
        field_delim: str = ",",
        use_quote_delim: bool = True,
        na_value: str = "",
        select_cols: Any = None,
        exclude_cols: Any = None,
    ) -> None:
        if select_cols is not None and exclude_cols is not None:
            raise InvalidArgumentError("CsvDataset: Either select_cols or exclude_cols should be given, not both")
        defaults = [_default(d) for d in record_defaults]
        columns: list[Columns] = []

        def reader(width: int) -> Columns:
            """How to read records of this many fields."""
            chosen = select_cols
            if exclude_cols is not None:
                chosen = [k for k in range(width) if k not in set(exclude_cols)]
            if not columns or exclude_cols is not None:
                columns[:] = [Columns("CsvDataset", defaults, field_delim, use_quote_delim, na_value, chosen)]
            return columns[0]

        def iterate() -> Elements:
            for name in _names(filenames):
                with opened(name, compression_type) as file:
                    for row, record in enumerate(records_of(file, use_quote_delim)):
                        if row or not header:
                            width = 0
                            if exclude_cols is not None:
                                width = len(split_record(record, field_delim.encode(), use_quote_delim))
                            made = reader(width)
                            values = zip(made.values(record, row), made.dtypes)
                            yield tuple([_text(v) if isinstance(v, bytes) else np.asarray(v, d) for v, d in values])

        super().__init__(iterate, tuple([TensorSpec([], d.dtype) for d in defaults]))


# -- by column


def _number_type(value: str) -> str:
    """The narrowest dtype that a field's text fits."""
    try:
        number = int(value)
        if "_" not in value and abs(number) < 2**63:
            return "int32" if -(2**31) <= number < 2**31 else "int64"
    except ValueError:
        pass
    try:
        size = abs(float(value))
    except ValueError:
        return "string"
    for kind in (np.float32, np.float64):
        if size <= float(np.finfo(kind).max):
            return np.dtype(kind).name
    return "string"


_WIDER = ["int32", "int64", "float32", "float64", "string"]


def _inferred(rows: list[list[bytes]], count: int, na_value: str) -> list[Any]:
    """A dtype for each column that fits all rows; string for columns without values."""
    found = []
    for k in range(count):
        kinds = {_number_type(v) for row in rows if (v := row[k].decode(errors="replace")) not in ("", na_value)}
        found.append(as_dtype(max(kinds, key=_WIDER.index, default="string")))
    return found


def _heads(paths: list[str], count: int, compression: str | None, split: Callable[[bytes], Any]) -> Iterator[list[Any]]:
    """The first records of each file, split; `count` of them in all behind the first."""
    for path in paths:
        with opened(path, compression) as file:
            made = []
            for record in records_of(file, True):
                made.append(split(record))
                if len(made) > count:
                    break
        yield made


def make_csv_dataset(
    file_pattern: Any,
    batch_size: int,
    column_names: Any = None,
    column_defaults: Any = None,
    label_name: str | None = None,
    select_columns: Any = None,
    field_delim: str = ",",
    use_quote_delim: bool = True,
    na_value: str = "",
    header: bool = True,
    num_epochs: int | None = None,
    shuffle: bool = True,
    shuffle_buffer_size: int = 10000,
    shuffle_seed: int | None = None,
    prefetch_buffer_size: int | None = None,
    num_parallel_reads: int | None = None,
    sloppy: bool = False,
    num_rows_for_inference: int | None = 100,
    compression_type: str | None = None,
    ignore_errors: bool = False,
    encoding: str = "utf-8",
) -> Any:
    """Batches of CSV records as dicts from column names to vectors. Reference: tf.data.experimental.make_csv_dataset.

    column_names: default those of the header. column_defaults: a dtype or default for each column that is taken; by
    default dtypes are found from `num_rows_for_inference` rows, and empty fields are 0 or "". label_name: a column that
    stands beside the dict, in a pair. select_columns: names or numbers of the columns to take. num_epochs: default
    without end, where a last smaller batch is left out. shuffle: default True. ValueError for files or columns that do
    not go together.
    """
    paths = sorted(
        p
        for pattern in ([file_pattern] if isinstance(file_pattern, (str, bytes)) else file_pattern)
        for p in glob(pattern)
    )
    if not paths:
        raise ValueError(f"No files match `file_pattern` {file_pattern}.")

    def split(record: bytes) -> list[bytes]:
        return split_record(record, field_delim.encode(), use_quote_delim)

    limit = 2**62 if num_rows_for_inference is None else num_rows_for_inference
    heads = list(_heads(paths, limit, compression_type, split))
    if column_names is None:
        if not header:
            raise ValueError("Expected `column_names` or `header` arguments. Neither is provided.")
        column_names = [v.decode(encoding) for v in heads[0][0]]
        for path, head in zip(paths, heads):
            if [v.decode(encoding) for v in head[0]] != column_names:
                raise ValueError(
                    f"All input CSV files should have the same column names in the header row. File {path} has different "
                    "column names."
                )
    column_names = list(column_names)
    twice = {n for n in column_names if column_names.count(n) > 1}
    if twice:
        raise ValueError(f"Either `column_names` argument or CSV header row contains duplicate column names: {twice}.")
    chosen = _chosen(column_names, select_columns)
    names = [column_names[k] for k in chosen]
    if label_name is not None and label_name not in names:
        raise ValueError(f"`label_name` provided must be one of the columns: {names}. Received: {label_name}.")
    if column_defaults is None:
        rows = [row for head in heads for row in head[1 if header else 0 :]][:limit]
        kinds = _inferred([[row[k] for k in chosen] for row in rows], len(chosen), na_value)
        column_defaults = [zeros([], kind) for kind in kinds]
    dataset: Any = CsvDataset(
        paths, column_defaults, compression_type, header=header, field_delim=field_delim, use_quote_delim=use_quote_delim,
        na_value=na_value, select_cols=chosen if select_columns is not None else None,
    )  # fmt: skip
    dataset = dataset.ignore_errors() if ignore_errors else dataset
    dataset = dataset.shuffle(shuffle_buffer_size, shuffle_seed) if shuffle else dataset
    dataset = dataset if num_epochs == 1 else dataset.repeat(num_epochs)

    def by_name(*columns: Any) -> Any:
        features = collections.OrderedDict(zip(names, columns))
        return features if label_name is None else (features, features.pop(label_name))

    batches = dataset.batch(batch_size, drop_remainder=num_epochs is None).map(by_name)
    return batches.prefetch(1 if prefetch_buffer_size is None else prefetch_buffer_size)


def _chosen(names: list[str], select: Any) -> list[int]:
    """The numbers of the selected columns, in the order of the file."""
    if select is None:
        return list(range(len(names)))
    for column in select:
        if column not in names and not (isinstance(column, int) and 0 <= column < len(names)):
            raise ValueError(f"select_columns: {column!r} is not one of the columns {names}")
    return sorted({column if isinstance(column, int) else names.index(column) for column in select})
