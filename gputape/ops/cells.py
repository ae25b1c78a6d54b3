"""Borders of cells of nearly equal size along an axis, at random places. Graham 2015, "Fractional max-pooling"."""

from __future__ import annotations

import numpy as np

from ..cuda import to_host
from ..op import effect
from .random import _stream


@effect(on_host=True)
def draw_borders(xp, targets, *, size, count, pseudo_random):
    """Where `count` cells of k or k + 1 of `size` elements begin, and the end: int64 (count + 1,), k = size // count.

    pseudo_random: border i is ceil(size / count * (i + u)) with one random u; else the long cells stand anywhere.
    """
    key, draw = to_host(targets[0])[:2]
    rng = np.random.Generator(_stream(key, draw))
    k, longer = divmod(size, count)
    if pseudo_random and longer:
        ratio = size / count
        u = rng.random() * min((k + 2) / ratio - 1, (size + 1 - k) / ratio - (count - 1))
        made = np.ceil(ratio * (np.arange(count + 1) + u)).astype(np.int64)
        made[0], made[-1] = 1, size + 1
        made -= 1
    else:
        steps = np.full(count, k, np.int64)
        steps[rng.permutation(count)[:longer]] += 1
        made = np.concatenate([np.zeros(1, np.int64), np.cumsum(steps)])
    targets[0][1] += 1
    return xp.asarray(made)
