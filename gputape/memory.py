"""What the memory goes to: a report of recorded functions and of the device's pool."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from . import cuda, function
from .trace import Read

SHOWN = 20  # lines per recording, the largest first


class Made(NamedTuple):
    """Bytes of results that one op at one line makes in a call of a recorded function."""

    op: str
    layer: str
    where: str
    bytes: int


class Recording:
    """The memory of one recording of a function.

    made: the results of its ops, the largest first. weights: bytes of the Variables it uses. constants: bytes that it
    keeps. arena: bytes of its buffers on the CPU, which results share, or of its graph's own pool on a device.
    """

    def __init__(self, name: str, concrete: Any) -> None:
        self.name = name
        sums: dict[tuple[str, str, str], int] = {}
        steps, likes = concrete.steps, concrete.trace.likes
        if concrete.on_host and not concrete.reasons:
            steps, likes = concrete.plan.steps, concrete.plan.likes
        for step in steps:
            if type(step.op) is not Read:
                size = sum([_bytes(likes[r]) for r in step.outputs])
                key = step.op.name, step.layer, step.where
                sums[key] = sums.get(key, 0) + size
        self.made = sorted([Made(*key, size) for key, size in sums.items()], key=lambda row: -row.bytes)
        self.weights = sum([v._array.nbytes for v in concrete.variables()])
        self.constants = sum([getattr(a, "nbytes", 0) for a in concrete.registers if a is not None])
        self.arena = 0
        if not concrete.reasons:
            self.arena = concrete.plan.bytes if concrete.on_host else _graph_bytes(concrete)

    def __str__(self) -> str:
        total = sum([row.bytes for row in self.made])
        head = f"{self.name}: results {_told(total)}, arena {_told(self.arena)}, weights {_told(self.weights)}"
        lines = [f"{head}, constants {_told(self.constants)}"]
        lines += [f"  {_told(r.bytes):>10s}  {r.op:24s} {r.layer:24s} {r.where}" for r in self.made[:SHOWN] if r.bytes]
        rest = sum([r.bytes for r in self.made[SHOWN:]])
        return "\n".join(lines + ([f"  {_told(rest):>10s}  others"] if rest else []))


class MemoryReport:
    """What `memory_report` gives: `recordings`, and `pool`, the bytes of the device's pool that are used and held."""

    def __init__(self, recordings: list[Recording]) -> None:
        self.recordings, self.pool = recordings, cuda.memory()

    def __str__(self) -> str:
        pool = (
            [f"pool of the device: {_told(self.pool['used'])} used of {_told(self.pool['held'])}"] if self.pool else []
        )
        return "\n".join([*(list(map(str, self.recordings)) or ["nothing is recorded"]), *pool])


def memory_report(*functions: Any) -> MemoryReport:
    """The memory of recorded functions: bytes that each op makes, by layer and source line, buffers and weights.

    functions: `tf.function`s; default: all that are alive, those of `fit` among them. What eager code holds on a tape
    is not counted. On a device the pool is told too.

    >>> import gputape as tf
    >>> double = tf.function(lambda x: x + x)
    >>> y = double(tf.ones([256]))
    >>> report = tf.memory_report(double)
    >>> report.recordings[0].made[0].op, report.recordings[0].made[0].bytes
    ('add', 1024)
    """
    found = functions or sorted(function.alive, key=lambda f: f.__name__)
    return MemoryReport([Recording(name, concrete) for f in found for name, concrete in f.recordings()])


def _bytes(like: Any) -> int:
    return 0 if like is None else math.prod(like[0]) * int(like[1].itemsize)


def _graph_bytes(concrete: Any) -> int:
    """What the graph's own pool holds; 0 before its capture, and while emulating."""
    graph = concrete.__dict__.get("graph")
    pool = getattr(getattr(graph, "graph", None), "pool", None)
    return 0 if pool is None else int(pool.total_bytes())


def _told(size: int) -> str:
    """Bytes for people."""
    value = float(size)
    for unit in ("B", "KiB", "MiB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.2f} GiB"


NAMES = {"tf.memory_report": memory_report}
