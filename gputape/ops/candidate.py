"""Drawing classes at random, with or without repetition: an effect on a generator's state, made on the host."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..cuda import to_host
from ..op import effect
from .random import _stream

_BATCH = 1024  # draws at a time when repetitions are rejected


@effect(on_host=True)
def draw_candidates(xp, targets, cumulative, *, distribution, range_max, count, unique):
    """`count` classes below `range_max` (int64), and how many draws it took to find them (float32).

    distribution: "uniform"; "log_uniform", class c with probability log((c + 2) / (c + 1)) / log(range_max + 1); or
    "weighted" by the running sums `cumulative`. unique: a class that was drawn before is drawn again.
    """
    key, draw = to_host(targets[0])[:2]
    rng = np.random.Generator(_stream(key, draw))
    sums = np.asarray(to_host(cumulative), np.float64)

    def draws(size: int) -> Any:
        u = rng.random(size)
        if distribution == "uniform":
            made = u * range_max
        elif distribution == "log_uniform":
            made = np.exp(u * math.log1p(range_max)) - 1
        else:
            made = np.searchsorted(sums, u * sums[-1], side="right")
        return np.minimum(made.astype(np.int64), range_max - 1)

    if unique:
        found, tries = _distinct(draws, count)
    else:
        found, tries = draws(count), count
    targets[0][1] += 1
    return xp.asarray(found), xp.asarray(np.float32(tries))


def _distinct(draws: Any, count: int) -> tuple[Any, int]:
    """The first `count` different classes in the order in which they come, and the number of draws."""
    seen: dict[int, None] = {}
    tries = 0
    while True:
        for c in draws(min(_BATCH, 2 * count)).tolist():
            tries += 1
            seen[c] = None
            if len(seen) == count:
                return np.fromiter(seen, np.int64, count), tries
