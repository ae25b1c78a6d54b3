"""The files of a checkpoint, and the file `checkpoint` that says which one is the latest.

A checkpoint named "ckpt-1" is two files: `ckpt-1.index`, JSON with every tensor's dtype, shape and place and with the
graph of objects, and `ckpt-1.data-00000-of-00001`, the values one after the other, little-endian, row-major. The names
are TensorFlow's, so that programs find them; the contents are this library's own.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..dtypes import FROM_NUMPY, as_dtype
from ..errors import DataLossError, InvalidArgumentError, NotFoundError
from ..sources import write_whole

_KIND = "gputape checkpoint"


def index_path(prefix: str) -> Path:
    return Path(f"{prefix}.index")


def data_path(prefix: str) -> Path:
    return Path(f"{prefix}.data-00000-of-00001")


def write(prefix: str, values: dict[str, Any], nodes: list[Any], variables: dict[int, str]) -> None:
    """Write `values` (key -> array) and the graph: `nodes`, and the key of each node that is a variable."""
    tensors, parts, offset = {}, [], 0
    for key in sorted(values):
        array = np.asarray(values[key])
        if array.dtype.kind == "O":
            data = json.dumps([v.decode("latin-1") for v in array.ravel().tolist()]).encode()
        else:
            data = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
        tensors[key] = {
            "dtype": FROM_NUMPY[array.dtype].name,
            "shape": list(array.shape),
            "offset": offset,
            "size": len(data),
        }
        parts.append(data)
        offset += len(data)
    index = {"kind": _KIND, "tensors": tensors, "nodes": nodes, "variables": {str(k): v for k, v in variables.items()}}
    write_whole(data_path(prefix), b"".join(parts))
    write_whole(index_path(prefix), json.dumps(index).encode())  # last: what has an index is complete


class CheckpointReader:
    """Reads single values of a checkpoint; made by tf.train.load_checkpoint.

    Raises NotFoundError if there is no such checkpoint, DataLossError if the files are not this library's.
    """

    def __init__(self, prefix: str) -> None:
        self.prefix = os.fspath(prefix)
        try:
            text = index_path(self.prefix).read_bytes()
        except OSError:
            raise NotFoundError(
                f"Unsuccessful TensorSliceReader constructor: Failed to find any matching files for {self.prefix}"
            ) from None
        try:
            index = json.loads(text)
            assert index["kind"] == _KIND
        except (ValueError, KeyError, TypeError, AssertionError):
            raise DataLossError(
                f"{self.prefix} is no checkpoint of this library: TensorFlow's own files cannot be read; save weights "
                f"from Keras as .weights.h5 or .keras and load them with model.load_weights"
            ) from None
        self.tensors: dict[str, Any] = index["tensors"]
        self.nodes: list[dict[str, int]] = index["nodes"]
        self.variables = {int(k): v for k, v in index["variables"].items()}

    def has_tensor(self, tensor_str: str) -> bool:
        return tensor_str in self.tensors

    def get_tensor(self, tensor_str: str) -> Any:
        """The value of that key, a NumPy array. NotFoundError if the checkpoint has no such key."""
        entry = self.tensors.get(tensor_str)
        if entry is None:
            raise NotFoundError(f"Key {tensor_str} not found in checkpoint {self.prefix}")
        with open(data_path(self.prefix), "rb") as file:
            file.seek(entry["offset"])
            data = file.read(entry["size"])
        if len(data) != entry["size"]:
            raise DataLossError(f"{data_path(self.prefix)} is cut short: {tensor_str} is not in it")
        dtype, shape = as_dtype(entry["dtype"]).numpy, tuple(entry["shape"])
        if dtype.kind == "O":
            array = np.empty(shape, object)
            array.ravel()[:] = [v.encode("latin-1") for v in json.loads(data)]
            return array
        return np.frombuffer(data, dtype).reshape(shape).copy()

    def get_variable_to_shape_map(self) -> dict[str, list[int]]:
        return {k: list(v["shape"]) for k, v in self.tensors.items()}

    def get_variable_to_dtype_map(self) -> dict[str, Any]:
        return {k: as_dtype(v["dtype"]) for k, v in self.tensors.items()}


def delete(prefix: str) -> None:
    for path in (index_path(prefix), data_path(prefix)):
        path.unlink(missing_ok=True)


# -- the file `checkpoint`


class CheckpointState(NamedTuple):
    """What the file `checkpoint` of a directory says: the latest checkpoint and all that are kept, oldest first."""

    model_checkpoint_path: str
    all_model_checkpoint_paths: list[str]
    all_model_checkpoint_timestamps: list[float]
    last_preserved_timestamp: float | None


def write_state(directory: Any, latest: str, kept: list[tuple[str, float]], preserved: float | None = None) -> None:
    """Say in `directory` that `latest` is the latest of the checkpoints `kept` (path, seconds since 1970)."""

    def relative(path: str) -> str:
        return json.dumps(os.path.relpath(path, directory))

    lines = [f"model_checkpoint_path: {relative(latest)}"]
    lines += [f"all_model_checkpoint_paths: {relative(path)}" for path, _ in kept]
    lines += [f"all_model_checkpoint_timestamps: {time!r}" for _, time in kept]
    if preserved is not None:
        lines.append(f"last_preserved_timestamp: {preserved!r}")
    write_whole(Path(directory) / "checkpoint", ("\n".join(lines) + "\n").encode())


def get_checkpoint_state(checkpoint_dir: Any, latest_filename: str | None = None) -> CheckpointState | None:
    """What the file `checkpoint` in a directory says, with whole paths; None if there is none."""
    directory = os.fspath(checkpoint_dir)
    try:
        text = (Path(directory) / (latest_filename or "checkpoint")).read_text(encoding="utf-8")
    except OSError:
        return None
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r"^(\w+): (.+)$", text, flags=re.MULTILINE):
        found.setdefault(name, []).append(value)
    if "model_checkpoint_path" not in found:
        return None
    paths = {name: [os.path.join(directory, json.loads(v)) for v in found.get(name, ())] for name in _PATHS}
    times = [float(v) for v in found.get("all_model_checkpoint_timestamps", ())]
    preserved = found.get("last_preserved_timestamp")
    return CheckpointState(
        paths["model_checkpoint_path"][-1],
        paths["all_model_checkpoint_paths"],
        times,
        float(preserved[0]) if preserved else None,
    )


_PATHS = ("model_checkpoint_path", "all_model_checkpoint_paths")


def latest_checkpoint(checkpoint_dir: Any, latest_filename: str | None = None) -> str | None:
    """The latest checkpoint of a directory, as a name that `Checkpoint.restore` takes; None if there is none."""
    state = get_checkpoint_state(checkpoint_dir, latest_filename)
    if state is None or not index_path(state.model_checkpoint_path).exists():
        return None
    return state.model_checkpoint_path


def load_checkpoint(ckpt_dir_or_file: Any) -> CheckpointReader:
    """A reader of the checkpoint of that name, or of the latest one in a directory (ValueError if it has none)."""
    name = os.fspath(ckpt_dir_or_file)
    if index_path(name).exists():
        return CheckpointReader(name)
    if os.path.isdir(name):
        latest = latest_checkpoint(name)
        if latest is None:
            raise ValueError(f"Couldn't find 'checkpoint' file or checkpoints in given directory {name}")
        return CheckpointReader(latest)
    return CheckpointReader(name)


def load_variable(ckpt_dir_or_file: Any, name: str) -> Any:
    """One value of a checkpoint, by its key, a NumPy array."""
    return load_checkpoint(ckpt_dir_or_file).get_tensor(name.removesuffix(":0"))


def list_variables(ckpt_dir_or_file: Any) -> list[tuple[str, list[int]]]:
    """(key, shape) of all values of a checkpoint, sorted."""
    return sorted(load_checkpoint(ckpt_dir_or_file).get_variable_to_shape_map().items())


def checked_prefix(prefix: Any) -> str:
    """`prefix` as a string whose directory exists. InvalidArgumentError for an empty name."""
    name: str = os.fspath(prefix)
    if not os.path.basename(name):
        raise InvalidArgumentError(f"a checkpoint needs a file name, not only a directory: {name!r}")
    os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
    return name
