"""One call for many elements: a recorder that carries a leading axis through ops that were written for one element.

A function is run on one element, the example. The `Vectorizer` hears of every op, looks up which of its inputs stand
for a batch, and runs the op once more on the whole batch, by the rule of its name in RULES, by its meaning if it is a
fused op, else element by element. Recorders outside hear of the batches only. Jacobians (the reverse pass is the
function, unit vectors are its elements) and tf.vectorized_map are made of this.

A value that is read into Python belongs to one element only: `Unvectorized` is raised, and the caller takes a loop.
"""

from __future__ import annotations

import logging
import math
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import nest
from .op import Effect, Elementwise, Fused, Op
from .record import state
from .registry import OPS
from .tensor import Array, Tensor, as_tensor

log = logging.getLogger("gputape")


class Unvectorized(Exception):
    """What was asked for cannot be done for all elements at once."""


class Vectorizer:
    """A recorder that runs for `count` elements what its body does for one.

    with Vectorizer(len(xs)) as v:
        y = f(v.example(xs))
    ys = v.batch(y)  # f of each x, stacked
    """

    is_tape = True

    def __init__(self, count: int) -> None:
        self.count = count
        self.batches: dict[int, tuple[Any, Any]] = {}  # example's identity -> (weak reference to it, batch)
        self.outer: list[Any] = []
        self.drawn = False  # whether random numbers were drawn: once, for all elements alike

    def __enter__(self) -> Vectorizer:
        self.outer, state.stack = state.stack, [self]
        return self

    def __exit__(self, *exc: Any) -> None:
        state.stack = self.outer

    # -- examples and batches
    def example(self, batch: Any) -> Tensor:
        """A tensor to compute with that stands for `batch`, a tensor (count, ...): its first element."""
        array = batch._array
        first = array[:1].reshape(array.shape[1:]) if self.count else np.zeros(array.shape[1:], array.dtype)
        tensor = Tensor(first)
        self.put(tensor, batch)
        return tensor

    def put(self, example: Any, batch: Any) -> None:
        i, forget = example._id, self.batches.pop
        self.batches[i] = weakref.ref(example, lambda _: forget(i, None)), batch

    def found(self, x: Any) -> Any:
        """The batch that `x` stands for; None if `x` is the same for all elements."""
        entry = self.batches.get(x._id) if isinstance(x, Array) else None
        return None if entry is None else entry[1]

    def batch(self, x: Any) -> Any:
        """What `x` is for each element: (count, ...)."""
        found = self.found(x)
        return spread(x, self.count) if found is None else found

    # -- Recorder
    def record(self, op: Any, inputs: tuple[Any, ...], outputs: tuple[Any, ...], attrs: dict[str, Any]) -> None:
        found = [self.found(x) for x in inputs]
        inner, state.stack = state.stack, self.outer
        try:
            if all(b is None for b in found):
                self.drawn = self.drawn or (isinstance(op, Effect) and op.name.startswith("random_"))
                for recorder in self.outer:
                    recorder.record(op, inputs, outputs, attrs)
            elif isinstance(op, Op):
                made = self.lifted(op, inputs, found, outputs, attrs)
                for y, b in zip(outputs, made if isinstance(made, (tuple, list)) else (made,), strict=True):
                    self.put(y, b)
            else:  # a custom gradient: what it computes was seen op by op, the tapes outside learn its gradient
                ins = tuple([x if b is None else b for x, b in zip(inputs, found, strict=True)])
                outs = tuple([self.batch(y) for y in outputs])
                for recorder in self.outer:
                    recorder.record(op.lifted(self, inputs, found), ins, outs, attrs)
        finally:
            state.stack = inner

    def read(self, tensor: Any, how: str) -> None:
        if self.found(tensor) is not None:
            raise Unvectorized(f"{how}: a value that differs between the elements was read into Python")
        for recorder in self.outer:
            recorder.read(tensor, how)

    def created(self, variable: Any, initial: Any) -> None:
        if initial is not None and self.found(initial) is not None:
            raise Unvectorized("a Variable was made from a value that differs between the elements")
        for recorder in self.outer:
            recorder.created(variable, initial)

    # -- one op for all elements
    def lifted(self, op: Op, inputs: Sequence[Any], found: list[Any], outputs: Sequence[Any], attrs: Any) -> Any:
        if isinstance(op, Effect):
            if inputs[0]:
                raise ValueError(f"{op.name}: its operand differs between the elements of a batch: use tf.map_fn")
            raise Unvectorized(f"{op.name}: to be done for each element")
        if op.dynamic:
            raise Unvectorized(f"{op.name}: the shape of its result depends on values")
        rule = aligned if isinstance(op, Elementwise) else RULES.get(op.name)
        made = NotImplemented if rule is None else rule(op, inputs, found, self.count, attrs)
        if made is not NotImplemented:
            return made
        if isinstance(op, Fused):
            with self:  # its meaning: ops that are seen one by one
                again = op.body(*inputs, **attrs)
                again = again if isinstance(again, (tuple, list)) else (again,)
            return [self.batch(y) for y in again]
        parts = [None if b is None else OPS["unstack"](b) for b in found]
        each = []
        for k in range(self.count):
            y = op(*[x if p is None else p[k] for x, p in zip(inputs, parts, strict=True)], **attrs)
            each.append(y if isinstance(y, tuple) else (y,))
        if not each:
            return [OPS["zeros"]((0, *y._array.shape), y.dtype) for y in outputs]
        return [OPS["stack"](list(ys)) for ys in zip(*each, strict=True)]


