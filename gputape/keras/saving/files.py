"""Files that are either whole or not there, and archives whose names stay inside the folder they are unpacked to."""

from __future__ import annotations

import contextlib
import io
import os
import secrets
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

KERAS_VERSION = "3.15.0"  # whose layouts these are


@contextlib.contextmanager
def replacing(path: Any) -> Iterator[Any]:
    """A new binary file to write; it takes the place of `path` when the body ends, and is removed if it raises."""
    temporary = f"{os.fspath(path)}.{secrets.token_hex(4)}.tmp"
    try:
        with open(temporary, "x+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.remove(temporary)


def may_write(path: Any, overwrite: bool) -> bool:
    """Whether `path` is free or may be replaced: by `overwrite`, or by the answer of the person at the prompt."""
    if overwrite or not os.path.exists(path):
        return True
    answer = ""
    while answer not in ("y", "n"):
        answer = input(f"[WARNING] {path} already exists - overwrite? [y/n] ").strip().lower()
    return answer == "y"


def write_zip(file: Any, contents: Mapping[str, bytes]) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in contents.items():
            archive.writestr(name, data)


def write_folder(folder: Any, contents: Mapping[str, bytes]) -> None:
    for name, data in contents.items():
        path = inside(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as file:
            file.write(data)


def read_folder(folder: Any) -> dict[str, bytes]:
    """The files under `folder` by their relative names, with "/" between the parts."""
    paths = (p for p in sorted(Path(folder).rglob("*")) if p.is_file())
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in paths}


def read_zip(file: Any) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}


def inside(folder: Any, name: str) -> Path:
    """The path of `name` in `folder`; ValueError if it would lie outside."""
    root = Path(folder).resolve()
    path = (root / name.replace("\\", "/")).resolve()
    if not path.is_relative_to(root):
        raise ValueError(f"The archive names a file outside of its folder: {name!r}. It was not unpacked.")
    return path


def as_bytes(write: Any) -> bytes:
    """What `write(file)` writes."""
    file = io.BytesIO()
    write(file)
    return file.getvalue()
