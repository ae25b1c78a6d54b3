"""What a checkpoint sees of a program: objects, and under which names they hold each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..tensor import Array, Variable

SUFFIX = "/.ATTRIBUTES/VARIABLE_VALUE"  # TensorFlow's ending of a variable's key


def is_trackable(x: Any) -> bool:
    """Whether `x` may hold variables: a Variable, a container, or an object with variables in it."""
    if isinstance(x, (Variable, list, tuple, dict)):
        return True
    if isinstance(x, (type, Array)) or not hasattr(x, "__dict__"):
        return False
    return hasattr(type(x), "variables") or any(isinstance(v, Variable) for v in vars(x).values())


def children(x: Any) -> Iterator[tuple[str, Any]]:
    """(name, object) for what `x` holds: attributes, items by number, values by key."""
    if isinstance(x, Variable):
        return
    if isinstance(x, dict):
        pairs = ((str(k), v) for k, v in x.items())
    elif isinstance(x, (list, tuple)):
        pairs = ((str(k), v) for k, v in enumerate(x))
    else:
        found = vars(x) if not hasattr(x, "_held_in_checkpoints") else x._held_in_checkpoints()
        root = found.get("_root_of_checkpoint")
        pairs = ((k, found[k]) for k in sorted(found, key=lambda k: (k.startswith("_"), k)))
        if root is not None:
            yield from children(root)
    for name, value in pairs:
        if name != "_root_of_checkpoint" and is_trackable(value):
            yield name, value


class Graph:
    """The objects that a root holds. Node 0 is the root; each object is one node, however often it is held.

    `nodes`: for each node the names and numbers of its children; `variables`: node -> (key, Variable), the key being
    the shortest path to it. Objects without variables in them are left out.
    """

    def __init__(self, root: Any) -> None:
        self.nodes: list[dict[str, int]] = [{}]
        self.variables: dict[int, tuple[str, Variable]] = {}
        self.objects: list[Any] = [root]
        numbers, paths = {id(root): 0}, [""]
        at = 0
        while at < len(self.objects):
            for name, value in children(self.objects[at]):
                number = numbers.get(id(value))
                if number is None:
                    number = numbers[id(value)] = len(self.objects)
                    self.objects.append(value)
                    self.nodes.append({})
                    paths.append(f"{paths[at]}/{_escaped(name)}".lstrip("/"))
                    if isinstance(value, Variable):
                        self.variables[number] = (paths[number] + SUFFIX, value)
                self.nodes[at][name] = number
            at += 1

    def kept(self) -> list[dict[str, int]]:
        """`nodes` without the edges that lead to no variable."""
        parents: dict[int, list[int]] = {}
        for number, node in enumerate(self.nodes):
            for child in node.values():
                parents.setdefault(child, []).append(number)
        useful, queue = set(self.variables), list(self.variables)
        while queue:
            for parent in parents.get(queue.pop(), ()):
                if parent not in useful:
                    useful.add(parent)
                    queue.append(parent)
        return [{name: child for name, child in node.items() if child in useful} for node in self.nodes]


def _escaped(name: str) -> str:
    return name.replace(".", "..").replace("/", ".S")