# -- rules: f(op, inputs, found, count, attrs) -> the op's results with a leading axis; NotImplemented if it has no way.
# `inputs` are those of the example, `found` the batches in their place, None for what is the same for all elements.

Rule = Callable[[Any, Sequence[Any], Sequence[Any], int, Any], Any]


def spread(x: Any, count: int) -> Any:
    """`x` for each of `count` elements, without a copy."""
    shape = tuple(x._array.shape)
    return OPS["expanded"](OPS["view"](x, shape=(1, *shape)), shape=(count, *shape))


def _all(inputs: Sequence[Any], found: Sequence[Any], count: int) -> list[Any]:
    return [spread(x, count) if b is None else b for x, b in zip(inputs, found, strict=True)]


def _raised(b: Any, rank: int) -> Any:
    """The batch with axes of size 1 after its first, so that each element has `rank` axes."""
    shape = tuple(b._array.shape)
    missing = rank + 1 - len(shape)
    return OPS["view"](b, shape=(shape[0], *(1,) * missing, *shape[1:])) if missing else b


def aligned(op: Any, inputs: Sequence[Any], found: Sequence[Any], count: int, attrs: Any) -> Any:
    """Operands that broadcast together: what has fewer axes is raised to as many, so that elements meet elements."""
    rank = max(x._array.ndim for x in inputs if isinstance(x, Array))
    return op(*[x if b is None else _raised(b, rank) for x, b in zip(inputs, found, strict=True)], **attrs)


def leading(op: Any, inputs: Sequence[Any], found: Sequence[Any], count: int, attrs: Any) -> Any:
    """Ops that work on their last axes, whatever stands before them; axes in `attrs` count from the end."""
    return op(*_all(inputs, found, count), **attrs)


def along(op: Any, inputs: Sequence[Any], found: Sequence[Any], count: int, attrs: Any) -> Any:
    """Ops with an attribute `axis` or `axes`."""
    moved = dict(attrs)
    if "axis" in attrs:
        moved["axis"] = _moved(attrs["axis"])
    if "axes" in attrs:
        moved["axes"] = tuple([_moved(k) for k in attrs["axes"]])
    return op(*_all(inputs, found, count), **moved)


def _moved(axis: int) -> int:
    return axis + 1 if axis >= 0 else axis


def prefixed(**first: Any) -> Rule:
    """Ops with an attribute that has one entry per axis: `first` is the entry of the new axis, None for its size."""

    def rule(op: Any, inputs: Sequence[Any], found: Sequence[Any], count: int, attrs: Any) -> Any:
        grown = {k: (count if v is None else v, *attrs[k]) for k, v in first.items()}
        return op(*_all(inputs, found, count), **{**attrs, **grown})

    return rule


def rows(*many: int) -> Rule:
    """Ops whose first axis holds cases of which each is its own: elements become further cases.

    many: the inputs that have this axis, by position; if another input differs between elements there is no way.
    """

    def rule(op: Any, inputs: Sequence[Any], found: Sequence[Any], count: int, attrs: Any) -> Any:
        places = many or range(len(inputs))
        if any(b is not None and k not in places for k, b in enumerate(found)):
            return NotImplemented
        given = list(inputs)
        for k in places:
            b = spread(inputs[k], count) if found[k] is None else found[k]
            shape = tuple(b._array.shape)
            given[k] = OPS["view"](b, shape=(count * shape[1], *shape[2:]))
        cases = inputs[places[0]]._array.shape[0]
        made = op(*given, **attrs)
        several = isinstance(made, tuple)
        made = [OPS["view"](y, shape=(count, cases, *y._array.shape[1:])) for y in (made if several else (made,))]
        return made if several else made[0]

    return rule


def _expanded(op: Any, inputs: Sequence[Any], found: Sequence[Any], count: int, attrs: Any) -> Any:
    shape = attrs["shape"]
    return op(_raised(found[0], len(shape)), shape=(count, *shape))


