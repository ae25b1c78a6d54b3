"""Weights in files: `.weights.h5` in Keras's layout, and `.npz` where h5py is not there.

Both hold, for every part of the model, the arrays "<path>/vars/0", "<path>/vars/1", ...; see walk.py for the paths.
"""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np

from .files import may_write, replacing
from .walk import walk

ARCHIVED_WEIGHTS = "model.weights.h5"
_BFLOAT16 = np.dtype(ml_dtypes.bfloat16)
_NPZ_BFLOAT16 = ":bfloat16"  # NumPy's files know no bfloat16: its bits are kept as uint16 under a marked name


def save_weights(model: Any, filepath: Any, overwrite: bool = True, objects_to_skip: Any = None) -> None:
    """Write all weights of a built model, and the state of its optimizer, to one file.

    Args:
        filepath: ends in ".weights.h5" (the layout of Keras 3, needs h5py) or ".npz" (NumPy's, named as in the other).
        overwrite: if False, ask before an existing file is replaced. Default True.
        objects_to_skip: layers to leave out.

    The file appears whole or not at all. Raises ValueError for another ending or a model that is not built,
    ImportError if h5py is missing.

    >>> import os, tempfile
    >>> from gputape import keras
    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "model.npz")
    ...     keras.saving.save_weights(model, path)
    ...     model.load_weights(path)
    ...     sorted(np.load(path))
    ['layers/dense/vars/0', 'layers/dense/vars/1']
    """
    path = str(filepath)
    if not path.endswith((".weights.h5", ".npz")):
        raise ValueError(f"The filename must end in `.weights.h5` (or `.npz`). Received: filepath={path}")
    _check_built(model, "saving")
    if may_write(path, overwrite):
        write = write_npz if path.endswith(".npz") else write_h5
        with replacing(path) as file:
            write(file, model, objects_to_skip or ())


def load_weights(model: Any, filepath: Any, skip_mismatch: bool = False, objects_to_skip: Any = None) -> None:
    """Read what `save_weights` or `save_model` wrote, here or by Keras 3, into a built model of the same structure.

    Args:
        filepath: ".weights.h5", ".npz", ".keras", or ".h5" as Keras 2 wrote it.
        skip_mismatch: leave parts that do not fit as they are, with one warning. Default False.
        objects_to_skip: layers to leave as they are.

    Raises ValueError for another ending, a model that is not built, or parts that do not fit.
    """
    path = str(filepath)
    if not path.endswith((".h5", ".npz", ".keras")):
        raise ValueError(
            f"File format not supported: filepath={path}. Weights are read from `.weights.h5`, `.h5` (of Keras 2), `.npz` "
            "and `.keras` files."
        )
    _check_built(model, "loading weights into")
    if path.endswith(".h5") and not path.endswith(".weights.h5"):
        from .legacy import load_legacy_weights

        load_legacy_weights(model, path, skip_mismatch)
        return
    with open(path, "rb") as file:
        if path.endswith(".keras"):
            with zipfile.ZipFile(file) as archive, archive.open(ARCHIVED_WEIGHTS) as inner:
                failed = read_h5(inner, model, objects_to_skip or ())
        else:
            failed = (read_npz if path.endswith(".npz") else read_h5)(file, model, objects_to_skip or ())
    report(failed, skip_mismatch)


def _check_built(model: Any, doing: str) -> None:
    if not model.built:
        raise ValueError(
            f"You are {doing} a model that has not yet been built. Try building the model first by calling it on some "
            "data or by using `build()`."
        )


def report(failed: list[tuple[Any, Exception]], warn_only: bool = False) -> None:
    """ValueError (or a warning) about the parts whose weights could not be loaded, if there are any."""
    if not failed:
        return
    part, error = failed[0]
    message = (
        f"A total of {len(failed)} objects could not be loaded. Example error message for object {part}:\n\n"
        f"{error}\n\nList of objects that could not be loaded:\n{[p for p, _ in failed]}"
    )
    if not warn_only:
        raise ValueError(message) from error
    warnings.warn(message, stacklevel=4)


