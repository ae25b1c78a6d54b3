"""keras.ops that move elements: shape, joining, splitting, picking."""

from __future__ import annotations

import builtins
import itertools
import math

import gputape as tf

from ..backend import standardize_dtype
from .promotion import places, tensor, together

# -- shape


def reshape(x, newshape):
    """The elements of x in another shape; one size may be -1."""
    return tf.reshape(tensor(x), newshape)


def ravel(x):
    """All elements of x along one axis."""
    return tf.reshape(tensor(x), [-1])


def expand_dims(x, axis):
    """x with new axes of size 1 at the places `axis` (an int or several) of the result."""
    x = tensor(x)
    count = 1 if isinstance(axis, int) else len(axis)
    for a in sorted(places(axis, len(x.shape) + count)):
        x = tf.expand_dims(x, a)
    return x


def squeeze(x, axis=None):
    """x without its axes of size 1, or without those in `axis`."""
    return tf.squeeze(tensor(x), axis)


def transpose(x, axes=None):
    """x with its axes in another order, default reversed."""
    x = tensor(x)
    rank = len(x.shape)
    if axes is not None:
        if len(axes) != rank:
            raise ValueError(
                f"`axes` must be a list of the same length as the input shape {x.shape}. Received: axes={axes}"
            )
        if not all(isinstance(a, int) and -rank <= a < rank for a in axes):
            raise ValueError(f"Each axis in `axes` must be an integer in [{-rank}, {rank}). Received: axes={axes}")
        if len({a % rank for a in axes}) < rank:
            raise ValueError(f"`axes` must be a valid permutation of the {rank} axes of x. Received: axes={axes}")
    return tf.transpose(x, axes)


def moveaxis(x, source, destination):
    """x with the axes `source` at the places `destination`, the others in their order."""
    x = tensor(x)
    rank = len(x.shape)
    old, new = places(source, rank), places(destination, rank)
    order = [a for a in range(rank) if a not in old]
    for place, a in sorted(zip(new, old)):
        order.insert(place, a)
    return x if order == list(range(rank)) else tf.transpose(x, order)


def swapaxes(x, axis1, axis2):
    """x with two axes exchanged."""
    x = tensor(x)
    order = list(range(len(x.shape)))
    a, b = places((axis1, axis2), len(order))
    order[a], order[b] = order[b], order[a]
    return tf.transpose(x, order)


def broadcast_to(x, shape):
    """x repeated until it has `shape`."""
    return tf.broadcast_to(tensor(x), shape)


def flip(x, axis=None):
    """x in reverse order along `axis` (None: all)."""
    x = tensor(x)
    axes = range(len(x.shape)) if axis is None else [axis] if isinstance(axis, int) else axis
    return tf.reverse(x, list(axes)) if len(list(axes)) else x


def fliplr(x):
    """x with its second axis reversed."""
    return flip(x, 1)


def flipud(x):
    """x with its first axis reversed."""
    return flip(x, 0)


def rot90(array, k=1, axes=(0, 1)):
    """The array turned `k` times by 90 degrees in the plane of two axes, from the first towards the second."""
    x = tensor(array)
    a, b = axes[0] % len(x.shape), axes[1] % len(x.shape)
    if len(axes) != 2 or a == b:
        raise ValueError(f"Invalid axes: {axes}. Axes must be a tuple of two different dimensions.")
    turns = k % 4
    if turns == 1:
        return swapaxes(flip(x, b), a, b)
    if turns == 3:
        return flip(swapaxes(x, a, b), b)
    return flip(x, (a, b)) if turns else x


def roll(x, shift, axis=None):
    """x moved along `axis` by `shift` places, what leaves at the end coming back at the start."""
    x = tensor(x)
    if axis is None:
        return tf.reshape(tf.roll(ravel(x), shift, 0), x.shape)
    if isinstance(shift, int) and not isinstance(axis, int):
        shift = [shift] * len(axis)
    return tf.roll(x, shift, axis)


def pad(x, pad_width, mode="constant", constant_values=None):
    """x with elements added on both sides of each axis.

    Args:
        pad_width: ((before, after), ...) for each axis, one pair for all, or one number.
        mode: "constant", "reflect" or "symmetric".
    """
    x = tensor(x)
    rank = len(x.shape)
    width = [pad_width] if isinstance(pad_width, int) else list(pad_width)
    pairs = [(w, w) if isinstance(w, int) else tuple(w) if len(w) == 2 else (w[0], w[0]) for w in width]
    if len(width) == 2 and all(isinstance(w, int) for w in width):
        pairs = [tuple(width)]
    if constant_values is not None and mode != "constant":
        raise ValueError(
            "Argument `constant_values` can only be provided when `mode == 'constant'`. "
            f"Received: mode={mode}, constant_values={constant_values}"
        )
    pairs = pairs * rank if len(pairs) == 1 else pairs
    return tf.pad(x, pairs, mode.upper(), 0 if constant_values is None else constant_values)


