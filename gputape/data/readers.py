"""Datasets of files: lines of text, records of fixed length, TFRecord files."""

from __future__ import annotations

import gzip
import io
import os
import struct
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np

from ..errors import DataLossError, NotFoundError
from ..tensor import host_array
from ..tensor_spec import TensorSpec
from .base import DatasetBase, Elements
from .dataset import Dataset


def _names(filenames: Any) -> list[str]:
    """The names of files, from one or several, or from a dataset of them."""
    if isinstance(filenames, DatasetBase):
        return [os.fsdecode(e.item()) for e in filenames._iterate()]
    if isinstance(filenames, os.PathLike):
        filenames = os.fspath(filenames)
    if isinstance(filenames, (list, tuple)):
        filenames = [os.fspath(f) if isinstance(f, os.PathLike) else f for f in filenames]
    return [os.fsdecode(f) for f in np.asarray(host_array(filenames)).reshape(-1).tolist()]


def opened(name: str, compression_type: str | None = None) -> Any:
    """A file to read bytes from; NotFoundError if there is none."""
    try:
        if compression_type == "GZIP":
            return gzip.open(name, "rb")
        file = open(name, "rb")  # noqa: SIM115  (the caller closes it)
    except FileNotFoundError:
        raise NotFoundError(f"{name}; No such file or directory") from None
    if compression_type == "ZLIB":
        with file:
            return io.BytesIO(zlib.decompress(file.read()))
    return file


def _text(value: bytes) -> Any:
    made = np.empty((), object)
    made[()] = value
    return made


class _Files(Dataset):
    """What the datasets below share: the parts of each file, one after the other."""

    def __init__(self, filenames: Any, parts: Callable[[Any], Any], compression_type: str | None) -> None:
        def iterate() -> Elements:
            for name in _names(filenames):
                with opened(name, compression_type) as file:
                    yield from map(_text, parts(file))

        super().__init__(iterate, TensorSpec([], "string"))


class TextLineDataset(_Files):
    """The lines of text files, as bytes without the end of line. Reference: tf.data.TextLineDataset."""

    def __init__(
        self,
        filenames: Any,
        compression_type: str | None = None,
        buffer_size: Any = None,
        num_parallel_reads: Any = None,
        name: str | None = None,
    ) -> None:
        super().__init__(
            filenames, lambda file: (line.rstrip(b"\n").removesuffix(b"\r") for line in file), compression_type
        )


class FixedLengthRecordDataset(_Files):
    """Records of `record_bytes` bytes, between header and footer. Reference: tf.data.FixedLengthRecordDataset."""

    def __init__(
        self,
        filenames: Any,
        record_bytes: int,
        header_bytes: int | None = None,
        footer_bytes: int | None = None,
        buffer_size: Any = None,
        compression_type: str | None = None,
        num_parallel_reads: Any = None,
        name: str | None = None,
    ) -> None:
        def parts(file: BinaryIO) -> Any:
            body = file.read()[header_bytes or 0 :]
            body = body[: len(body) - (footer_bytes or 0)]
            if len(body) % record_bytes:
                raise DataLossError(f"FixedLengthRecordDataset: {len(body)} bytes are no multiple of {record_bytes}")
            return (body[k : k + record_bytes] for k in range(0, len(body), record_bytes))

        super().__init__(filenames, parts, compression_type)


class TFRecordDataset(_Files):
    """The records of TFRecord files, as bytes. DataLossError for a file that was cut or changed.

    The format: length (uint64), its checksum, the bytes, their checksum; little-endian, checksums masked CRC-32C.
    """

    def __init__(
        self,
        filenames: Any,
        compression_type: str | None = None,
        buffer_size: Any = None,
        num_parallel_reads: Any = None,
        name: str | None = None,
    ) -> None:
        super().__init__(filenames, _records, compression_type)


def _records(file: BinaryIO) -> Any:
    while head := file.read(12):
        if len(head) < 12 or struct.unpack("<I", head[8:])[0] != masked_checksum(head[:8]):
            raise DataLossError("TFRecordDataset: truncated or corrupted record")
        (length,) = struct.unpack("<Q", head[:8])
        body, tail = file.read(length), file.read(4)
        if len(tail) < 4 or struct.unpack("<I", tail)[0] != masked_checksum(body):
            raise DataLossError("TFRecordDataset: truncated or corrupted record")
        yield body


class TFRecordWriter:
    """Writes TFRecord files: `write(record)` takes bytes, or the elements of a dataset of them. Use it in a `with`."""

    def __init__(self, path: Any, options: Any = None) -> None:
        compression = getattr(options, "compression_type", options)
        self._path = os.fspath(path)
        self._file: Any = (gzip.open if compression == "GZIP" else open)(self._path, "wb")

    def write(self, record: Any) -> None:
        if isinstance(record, DatasetBase):
            for element in record._iterate():
                self.write(element.item())
            self.close()
            return
        length = struct.pack("<Q", len(record))
        self._file.write(
            length + struct.pack("<I", masked_checksum(length)) + record + struct.pack("<I", masked_checksum(record))
        )

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> TFRecordWriter:
        return self

    def __exit__(self, *exc: Any) -> None:
        self.close()


def _table() -> list[int]:
    """CRC-32C of every byte (polynomial 0x1EDC6F41, reflected)."""
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


_TABLE = _table()


def masked_checksum(data: bytes) -> int:
    """CRC-32C of the bytes, rotated and shifted as TFRecord files have it."""
    crc = 0xFFFFFFFF
    table = _TABLE
    for byte in data:
        crc = crc >> 8 ^ table[(crc ^ byte) & 0xFF]
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
