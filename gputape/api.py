"""How the public namespaces are made: each module says in NAMES what it offers under which TensorFlow names."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any

from .errors import unknown_name


class Namespace(ModuleType):
    """A module such as `gputape.math`; an unknown name raises AttributeError with the nearest one that exists."""

    def __getattr__(self, name: str) -> Any:
        raise unknown_name(self.__name__, name, [n for n in vars(self) if not n.startswith("_")])

    def __dir__(self) -> list[str]:
        return sorted(n for n in vars(self) if not n.startswith("__"))


def _space(home: str) -> Namespace:
    """The namespace called `home`: the module of that name if there is one (gputape.random), else a new one."""
    space = sys.modules.get(home)
    if space is None:
        space = sys.modules[home] = Namespace(home, f"The names of tf.{home.partition('.')[2]}.")
    space.__class__ = Namespace
    return space  # type: ignore[return-value]


def build(root: str, tables: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The attributes of the root module: names like "tf.add", and a Namespace for each "tf.x." that has names.

    Raises ValueError if two tables claim one name for different things.
    """
    names: dict[str, Any] = {}
    spaces: dict[str, Namespace] = {}
    for table in tables:
        for path, value in table.items():
            _, *parents, leaf = path.split(".")
            scope, home = names, root
            for parent in parents:
                home += "." + parent
                if home not in spaces:
                    spaces[home] = scope[parent] = _space(home)
                scope = vars(spaces[home])
            if leaf in scope and scope[leaf] is not value:
                raise ValueError(f"{path} is claimed by {scope[leaf]!r} and by {value!r}")
            scope[leaf] = value
    for space in spaces.values():
        space.__dict__["__all__"] = [n for n in dir(space) if not n.startswith("_")]
    return names