def repeat(x, repeats, axis=None):
    """Each element along `axis` (None: of flattened x) `repeats` times."""
    return tf.repeat(tensor(x), repeats, axis=axis)


def tile(x, repeats):
    """x beside itself, `repeats` times along each axis, the last axes if there are fewer numbers."""
    x = tensor(x)
    times = [repeats] if isinstance(repeats, int) else list(repeats)
    rank = builtins.max(len(times), len(x.shape))
    x = tf.reshape(x, [1] * (rank - len(x.shape)) + list(x.shape))
    return tf.tile(x, [1] * (rank - len(times)) + times)


def atleast(x, rank):
    """x with axes of size 1 in front until it has `rank`."""
    x = tensor(x)
    return tf.reshape(x, [1] * (rank - len(x.shape)) + list(x.shape))


# -- joining and splitting


def concatenate(xs, axis=0):
    """The arrays one after another along `axis`, promoted to one dtype; `axis` None flattens them."""
    xs = together(*xs)
    if axis is None:
        return tf.concat([ravel(x) for x in xs], 0)
    return tf.concat(xs, *places(axis, len(xs[0].shape)))


def stack(x, axis=0):
    """The arrays along a new axis, promoted to one dtype."""
    xs = together(*x)
    return tf.stack(xs, *places(axis, len(xs[0].shape) + 1))


def unstack(x, num=None, axis=0):
    """The parts of x along `axis`, which none of them has."""
    return tf.unstack(tensor(x), num, axis)


def append(x1, x2, axis=None):
    """x2 after x1 along `axis`; None flattens both."""
    return concatenate([x1, x2], axis)


def hstack(xs):
    """The arrays beside each other: along axis 1, of vectors along axis 0."""
    xs = [atleast(x, 1) for x in xs]
    return concatenate(xs, 0 if len(xs[0].shape) == 1 else 1)


def vstack(xs):
    """The arrays above each other: along axis 0, vectors as rows."""
    return concatenate([atleast(x, 2) for x in xs], 0)


def dstack(xs):
    """The arrays behind each other: along axis 2, of which smaller ones get one."""
    made = [tensor(x) for x in xs]
    made = [atleast(x, 2) if len(x.shape) < 2 else x for x in made]
    return concatenate([tf.expand_dims(x, 2) if len(x.shape) == 2 else x for x in made], 2)


def split(x, indices_or_sections, axis=0):
    """Parts of x along `axis`: so many equal ones, or those between the given places."""
    x = tensor(x)
    places(axis, len(x.shape))
    n = x.shape[axis]
    if isinstance(indices_or_sections, int):
        if n % indices_or_sections:
            raise ValueError(
                f"x.shape[{axis}] = {n} does not split into {indices_or_sections} equal parts: see `array_split`"
            )
        return list(tf.split(x, indices_or_sections, axis))
    cuts = [0, *[builtins.min(int(p) if p >= 0 else int(p) + n, n) for p in indices_or_sections], n]
    return list(tf.split(x, [builtins.max(b - a, 0) for a, b in itertools.pairwise(cuts)], axis))


def array_split(x, indices_or_sections, axis=0):
    """`split` into parts of which the first may be one longer."""
    if not isinstance(indices_or_sections, int):
        return split(x, indices_or_sections, axis)
    x = tensor(x)
    each, more = divmod(x.shape[axis], indices_or_sections)
    return list(tf.split(x, [each + (k < more) for k in range(indices_or_sections)], axis))


def hsplit(x, indices_or_sections):
    """`split` along axis 1, of vectors along axis 0."""
    x = tensor(x)
    return split(x, indices_or_sections, 0 if len(x.shape) == 1 else 1)


def vsplit(x, indices_or_sections):
    """`split` along axis 0."""
    return split(x, indices_or_sections, 0)


def dsplit(x, indices_or_sections):
    """`split` along axis 2."""
    return split(x, indices_or_sections, 2)


# -- picking


def get_item(x, key):
    """x[key]."""
    return tensor(x)[key]


def where(condition, x1=None, x2=None):
    """x1 where `condition` holds, x2 elsewhere; the places where it holds if both are missing."""
    condition = tensor(condition, "bool")
    if (x1 is None) != (x2 is None):
        raise ValueError("`x1` and `x2` either both should be `None` or both should have non-None value.")
    return nonzero(condition) if x1 is None else tf.where(condition, *together(x1, x2))


