"""GradientTape: a recorder that keeps the ops that touch watched tensors, and the reverse pass over what it kept."""

from __future__ import annotations

import contextlib
import enum
import logging
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from . import dtypes, nest
from .dtypes import DIFFERENTIABLE
from .op import Fused, Op
from .record import drop, state
from .registry import OPS, register
from .tensor import Array, Tensor, Variable, as_tensor
from .tensor_shape import TensorShape

log = logging.getLogger("gputape")


class UnconnectedGradients(enum.Enum):
    """What a gradient is when the target does not depend on the source: None, or zeros."""

    NONE = "none"
    ZERO = "zero"


class IndexedSlices:
    """A gradient that is zero but for some rows: `values[i]` belongs to row `indices[i]`; equal indices add up.

    The gradient of `tf.gather` and of embedding lookups; `tf.convert_to_tensor` makes it dense.
    """

    def __init__(self, values: Any, indices: Any, dense_shape: Any = None) -> None:
        self.values = values
        self.indices = indices
        self.dense_shape = dense_shape

    @property
    def dtype(self) -> Any:
        return self.values.dtype

    @property
    def shape(self) -> TensorShape:
        return TensorShape(None if self.dense_shape is None else [int(n) for n in self.dense_shape])

    @property
    def device(self) -> str:
        return self.values.device  # type: ignore[no-any-return]

    def __neg__(self) -> IndexedSlices:
        return IndexedSlices(-self.values, self.indices, self.dense_shape)

    def dense(self) -> Any:
        """The same as one Tensor, its zeros written out; ValueError without `dense_shape`."""
        if self.dense_shape is None:
            raise ValueError("IndexedSlices: the dense tensor's size is not known: give dense_shape")
        return OPS["scatter_rows"](self.values, self.indices, rows=int(self.dense_shape[0]))

    __gputape_tensor__ = dense

    def __repr__(self) -> str:
        return f"IndexedSlices(indices={self.indices}, values={self.values}, dense_shape={self.dense_shape})"


def densified(value: Any) -> Any:
    return value.dense() if isinstance(value, IndexedSlices) else value


class Node:
    """One recorded op: who went in and out (by identity), and what its rule needs."""

    __slots__ = ("attrs", "inputs", "kept", "likes", "op", "outputs", "shapes")

    def __init__(
        self,
        op: Any,
        inputs: list[int],
        outputs: list[int],
        kept: Any,
        attrs: Any,
        shapes: list[Any],
        likes: Any = None,
    ) -> None:
        self.op, self.inputs, self.outputs, self.kept, self.attrs, self.shapes = (
            op,
            inputs,
            outputs,
            kept,
            attrs,
            shapes,
        )
        self.likes = likes  # (shape, dtype) of each output if there are several: what a missing gradient is zero like


