"""Datasets of files: lines of text, records of fixed length, TFRecord files."""

from __future__ import annotations

import functools
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


class TFRecordOptions:
    """How TFRecord files are compressed: compression_type "" (default), "GZIP" or "ZLIB", and compression_level 0 to 9."""

    def __init__(
        self,
        compression_type: Any = None,
        flush_mode: Any = None,
        input_buffer_size: Any = None,
        output_buffer_size: Any = None,
        window_bits: Any = None,
        compression_level: int | None = None,
        compression_method: Any = None,
        mem_level: Any = None,
        compression_strategy: Any = None,
    ) -> None:
        kind = getattr(compression_type, "compression_type", compression_type) or ""
        if kind not in ("", "GZIP", "ZLIB"):
            raise ValueError(f'Not a valid compression_type: "{kind}"')
        self.compression_type, self.compression_level = kind, compression_level


class TFRecordWriter:
    """Writes TFRecord files: `write(record)` takes bytes, or the elements of a dataset of them. Use it in a `with`.

    options: a tf.io.TFRecordOptions or a compression_type, "", "GZIP" or "ZLIB".
    """

    def __init__(self, path: Any, options: Any = None) -> None:
        options = TFRecordOptions(options) if isinstance(options, (str, type(None))) else options
        kind, level = options.compression_type, options.compression_level
        self._path = os.fspath(path)
        self._deflate = zlib.compressobj(-1 if level is None else level) if kind == "ZLIB" else None
        if kind == "GZIP":
            self._file: Any = gzip.open(self._path, "wb", 9 if level is None else level)  # noqa: SIM115
        else:
            self._file = open(self._path, "wb")  # noqa: SIM115

    def write(self, record: Any) -> None:
        if isinstance(record, DatasetBase):
            for element in record._iterate():
                self.write(element.item())
            self.close()
            return
        length = struct.pack("<Q", len(record))
        made = length + struct.pack("<I", masked_checksum(length)) + record + struct.pack("<I", masked_checksum(record))
        self._file.write(made if self._deflate is None else self._deflate.compress(made))

    def flush(self) -> None:
        if self._deflate is not None:
            self._file.write(self._deflate.flush(zlib.Z_SYNC_FLUSH))
        self._file.flush()

    def close(self) -> None:
        if self._deflate is not None and not self._file.closed:
            self._file.write(self._deflate.flush())
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
_CHUNK = 512


@functools.cache
def _behind() -> list[list[int]]:
    """What a chunk of zeros does to each of the four bytes of a checksum: a checksum is linear over the two numbers."""
    table = np.array(_TABLE, np.uint32)
    state = np.arange(256, dtype=np.uint32) << np.array([[0], [8], [16], [24]], np.uint32)
    for _ in range(_CHUNK):
        state = state >> 8 ^ table[state & 255]
    return state.tolist()  # type: ignore[no-any-return]


def checksum(data: bytes) -> int:
    """CRC-32C of the bytes. Long ones are cut into chunks, whose checksums NumPy makes side by side."""
    crc, whole = 0xFFFFFFFF, len(data) // _CHUNK
    if whole > 64:  # below, a loop over the bytes is faster
        table = np.array(_TABLE, np.uint32)
        state = np.zeros(whole, np.uint32)
        for column in np.frombuffer(data, np.uint8, whole * _CHUNK).reshape(whole, _CHUNK).T:
            state = state >> 8 ^ table[state & 255 ^ column]
        a, b, c, d = _behind()
        for alone in state.tolist():
            crc = a[crc & 255] ^ b[crc >> 8 & 255] ^ c[crc >> 16 & 255] ^ d[crc >> 24] ^ alone
        data = data[whole * _CHUNK :]
    for byte in data:
        crc = crc >> 8 ^ _TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def masked_checksum(data: bytes) -> int:
    """The checksum, rotated and shifted as TFRecord files have it."""
    crc = checksum(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