# -- the two formats


def write_h5(file: Any, model: Any, skip: Any = ()) -> None:
    with h5py().File(file, "w") as h5:
        for path, part in walk(model, skip):
            group = h5.create_group(f"{path}/vars".lstrip("/"))
            group.attrs["name"] = part.name
            for key, value in _own(part).items():
                dataset = group.create_dataset(key, data=value)
                if value.dtype == _BFLOAT16:
                    dataset.attrs["dtype"] = "bfloat16"


def read_h5(file: Any, model: Any, skip: Any = ()) -> list[tuple[Any, Exception]]:
    """Load every part; returns those that failed with their errors."""
    with h5py().File(file, "r") as h5:
        return _load(model, lambda path: _h5_arrays(h5, f"{path}/vars".lstrip("/")), skip)


def _h5_arrays(h5: Any, path: str) -> dict[str, np.ndarray]:
    group = h5
    for name in path.split("/"):
        if name not in group:
            return {}
        _check_link(group, name)
        group = group[name]
    return {key: h5_array(group, key) for key in group}


def h5_array(group: Any, key: str) -> np.ndarray:
    _check_link(group, key)
    dataset = group[key]
    if not hasattr(dataset, "is_virtual") or dataset.external or dataset.is_virtual:
        raise ValueError(f"Not allowed: '{dataset.name}' of the HDF5 file is not an array stored in the file itself.")
    value = np.asarray(dataset[()])
    if dataset.attrs.get("dtype") != "bfloat16":
        return value
    return value.view(_BFLOAT16) if value.dtype.kind == "V" else value.astype(_BFLOAT16)


def _check_link(group: Any, name: str) -> None:
    """A file that was made to harm could point to others on this machine: only what lies in it is read."""
    link = type(group.get(name, getlink=True)).__name__
    if link != "HardLink":
        raise ValueError(f"Not allowed: HDF5 file with {link} at '{group.name}/{name}'.")


def write_npz(file: Any, model: Any, skip: Any = ()) -> None:
    arrays = {}
    for path, part in walk(model, skip):
        for key, value in _own(part).items():
            name = f"{path}/vars/{key}".lstrip("/")
            marked = value.dtype == _BFLOAT16
            arrays[name + _NPZ_BFLOAT16 * marked] = value.view(np.uint16) if marked else value
    np.savez(file, **arrays)  # type: ignore[arg-type]


def read_npz(file: Any, model: Any, skip: Any = ()) -> list[tuple[Any, Exception]]:
    """As `read_h5`. Nothing is unpickled."""
    groups: dict[str, dict[str, np.ndarray]] = {}
    with np.load(file, allow_pickle=False) as arrays:
        for name in arrays.files:
            path, key = name.removesuffix(_NPZ_BFLOAT16).rsplit("/", 1)
            value = arrays[name]
            groups.setdefault(path, {})[key] = value.view(_BFLOAT16) if name.endswith(_NPZ_BFLOAT16) else value
    return _load(model, lambda path: groups.get(f"{path}/vars".lstrip("/"), {}), skip)


def _own(part: Any) -> dict[str, np.ndarray]:
    store: dict[str, Any] = {}
    part.save_own_variables(store)
    return {key: np.asarray(value) for key, value in store.items()}


def _load(model: Any, stored: Callable[[str], dict[str, np.ndarray]], skip: Any) -> list[tuple[Any, Exception]]:
    failed = []
    for path, part in walk(model, skip):
        try:
            part.load_own_variables(stored(path))
        except Exception as error:  # a layer's own method may raise anything; all are told together
            failed.append((part, error))
    return failed


def h5py() -> Any:
    try:
        import h5py
    except ImportError:
        raise ImportError(
            "Weights in HDF5 files need h5py: pip install 'gputape[files]'. Without it, `save_weights` and "
            "`load_weights` take a name that ends in `.npz`."
        ) from None
    return h5py
