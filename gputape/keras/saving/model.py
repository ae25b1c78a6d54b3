"""Whole models in `.keras` files: config, weights, the optimizer's state and assets, in Keras 3's layout."""

from __future__ import annotations

import datetime
import io
import json
import os
import tempfile
import warnings
import zipfile
from typing import Any

from ..serialization import ObjectSharingScope, deserialize_keras_object, serialize_keras_object
from .files import KERAS_VERSION, as_bytes, inside, may_write, read_folder, read_zip, replacing, write_folder, write_zip
from .legacy import load_legacy_model, save_legacy_model
from .walk import walk
from .weights import ARCHIVED_WEIGHTS, read_h5, report, write_h5


def save_model(
    model: Any,
    filepath: Any,
    overwrite: bool = True,
    zipped: bool | None = None,
    save_format: str | None = None,
    include_optimizer: bool = True,
) -> None:
    """Write the model to a `.keras` file that Keras 3 reads too: architecture, weights, how it was compiled, assets.

    Args:
        filepath: ends in ".keras"; or an open binary file; or ends in ".h5" or ".hdf5" for Keras 2's format, which
            takes Sequential and functional models only.
        overwrite: if False, ask before an existing file is replaced. Default True.
        zipped: False for a folder with the same files instead of one file; `filepath` is then its name.
        save_format: Keras 2's; the ending says it, so only the one that it says is taken.
        include_optimizer: whether a `.h5` file includes it; a `.keras` file always does.

    The file appears whole or not at all. Raises ValueError for another ending, ImportError if h5py is missing, and
    TypeError if something in the model has no config. Needs `pip install 'gputape[files]'`.
    """
    if str(filepath).endswith((".h5", ".hdf5")) and zipped is None and save_format in (None, "h5"):
        if may_write(filepath, overwrite):
            save_legacy_model(model, filepath, include_optimizer)
        return
    if save_format not in (None, "keras") or not include_optimizer:
        raise ValueError(
            "Models are saved in the `.keras` format with the optimizer. Remove the arguments `save_format` and "
            f"`include_optimizer`. Received: save_format={save_format}, include_optimizer={include_optimizer}"
        )
    zipped = zipped is None or zipped
    is_file = isinstance(filepath, io.IOBase)
    if not is_file and zipped != str(filepath).endswith(".keras"):
        raise ValueError(
            "Invalid filepath extension for saving. Please add a `.keras` extension, or for a folder (`zipped=False`) "
            f"leave it out. Received: filepath={filepath}, zipped={zipped}"
        )
    if not model.built:
        warnings.warn(
            "You are saving a model that has not yet been built. It might not contain any weights yet. Consider "
            "building the model first by calling it on some data.",
            stacklevel=2,
        )
    if is_file:
        write_zip(filepath, _contents(model))
    elif may_write(filepath, overwrite):
        contents = _contents(model)
        if not zipped:
            write_folder(filepath, contents)
            return
        with replacing(filepath) as file:
            write_zip(file, contents)


def load_model(filepath: Any, custom_objects: Any = None, compile: bool = True, safe_mode: bool = True) -> Any:
    """The model in a `.keras` file (or unpacked folder) or a `.h5` file, written here or by Keras.

    Args:
        filepath: the file's name, or an open binary file.
        custom_objects: {name: class or function} that the model uses and that are not registered.
        compile: compile the model as it was, with the optimizer's state. Default True.
        safe_mode: refuse lambdas, whose code would run. Default True; False only for files you trust.

    Raises ValueError for a file that is missing or of another format, a lambda in safe mode, or weights that do not
    fit; TypeError for a class that is not known.
    """
    if str(filepath).endswith((".h5", ".hdf5")) and os.path.isfile(filepath):
        return load_legacy_model(filepath, custom_objects, compile, safe_mode)
    contents = _read(filepath)
    config = json.loads(contents["config.json"])
    if not compile:
        config["compile_config"] = None
    with ObjectSharingScope():
        model = deserialize_keras_object(config, custom_objects=custom_objects, safe_mode=safe_mode)
    model.compiled = model.compiled and compile
    report(read_h5(io.BytesIO(contents[ARCHIVED_WEIGHTS]), model))
    _load_assets(model, contents)
    return model


def _read(filepath: Any) -> dict[str, bytes]:
    if isinstance(filepath, io.IOBase):
        contents = read_zip(filepath)
    elif os.path.isdir(filepath):
        contents = read_folder(filepath)
    elif not str(filepath).endswith(".keras"):
        raise ValueError(
            f"File format not supported: filepath={filepath}. Models are read from `.keras` and `.h5` files; SavedModels "
            "must be converted with Keras first."
        )
    elif not zipfile.is_zipfile(filepath):
        raise ValueError(
            f"File not found: filepath={filepath}. Please ensure the file is an accessible `.keras` zip file."
        )
    else:
        contents = read_zip(filepath)
    missing = [name for name in ("config.json", ARCHIVED_WEIGHTS) if name not in contents]
    if missing:
        raise ValueError(f"Not a saved model: {filepath} has no {' and no '.join(missing)}.")
    return contents


def _contents(model: Any) -> dict[str, bytes]:
    """The files of the archive by their names."""
    with ObjectSharingScope():
        config = serialize_keras_object(model)
    date = datetime.datetime.now().strftime("%Y-%m-%d@%H:%M:%S")
    return {
        "metadata.json": json.dumps({"keras_version": KERAS_VERSION, "date_saved": date}).encode(),
        "config.json": json.dumps(config).encode(),
        ARCHIVED_WEIGHTS: as_bytes(lambda file: write_h5(file, model)),
        **_assets(model),
    }


# -- assets: files that a layer writes into a folder of its own


def _assets(model: Any) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        for path, part in walk(model):
            if hasattr(part, "save_assets"):
                place = os.path.join(folder, path)
                os.makedirs(place, exist_ok=True)
                part.save_assets(place)
        return {f"assets/{name}": data for name, data in read_folder(folder).items()}


def _load_assets(model: Any, contents: dict[str, bytes]) -> None:
    assets = {name.removeprefix("assets/"): data for name, data in contents.items() if name.startswith("assets/")}
    if not assets:
        return
    with tempfile.TemporaryDirectory() as folder:
        write_folder(folder, assets)
        for path, part in walk(model):
            if hasattr(part, "load_assets"):
                part.load_assets(str(inside(folder, path)))