def _sum_to(op: Any, inputs: Sequence[Any], found: Sequence[Any], count: int, attrs: Any) -> Any:
    shape, missing = attrs["shape"], inputs[0]._array.ndim - len(attrs["shape"])
    made = op(found[0], shape=(count, *(1,) * missing, *shape))
    return OPS["view"](made, shape=(count, *shape)) if missing else made


def _permute(op: Any, inputs: Sequence[Any], found: Sequence[Any], count: int, attrs: Any) -> Any:
    return op(found[0], perm=(0, *[k + 1 for k in attrs["perm"]]))


def _matrices(op: Any, inputs: Sequence[Any], found: Sequence[Any], count: int, attrs: Any) -> Any:
    """Batches of matrices are what the op is made for; a batch times one matrix is one product."""
    b, (many_a, many_b) = inputs[1], found
    if many_b is None and b._array.ndim == 2 and not attrs["transpose_a"]:
        shape = tuple(many_a._array.shape)
        tall = OPS["view"](many_a, shape=(math.prod(shape[:-1]), shape[-1]))
        made = op(tall, b, **attrs)
        return OPS["view"](made, shape=(*shape[:-1], made._array.shape[-1]))
    return aligned(op, inputs, found, count, attrs)


def _gather_axis(op: Any, inputs: Sequence[Any], found: Sequence[Any], count: int, attrs: Any) -> Any:
    axis, batch_dims = attrs["axis"] + 1, attrs["batch_dims"]
    if found[1] is None and not batch_dims:
        return op(found[0], inputs[1], axis=axis, batch_dims=0)
    return op(*_all(inputs, found, count), axis=axis, batch_dims=batch_dims + 1)


def _scatter_axis(op: Any, inputs: Sequence[Any], found: Sequence[Any], count: int, attrs: Any) -> Any:
    axis, batch_dims, shape = attrs["axis"] + 1, attrs["batch_dims"], (count, *attrs["shape"])
    if found[1] is None and not batch_dims:
        return op(found[0], inputs[1], shape=shape, axis=axis, batch_dims=0)
    return op(*_all(inputs, found, count), shape=shape, axis=axis, batch_dims=batch_dims + 1)


def _points(op: Any, inputs: Sequence[Any], found: Sequence[Any], count: int, attrs: Any) -> Any:
    moved = {k: v for k, v in attrs.items() if k != "sparse"}
    moved["batch_dims"] = attrs["batch_dims"] + 1
    if "shape" in attrs:
        moved["shape"] = (count, *attrs["shape"])
    return op(*_all(inputs, found, count), **moved)


def _convolve_filter(op: Any, inputs: Sequence[Any], found: Sequence[Any], count: int, attrs: Any) -> Any:
    """The filters of all elements side by side, if they all see the same x."""
    if found[0] is not None or attrs["groups"] != 1:
        return NotImplemented
    x, dy = inputs[0], found[1]
    shape, rank = tuple(dy._array.shape), dy._array.ndim
    wide = OPS["permute"](dy, perm=(*range(1, rank - 1), 0, rank - 1))
    made = op(x, OPS["view"](wide, shape=(*shape[1:-1], count * shape[-1])), **attrs)
    size = tuple(made._array.shape)
    made = OPS["view"](made, shape=(*size[:-1], count, shape[-1]))
    return OPS["permute"](made, perm=(len(size) - 1, *range(len(size) - 1), len(size)))


def _one_hot_axis(op: Any, inputs: Sequence[Any], found: Sequence[Any], count: int, attrs: Any) -> Any:
    if found[1] is not None or found[2] is not None:
        return NotImplemented
    return op(found[0], inputs[1], inputs[2], depth=attrs["depth"], axis=attrs["axis"] + 1)


def _last(op: Any, inputs: Sequence[Any], found: Sequence[Any], count: int, attrs: Any) -> Any:
    """Ops over the rows of their first input whose other axes are columns: elements become further columns."""
    if found[1] is not None or inputs[1]._array.ndim != 1:
        return NotImplemented
    rank = inputs[0]._array.ndim
    made = op(OPS["permute"](found[0], perm=(*range(1, rank + 1), 0)), inputs[1], **attrs)
    rank = made._array.ndim
    return OPS["permute"](made, perm=(rank - 1, *range(rank - 1)))


