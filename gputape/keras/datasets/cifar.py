"""What CIFAR-10 and CIFAR-100 have in common: pickled batches in an archive or a folder (Krizhevsky 2009)."""

from __future__ import annotations

import tarfile
from typing import Any

import numpy as np

from ..config import image_data_format
from . import local

SOURCE = "https://www.cs.toronto.edu/~kriz/"


def batches(what: str, archive: str, folder: str, names: list[str], key: str) -> list[tuple[Any, Any]]:
    """(images, labels) of the batches `names`, read from `archive` or from the `folder` that it unpacks to."""
    kept = f"{folder}-target"  # what keras.utils.get_file makes of the archive
    inside = [folder, f"{kept}/{folder}", f"{archive.removesuffix('.tar.gz')}/{folder}"]
    where = local.find(*inside)
    if where is not None:
        return [_batch((where / name).read_bytes(), key) for name in names]
    path = local.found(what, archive, SOURCE + archive, f"{kept}_archive")
    with tarfile.open(path) as tar:
        return [_batch(_member(tar, f"{folder}/{name}"), key) for name in names]


def _member(tar: tarfile.TarFile, name: str) -> bytes:
    file = tar.extractfile(name)
    if file is None:
        raise ValueError(f"{name} in the archive {tar.name!r} is no file")
    return file.read()


def _batch(data: bytes, key: str) -> tuple[Any, Any]:
    batch = local.unpickled(data)
    images = batch[b"data"].reshape(-1, 3, 32, 32)
    images = images.transpose(0, 2, 3, 1) if image_data_format() == "channels_last" else images
    return np.ascontiguousarray(images), np.array(batch[key.encode()], np.uint8)[:, None]


def joined(parts: list[tuple[Any, Any]]) -> tuple[Any, Any]:
    """Several batches as one."""
    return np.concatenate([x for x, _ in parts]), np.concatenate([y for _, y in parts])