def nonzero(x):
    """The places of the elements that are not 0: one array of coordinates per axis."""
    x = tensor(x)
    found = tf.where(x if x.dtype == "bool" else tf.not_equal(x, 0))
    return tuple(tf.cast(c, "int32") for c in tf.unstack(found, num=len(x.shape), axis=1))


def select(condlist, choicelist, default=0):
    """For each element the choice of the first condition that holds, else `default`."""
    *choices, made = together(*choicelist, default)
    for condition, choice in reversed(list(zip(condlist, choices))):
        made = tf.where(tensor(condition, "bool"), choice, made)
    return made


def _from_front(indices, size):
    indices = tensor(indices)
    if not indices.dtype.is_integer:
        indices = tf.cast(indices, "int32")
    return indices if indices.dtype.is_unsigned else tf.where(indices < 0, indices + size, indices)


def take(x, indices, axis=None):
    """The elements (along `axis`; None: of flattened x) at `indices`; negative ones count from the end."""
    x = tensor(x)
    if axis is None:
        x, axis = ravel(x), 0
    places(axis, len(x.shape))
    return tf.gather(x, _from_front(indices, x.shape[axis]), axis=axis)


def take_along_axis(x, indices, axis=None):
    """For each line along `axis` its own elements: y[..., i, ...] = x[..., indices[..., i, ...], ...]."""
    x, indices = tensor(x), tensor(indices)
    if axis is None:
        return take_along_axis(ravel(x), ravel(indices), 0)
    x, indices = moveaxis(x, axis, -1), moveaxis(_from_front(indices, x.shape[axis]), axis, -1)
    lead = tuple(tf.broadcast_static_shape(x.shape[:-1], indices.shape[:-1]))
    x, indices = (tf.broadcast_to(v, [*lead, v.shape[-1]]) for v in (x, indices))
    return moveaxis(tf.gather(x, indices, axis=-1, batch_dims=len(lead)), -1, axis)


def diagonal(x, offset=0, axis1=0, axis2=1):
    """The elements x[i, i + offset] of two axes, along a new last axis."""
    x = moveaxis(tensor(x), (axis1, axis2), (-2, -1))
    rows, columns = x.shape[-2:]
    length = builtins.max(builtins.min(rows + builtins.min(offset, 0), columns - builtins.max(offset, 0)), 0)
    first = builtins.max(-offset, 0) * columns + builtins.max(offset, 0)
    flat = tf.reshape(x, [*x.shape[:-2], rows * columns])
    return tf.gather(flat, first + tf.range(length) * (columns + 1), axis=-1)


def trace(x, offset=0, axis1=0, axis2=1):
    """The sum along a diagonal of two axes; small integers are summed in 32 bits."""
    from .reductions import sum_

    return sum_(diagonal(x, offset, axis1, axis2), -1)


def diff(a, n=1, axis=-1):
    """The differences of neighbours along `axis`, `n` times over."""
    a = moveaxis(tensor(a), axis, -1)
    for _ in range(n):
        a = tf.not_equal(a[..., 1:], a[..., :-1]) if a.dtype == "bool" else a[..., 1:] - a[..., :-1]
    return moveaxis(a, -1, axis)


def unravel_index(indices, shape):
    """Flat indices as coordinates in an array of `shape`: a tuple of arrays."""
    indices = _from_front(indices, math.prod(shape))
    made, below = [], math.prod(shape)
    for size in shape:
        below //= size
        made.append(indices // below % size)
    return tuple(made)


def view(x, dtype=None):
    """The bytes of x read as `dtype`, the last axis as much longer or shorter as its elements are smaller or larger."""
    x = tensor(x)
    old, new = x.dtype, tf.as_dtype(standardize_dtype(dtype) if dtype is not None else x.dtype)
    if new.size < old.size:
        made = tf.bitcast(x, new)
        return tf.reshape(made, [*x.shape[:-1], -1])
    if new.size > old.size:
        x = tf.reshape(x, [*x.shape[:-1], -1, new.size // old.size])
    return tf.bitcast(x, new)


_PUBLIC = (
    reshape,
    ravel,
    expand_dims,
    squeeze,
    transpose,
    moveaxis,
    swapaxes,
    broadcast_to,
    flip,
    fliplr,
    flipud,
    rot90,
    roll,
    pad,
    repeat,
    tile,
    concatenate,
    stack,
    unstack,
    append,
    hstack,
    vstack,
    dstack,
    split,
    array_split,
    hsplit,
    vsplit,
    dsplit,
    get_item,
    where,
    nonzero,
    select,
    take,
    take_along_axis,
    diagonal,
    trace,
    diff,
    unravel_index,
    view,
)
NAMES = {f.__name__: f for f in _PUBLIC}
