"""Where the weights of applications lie on this machine. Nothing is downloaded."""

from __future__ import annotations

from pathlib import Path

from ..utils.files import home


def local_file(what: str, name: str, address: str) -> Path:
    """The file `name` in the folder of models; FileNotFoundError that says where it is to be had and to be put."""
    folders = [home() / "models", Path("~/.keras/models").expanduser()]
    for folder in folders:
        if (folder / name).is_file():
            return folder / name
    raise FileNotFoundError(
        f"{what}: the file {name} is not on this machine, and nothing is downloaded. Put it into {folders[0]} (or set "
        f"GPUTAPE_HOME to the folder that has it in `models`). It can be had from {address}, for instance by "
        f'keras.utils.get_file({name!r}, origin={address!r}, cache_subdir="models").'
    )