class GradientTape:
    """Records ops for automatic differentiation, TensorFlow's `tf.GradientTape`.

    Args:
        persistent: whether `gradient` may be called more than once. Default False: memory is freed as it goes.
        watch_accessed_variables: whether trainable Variables are watched when they are read. Default True.

    >>> import gputape as tf
    >>> x = tf.constant(3.0)
    >>> with tf.GradientTape() as g:
    ...     g.watch(x)
    ...     y = x * x
    >>> g.gradient(y, x)
    <tf.Tensor: shape=(), dtype=float32, numpy=6.0>
    """

    is_tape = True

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        self._persistent = persistent
        self._auto = watch_accessed_variables
        self._open = False
        self._used = False
        self._clear()

    def _clear(self) -> None:
        self._nodes: list[Node] = []
        self._watched: set[int] = set()
        self._variables: dict[int, Variable] = {}
        self._cuts: list[Cut] = []

    # -- recording
    def __enter__(self) -> GradientTape:
        if self._open:
            raise ValueError("Tape is still recording, This can happen if you try to re-enter an already-active tape.")
        self._open = True
        state.stack = [*state.stack, self]
        return self

    def __exit__(self, *exc: Any) -> None:
        if self._open:
            self._open = False
            drop(self)

    def watch(self, tensor: Any) -> None:
        """Follow `tensor` (or a nest of tensors and variables) from here on; only floats and complex have gradients."""
        for x in nest.flatten(tensor):
            if not isinstance(x, Array):
                raise ValueError(f"Passed in object {x!r} of type {type(x).__name__!r}, not tf.Tensor or tf.Variable")
            if x._array.dtype not in DIFFERENTIABLE:
                log.warning("The dtype of the watched tensor must be floating (e.g. tf.float32), got %r", x.dtype)
            if isinstance(x, Variable):
                self._variables[x._id] = x
            self._watched.add(x._id)

    def touch(self, variable: Variable) -> bool:
        """`variable` was read: watch it if that is this tape's habit. Returns whether it is watched."""
        if self._auto and variable._trainable and variable._id not in self._watched:
            self.watch(variable)
        return variable._id in self._watched

    def record(self, op: Op, inputs: tuple[Any, ...], outputs: tuple[Any, ...], attrs: dict[str, Any]) -> None:
        watched = self._watched
        hit = False
        ids, shapes = [], []
        for k, x in enumerate(inputs):
            if type(x) is Tensor:
                i = x._id
                if i in watched:
                    hit = True
                ids.append(i)
                shapes.append(x._array.shape)
            elif isinstance(x, Array):
                if x._id in watched or (isinstance(x, Variable) and self.touch(x)):
                    hit = True
                ids.append(x._id)
                shapes.append(x._array.shape)
                inputs = (*inputs[:k], _snapshot(x), *inputs[k + 1 :])
            else:
                ids.append(0)
                shapes.append(())
        if not hit:
            return
        live = False
        made = []
        for y in outputs:
            made.append(y._id)
            if y._array.dtype in DIFFERENTIABLE and op.differentiable:
                watched.add(y._id)
                live = True
        if live:
            likes = [(y._array.shape, y.dtype) for y in outputs] if len(outputs) > 1 else None
            self._nodes.append(Node(op, ids, made, op.kept(inputs, outputs), attrs, shapes, likes))
        elif outputs:
            self._cuts.append(Cut(op.name, ids, made, _reason(op, outputs), _caller()))

    def read(self, tensor: Any, how: str) -> None:
        if tensor._id in self._watched:
            self._cuts.append(
                Cut(how, [tensor._id], [], "its value left for Python or NumPy, which no tape can see", _caller())
            )

    def created(self, variable: Any, initial: Any) -> None:
        pass

    @contextlib.contextmanager
    def stop_recording(self) -> Iterator[None]:
        """Record nothing on this tape in the body; other tapes go on."""
        if not self._open:
            raise RuntimeError("Cannot stop recording on a tape that is not recording")
        self.__exit__()
        try:
            yield
        finally:
            self.__enter__()

    def reset(self) -> None:
        """Forget everything recorded and watched so far."""
        self._clear()
        self._used = False

    def watched_variables(self) -> tuple[Variable, ...]:
        """The variables watched, in the order in which they were first read."""
        return tuple(self._variables.values())

    # -- gradients
    def gradient(
        self,
        target: Any,
        sources: Any,
        output_gradients: Any = None,
        unconnected_gradients: Any = UnconnectedGradients.NONE,
    ) -> Any:
        """The gradient of the sum of `target` (a tensor or a nest) with respect to each of `sources`, nested alike.

        Args:
            output_gradients: one tensor per target to start from instead of ones; None entries mean ones.
            unconnected_gradients: "none" (default) or "zero", for sources that the target does not depend on.

        Raises RuntimeError on the second call of a tape that is not persistent, TypeError if `target` is None.
        """
        if self._used:
            raise RuntimeError(
                "A non-persistent GradientTape can only be used to compute one set of gradients (or jacobians)"
            )
        if target is None:
            raise TypeError(
                "Argument `target` should be a list or nested structure of Tensors, Variables or CompositeTensors "
                "to be differentiated, but received None."
            )
        zero = UnconnectedGradients(unconnected_gradients) is UnconnectedGradients.ZERO
        targets = [_as_target(t) for t in nest.flatten(target)]
        for t in targets:
            if isinstance(t, Variable):
                self.touch(t)
        flat = [_as_source(s) for s in nest.flatten(sources)]
        seeds = [None] * len(targets) if output_gradients is None else nest.flatten(output_gradients)
        if len(seeds) != len(targets):
            raise ValueError(f"gradient: {len(targets)} targets, but {len(seeds)} output_gradients")
        reopen = self._open
        if self._open and not self._persistent:
            self.__exit__()
            reopen = False
        grads = self._backprop(targets, seeds, flat)
        if not self._persistent:
            self._used = True
        self._open = reopen
        made = [OPS["zeros_like"](s) if g is None and zero else g for g, s in zip(grads, flat, strict=True)]
        return nest.pack_sequence_as(sources, made)

    def _backprop(self, targets: list[Any], seeds: Sequence[Any], sources: list[Any]) -> list[Any]:
        found: dict[int, Any] = {}
        ids = {s._id for s in sources}
        for t, seed in zip(targets, seeds, strict=True):
            if t._id not in self._watched and t._id not in ids:
                continue
            if t._array.dtype not in DIFFERENTIABLE:
                log.warning("The dtype of the target tensor must be floating (e.g. tf.float32), got %r", t.dtype)
                continue
            if seed is None:
                seed = OPS["ones_like"](t)
            else:
                seed = as_tensor(seed, t._array.dtype)
                if seed._array.shape != t._array.shape:
                    raise ValueError(
                        f"gradient: output_gradients has shape {seed._array.shape}, its target "
                        f"{t._array.shape}: make them equal"
                    )
            add_gradient(found, t._id, seed)
        nodes, keep = self._nodes, self._persistent
        if not keep:
            self._nodes = []
        reverse(nodes, found, ids, keep)
        watched = self._watched
        return [found.get(s._id) if s._id in watched and s._array.dtype in DIFFERENTIABLE else None for s in sources]

    def jacobian(
        self,
        target: Any,
        sources: Any,
        unconnected_gradients: Any = UnconnectedGradients.NONE,
        parallel_iterations: Any = None,
        experimental_use_pfor: bool = True,
    ) -> Any:
        """d target / d sources: for each source a tensor of shape `target.shape + source.shape` (None if unconnected).

        Equals `torch.autograd.functional.jacobian`, `jax.jacrev`. One reverse pass per element of `target`.
        """
        if self._used:
            raise RuntimeError(
                "A non-persistent GradientTape can only be used to compute one set of gradients (or jacobians)"
            )
        zero = UnconnectedGradients(unconnected_gradients) is UnconnectedGradients.ZERO
        target = as_tensor(target)
        flat = nest.flatten(sources)
        with self._reused():
            rows = [self._backprop([target], [seed], flat) for seed in _basis(target)]
        made = []
        for k, source in enumerate(flat):
            parts = [densified(row[k]) for row in rows]
            shape = tuple(target._array.shape) + tuple(source._array.shape)
            if all(p is None for p in parts):
                made.append(
                    OPS["zeros"](shape, source.dtype) if zero or (not parts and source._id in self._watched) else None
                )
                continue
            filled = [OPS["zeros_like"](source) if p is None else p for p in parts]
            made.append(OPS["reshape"](OPS["stack"](filled), shape))
        return nest.pack_sequence_as(sources, made)

    def batch_jacobian(
        self,
        target: Any,
        source: Any,
        unconnected_gradients: Any = UnconnectedGradients.NONE,
        parallel_iterations: Any = None,
        experimental_use_pfor: bool = True,
    ) -> Any:
        """The jacobian of each row of `target` (b, ...) with respect to the same row of `source` (b, ...).

        Shape (b,) + target.shape[1:] + source.shape[1:]; rows must not depend on each other. Zeros if the target does
        not depend on the source. ValueError if the first dimensions differ.
        """
        if self._used:
            raise RuntimeError(
                "A non-persistent GradientTape can only be used to compute one set of gradients (or jacobians)"
            )
        t, s = tuple(target._array.shape), tuple(source._array.shape)
        if not t or not s or t[0] != s[0]:
            raise ValueError(
                f"batch_jacobian: need first dimension of target shape ({t}) and source shape ({s}) to match."
            )
        shape = t + s[1:]
        size = int(np.prod(t[1:]))
        with self._reused():
            parts = []
            for k in range(size):
                seed = np.zeros((t[0], size), target._array.dtype)
                seed[:, k] = 1
                parts.append(densified(self._backprop([target], [Tensor(_like(target, seed.reshape(t)))], [source])[0]))
        if all(p is None for p in parts):
            return OPS["zeros"](shape, source.dtype)
        return OPS["reshape"](OPS["stack"](parts, axis=1), shape)

    @contextlib.contextmanager
    def _reused(self) -> Iterator[None]:
        """Several reverse passes over one recording, as one use of the tape."""
        if self._open and not self._persistent:
            self.__exit__()
        persistent, self._persistent = self._persistent, True
        try:
            yield
        finally:
            self._persistent = persistent
            if not persistent:
                self._used, self._nodes = True, []

    # -- explaining
    def explain(self, target: Any, source: Any) -> str:
        """Why the gradient of `target` with respect to `source` is None: what cut the path, and its line.

        >>> import gputape as tf
        >>> v = tf.Variable(1.0)
        >>> with tf.GradientTape(persistent=True) as tape:
        ...     y = tf.round(v) * 2.0
        >>> print(tape.explain(y, v).splitlines()[0])  # doctest: +ELLIPSIS
        The path is cut at round (...): round has no gradient.
        """
        return explanation(self._nodes, self._cuts, self._watched, target, source)


