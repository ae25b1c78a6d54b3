"""What tables are made from: keys and values, or the lines of a text file."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..dtypes import as_dtype
from ..errors import InvalidArgumentError, NotFoundError
from ..io.files import path_of
from ..ops.strings import packed
from ..tensor import convert_to_tensor


class TextFileIndex:
    """What a TextFileInitializer takes of a line: all of it, or its number."""

    WHOLE_LINE = -2
    LINE_NUMBER = -1


class KeyValueTensorInitializer:
    """The contents of a table: keys and values, vectors of one length."""

    def __init__(
        self, keys: Any, values: Any, key_dtype: Any = None, value_dtype: Any = None, name: str | None = None
    ) -> None:
        keys, values = convert_to_tensor(keys, key_dtype), convert_to_tensor(values, value_dtype)
        if keys.shape != values.shape:
            raise InvalidArgumentError(
                f"KeyValueTensorInitializer: keys have shape {keys.shape}, values {values.shape}"
            )
        self.key_dtype, self.value_dtype = keys.dtype, values.dtype
        self._keys, self._values = (t._read("the contents of a table").ravel() for t in (keys, values))

    def contents(self) -> tuple[Any, Any]:
        """Keys and values as arrays."""
        return self._keys, self._values


class TextFileInitializer:
    """The contents of a table from a text file, a line for each entry. Reference: tf.lookup.TextFileInitializer.

    key_index, value_index: the column (from 0, cut at `delimiter`) of the key and of the value, or a TextFileIndex.
    vocab_size: how many lines to read, default all. value_index_offset: added to line numbers as values.
    """

    def __init__(
        self,
        filename: Any,
        key_dtype: Any,
        key_index: int,
        value_dtype: Any,
        value_index: int,
        vocab_size: int | None = None,
        delimiter: str = "\t",
        name: str | None = None,
        value_index_offset: int = 0,
    ) -> None:
        self.key_dtype, self.value_dtype = as_dtype(key_dtype), as_dtype(value_dtype)
        if key_index == value_index == TextFileIndex.LINE_NUMBER:
            raise ValueError("TextFileInitializer: key and value cannot both be the line's number")
        for what, index, dtype in (("key", key_index, self.key_dtype), ("value", value_index, self.value_dtype)):
            if index < -2:
                raise ValueError(f"Invalid {what} index {index}.")
            if index == TextFileIndex.LINE_NUMBER and dtype != "int64":
                raise ValueError(f"`{what}_dtype` must be int64 if `{what}_index` is LINE_NUMBER, got {dtype.name}")
            if index == TextFileIndex.WHOLE_LINE and not (dtype.is_integer or dtype == "string"):
                raise ValueError(f"`{what}_dtype` must be string or an integer if `{what}_index` is WHOLE_LINE")
        self._path, self._indices, self._size = path_of(filename), (key_index, value_index), vocab_size
        self._delimiter, self._offset = delimiter.encode(), value_index_offset

    def contents(self) -> tuple[Any, Any]:
        """Keys and values as arrays. NotFoundError without the file, InvalidArgumentError for lines that do not fit."""
        try:
            with open(self._path, "rb") as file:
                lines = [line.rstrip(b"\r\n") for line in file]
        except FileNotFoundError:
            raise NotFoundError(f"{self._path}; No such file or directory") from None
        if self._size is not None:
            if len(lines) < self._size:
                raise InvalidArgumentError(
                    f"Invalid vocab_size in {self._path}: expected {self._size} but got {len(lines)}"
                )
            lines = lines[: self._size]
        key, value = self._indices
        return self._column(lines, key, self.key_dtype, 0), self._column(lines, value, self.value_dtype, self._offset)

    def _column(self, lines: list[bytes], index: int, dtype: Any, offset: int) -> Any:
        if index == TextFileIndex.LINE_NUMBER:
            return np.arange(len(lines), dtype=np.int64) + offset
        if index >= 0:
            rows = [line.split(self._delimiter) for line in lines]
            short = next((k for k, row in enumerate(rows) if len(row) <= index), None)
            if short is not None:
                raise InvalidArgumentError(f"{self._path}, line {short}: no column {index}: {lines[short]!r}")
            lines = [row[index] for row in rows]
        if dtype == "string":
            return packed(lines, (len(lines),))
        try:
            return np.array([float(v) if dtype.is_floating else int(v) for v in lines]).astype(dtype.numpy)
        except ValueError as error:
            raise InvalidArgumentError(f"{self._path}: {error}: not a valid {dtype.name}") from None
