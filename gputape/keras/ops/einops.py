"""keras.ops.rearrange: axes named in a pattern, taken apart, moved and put together."""

from __future__ import annotations

import math
import re

import gputape as tf

from .promotion import tensor


def _groups(side: str) -> list[list[str]]:
    """ "(a b) c" -> [["a", "b"], ["c"]]."""
    found = re.findall(r"\(([^()]*)\)|([^\s()]+)", side)
    return [inside.split() if not name else [name] for inside, name in found]


def rearrange(tensor, pattern, **axes_lengths):
    """`tensor` with its axes as `pattern` says, "axes before -> axes after"; parentheses hold axes that are one.

    axes_lengths: the sizes of axes in parentheses on the left; of each pair of parentheses one may be left out.
    ValueError if the two sides do not name the same axes, or the sizes do not fit.

    >>> from gputape import keras
    >>> keras.ops.rearrange(keras.ops.ones((2, 6, 3)), "b (h w) c -> b c h w", h=2).shape
    TensorShape([2, 3, 2, 3])
    """
    x = _as_tensor(tensor)
    sides = pattern.split("->")
    if len(sides) != 2:
        raise ValueError(f"rearrange: pattern={pattern!r} must have the form 'axes before -> axes after'")
    before, after = (_groups(side) for side in sides)
    names, moved = ([n for group in side for n in group] for side in (before, after))
    if sorted(names) != sorted(moved) or len(set(names)) != len(names):
        raise ValueError(f"rearrange: pattern={pattern!r} must name each axis once on either side: {names}, {moved}")
    if len(before) != len(x.shape):
        raise ValueError(f"rearrange: pattern={pattern!r} has {len(before)} axes, the tensor has shape {x.shape}")
    sizes = dict(axes_lengths)
    for group, size in zip(before, x.shape, strict=True):
        open_ = [n for n in group if n not in sizes]
        known = math.prod(sizes[n] for n in group if n in sizes)
        if len(open_) > 1 or (known and size % known) or (not open_ and known != size):
            raise ValueError(
                f"rearrange: an axis of size {size} is no product of {group} with the given lengths {axes_lengths}"
            )
        if open_:
            sizes[open_[0]] = size // known
    y = tf.transpose(tf.reshape(x, [sizes[n] for n in names]), [names.index(n) for n in moved])
    return tf.reshape(y, [math.prod(sizes[n] for n in group) for group in after])


_as_tensor = tensor
NAMES = {"rearrange": rearrange}
