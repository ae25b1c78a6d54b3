"""Datasets of files."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

import gputape as tf
from gputape.data import readers

RECORDED = "0500000000000000eab2043e666972737455ff23e5000000000000000029039807d8ea82a2"


def listed(dataset: Any) -> list[bytes]:
    return list(dataset.as_numpy_iterator())


def test_lines(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"one\r\ntwo\n\nlast")
    (tmp_path / "b.txt").write_bytes(b"more\n")
    names = [str(tmp_path / "a.txt"), str(tmp_path / "b.txt")]
    assert listed(tf.data.TextLineDataset(names)) == [b"one", b"two", b"", b"last", b"more"]
    files = tf.data.Dataset.list_files(str(tmp_path / "*.txt"), shuffle=False)
    assert listed(files) == [n.encode() for n in names]
    assert listed(tf.data.TextLineDataset(files)) == listed(files.flat_map(tf.data.TextLineDataset))
    with gzip.open(tmp_path / "c.gz", "wb") as file:
        file.write(b"packed\n")
    assert listed(tf.data.TextLineDataset(tmp_path / "c.gz", compression_type="GZIP")) == [b"packed"]
    with pytest.raises(tf.errors.NotFoundError, match="missing"):
        listed(tf.data.TextLineDataset("missing.txt"))


def test_records_of_fixed_length(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"HHabcdefFF1")
    made = tf.data.FixedLengthRecordDataset(str(tmp_path / "a"), 3, header_bytes=2, footer_bytes=3)
    assert listed(made) == [b"abc", b"def"]
    with pytest.raises(tf.errors.DataLossError, match="multiple of 4"):
        listed(tf.data.FixedLengthRecordDataset(str(tmp_path / "a"), 4))


def test_tfrecords(tmp_path: Path) -> None:
    path = tmp_path / "a.tfrecord"
    with tf.data.experimental.TFRecordWriter(path) as writer:
        writer.write(b"first")
        writer.write(b"")
    # what TensorFlow 2.21 writes for the same records
    assert path.read_bytes().hex() == RECORDED
    assert listed(tf.data.TFRecordDataset(path)) == [b"first", b""]
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(tf.errors.DataLossError, match="corrupted"):
        listed(tf.data.TFRecordDataset(path))


def test_checksums_of_long_records() -> None:
    assert readers.checksum(b"123456789") == 0xE3069283  # the check value of CRC-32C
    data = bytes(k * k % 251 for k in range(40000))
    for size in (0, 1, 33279, 33280, 33281, 39999):
        crc = 0xFFFFFFFF
        for byte in data[:size]:
            crc = crc >> 8 ^ readers._TABLE[(crc ^ byte) & 0xFF]
        assert readers.checksum(data[:size]) == crc ^ 0xFFFFFFFF
