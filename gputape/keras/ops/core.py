"""keras.ops that run functions, change parts of arrays and convert between kinds of arrays."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Any

import numpy as np

import gputape as tf

from .. import tree
from ..backend import standardize_dtype
from .promotion import tensor


def convert_to_tensor(x, dtype=None, sparse=None, ragged=None):
    """`x` as a tensor of `dtype`; sparse and ragged are accepted for the signature, only dense tensors exist here."""
    return tensor(x, None if dtype is None else standardize_dtype(dtype))


def convert_to_numpy(x):
    """`x` as a NumPy array."""
    return np.array(tensor(x))


def is_tensor(x):
    """Whether `x` is a tensor with values."""
    return tf.is_tensor(x)


def shape(x):
    """The shape as a tuple of ints, None where a size is unknown."""
    return tuple(x.shape) if hasattr(x, "shape") else tuple(tensor(x).shape)


def ndim(x):
    """The number of axes, as a Python int."""
    return len(shape(x))


def size(x):
    """The number of elements."""
    return tf.size(tensor(x))


def dtype(x):
    """The name of the dtype."""
    return standardize_dtype(x.dtype if hasattr(x, "dtype") else tensor(x).dtype)


def cast(x, dtype):
    """`x` as `dtype`.

    >>> from gputape import keras
    >>> keras.ops.cast([1.7], "int32").numpy()
    array([1], dtype=int32)
    """
    return tf.cast(tensor(x), standardize_dtype(dtype))


def saturate_cast(x, dtype):
    """`x` as `dtype`, values outside its range becoming its nearest value."""
    return tf.saturate_cast(tensor(x), standardize_dtype(dtype))


def stop_gradient(variable):
    """The same values as a constant of the gradient."""
    return tf.stop_gradient(tensor(variable))


def scatter(indices, values, shape):
    """Zeros of `shape` with `values` added at `indices` (..., coordinates)."""
    return tf.scatter_nd(tensor(indices), tensor(values), shape)


_UPDATES = {None: "update", "add": "add", "max": "max", "min": "min"}


def scatter_update(inputs, indices, updates, reduction=None):
    """`inputs` with `updates` written at `indices`, or combined with them by "add", "max", "min" or "mul"."""
    x = tensor(inputs)
    if reduction == "mul":
        factors = tf.tensor_scatter_nd_update(tf.ones_like(x), tensor(indices), tensor(updates, x.dtype))
        return x * factors
    if reduction not in _UPDATES:
        raise ValueError(f"`reduction` must be None, 'add', 'max', 'min' or 'mul'. Received: reduction={reduction}")
    return getattr(tf, f"tensor_scatter_nd_{_UPDATES[reduction]}")(x, tensor(indices), tensor(updates, x.dtype))


def slice_(inputs, start_indices, shape):
    """The part of `inputs` that begins at `start_indices`; -1 in `shape` reaches to the end."""
    return tf.slice(tensor(inputs), start_indices, shape)


def slice_update(inputs, start_indices, updates):
    """`inputs` with the part that begins at `start_indices` replaced by `updates`."""
    x, part, start = tensor(inputs), tensor(updates), tf.cast(tensor(start_indices), "int32")
    if 0 in part.shape or not len(x.shape):
        return x if 0 in part.shape else tf.cast(part, x.dtype)
    inside = True
    for k, size in enumerate(part.shape):
        place = tf.range(x.shape[k]) - start[k]  # of each position of x among the updates
        part = tf.gather(part, tf.clip_by_value(place, 0, size - 1), axis=k)
        across = [-1 if j == k else 1 for j in range(len(x.shape))]
        inside = tf.logical_and(inside, tf.reshape((place >= 0) & (place < size), across))
    return tf.where(inside, tf.cast(part, x.dtype), x)


# -- functions


def cond(pred, true_fn, false_fn):
    """What `true_fn()` returns if `pred` is true, else what `false_fn()` returns."""
    if isinstance(pred, (bool, int)):
        return true_fn() if pred else false_fn()
    return tf.cond(tensor(pred, "bool"), true_fn, false_fn)


def switch(index, branches, *operands):
    """branches[index](*operands); an index outside is moved to the nearest end."""
    return branches[builtins.min(builtins.max(int(index), 0), len(branches) - 1)](*operands)


def while_loop(cond, body, loop_vars, maximum_iterations=None):
    """`loop_vars = body(*loop_vars)` while `cond(*loop_vars)`; the last ones, in the structure they came in."""
    many = isinstance(loop_vars, (tuple, list))
    state = tuple(loop_vars) if many else (loop_vars,)
    state = tree.map_structure(tensor, state)
    steps = 0
    while (maximum_iterations is None or steps < maximum_iterations) and bool(cond(*state)):
        made = body(*state)
        state = tuple(made) if isinstance(made, (tuple, list)) else (made,)
        steps += 1
    return (state if isinstance(loop_vars, tuple) else list(state)) if many else state[0]


def fori_loop(lower, upper, body_fun, init_val):
    """`value = body_fun(i, value)` for i from `lower` up to, not including, `upper`."""
    value = init_val
    for i in range(int(lower), int(upper)):
        value = body_fun(tf.constant(i), value)
    return value


def _stacked(parts):
    return tree.map_structure(lambda *xs: tf.stack([tensor(x) for x in xs]), *parts)


def scan(f, init, xs=None, length=None, reverse=False, unroll=1):
    """`carry, y = f(carry, x)` for each x along axis 0 of `xs`: the last carry, and all y stacked.

    Args:
        length: how many steps, if `xs` is None.
        reverse: from the last x to the first.
    """
    if not callable(f):
        raise TypeError(f"`f` should be a callable. Received: f={f}")
    xs = tree.map_structure(tensor, xs) if xs is not None else None
    leaves = tree.flatten(xs) if xs is not None else []
    if not leaves and length is None:
        raise ValueError("Got no `xs` to scan over and `length` not provided.")
    n = int(length) if length is not None else int(leaves[0].shape[0])
    if any(leaf.shape[0] != n for leaf in leaves):
        raise ValueError(f"All `xs` must have {n} elements along axis 0. Received: {[leaf.shape for leaf in leaves]}")
    carry, made = tree.map_structure(tensor, init), []
    for i in reversed(range(n)) if reverse else range(n):
        carry, y = f(carry, None if xs is None else tree.map_structure(lambda x, i=i: x[i], xs))
        made.append(y)
    made = made[::-1] if reverse else made
    return carry, _stacked(made) if made and made[0] is not None else None


def associative_scan(f, elems, reverse=False, axis=0):
    """The results of combining the first 1, 2, 3, ... elements along `axis` by the associative `f(a, b)`."""
    elems = tree.map_structure(tensor, elems)
    n = int(tree.flatten(elems)[0].shape[axis])
    parts = [tree.map_structure(lambda x, i=i: tf.gather(x, [i], axis=axis), elems) for i in range(n)]
    parts = parts[::-1] if reverse else parts
    made = parts[:1]
    for part in parts[1:]:
        made.append(f(made[-1], part))
    made = made[::-1] if reverse else made
    return tree.map_structure(lambda *xs: tf.concat(xs, axis), *made)


def map_(f, xs):
    """f of each x along axis 0 of `xs`, the results stacked."""
    return scan(lambda _, x: (0, f(x)), 0, xs)[1]


def vectorized_map(function, elements):
    """The same as `map`."""
    return map_(function, elements)


def vectorize(pyfunc: Callable[..., Any], *, excluded: Any = None, signature: str | None = None) -> Callable[..., Any]:
    """A function that applies `pyfunc` of scalars to all elements of its arguments, broadcast together."""
    if signature is not None:
        raise ValueError(f"vectorize: only functions of scalars are supported. Received: signature={signature!r}")
    left_out = set(excluded or ())

    def call(*args: Any) -> Any:
        mapped = [k for k in range(len(args)) if k not in left_out]
        xs = [tensor(args[k]) for k in mapped]
        shape = np.broadcast_shapes(*[tuple(x.shape) for x in xs])
        flat = [tf.reshape(tf.broadcast_to(x, shape), [-1]) for x in xs]

        def one(values: Any) -> Any:
            filled = list(args)
            for k, v in zip(mapped, values):
                filled[k] = v
            return pyfunc(*filled)

        made = map_(one, flat)
        return tree.map_structure(lambda y: tf.reshape(y, [*shape, *y.shape[1:]]), made)

    return call


def custom_gradient(f):
    """Decorator: `f` returns its value and a function that turns the value's gradient into those of the arguments."""
    return tf.custom_gradient(f)


