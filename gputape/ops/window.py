"""What convolutions and pools share: padding, output sizes, and views of all windows of a channels-last array."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

from ..errors import InvalidArgumentError

Pads = tuple[tuple[int, int], ...]


def per_axis(value: Any, rank: int, data_format: str, what: str, op: str) -> tuple[int, ...]:
    """An int, a list of 1 or `rank` ints, or one with batch and channel entries (which must be 1), as `rank` ints."""
    listed = (
        [int(value)]
        if not isinstance(value, (list, tuple)) and not hasattr(value, "shape")
        else [int(v) for v in value]
    )
    if len(listed) == rank + 2:
        first = data_format.startswith("NC")
        outer = [listed[0], listed[1 if first else -1]]
        if outer != [1, 1]:
            raise InvalidArgumentError(f"{op}: {what}={listed}: batch and channel entries must be 1")
        listed = listed[2:] if first else listed[1:-1]
    elif len(listed) == 1:
        listed = listed * rank
    if len(listed) != rank:
        raise ValueError(f"{op}: {what}={value} should be of length 1, {rank} or {rank + 2}")
    if min(listed) < 1:
        raise InvalidArgumentError(f"{op}: {what}={value}: entries must be positive")
    return tuple(listed)


def pads(
    padding: Any,
    spatial: Sequence[int],
    window: Sequence[int],
    strides: Sequence[int],
    dilations: Sequence[int],
    data_format: str,
    op: str,
) -> Pads:
    """Rows to add before and after each spatial axis for "SAME", "VALID" or explicit [[before, after], ...]."""
    rank = len(spatial)
    if isinstance(padding, str):
        kind = padding.upper()
        if kind == "VALID":
            return ((0, 0),) * rank
        if kind != "SAME":
            raise ValueError(f"{op}: padding={padding!r}: must be 'SAME', 'VALID' or a list of [before, after] pairs")
        made = []
        for n, k, s, d in zip(spatial, window, strides, dilations, strict=True):
            total = max((-(-n // s) - 1) * s + (k - 1) * d + 1 - n, 0)
            made.append((total // 2, total - total // 2))
        return tuple(made)
    listed = [(int(a), int(b)) for a, b in padding]
    if len(listed) == rank + 2:
        listed = listed[2:] if data_format.startswith("NC") else listed[1:-1]
    return tuple(listed)


def output_sizes(
    spatial: Sequence[int],
    window: Sequence[int],
    strides: Sequence[int],
    padding: Pads,
    dilations: Sequence[int],
    op: str,
) -> tuple[int, ...]:
    """How many windows fit along each axis; InvalidArgumentError if none does."""
    sizes = []
    for n, k, s, (before, after), d in zip(spatial, window, strides, padding, dilations, strict=True):
        size = (n + before + after - (k - 1) * d - 1) // s + 1
        if size < 0 or (size == 0 and n > 0):
            raise InvalidArgumentError(
                f"{op}: a window of {tuple(window)} (dilations {tuple(dilations)}) does not fit into {tuple(spatial)} "
                f"with padding {padding}: computed output size would be negative or zero [Op:{op}]"
            )
        sizes.append(max(size, 0))
    return tuple(sizes)


def padded(xp: Any, x: Any, padding: Pads, value: Any = 0) -> Any:
    """`x` (n, *spatial, c) with its spatial axes padded; itself if there is nothing to pad."""
    if not any(a or b for a, b in padding):
        return x
    spatial = [n + a + b for n, (a, b) in zip(x.shape[1:-1], padding, strict=True)]
    out = xp.empty((x.shape[0], *spatial, x.shape[-1]), x.dtype)
    out.fill(value)
    out[inner(x.shape[1:-1], padding)] = x
    return out


def inner(spatial: Sequence[int], padding: Pads) -> tuple[slice, ...]:
    """The part of a padded array that is the array itself."""
    return (slice(None), *[slice(a, a + n) for n, (a, _) in zip(spatial, padding, strict=True)], slice(None))


def shifts(
    window: Sequence[int], out: Sequence[int], strides: Sequence[int], dilations: Sequence[int]
) -> Iterator[tuple[tuple[int, ...], tuple[slice, ...]]]:
    """For each position in the window: the position, and the strided slice of the padded array it sees."""
    for position in product(*[range(k) for k in window]):
        cut = [
            slice(p * d, p * d + (o - 1) * s + 1 if o else p * d, s)
            for p, o, s, d in zip(position, out, strides, dilations, strict=True)
        ]
        yield position, (slice(None), *cut, slice(None))


def windows(
    xp: Any, x: Any, window: Sequence[int], out: Sequence[int], strides: Sequence[int], dilations: Sequence[int]
) -> Any:
    """A view (n, *out, *window, c) of all windows of the padded array `x` (n, *spatial, c)."""
    n, *steps, c = x.strides
    shape = (x.shape[0], *out, *window, x.shape[-1])
    view = (
        n,
        *[t * s for t, s in zip(steps, strides, strict=True)],
        *[t * d for t, d in zip(steps, dilations, strict=True)],
        c,
    )
    return xp.lib.stride_tricks.as_strided(x, shape, view)


def channels_last(data_format: str | None, rank: int, op: str) -> bool:
    """Whether `data_format` puts channels last; ValueError for names that are none."""
    last = {1: ("NWC", "NHWC"), 2: ("NHWC",), 3: ("NDHWC",)}[rank]
    first = {1: ("NCW", "NCHW"), 2: ("NCHW",), 3: ("NCDHW",)}[rank]
    if data_format is None or data_format in last:
        return True
    if data_format in first:
        return False
    raise ValueError(f"{op}: data_format={data_format!r}: must be one of {[*last, *first]}")
