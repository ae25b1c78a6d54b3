"""What convolutions and pools share: how a window slides over the spatial axes of a channels-last array."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from ..errors import InvalidArgumentError
from ..registry import OPS

Pads = tuple[tuple[int, int], ...]
CACHE = 1 << 18  # elements of what is worked on at a time on NumPy: they stay in a core's cache
AXES = ("i4", (3,))
WINDOW = np.dtype(  # the struct Window of kernels/window.cuh
    [("images", "i4"), *[(name, *AXES) for name in ("in", "out", "size", "stride", "dilation", "before")]]
)
COUNTED = 2**31  # kernels number pixels and elements in 32 bits


class Sliding(NamedTuple):
    """A window of `window` elements, `dilations` apart, moved by `strides` over an input with `padding` around it.

    Each a tuple with an entry for each spatial axis. Arrays are (n, *spatial, c), spatial sizes without padding.
    """

    window: tuple[int, ...]
    strides: tuple[int, ...]
    padding: Pads
    dilations: tuple[int, ...]

    @property
    def size(self) -> int:
        """The number of elements of the window."""
        return math.prod(self.window)

    def out(self, spatial: Sequence[int], op: str = "window") -> tuple[int, ...]:
        """How many windows fit along each axis; InvalidArgumentError if none does."""
        sizes = []
        for n, k, s, (before, after), d in zip(spatial, *self, strict=True):
            size = (n + before + after - (k - 1) * d - 1) // s + 1
            if size < 0 or (size == 0 and n > 0):
                raise InvalidArgumentError(
                    f"{op}: a window of {self.window} (dilations {self.dilations}) does not fit into {tuple(spatial)} "
                    f"with padding {self.padding}: computed output size would be negative or zero [Op:{op}]"
                )
            sizes.append(max(size, 0))
        return tuple(sizes)

    def padded(self, xp: Any, x: Any, value: Any = 0) -> Any:
        """`x` with its spatial axes padded; itself if there is nothing to pad."""
        if not any(a or b for a, b in self.padding):
            return x
        full = xp.empty((x.shape[0], *self.around(x.shape[1:-1]), x.shape[-1]), x.dtype)
        full.fill(value)
        full[self.inner(x.shape[1:-1])] = x
        return full

    def around(self, spatial: Sequence[int]) -> tuple[int, ...]:
        """The spatial sizes with padding."""
        return tuple([n + a + b for n, (a, b) in zip(spatial, self.padding, strict=True)])

    def inner(self, spatial: Sequence[int]) -> tuple[slice, ...]:
        """The part of a padded array that is the array itself."""
        return (slice(None), *[slice(a, a + n) for n, (a, _) in zip(spatial, self.padding, strict=True)], slice(None))

    def views(self, xp: Any, full: Any, out: Sequence[int]) -> Any:
        """A view (n, *out, *window, c) of all windows of a padded array; elements are in it several times."""
        n, *steps, c = full.strides
        moves = [t * s for t, s in zip(steps, self.strides, strict=True)]
        hops = [t * d for t, d in zip(steps, self.dilations, strict=True)]
        shape = (full.shape[0], *out, *self.window, full.shape[-1])
        return xp.lib.stride_tricks.as_strided(full, shape, (n, *moves, *hops, c))

    def taps(self) -> Iterator[Any]:
        """For each element of the window, in order: the index of it in `views`, giving (n, *out, c)."""
        for position in product(*[range(k) for k in self.window]):
            yield (..., *position, slice(None))

    def struct(self, images: int, spatial: Sequence[int], out: Sequence[int]) -> Any:
        """The struct Window for a kernel, missing axes of size 1 in front; None if there is too much to count."""
        if len(out) > 3 or images * max(math.prod(spatial), math.prod(out)) >= COUNTED:
            return None
        missing = (1,) * (3 - len(out))
        before = (*[0] * len(missing), *[a for a, _ in self.padding])
        tuples = (spatial, out, self.window, self.strides, self.dilations)
        return np.array((images, *[(*missing, *t) for t in tuples], before), WINDOW)


def batches(n: int, each: int) -> Iterator[slice]:
    """The images in pieces that stay in a cache, `each` the elements of one."""
    step = max(1, CACHE // 2 // max(each, 1))
    return (slice(i, min(i + step, n)) for i in range(0, n, step))


def tiles(n: int, out: Sequence[int], line: int, most: int) -> Iterator[tuple[slice, slice]]:
    """(n, *out) in pieces of at most `most` elements: whole images, or lines of out[0] of one, of `line` elements each."""
    lines = max(1, most // max(line, 1))
    images = max(1, lines // max(out[0], 1))
    lines = out[0] if images > 1 else min(lines, out[0])
    for i in range(0, n, images):
        for r in range(0, out[0], lines):
            yield slice(i, min(i + images, n)), slice(r, min(r + lines, out[0]))


def sliding(
    window: Any,
    strides: Any,
    padding: Any,
    dilations: Any,
    spatial: Sequence[int],
    layout: str,
    op: str,
) -> Sliding:
    """TensorFlow's arguments of a convolution or pool, as a Sliding."""
    rank = len(spatial)
    steps = per_axis(strides, rank, layout, "strides", op)
    hops = per_axis(1 if dilations is None else dilations, rank, layout, "dilations", op)
    return Sliding(tuple(window), steps, pads(padding, spatial, window, steps, hops, layout, op), hops)


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


def channels_last(data_format: str | None, rank: int, op: str) -> bool:
    """Whether `data_format` puts channels last; ValueError for names that are none."""
    last = {1: ("NWC", "NHWC"), 2: ("NHWC",), 3: ("NDHWC",)}[rank]
    first = {1: ("NCW", "NCHW"), 2: ("NCHW",), 3: ("NCDHW",)}[rank]
    if data_format is None or data_format in last:
        return True
    if data_format in first:
        return False
    raise ValueError(f"{op}: data_format={data_format!r}: must be one of {[*last, *first]}")


def layout_of(data_format: str | None, rank: int) -> str:
    """`data_format`, or the name of the one that TensorFlow takes for None."""
    return data_format or ("N" + "DHW"[-rank:] + "C")


def last(x: Any, is_last: bool) -> Any:
    """The tensor `x` with its channels last, whatever they were."""
    return x if is_last else OPS["transpose"](x, [0, *range(2, len(x.shape)), 1])


def back(y: Any, is_last: bool) -> Any:
    """The tensor `y`, channels last, in the layout of the input."""
    rank = len(y.shape)
    return y if is_last else OPS["transpose"](y, [0, rank - 1, *range(1, rank - 1)])