def explanation(nodes: list[Node], cuts: list[Cut], watched: set[int], target: Any, source: Any) -> str:
    what = f"variable {source.name!r}" if isinstance(source, Variable) else "the source tensor"
    if not isinstance(target, Array):
        return f"The target is no tensor but {type(target).__name__}: its gradient cannot be taken."
    if source._array.dtype not in DIFFERENTIABLE:
        return f"{what} has dtype {source.dtype.name}: only floating point and complex tensors have gradients."
    if source._id not in watched:
        hint = (
            "trainable=False, or it was not read under the tape" if isinstance(source, Variable) else "call tape.watch"
        )
        return f"{what} is not watched by this tape: {hint}."
    reached = {source._id}
    for node in nodes:
        if not reached.isdisjoint(node.inputs):
            reached.update(node.outputs)
    if target._id in reached:
        return f"The target depends on {what}: the path is not cut."
    found = [c for c in cuts if not reached.isdisjoint(c.inputs)]
    if not found:
        return f"{what} was watched, but nothing recorded leads from it to the target: was that made outside the tape?"
    return "\n".join(f"The path is cut at {c.what} ({c.where}): {c.reason}." for c in found)


class Cut:
    """A place where a path of gradients ends."""

    __slots__ = ("inputs", "outputs", "reason", "what", "where")

    def __init__(self, what: str, inputs: list[int], outputs: list[int], reason: str, where: str) -> None:
        self.what, self.inputs, self.outputs, self.reason, self.where = what, inputs, outputs, reason, where


