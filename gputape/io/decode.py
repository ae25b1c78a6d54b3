"""Strings that hold something else: raw numbers, CSV, base64, compressed bytes."""

from __future__ import annotations

import base64
import binascii
import gzip
import re
import zlib
from typing import Any

import numpy as np

from ..dtypes import DType, as_dtype
from ..errors import DataLossError, InvalidArgumentError
from ..op import op, public
from ..ops.string_numbers import _number
from ..ops.strings import OBJECT, packed, per_string, text
from ..tensor import convert_to_tensor, placed


@op(dynamic=True)  # type: ignore[untyped-decorator]
def raw_numbers(xp: Any, input_bytes: Any, *, dtype: Any, size: int | None) -> Any:
    strings = input_bytes.ravel().tolist()
    if size is None:
        size = len(strings[0]) if strings else 0
        for k, value in enumerate(strings):
            if len(value) != size:
                raise InvalidArgumentError(
                    f"decode_raw requires input strings to all be the same size, but element {k} has size {len(value)} != "
                    f"{size}: give fixed_length"
                )
    if size % dtype.itemsize:
        raise InvalidArgumentError(
            f"Input to decode_raw has length {size} that is not a multiple of {dtype.itemsize}, the size of {dtype}"
        )
    data = b"".join([value[:size].ljust(size, b"\0") for value in strings])
    made = np.frombuffer(data, dtype).astype(dtype.newbyteorder("="))
    return placed(made.reshape(*input_bytes.shape, size // dtype.itemsize))


@public
def decode_raw(
    input_bytes: Any,
    out_type: Any,
    little_endian: bool = True,
    fixed_length: int | None = None,
    name: str | None = None,
) -> Any:
    """The bytes of each string as numbers of `out_type`, along a new last axis.

    fixed_length: how many bytes to take of each string, shorter ones filled with zeros; default all, which must be
    equally many. InvalidArgumentError if they are not, or do not make whole numbers.

    >>> import gputape as tf
    >>> tf.io.decode_raw("12", tf.uint8).numpy()
    array([49, 50], dtype=uint8)
    """
    dtype = as_dtype(out_type).numpy
    order = dtype if little_endian or dtype.itemsize == 1 else dtype.newbyteorder(">")
    return raw_numbers(text(input_bytes, "decode_raw"), dtype=order, size=fixed_length)


# -- base64

_WEB_SAFE = re.compile(rb"[A-Za-z0-9_-]*={0,2}")


def _from_base64(value: bytes) -> bytes:
    if not _WEB_SAFE.fullmatch(value):
        raise InvalidArgumentError("decode_base64: Invalid character found in base64.")
    plain = value.rstrip(b"=")
    if len(plain) % 4 == 1:
        raise InvalidArgumentError("decode_base64: Base64 string length cannot be 1 modulo 4.")
    try:
        return base64.urlsafe_b64decode(plain + b"=" * (-len(plain) % 4))
    except binascii.Error as error:
        raise InvalidArgumentError(f"decode_base64: {error}") from None


@public
def decode_base64(input: Any, name: str | None = None) -> Any:
    """The bytes of web-safe base64 (`-` and `_` for `+` and `/`), with or without padding."""
    return per_string(text(input, "decode_base64"), make=_from_base64)


@public
def encode_base64(input: Any, pad: bool = False, name: str | None = None) -> Any:
    """Strings in web-safe base64, with `pad` filled up by `=`.

    >>> import gputape as tf
    >>> tf.io.encode_base64("hello").numpy()
    b'aGVsbG8'
    """

    def make(value: bytes) -> bytes:
        made = base64.urlsafe_b64encode(value)
        return made if pad else made.rstrip(b"=")

    return per_string(text(input, "encode_base64"), make=make)


@public
def decode_compressed(bytes: Any, compression_type: str = "", name: str | None = None) -> Any:
    """Strings decompressed: compression_type "ZLIB", "GZIP" or "" (none). DataLossError for damaged ones."""
    makers = {"": lambda v: v, "ZLIB": zlib.decompress, "GZIP": gzip.decompress}
    if compression_type not in makers:
        raise InvalidArgumentError(
            f"decode_compressed: Only ZLIB, GZIP or NONE are supported, not {compression_type!r}"
        )

    def make(value: Any) -> Any:
        try:
            return makers[compression_type](value)
        except (zlib.error, OSError, EOFError) as error:
            raise DataLossError(f"decode_compressed: inflate() failed: {error}") from None

    return per_string(text(bytes, "decode_compressed"), make=make)


# -- CSV


def split_record(record: bytes, delimiter: bytes, quotes: bool) -> list[bytes]:
    """The fields of a line by RFC 4180: a field in quotes may hold delimiters, line ends and doubled quotes."""
    if not quotes:
        return record.split(delimiter)
    if b'"' not in record:
        if b"\n" in record or b"\r" in record:
            raise InvalidArgumentError("Unquoted fields cannot have quotes/CRLFs inside")
        return record.split(delimiter)
    found, at = [], 0
    while True:
        if record[at : at + 1] == b'"':
            field, at = _quoted(record, at + 1, delimiter)
        else:
            end = record.find(delimiter, at)
            field = record[at : len(record) if end < 0 else end]
            if re.search(rb'["\r\n]', field):
                raise InvalidArgumentError("Unquoted fields cannot have quotes/CRLFs inside")
            at += len(field)
        found.append(field)
        if at >= len(record):
            return found
        at += 1


def _quoted(record: bytes, at: int, delimiter: bytes) -> tuple[bytes, int]:
    """The field whose opening quote stands before `at`, and where it ends."""
    made = b""
    while True:
        end = record.find(b'"', at)
        if end < 0:
            raise InvalidArgumentError("Quoted field has to end with quote followed by delim or end")
        made += record[at:end]
        following = record[end + 1 : end + 2]
        if following == b'"':
            made, at = made + b'"', end + 2
        elif following in (b"", delimiter):
            return made, end + 1
        else:
            raise InvalidArgumentError("Quote inside a string has to be escaped by another quote")


class Columns:
    """How CSV lines become columns: the dtype and default of each, and which fields to take."""

    def __init__(
        self, name: str, defaults: list[Any], delimiter: str, quotes: bool, na_value: str, chosen: Any
    ) -> None:
        self.name, self.delimiter, self.quotes, self.na = name, delimiter.encode(), quotes, na_value.encode()
        if len(self.delimiter) != 1:
            raise InvalidArgumentError(f"{name}: field_delim should be only 1 char")
        self.dtypes = [d.dtype for d in defaults]
        self.defaults = []
        for k, default in enumerate(defaults):
            if default.size > 1:
                raise InvalidArgumentError(
                    f"{name}: There should only be 1 default per field but field {k} has {default.size}"
                )
            self.defaults.append(default.item() if default.size else None)
            if default.dtype not in _ALLOWED:
                raise InvalidArgumentError(
                    f"{name}: a column cannot be {default.dtype}, only {', '.join(map(str, _ALLOWED))}"
                )
        self.chosen = None if chosen is None else list(chosen)
        if self.chosen is not None:
            if any(a >= b for a, b in zip(self.chosen, self.chosen[1:])):
                raise ValueError("select_cols is not strictly increasing.")
            if self.chosen and self.chosen[0] < 0:
                raise ValueError("select_cols contains negative values.")
            if len(self.chosen) != len(defaults):
                raise ValueError("Length of select_cols and record_defaults do not match.")

    def values(self, record: bytes, row: int) -> list[Any]:
        """The values of a line, one for each column."""
        found = split_record(record, self.delimiter, self.quotes)
        if self.chosen is not None:
            if len(found) <= self.chosen[-1]:
                raise InvalidArgumentError(
                    f"{self.name}: Expect at least {self.chosen[-1] + 1} fields, have {len(found)} in record {row}"
                )
            found = [found[k] for k in self.chosen]
        elif len(found) != len(self.dtypes):
            raise InvalidArgumentError(
                f"{self.name}: Expect {len(self.dtypes)} fields but have {len(found)} in record {row}"
            )
        return [self.value(value, k, row) for k, value in enumerate(found)]

    def value(self, value: bytes, k: int, row: int) -> Any:
        if value == b"" or value == self.na:
            if self.defaults[k] is None:
                raise InvalidArgumentError(f"{self.name}: Field {k} is required but missing in record {row}!")
            return self.defaults[k]
        if self.dtypes[k] == OBJECT:
            return value
        try:
            return _number(value, self.dtypes[k])
        except InvalidArgumentError:
            told = value.decode(errors="replace")
            raise InvalidArgumentError(
                f"{self.name}: Field {k} in record {row} is not a valid {self.dtypes[k]}: {told}"
            ) from None


_ALLOWED = (*map(np.dtype, (np.float32, np.float64, np.int32, np.int64)), OBJECT)


@op
def csv_columns(xp: Any, records: Any, *, columns: Columns) -> Any:
    rows = [columns.values(record, row) for row, record in enumerate(records.ravel().tolist())]
    return tuple(
        [placed(packed([row[k] for row in rows], records.shape, dtype)) for k, dtype in enumerate(columns.dtypes)]
    )


@public
def decode_csv(
    records: Any,
    record_defaults: Any,
    field_delim: str = ",",
    use_quote_delim: bool = True,
    na_value: str = "",
    select_cols: Any = None,
    name: str | None = None,
) -> list[Any]:
    """The columns of CSV lines, one tensor of the shape of `records` for each entry of `record_defaults`.

    record_defaults: a scalar or one-element tensor for each column: its dtype, and its value where a field is empty or
    `na_value`; an empty tensor means that the field must be there. select_cols: the numbers of the fields to take.
    InvalidArgumentError for lines that do not fit.

    >>> import gputape as tf
    >>> [c.numpy().tolist() for c in tf.io.decode_csv(["1,2.5", "3,"], [[0], [9.0]])]
    [[1, 3], [2.5, 9.0]]
    """
    if any(isinstance(d, DType) for d in record_defaults):
        raise ValueError("decode_csv: record_defaults are tensors, not dtypes: tf.constant([], dtype) demands a field")
    defaults = [convert_to_tensor(d)._read("the default of a column") for d in record_defaults]
    columns = Columns("decode_csv", defaults, field_delim, use_quote_delim, na_value, select_cols)
    return list(csv_columns(text(records, "decode_csv"), columns=columns))


NAMES: dict[str, Any] = {
    "tf.io.decode_base64": decode_base64,
    "tf.io.decode_compressed": decode_compressed,
    "tf.io.decode_csv": decode_csv,
    "tf.io.decode_raw": decode_raw,
    "tf.io.encode_base64": encode_base64,
}