def jvp(fun, primals, tangents, has_aux=False):
    """(value, derivative in the direction `tangents`) of `fun` at `primals`; with `has_aux` also its second result.

    The derivative comes from two passes backwards: the gradient in v of <v, f'(x)^T v> is f'(x) t.
    """
    primals, tangents = [tensor(p) for p in primals], [tensor(t) for t in tangents]
    aux = None
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            inner.watch(primals)
            value = fun(*primals)
            if has_aux:
                value, aux = value
        ys = tree.flatten(value)
        weights = [tf.zeros_like(y) for y in ys]
        outer.watch(weights)
        back = inner.gradient(ys, primals, output_gradients=weights, unconnected_gradients="zero")
        along = tf.add_n([tf.reduce_sum(b * t) for b, t in zip(back, tangents)])
    made = tree.pack_sequence_as(value, outer.gradient(along, weights, unconnected_gradients="zero"))
    return (value, made, aux) if has_aux else (value, made)


_PUBLIC = (
    convert_to_tensor, convert_to_numpy, is_tensor, shape, ndim, size, dtype, cast, saturate_cast, stop_gradient,
    scatter, scatter_update, slice_update, cond, switch, while_loop, fori_loop, scan, associative_scan, vectorized_map,
    vectorize, custom_gradient, jvp,
)  # fmt: skip
NAMES = {f.__name__: f for f in _PUBLIC} | {"slice": slice_, "map": map_}