def _reason(op: Any, outputs: tuple[Any, ...]) -> str:
    if not op.differentiable:
        return f"{op.name} has no gradient"
    name = dtypes.FROM_NUMPY[outputs[0]._array.dtype].name
    return f"its result is {name}, and only floating point and complex numbers have gradients"


def _caller() -> str:
    """File and line of the nearest frame outside this package."""
    frame: Any = sys._getframe(1)
    package = __name__.partition(".")[0]
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] == package:
        frame = frame.f_back
    return "unknown place" if frame is None else f"{frame.f_code.co_filename}:{frame.f_lineno}"


def _snapshot(x: Any) -> Any:
    """What a tape keeps of an input: a variable's value as it is now, under the variable's identity."""
    if not isinstance(x, Variable):
        return x
    tensor = Tensor(x._array)
    tensor._id = x._id
    return tensor


def _as_target(t: Any) -> Any:
    if not isinstance(t, Array):
        raise TypeError(
            f"gradient: target holds {t!r} of type {type(t).__name__!r}, not tf.Tensor or tf.Variable: has its value "
            f"left for Python or NumPy?"
        )
    return t


def _as_source(s: Any) -> Any:
    if not isinstance(s, Array):
        raise TypeError(f"gradient: sources holds {s!r} of type {type(s).__name__!r}, not tf.Tensor or tf.Variable")
    return s