_ALIGNED = ("chosen", "masked", "unmasked", "normal_weighted", "normal_weighted_grad")
_LEADING = (
    "add_all best bits cholesky convert cross det detach eig eigh eigvals eigvalsh expm filled_like "
    "identity inverse keep_band logm lu_factors picked pseudo_inverse put_back put_diagonals qr_factors "
    "replace_diagonals sign_and_log_det singular_values singular_vectors solve_general solve_triangular sqrtm "
    "take_diagonals unit_interval window_sum"
)
_ALONG = (
    "all_over any_over argmax_along argmin_along cumlogsumexp_along cumprod_along cumsum_along euclidean_norm_over "
    "flipped fourier fourier_of_real fourier_to_real joined log_softmax_along log_softmax_grad logsumexp_over max_over "
    "mean_over min_over pieces prod_over resampled rolled softmax_along softmax_grad stacked sum_over unstacked"
)
_ROWS = (
    "cross_entropy_rows cross_entropy_rows_grad pool_max pool_max_gather pool_max_scatter pool_spread pool_sum "
    "sparse_cross_entropy_rows sparse_cross_entropy_rows_grad"
)
_FIRST = "convolve convolve_input depthwise depthwise_input layer_norm_rows rms_norm_rows"
RULES: dict[str, Rule] = {
    **dict.fromkeys(_ALIGNED, aligned),
    **dict.fromkeys(_LEADING.split(), leading),
    **dict.fromkeys(_ALONG.split(), along),
    **dict.fromkeys(_ROWS.split(), rows()),
    **dict.fromkeys(_FIRST.split(), rows(0)),
    **dict.fromkeys(("padded", "folded", "mirrored"), prefixed(paddings=(0, 0))),
    **dict.fromkeys(("segment_reduce", "rows_of"), _last),
    "convolve_filter": _convolve_filter,
    "expanded": _expanded,
    "gather_axis": _gather_axis,
    "gather_points": _points,
    "multiply_matrices": _matrices,
    "one_hot_axis": _one_hot_axis,
    "part": prefixed(begin=0, size=None),
    "permute": _permute,
    "scatter_axis": _scatter_axis,
    "scatter_points": _points,
    "subscript": prefixed(key=slice(None)),
    "sum_to": _sum_to,
    "tiled": prefixed(multiples=1),
    "unsubscript": prefixed(key=slice(None), shape=None),
    "view": prefixed(shape=None),
}


# -- under TensorFlow's name


def vectorized_map(fn: Callable[..., Any], elems: Any, fallback_to_while_loop: bool = True, warn: bool = True) -> Any:
    """`fn` of each slice of `elems` (a tensor or a nest) along the first axis, results stacked: fn runs once.

    First dimensions of 1 are repeated. Results may be of any dtype and structure. Random draws and values read into
    Python are different for each slice, so they make it a loop: with a warning if `warn`, or a ValueError without
    `fallback_to_while_loop`. ValueError too for scalars in `elems`, other first dimensions, and a Variable that is
    assigned what differs between slices. Reference: tf.vectorized_map; jax.vmap.

    >>> import gputape as tf
    >>> tf.vectorized_map(lambda x: tf.reduce_sum(x * x), tf.constant([[1.0, 2.0], [3.0, 4.0]])).numpy()
    array([ 5., 25.], dtype=float32)
    """
    flat = [as_tensor(x) for x in nest.flatten(elems)]
    if not flat or any(x._array.ndim == 0 for x in flat):
        raise ValueError("vectorized_map: Elements in elems must be 1+ dimensional Tensors, not scalars")
    sizes = {x._array.shape[0] for x in flat}
    count = max(sizes - {1}, default=1)
    if not sizes <= {count, 1}:
        raise ValueError(
            f"vectorized_map: first dimensions {sorted(sizes)} are not compatible: all elems need the same, or 1"
        )
    flat = [x if x._array.shape[0] == count else spread(OPS["squeeze"](x, [0]), count) for x in flat]
    try:
        with Vectorizer(count) as v:
            made = fn(nest.pack_sequence_as(elems, [v.example(x) for x in flat]))
            leaves = [as_tensor(y) for y in nest.flatten(made)]
            if v.drawn:
                raise Unvectorized("random numbers were drawn")
        return nest.pack_sequence_as(made, [v.batch(y) for y in leaves])
    except Unvectorized as why:
        if not fallback_to_while_loop:
            raise ValueError(f"vectorized_map: cannot be vectorized: {why}") from None
        if warn:
            log.warning("vectorized_map runs as a loop: %s", why)
    slices = [OPS["unstack"](x) if count else [OPS["zeros"](x._array.shape[1:], x.dtype)] for x in flat]
    results = [fn(nest.pack_sequence_as(elems, list(parts))) for parts in zip(*slices, strict=True)]
    columns = zip(*[[as_tensor(y) for y in nest.flatten(result)] for result in results], strict=True)
    return nest.pack_sequence_as(results[0], [OPS["stack"](list(ys))[:count] for ys in columns])


NAMES = {"tf.vectorized_map": vectorized_map}
