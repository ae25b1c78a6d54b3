"""Where data sets lie on this machine, and how their files are read. Nothing is downloaded."""

from __future__ import annotations

import gzip
import io
import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from ..utils.files import home

SYSTEM = Path("/usr/share/datasets")  # where Debian's packages put them
STORE = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"


def folders() -> list[Path]:
    """The folders in which files are looked for, in this order."""
    return [home() / "datasets", home(), Path("~/.keras/datasets").expanduser(), SYSTEM]


def find(*names: str) -> Path | None:
    """The first file or folder with one of these names (paths below the folders); None if there is none."""
    paths = [Path(names[0])] if os.path.isabs(names[0]) else [f / name for f in folders() for name in names]
    return next((p for p in paths if p.exists()), None)


def missing(what: str, name: str, address: str) -> FileNotFoundError:
    """The error that says which file is to be put where."""
    return FileNotFoundError(
        f"{what}: the file {name} is not on this machine, and nothing is downloaded. Put it into {folders()[0]} "
        f"(or set GPUTAPE_HOME to the folder that has it in `datasets`). It can be had from {address}, for instance "
        f"by keras.utils.get_file({name!r}, origin={address!r})."
    )


def found(what: str, name: str, address: str, *others: str) -> Path:
    """The file `name`, or one of the others that serves as well; FileNotFoundError that teaches otherwise."""
    path = find(name, *others)
    if path is None:
        raise missing(what, name, address)
    return path


# -- formats


class _ArraysOnly(pickle.Unpickler):
    """Reads pickled arrays and lists, and runs no code that a file might bring."""

    _ALLOWED = frozenset(
        [
            ("_codecs", "encode"),  # how Python 3 writes bytes in Python 2's format
            *((module, "_reconstruct") for module in ("numpy.core.multiarray", "numpy._core.multiarray")),
            *(("numpy", name) for name in ("ndarray", "dtype")),
        ]
    )

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in self._ALLOWED:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(
            f"Refusing to deserialize `{module}.{name}` while loading a data set: the file is damaged or malicious."
        )


def unpickled(data: bytes) -> Any:
    """What was pickled: arrays, lists, dicts, strings, numbers; UnpicklingError for anything else."""
    return _ArraysOnly(io.BytesIO(data), encoding="bytes").load()


def arrays(path: Path) -> dict[str, Any]:
    """The arrays of an .npz file, those of lists too, without running code that a file might bring."""
    made = {}
    with zipfile.ZipFile(path) as archive:
        for member in archive.namelist():
            file = io.BytesIO(archive.read(member))
            version = np.lib.format.read_magic(file)
            header = np.lib.format.read_array_header_1_0 if version[0] == 1 else np.lib.format.read_array_header_2_0
            shape, _, dtype = header(file)
            if dtype.hasobject:
                made[member.removesuffix(".npy")] = unpickled(file.read()).reshape(shape)
            else:
                file.seek(0)
                made[member.removesuffix(".npy")] = np.lib.format.read_array(file, allow_pickle=False)
    return made


def idx(path: Path) -> Any:
    """The array of a file in the format of MNIST, gzipped or not: bytes 0 0 8 rank, sizes, values."""
    data = path.read_bytes()
    data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    if data[:3] != b"\0\0\x08":
        raise ValueError(f"{path} is no file of unsigned bytes in the format of MNIST")
    rank = data[3]
    shape = np.frombuffer(data, ">i4", rank, 4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * rank).reshape(shape).copy()


IDX_FILES = (
    "train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte",
)  # fmt: skip


def idx_files(folder: str) -> Any:
    """((x_train, y_train), (x_test, y_test)) from MNIST's four files in `folder`; None if one is missing."""
    paths = [find(f"{folder}/{name}.gz", f"{folder}/{name}") for name in IDX_FILES]
    if any(p is None for p in paths):
        return None
    x, y, x_test, y_test = (idx(p) for p in paths if p is not None)
    return (x, y), (x_test, y_test)


def mixed(x: Any, y: Any, seed: int) -> tuple[Any, Any]:
    """Samples in the random order that Keras gives them: that of RandomState(seed).shuffle."""
    order = np.arange(len(x))
    np.random.RandomState(seed).shuffle(order)
    return x[order], y[order]


def split(x: Any, y: Any, test_split: float) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """The first part for training, the last for the test."""
    kept = int(len(x) * (1 - test_split))
    return (np.array(x[:kept]), np.array(y[:kept])), (np.array(x[kept:]), np.array(y[kept:]))