def _like(tensor: Tensor, array: Any) -> Any:
    from . import cuda

    return cuda.to_device(array) if cuda.is_device(tensor._array) else array


def _basis(target: Tensor) -> Iterator[Tensor]:
    """The unit tensors of the target's shape, one per element."""
    shape, size = target._array.shape, target._array.size
    for k in range(size):
        seed = np.zeros(size, target._array.dtype)
        seed[k] = 1
        yield Tensor(_like(target, seed.reshape(shape)))


# -- the reverse pass


def add_gradient(found: dict[int, Any], i: int, gradient: Any) -> None:
    """Add to the gradient of tensor `i`; equal paths add up, sparse ones stay sparse while they can."""
    old = found.get(i)
    if old is None:
        found[i] = gradient
    elif isinstance(old, IndexedSlices) and isinstance(gradient, IndexedSlices):
        found[i] = IndexedSlices(
            OPS["concat"]([old.values, gradient.values], 0),
            OPS["concat"]([old.indices, gradient.indices], 0),
            old.dense_shape,
        )
    else:
        found[i] = OPS["add"](densified(old), densified(gradient))


def reverse(nodes: list[Node], found: dict[int, Any], sources: Iterable[int], keep: bool) -> None:
    """Carry the gradients in `found` back through `nodes`, last first; those of `sources` stay in `found`.

    Only nodes on a path from a source are visited. Unless `keep`, nodes are dropped as they are done with, and with
    them what they kept alive.
    """
    needed = set(sources)
    path = []
    for node in nodes:
        if not needed.isdisjoint(node.inputs):
            needed.update(node.outputs)
            path.append(node)
    if not keep:
        nodes.clear()
    stop = set(sources)
    while path:
        node = path.pop()
        outputs = node.outputs
        if len(outputs) == 1:
            i = outputs[0]
            dy = found.get(i)
            if dy is None:
                continue
            if i not in stop:
                del found[i]
            dys = [densified(dy)]
        else:
            dys = [densified(found.get(i)) if i in stop else densified(found.pop(i, None)) for i in outputs]
            if all(d is None for d in dys):
                continue
        dxs = node.op.backward(dys, node)
        if type(dxs) is not tuple and type(dxs) is not list:
            dxs = (dxs,)
        if len(dxs) != len(node.inputs):
            raise ValueError(f"gradient of {node.op.name}: {len(dxs)} gradients for {len(node.inputs)} inputs")
        for i, shape, dx in zip(node.inputs, node.shapes, dxs, strict=True):
            if i not in needed or dx is None:
                continue
            if callable(dx):
                dx = dx()
                if dx is None:
                    continue
            if type(dx) is Tensor and dx._array.shape != shape:
                dx = OPS["sum_to"](dx, shape=shape)
            add_gradient(found, i, dx)


def gradient_of_meaning(op: Fused, inputs: tuple[Any, ...], attrs: dict[str, Any], dys: list[Any]) -> list[Any]:
    """The gradient of a fused op without a rule: that of its meaning, recorded on a tape of its own."""
    fresh = [as_tensor(x) for x in inputs]
    with GradientTape(watch_accessed_variables=False) as tape:
        tape.watch([x for x in fresh if x._array.dtype in DIFFERENTIABLE])
        made = op.body(*fresh, **attrs)
    made = list(made) if isinstance(made, (tuple, list)) else [made]
    pairs = [(t, d) for t, d in zip(made, dys, strict=True) if d is not None]
    return list(tape.gradient([t for t, _ in pairs], fresh, [d for _, d in pairs]))


register("gradient_of_meaning", gradient_of_meaning)
__all__ = ["GradientTape", "IndexedSlices", "UnconnectedGradients"]
